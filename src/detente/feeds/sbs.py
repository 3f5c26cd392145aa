"""SBS, or BaseStation: a message a line, by TCP (port 30003 as a rule) or from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from detente.errors import DetenteError

from ._sbs import read_lines
from .decoding import Decoder
from .modes import MESSAGE, NO_DATE, USED, Fleet, check_aircraft, count_fates, reports_of
from .relays import relayed
from .reports import NEVER, Ints, Reports, Source, empty, joined

_PIECE: Final = 1 << 18
_LONGEST: Final = 512
_S: Final = 1_000_000
_AHEAD_US: Final = 2 * _S


class BadUtcOffset(DetenteError):
    """Local time cannot be so far from UTC."""

    code: ClassVar[str] = "feeds.utc_offset"


@dataclass(frozen=True, slots=True)
class SbsSettings:
    """How lines are understood.

    Attributes:
        utc_offset_s: how far the times in the lines are ahead of UTC. Some programs write local
            time, and no line tells. 0: they are UTC.
        aircraft: how many are followed at once; see `ModeSSettings`.
    """

    utc_offset_s: int = 0
    aircraft: int = 65_536

    def __post_init__(self) -> None:
        """Check.

        Raises:
            BadUtcOffset: more than 14 hours.
            BadReceiver: so many aircraft cannot be followed.
        """
        check_aircraft(self.aircraft)
        if abs(self.utc_offset_s) > 14 * 3600:
            raise BadUtcOffset(
                f"No clock is {self.utc_offset_s} s from UTC.",
                where="utc_offset_s",
                advice="Give seconds, such as 7200 for two hours east.",
            )


class SbsDecoder(Decoder):
    """`MSG` lines: positions joined with the last velocity and callsign of their aircraft.

    The format states no accuracy: it is the source's assumption. Altitudes are pressure altitudes.
    Dropped: `framing` (lines that are none), `not-read` (other kinds of lines), `too-long`,
    `no-identity`, `no-position` (a place that is none), `no-date` (neither line nor receipt tell
    the time). Noted: `no-position` (lines that tell of something else), `undated` (the time of
    receipt stands in), `ahead` (dated more than 2 s after the receipt: is the time local?).

    Memory: some 300 octets for each aircraft, one line of 512 octets, and some 10 octets for each
    one of a piece.
    """

    def __init__(self, source: Source, settings: SbsSettings | None = None) -> None:
        super().__init__()
        settings = settings or SbsSettings()
        self._sources = relayed(source)
        self._offset_us = settings.utc_offset_s * _S
        self._fleet = Fleet(settings.aircraft, None, np.inf)
        self._held = b""
        self._skipping = False

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets. See `Decoder`."""
        self.counts.bytes += len(data)
        pieces = [
            self._piece(data[begin : begin + _PIECE], received_us)
            for begin in range(0, len(data), _PIECE)
        ]
        return pieces[0] if len(pieces) == 1 else joined(pieces)

    def close(self) -> Reports:
        """The input has ended, or the connection was lost: an unfinished line is dropped."""
        if self._held:
            self.counts.dropped["framing"] += 1
        self._held = b""
        self._skipping = False
        return empty()

    def _piece(self, piece: bytes, received_us: int) -> Reports:
        whole, feed, rest = piece.rpartition(b"\n")
        lines = self._held + whole + feed if feed else b""
        self._held = rest if feed else self._held + rest
        if lines and self._skipping:
            lines = lines.partition(b"\n")[2]
            self._skipping = False
        if len(self._held) > _LONGEST or self._skipping:
            if not self._skipping:
                self.counts.dropped["too-long"] += 1
            self._skipping = True
            self._held = b""
        return self._lines(np.frombuffer(lines, dtype=np.uint8), received_us)

    def _lines(self, data: np.ndarray[tuple[int], np.dtype[np.uint8]], received_us: int) -> Reports:
        rows = int(np.count_nonzero(data == ord("\n")))
        messages = np.empty(rows, dtype=MESSAGE)
        times: Ints = np.empty(rows, dtype=np.int64)
        count = read_lines(data, messages, times)
        if not count:
            return empty()
        messages, times = messages[:count], times[:count]
        used = messages["fate"] == USED
        undated = times == NEVER
        times = np.where(undated, received_us, times - self._offset_us)
        undated &= used
        if received_us == NEVER:
            messages["fate"][undated] = NO_DATE
        elif undated.any():
            self.counts.noted["undated"] += int(undated.sum())
        if received_us != NEVER:
            ahead = int((used & (times > received_us + _AHEAD_US)).sum())
            if ahead:
                self.counts.noted["ahead"] += ahead
        forgotten = self._fleet.forgotten
        found = self._fleet.take(messages, times, np.zeros(count, dtype=np.bool_))
        if self._fleet.forgotten > forgotten:
            self.counts.noted["forgotten"] += self._fleet.forgotten - forgotten
        count_fates(messages, self.counts)
        return reports_of(found, times, np.full(count, received_us, dtype=np.int64), self._sources)
