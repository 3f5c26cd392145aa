"""What happens, for everybody who watches: entries of the record, and states that change.

One reader follows the record, whoever listens. It keeps the newest events, encoded once; each
listener has a place of his own in that row, so one who is slow keeps nobody else waiting. A
listener who has fallen behind the row reads the record itself until he has caught up.

An event of the record has its index as its number: a listener who comes back names the last one
that he has seen, and misses nothing. States (how a link is, what is due) are not numbered: whoever
comes is told all that there are, then each change; of several changes in a row, the last.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from detente.record import Entry, JsonValue
from detente.record.ijson import format_time

KEPT_MAX: Final = 2000
"""Events at hand for listeners who are nearly up to date."""

_PAGE: Final = 200
_encode = msgspec.json.Encoder().encode


class FollowsRecord(Protocol):
    """What of a record is needed."""

    async def wait_beyond(self, size: int) -> int:
        """Wait until the log has more than `size` entries; how many it has."""

    async def entries(self, since: int, limit: int) -> list[Entry]:
        """Entries from a position on."""

    async def newest(self, since: int, limit: int) -> list[Entry]:
        """The same of those that were written just now."""


_NAME_CHARACTERS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        name: `entry`, or what kind of state it is.
        data: JSON, one line.
        index: of the entry; None for a state.
        kind: of the entry; the state's name otherwise. Decides who may see it.
        room: the room that it belongs to, if it does.
    """

    name: str
    data: bytes
    index: int | None
    kind: str
    room: str | None = None


def event_of(entry: Entry) -> Event:
    """An entry as listeners are told of it: who said what kind of thing where, and no content."""
    payload = entry.payload
    if payload is None:
        erased = {"index": entry.index, "erased_by": entry.erased_by}
        return Event("entry", _encode(erased), entry.index, "erased")
    body = payload.body
    about = body.get("of")
    told: dict[str, JsonValue] = {
        "index": entry.index,
        "id": str(payload.id),
        "kind": payload.kind,
        "from": payload.sender,
        "to": list(payload.to),
        "channel": payload.channel,
        "created": format_time(payload.created),
        "status": payload.status,
        "refs": [{"id": str(ref.id), "rel": ref.rel} for ref in payload.refs],
    }
    if _is_short(about):
        told["of"] = about
    if payload.kind == "message":
        told |= {name: body[name] for name in ("form", "urgency") if _is_short(body.get(name))}
    return Event("entry", _encode(told), entry.index, payload.kind, room_of(payload.channel))


def _is_short(value: JsonValue) -> bool:
    """Whether it is such a text as an id: another party may have written anything there."""
    return isinstance(value, str) and len(value) <= _NAME_CHARACTERS_MAX


def room_of(channel: str) -> str | None:
    """The room that a channel belongs to: `room/<id>/<epoch>[/emergency]`."""
    parts = channel.split("/")
    return parts[1] if parts[0] == "room" and len(parts) >= 2 else None


class Feed:
    """Follows the record, and tells listeners."""

    def __init__(self, record: FollowsRecord, size: int, *, kept_max: int = KEPT_MAX) -> None:
        """Args:
        record: is followed from `size` entries on.
        size: of the record now.
        kept_max: events that are kept at hand.
        """
        self._record = record
        self._kept: deque[Event] = deque(maxlen=kept_max)
        self._end = size
        self._states: dict[str, tuple[int, Event]] = {}
        self._version = 0
        self._changed = asyncio.Event()
        self.listeners = 0
        self.seen: Callable[[Entry], None] = lambda entry: None
        """Called with each entry that is new."""

    @property
    def end(self) -> int:
        """Entries that listeners can have been told of."""
        return self._end

    async def follow(self) -> None:
        """Read what is new, as long as the node runs."""
        while True:
            size = await self._record.wait_beyond(self._end)
            while self._end < size:
                page = await self._record.newest(self._end, min(_PAGE, size - self._end))
                if not page:
                    break
                for entry in page:
                    self.seen(entry)
                    self._kept.append(event_of(entry))
                self._end += len(page)
                self._wake()

    def state(self, topic: str, name: str, kind: str, facts: Mapping[str, JsonValue]) -> None:
        """Tell a state: it replaces what was told of `topic` before; nothing if it is the same."""
        data = _encode(facts)
        before = self._states.get(topic)
        if before is not None and before[1].data == data:
            return
        self._version += 1
        self._states[topic] = (self._version, Event(name, data, None, kind))
        self._wake()

    async def listen(self, after: int | None) -> AsyncGenerator[Event, None]:
        """Events from the one after `after` on; from now on if that is None."""
        place = self._end if after is None else min(max(0, after + 1), self._end)
        version = 0
        self.listeners += 1
        try:
            while True:
                changed = self._changed  # taken before looking: no change is missed in between
                version, states = self._states_since(version)
                for event in states:
                    yield event
                if place < self._end:
                    for event in await self._from(place):
                        place += 1
                        yield event
                    continue
                if changed is self._changed:
                    await changed.wait()
        finally:
            self.listeners -= 1

    def _states_since(self, version: int) -> tuple[int, list[Event]]:
        if version == self._version:
            return version, []
        found = sorted((at, topic) for topic, (at, _) in self._states.items() if at > version)
        return self._version, [self._states[topic][1] for _, topic in found]

    async def _from(self, place: int) -> Sequence[Event]:
        behind = self._end - place
        if behind <= len(self._kept):
            begin = len(self._kept) - behind
            return [self._kept[at] for at in range(begin, min(begin + _PAGE, len(self._kept)))]
        return [event_of(entry) for entry in await self._record.entries(place, _PAGE)]

    def _wake(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()
