"""The shortest path past shapes of a plane, leaving a line and joining it again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
import shapely.ops

from detente.geo import shortest_way

Floats: TypeAlias = npt.NDArray[np.float64]

STRAIGHT_DEG: Final = 10.0
"""A detour may begin before the last turn of less than this, all of them together."""
LEAVES: Final = 12
"""Places, on either side, at which a detour may leave or join the track."""
CORNERS: Final = 160
"""Of what a path is looked for around; with more of them, it is drawn more coarsely."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A detour from a line.

    Attributes:
        leave, join: where, along the line.
        places: its corners (n, 2), both ends among them.
        extra_m: how much longer it is than the line between its ends.
    """

    leave: float
    join: float
    places: Floats
    extra_m: float


def blocked(line: Any, length: float, shape: Any) -> list[tuple[float, float]]:
    """From where to where, along the line, it runs through the shape."""
    cut = shapely.intersection(line, shape)
    spans: list[list[float]] = []
    for part in shapely.get_parts(cut):
        if shapely.length(part) < 1e-6:
            continue
        ends = shapely.line_locate_point(
            line, shapely.points(shapely.get_coordinates(part)[[0, -1]])
        )
        spans.append(sorted(ends.tolist()))
    spans.sort()
    merged: list[tuple[float, float]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1] + 1e-3:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, min(end, length)))
    return merged


def straight(xy: Floats, along: Floats, at: float, to: float) -> Floats:
    """Places on the way from `at` towards `to`, as far as the track hardly turns."""
    sign = 1.0 if to > at else -1.0
    inner = np.flatnonzero((along > min(at, to)) & (along < max(at, to)))
    if sign < 0:
        inner = inner[::-1]
    turned = 0.0
    for k in inner.tolist():
        if 0 < k < len(xy) - 1:
            before, after = xy[k] - xy[k - 1], xy[k + 1] - xy[k]
            turned += abs(
                math.degrees(
                    math.atan2(before[0] * after[1] - before[1] * after[0], float(before @ after))
                )
            )
        if turned > STRAIGHT_DEG:
            to = float(along[k])
            break
    part = np.linspace(0.0, 1.0, LEAVES) ** 2
    # not on the border itself: rounding would put it inside
    start = at + sign * min(1e-3, abs(to - at))
    places: Floats = start + (to - start) * part
    return np.unique(places)


def shortest(line: Any, shape: Any, leave: Floats, join: Floats) -> Piece | None:
    """The path around with the least extra distance."""
    parts = shapely.get_parts(shape)
    piece = shapely.ops.substring(line, float(leave[0]), float(join[-1]))
    used = shapely.intersects(parts, piece)
    while True:
        found = _path(line, parts[used], leave, join)
        if found is None:
            return None
        # what else the path runs through counts from now on
        met = ~used & shapely.intersects(parts, shapely.linestrings(found.places))
        if not met.any():
            return found
        used |= met


def _path(line: Any, parts: Any, leave: Floats, join: Floats) -> Piece | None:
    begins = shapely.get_coordinates(shapely.line_interpolate_point(line, leave))
    ends = shapely.get_coordinates(shapely.line_interpolate_point(line, join))
    # corners are outside, if by a millimetre only: whatever runs through a shape meets its walls
    solid = shapely.get_exterior_ring(
        shapely.get_parts(shapely.buffer(parts, -1e-3, join_style="mitre"))
    )
    xy, owner = shapely.get_coordinates(solid, return_index=True)
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    walls = np.concatenate((xy[inner], xy[inner + 1]), axis=1)
    # what it costs: the path instead of the track between the two places
    way = shortest_way(begins, leave, ends, join, _convex_corners(parts), walls)
    if way is None:
        return None
    return Piece(float(leave[way.begin]), float(join[way.end]), way.places, way.cost)


def _convex_corners(parts: Any) -> Floats:
    """The corners that a shortest path may turn at; few enough, and never inside."""
    tolerance = 0.0
    while True:
        drawn = parts
        if tolerance:
            wider = shapely.simplify(parts, tolerance)
            drawn = shapely.buffer(wider, tolerance, join_style="mitre")
        corners = []
        for ring in shapely.get_exterior_ring(drawn):
            xy = shapely.get_coordinates(ring)[:-1]
            if not shapely.is_ccw(ring):
                xy = xy[::-1]
            came, goes = xy - np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0) - xy
            corners.append(xy[came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0] > 0])
        found: Floats = np.concatenate(corners) if corners else np.empty((0, 2))
        if len(found) <= CORNERS:
            return found
        tolerance = max(2 * tolerance, float(np.sqrt(shapely.area(parts).max())) * 1e-3)
