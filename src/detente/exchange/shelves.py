"""Where the state keeps its things, so that every change can be taken back.

A `Register` is a dict, a `Shelf` holds things with an extent and finds them by it. Both tell a
`Journal` how to undo each change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar, cast

from detente.geo import Extent, ExtentIndex


class _Placed(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def extent(self) -> Extent: ...


T = TypeVar("T", bound=_Placed)
K = TypeVar("K")
V = TypeVar("V")


class Journal:
    """How to take back what was changed since `begin`."""

    def __init__(self) -> None:
        self._undo: list[tuple[Callable[..., None], tuple[Any, ...]]] | None = None

    def note(self, undo: Callable[..., None], *arguments: Any) -> None:
        """Remember that calling `undo(*arguments)` takes the last change back."""
        if self._undo is not None:
            self._undo.append((undo, arguments))

    def begin(self) -> None:
        """Start to remember."""
        if self._undo is not None:
            raise RuntimeError("a change of the airspace is under way already")
        self._undo = []

    def commit(self) -> None:
        """What was changed stays."""
        self._undo = None

    def mark(self) -> int:
        """A point to go `back_to`."""
        return len(self._undo or ())

    def back_to(self, mark: int) -> None:
        """Take back what was changed since `mark`, the last change first."""
        undo, self._undo = self._undo or [], None
        while len(undo) > mark:
            action, arguments = undo.pop()
            action(*arguments)
        self._undo = undo

    def rollback(self) -> None:
        """Take everything back."""
        self.back_to(0)
        self._undo = None


class Register(Generic[K, V]):
    """A dict whose changes can be taken back."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.items: dict[K, V] = {}

    def put(self, key: K, value: V) -> None:
        """Set one."""
        if key in self.items:
            self._journal.note(self.items.__setitem__, key, self.items[key])
        else:
            self._journal.note(self.items.__delitem__, key)
        self.items[key] = value

    def put_all(self, pairs: Iterable[tuple[K, V]]) -> None:
        """Set many that are all there already."""
        # One dict, not a tuple for each: they wait for the commit, and the collector counts them.
        before = {key: self.items[key] for key, _ in pairs}
        self._journal.note(self.items.update, before)
        self.items.update(pairs)

    def remove(self, key: K) -> None:
        """Take one out."""
        self._journal.note(self.items.__setitem__, key, self.items[key])
        del self.items[key]


class Shelf(Generic[T]):
    """Things with an identifier and an extent, found by either; changes can be taken back."""

    def __init__(self, journal: Journal, guard_m: float) -> None:
        self._journal = journal
        self._slots: dict[str, int] = {}
        self._items: list[T | None] = []
        self._free: list[int] = []
        self._index = ExtentIndex(guard_m)

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[T]:
        """All of them, by identifier."""
        for identifier in sorted(self._slots):
            item = self._items[self._slots[identifier]]
            assert item is not None  # noqa: S101 - a slot in use holds a thing
            yield item

    def get(self, identifier: str) -> T | None:
        """The thing with this identifier, if there is one."""
        slot = self._slots.get(identifier)
        return None if slot is None else self._items[slot]

    def relevant(self, extent: Extent) -> list[T]:
        """Everything whose extent is relevant to this one (F3548-21; see `detente.geo`)."""
        # The index knows no slot that is free.
        return cast(list[T], list(map(self._items.__getitem__, self._index.query(extent))))

    def ended_before(self, instant_us: int, most: int, start: int = 0) -> list[str]:
        """Identifiers of up to `most` things that ended before that, from any point on."""
        slots = self._index.ended_before(instant_us, most, start)
        return [item.id for slot in slots if (item := self._items[slot]) is not None]

    def put(self, item: T) -> None:
        """Add a thing, or replace the one with its identifier."""
        slot = self._slots.get(item.id)
        if slot is None:
            slot = self._free.pop() if self._free else len(self._items)
            self._index.insert(slot, item.extent)
            if slot == len(self._items):
                self._items.append(item)
            else:
                self._items[slot] = item
            self._slots[item.id] = slot
            self._journal.note(self.remove, item.id)
            return
        before = self._items[slot]
        assert before is not None  # noqa: S101 - a slot in use holds a thing
        if before.extent != item.extent:
            self._index.delete(slot)
            self._index.insert(slot, item.extent)
        self._items[slot] = item
        self._journal.note(self.put, before)

    def remove(self, identifier: str) -> None:
        """Take a thing out that is there."""
        slot = self._slots.pop(identifier)
        before = self._items[slot]
        assert before is not None  # noqa: S101 - a slot in use holds a thing
        self._index.delete(slot)
        self._items[slot] = None
        self._free.append(slot)
        self._journal.note(self.put, before)

    def load(self, items: Iterable[T]) -> None:
        """Fill an empty shelf at once; far faster than one `put` after another."""
        self._items = list(items)
        self._slots = {item.id: slot for slot, item in enumerate(self._items) if item is not None}
        self._index.bulk_load(
            (slot, item.extent) for slot, item in enumerate(self._items) if item is not None
        )
