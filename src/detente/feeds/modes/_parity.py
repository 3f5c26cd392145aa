"""Parity of Mode S: 24 bits after ICAO Annex 10, volume IV, 3.1.2.3.3."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

_GENERATOR: Final = 0xFFF409
"""The generator's coefficients below x^24."""
LONG_BITS: Final = 112


def _remainders() -> npt.NDArray[np.int64]:
    """What each value of the first octet leaves."""
    table = np.empty(256, dtype=np.int64)
    for octet in range(256):
        rest = octet << 16
        for _ in range(8):
            rest = (rest << 1) ^ (_GENERATOR if rest & 0x800000 else 0)
        table[octet] = rest & 0xFFFFFF
    table.setflags(write=False)
    return table


_TABLE: Final = _remainders()


@kernel
def remainder(octets: npt.NDArray[np.uint8], length: int) -> int:
    """What is left of a message of 7 or 14 octets: 0, or what was laid over its parity."""
    rest = np.int64(0)
    for k in range(length - 3):
        rest = ((rest << 8) & 0xFFFFFF) ^ _TABLE[((rest >> 16) ^ octets[k]) & 0xFF]
    last = np.int64(octets[length - 3]) << 16
    last |= np.int64(octets[length - 2]) << 8
    return int(rest ^ last ^ np.int64(octets[length - 1]))


@kernel
def flipped_bit(rest: int) -> int:
    """Which bit of a long message, from 5, was flipped if only one was; -1 if it was not so.

    The first five bits say what the message is, so they are not put right by guessing.
    """
    # A flipped bit leaves what its place alone leaves: x^p modulo the generator.
    left = np.int64(1)
    for place in range(LONG_BITS - 5):
        if left == rest:
            return LONG_BITS - 1 - place
        left <<= 1
        if left & 0x1000000:
            left = (left ^ _GENERATOR) & 0xFFFFFF
    return -1
