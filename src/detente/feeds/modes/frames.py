"""Mode S frames, column by column: what receivers give, whatever they are written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.reports import Bytes, Ints

FRAME_OCTETS: Final = 14
SHORT_OCTETS: Final = 7
_LONG_FORMATS: Final = 0x80
LENGTHS: Final = (2, 7, 14)
"""Of a reply to Mode A or C, and of a short and a long one of Mode S."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Frames in the order in which they came; row i of each column is one.

    Attributes:
        octets: uint8[n, 14]; what a shorter frame leaves free is 0.
        lengths: uint8[n]: how many octets count, see `LENGTHS`; any other value is no frame.
        time_us: int64[n], when it was heard, µs since 1970 UTC; `NEVER` if unknown.
        received_us: int64[n], when we got it; `NEVER` if unknown.
        multilaterated: bool[n]: somebody made it of times of arrival; no aircraft sent it.
    """

    octets: Bytes
    lengths: Bytes
    time_us: Ints
    received_us: Ints
    multilaterated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, begin: int, end: int) -> Frames:
        """Some of them, not copied."""
        return Frames(
            self.octets[begin:end],
            self.lengths[begin:end],
            self.time_us[begin:end],
            self.received_us[begin:end],
            self.multilaterated[begin:end],
        )


def frames_of_hex(texts: Sequence[str], time_us: Ints, received_us: Ints) -> Frames:
    """Frames written as hexadecimal digits; what is none gets length 0 and is counted as such.

    Some programs write 14 octets of every frame: of the short formats only the first seven count.

    Raises:
        ValueError: the columns differ in length.
    """
    if not len(texts) == len(time_us) == len(received_us):
        raise ValueError(f"{len(texts)} texts, {len(time_us)} and {len(received_us)} times")
    octets = np.zeros((len(texts), FRAME_OCTETS), dtype=np.uint8)
    lengths = np.zeros(len(texts), dtype=np.uint8)
    for row, text in enumerate(texts):
        try:
            frame = bytes.fromhex(text) if len(text) <= 2 * FRAME_OCTETS else b""
        except ValueError:
            continue
        if len(frame) == FRAME_OCTETS and frame[0] < _LONG_FORMATS:
            frame = frame[:SHORT_OCTETS]
        octets[row, : len(frame)] = np.frombuffer(frame, dtype=np.uint8)
        lengths[row] = len(frame)
    return Frames(octets, lengths, time_us, received_us, np.zeros(len(texts), dtype=np.bool_))
