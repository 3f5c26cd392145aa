"""What the log says, kept a second time in the simplest way there is: dictionaries and their past.

Nothing here is shared with the exchange but the form of the entries. Whoever answers must say after
how many entries the answer was true; the past tells whether it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from tests.simulation.places import meet

from detente.exchange import entries as e
from detente.geo import Extent

V = TypeVar("V")


class Violation(AssertionError):
    """The pool did what it must never do."""


def demand(holds: bool, message: str) -> None:
    """Raises `Violation` unless something holds."""
    if not holds:
        raise Violation(message)


class Timeline(Generic[V]):
    """A dictionary that remembers what it was after each number of entries."""

    def __init__(self) -> None:
        self.now: dict[str, V] = {}
        self._past: dict[str, list[tuple[int, V | None]]] = {}

    def set(self, key: str, size: int, value: V) -> None:
        """From `size` entries on the value is this."""
        self.now[key] = value
        self._past.setdefault(key, []).append((size, value))

    def remove(self, key: str, size: int) -> None:
        """From `size` entries on there is none."""
        del self.now[key]
        self._past[key].append((size, None))

    def at(self, key: str, size: int) -> V | None:
        """The value after `size` entries."""
        for since, value in reversed(self._past.get(key, ())):
            if since <= size:
                return value
        return None

    def all_at(self, size: int) -> Iterator[tuple[str, V]]:
        """All pairs after `size` entries, in no particular order."""
        for key in self._past:
            value = self.at(key, size)
            if value is not None:
                yield key, value

    def forget(self, size: int) -> None:
        """Nobody will ask any more for what was before `size` entries."""
        for key, past in list(self._past.items()):
            kept = 0
            while kept + 1 < len(past) and past[kept + 1][0] <= size:
                kept += 1
            del past[:kept]
            if len(past) == 1 and past[0][1] is None and past[0][0] <= size:
                del self._past[key]


class Shadow:
    """All timelines, and what can be asked of them at any size."""

    def __init__(self) -> None:
        self.size = 0
        self.intents: Timeline[e.OperationalIntent] = Timeline()
        self.constraints: Timeline[e.Constraint] = Timeline()
        self.subscriptions: Timeline[e.Subscription] = Timeline()
        self.indexes: Timeline[int] = Timeline()
        self.availability: Timeline[e.Availability] = Timeline()
        self.heartbeats: dict[str, int] = {}
        self.joined: dict[str, e.Instance] = {}
        self.dar_id = ""
        self.ovns: set[str] = set()  # every one ever given; only asked, never iterated

    def at(self, size: int) -> State:
        """The state after `size` entries."""
        return State(self, size)

    def forget(self, size: int) -> None:
        """See `Timeline.forget`."""
        for timeline in (self.intents, self.constraints, self.subscriptions):
            timeline.forget(size)
        self.indexes.forget(size)
        self.availability.forget(size)


class State:
    """The state after a number of entries. Lists are ordered by identifier."""

    def __init__(self, shadow: Shadow, size: int) -> None:
        demand(size <= shadow.size, f"a state after {size} entries: there are {shadow.size}")
        self._shadow = shadow
        self._size = size

    def intent(self, identifier: str) -> e.OperationalIntent | None:
        return self._get(self._shadow.intents, identifier)

    def constraint(self, identifier: str) -> e.Constraint | None:
        return self._get(self._shadow.constraints, identifier)

    def subscription(self, identifier: str) -> e.Subscription | None:
        return self._get(self._shadow.subscriptions, identifier)

    def index(self, subscription_id: str) -> int:
        return self._get(self._shadow.indexes, subscription_id) or 0

    def availability(self, uss: str) -> str:
        found = self._get(self._shadow.availability, uss)
        return "Unknown" if found is None else found.availability

    def availability_version(self, uss: str) -> str:
        found = self._get(self._shadow.availability, uss)
        return "" if found is None else found.version

    def ovn_was_given(self, ovn: str) -> bool:
        return ovn in self._shadow.ovns

    def intents(self) -> list[e.OperationalIntent]:
        return self._all(self._shadow.intents)

    def intents_meeting(self, extent: Extent) -> list[e.OperationalIntent]:
        return [item for item in self.intents() if meet(item.extent, extent)]

    def constraints_meeting(self, extent: Extent) -> list[e.Constraint]:
        found = self._all(self._shadow.constraints)
        return [item for item in found if meet(item.extent, extent)]

    def subscriptions(self) -> list[e.Subscription]:
        return self._all(self._shadow.subscriptions)

    def dependents(self, subscription_id: str) -> tuple[str, ...]:
        return tuple(i.id for i in self.intents() if i.subscription_id == subscription_id)

    def constraints(self) -> list[e.Constraint]:
        return self._all(self._shadow.constraints)

    def _get(self, timeline: Timeline[V], key: str) -> V | None:
        if self._size == self._shadow.size:
            return timeline.now.get(key)
        return timeline.at(key, self._size)

    def _all(self, timeline: Timeline[V]) -> list[V]:
        if self._size == self._shadow.size:
            return [timeline.now[key] for key in sorted(timeline.now)]
        return [value for _, value in sorted(timeline.all_at(self._size), key=_key)]


def _key(pair: tuple[str, object]) -> str:
    return pair[0]
