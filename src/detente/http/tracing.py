"""OpenTelemetry traces, for those who switch them on and install the extra `tracing`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from detente.errors import DetenteError
from detente.http.endpoint import Endpoint
from detente.http.outcome import Span


class TracingUnavailable(DetenteError):
    """Tracing was switched on, but the packages for it are not installed."""

    code: ClassVar[str] = "tracing.unavailable"


class Tracer(Protocol):
    """Makes the spans of requests."""

    def span(
        self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]
    ) -> AbstractContextManager[Span]:
        """The span of one handler, child of what the request's `traceparent` names."""
        ...

    def close(self) -> None:
        """Send what waits, and stop."""
        ...


class _OtelSpan:
    def __init__(self, span: Any, failed: Any) -> None:
        self._span = span
        self._failed = failed

    def answered(self, status: int) -> None:
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_status(self._failed)


class OtelTracer:
    """Sends spans by OTLP over HTTP, or to `exporter` when a test gives one."""

    def __init__(
        self, otlp_endpoint: str | None, *, service_name: str, exporter: Any = None
    ) -> None:
        """As above.

        Raises:
            TracingUnavailable: OpenTelemetry is not installed.
        """
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind, StatusCode
            from opentelemetry.trace.propagation.tracecontext import (
                TraceContextTextMapPropagator,
            )

            if exporter is None:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

                exporter = OTLPSpanExporter(endpoint=_traces_url(otlp_endpoint))
        except ImportError as error:
            raise TracingUnavailable(
                f"Tracing is switched on, but {error.name} is not installed.",
                advice="Install `detente[tracing]`, or switch tracing off.",
            ) from None
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service_name}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("detente")
        self._propagator = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER
        self._failed = StatusCode.ERROR

    @contextmanager
    def span(
        self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]
    ) -> Iterator[_OtelSpan]:
        """The span of one handler, child of what the request's `traceparent` names."""
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in (b"traceparent", b"tracestate")
        }
        with self._tracer.start_as_current_span(
            f"{endpoint.method} {endpoint.path}",
            context=self._propagator.extract(carrier),
            kind=self._kind,
            attributes={"http.request.method": endpoint.method, "http.route": endpoint.path},
            # A refusal is no fault of ours, and the log holds the traceback of what is one.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _OtelSpan(span, self._failed)

    def close(self) -> None:
        """Send what waits, and stop."""
        self._provider.shutdown()


def _traces_url(collector: str | None) -> str | None:
    """Where a collector takes traces: at the path of OTLP/HTTP, unless its URL has one already."""
    if collector is None or urlsplit(collector).path.strip("/"):
        return collector
    return f"{collector.rstrip('/')}/v1/traces"
