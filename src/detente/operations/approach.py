"""The closest approach of two tracks: when, and how far apart then.

Distances are measured in units of what counts as close (`Closeness`), H on the ground and V in
altitude. The closest moment is the one at which sqrt((h/H)² + (v/V)²) is least - among the moments
at which both are
below 1, if there are any: then the aircraft are close, and no wider moment can hide it.

Both tracks are followed in straight lines at constant speed between their points. Between points of
either track h² and v² are quadratics in time, so the moments at which both are below 1 form one
span and the least in it is found exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from detente.geo import projection
from detente.operations.flights import Floats, Ints, Track

# Straight lines are drawn through the Earth between points; longer steps are cut, as they would
# dip.
STEP_M: Final = 20_000.0
# Exactly one level apart is not closer than a level, whatever the last digit of a float says.
_JUST_BELOW: Final = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Closeness:
    """Two aircraft are close when both separations are smaller than these at one moment."""

    horizontal_m: float = 3704.0
    vertical_m: float = 304.8


@dataclass(frozen=True, slots=True)
class Approach:
    """Two aircraft at their closest.

    Attributes:
        time_us: when, µs since 1970 UTC.
        horizontal_m, vertical_m: how far apart then: along the ground, and in altitude.
        ratio: sqrt((h/H)² + (v/V)²) in units of `Closeness`; for ordering.
        is_close: whether at one moment both separations were below what counts as close.
        lat_deg, lng_deg, altitude_m: half way between them.
    """

    time_us: int
    horizontal_m: float
    vertical_m: float
    ratio: float
    is_close: bool
    lat_deg: float
    lng_deg: float
    altitude_m: float


def closest_approach(a: Track, b: Track, closeness: Closeness) -> Approach | None:
    """Where two tracks come closest to each other; None if they never fly at the same time."""
    start = max(int(a.time_us[0]), int(b.time_us[0]))
    end = min(int(a.time_us[-1]), int(b.time_us[-1]))
    if start > end:
        return None
    inside = (t[(t > start) & (t < end)] for t in (a.time_us, b.time_us))
    grid: Ints = np.unique(np.concatenate((*inside, np.array([start, end]))))
    if len(grid) == 1:
        grid = np.repeat(grid, 2)
    grid = _cut_long_steps(grid, a, b)
    lat_a, lng_a, alt_a = position_at(a, grid)
    lat_b, lng_b, alt_b = position_at(b, grid)
    apart = projection.ecef(lat_a, lng_a) - projection.ecef(lat_b, lng_b)
    fraction, interval, is_close = _least(
        apart / closeness.horizontal_m, (alt_a - alt_b) / closeness.vertical_m
    )
    span = int(grid[interval + 1]) - int(grid[interval])
    moment = int(grid[interval]) + round(span * fraction)
    at = np.array([moment])
    lat_1, lng_1, alt_1 = position_at(a, at)
    lat_2, lng_2, alt_2 = position_at(b, at)
    azimuth, distance = projection.inverse(lat_1, lng_1, lat_2, lng_2)
    lat, lng = projection.direct(lat_1, lng_1, azimuth, distance / 2)
    horizontal, vertical = float(distance[0]), abs(float(alt_1[0] - alt_2[0]))
    return Approach(
        moment,
        horizontal,
        vertical,
        float(np.hypot(horizontal / closeness.horizontal_m, vertical / closeness.vertical_m)),
        is_close,
        float(lat[0]),
        float(lng[0]),
        float(alt_1[0] + alt_2[0]) / 2,
    )


def position_at(track: Track, time_us: Ints) -> tuple[Floats, Floats, Floats]:
    """Latitude, longitude (degrees) and altitude (m) along the geodesics between a track's points.

    Times before the first or after the last point give that point.
    """
    last = len(track) - 1
    before = np.clip(np.searchsorted(track.time_us, time_us, side="right") - 1, 0, max(last - 1, 0))
    after = np.minimum(before + 1, last)
    span = np.maximum(track.time_us[after] - track.time_us[before], 1)
    part: Floats = np.clip((time_us - track.time_us[before]) / span, 0.0, 1.0)
    azimuth, distance = projection.inverse(
        track.lat_deg[before], track.lng_deg[before], track.lat_deg[after], track.lng_deg[after]
    )
    lat, lng = projection.direct(
        track.lat_deg[before], track.lng_deg[before], azimuth, distance * part
    )
    climb = track.altitude_m[after] - track.altitude_m[before]
    return lat, lng, track.altitude_m[before] + climb * part


def _cut_long_steps(grid: Ints, a: Track, b: Track) -> Ints:
    count = np.ones(len(grid) - 1, np.int64)
    for track in (a, b):
        lat, lng, _ = position_at(track, grid)
        moved = np.linalg.norm(np.diff(projection.ecef(lat, lng), axis=0), axis=1)
        count = np.maximum(count, np.ceil(moved / STEP_M).astype(np.int64))
    if bool((count == 1).all()):
        return grid
    edge = np.repeat(np.arange(len(count)), count)
    part = (np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)) / count[edge]
    passed = np.rint(np.diff(grid)[edge] * part).astype(np.int64)
    return cast(Ints, np.append(grid[edge] + passed, grid[-1]))


def _least(apart: Floats, height: Floats) -> tuple[float, int, bool]:
    """The closest moment: the part of the interval that is passed, which interval, and if close.

    `apart` has shape (n, 3), `height` (n,), in units of what is close; linear between their rows.
    """
    p, d = apart[:-1], np.diff(apart, axis=0)
    h, g = height[:-1], np.diff(height)
    dd = np.einsum("ij,ij->i", d, d)
    pd = np.einsum("ij,ij->i", p, d)
    pp = np.einsum("ij,ij->i", p, p)
    # The span in which |apart| < 1 and |height| < 1, within the interval; empty if low > high.
    low_1, high_1 = _below_one(dd, pd, pp)
    low_2, high_2 = _below_one(g * g, h * g, h * h)
    low = np.maximum(np.maximum(low_1, low_2), 0.0)
    high = np.minimum(np.minimum(high_1, high_2), 1.0)
    close = low <= high
    is_close = bool(close.any())
    if not is_close:
        low, high = np.zeros(len(h)), np.ones(len(h))
    slope = dd + g * g
    best = np.where(slope > 0, -(pd + h * g) / np.where(slope > 0, slope, 1.0), 0.0)
    time = np.minimum(np.maximum(best, low), high)
    square = pp + h * h + time * (2 * (pd + h * g) + time * slope)
    if is_close:
        square = np.where(close, square, np.inf)
    interval = int(np.argmin(square))
    return float(time[interval]), interval, is_close


def _below_one(a: Floats, b: Floats, c: Floats) -> tuple[Floats, Floats]:
    """Where a t² + 2 b t + c < 1, for a >= 0: from and to; (1, 0) if nowhere."""
    c = c - _JUST_BELOW
    discriminant = b * b - a * c
    moving = a > 0
    root = np.sqrt(np.maximum(discriminant, 0.0))
    safe = np.where(moving, a, 1.0)
    low = np.where(moving, (-b - root) / safe, np.where(c <= 0, 0.0, 1.0))
    high = np.where(moving, (-b + root) / safe, np.where(c <= 0, 1.0, 0.0))
    never = moving & (discriminant < 0)
    return np.where(never, 1.0, low), np.where(never, 0.0, high)
