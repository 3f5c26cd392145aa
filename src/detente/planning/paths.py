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
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

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


def blocked(line: Any, length: float, parts: Any) -> list[tuple[float, float]]:
    """From where to where, along the line, it runs through the shapes."""
    cut = shapely.intersection(line, parts)
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


class Walled:
    """Shapes of a plane, apart from each other, that a path must keep out of."""

    def __init__(self, parts: Any) -> None:
        """Take polygons without holes."""
        self.parts = shapely.orient_polygons(parts)
        # corners are outside, if by a millimetre only: whatever runs through meets the walls
        solid = shapely.buffer(self.parts, -1e-3, join_style="mitre")
        pieces, part = shapely.get_parts(solid, return_index=True)
        xy, ring = shapely.get_coordinates(shapely.get_exterior_ring(pieces), return_index=True)
        inner = np.flatnonzero(ring[1:] == ring[:-1])
        self._walls: Floats = np.concatenate((xy[inner], xy[inner + 1]), axis=1)
        self._walls_of = part[ring[inner]]
        self._corners = [_convex_corners(self.parts)]

    def shortest(self, line: Any, leave: Floats, join: Floats) -> Piece | None:
        """The path around with the least extra distance.

        Args:
            line: what is left and joined again.
            leave, join: the places along it where that may be.
        """
        piece = shapely.ops.substring(line, float(leave[0]), float(join[-1]))
        used = shapely.intersects(self.parts, piece)
        begins = shapely.get_coordinates(shapely.line_interpolate_point(line, leave))
        ends = shapely.get_coordinates(shapely.line_interpolate_point(line, join))
        while True:
            walls = self._walls[used[self._walls_of]]
            # what it costs: the path instead of the line between the two places
            way = shortest_way(begins, leave, ends, join, *self._turns(used), walls)
            if way is None:
                return None
            # what else the path runs through counts from now on
            met = ~used & shapely.intersects(self.parts, shapely.linestrings(way.places))
            if not met.any():
                return Piece(float(leave[way.begin]), float(join[way.end]), way.places, way.cost)
            used |= met

    def _turns(self, used: Bools) -> tuple[Floats, Floats]:
        """Where a path may turn (few enough places), and their neighbours."""
        coarseness = 0
        while True:
            if coarseness == len(self._corners):
                size = float(np.sqrt(shapely.area(self.parts)).max())
                self._corners.append(_convex_corners(self.parts, size * 1e-3 * 2**coarseness))
            places, beside, of = self._corners[coarseness]
            chosen = used[of]
            if np.count_nonzero(chosen) <= CORNERS:
                return places[chosen], beside[chosen]
            coarseness += 1


def _convex_corners(parts: Any, tolerance: float = 0.0) -> tuple[Floats, Floats, Ints]:
    """The corners that a shortest path may turn at, their neighbours, whose they are.

    With a tolerance there are fewer of them, and they lie about so far outside.
    """
    drawn = parts
    if tolerance:
        drawn = shapely.buffer(shapely.simplify(parts, tolerance), tolerance, join_style="mitre")
        drawn = shapely.orient_polygons(drawn)
    xy, of = shapely.get_coordinates(shapely.get_exterior_ring(drawn), return_index=True)
    # the last point of each ring is its first again
    keep = np.append(of[1:] == of[:-1], False)
    xy, of = xy[keep], of[keep]
    count = np.bincount(of, minlength=len(parts))
    first = np.cumsum(count) - count
    before, after = np.arange(len(xy)) - 1, np.arange(len(xy)) + 1
    full = count > 0
    before[first[full]] = (first + count - 1)[full]
    after[(first + count - 1)[full]] = first[full]
    came, goes = xy - xy[before], xy[after] - xy
    convex = came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0] > 0
    beside = np.concatenate((xy[before], xy[after]), axis=1)
    return xy[convex], beside[convex], of[convex]
