"""What the line's requests leave behind: no line for beats that went well, one a second from every
peer; a count of those for which a peer's quota was used up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from detente.http import Endpoint, Outcome, RequestObserver
from detente.http.outcome import Span

from .line_wire import BEAT

_GOOD: Final = 200
_TOO_MANY: Final = 429


class QuietBeats:
    """An observer that leaves good beats out.

    Args:
        observer: is told of all else.
        refused: told of a peer whose quota was used up.
    """

    def __init__(self, observer: RequestObserver, refused: Callable[[str], None]) -> None:
        self._observer = observer
        self._refused = refused

    def started(self) -> None:
        """A request was received."""
        self._observer.started()

    def finished(self, outcome: Outcome) -> None:
        """It was answered."""
        if outcome.status == _TOO_MANY and outcome.sub:
            self._refused(outcome.sub)
        if outcome.status == _GOOD and outcome.route.endswith(BEAT):
            self._observer.in_flight -= 1
            return
        self._observer.finished(outcome)

    def span(
        self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]
    ) -> AbstractContextManager[Span] | None:
        """What the handler runs within."""
        return self._observer.span(endpoint, headers)
