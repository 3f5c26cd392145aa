"""What is not worth a line in the log: beats that went well, one a second from every peer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from detente.http import Endpoint, Outcome, RequestObserver
from detente.http.outcome import Span

from .line_wire import BEAT

_GOOD: Final = 200


class QuietBeats:
    """An observer that leaves good beats out."""

    def __init__(self, observer: RequestObserver) -> None:
        self._observer = observer

    def started(self) -> None:
        """A request was received."""
        self._observer.started()

    def finished(self, outcome: Outcome) -> None:
        """It was answered."""
        if outcome.status == _GOOD and outcome.route.endswith(BEAT):
            self._observer.in_flight -= 1
            return
        self._observer.finished(outcome)

    def span(
        self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]
    ) -> AbstractContextManager[Span] | None:
        """What the handler runs within."""
        return self._observer.span(endpoint, headers)
