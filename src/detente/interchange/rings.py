"""Outlines for formats that draw straight lines on a map of longitude and latitude.

Our edges are geodesics, and go over the date line and the poles as anywhere. A map's do not: there
an edge is cut until it lies within a metre of the geodesic, and an outline that crosses the date
line is divided there (RFC 7946, section 3.1.9). A circle becomes the polygon around it, so that
whoever keeps clear of the polygon keeps clear of the circle.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, cast

import numpy as np
import shapely

from detente.geo import Circle, Outline, Polygon, circle_polygon, projection
from detente.geo.projection import Floats

CIRCLE_SIDES: Final = 72
STRAIGHT_M: Final = 1.0
_PIECES_MAX: Final = 256
_REACH_FACTOR: Final = 1.000001

Ring = list[tuple[float, float]]


def circumscribed(circle: Circle, sides: int = CIRCLE_SIDES) -> Polygon:
    """A polygon that contains a circle: with 72 sides, nowhere more than 0.1 % of its radius out.

    For circles of up to 1,000 km.
    """
    curvature_m = float(projection.gaussian_radius_m(np.array(circle.lat_deg)))
    angle = circle.radius_m / curvature_m
    corner_m = curvature_m * math.atan(math.tan(angle) / math.cos(math.pi / sides))
    return circle_polygon(Circle(circle.lat_deg, circle.lng_deg, corner_m * _REACH_FACTOR), sides)


def polygon_of(outline: Outline) -> Polygon:
    """An outline as a polygon that contains it."""
    return circumscribed(outline) if isinstance(outline, Circle) else outline


def dense(polygon: Polygon, straight_m: float = STRAIGHT_M) -> Polygon:
    """The same polygon, with points on those edges that a map would draw elsewhere.

    The new points lie on the geodesics, so that the outline does not change.
    """
    lat, lng = (np.array(column, np.float64) for column in zip(*polygon.vertices, strict=True))
    pieces = np.ones(len(lat), np.int64)
    following = np.roll(np.arange(len(lat)), -1)
    azimuth, length = projection.inverse(lat, lng, lat[following], lng[following])
    for edge in np.flatnonzero(_bends_m(lat, lng, azimuth, length) > straight_m):
        while pieces[edge] < _PIECES_MAX:
            pieces[edge] *= 2
            one = slice(edge, edge + 1)
            if _bends_m(lat[one], lng[one], azimuth[one], length[one], pieces[edge]).max() <= (
                straight_m
            ):
                break
    if int(pieces.max()) == 1:
        return polygon
    dense_lat, dense_lng = projection.densify(lat, lng, pieces)
    return Polygon(tuple(zip(dense_lat.tolist(), dense_lng.tolist(), strict=True)))


def _bends_m(
    lat: Floats, lng: Floats, azimuth: Floats, length_m: Floats, pieces: int = 1
) -> Floats:
    """How far the middles of the edges' pieces lie from where a map draws them, metres."""
    steps = 2 * int(pieces) + 1
    along = np.outer(length_m, np.linspace(0.0, 1.0, steps))
    shape = along.shape
    every_lat, every_lng = projection.direct(
        np.repeat(lat, steps), np.repeat(lng, steps), np.repeat(azimuth, steps), along.ravel()
    )
    lats, lngs = every_lat.reshape(shape), every_lng.reshape(shape)
    step = (np.diff(lngs[:, ::2], axis=1) + 180.0) % 360.0 - 180.0
    drawn_lat = (lats[:, :-1:2] + lats[:, 2::2]) / 2
    drawn_lng = lngs[:, :-1:2] + step / 2
    _, bends = projection.inverse(
        lats[:, 1::2].ravel(), lngs[:, 1::2].ravel(), drawn_lat.ravel(), drawn_lng.ravel()
    )
    return cast(Floats, bends.reshape(len(lat), -1).max(axis=1))


def map_rings(outline: Outline, straight_m: float = STRAIGHT_M) -> list[Ring]:
    """The rings of (longitude, latitude) that draw an outline on a map: one, or one on either side
    of the date line. Closed, counter-clockwise (RFC 7946, section 3.1.6)."""
    return cut(dense(polygon_of(outline), straight_m))


def cut(polygon: Polygon) -> list[Ring]:
    """`map_rings` of a polygon whose edges are drawn as they are."""
    ring: Ring = []
    before = polygon.vertices[-1][1]
    turned = 0.0
    lng = before
    for lat, here in polygon.vertices:
        step = (here - before + 180.0) % 360.0 - 180.0
        turned += step
        lng = here if not ring else lng + step
        ring.append((_near(lng, here), lat))
        before = here
    if abs(turned) > 180.0:
        return _around_pole(ring, turned, polygon)
    if all(-180.0 <= x <= 180.0 for x, _ in ring):
        return [_oriented([*ring, ring[0]])]
    return _divided(shapely.Polygon(ring))


def _near(lng: float, given: float) -> float:
    """`given` itself where it means the same longitude: nothing is lost by rounding."""
    turns = round((lng - given) / 360.0)
    return given + 360.0 * turns


def _around_pole(ring: Ring, turned: float, polygon: Polygon) -> list[Ring]:
    pole = math.copysign(90.0, sum(lat for lat, _ in polygon.vertices))
    first = ring[0]
    last = (first[0] + math.copysign(360.0, turned), first[1])
    return _divided(shapely.Polygon([*ring, last, (last[0], pole), (first[0], pole)]))


def _divided(shape: shapely.Polygon) -> list[Ring]:
    rings: list[Ring] = []
    valid = shape if shape.is_valid else shapely.make_valid(shape)
    west, _, east, _ = valid.bounds
    for turn in range(math.floor((west + 180) / 360), math.floor((east + 180) / 360) + 1):
        low = -180.0 + 360.0 * turn
        part = shapely.intersection(valid, shapely.box(low, -90.0, low + 360.0, 90.0))
        for each in shapely.get_parts(part):
            if each.geom_type == "Polygon" and each.area > 0:
                ring = [(_within(x - 360.0 * turn), y) for x, y in each.exterior.coords]
                rings.append(_oriented(ring))
    return rings


def _within(lng: float) -> float:
    return max(-180.0, min(180.0, lng))


def _oriented(ring: Ring) -> Ring:
    twice = sum(x_1 * y_2 - x_2 * y_1 for (x_1, y_1), (x_2, y_2) in pairwise(ring))
    return ring if twice >= 0 else ring[::-1]
