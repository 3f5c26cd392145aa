"""Mode S: frames in, reports out."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.decoding import Counts
from detente.feeds.relays import relayed
from detente.feeds.reports import NEVER, Reports, Source, empty, joined

from ._message import MESSAGE, NO_DATE, USED
from ._read import read_frames
from .assembly import count_fates, reports_of
from .fleet import Fleet
from .frames import Frames
from .settings import ModeSSettings

_PIECE: Final = 1 << 14


def read_messages(frames: Frames, *, correct: bool = False) -> tuple[npt.NDArray[np.void], int]:
    """What each frame says by itself.

    Args:
        frames: any.
        correct: see `ModeSSettings`.

    Returns:
        `MESSAGE` rows, and how many frames were put right.
    """
    messages = np.empty(len(frames), dtype=MESSAGE)
    octets = frames.octets.copy() if correct else frames.octets
    return messages, read_frames(octets, frames.lengths, correct, messages)


class ModeSReader:
    """Follows aircraft by their Mode S messages.

    Positions are made of pairs of halves no more than 10 s apart (on the ground 50 s, 25 s if
    fast), or of one half near the last place; what could not have been flown is doubted until a
    second pair says the same. The same frames give the same reports however they are cut.

    Memory: see `Fleet`; while at work some 350 octets for each of `_PIECE` frames.
    """

    def __init__(self, source: Source, settings: ModeSSettings, counts: Counts) -> None:
        self._sources = relayed(source)
        self._correct = settings.correct
        self._counts = counts
        self._fleet = Fleet(settings.aircraft, settings.receiver, settings.range_m)

    def take(self, frames: Frames) -> Reports:
        """Reports of the next frames, in their order. Whatever else they are is counted."""
        if not len(frames):
            return empty()
        pieces = [
            self._piece(frames.rows(begin, begin + _PIECE))
            for begin in range(0, len(frames), _PIECE)
        ]
        return pieces[0] if len(pieces) == 1 else joined(pieces)

    def _piece(self, frames: Frames) -> Reports:
        messages, corrected = read_messages(frames, correct=self._correct)
        messages["fate"][(messages["fate"] == USED) & (frames.time_us == NEVER)] = NO_DATE
        forgotten = self._fleet.forgotten
        rows = self._fleet.take(messages, frames.time_us, frames.multilaterated)
        count_fates(messages, self._counts)
        for name, count in (
            ("corrected", corrected),
            ("forgotten", self._fleet.forgotten - forgotten),
        ):
            if count:
                self._counts.noted[name] += count
        return reports_of(rows, frames.time_us, frames.received_us, self._sources)
