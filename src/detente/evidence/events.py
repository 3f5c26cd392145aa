"""What became of keys, content, clocks and cosignatures, as the parties themselves state it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detente.record import Payload
from detente.record.ijson import JsonValue

EVENTS_SHOWN = 50
_MISSING = "?"
_NAMES = {
    "key-rotation": ("purpose", "new"),
    "key-revocation": ("key", "good_until_index", "origin", "reason"),
    "erasure": ("index", "origin", "ground"),
    "witness-refusal": ("size", "origin", "reason"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """A statement on how the record is to be read.

    Attributes:
        kind: of the entry.
        index: of the entry.
        party: who states it.
        values: what its body says, as text; "?" for what it does not say.
    """

    kind: str
    index: int
    party: str
    values: Mapping[str, str]


@dataclass(slots=True)
class Clock:
    """A party's statements on its clock: how many, and the one with the largest error."""

    count: int
    error_ms: float
    event: Event


@dataclass(slots=True)
class Events:
    """Gathers them while entries stream by.

    Attributes:
        listed: the first ones, in the order of the log.
        left_out: how many more there are.
        clocks: by party.
    """

    listed: list[Event] = field(default_factory=list)
    left_out: int = 0
    clocks: dict[str, Clock] = field(default_factory=dict)

    def add(self, index: int, payload: Payload) -> None:
        """Look at an entry; call in the order of the log."""
        if payload.kind == "clock":
            self._add_clock(index, payload)
        elif payload.kind in _NAMES:
            values = {name: _told(payload.body.get(name)) for name in _NAMES[payload.kind]}
            if len(self.listed) < EVENTS_SHOWN:
                self.listed.append(Event(payload.kind, index, payload.sender, values))
            else:
                self.left_out += 1

    def _add_clock(self, index: int, payload: Payload) -> None:
        offset, spread = (payload.body.get(name) for name in ("offset_ms", "uncertainty_ms"))
        if not isinstance(offset, (int, float)) or not isinstance(spread, (int, float)):
            return
        names = ("offset_ms", "uncertainty_ms", "source")
        values = {name: _told(payload.body.get(name)) for name in names}
        event = Event("clock", index, payload.sender, values)
        error = abs(offset) + spread
        before = self.clocks.get(payload.sender)
        if before is None:
            self.clocks[payload.sender] = Clock(1, error, event)
            return
        before.count += 1
        if error > before.error_ms:
            before.error_ms, before.event = error, event


def _told(value: JsonValue) -> str:
    if isinstance(value, str):
        return value if len(value) <= 400 else value[:399] + "…"
    return _MISSING if value is None or isinstance(value, (bool, list, dict)) else f"{value}"
