"""Outlines of volumes, each in a plane of its own, and whether a place is inside.

The plane touches the ellipsoid in the outline's middle; places go there in a straight line from
the Earth's centre, which makes planes through that centre straight. A geodesic of length L leaves
such a plane by less than 1e-10 L² (metres): edges are cut to pieces of `PIECE_M`, so by 2.5 mm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from detente.geo import Prepared, Volume4D, kernel, prepare, projection
from detente.kernels._columns import F64, I64, U8
from detente.kernels._earth import A_M, E2, arc_m, geodesic_m

PIECE_M = 5_000.0
TOUCH_M = 0.005
"""What is nearer than this is inside, as for `detente.geo.conflicts`."""
_SURE = 0.97
"""A ball with this part of the radius that an outline has in its plane is inside of it."""
_FLAT_M = 500_000.0


class Outlines(NamedTuple):
    """Columns of volumes.

    Attributes:
        start_us, end_us: int64. lower_m, upper_m: float64, infinite if open.
        radius_m: float64, of circles; 0 for polygons.
        lat_deg, lng_deg: float64, the middle; middle: float64[n, 3], the same, Earth-centred.
        frame: float64[n, 3, 3]: east, north, up there.
        reach_m: float64, a ball around the middle with so large a radius holds the outline; one
            with `sure_m` lies within it.
        first: int64[n + 1], where each polygon's vertices begin; xy: float64[m, 2], in its plane.
        inner: uint8[n], whether the middle is inside.
    """

    start_us: I64
    end_us: I64
    lower_m: F64
    upper_m: F64
    radius_m: F64
    lat_deg: F64
    lng_deg: F64
    middle: F64
    frame: F64
    reach_m: F64
    sure_m: F64
    first: I64
    xy: F64
    inner: U8


def outlines_of(volumes: Sequence[Volume4D]) -> Outlines:
    """Lay volumes out.

    Raises:
        OutlineTooLarge: as `detente.geo.prepare`.
    """
    given = prepare(volumes)
    n = len(given)
    middle = _on_ellipsoid(given.ball_m)
    frame = _frames(middle)
    owner, place = _ring_places(given)
    xy = _in_plane(middle, frame, owner, place)
    first = np.searchsorted(owner, np.arange(n + 1)).astype(np.int64)
    reach = given.radius_m + TOUCH_M
    away = np.sqrt(((place - middle[owner]) ** 2).sum(axis=1))
    np.maximum.at(reach, owner, away + 1.0)
    lat, lng = _surface(middle)
    circles = np.flatnonzero(given.is_circle)
    lat[circles] = given.lat_deg[given.first[circles]]
    lng[circles] = given.lng_deg[given.first[circles]]
    found = Outlines(
        given.time_start_us, given.time_end_us, given.altitude_lower_m, given.altitude_upper_m,
        given.radius_m, lat, lng, middle, frame, reach, np.zeros(n), first, xy,
        np.zeros(n, np.uint8),
    )  # fmt: skip
    _measure(found)
    return found


def _on_ellipsoid(xyz: F64) -> F64:
    """Earth-centred points moved to the ellipsoid, straight from or to the Earth's centre."""
    squares = xyz[:, 0] ** 2 + xyz[:, 1] ** 2 + xyz[:, 2] ** 2 / (1.0 - E2)
    scale: F64 = A_M / np.sqrt(np.maximum(squares, 1.0))
    return xyz * scale[:, None]


def _surface(xyz: F64) -> tuple[F64, F64]:
    lat = np.degrees(np.arctan2(xyz[:, 2] / (1.0 - E2), np.hypot(xyz[:, 0], xyz[:, 1])))
    return lat, np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0]))


def _frames(middle: F64) -> F64:
    """East, north and up."""
    up = middle / (1.0, 1.0, 1.0 - E2)
    up /= np.linalg.norm(up, axis=1)[:, None]
    flat = np.hypot(up[:, 0], up[:, 1])
    polar = flat < 1e-12
    flat[polar] = 1.0
    zero = np.zeros(len(up))
    east = np.stack(
        (np.where(polar, 0.0, -up[:, 1] / flat), np.where(polar, 1.0, up[:, 0] / flat), zero), 1
    )
    return np.ascontiguousarray(np.stack((east, np.cross(up, east), up), axis=1))


def _ring_places(given: Prepared) -> tuple[I64, F64]:
    """Whose each vertex of a polygon is, edges cut to pieces, and where: Earth-centred."""
    polygons = np.flatnonzero(~given.is_circle)
    if len(polygons) == 0:
        return np.empty(0, np.int64), np.empty((0, 3))
    count = given.count[polygons]
    begins = np.cumsum(count) - count
    vertex = np.arange(int(count.sum()))
    owner = np.repeat(polygons, count)
    at = vertex - np.repeat(begins, count) + np.repeat(given.first[polygons], count)
    lat, lng = given.lat_deg[at], given.lng_deg[at]
    following = vertex + 1
    following[begins + count - 1] = begins
    azimuth, length = projection.inverse(lat, lng, lat[following], lng[following])
    pieces = np.maximum(np.ceil(length / PIECE_M), 1).astype(np.int64)
    edge = np.repeat(vertex, pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = length[edge] * step / pieces[edge]
    cut_lat, cut_lng = projection.direct(lat[edge], lng[edge], azimuth[edge], along)
    original = step == 0
    cut_lat[original], cut_lng[original] = lat, lng
    return owner[edge], projection.ecef(cut_lat, cut_lng)


def _in_plane(middle: F64, frame: F64, owner: I64, place: F64) -> F64:
    """Places in the planes of their owners."""
    own = frame[owner]
    centre = middle[owner]
    height = np.einsum("ij,ij->i", own[:, 2], centre)
    scale = height / np.einsum("ij,ij->i", own[:, 2], place)
    off = place * scale[:, None] - centre
    return cast(F64, np.ascontiguousarray(np.einsum("ikj,ij->ik", own[:, :2], off)))


@kernel
def _measure(o: Outlines) -> None:
    """Fill in `inner` and `sure_m`."""
    for v in range(o.radius_m.shape[0]):
        if o.radius_m[v] > 0.0:
            o.inner[v] = 1
            continue
        inside, square, _, _ = to_ring(o, v, 0.0, 0.0)
        o.inner[v] = inside
        if inside and square < _FLAT_M * _FLAT_M:
            o.sure_m[v] = _SURE * math.sqrt(square)


@kernel
def to_plane(o: Outlines, v: int, px: float, py: float, pz: float) -> tuple[float, float, bool]:
    """A place in the plane of an outline; false if it is not on this side of the Earth."""
    ux, uy, uz = o.frame[v, 2, 0], o.frame[v, 2, 1], o.frame[v, 2, 2]
    cx, cy, cz = o.middle[v, 0], o.middle[v, 1], o.middle[v, 2]
    up = ux * px + uy * py + uz * pz
    if up < 0.05 * A_M:
        return 0.0, 0.0, False
    scale = (ux * cx + uy * cy + uz * cz) / up
    dx, dy, dz = px * scale - cx, py * scale - cy, pz * scale - cz
    x = o.frame[v, 0, 0] * dx + o.frame[v, 0, 1] * dy + o.frame[v, 0, 2] * dz
    y = o.frame[v, 1, 0] * dx + o.frame[v, 1, 1] * dy + o.frame[v, 1, 2] * dz
    return x, y, True


@kernel
def from_plane(o: Outlines, v: int, x: float, y: float) -> tuple[float, float, float]:
    """The place, Earth-centred, that a point of an outline's plane stands for."""
    px = o.middle[v, 0] + x * o.frame[v, 0, 0] + y * o.frame[v, 1, 0]
    py = o.middle[v, 1] + x * o.frame[v, 0, 1] + y * o.frame[v, 1, 1]
    pz = o.middle[v, 2] + x * o.frame[v, 0, 2] + y * o.frame[v, 1, 2]
    scale = A_M / math.sqrt(px * px + py * py + pz * pz / (1.0 - E2))
    return px * scale, py * scale, pz * scale


@kernel
def to_ring(o: Outlines, v: int, x: float, y: float) -> tuple[bool, float, float, float]:
    """Whether a point of its plane is inside a polygon, the square of its distance, the foot."""
    inside = False
    best = math.inf
    foot_x = foot_y = 0.0
    last = o.first[v + 1] - 1
    ax, ay = o.xy[last, 0] - x, o.xy[last, 1] - y
    for i in range(o.first[v], last + 1):
        bx, by = o.xy[i, 0] - x, o.xy[i, 1] - y
        ex, ey = bx - ax, by - ay
        square = ex * ex + ey * ey
        t = 0.0
        if square > 0.0:
            t = min(1.0, max(0.0, -(ax * ex + ay * ey) / square))
        fx, fy = ax + t * ex, ay + t * ey
        away = fx * fx + fy * fy
        if away < best:
            best, foot_x, foot_y = away, fx, fy
        if (ay > 0.0) != (by > 0.0) and (ax * by - bx * ay > 0.0) == (by > ay):
            inside = not inside
        ax, ay = bx, by
    return inside, best, x + foot_x, y + foot_y


@kernel
def holds(o: Outlines, v: int, lat: float, lng: float, px: float, py: float, pz: float) -> bool:
    """Whether a place is within an outline or touches it."""
    dx, dy, dz = px - o.middle[v, 0], py - o.middle[v, 1], pz - o.middle[v, 2]
    square = dx * dx + dy * dy + dz * dz
    if square > o.reach_m[v] * o.reach_m[v]:
        return False
    if o.radius_m[v] > 0.0:
        return geodesic_m(lat, lng, o.lat_deg[v], o.lng_deg[v]) <= o.radius_m[v] + TOUCH_M
    if square < o.sure_m[v] * o.sure_m[v]:
        return True
    x, y, here = to_plane(o, v, px, py, pz)
    if not here:
        return False
    inside, away, _, _ = to_ring(o, v, x, y)
    return inside or away <= TOUCH_M * TOUCH_M


@kernel
def signed_m(o: Outlines, v: int, lat: float, lng: float, px: float, py: float, pz: float) -> float:
    """Geodesic to an outline, metres: positive inside."""
    if o.radius_m[v] > 0.0:
        return o.radius_m[v] - geodesic_m(lat, lng, o.lat_deg[v], o.lng_deg[v])
    x, y, here = to_plane(o, v, px, py, pz)
    if not here:
        return -math.inf
    inside, _, foot_x, foot_y = to_ring(o, v, x, y)
    qx, qy, qz = from_plane(o, v, foot_x, foot_y)
    away = arc_m(px, py, pz, qx, qy, qz)
    return away if inside else -away
