"""Kernel that finds Beast frames among octets.

Format (wiki.jetvision.de, "Mode-S Beast: Data Output Formats"; readsb adds the receiver's number):
an escape, a type, six octets of time, one of signal, and 2, 7 or 14 of data; an escape within is
doubled.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

_ESCAPE: Final = 0x1A
_HEAD: Final = 7
STATUS: Final = 0x34
RECEIVER: Final = 0xE3
SHORTEST: Final = 2 + _HEAD + 2


@kernel
def _body(kind: int) -> int:
    """Octets after the type; 0 if the type is not known."""
    if kind == 0x31:
        return _HEAD + 2
    if kind == 0x32:
        return _HEAD + 7
    if kind in (0x33, STATUS):
        return _HEAD + 14
    return 8 if kind == RECEIVER else 0


@kernel
def split_beast(
    data: npt.NDArray[np.uint8],
    octets: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.uint8],
    counters: npt.NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Find frames.

    Args:
        data: as they came.
        octets, lengths, counters: rows to be filled in: data, its octets (14 after a status
            message of the receiver, which gets `STATUS` instead), and the time stamp.

    Returns:
        How many frames; how many octets were used up; how many stretches were no frame; and how
        many frames were of kinds that are not read.
    """
    body = np.empty(21, dtype=np.uint8)
    made = lost = unread = i = 0
    stray = False
    end = len(data)
    while i < end:
        if data[i] != _ESCAPE:
            if not stray:
                lost += 1
            stray = True
            i += 1
            continue
        if i + 1 == end:
            break
        kind = data[i + 1]
        want = _body(kind)
        if want == 0:
            # A doubled escape belongs to what was cut before; anything else is unknown.
            if kind != _ESCAPE:
                unread += 1
                stray = True
            elif not stray:
                lost += 1
                stray = True
            i += 2
            continue
        j, have = i + 2, 0
        cut = False
        while have < want and j < end:
            octet = data[j]
            if octet == _ESCAPE:
                if j + 1 == end:
                    break
                if data[j + 1] != _ESCAPE:
                    cut = True
                    break
                j += 1
            body[have] = octet
            have += 1
            j += 1
        if cut:
            lost += 1
            i = j
            stray = False
            continue
        if have < want:
            break
        i = j
        stray = False
        if kind == RECEIVER:
            continue
        counter = np.int64(0)
        for k in range(6):
            counter = counter << 8 | np.int64(body[k])
        counters[made] = counter
        length = want - _HEAD
        lengths[made] = STATUS if kind == STATUS else length
        for k in range(14):
            octets[made, k] = body[_HEAD + k] if k < length else 0
        made += 1
    return made, i, lost, unread
