"""The real airspace, which also counts how many entries it shows."""

from __future__ import annotations

from collections.abc import Callable

from detente.exchange import entries as e
from detente.exchange.airspace import Airspace
from detente.exchange.shelves import Journal


class WatchedJournal(Journal):
    """A journal that says when it has taken something back."""

    rolled_back: Callable[[], None]

    def rollback(self) -> None:
        super().rollback()
        self.rolled_back()


class InjectedFault(Exception):
    """Stands for a programming error in carrying out a command."""


class Watched(Airspace):
    """An airspace whose `position` is the number of entries that it shows, undurable ones too.

    With `fails_next` set, applying the next entry fails, after it has changed things.
    """

    position: int
    fails_next = False

    def apply(self, entry: e.Entry) -> None:
        super().apply(entry)
        self.position += 1
        self.journal.note(self._step_back)
        if self.fails_next:
            self.fails_next = False
            raise InjectedFault

    def _step_back(self) -> None:
        self.position -= 1


def watch(
    airspace: Airspace, position: int, rolled_back: Callable[[Watched], None] | None = None
) -> Watched:
    """Make an airspace a watched one, whoever made it."""
    airspace.__class__ = Watched
    assert isinstance(airspace, Watched)
    airspace.position = position
    journal = airspace.journal
    journal.__class__ = WatchedJournal
    assert isinstance(journal, WatchedJournal)
    journal.rolled_back = lambda: None if rolled_back is None else rolled_back(airspace)
    return airspace
