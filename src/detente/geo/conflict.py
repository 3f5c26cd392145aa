"""Exact conflicts between lists of volumes: which pairs meet, where, when, at which altitudes.

Volumes are closed sets: those that only touch are in conflict. Altitudes and times are compared as
given. Outlines are compared to the precision that F3548-21 asks for (GEN0500, 1 cm): those that
overlap by a centimetre are always found, those a centimetre apart never are.

How: most pairs are sorted out by time, altitude and balls around the outlines, in columns. What is
left is decided on the ground, exactly (`outlines`). Outlines reaching more than 5,000 km from their
middle raise `OutlineTooLarge`, and so may a pair of which both reach more than 2,000 km.

Gaps (`Encounter.horizontal_m`, `separation`) are geodesics between the nearest points, found by
moving the plane between them: good to 1 cm up to 10 km, to 0.02 % beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely

from detente.geo import projection
from detente.geo.outlines import (
    TOUCH_M,
    circle_polygon,
    intersection,
    meeting_points,
    meetings,
    outline_gaps,
    outlines_meet,
)
from detente.geo.prepared import (
    FOR_EVER_US,
    SINCE_EVER_US,
    Bools,
    Ints,
    Prepared,
    prepare,
    ragged,
    tile_centre,
)
from detente.geo.projection import Floats
from detente.geo.volume import Polygon, Volume4D

Volumes: TypeAlias = Sequence[Volume4D] | Prepared

# Comparisons made at once: columns of this many pairs stay in the processor's cache.
CHUNK: Final = 1 << 16
CIRCLE_SIDES: Final = 72


@dataclass(frozen=True, slots=True)
class Encounter:
    """Two volumes and what is between them.

    Attributes:
        first, second: the volumes' positions in the two lists.
        time_start_us, time_end_us: the time they share, µs since 1970 UTC; None where it is open.
            When they share none, the gap from the end of the earlier to the start of the later.
        altitude_lower_m, altitude_upper_m: the altitudes they share, metres W84; None where open.
            When they share none, the gap between the two.
        lat_deg, lng_deg: a point of both outlines, or half way between their nearest points.
        horizontal_m, vertical_m, time_gap_s: what separates them; 0 where they overlap.
    """

    first: int
    second: int
    time_start_us: int | None
    time_end_us: int | None
    altitude_lower_m: float | None
    altitude_upper_m: float | None
    lat_deg: float
    lng_deg: float
    horizontal_m: float
    vertical_m: float
    time_gap_s: float

    @property
    def is_conflict(self) -> bool:
        """Whether the volumes meet in all four dimensions."""
        return self.horizontal_m == 0 and self.vertical_m == 0 and self.time_gap_s == 0


@dataclass(frozen=True, slots=True)
class Separation:
    """The smallest gap in each dimension among the pairs that overlap in the other two."""

    horizontal: Encounter | None
    vertical: Encounter | None
    time: Encounter | None


def conflicts(a: Volumes, b: Volumes) -> list[Encounter]:
    """Every pair of volumes, one of `a` and one of `b`, that meets in four dimensions.

    Args:
        a, b: valid volumes, or what `prepare` made of them when they are used more than once.

    Returns:
        One encounter a pair, ordered by the positions in `a` and then in `b`.

    Raises:
        OutlineTooLarge: when outlines reach too far (see above).
    """
    left, right = prepare(a), prepare(b)
    first, second, places = _met(left, right)
    lat, lng = meeting_points(left, right, first, second, places)
    return _encounters(left, right, first, second, lat, lng, np.zeros(len(first)))


def conflicting_pairs(a: Volumes, b: Volumes) -> tuple[Ints, Ints]:
    """The positions of the pairs that `conflicts` would tell about, as two arrays, ordered."""
    return _met(prepare(a), prepare(b))[:2]


def _met(left: Prepared, right: Prepared) -> tuple[Ints, Ints, Floats]:
    """Pairs that meet, in order, and common points where they are known already."""
    first, second = candidate_pairs(left, right)
    meets, places = meetings(left, right, first, second)
    first, second, places = first[meets], second[meets], places[meets]
    order = np.argsort(first * len(right) + second, kind="stable")
    return first[order], second[order], places[order]


def candidate_pairs(
    left: Prepared, right: Prepared, *, time: bool = True, altitude: bool = True, place: bool = True
) -> tuple[Ints, Ints]:
    """Pairs that share time and altitude and whose balls meet: a superset of the conflicts."""
    if len(left) > len(right):
        second, first = candidate_pairs(right, left, time=time, altitude=altitude, place=place)
        return first, second
    if len(left) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    found: list[tuple[Ints, Ints]] = []
    if time and len(left) * len(right) > 4_000_000:
        blocks = _blocks_by_time(left, right)
        for first, second in blocks:
            keep = np.ones(len(first), np.bool_)
            if altitude:
                keep &= left.altitude_lower_m[first] <= right.altitude_upper_m[second]
                keep &= left.altitude_upper_m[first] >= right.altitude_lower_m[second]
            found.append((first[keep], second[keep]))
    else:
        rows = max(1, CHUNK // len(right))
        for start in range(0, len(left), rows):
            part = slice(start, start + rows)
            mask = np.ones((len(left.radius_m[part]), len(right)), np.bool_)
            if time:
                mask &= left.time_start_us[part, None] <= right.time_end_us
                mask &= left.time_end_us[part, None] >= right.time_start_us
            if altitude:
                mask &= left.altitude_lower_m[part, None] <= right.altitude_upper_m
                mask &= left.altitude_upper_m[part, None] >= right.altitude_lower_m
            first, second = np.nonzero(mask)
            found.append((first + start, second))
    pairs = (
        [(f[keep], s[keep]) for f, s in found for keep in [_balls_meet(left, right, f, s)]]
        if (place)
        else found
    )
    return np.concatenate([f for f, _ in pairs]), np.concatenate([s for _, s in pairs])


def _blocks_by_time(left: Prepared, right: Prepared) -> list[tuple[Ints, Ints]]:
    """All pairs that overlap in time. Of two that do, one starts while the other lasts."""
    blocks: list[tuple[Ints, Ints]] = []
    for a, b, side, swap in ((left, right, "left", False), (right, left, "right", True)):
        order = b.time_order
        starts = b.time_start_us[order]
        begin = np.searchsorted(starts, a.time_start_us, side="left" if side == "left" else "right")
        end = np.searchsorted(starts, a.time_end_us, side="right")
        count = np.maximum(end - begin, 0)
        bounds = np.searchsorted(np.cumsum(count), np.arange(CHUNK * 8, count.sum(), CHUNK * 8))
        for some in np.split(np.arange(len(a)), np.unique(bounds) + 1):
            one = np.repeat(some, count[some])
            other = order[ragged(begin[some], count[some])]
            blocks.append((other, one) if swap else (one, other))
    return blocks


def _ball_gap_m(left: Prepared, right: Prepared, first: Ints, second: Ints) -> Floats:
    apart = left.ball_m[first] - right.ball_m[second]
    distance = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    gap: Floats = distance - left.ball_radius_m[first] - right.ball_radius_m[second]
    return gap


def _balls_meet(left: Prepared, right: Prepared, first: Ints, second: Ints) -> Bools:
    meets: Bools = _ball_gap_m(left, right, first, second) <= TOUCH_M
    return meets


def _encounters(
    left: Prepared,
    right: Prepared,
    first: Ints,
    second: Ints,
    lat_deg: Floats,
    lng_deg: Floats,
    horizontal_m: Floats,
) -> list[Encounter]:
    start = np.maximum(left.time_start_us[first], right.time_start_us[second])
    end = np.minimum(left.time_end_us[first], right.time_end_us[second])
    lower = np.maximum(left.altitude_lower_m[first], right.altitude_lower_m[second])
    upper = np.minimum(left.altitude_upper_m[first], right.altitude_upper_m[second])
    # min and max swap roles across a gap: the gap goes from the earlier end to the later start.
    time_gap_s = np.where(start > end, (start - np.minimum(start, end)) / 1e6, 0.0)
    vertical_m = np.maximum(lower - upper, 0.0)
    columns = zip(
        first.tolist(),
        second.tolist(),
        np.minimum(start, end).tolist(),
        np.maximum(start, end).tolist(),
        np.minimum(lower, upper).tolist(),
        np.maximum(lower, upper).tolist(),
        lat_deg.tolist(),
        lng_deg.tolist(),
        horizontal_m.tolist(),
        vertical_m.tolist(),
        time_gap_s.tolist(),
        strict=True,
    )
    return [
        Encounter(
            i,
            j,
            None if begin == SINCE_EVER_US else begin,
            None if finish == FOR_EVER_US else finish,
            None if low == -np.inf else low,
            None if high == np.inf else high,
            lat,
            lng,
            gap,
            climb,
            wait,
        )
        for i, j, begin, finish, low, high, lat, lng, gap, climb, wait in columns
    ]


def separation(a: Volumes, b: Volumes) -> Separation | None:
    """The smallest separations of two lists of volumes, dimension by dimension.

    `horizontal` is the smallest gap on the ground among the pairs that overlap in time and
    altitude; `vertical` the smallest among those that overlap in time and on the ground; `time`
    the smallest among those that overlap on the ground and in altitude. A gap of 0 is a conflict.
    None where no pair overlaps in the other two dimensions; None altogether if that is so for all
    three.

    Raises:
        OutlineTooLarge: when outlines reach too far (see above).
    """
    left, right = prepare(a), prepare(b)
    found = Separation(
        _least_horizontal(left, right),
        _least(left, right, *candidate_pairs(left, right, altitude=False), _vertical_gap_m),
        _least(left, right, *candidate_pairs(left, right, time=False), _time_gap_us),
    )
    if found.horizontal is None and found.vertical is None and found.time is None:
        return None
    return found


def _vertical_gap_m(left: Prepared, right: Prepared, first: Ints, second: Ints) -> Floats:
    lower = np.maximum(left.altitude_lower_m[first], right.altitude_lower_m[second])
    upper = np.minimum(left.altitude_upper_m[first], right.altitude_upper_m[second])
    gap: Floats = np.maximum(lower - upper, 0.0)
    return gap


def _time_gap_us(left: Prepared, right: Prepared, first: Ints, second: Ints) -> Floats:
    start = np.maximum(left.time_start_us[first], right.time_start_us[second])
    end = np.minimum(left.time_end_us[first], right.time_end_us[second])
    return np.where(start > end, (start - np.minimum(start, end)).astype(np.float64), 0.0)


def _least(
    left: Prepared,
    right: Prepared,
    first: Ints,
    second: Ints,
    gap_of: Callable[[Prepared, Prepared, Ints, Ints], Floats],
) -> Encounter | None:
    """The pair with the smallest gap among those whose outlines meet, trying the nearest first."""
    order = np.argsort(gap_of(left, right, first, second), kind="stable")
    size = 64
    start = 0
    while start < len(order):
        some = order[start : start + size]
        meets = np.flatnonzero(outlines_meet(left, right, first[some], second[some]))
        if len(meets):
            one = some[meets[:1]]
            lat, lng = meeting_points(left, right, first[one], second[one])
            return _encounters(left, right, first[one], second[one], lat, lng, np.zeros(1))[0]
        start += size
        size *= 4
    return None


def _least_horizontal(left: Prepared, right: Prepared) -> Encounter | None:
    first, second = candidate_pairs(left, right, place=False)
    if len(first) == 0:
        return None
    at_least = _ball_gap_m(left, right, first, second)
    order = np.argsort(at_least, kind="stable")
    best: tuple[float, int, float, float] | None = None
    start, size = 0, 16
    while start < len(order):
        some = order[start : start + size]
        # A ball's gap is a chord, never longer than the geodesic: a safe bound.
        if best is not None and at_least[some[0]] > best[0]:
            break
        gap, lat, lng = outline_gaps(left, right, first[some], second[some])
        k = int(np.argmin(gap))
        if best is None or gap[k] < best[0]:
            best = (float(gap[k]), int(some[k]), float(lat[k]), float(lng[k]))
        if best[0] == 0:
            break
        start += size
        size = min(size * 4, 4096)
    if best is None:
        return None
    one = np.array([best[1]])
    return _encounters(
        left,
        right,
        first[one],
        second[one],
        np.array([best[2]]),
        np.array([best[3]]),
        np.array([best[0]]),
    )[0]


def intersection_outline(a: Volume4D, b: Volume4D) -> Polygon | None:
    """The outline that two volumes share on the ground, for drawing; None if they share no area.

    Circles are drawn with 72 sides. When there are several parts, the largest is given.
    """
    drawn = prepare([_as_polygon(a), _as_polygon(b)])
    tile = int(drawn.tile[int(np.argmax(drawn.ball_radius_m))])
    one, other = drawn.shapes(tile, np.array([0, 1]))
    common = intersection(np.array([one]), np.array([other]))
    parts = shapely.get_parts(common)
    parts = parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0)]
    if len(parts) == 0:
        return None
    ring = shapely.get_exterior_ring(parts[int(np.argmax(shapely.area(parts)))])
    xy = shapely.get_coordinates(ring)[:-1]
    lat, lng = projection.unproject(*tile_centre(tile), xy[:, 0].copy(), xy[:, 1].copy())
    return Polygon(tuple(zip(lat.tolist(), lng.tolist(), strict=True)))


def _as_polygon(volume: Volume4D) -> Volume4D:
    outline = volume.outline
    if isinstance(outline, Polygon):
        return Volume4D(outline)
    return Volume4D(circle_polygon(outline, CIRCLE_SIDES))
