"""Kernels that read numbers, times and types out of octets; the unusual they leave to others."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import AIR_TRACK, CONTROL, NEVER, OTHER, OTHER_TRACK, SIMULATED_HOW

SPACE: Final = 0x20
TAB: Final = 0x09
LINE_FEED: Final = 0x0A
RETURN: Final = 0x0D
PLUS: Final = 0x2B
MINUS: Final = 0x2D
POINT: Final = 0x2E
ZERO: Final = 0x30
NINE: Final = 0x39
COLON: Final = 0x3A
UPPER_A: Final = 0x41
UPPER_E: Final = 0x45
UPPER_T: Final = 0x54
UPPER_Z: Final = 0x5A
UNDERSCORE: Final = 0x5F
LOWER_A: Final = 0x61
LOWER_E: Final = 0x65
LOWER_M: Final = 0x6D
LOWER_S: Final = 0x73
LOWER_Z: Final = 0x7A


@kernel
def is_space(octet: int) -> bool:
    """White space of XML."""
    return octet in (SPACE, LINE_FEED, RETURN, TAB)


@kernel
def is_letter(octet: int) -> bool:
    """A letter of ASCII or the underscore: what a name may begin with."""
    return LOWER_A <= octet <= LOWER_Z or UPPER_A <= octet <= UPPER_Z or octet == UNDERSCORE


@kernel
def is_digit(octet: int) -> bool:
    """0 to 9."""
    return ZERO <= octet <= NINE


@kernel
def equal(buffer: npt.NDArray[np.uint8], begin: int, end: int, word: npt.NDArray[np.uint8]) -> bool:
    """Whether these octets are that word."""
    if end - begin != len(word):
        return False
    for place in range(len(word)):  # noqa: SIM110 - compiled; there are no generators
        if buffer[begin + place] != word[place]:
            return False
    return True


@kernel
def decimal(buffer: npt.NDArray[np.uint8], begin: int, end: int) -> float:
    """A decimal number, to the last place but one; NaN if it is none, or an unusual one.

    A sign, digits with or without a point, an exponent: at most 40 characters.
    """
    if end - begin > 40:
        return math.nan
    at = begin
    negative = False
    if at < end and (buffer[at] == MINUS or buffer[at] == PLUS):
        negative = buffer[at] == MINUS
        at += 1
    mantissa = 0
    taken = 0
    scale = 0
    digits = 0
    after = False
    while at < end:
        octet = int(buffer[at]) + 0
        if is_digit(octet):
            digits += 1
            if taken < 18:
                mantissa = mantissa * 10 + (octet - ZERO)
                if mantissa > 0:
                    taken += 1
                if after:
                    scale -= 1
            elif not after:
                scale += 1
        elif octet == POINT and not after:
            after = True
        else:
            break
        at += 1
    if digits == 0:
        return math.nan
    if at < end:
        if buffer[at] != LOWER_E and buffer[at] != UPPER_E:
            return math.nan
        at += 1
        down = False
        if at < end and (buffer[at] == MINUS or buffer[at] == PLUS):
            down = buffer[at] == MINUS
            at += 1
        if at == end or end - at > 3:
            return math.nan
        power = 0
        while at < end:
            octet = int(buffer[at]) + 0
            if not is_digit(octet):
                return math.nan
            power = power * 10 + (octet - ZERO)
            at += 1
        scale += -power if down else power
    if mantissa == 0:
        return -0.0 if negative else 0.0
    if abs(scale) > 22:
        return math.nan
    value = mantissa * 10.0**scale if scale > 0 else mantissa / 10.0**-scale
    return -value if negative else value


@kernel
def two_digits(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """The number that two digits are, -1 if they are none."""
    tens = int(buffer[at]) - ZERO
    ones = int(buffer[at + 1]) - ZERO
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -1
    return tens * 10 + ones


@kernel
def days_since_1970(year: int, month: int, day: int) -> int:
    """Of the Gregorian calendar; years from 1970 on."""
    # The year begins in March, so that the day that may be missing is its last.
    shifted = year - 1 if month <= 2 else year
    months = (month + 9) % 12
    return (
        shifted * 365
        + shifted // 4
        - shifted // 100
        + shifted // 400
        + (months * 153 + 2) // 5
        + day
        - 719_469
    )


@kernel
def moment(buffer: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """`2026-11-23T07:00:00.123Z` in µs since 1970; `NEVER` if it is none, or an unusual one."""
    if end - begin < 20 or end - begin > 40 or buffer[end - 1] != UPPER_Z:
        return NEVER
    century = two_digits(buffer, begin)
    years = two_digits(buffer, begin + 2)
    month = two_digits(buffer, begin + 5)
    day = two_digits(buffer, begin + 8)
    hour = two_digits(buffer, begin + 11)
    minute = two_digits(buffer, begin + 14)
    second = two_digits(buffer, begin + 17)
    if (
        min(century, years, month, day, hour, minute, second) < 0
        or buffer[begin + 4] != MINUS
        or buffer[begin + 7] != MINUS
        or buffer[begin + 10] != UPPER_T
        or buffer[begin + 13] != COLON
        or buffer[begin + 16] != COLON
    ):
        return NEVER
    year = century * 100 + years
    if year < 1970 or not 1 <= month <= 12 or day < 1 or hour > 23 or minute > 59 or second > 59:
        return NEVER
    length = 31
    if month == 2:
        length = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        length = 30
    if day > length:
        return NEVER
    fraction = 0
    if end - begin > 20:
        if buffer[begin + 19] != POINT or end - begin == 21:
            return NEVER
        unit = 100_000
        for at in range(begin + 20, end - 1):
            digit = int(buffer[at]) - ZERO
            if digit < 0 or digit > 9:
                return NEVER
            fraction += digit * unit
            unit //= 10
    seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + fraction


@kernel
def kind_of(buffer: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """What an event's type says it is. Whose it is, is not looked at."""
    length = end - begin
    if length >= 5 and buffer[begin] == LOWER_A and buffer[begin + 1] == MINUS:
        if (
            buffer[begin + 3] == MINUS
            and buffer[begin + 4] == UPPER_A
            and (length == 5 or buffer[begin + 5] == MINUS)
        ):
            return AIR_TRACK
        return OTHER_TRACK
    if length >= 9:
        name = (0x74, 0x2D, 0x78, 0x2D, 0x74, 0x61, 0x6B, 0x70, 0x2D)  # t-x-takp-
        for place in range(9):
            if buffer[begin + place] != name[place]:
                return OTHER
        return CONTROL
    return OTHER


@kernel
def how_of(buffer: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """The first letter of how a position was found, and whether it was made up."""
    if end <= begin:
        return 0
    first = int(buffer[begin]) + 0
    if end - begin >= 3 and first == LOWER_M and buffer[begin + 2] == LOWER_S:
        return first + SIMULATED_HOW
    return first
