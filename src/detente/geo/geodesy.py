"""Measures on the WGS-84 ellipsoid."""

from __future__ import annotations

import math

import pyproj

from detente.geo._sphere import WGS84_A_M, WGS84_E2
from detente.geo.volume import Circle, Outline

_GEOD = pyproj.Geod(ellps="WGS84")

_E = math.sqrt(WGS84_E2)
EARTH_AREA_M2 = 2 * math.pi * WGS84_A_M**2 * (1 + (1 - WGS84_E2) / _E * math.atanh(_E))
"""Surface of the ellipsoid, square metres."""


def area_m2(outline: Outline) -> float:
    """Area of an outline on the ellipsoid, square metres; of a polygon, the smaller side's.

    Polygons have geodesic edges (Karney, "Algorithms for geodesics", 2013). Circles are taken on
    the sphere that osculates at their centre: exact to 1 part in 10^6 up to 100 km.
    """
    if isinstance(outline, Circle):
        return circle_area_m2(outline)
    lats, lngs = zip(*outline.vertices, strict=True)
    return ring_measures(lats, lngs)[0]


def circle_area_m2(circle: Circle) -> float:
    """Area within a geodesic circle, at most that of the Earth."""
    w2 = 1 - WGS84_E2 * math.sin(math.radians(circle.lat_deg)) ** 2
    sphere_m2 = WGS84_A_M**2 * (1 - WGS84_E2) / w2**2
    angle = circle.radius_m / math.sqrt(sphere_m2)
    if angle >= math.pi:
        return EARTH_AREA_M2
    # 2 sin² x is 1 - cos 2x without the cancellation
    return min(EARTH_AREA_M2, 4 * math.pi * sphere_m2 * math.sin(angle / 2) ** 2)


def ring_measures(lats_deg: tuple[float, ...], lngs_deg: tuple[float, ...]) -> tuple[float, float]:
    """Area (m², the smaller side) and perimeter (m) of a ring of geodesics."""
    area, perimeter = _GEOD.polygon_area_perimeter(lngs_deg, lats_deg)
    size = abs(float(area))
    return min(size, EARTH_AREA_M2 - size), float(perimeter)
