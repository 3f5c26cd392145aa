"""What becomes of a request, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from detente.http.endpoint import Endpoint


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What is known of an answered request; never a token or a body.

    `streamed`: the answer was a stream, and `duration_s` is how long it went on.
    """

    method: str
    route: str
    status: int
    duration_s: float
    sub: str
    code: str
    request_id: str
    received_us: int
    bytes_in: int
    bytes_out: int
    streamed: bool = False


class Known:
    """What is known so far of a request; whoever serves it leaves here what an error would lose.

    Attributes:
        stream_client: whose place among the streams was taken; None if none was.
        expires_us: until when the caller is known, microseconds since the Unix epoch; 0: for ever.
    """

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "code",
        "expires_us",
        "route",
        "status",
        "stream_client",
        "streamed",
        "sub",
    )

    def __init__(self) -> None:
        self.stream_client: str | None = None
        self.streamed = False
        self.expires_us = 0
        self.route = ""
        self.status = 499
        self.sub = ""
        self.code = ""
        self.bytes_in = 0
        self.bytes_out = 0

    def outcome(self, method: str, duration_s: float, request_id: str, received_us: int) -> Outcome:
        """What became of it."""
        return Outcome(
            method,
            self.route,
            self.status,
            duration_s,
            self.sub,
            self.code,
            request_id,
            received_us,
            self.bytes_in,
            self.bytes_out,
            self.streamed,
        )


class Span(Protocol):
    """The trace of one handler."""

    def answered(self, status: int) -> None:
        """The handler gave an answer with this status."""
        ...


class Observer(Protocol):
    """Told of every request; must be cheap and must not raise."""

    def started(self) -> None:
        """A request was received."""
        ...

    def finished(self, outcome: Outcome) -> None:
        """It was answered."""
        ...

    def span(
        self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]
    ) -> AbstractContextManager[Span] | None:
        """What the handler runs within, or None when tracing is off."""
        ...


class Silent:
    """Observes nothing."""

    def started(self) -> None:
        """Do nothing."""

    def finished(self, outcome: Outcome) -> None:
        """Do nothing."""

    def span(self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """No span."""
