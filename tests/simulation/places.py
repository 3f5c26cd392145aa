"""A small world in which it is obvious what touches what.

All footprints are circles of one radius on the equator, or several next to each other: their hulls
are strips along the equator, so two of them meet exactly when their spans of longitude do.
Neighbours overlap by more than 100 m, others are almost 1 km apart: there are no close cases.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from detente.geo import Circle, Extent, Volume4D, extent_of

PLACES = 6
SLACK_NANO = 200_000
"""22 m in 1e-9 degree: far more than any tolerance or rounding, far less than any gap."""

_SPACING_DEG = 0.01
_RADIUS_M = 600.0

Span = tuple[float, float]


@cache
def _footprint(first: int, last: int) -> Extent:
    circles = [Circle(0.0, i * _SPACING_DEG, _RADIUS_M) for i in range(first, last + 1)]
    return extent_of([Volume4D(circle) for circle in circles])


def extent(
    first: int,
    last: int,
    altitudes_m: tuple[int | None, int | None],
    start_us: int | None,
    end_us: int | None,
) -> Extent:
    """The places from `first` to `last` in a band of altitude and a span of time."""
    lower_m, upper_m = altitudes_m
    return replace(
        _footprint(first, last),
        altitude_lower_mm=None if lower_m is None else lower_m * 1000,
        altitude_upper_mm=None if upper_m is None else upper_m * 1000,
        time_start_us=start_us,
        time_end_us=end_us,
    )


EVERYWHERE = Extent((), None, None, None, None)


@cache
def _span(hull: tuple[int, ...]) -> Span:
    if not hull:
        return -math.inf, math.inf
    return min(hull[1::2]), max(hull[1::2])


def meet(a: Extent, b: Extent) -> bool:
    """The rule of relevance, written again for this world."""
    return (
        _overlap(_span(a.hull), _span(b.hull))
        and _overlap(_altitudes(a), _altitudes(b))
        and _overlap(_times(a), _times(b))
    )


def footprint_holds(outer: Extent, inner: Extent) -> bool:
    """Does `outer` contain the footprint and altitudes of `inner`?"""
    o, i = _span(outer.hull), _span(inner.hull)
    oa, ia = _altitudes(outer), _altitudes(inner)
    return (
        o[0] - SLACK_NANO <= i[0]
        and i[1] <= o[1] + SLACK_NANO
        and oa[0] <= ia[0]
        and ia[1] <= oa[1]
    )


def is_union(whole: Extent, a: Extent, b: Extent) -> bool:
    """Is `whole` what contains `a` and `b` and nothing more?"""
    w, s, t = _span(whole.hull), _span(a.hull), _span(b.hull)
    return (
        abs(w[0] - min(s[0], t[0])) <= SLACK_NANO
        and abs(w[1] - max(s[1], t[1])) <= SLACK_NANO
        and _altitudes(whole) == _joined(_altitudes(a), _altitudes(b))
        and _times(whole) == _joined(_times(a), _times(b))
    )


def _altitudes(e: Extent) -> Span:
    return (
        -math.inf if e.altitude_lower_mm is None else e.altitude_lower_mm,
        math.inf if e.altitude_upper_mm is None else e.altitude_upper_mm,
    )


def _times(e: Extent) -> Span:
    return (
        -math.inf if e.time_start_us is None else e.time_start_us,
        math.inf if e.time_end_us is None else e.time_end_us,
    )


def _overlap(a: Span, b: Span) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def _joined(a: Span, b: Span) -> Span:
    return min(a[0], b[0]), max(a[1], b[1])
