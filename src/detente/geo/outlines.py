"""Outlines on the ground, pair by pair: do they meet, where, and how far apart are they?

Polygon against polygon in the plane of a nearby tile, edges being cut where they would bend by
more than 1 mm; polygon against circle in the plane centred at the circle, where the nearest point
is exactly the nearest; circle against circle by the geodesic between the centres.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from detente.geo import _flat, projection
from detente.geo.prepared import Bools, Ints, Prepared, Shapes, tile_centre
from detente.geo.projection import Floats
from detente.geo.volume import Circle, Polygon

# Two outlines meet when no more than this lies between them. All steps together err by less than
# 3 mm, so a gap of a centimetre is never taken for touching, nor an overlap of one for a gap.
TOUCH_M: Final = 0.005


def outlines_meet(
    left: Prepared, right: Prepared, first: Ints, second: Ints, touch_m: float = TOUCH_M
) -> Bools:
    """Whether the outlines of pairs meet on the ground, pair by pair; time and altitude ignored.

    Most pairs are plainly apart or plainly meet, which is soon seen in a plane near the first; the
    others are looked at exactly. Outlines `touch_m` apart meet.
    """
    return meetings(left, right, first, second, touch_m)[0]


def meetings(
    left: Prepared, right: Prepared, first: Ints, second: Ints, touch_m: float = TOUCH_M
) -> tuple[Bools, Floats]:
    """The same, and a point of both (latitude, longitude) where one is known; NaN elsewhere."""
    seen, places = _glance(left, right, first, second, touch_m)
    meets: Bools = seen == _flat.MEETS
    doubtful = np.flatnonzero(seen == _flat.DOUBT)
    if len(doubtful):
        meets[doubtful] = exactly_meet(left, right, first[doubtful], second[doubtful], touch_m)
    return meets, places


def _glance(
    left: Prepared, right: Prepared, first: Ints, second: Ints, touch_m: float
) -> tuple[Ints, Floats]:
    """What the quick look says of each pair, and common points of polygons that it sees meet."""
    places = np.full((len(first), 2), np.nan)
    seen = _flat.quick_meets(
        left.vertices_m, left.first, left.count, left.radius_m, left.ball_m,
        right.vertices_m, right.first, right.count, right.radius_m,
        first, second, touch_m, places,
    )  # fmt: skip
    return seen, places


def exactly_meet(
    left: Prepared, right: Prepared, first: Ints, second: Ints, touch_m: float = TOUCH_M
) -> Bools:
    """The same, without the quick look."""
    meets = np.zeros(len(first), np.bool_)
    kind = left.is_circle[first].astype(np.int8) + 2 * right.is_circle[second].astype(np.int8)
    both = np.flatnonzero(kind == 0)
    for tile, of_tile in _by_tile(left, right, first[both], second[both]):
        rows = both[of_tile]
        one = left.shapes(tile, first[rows])
        other = right.shapes(tile, second[rows])
        hit = shapely.intersects(one, other)
        rest = np.flatnonzero(~hit)
        hit[rest] = shapely.dwithin(one[rest], other[rest], touch_m)
        meets[rows] = hit
    rows = np.flatnonzero(kind == 1)
    meets[rows] = _circle_gap_m(left, right, first[rows], second[rows])[0] <= touch_m
    rows = np.flatnonzero(kind == 2)
    meets[rows] = _circle_gap_m(right, left, second[rows], first[rows])[0] <= touch_m
    rows = np.flatnonzero(kind == 3)
    meets[rows] = _circles_gap_m(left, right, first[rows], second[rows])[0] <= touch_m
    return meets


def _by_tile(
    left: Prepared, right: Prepared, first: Ints, second: Ints
) -> list[tuple[int, npt.NDArray[np.intp]]]:
    """Group pairs by the tile in whose plane they are compared: that of the wider outline."""
    if len(first) == 0:
        return []
    wider = right.ball_radius_m[second] > np.maximum(left.ball_radius_m[first], 300_000.0)
    tiles = np.where(wider, right.tile[second], left.tile[first])
    if bool((tiles == tiles[0]).all()):
        return [(int(tiles[0]), np.arange(len(tiles)))]
    order = np.argsort(tiles, kind="stable")
    kinds, begin = np.unique(tiles[order], return_index=True)
    return [(int(tile), rows) for tile, rows in zip(kinds, np.split(order, begin[1:]), strict=True)]


def _circles_gap_m(
    one: Prepared, other: Prepared, circle: Ints, circle_2: Ints
) -> tuple[Floats, Floats, Floats]:
    """Gap between circles (negative: overlap), and azimuth and distance of the second centre."""
    i, j = one.first[circle], other.first[circle_2]
    azimuth, distance = projection.inverse(
        one.lat_deg[i], one.lng_deg[i], other.lat_deg[j], other.lng_deg[j]
    )
    return distance - one.radius_m[circle] - other.radius_m[circle_2], azimuth, distance


def _circle_gap_m(
    one: Prepared, other: Prepared, circle: Ints, polygon: Ints
) -> tuple[Floats, Floats, Floats]:
    """Gap between circles and polygons (negative: overlap), and the polygon's nearest point."""
    if len(circle) == 0:
        return np.empty(0), np.empty(0), np.empty(0)
    i = one.first[circle]
    lat, lng = one.lat_deg[i], one.lng_deg[i]
    shapes = other.project_rings(polygon, lat, lng)
    x, y = _line_ends(shapely.shortest_line(shapes, shapely.points(0.0, 0.0)))[0]
    distance = projection.ground_distance_m(lat, np.hypot(x, y))
    near_lat, near_lng = projection.unproject(lat, lng, x, y)
    return distance - one.radius_m[circle], near_lat, near_lng


def _line_ends(lines: Shapes) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    return (ends[:, 0, 0], ends[:, 0, 1]), (ends[:, 1, 0], ends[:, 1, 1])


def meeting_points(
    left: Prepared, right: Prepared, first: Ints, second: Ints, places: Floats | None = None
) -> tuple[Floats, Floats]:
    """A point of both outlines for each pair that is known to meet; `places` of `meetings`."""
    if places is None:
        places = _glance(left, right, first, second, TOUCH_M)[1]
    lat, lng = places[:, 0].copy(), places[:, 1].copy()
    if not np.isnan(lat).any():
        return lat, lng
    kind = left.is_circle[first].astype(np.int8) + 2 * right.is_circle[second].astype(np.int8)
    both = np.flatnonzero((kind == 0) & np.isnan(lat))
    for tile, of_tile in _by_tile(left, right, first[both], second[both]):
        rows = both[of_tile]
        x, y = _common_point(left.shapes(tile, first[rows]), right.shapes(tile, second[rows]))
        lat[rows], lng[rows] = projection.unproject(*tile_centre(tile), x, y)
    rows = np.flatnonzero(kind == 1)
    _, lat[rows], lng[rows] = _circle_gap_m(left, right, first[rows], second[rows])
    rows = np.flatnonzero(kind == 2)
    _, lat[rows], lng[rows] = _circle_gap_m(right, left, second[rows], first[rows])
    rows = np.flatnonzero(kind == 3)
    _, azimuth, distance = _circles_gap_m(left, right, first[rows], second[rows])
    r_1, r_2 = left.radius_m[first[rows]], right.radius_m[second[rows]]
    along = (np.maximum(-r_1, distance - r_2) + np.minimum(r_1, distance + r_2)) / 2
    i = left.first[first[rows]]
    lat[rows], lng[rows] = projection.direct(left.lat_deg[i], left.lng_deg[i], azimuth, along)
    return lat, lng


def _common_point(one: Shapes, other: Shapes) -> tuple[Floats, Floats]:
    common = intersection(one, other)
    points = shapely.point_on_surface(common)
    # Outlines that touch within TOUCH_M have nothing in common: half way between them will do.
    empty = np.flatnonzero(shapely.is_empty(common))
    if len(empty):
        lines = shapely.shortest_line(one[empty], other[empty])
        points[empty] = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    return shapely.get_x(points), shapely.get_y(points)


def intersection(one: Shapes, other: Shapes) -> Shapes:
    """What polygons of one plane have in common, pair by pair."""
    try:
        common: Shapes = shapely.intersection(one, other)
    except shapely.errors.GEOSException:
        # Overlay, unlike the predicates, objects to rings that cross themselves by a hair.
        common = shapely.intersection(shapely.make_valid(one), shapely.make_valid(other))
    return common


def outline_gaps(
    left: Prepared, right: Prepared, first: Ints, second: Ints
) -> tuple[Floats, Floats, Floats]:
    """Gap on the ground in metres (0: they meet) and the point between, pair by pair."""
    gap, lat, lng = np.zeros(len(first)), np.empty(len(first)), np.empty(len(first))
    meets = outlines_meet(left, right, first, second)
    rows = np.flatnonzero(meets)
    lat[rows], lng[rows] = meeting_points(left, right, first[rows], second[rows])
    kind = left.is_circle[first].astype(np.int8) + 2 * right.is_circle[second].astype(np.int8)
    rows = np.flatnonzero(~meets & (kind == 3))
    apart, azimuth, _ = _circles_gap_m(left, right, first[rows], second[rows])
    gap[rows] = apart
    i = left.first[first[rows]]
    lat[rows], lng[rows] = projection.direct(
        left.lat_deg[i], left.lng_deg[i], azimuth, left.radius_m[first[rows]] + apart / 2
    )
    for code, one, other, circle, polygon in (
        (1, left, right, first, second),
        (2, right, left, second, first),
    ):
        rows = np.flatnonzero(~meets & (kind == code))
        gap[rows], near_lat, near_lng = _circle_gap_m(one, other, circle[rows], polygon[rows])
        i = one.first[circle[rows]]
        azimuth, _ = projection.inverse(one.lat_deg[i], one.lng_deg[i], near_lat, near_lng)
        along = one.radius_m[circle[rows]] + gap[rows] / 2
        lat[rows], lng[rows] = projection.direct(one.lat_deg[i], one.lng_deg[i], azimuth, along)
    rows = np.flatnonzero(~meets & (kind == 0))
    if len(rows):
        gap[rows], lat[rows], lng[rows] = _polygon_gaps(left, right, first[rows], second[rows])
    return gap, lat, lng


def _polygon_gaps(
    left: Prepared, right: Prepared, first: Ints, second: Ints
) -> tuple[Floats, Floats, Floats]:
    lat, lng = projection.surface_point((left.ball_m[first] + right.ball_m[second]) / 2)
    best = np.full(len(first), np.inf)
    best_lat, best_lng = lat.copy(), lng.copy()
    for _ in range(3):
        one = left.project_rings(first, lat, lng)
        other = right.project_rings(second, lat, lng)
        (x_1, y_1), (x_2, y_2) = _line_ends(shapely.shortest_line(one, other))
        lat_1, lng_1 = projection.unproject(lat, lng, x_1, y_1)
        lat_2, lng_2 = projection.unproject(lat, lng, x_2, y_2)
        azimuth, gap = projection.inverse(lat_1, lng_1, lat_2, lng_2)
        lat, lng = projection.direct(lat_1, lng_1, azimuth, gap / 2)
        better = gap < best
        best = np.where(better, gap, best)
        best_lat, best_lng = np.where(better, lat, best_lat), np.where(better, lng, best_lng)
    return best, best_lat, best_lng


def circle_polygon(circle: Circle, sides: int) -> Polygon:
    """An inscribed polygon with its vertices on the circle: a drawing of it, not a bound."""
    azimuth = np.linspace(0.0, 360.0, sides, endpoint=False)
    lat, lng = projection.direct(
        np.full(sides, circle.lat_deg),
        np.full(sides, circle.lng_deg),
        azimuth,
        np.full(sides, circle.radius_m),
    )
    return Polygon(tuple(zip(lat.tolist(), lng.tolist(), strict=True)))
