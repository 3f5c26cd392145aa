"""Areas for tests of borders, and what GEOS and exact fractions say of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely

from detente.kernels import Area

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def ring(*corners: tuple[float, float]) -> Floats:
    """A closed ring of longitudes and latitudes."""
    return np.array([*corners, corners[0]], dtype=np.float64)


def box(west: float, south: float, east: float, north: float) -> Floats:
    """A ring around a box."""
    return ring((west, south), (east, south), (east, north), (west, north))


def star(
    rng: np.random.Generator, lng: float, lat: float, reach_deg: float, corners: int
) -> Floats:
    """A ring that does not cross itself, seen from its middle; cut off at the map's edges."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    away = reach_deg * rng.uniform(0.3, 1.0, corners)
    xy = np.column_stack((lng + away * np.cos(angle), lat + away * np.sin(angle)))
    xy = np.clip(xy, (-180.0, -90.0), (180.0, 90.0))
    return np.vstack((xy, xy[:1]))


def polygon_of(area: Area) -> shapely.Geometry:
    """The same for GEOS; rings are outer ones that do not meet."""
    return shapely.union_all([shapely.Polygon(each) for each in area.rings])


def geos_says(area: Area, lat: Floats, lng: Floats) -> Bools:
    """Whether GEOS finds positions in an area or on its edge, from both sides of the date line."""
    shape = polygon_of(area)
    shapely.prepare(shape)
    found: Bools = shapely.intersects_xy(shape, lng, lat)
    for side in (180.0, -180.0):
        rows = np.flatnonzero(lng == -side)
        found[rows] |= shapely.intersects_xy(shape, np.full(len(rows), side), lat[rows])
    return found


def fractions_say(rings: tuple[Floats, ...], lat: float, lng: float) -> bool:
    """Whether a position is in an odd number of rings, or on an edge: in exact fractions."""
    x, y = Fraction(lng), Fraction(lat)
    inside = False
    for each in rings:
        corners = [(Fraction(a), Fraction(b)) for a, b in each.tolist()]
        for (ax, ay), (bx, by) in pairwise(corners):
            turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            within = min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
            if turn == 0 and within:
                return True
            if (ay > y) != (by > y) and (turn > 0) == (by > ay):
                inside = not inside
    return inside
