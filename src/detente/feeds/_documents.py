"""Kernel that finds where JSON objects begin and end."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

_DEPTH: Final = 0
_IN_STRING: Final = 1
_ESCAPED: Final = 2
_BEGIN: Final = 3


@kernel
def find_documents(
    data: npt.NDArray[np.uint8],
    state: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Find whole objects; each octet is looked at once.

    Args:
        data: the next octets.
        state: depth, whether within a string, whether after a backslash, and where the unfinished
            object began in this piece (-1: before it); changed.
        ends: rows to be filled in: the first octet (-1: before this piece), and the one after the
            last.

    Returns:
        How many are whole, and how many stretches outside are more than separators.
    """
    depth, in_string, escaped, begin = state[0], state[1], state[2], state[3]
    made = strays = 0
    stray = False
    for i in range(len(data)):
        octet = data[i]
        if in_string:
            if escaped:
                escaped = 0
            elif octet == 92:
                escaped = 1
            elif octet == 34:
                in_string = 0
        elif depth == 0:
            if octet == 123:
                depth = 1
                begin = i
                stray = False
            elif octet in (9, 10, 13, 32, 44, 91, 93, 30):
                stray = False
            else:
                if not stray:
                    strays += 1
                stray = True
        elif octet == 34:
            in_string = 1
        elif octet == 123 or octet == 91:
            depth += 1
        elif octet == 125 or octet == 93:
            depth -= 1
            if depth == 0:
                ends[made, 0] = begin
                ends[made, 1] = i + 1
                made += 1
    state[_DEPTH] = depth
    state[_IN_STRING] = in_string
    state[_ESCAPED] = escaped
    state[_BEGIN] = begin
    return made, strays
