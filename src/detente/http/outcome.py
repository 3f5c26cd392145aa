"""What an observer of requests is told."""

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
