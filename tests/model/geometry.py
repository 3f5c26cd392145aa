"""The model's own geometry: shapes laid flat on an azimuthal plane around them, then shapely.

A sphere stands for the Earth, so distances are up to 0.6 % wrong. The model therefore refuses to
judge close cases (`TooCloseToCall`) instead of guessing what an exact program must say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

EARTH_RADIUS_M = 6_371_008.8
GUARD_M = 1.0  # hulls this close count as meeting
DOUBT_SHARE = 0.006  # of the size of what is compared: within that the model does not judge
FAR_RAD = 0.2  # shapes whose middles are farther apart never meet: none is that large

Vector = npt.NDArray[np.float64]


class TooCloseToCall(AssertionError):
    """The test's geometry lies within the model's own error: choose clearer shapes."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Centre in degrees, radius in metres."""

    lat: float
    lng: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """Open ring of (lat, lng) in degrees."""

    vertices: tuple[tuple[float, float], ...]


Outline = Circle | Polygon


def unit_vector(lat: float, lng: float) -> Vector:
    phi, lam = math.radians(lat), math.radians(lng)
    return np.array([math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)])


def _axes(centre: Vector) -> tuple[Vector, Vector]:
    """Two unit vectors that span the plane touching the sphere at `centre`; east and north."""
    pole = np.array([0.0, 0.0, 1.0])
    east = np.cross(pole, centre)
    if np.linalg.norm(east) < 1e-9:  # at a pole any direction will do
        east = np.array([0.0, 1.0, 0.0])
    east = east / np.linalg.norm(east)
    return east, np.cross(centre, east)


def offset(lat: float, lng: float, east_m: float, north_m: float) -> tuple[float, float]:
    """The place that lies so many metres east and north of another one (along the great circle)."""
    centre = unit_vector(lat, lng)
    distance_m = math.hypot(east_m, north_m)
    if distance_m == 0:
        return lat, lng
    east, north = _axes(centre)
    heading = (east * east_m + north * north_m) / distance_m
    angle = distance_m / EARTH_RADIUS_M
    x, y, z = centre * math.cos(angle) + heading * math.sin(angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, z)))), math.degrees(math.atan2(y, x))


@cache
def _points(outline: Outline) -> list[Vector]:
    """Corner points; a circle is circumscribed by 72 corners, never cut."""
    if isinstance(outline, Polygon):
        return [unit_vector(lat, lng) for lat, lng in outline.vertices]
    sides = 72
    reach_m = outline.radius_m / math.cos(math.pi / sides)
    around = [2 * math.pi * step / sides for step in range(sides)]
    corners = [
        offset(outline.lat, outline.lng, reach_m * math.cos(a), reach_m * math.sin(a))
        for a in around
    ]
    return [unit_vector(lat, lng) for lat, lng in corners]


def _middle(points: Iterable[Vector]) -> Vector:
    total = np.sum(list(points), axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float64)


def _flat(points: Iterable[Vector], centre: Vector, *, equal_area: bool = False) -> list[Any]:
    """Azimuthal projection to metres: true distances from the centre, or true areas."""
    east, north = _axes(centre)
    result = []
    for point in points:
        x, y = float(point @ east), float(point @ north)
        across = math.hypot(x, y)
        angle = math.atan2(across, float(point @ centre))
        rho_m = EARTH_RADIUS_M * (2 * math.sin(angle / 2) if equal_area else angle)
        scale = rho_m / across if across else 0.0
        result.append((x * scale, y * scale))
    return result


def _hulls(
    first: Sequence[Outline], second: Sequence[Outline]
) -> tuple[shapely.Geometry, shapely.Geometry] | None:
    """Convex hulls of both on one plane; None when they are worlds apart."""
    one = [point for outline in first for point in _points(outline)]
    two = [point for outline in second for point in _points(outline)]
    apart = math.acos(max(-1.0, min(1.0, float(_middle(one) @ _middle(two)))))
    if apart > FAR_RAD:
        return None
    centre = _middle([*one, *two])
    return (
        shapely.convex_hull(shapely.MultiPoint(_flat(one, centre))),
        shapely.convex_hull(shapely.MultiPoint(_flat(two, centre))),
    )


def _doubt_m(one: shapely.Geometry, two: shapely.Geometry) -> float:
    """How wrong a distance between the two may be: a share of their common size."""
    west, south, east, north = shapely.total_bounds([one, two])
    return 0.1 + DOUBT_SHARE * float(max(east - west, north - south))


@cache
def hulls_meet(first: tuple[Outline, ...], second: tuple[Outline, ...]) -> bool:
    """Whether the convex hulls of two sets of outlines share a point (within the guard)."""
    hulls = _hulls(first, second)
    if hulls is None:
        return False
    one, two = hulls
    doubt_m = _doubt_m(one, two)
    surely = (
        shapely.intersects(shapely.buffer(one, -doubt_m), two)
        or shapely.intersects(one, shapely.buffer(two, -doubt_m))
        or shapely.covers(one, shapely.centroid(two))
        or shapely.covers(two, shapely.centroid(one))
    )
    possibly = bool(shapely.distance(one, two) <= GUARD_M + doubt_m)
    if bool(surely) != possibly:
        raise TooCloseToCall(f"{first} and {second} meet or miss by less than {doubt_m:.1f} m")
    return possibly


@cache
def hull_covers(outer: tuple[Outline, ...], inner: tuple[Outline, ...]) -> bool:
    """Whether the footprint of `outer` contains that of `inner`; equal footprints do."""
    hulls = _hulls(outer, inner)
    if hulls is None:
        return False
    one, two = hulls
    surely = bool(shapely.covers(shapely.buffer(one, GUARD_M / 2), two))
    possibly = bool(shapely.covers(shapely.buffer(one, GUARD_M + _doubt_m(one, two)), two))
    if surely != possibly:
        raise TooCloseToCall(f"{inner} sticks out of {outer} by a few metres")
    return surely


def area_km2(outline: Outline) -> float:
    if isinstance(outline, Circle):
        return math.pi * (outline.radius_m / 1000) ** 2
    points = _points(outline)
    ring = shapely.Polygon(_flat(points, _middle(points), equal_area=True))
    return float(shapely.area(ring)) / 1e6


def edges_cross(outline: Polygon) -> bool:
    points = _points(outline)
    ring = shapely.LinearRing(_flat(points, _middle(points)))
    return not bool(shapely.is_simple(ring))
