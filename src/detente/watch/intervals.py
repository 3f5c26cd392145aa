"""Figures with the range that holds them with 95 %, and how ranges are put together.

Independent causes add in quadrature. What is common to several figures of one event, above all the
error of the boundary, is added along a line where those figures are subtracted from each other.

**Extremes.** The deepest of many positions was picked out because it is the deepest, and so was its
error. A bound that holds for one position with 95 % does not hold for the worst of many. Here every
position has a level of its own, so strict that those of all positions together, however many come,
leave the 95 % (Bonferroni's inequality, spent position by position; for each the form of Z. Šidák,
"Rectangular confidence regions for the means of multivariate normal distributions", JASA 62 (1967)
626-633). See docs/watch-definitions.md.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

from .events import Interval

CIRCLE: Final = 2.447747
"""Radius of the circle that holds 95 %, in standard deviations of one coordinate."""
ONE_WAY: Final = 1.959964 / CIRCLE
"""A circle that holds 95 % of positions, made into half the width of the strip that does: the ratio
of the 95 % points of a normal distribution in one direction and of a Rayleigh distribution."""


def one_way(radius_m: float) -> float:
    """How far off a position may be in one given direction, 95 %, from a circle that holds 95 %."""
    return ONE_WAY * radius_m


def quadrature(*parts: float) -> float:
    """Independent spreads together; infinite if one of them is."""
    return math.hypot(*parts)


_NORMAL: Final = NormalDist()
_TWO_SIDED: Final = _NORMAL.inv_cdf(0.975)


@lru_cache(maxsize=1 << 14)
def extreme(look: int, occasion: int = 1) -> tuple[float, float]:
    """How far the worst of many errors lies out, in units of what one keeps within with 95 %.

    The look counts as one of `N = look (look + 1) occasion (occasion + 1)` that are equally likely
    to be picked out: then the levels of all looks on all occasions add up to that of one.

    Args:
        look: which of the positions, from 1 on, that were looked at on this occasion.
        occasion: which of the occasions, from 1 on, on which one could be picked out.

    Returns:
        The middle: as likely as not the worst of N errors is no more. The rest: it is no more than
        the sum of both with 97.5 %, which is one side of 95 %.
    """
    return worst(look * (look + 1) * occasion * (occasion + 1))


@lru_cache(maxsize=1 << 14)
def worst(comparisons: int) -> tuple[float, float]:
    """`extreme` of so many errors, none of which counts more than another (Šidák)."""
    middle, bound = (
        -_NORMAL.inv_cdf(-math.expm1(math.log(level) / comparisons)) / _TWO_SIDED
        for level in (0.5, 0.975)
    )
    return middle, bound - middle


def picked_out(spread: float, shared: float, look: int, occasion: int = 1) -> float:
    """How far an extreme may lie beyond the truth: 97.5 %, the one side of 95 %.

    Args:
        spread: 95 %, of each look on its own.
        shared: 95 %, of what is the same for all of them; it is not multiplied.
        look, occasion: see `extreme`.
    """
    middle, rest = extreme(look, occasion)
    return middle * spread + quadrature(rest * spread, shared)


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
