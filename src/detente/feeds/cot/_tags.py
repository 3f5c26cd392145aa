"""Kernels that read the tags of plain XML: names of ASCII, quoted attributes that differ."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._text import MINUS, POINT, SPACE, is_digit, is_letter, is_space

AMPERSAND: Final = 0x26
QUOTE: Final = 0x22
APOSTROPHE: Final = 0x27
SLASH: Final = 0x2F
LESS: Final = 0x3C
EQUALS: Final = 0x3D
GREATER: Final = 0x3E
TILDE: Final = 0x7E

ATTRIBUTES_MAX: Final = 16

STOP: Final = -1
"""Not plain XML."""


@kernel
def name_end(buffer: npt.NDArray[np.uint8], at: int, end: int) -> int:
    """Where a name of ASCII without a prefix ends; its beginning if it is none."""
    if at >= end or not is_letter(int(buffer[at]) + 0):
        return at
    while at < end:
        octet = int(buffer[at]) + 0
        if not (is_letter(octet) or is_digit(octet) or octet in (MINUS, POINT)):
            break
        at += 1
    return at


@kernel
def attributes_end(
    buffer: npt.NDArray[np.uint8], at: int, end: int, found: npt.NDArray[np.int64]
) -> tuple[int, int]:
    """Read the attributes of a tag.

    Args:
        at: after its name.
        found: int64[ATTRIBUTES_MAX, 4] to be filled: where name and value begin and end.

    Returns:
        Where the tag's `/` or `>` is, or `STOP`; how many attributes there are.
    """
    count = 0
    while True:
        spaced = False
        while at < end and is_space(int(buffer[at]) + 0):
            at += 1
            spaced = True
        if at >= end:
            return STOP, 0
        if buffer[at] == GREATER or buffer[at] == SLASH:
            return at, count
        stop = name_end(buffer, at, end)
        if stop == at or not spaced or count == ATTRIBUTES_MAX:
            return STOP, 0
        for other in range(count):
            if found[other, 1] - found[other, 0] == stop - at:
                same = True
                for place in range(stop - at):
                    if buffer[found[other, 0] + place] != buffer[at + place]:
                        same = False
                        break
                if same:
                    return STOP, 0
        found[count, 0] = at
        found[count, 1] = stop
        at = stop
        while at < end and is_space(int(buffer[at]) + 0):
            at += 1
        if at >= end or buffer[at] != EQUALS:
            return STOP, 0
        at += 1
        while at < end and is_space(int(buffer[at]) + 0):
            at += 1
        if at >= end or (buffer[at] != QUOTE and buffer[at] != APOSTROPHE):
            return STOP, 0
        quote = buffer[at]
        at += 1
        found[count, 2] = at
        while at < end and buffer[at] != quote:
            octet = int(buffer[at]) + 0
            if not SPACE <= octet <= TILDE or octet in (LESS, AMPERSAND):
                return STOP, 0
            at += 1
        if at >= end:
            return STOP, 0
        found[count, 3] = at
        at += 1
        count += 1
