"""Boxes around extents: ten int32 (low x, y, z, time, altitude, then high), and what they cost.

The cost ∏ (length / reach + 1) is proportional to how often a query of that reach would open a
box, and defined for flat boxes too (after Kamel and Faloutsos, 1993).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from detente.geo._jit import kernel
from detente.geo._sphere import F64, I64

I32 = npt.NDArray[np.int32]

SIDES = 10

_UNIT = float(2**30)
_MICRO = 1_000_000
_EPOCH_S = 946_684_800
"""Times are int32 seconds around the year 2000: 1932 to 2068, clamped beyond."""
_INT_MAX = 2**31 - 1
_INT_MIN = -(2**31)

# Reach of a typical query: 1 km, 15 minutes, 100 m.
_PER_SPACE = 6371.0 / _UNIT
_PER_TIME = 1.0 / 900.0
_PER_ALTITUDE = 1.0 / 100_000.0
PER_AXIS = (_PER_SPACE, _PER_SPACE, _PER_SPACE, _PER_TIME, _PER_ALTITUDE)
"""Reaches of a typical query in one unit of each axis."""


@kernel
def _clamp(value: int) -> int:
    return min(_INT_MAX, max(_INT_MIN, value))


@kernel
def box_of(v: F64, round_v: F64, span: I64, margin: float, box: I32) -> None:
    """Write the box of a hull grown by `margin` radians and of a span (times, altitudes)."""
    # a hull reaches beyond the box of its corners by no more than the height of its cap
    bulge = margin + 1e-9 + (1.0 - math.cos(min(round_v[4], math.pi)))
    for d in range(3):
        low, high = -1.0, 1.0
        if v.shape[0] > 0:
            low, high = 1.0, -1.0
            for i in range(v.shape[0]):
                low = min(low, v[i, d])
                high = max(high, v[i, d])
            low, high = max(-1.0, low - bulge), min(1.0, high + bulge)
        box[d] = math.floor(low * _UNIT)
        box[5 + d] = math.ceil(high * _UNIT)
    box[3] = _clamp(span[0] // _MICRO - _EPOCH_S)
    box[8] = _clamp(span[1] // _MICRO - _EPOCH_S)
    box[4] = _clamp(span[2])
    box[9] = _clamp(span[3])


@kernel
def cost(box: I32) -> float:
    """How likely a query opens this box, up to a factor."""
    x = (float(box[5]) - float(box[0])) * _PER_SPACE + 1.0
    y = (float(box[6]) - float(box[1])) * _PER_SPACE + 1.0
    z = (float(box[7]) - float(box[2])) * _PER_SPACE + 1.0
    t = (float(box[8]) - float(box[3])) * _PER_TIME + 1.0
    a = (float(box[9]) - float(box[4])) * _PER_ALTITUDE + 1.0
    return x * y * z * t * a


@kernel
def copy(source: I32, out: I32) -> None:
    """Write one box over another."""
    for d in range(SIDES):
        out[d] = source[d]


@kernel
def grow(box: I32, other: I32) -> None:
    """Make a box take in another one."""
    for d in range(5):
        box[d] = min(box[d], other[d])
        box[5 + d] = max(box[5 + d], other[5 + d])
