"""Figures with the range that holds them with 95 %, and how ranges are put together.

Independent causes add in quadrature. What is common to several figures of one event, above all the
error of the boundary, is added along a line where those figures are subtracted from each other.
"""

from __future__ import annotations

import math
from typing import Final

from .events import Interval

ONE_WAY: Final = 1.959964 / 2.447747
"""A circle that holds 95 % of positions, made into half the width of the strip that does: the ratio
of the 95 % points of a normal distribution in one direction and of a Rayleigh distribution."""


def one_way(radius_m: float) -> float:
    """How far off a position may be in one given direction, 95 %, from a circle that holds 95 %."""
    return ONE_WAY * radius_m


def quadrature(*parts: float) -> float:
    """Independent spreads together; infinite if one of them is."""
    return math.hypot(*parts)


def around(
    value: float,
    spread: float,
    unit: str,
    *,
    least: float = -math.inf,
    more: float = 0.0,
) -> Interval:
    """A figure and as much below as above it.

    Args:
        value: the figure.
        spread: 95 %, in the same unit; may be infinite.
        unit: `m`, `s` or `m/s`.
        least: what it cannot be below, such as 0 of a duration.
        more: by how much it may be greater still, for certain, as when it was only sampled.
    """
    low = max(least, value - spread)
    return between(min(low, value), value, value + spread + more, unit)


def between(low: float, value: float, high: float, unit: str) -> Interval:
    """A figure and where it lies; told to the millimetre or microsecond, as the last digits of
    arithmetic are nobody's business."""
    digits = 6 if unit == "s" else 3
    return Interval(_told(value, digits), _told(low, digits), _told(high, digits), unit)


def _told(value: float, digits: int) -> float:
    return round(value, digits) + 0.0 if math.isfinite(value) else value
