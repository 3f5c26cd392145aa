"""May two things meet? Overall footprint, altitude band and time span, closed at both ends.

This is the question a discovery service answers (F3548-21, relevance of entities): never "no" for
two things that share a point of space and time, seldom "yes" for two that do not. Whether they
really share one is `conflict`'s business.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from detente.geo import _meets, _sphere
from detente.geo.volume import Circle, Volume4D

T = TypeVar("T", int, float)

_MEAN_RADIUS_M = 6_371_009.0


@dataclass(frozen=True, slots=True)
class Extent:
    """The overall extent of an entity, in integers, so that it is the same wherever it is written.

    Attributes:
        hull: corners of the spherical convex hull of all outlines, counter-clockwise seen from
            outside, flattened to lat, lng, lat, lng, … in 1e-9 degree. Empty: the whole Earth.
        altitude_lower_mm: rounded down; None: no lower bound. Likewise the upper one, rounded up.
        time_start_us: microseconds since 1970 UTC; None: since ever. Likewise the end.
    """

    hull: tuple[int, ...]
    altitude_lower_mm: int | None
    altitude_upper_mm: int | None
    time_start_us: int | None
    time_end_us: int | None


def gap_rad(distance_m: float) -> float:
    """Angle in the image of directions that a path of `distance_m` metres never exceeds."""
    return (distance_m + _sphere.SLACK_M) / _sphere.M_MIN_M


def extent_of(volumes: Sequence[Volume4D]) -> Extent:
    """Union of volumes as one extent; a bound that is open in any of them is open in the union.

    The hull contains every outline: circles are circumscribed on the ellipsoid, and long edges are
    given room for the difference between a geodesic and a great circle. It may exceed a circle's
    radius by 4.2 %. Outlines that do not fit within 80° of their middle make it the whole Earth.

    Raises:
        ValueError: `volumes` is empty.
    """
    if not volumes:
        raise ValueError("an extent needs at least one volume")
    counts: list[int] = []
    data: array[float] = array("d")
    for volume in volumes:
        outline = volume.outline
        if isinstance(outline, Circle):
            counts.append(0)
            data.extend((outline.lat_deg, outline.lng_deg, outline.radius_m))
        else:
            counts.append(len(outline.vertices))
            for vertex in outline.vertices:
                data.extend(vertex)
    points = _sphere.points_around(np.array(counts, np.int64), np.frombuffer(data))
    hull = _sphere.hull_of_points(points)
    first = volumes[0]
    lower_m, upper_m = first.altitude_lower_m, first.altitude_upper_m
    start_us, end_us = first.time_start_us, first.time_end_us
    for volume in volumes[1:]:
        lower_m = _least(lower_m, volume.altitude_lower_m)
        upper_m = _most(upper_m, volume.altitude_upper_m)
        start_us = _least(start_us, volume.time_start_us)
        end_us = _most(end_us, volume.time_end_us)
    return Extent(
        hull=tuple(hull.tolist()),
        altitude_lower_mm=None if lower_m is None else math.floor(lower_m * 1000),
        altitude_upper_mm=None if upper_m is None else math.ceil(upper_m * 1000),
        time_start_us=start_us,
        time_end_us=end_us,
    )


def relevant(a: Extent, b: Extent, guard_m: float = 1.0) -> bool:
    """Do hulls (within `guard_m` metres), altitude bands and time spans overlap? Touching counts.

    Beyond the guard, 2 cm are always allowed for rounding.
    """
    if _apart(a.time_start_us, a.time_end_us, b.time_start_us, b.time_end_us):
        return False
    if _apart(a.altitude_lower_mm, a.altitude_upper_mm, b.altitude_lower_mm, b.altitude_upper_mm):
        return False
    if not a.hull or not b.hull:
        return True
    return _meets.hulls_meet(
        np.array(a.hull, np.int64), np.array(b.hull, np.int64), gap_rad(guard_m)
    )


def within_span(extent: Extent, span_m: float) -> bool:
    """Whether no two points of the footprint are farther apart than `span_m` metres, to 1 %.

    The whole Earth is not. Distances are on a sphere of the mean radius.
    """
    if not extent.hull:
        return False
    lats, lngs = extent.hull[::2], extent.hull[1::2]
    wide = max(lats) - min(lats) + max(lngs) - min(lngs)
    if math.radians(1e-9 * wide) * _MEAN_RADIUS_M <= span_m:
        return True  # nearly always: it is no farther along a parallel and then a meridian
    lat, lng = np.radians(1e-9 * np.array(lats)), np.radians(1e-9 * np.array(lngs))
    cosine = np.cos(lat)
    points = np.stack((cosine * np.cos(lng), cosine * np.sin(lng), np.sin(lat)), axis=1)
    # The chord: exact for short spans, where the cosine of the angle is nearly 1.
    chord_max = 2.0 * math.sin(min(span_m / (2.0 * _MEAN_RADIUS_M), math.pi / 2))
    apart = points[:, None, :] - points[None, :, :]
    return float((apart * apart).sum(axis=2).max()) <= chord_max * chord_max


def covers(outer: Extent, inner: Extent, tolerance_m: float = 1.0) -> bool:
    """Does `outer` contain the footprint (within `tolerance_m` metres) and altitudes of `inner`?

    Equal extents cover each other. Times are not looked at.
    """
    lower, upper = outer.altitude_lower_mm, outer.altitude_upper_mm
    if lower is not None and (inner.altitude_lower_mm is None or inner.altitude_lower_mm < lower):
        return False
    if upper is not None and (inner.altitude_upper_mm is None or inner.altitude_upper_mm > upper):
        return False
    if not outer.hull or outer.hull == inner.hull:
        return True
    if not inner.hull:
        return False
    return _meets.hull_covers(
        np.array(outer.hull, np.int64), np.array(inner.hull, np.int64), gap_rad(tolerance_m)
    )


def union(a: Extent, b: Extent) -> Extent:
    """The smallest extent that contains both."""
    if not a.hull or not b.hull:
        hull: tuple[int, ...] = ()
    elif a.hull == b.hull:
        hull = a.hull
    else:
        hull = tuple(_sphere.hull_of_points(np.array(a.hull + b.hull, np.int64)).tolist())
    return Extent(
        hull=hull,
        altitude_lower_mm=_least(a.altitude_lower_mm, b.altitude_lower_mm),
        altitude_upper_mm=_most(a.altitude_upper_mm, b.altitude_upper_mm),
        time_start_us=_least(a.time_start_us, b.time_start_us),
        time_end_us=_most(a.time_end_us, b.time_end_us),
    )


def _least(a: T | None, b: T | None) -> T | None:
    return None if a is None or b is None else min(a, b)


def _most(a: T | None, b: T | None) -> T | None:
    return None if a is None or b is None else max(a, b)


def _apart(start_a: int | None, end_a: int | None, start_b: int | None, end_b: int | None) -> bool:
    return (end_a is not None and start_b is not None and end_a < start_b) or (
        end_b is not None and start_a is not None and end_b < start_a
    )
