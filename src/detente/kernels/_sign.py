"""On which side of a line does a point lie? Exactly, for any doubles.

The determinant is taken in doubles first; its sign stands when it exceeds what rounding can do to
it. Else it is summed without rounding, as an expansion (J. R. Shewchuk, "Adaptive precision
floating-point arithmetic and fast robust geometric predicates", 1997).
"""

from __future__ import annotations

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64

_ROUNDING = 3.4e-16
"""A little above Shewchuk's (3 + 16 ε) ε with ε = 2**-53."""
_UNDERFLOW = 1e-290
_SPLITTER = 134217729.0
"""2**27 + 1."""


@kernel
def _two_product(a: float, b: float) -> tuple[float, float]:
    """The product and what rounding took from it (Dekker)."""
    product = a * b
    big = _SPLITTER * a
    a_high = big - (big - a)
    a_low = a - a_high
    big = _SPLITTER * b
    b_high = big - (big - b)
    b_low = b - b_high
    rest = product - a_high * b_high - a_low * b_high - a_high * b_low
    return product, a_low * b_low - rest


@kernel
def _add(parts: F64, count: int, value: float) -> int:
    """Add a number to an expansion, its parts in rising order; return the new number of parts."""
    for i in range(count):
        total = value + parts[i]
        other = total - value
        parts[i] = (value - (total - other)) + (parts[i] - other)
        value = total
    parts[count] = value
    return count + 1


@kernel
def _exact(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """The sign of ax·by - ay·bx + bx·py - by·px + px·ay - py·ax."""
    factors = np.array([ax, by, -ay, bx, bx, py, -by, px, px, ay, -py, ax])
    parts = np.zeros(12)
    count = 0
    for i in range(6):
        high, low = _two_product(factors[2 * i], factors[2 * i + 1])
        count = _add(parts, count, low)
        count = _add(parts, count, high)
    for i in range(count - 1, -1, -1):
        if parts[i] > 0.0:
            return 1
        if parts[i] < 0.0:
            return -1
    return 0


@kernel
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """1 if p lies left of the line from a to b, -1 if right, 0 if exactly on it."""
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    found = left - right
    room = _ROUNDING * (abs(left) + abs(right)) + _UNDERFLOW
    if found > room:
        return 1
    if found < -room:
        return -1
    return _exact(ax, ay, bx, by, px, py)


@kernel
def side_beside(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """The same for a point just north of p, and far less east of it: never 0 when a is not b.

    Corners of cells are moved so in thought: then no edge passes through any of them.
    """
    found = side(ax, ay, bx, by, px, py)
    if found != 0:
        return found
    if bx != ax:
        return 1 if bx > ax else -1
    return 1 if by < ay else -1
