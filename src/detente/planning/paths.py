"""The shortest path past shapes of a plane, leaving a line and joining it again."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
import shapely.ops

Floats: TypeAlias = npt.NDArray[np.float64]

STRAIGHT_DEG: Final = 10.0
"""A detour may begin before the last turn of less than this, all of them together."""
LEAVES: Final = 6
"""Places, on either side, at which a detour may leave or join the track."""
CORNERS: Final = 160
"""Of what a path is looked for around; with more of them, it is drawn more coarsely."""


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


def shortest(
    line: Any, shape: Any, leave: Floats, join: Floats
) -> tuple[float, float, Floats] | None:
    """The path around with the least extra: where it leaves and joins, and its corners."""
    parts = shapely.get_parts(shape)
    piece = shapely.ops.substring(line, float(leave[0]), float(join[-1]))
    used = shapely.intersects(parts, piece)
    while True:
        found = _path(line, parts[used], leave, join)
        if found is None:
            return None
        # what else the path runs through counts from now on
        met = ~used & shapely.intersects(parts, shapely.linestrings(found[2]))
        if not met.any():
            return found
        used |= met


def _path(line: Any, parts: Any, leave: Floats, join: Floats) -> tuple[float, float, Floats] | None:
    shape = shapely.union_all(parts)
    corners = _convex_corners(parts)
    begins = shapely.get_coordinates(shapely.line_interpolate_point(line, leave))
    ends = shapely.get_coordinates(shapely.line_interpolate_point(line, join))
    nodes = np.concatenate((begins, ends, corners))
    first, second = np.triu_indices(len(nodes), 1)
    # nobody flies from one begin to another
    on_line = len(begins) + len(ends)
    useless = (second < len(begins)) | ((first >= len(begins)) & (second < on_line))
    first, second = first[~useless], second[~useless]
    legs = shapely.linestrings(np.stack((nodes[first], nodes[second]), axis=1))
    solid = shapely.buffer(shape, -1e-3, join_style="mitre")
    shapely.prepare(solid)
    free = ~shapely.intersects(solid, legs)
    first, second = first[free], second[free]
    table = np.full((len(nodes), len(nodes)), np.inf)
    length = np.hypot(*(nodes[first] - nodes[second]).T)
    table[first, second] = table[second, first] = length
    best: tuple[float, float, float, Floats] | None = None
    behind = np.arange(len(begins), on_line)
    for k, place in enumerate(leave.tolist()):
        far, via = _distances(table, k)
        # extra distance: the path instead of the track between the two places
        extra = far[behind] - (join - place)
        m = int(np.argmin(extra))
        if math.isfinite(extra[m]) and (best is None or extra[m] < best[0] - 1e-6):
            path = [int(behind[m])]
            while path[-1] != k:
                path.append(int(via[path[-1]]))
            best = (float(extra[m]), place, float(join[m]), nodes[path[::-1]])
    return None if best is None else best[1:]


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


def _distances(table: Floats, start: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Dijkstra: the shortest distance to every node, and the one before it on the way."""
    far = np.full(len(table), np.inf)
    via = np.full(len(table), -1, np.int64)
    done = np.zeros(len(table), np.bool_)
    far[start] = 0.0
    for _ in range(len(table)):
        k = int(np.argmin(np.where(done, np.inf, far)))
        if done[k] or not math.isfinite(far[k]):
            break
        done[k] = True
        through = far[k] + table[k]
        better = through < far
        far[better], via[better] = through[better], k
    return far, via
