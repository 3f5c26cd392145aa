"""Kernels that take what we want from the attributes of CoT's elements."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import (
    CE_M,
    HAE_M,
    HOW,
    KIND,
    LAT_DEG,
    LE_M,
    LNG_DEG,
    NEVER,
    OTHER,
    STALE_US,
    TIME_US,
    UID_BEGIN,
    UID_END,
)
from ._text import decimal, equal, how_of, kind_of, moment


def word(text: str) -> npt.NDArray[np.uint8]:
    """The octets of a name, to compare with."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


_UID: Final = word("uid")
_TYPE: Final = word("type")
_HOW: Final = word("how")
_TIME: Final = word("time")
_STALE: Final = word("stale")
_LAT: Final = word("lat")
_LON: Final = word("lon")
_HAE: Final = word("hae")
_CE: Final = word("ce")
_LE: Final = word("le")


@kernel
def read_event_tag(
    buffer: npt.NDArray[np.uint8],
    found: npt.NDArray[np.int64],
    count: int,
    places: npt.NDArray[np.int64],
) -> bool:
    """Take the attributes of `event`; False if one is unusual."""
    places[KIND] = OTHER
    for i in range(count):
        begin, end, value, stop = found[i, 0], found[i, 1], found[i, 2], found[i, 3]
        if equal(buffer, begin, end, _UID):
            places[UID_BEGIN] = value
            places[UID_END] = stop
        elif equal(buffer, begin, end, _TYPE):
            places[KIND] = kind_of(buffer, value, stop)
        elif equal(buffer, begin, end, _HOW):
            places[HOW] = how_of(buffer, value, stop)
        elif equal(buffer, begin, end, _TIME):
            places[TIME_US] = moment(buffer, value, stop)
            if places[TIME_US] == NEVER:
                return False
        elif equal(buffer, begin, end, _STALE):
            places[STALE_US] = moment(buffer, value, stop)
            if places[STALE_US] == NEVER:
                return False
    return True


@kernel
def read_number(
    buffer: npt.NDArray[np.uint8],
    found: npt.NDArray[np.int64],
    count: int,
    word: npt.NDArray[np.uint8],
    numbers: npt.NDArray[np.float64],
    row: int,
) -> bool:
    """Take one attribute as a number if it is there; False if it is unusual."""
    for i in range(count):
        if equal(buffer, found[i, 0], found[i, 1], word):
            numbers[row] = decimal(buffer, found[i, 2], found[i, 3])
            return not math.isnan(numbers[row])
    return True


@kernel
def read_point(
    buffer: npt.NDArray[np.uint8],
    found: npt.NDArray[np.int64],
    count: int,
    numbers: npt.NDArray[np.float64],
) -> bool:
    """Take the attributes of `point`; False if one is unusual."""
    return (
        read_number(buffer, found, count, _LAT, numbers, LAT_DEG)
        and read_number(buffer, found, count, _LON, numbers, LNG_DEG)
        and read_number(buffer, found, count, _HAE, numbers, HAE_M)
        and read_number(buffer, found, count, _CE, numbers, CE_M)
        and read_number(buffer, found, count, _LE, numbers, LE_M)
    )
