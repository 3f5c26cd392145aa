"""What formats of Mode S receivers have in common: frames with counters, cut anywhere."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np

from .clocks import UNTOLD, Clock, CounterClock, DayClock
from .decoding import Decoder
from .modes import Frames, ModeSReader, ModeSSettings, Timestamps
from .reports import Bytes, Ints, Reports, Source, empty, joined

_PIECE: Final = 1 << 18
_MLAT: Final = 0xFF004D4C4154
"""Where a time would be, for frames that somebody made of times of arrival ("MLAT")."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Frames found among octets.

    Attributes:
        octets, lengths: as in `Frames`.
        counters: int64[n], the time stamp beside each; `UNTOLD` if there is none.
        used: how many octets of the input were used up; the others are an unfinished frame.
        lost: stretches that are no frame.
    """

    octets: Bytes
    lengths: Bytes
    counters: Ints
    used: int
    lost: int


class RadioDecoder(Decoder):
    """Frames with the time stamps that receivers give.

    Dropped, besides what `ModeSReader` counts: `framing` (stretches that are no frame). Noted:
    `clock` (time stamps that could not be believed; the time of receipt stands in).

    Memory: that of `ModeSReader`, one unfinished frame, and some 2 octets for each of a piece.
    """

    def __init__(self, source: Source, settings: ModeSSettings | None = None) -> None:
        super().__init__()
        self._settings = settings or ModeSSettings()
        self._reader = ModeSReader(source, self._settings, self.counts)
        self._by_day = self._settings.timestamps is Timestamps.DAY
        self._clock = self._new_clock()
        self._held = b""

    @abstractmethod
    def _split(self, data: Bytes) -> Split:
        """Find the frames among octets."""

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets. See `Decoder`."""
        self.counts.bytes += len(data)
        pieces = [
            self._piece(data[begin : begin + _PIECE], received_us)
            for begin in range(0, len(data), _PIECE)
        ]
        return pieces[0] if len(pieces) == 1 else joined(pieces)

    def close(self) -> Reports:
        """The input has ended, or the connection was lost: an unfinished frame is dropped."""
        if self._held:
            self.counts.dropped["framing"] += 1
            self._held = b""
        self._clock = self._new_clock()
        return empty()

    def _piece(self, piece: bytes, received_us: int) -> Reports:
        data = np.frombuffer(self._held + piece, dtype=np.uint8)
        found = self._split(data)
        self._held = data[found.used :].tobytes()
        if found.lost:
            self.counts.dropped["framing"] += found.lost
        computed = found.counters == _MLAT
        doubts = self._clock.doubts
        times = self._clock.times(np.where(computed, UNTOLD, found.counters), received_us)
        if self._clock.doubts > doubts:
            self.counts.noted["clock"] += self._clock.doubts - doubts
        received = np.full(len(times), received_us, dtype=np.int64)
        return self._reader.take(Frames(found.octets, found.lengths, times, received, computed))

    def _switch(self, *, by_day: bool) -> None:
        """The receiver says what its time stamps are."""
        if self._settings.timestamps is Timestamps.AUTO and by_day != self._by_day:
            self._by_day = by_day
            self._clock = self._new_clock()

    def _new_clock(self) -> Clock:
        kind = DayClock if self._by_day else CounterClock
        return kind(self._settings.began_us)
