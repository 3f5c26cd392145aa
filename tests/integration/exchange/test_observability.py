"""What the operator of a real instance sees: log, metrics, traces; and what nobody may see."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.support.instance import HOST, believing, intent_body, running, uuid4_of
from tests.support.program import bearer, client, detente, log_lines

from detente.http import ServerOptions, build_app, serve

OIR = "/dss/v1/operational_intent_references"
SUB = "/dss/v1/subscriptions"
ENTITY = OIR + "/{entityid}"

pytestmark = pytest.mark.anyio


def intent(lat_deg: float = 46.0, **more: Any) -> dict[str, Any]:
    now_s = int(time.time())
    return intent_body(lat_deg, 7.0, start_s=now_s, end_s=now_s + 3600, **more)


async def test_every_request_is_one_line_of_json_without_secrets(tmp_path: Path) -> None:
    storage = ["--data", str(tmp_path / "data")]
    secrets: set[str] = set()
    answers: list[httpx.Response] = []
    async with running(tmp_path, storage) as instance, client(instance) as http:

        async def call(method: str, path: str, **more: Any) -> httpx.Response:
            answers.append(await http.request(method, path, **more))
            return answers[-1]

        headers = {"authorization": bearer("somebody", scopes=["utm.constraint_processing"])}
        hidden = intent(base_url="https://secret-base.example/uss")
        made = await call("PUT", f"{OIR}/{uuid4_of(1)}", json=hidden)
        ovn = made.json()["operational_intent_reference"]["ovn"]
        await call("PUT", f"{OIR}/{uuid4_of(2)}", json=hidden)
        await call("GET", f"{OIR}/{uuid4_of(1)}")
        await call("GET", f"{OIR}/{uuid4_of(3)}?secret-query=1")
        await call("GET", f"{OIR}/{uuid4_of(1)}", headers=headers)
        await call("GET", f"{OIR}/{uuid4_of(1)}", headers={"authorization": "Bearer secret.to.ken"})
        await call("PUT", f"{OIR}/{uuid4_of(4)}", json={"extents": "secret-extents"})
        await call("PUT", f"{OIR}/{uuid4_of(4)}", content=b"secret-garbage")
        await call("DELETE", f"{OIR}/{uuid4_of(1)}/wrong-secret-ovn")
        await call("DELETE", f"{OIR}/{uuid4_of(1)}/{ovn}")
        await call("GET", "/secret-path")
        await call("GET", "/healthy")
        for text in (http.headers["authorization"], headers["authorization"]):
            secrets.update(text.split()[1].split("."))
        secrets |= {ovn, "secret", "Bearer", "authorization"}
        assert await instance.stop() == 0
    expected = [
        ("PUT", ENTITY, 201, "uss_a", ""),
        ("PUT", ENTITY, 409, "uss_a", "exchange.missing_ovns"),
        ("GET", ENTITY, 200, "uss_a", ""),
        ("GET", ENTITY, 404, "uss_a", "exchange.not_found"),
        ("GET", ENTITY, 403, "somebody", "auth.scope"),
        ("GET", ENTITY, 401, "", "auth.token"),
        ("PUT", ENTITY, 400, "uss_a", "http.body"),
        ("PUT", ENTITY, 400, "uss_a", "http.body"),
        ("DELETE", ENTITY + "/{ovn}", 409, "uss_a", "exchange.wrong_version"),
        ("DELETE", ENTITY + "/{ovn}", 200, "uss_a", ""),
        ("GET", "", 404, "", "http.not_found"),
        ("GET", "/healthy", 200, "", ""),
    ]
    lines = [line for line in log_lines(tmp_path) if line.get("event") == "request"]
    found = [
        (line["method"], line["route"], line["status"], line.get("sub", ""), line.get("code", ""))
        for line in lines
    ]
    assert found == expected
    for line, answer in zip(lines, answers, strict=True):
        assert line["request_id"] == answer.headers["x-request-id"]
        assert line["status"] == answer.status_code
        assert line["bytes_out"] == len(answer.content)
        assert 0 < line["duration_ms"] < 60_000
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
    text = (tmp_path / "exchange.log").read_text()
    assert not [secret for secret in secrets if secret in text]


async def test_no_line_is_lost_under_load(tmp_path: Path) -> None:
    answered: set[str] = set()
    async with running(tmp_path, ["--data", str(tmp_path / "data")]) as instance:

        async def ask(http: httpx.AsyncClient) -> None:
            for number in range(100):
                answer = await http.get(f"{OIR}/{uuid4_of(number)}")
                answered.add(answer.headers["x-request-id"])

        async with client(instance) as http, asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(ask(http))
        assert await instance.stop() == 0
    logged = [line["request_id"] for line in log_lines(tmp_path) if "request_id" in line]
    assert len(logged) == len(set(logged)) == len(answered) == 800
    assert set(logged) == answered


async def read_metrics(http: httpx.AsyncClient) -> dict[str, float]:
    answer = await http.get("/metrics", headers={"authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_metrics_move_with_what_happens(tmp_path: Path) -> None:
    async with (
        running(tmp_path, ["--data", str(tmp_path / "data")]) as instance,
        client(instance) as http,
    ):
        before = await read_metrics(http)
        for number in range(5):
            answer = await http.put(f"{OIR}/{uuid4_of(number)}", json=intent(46.0 + number / 10))
            assert answer.status_code == 201
        refused = await http.put(f"{OIR}/{uuid4_of(9)}", json=intent())
        assert refused.status_code == 409
        constraint = {"extents": intent(50.0)["extents"], "uss_base_url": "https://uss.example"}
        put = await http.put(f"/dss/v1/constraint_references/{uuid4_of(1)}", json=constraint)
        assert put.status_code == 201
        after = await read_metrics(http)

        def moved(name: str) -> float:
            return after[f"detente_{name}"] - before.get(f"detente_{name}", 0.0)

        def latency(what: str, status: int) -> float:
            labels = f'method="PUT",route="{ENTITY}",status="{status}"'
            return moved(f"http_request_seconds_{what}{{{labels}}}")

        assert latency("count", 201) == 5
        assert latency("count", 409) == 1
        assert 0 < latency("sum", 201) < 60
        assert moved("operational_intents") == 5
        assert moved("subscriptions") == 5
        assert moved("constraints") == 1
        assert moved("entries") == moved("entries_appended_total") == 6
        assert moved("batch_commands_sum") == 7
        assert moved("batch_commands_count") == moved("batch_seconds_count") <= 7
        assert after["detente_queue"] == 0
        assert after["detente_log_lines_dropped"] == 0
        assert after["detente_log_failures_total"] == 0
        assert after["detente_http_in_flight"] == 1  # this very request
    async with (
        running(tmp_path, ["--data", str(tmp_path / "none")], "--no-metrics") as instance,
        client(instance) as http,
    ):
        assert (await http.get("/metrics")).status_code == 404


class Collector:
    """Takes traces over OTLP/HTTP."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Span] = []
        self.services: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """An ASGI application: the standard's path only."""
        data = b""
        more = True
        while more:
            message = await receive()
            data += message.get("body", b"")
            more = message.get("more_body", False)
        good = scope["method"] == "POST" and scope["path"] == "/v1/traces"
        if good:
            exported = ExportTraceServiceRequest.FromString(data)
            for resource in exported.resource_spans:
                for attribute in resource.resource.attributes:
                    if attribute.key == "service.name":
                        self.services.add(attribute.value.string_value)
                for scoped in resource.scope_spans:
                    self.spans.extend(scoped.spans)
        status = 200 if good else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    app = build_app([], fallback=collector)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve(app, ServerOptions(host=HOST), stop=stop, on_ready=ready.set_result)
        )
        collector.url = await ready
        try:
            yield collector
        finally:
            stop.set()


@pytest.mark.parametrize("path", ["", "/v1/traces"])
async def test_traces_reach_the_collector(tmp_path: Path, path: str) -> None:
    trace_id, parent_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    async with collecting() as collector:
        tracing = ("--tracing", "--otlp-endpoint", collector.url + path)
        async with (
            running(tmp_path, ["--data", str(tmp_path / "data")], *tracing) as instance,
            client(instance) as http,
        ):
            headers = {"traceparent": f"00-{trace_id}-{parent_id}-01"}
            made = await http.put(f"{OIR}/{uuid4_of(1)}", json=intent(), headers=headers)
            assert made.status_code == 201
            assert (await http.get(f"{OIR}/{uuid4_of(2)}")).status_code == 404
            # What waits is sent before the end.
            assert await instance.stop() == 0
    assert collector.services == {"detente-exchange"}
    spans = {span.name: span for span in collector.spans}
    assert set(spans) == {f"PUT {ENTITY}", f"GET {ENTITY}"}
    seen = {
        name: {a.key: a.value.string_value or a.value.int_value for a in span.attributes}
        for name, span in spans.items()
    }
    assert seen[f"PUT {ENTITY}"] == {
        "http.request.method": "PUT",
        "http.route": ENTITY,
        "http.response.status_code": 201,
    }
    assert seen[f"GET {ENTITY}"]["http.response.status_code"] == 404
    assert spans[f"PUT {ENTITY}"].trace_id.hex() == trace_id
    assert spans[f"PUT {ENTITY}"].parent_span_id.hex() == parent_id
    # A refusal is the client's affair, and no stack trace of ours.
    assert not spans[f"GET {ENTITY}"].events


async def test_tracing_without_its_packages_is_told_at_the_start_and_by_check(
    tmp_path: Path,
) -> None:
    hidden = tmp_path / "hidden" / "opentelemetry"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").touch()
    arguments = [*believing(tmp_path), "--port", "0", "--tracing", "--data", "data"]
    for more in ([], ["--check"]):
        done = await detente(
            "exchange",
            *arguments,
            *more,
            cwd=tmp_path,
            variables={"PYTHONPATH": str(tmp_path / "hidden")},
        )
        assert done.code == 2
        said = done.out + done.err
        assert "Tracing is switched on, but opentelemetry.sdk is not installed." in said
        assert "detente[tracing]" in said
        assert "Traceback" not in said


async def test_text_for_people_is_not_json_and_warnings_alone_can_be_had(tmp_path: Path) -> None:
    storage = ["--data", str(tmp_path / "data")]
    async with running(tmp_path, storage, "--log-format", "text") as instance:
        async with client(instance, bearer("a\nname")) as http:
            assert (await http.get(f"{OIR}/{uuid4_of(1)}")).status_code == 404
        assert await instance.stop() == 0
    lines = (tmp_path / "exchange.log").read_text().splitlines()
    [line] = [line for line in lines if ENTITY in line]
    assert re.search(r"Z info +GET \S+ 404 exchange\.not_found [\d.]+ ms 'a\\nname' ", line)
    (tmp_path / "exchange.log").unlink()
    async with running(tmp_path, storage, "--log-level", "warning") as instance:
        async with client(instance) as http:
            assert (await http.get(f"{OIR}/{uuid4_of(1)}")).status_code == 404
        assert await instance.stop() == 0
    assert (tmp_path / "exchange.log").read_text() == ""
