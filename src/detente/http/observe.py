"""What an operator sees: one log line a request, log records of the program, metrics.

Lines are gathered in memory and written by a thread of their own, so a stalled reader of the log
never stalls a request; if it does not recover, lines are dropped and counted rather than kept
without bound. No token, body or query ever reaches a line.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Literal

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

from detente.errors import printable
from detente.http.endpoint import Endpoint, Request, Response
from detente.http.outcome import Outcome, Span
from detente.http.tracing import Tracer

LogFormat = Literal["json", "text"]

LATENCY_BUCKETS_S = (
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
)  # fmt: skip


class LineSink:
    """Writes lines to a binary stream from a thread; at most `max_lines` wait."""

    def __init__(
        self, stream: BinaryIO, *, interval_s: float = 0.1, max_lines: int = 100_000
    ) -> None:
        self._stream = stream
        self._interval_s = interval_s
        self._max_lines = max_lines
        self._lines: deque[bytes] = deque()
        self._closed = threading.Event()
        self._writing = threading.Lock()
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Take one line, without its end."""
        if len(self._lines) >= self._max_lines:
            self.dropped += 1
        else:
            self._lines.append(line)

    def flush(self) -> None:
        """Write all that waits."""
        with self._writing:
            # One at a time: a line that is added meanwhile must be neither lost nor awaited.
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if not lines:
                return
            lines.append(b"")
            try:
                self._stream.write(b"\n".join(lines))
                self._stream.flush()
            except (OSError, ValueError):  # the reader is gone, or the stream was closed
                self.dropped += len(lines) - 1

    def close(self) -> None:
        """Write what waits and stop."""
        self._closed.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closed.wait(self._interval_s):
            self.flush()


class _RequestLine(msgspec.Struct, omit_defaults=True, gc=False):
    time: str
    level: str
    event: str
    method: str
    route: str
    status: int
    duration_ms: float
    request_id: str
    sub: str = ""
    code: str = ""
    bytes_in: int = 0
    bytes_out: int = 0


class _RecordLine(msgspec.Struct, omit_defaults=True, gc=False):
    time: str
    level: str
    logger: str
    message: str
    exception: str = ""


class _Stamps:
    """RFC 3339 times; the part down to the second is made once a second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def format(self, time_us: int) -> str:
        second, micro = divmod(time_us, 1_000_000)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._text}.{micro:06d}Z"


class LineHandler(logging.Handler):
    """Turns the program's log records into lines of a `LineSink`."""

    def __init__(self, sink: LineSink, log_format: LogFormat = "json") -> None:
        super().__init__()
        self._sink = sink
        self._json = log_format == "json"
        self._stamps = _Stamps()
        self._encode = msgspec.json.Encoder().encode

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        line = _RecordLine(
            self._stamps.format(int(record.created * 1e6)),
            record.levelname.lower(),
            record.name,
            record.getMessage(),
            "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else "",
        )
        if self._json:
            self._sink.write(printable(self._encode(line).decode()).encode())
        else:
            told = " ".join(printable(line.message).splitlines())
            text = f"{line.time} {line.level:7} {line.logger}: {told}"
            self._sink.write(f"{text}\n{line.exception}".rstrip("\n").encode())


def configure_logging(sink: LineSink, level: str = "info", log_format: LogFormat = "json") -> None:
    """Send all records of the process, from `level` up, to `sink`."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, LineHandler):
            root.removeHandler(handler)
    root.addHandler(LineHandler(sink, log_format))
    root.setLevel(level.upper())
    for chatty in ("uvicorn", "httpx", "httpcore", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class Metrics:
    """A registry of one process's metrics, all named `detente_...`."""

    def __init__(self) -> None:
        # A second series with the time of birth beside each one would double the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._before: list[Callable[[], Awaitable[None]]] = []

    def before_reading(self, look: Callable[[], Awaitable[None]]) -> None:
        """Have something awaited each time before the metrics are read."""
        self._before.append(look)

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A value that is read when the metrics are."""
        Gauge(f"detente_{name}", help_text, registry=self.registry).set_function(read)

    def histogram(self, name: str, help_text: str, buckets: Sequence[float]) -> Histogram:
        """A distribution; call `observe` on what comes back."""
        return Histogram(
            f"detente_{name}", help_text, buckets=tuple(buckets), registry=self.registry
        )

    def counter(self, name: str, help_text: str) -> Counter:
        """A count; call `inc` on what comes back. Its name ends in `_total` when read."""
        return Counter(f"detente_{name}", help_text, registry=self.registry)

    def endpoint(self, path: str = "/metrics") -> Endpoint:
        """The public endpoint that Prometheus reads."""

        async def read(request: Request[None]) -> Response:
            for look in self._before:
                await look()
            return Response(
                200,
                generate_latest(self.registry),
                content_type=b"text/plain; version=0.0.4; charset=utf-8",
            )

        return Endpoint(
            method="GET",
            path=path,
            handler=read,
            operation_id="getMetrics",
            summary="Metrics in Prometheus text format.",
            responses={200: None},
            tags=("auxiliary",),
            public=True,
        )


class RequestObserver:
    """Logs and counts requests. Any part may be left out."""

    def __init__(
        self,
        sink: LineSink | None = None,
        *,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
        log_format: LogFormat = "json",
        level: str = "info",
    ) -> None:
        self._sink = sink
        self._tracer = tracer
        self._json = log_format == "json"
        self._informs = logging.getLevelName(level.upper()) <= logging.INFO
        self._stamps = _Stamps()
        self._encode = msgspec.json.Encoder().encode
        self.in_flight = 0
        self._latency: Histogram | None = None
        self._series: dict[tuple[str, str, int], Histogram] = {}
        if metrics is not None:
            self._latency = Histogram(
                "detente_http_request_seconds",
                "Time from the request's headers to the end of its answer.",
                ("method", "route", "status"),
                buckets=LATENCY_BUCKETS_S,
                registry=metrics.registry,
            )
            metrics.gauge(
                "http_in_flight", "Requests at work, and open streams.", lambda: self.in_flight
            )
            if sink is not None:
                metrics.gauge("log_lines_dropped", "Log lines lost.", lambda: sink.dropped)

    def started(self) -> None:
        """A request was received."""
        self.in_flight += 1

    def finished(self, outcome: Outcome) -> None:
        """It was answered: one line, one observation."""
        self.in_flight -= 1
        if self._latency is not None and not outcome.streamed:
            # Unknown paths share one series: clients must not be able to make new ones.
            key = (outcome.method if outcome.route else "", outcome.route, outcome.status)
            series = self._series.get(key)
            if series is None:
                series = self._series[key] = self._latency.labels(*key)
            series.observe(outcome.duration_s)
        failed = outcome.status >= 500
        if self._sink is not None and (failed or self._informs):
            self._sink.write(self._line(outcome, "error" if failed else "info"))

    def span(
        self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]
    ) -> AbstractContextManager[Span] | None:
        """A trace span, when tracing is on."""
        return None if self._tracer is None else self._tracer.span(endpoint, headers)

    def _line(self, outcome: Outcome, level: str) -> bytes:
        duration_ms = round(outcome.duration_s * 1e3, 3)
        stamp = self._stamps.format(outcome.received_us)
        if self._json:
            return self._encode(
                _RequestLine(
                    stamp,
                    level,
                    "request",
                    outcome.method,
                    outcome.route,
                    outcome.status,
                    duration_ms,
                    outcome.request_id,
                    outcome.sub,
                    outcome.code,
                    outcome.bytes_in,
                    outcome.bytes_out,
                )
            )
        # The name comes from a token: printed so that it cannot fake a line.
        who = repr(outcome.sub) if outcome.sub else "-"
        return (
            f"{stamp} {level:7} {outcome.method} {outcome.route or '(unknown path)'} "
            f"{outcome.status} {outcome.code or '-'} {duration_ms} ms {who} {outcome.request_id}"
        ).encode()
