"""Events that are kept on disk while a run goes on: memory holds one line for each.

An event may come more than once under its id; the last one counts. The file only grows, so a run
that was killed goes on from the length that it had at its last checkpoint.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec

from .events import Event

_LENGTH: Final = struct.Struct("<I")


class _Line(NamedTuple):
    began_us: int
    id: str
    at: int


class EventStore:
    """Events in the order of their beginning. Use it in a `with` block.

    About 200 bytes of memory an event.

    Args:
        path: of its file; what stands in it is taken over.
        length: how much of the file counts; all of it if None.
    """

    def __init__(self, path: Path, length: int | None = 0) -> None:
        self._file = path.open("a+b")
        self._lines: dict[str, _Line] = {}
        self.length = 0
        size = os.fstat(self._file.fileno()).st_size
        self._file.truncate(size if length is None else length)
        for event, at, end in self._read(size if length is None else length):
            self._lines[event.id] = _Line(event.began_us, event.id, at)
            self.length = end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Event]:
        """Each event once, as it came last, by beginning and id."""
        self._file.flush()
        decoder = msgspec.msgpack.Decoder(Event)
        for line in sorted(self._lines.values()):
            yield decoder.decode(self._at(line.at))

    def some(self, count: int) -> Iterator[list[Event]]:
        """The events in lists of so many at most."""
        rest = iter(self)
        while some := list(islice(rest, count)):
            yield some

    def add(self, events: Iterable[Event]) -> None:
        """Keep events."""
        for event in events:
            packed = msgspec.msgpack.encode(event)
            self._file.write(_LENGTH.pack(len(packed)) + packed)
            self._lines[event.id] = _Line(event.began_us, event.id, self.length)
            self.length += _LENGTH.size + len(packed)

    def sync(self) -> None:
        """What was added survives a crash from here on."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def _at(self, at: int) -> bytes:
        handle = self._file.fileno()
        (length,) = _LENGTH.unpack(os.pread(handle, _LENGTH.size, at))
        return os.pread(handle, length, at + _LENGTH.size)

    def _read(self, until: int) -> Iterator[tuple[Event, int, int]]:
        decoder = msgspec.msgpack.Decoder(Event)
        at = 0
        while at < until:
            packed = self._at(at)
            end = at + _LENGTH.size + len(packed)
            yield decoder.decode(packed), at, end
            at = end
