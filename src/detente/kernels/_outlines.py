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
from detente.kernels._columns import F64, I64
from detente.kernels._earth import A_M, E2, arc_m, geodesic_m

PIECE_M = 5_000.0
TOUCH_M = 0.005
"""What is nearer than this is inside, as for `detente.geo.conflicts`."""
_SURE = 0.97
"""A ball with this part of the radius that an outline has in its plane is inside of it."""
_FLAT_M = 500_000.0


# Columns of `Outlines.shape`.
LAT, LNG, RADIUS, REACH, SURE, MIDDLE, EAST, NORTH, UP = 0, 1, 2, 3, 4, 5, 8, 11, 14
_WIDTH = 17


class Outlines(NamedTuple):
    """Columns of volumes.

    Attributes:
        start_us, end_us: int64. lower_m, upper_m: float64, infinite if open.
        shape: float64[n, 17]: latitude and longitude of the middle, degrees; the radius of a
            circle, 0 for polygons; radii of balls around the middle that hold the outline, and
            that it holds; the middle, Earth-centred; east, north and up there. Lengths in metres.
        first: int64[n + 1], where each polygon's vertices begin; xy: float64[m, 3], in its plane,
            and one by the square of the length of the edge that leads there.
    """

    start_us: I64
    end_us: I64
    lower_m: F64
    upper_m: F64
    shape: F64
    first: I64
    xy: F64


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
    reach = given.radius_m + TOUCH_M
    away = np.sqrt(((place - middle[owner]) ** 2).sum(axis=1))
    np.maximum.at(reach, owner, away + 1.0)
    lat, lng = _surface(middle)
    circles = np.flatnonzero(given.is_circle)
    lat[circles] = given.lat_deg[given.first[circles]]
    lng[circles] = given.lng_deg[given.first[circles]]
    first = np.searchsorted(owner, np.arange(n + 1)).astype(np.int64)
    shape = np.column_stack(
        (lat, lng, given.radius_m, reach, np.zeros(n), middle, frame.reshape(n, 9))
    )
    found = Outlines(
        given.time_start_us, given.time_end_us, given.altitude_lower_m, given.altitude_upper_m,
        np.ascontiguousarray(shape), first, _with_lengths(first, xy),
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


def _with_lengths(first: I64, xy: F64) -> F64:
    before = np.arange(len(xy)) - 1
    ends = first[1:] > first[:-1]
    before[first[:-1][ends]] = first[1:][ends] - 1
    square = ((xy - xy[before]) ** 2).sum(axis=1)
    one_by = np.divide(1.0, square, out=np.zeros(len(xy)), where=square > 0.0)
    return np.ascontiguousarray(np.column_stack((xy, one_by)))


@kernel
def _measure(o: Outlines) -> None:
    """Find the balls that polygons hold."""
    for v in range(o.shape.shape[0]):
        if o.shape[v, RADIUS] == 0.0:
            inside, square, _, _ = to_ring(o.first, o.xy, v, 0.0, 0.0)
            if inside and square < _FLAT_M * _FLAT_M:
                o.shape[v, SURE] = _SURE * math.sqrt(square)


@kernel
def to_plane(shape: F64, v: int, px: float, py: float, pz: float) -> tuple[float, float, bool]:
    """A place in the plane of an outline; false if it is not on this side of the Earth."""
    ux, uy, uz = shape[v, UP], shape[v, UP + 1], shape[v, UP + 2]
    cx, cy, cz = shape[v, MIDDLE], shape[v, MIDDLE + 1], shape[v, MIDDLE + 2]
    up = ux * px + uy * py + uz * pz
    if up < 0.05 * A_M:
        return 0.0, 0.0, False
    scale = (ux * cx + uy * cy + uz * cz) / up
    dx, dy, dz = px * scale - cx, py * scale - cy, pz * scale - cz
    x = shape[v, EAST] * dx + shape[v, EAST + 1] * dy + shape[v, EAST + 2] * dz
    y = shape[v, NORTH] * dx + shape[v, NORTH + 1] * dy + shape[v, NORTH + 2] * dz
    return x, y, True


@kernel
def from_plane(shape: F64, v: int, x: float, y: float) -> tuple[float, float, float]:
    """The place, Earth-centred, that a point of an outline's plane stands for."""
    px = shape[v, MIDDLE] + x * shape[v, EAST] + y * shape[v, NORTH]
    py = shape[v, MIDDLE + 1] + x * shape[v, EAST + 1] + y * shape[v, NORTH + 1]
    pz = shape[v, MIDDLE + 2] + x * shape[v, EAST + 2] + y * shape[v, NORTH + 2]
    scale = A_M / math.sqrt(px * px + py * py + pz * pz / (1.0 - E2))
    return px * scale, py * scale, pz * scale


@kernel
def to_ring(first: I64, xy: F64, v: int, x: float, y: float) -> tuple[bool, float, float, float]:
    """Whether a point of its plane is inside a polygon, the square of its distance, the foot."""
    inside = False
    best = math.inf
    foot_x = foot_y = 0.0
    last = first[v + 1] - 1
    ax, ay = xy[last, 0] - x, xy[last, 1] - y
    for i in range(first[v], last + 1):
        bx, by = xy[i, 0] - x, xy[i, 1] - y
        ex, ey = bx - ax, by - ay
        t = min(1.0, max(0.0, -(ax * ex + ay * ey) * xy[i, 2]))
        fx, fy = ax + t * ex, ay + t * ey
        away = fx * fx + fy * fy
        if away < best:
            best, foot_x, foot_y = away, fx, fy
        if (ay > 0.0) != (by > 0.0) and (ax * by - bx * ay > 0.0) == (by > ay):
            inside = not inside
        ax, ay = bx, by
    return inside, best, x + foot_x, y + foot_y


@kernel
def holds(
    shape: F64, first: I64, xy: F64, v: int,
    lat: float, lng: float, px: float, py: float, pz: float,
) -> bool:  # fmt: skip
    """Whether a place is within an outline or touches it."""
    dx, dy, dz = px - shape[v, MIDDLE], py - shape[v, MIDDLE + 1], pz - shape[v, MIDDLE + 2]
    square = dx * dx + dy * dy + dz * dz
    if square > shape[v, REACH] * shape[v, REACH]:
        return False
    if shape[v, RADIUS] > 0.0:
        away = geodesic_m(lat, lng, shape[v, LAT], shape[v, LNG])
        return bool(away <= shape[v, RADIUS] + TOUCH_M)
    if square < shape[v, SURE] * shape[v, SURE]:
        return True
    x, y, here = to_plane(shape, v, px, py, pz)
    if not here:
        return False
    inside, apart, _, _ = to_ring(first, xy, v, x, y)
    return inside or apart <= TOUCH_M * TOUCH_M


@kernel
def signed_m(
    shape: F64, first: I64, xy: F64, v: int,
    lat: float, lng: float, px: float, py: float, pz: float,
) -> float:  # fmt: skip
    """Geodesic to an outline, metres: positive inside; -inf on the other side of the Earth."""
    if shape[v, RADIUS] > 0.0:
        return float(shape[v, RADIUS]) - geodesic_m(lat, lng, shape[v, LAT], shape[v, LNG])
    x, y, here = to_plane(shape, v, px, py, pz)
    if not here:
        return -math.inf
    inside, _, foot_x, foot_y = to_ring(first, xy, v, x, y)
    qx, qy, qz = from_plane(shape, v, foot_x, foot_y)
    away = arc_m(px, py, pz, qx, qy, qz)
    return away if inside else -away
