"""Cursor on Target: events in XML or protobuf in, reports of what flies out.

Whose an aircraft is said to be is not kept: a type is looked at for whether it is an air track.
Memory: at most one event, `message_bytes_max`, and while at work, of it and of the 256 KiB that are
read at once, a copy and some 300 octets for each event (of garbage, for each octet `BF`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from detente.feeds.datagrams import grouped
from detente.feeds.decoding import Decoder
from detente.feeds.reports import Reports, Source, empty, joined

from ._columns import BEGIN, CONTROL, END, KIND, NUMBERS, PLACES, UNUSUAL, XML_END
from ._protobuf import MAGIC, read_mesh, scan_stream
from ._scan import scan
from .assembly import Events, reports_of
from .strict import Refused, StrictEvent, read_event

_PIECE_BYTES: Final = 1 << 18
_CONTROLS_MAX: Final = 16
_CLOSES: Final = b"</event"
_OPENS: Final = b"<event"
_MESH: Final = b"\xbf\x01\xbf"
_STREAM: Final = b"\xbf"

_Places: TypeAlias = npt.NDArray[np.int64]
_Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CotSettings:
    """How a feed of CoT comes.

    Attributes:
        datagrams: what is fed is one event each time: XML, or protobuf after `BF 01 BF`.
        message_bytes_max: longer events are dropped.
    """

    datagrams: bool = False
    message_bytes_max: Annotated[int, Meta(ge=1024, le=1 << 24)] = 1 << 18


class CotDecoder(Decoder):
    """CoT from a stream, a file or datagrams; XML and protobuf may follow one another.

    Counted as dropped: `framing` (octets between events), `malformed` (no well-formed XML or
    protobuf), `ambiguous` (two points, details, tracks or contacts), `doctype`, `too-long`,
    `not-air` and `not-a-track` (other types), `no-time`, `no-identity`, `no-position` (none, or
    latitude and longitude both 0, which is what protobuf makes of none), `simulated` (`m-s`),
    `stale` (its `stale` is before it came). Noted: `control` (negotiation).
    """

    def __init__(self, source: Source, settings: CotSettings | None = None) -> None:
        super().__init__()
        self._source = source
        self._settings = settings or CotSettings()
        self._held = bytearray()
        self._searched = 0
        self._lost = False
        self.controls: deque[StrictEvent] = deque(maxlen=_CONTROLS_MAX)
        """What was said of the protocol, oldest first; whoever negotiates takes it from here."""

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets; see `Decoder`."""
        if self._settings.datagrams:
            return self.feed_datagrams([data], [received_us])
        self.counts.bytes += len(data)
        batches = [
            self._stream(data[begin : begin + _PIECE_BYTES], received_us)
            for begin in range(0, len(data), _PIECE_BYTES)
        ]
        return batches[0] if len(batches) == 1 else joined(batches)

    def close(self) -> Reports:
        """The input has ended: half an event is dropped and counted."""
        if self._held.strip():
            self.counts.dropped["framing"] += 1
        self._held.clear()
        self._searched = 0
        self._lost = False
        return empty()

    def _stream(self, piece: bytes, received_us: int) -> Reports:
        self._held += piece
        if self._still_open():
            return empty()
        data = bytes(self._held)
        octets = np.frombuffer(data, dtype=np.uint8)
        places, numbers = _room(data)
        rows = at = 0
        while at < len(data):
            messages = data[at] == MAGIC
            if messages:
                found, at, skipped, self._lost = scan_stream(
                    octets,
                    at,
                    len(data),
                    self._lost,
                    self._settings.message_bytes_max,
                    places[rows:],
                    numbers[rows:],
                )
            else:
                found, at, skipped, self._lost = scan(
                    octets, at, len(data), self._lost, places[rows:], numbers[rows:]
                )
            rows += found
            if skipped:
                self.counts.dropped["framing"] += skipped
            if at < len(data) and (data[at] == MAGIC) == messages:
                break  # it goes on in the next piece
        del self._held[:at]
        self._searched = max(0, len(self._held) - len(_CLOSES))
        if len(self._held) > self._settings.message_bytes_max:
            self.counts.dropped["too-long"] += 1
            again = self._held.rfind(_OPENS, 1)
            del self._held[: again if again > 0 else len(self._held)]
            self._searched = 0
        came_us = np.full(rows, received_us)
        return self._taken(data, places[:rows], numbers[:rows], came_us)

    def _still_open(self) -> bool:
        """Whether an event in XML is held that has not ended; each octet is looked at once."""
        held = self._held
        if len(held) > self._settings.message_bytes_max or not held.startswith(_OPENS):
            return False
        found = held.find(_CLOSES, self._searched)
        self._searched = max(0, len(held) - len(_CLOSES)) if found < 0 else found
        return found < 0

    def feed_datagrams(self, datagrams: Sequence[bytes], received_us: Sequence[int]) -> Reports:
        """Take datagrams of one event each, with the time at which each came.

        Messages of protobuf are framed as on a mesh, or, as some send them to one address, as on a
        stream.
        """
        batches = [
            self._datagrams(*group) for group in grouped(datagrams, received_us, _PIECE_BYTES)
        ]
        return batches[0] if len(batches) == 1 else joined(batches)

    def _datagrams(self, datagrams: Sequence[bytes], received_us: Sequence[int]) -> Reports:
        buffer = b"".join(datagrams)
        self.counts.bytes += len(buffer)
        octets = np.frombuffer(buffer, dtype=np.uint8)
        places, numbers = _room(buffer)
        came_us = np.empty(len(places), dtype=np.int64)
        rows = 0
        end = 0
        for datagram, when in zip(datagrams, received_us, strict=True):
            begin, end = end, end + len(datagram)
            if len(datagram) > self._settings.message_bytes_max:
                self.counts.dropped["too-long"] += 1
                continue
            count, good = _read_datagram(octets, begin, end, places[rows:], numbers[rows:])
            if not good:
                self.counts.dropped["framing"] += 1
            came_us[rows : rows + count] = when
            rows += count
        return self._taken(buffer, places[:rows], numbers[:rows], came_us[:rows])

    def _taken(
        self, data: bytes, places: _Places, numbers: _Numbers, received_us: _Places
    ) -> Reports:
        """The reports of what was read."""
        if not len(places):
            return empty()
        events = Events(data, places, numbers)
        kinds = places[:, KIND]
        for row in np.flatnonzero((kinds == UNUSUAL) | (kinds == CONTROL)).tolist():
            if events.frame(row).startswith(_OPENS):
                self._read_strictly(events, row)
        lengths = places[:, END] - places[:, BEGIN]
        for row in np.flatnonzero(lengths > self._settings.message_bytes_max).tolist():
            events.drop(row, "too-long")
        for row in np.flatnonzero(places[:, XML_END] > 0).tolist():
            try:
                events.amend(row)
            except Refused as refusal:
                events.drop(row, refusal.reason)
        return reports_of(events, self._source, received_us, self.counts)

    def _read_strictly(self, events: Events, row: int) -> None:
        frame = events.frame(row)
        try:
            event = read_event(frame)
        except Refused as refusal:
            # Perhaps one that was cut off, and the next one whole.
            again = frame.rfind(_OPENS, 1)
            if again < 0:
                events.drop(row, refusal.reason)
                return
            self.counts.dropped["malformed"] += 1
            try:
                event = read_event(frame[again:])
            except Refused as second:
                events.drop(row, second.reason)
                return
        events.put(row, event)
        if event.kind == CONTROL:
            self.controls.append(event)


def _read_datagram(
    octets: npt.NDArray[np.uint8], begin: int, end: int, places: _Places, numbers: _Numbers
) -> tuple[int, bool]:
    """Read one datagram: how many events it holds, and whether it holds nothing else."""
    head = octets[begin : min(end, begin + len(_MESH))].tobytes()
    if head == _MESH:
        read_mesh(octets, begin + len(_MESH), end, places[0], numbers[0])
        return 1, True
    if head.startswith(_STREAM):
        count, at, skipped, _ = scan_stream(octets, begin, end, False, end - begin, places, numbers)
        return count, at == end and not skipped
    count, at, skipped, _ = scan(octets, begin, end, False, places, numbers)
    return count, at == end and not skipped


def _room(data: bytes) -> tuple[_Places, _Numbers]:
    """Room for all events that these octets can hold: each begins with one or the other."""
    rows = data.count(_OPENS) + data.count(_STREAM)
    return np.empty((rows, PLACES), dtype=np.int64), np.empty((rows, NUMBERS))
