"""Altitudes, squawks and ground speeds as transponders write them.

Sources: ICAO Annex 10, volume IV, 3.1.2.6.5.4 (altitude code) and the appendix to chapter 3 (SSR
automatic pressure altitude transmission code); RTCA DO-260B, 2.2.3.2.4.2 (movement).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

_METRIC: Final = 0x40
_QUARTER: Final = 0x10


@kernel
def _gray(code: int, width: int) -> int:
    """A number from its reflected binary code."""
    shift = 1
    while shift < width:
        code ^= code >> shift
        shift <<= 1
    return code


@kernel
def gillham_ft(code: int) -> float:
    """Pressure altitude, in hundreds of feet, of C1 A1 C2 A2 C4 A4 - B1 D1 B2 D2 B4 D4; or NaN."""
    c1, a1, c2, a2 = code >> 12 & 1, code >> 11 & 1, code >> 10 & 1, code >> 9 & 1
    c4, a4, b1, d1 = code >> 8 & 1, code >> 7 & 1, code >> 5 & 1, code >> 4 & 1
    b2, d2, b4, d4 = code >> 3 & 1, code >> 2 & 1, code >> 1 & 1, code & 1
    if d1:
        return np.nan
    hundreds = _gray(c1 << 2 | c2 << 1 | c4, 3)
    if hundreds in (0, 5, 6):
        return np.nan
    if hundreds == 7:
        hundreds = 5
    steps = d2 << 7 | d4 << 6 | a1 << 5 | a2 << 4 | a4 << 3 | b1 << 2 | b2 << 1 | b4
    five_hundreds = _gray(steps, 8)
    if five_hundreds & 1:
        hundreds = 6 - hundreds
    return 500.0 * five_hundreds + 100.0 * hundreds - 1300.0


@kernel
def altitude13_ft(code: int) -> float:
    """Pressure altitude of an altitude code of 13 bits; NaN if there is none, or it is metric.

    No rule says how the metric form is written, so it is not read.
    """
    if code == 0 or code & _METRIC:
        return np.nan
    if code & _QUARTER:
        steps = (code & 0x1F80) >> 2 | (code & 0x20) >> 1 | code & 0xF
        return 25.0 * steps - 1000.0
    return gillham_ft(code)


@kernel
def altitude12_ft(code: int) -> float:
    """Pressure altitude of an airborne position's 12 bits, which leave out the metric bit."""
    return altitude13_ft((code & 0xFC0) << 1 | code & 0x3F)


@kernel
def squawk(code: int) -> int:
    """The four octal digits of an identity code of 13 bits, as a number: 0o7700 for 7700."""
    a = (code >> 7 & 1) << 2 | (code >> 9 & 1) << 1 | code >> 11 & 1
    b = (code >> 1 & 1) << 2 | (code >> 3 & 1) << 1 | code >> 5 & 1
    c = (code >> 8 & 1) << 2 | (code >> 10 & 1) << 1 | code >> 12 & 1
    d = (code & 1) << 2 | (code >> 2 & 1) << 1 | code >> 4 & 1
    return a << 9 | b << 6 | c << 3 | d


def _movements() -> npt.NDArray[np.float64]:
    """Knots by movement code; the lower end of each step. NaN: nothing told, or reserved."""
    table = np.full(128, np.nan)
    table[1] = 0.0
    at = 2
    for count, first_kt, step_kt in (
        (7, 0.125, 0.125),
        (4, 1.0, 0.25),
        (26, 2.0, 0.5),
        (55, 15.0, 1.0),
        (15, 70.0, 2.0),
        (15, 100.0, 5.0),
        (1, 175.0, 0.0),
    ):
        table[at : at + count] = first_kt + step_kt * np.arange(count)
        at += count
    table.setflags(write=False)
    return table


MOVEMENT_KT: Final = _movements()
