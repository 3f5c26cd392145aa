"""Kernel that finds frames written as hexadecimal digits among text."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

LONGEST: Final = 1 + 12 + 2 + 28 + 1
"""Octets of the longest frame: mark, time, signal, data, semicolon."""
SHORTEST: Final = 1 + 4 + 1


@kernel
def _digit(octet: int) -> int:
    """Value of a hexadecimal digit, or -1."""
    if 48 <= octet <= 57:
        return octet - 48
    lower = octet | 0x20
    return lower - 87 if 97 <= lower <= 102 else -1


@kernel
def _head(mark: int) -> int:
    """Digits before the data: of a time, and of a signal; -1 if it is no mark."""
    if mark in (42, 58):
        return 0
    if mark in (64, 37):
        return 12
    return 14 if mark == 60 else -1


@kernel
def _is_space(octet: int) -> bool:
    return octet in (9, 10, 13, 32, 0)


@kernel
def split_avr(
    data: npt.NDArray[np.uint8],
    octets: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.uint8],
    counters: npt.NDArray[np.int64],
) -> tuple[int, int, int]:
    """Find frames: `*` or `:`, `@` or `%` with a time, `<` with time and signal; data; `;`.

    Args:
        data: as they came.
        octets, lengths, counters: rows to be filled in; a counter is 0 where none is written.

    Returns:
        How many frames; how many octets were used up; how many stretches were no frame.
    """
    made = lost = i = 0
    stray = False
    end = len(data)
    while i < end:
        head = _head(data[i])
        if head < 0:
            if _is_space(data[i]):
                stray = False
            else:
                if not stray:
                    lost += 1
                stray = True
            i += 1
            continue
        j = i + 1
        while j < end and j - i < LONGEST and _digit(data[j]) >= 0:
            j += 1
        if j == end and j - i < LONGEST:
            break
        digits = j - i - 1 - head
        if j == end or data[j] != 59 or digits not in (4, 14, 28):
            lost += 1
            stray = True
            i = max(j, i + 1)
            continue
        counter = np.int64(0)
        for k in range(min(head, 12)):
            counter = counter << 4 | np.int64(_digit(data[i + 1 + k]))
        counters[made] = counter
        lengths[made] = digits // 2
        first = i + 1 + head
        for k in range(14):
            octets[made, k] = 0
            if 2 * k < digits:
                high, low = _digit(data[first + 2 * k]), _digit(data[first + 2 * k + 1])
                octets[made, k] = high << 4 | low
        made += 1
        i = j + 1
        stray = False
    return made, i, lost
