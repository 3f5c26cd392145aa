"""What an operator sees of a request, and what nobody must see."""

from __future__ import annotations

import builtins
import io
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from detente.http import (
    Caller,
    Endpoint,
    LineSink,
    Metrics,
    OtelTracer,
    Outcome,
    Request,
    RequestHead,
    RequestObserver,
    Response,
    TracingUnavailable,
    build_app,
    configure_logging,
)


class Tokens:
    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        return Caller('uss1\n{"fake": 1}', frozenset(), "issuer", now_us)


async def answer(request: Request[Any]) -> Response:
    if request.path["id"] == "bad":
        raise RuntimeError("secret")
    return Response(200, b"{}")


ENDPOINT = Endpoint(
    method="GET",
    path="/things/{id}",
    handler=answer,
    operation_id="get",
    summary="",
    responses={200: None},
)


def outcome(**changes: Any) -> Outcome:
    known: dict[str, Any] = {
        "method": "GET",
        "route": "/things/{id}",
        "status": 200,
        "duration_s": 0.0123456,
        "sub": "uss1",
        "code": "",
        "request_id": "r-1",
        "received_us": 1_800_000_000_123_456,
        "bytes_in": 0,
        "bytes_out": 2,
    }
    return Outcome(**(known | changes))


@pytest.fixture
def stream() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def sink(stream: io.BytesIO) -> Iterator[LineSink]:
    made = LineSink(stream, interval_s=0.01)
    yield made
    made.close()


def lines(sink: LineSink, stream: io.BytesIO) -> list[Any]:
    sink.flush()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line(sink: LineSink, stream: io.BytesIO) -> None:
    RequestObserver(sink).finished(outcome())
    assert lines(sink, stream) == [
        {
            "time": "2027-01-15T08:00:00.123456Z",
            "level": "info",
            "event": "request",
            "method": "GET",
            "route": "/things/{id}",
            "status": 200,
            "duration_ms": 12.346,
            "request_id": "r-1",
            "sub": "uss1",
            "bytes_out": 2,
        }
    ]


def test_only_failures_are_logged_above_info(sink: LineSink, stream: io.BytesIO) -> None:
    observer = RequestObserver(sink, level="warning")
    observer.finished(outcome())
    observer.finished(outcome(status=503, code="http.overloaded"))
    (line,) = lines(sink, stream)
    assert (line["level"], line["code"]) == ("error", "http.overloaded")


@pytest.mark.anyio
@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_no_token_query_or_body_is_logged_and_no_name_can_fake_a_line(
    sink: LineSink, stream: io.BytesIO, log_format: Any
) -> None:
    app = build_app(
        [ENDPOINT],
        authenticator=Tokens(),
        observer=RequestObserver(sink, log_format=log_format),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test"
    ) as client:
        await client.get("/things/private?q=hidden", headers={"Authorization": "Bearer secret"})
    sink.flush()
    text = stream.getvalue().decode()
    assert text.count("\n") == 1
    assert "uss1" in text
    for word in ("secret", "hidden", "private"):
        assert word not in text


def test_log_records_become_lines(sink: LineSink, stream: io.BytesIO) -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    try:
        configure_logging(sink, "warning")
        logger = logging.getLogger("detente.test")
        logger.info("too quiet")
        try:
            raise ValueError("the cause")
        except ValueError:
            logger.exception("it %s", "failed")
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
    (line,) = lines(sink, stream)
    assert line["message"] == "it failed"
    assert line["logger"] == "detente.test"
    assert "ValueError: the cause" in line["exception"]


class StuckStream(io.RawIOBase):
    def __init__(self) -> None:
        self.free = threading.Event()

    def write(self, data: Any) -> int:
        self.free.wait()
        return len(data)


def test_a_reader_that_is_stuck_does_not_stall_requests() -> None:
    stuck = StuckStream()
    sink = LineSink(stuck, interval_s=0.001, max_lines=10)  # type: ignore[arg-type]
    observer = RequestObserver(sink)
    start = time.perf_counter()
    for _ in range(1000):
        observer.finished(outcome())
    assert time.perf_counter() - start < 1
    assert sink.dropped > 900
    stuck.free.set()
    sink.close()


def test_a_stream_that_is_gone_is_survived() -> None:
    gone = io.BytesIO()
    sink = LineSink(gone)
    gone.close()
    sink.write(b"x")
    sink.close()
    assert sink.dropped == 1


@pytest.mark.anyio
async def test_metrics_tell_of_requests_and_of_the_application() -> None:
    metrics = Metrics()
    metrics.gauge("queue", "Waiting.", lambda: 7)
    metrics.histogram("batch", "Batch.", (1, 10)).observe(5)
    metrics.counter("things", "Things.").inc(3)
    app = build_app(
        [ENDPOINT, metrics.endpoint()],
        authenticator=Tokens(),
        observer=RequestObserver(metrics=metrics),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://test",
    ) as client:
        await client.get("/things/1")
        await client.get("/things/bad")
        for number in range(5):
            await client.request(f"M{number}", f"/nowhere/{number}")
        page = (await client.get("/metrics")).text
    get = 'method="GET",route="/things/{id}"'
    assert f'detente_http_request_seconds_count{{{get},status="200"}} 1.0' in page
    assert f'detente_http_request_seconds_count{{{get},status="500"}} 1.0' in page
    unknown = 'detente_http_request_seconds_count{method="",route="",status="404"} 5.0'
    assert unknown in page, "unknown paths and methods must not make series of their own"
    assert "detente_http_in_flight 1.0" in page
    assert "detente_queue 7.0" in page
    assert 'detente_batch_bucket{le="10.0"} 1.0' in page
    assert "detente_things_total 3.0" in page
    assert "_created" not in page


@pytest.mark.anyio
async def test_a_trace_continues_that_of_the_client() -> None:
    exporter = InMemorySpanExporter()
    tracer = OtelTracer(None, service_name="test", exporter=exporter)
    app = build_app([ENDPOINT], authenticator=Tokens(), observer=RequestObserver(tracer=tracer))
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test"
    ) as client:
        await client.get("/things/1", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    tracer.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /things/{id}"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == trace
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200


def test_tracing_without_its_packages_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name=name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TracingUnavailable, match=r"detente\[tracing\]"):
        OtelTracer(None, service_name="test")


def test_observing_is_cheap() -> None:
    sink = LineSink(io.BytesIO(), interval_s=10)
    observer = RequestObserver(sink, metrics=Metrics())
    told = outcome()
    count = 5000
    best = min(_cpu_of(observer, told, count) for _ in range(3))
    sink.close()
    # The aim is 10 µs; the margin is for machines that are busy or instrumented.
    assert best / count < (10e-6 if sys.gettrace() is None else 1) * 5


def _cpu_of(observer: RequestObserver, told: Outcome, count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        observer.started()
        observer.finished(told)
    return time.process_time() - start
