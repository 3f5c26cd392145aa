"""Events that are kept on disk while a run goes on: memory holds one line for each.

An event may come more than once under its id; the last one counts. The file only grows, so a run
that was killed goes on from the length that it had at its last checkpoint.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

import msgspec

from .events import Event

_LENGTH: Final = struct.Struct("<I")
_COPIED: Final = 1 << 20
"""Bytes at a time."""


class _Head(msgspec.Struct):
    """What of an event is kept in memory."""

    id: str
    began_us: int


_Line: TypeAlias = tuple[int, str, int]
"""Of an event: when it began, its id, and where it stands. A plain one: there are many."""


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
        self._encoder = msgspec.msgpack.Encoder()
        self.length = 0
        size = os.fstat(self._file.fileno()).st_size
        self._file.truncate(size if length is None else length)
        if until := size if length is None else length:
            self._learn(until)

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
            yield decoder.decode(self._at(line[2]))

    def some(self, count: int) -> Iterator[list[Event]]:
        """The events in lists of so many at most."""
        rest = iter(self)
        while some := list(islice(rest, count)):
            yield some

    def add(self, events: Iterable[Event]) -> None:
        """Keep events."""
        pieces: list[bytes] = []
        for event in events:
            packed = self._encoder.encode(event)
            pieces += (_LENGTH.pack(len(packed)), packed)
            self._note(event, len(packed))
        self._file.write(b"".join(pieces))

    def add_all(self, other: EventStore) -> None:
        """Keep what another store keeps, as it came."""
        other._file.flush()
        handle, at = other._file.fileno(), 0
        while at < other.length:
            some = os.pread(handle, min(_COPIED, other.length - at), at)
            if not some:
                raise OSError(f"{other.length - at} bytes of events are missing")
            self._file.write(some)
            at += len(some)
        begin = self.length
        for began_us, name, place in other._lines.values():
            self._lines[name] = began_us, name, begin + place
        self.length += other.length

    def sync(self) -> None:
        """What was added survives a crash from here on."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def _learn(self, until: int) -> None:
        """Take over what stands in the file up to there."""
        decoder = msgspec.msgpack.Decoder(_Head)
        with (
            mmap.mmap(self._file.fileno(), until, access=mmap.ACCESS_READ) as written,
            memoryview(written) as view,
        ):
            while self.length < until:
                (length,) = _LENGTH.unpack_from(view, self.length)
                begin = self.length + _LENGTH.size
                with view[begin : begin + length] as packed:
                    self._note(decoder.decode(packed), length)

    def _note(self, event: Event | _Head, length: int) -> None:
        """An event of so many bytes stands at the end."""
        self._lines[event.id] = event.began_us, event.id, self.length
        self.length += _LENGTH.size + length

    def _at(self, at: int) -> bytes:
        handle = self._file.fileno()
        (length,) = _LENGTH.unpack(os.pread(handle, _LENGTH.size, at))
        return os.pread(handle, length, at + _LENGTH.size)
