"""The ground within a distance of a line: airways, corridors, `5 NM EITHER SIDE OF`."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
import shapely

from detente.geo import Outline, Polygon, projection

from .arcs import azimuth_distance, check_radius
from .places import Place
from .understood import unread

SIDES: Final = 32
"""Of the polygons drawn around points: their corners lie 0.5 % farther than the half-width."""
LENGTH_MOST_M: Final = 2_000_000.0
DIGITS: Final = 9


def strip(line: list[Place], half_width_m: float, at: int = 0) -> tuple[Outline, float]:
    """The outline of all that lies within a distance of a line, and how far it reaches beyond.

    Ends are round. It is drawn in the plane around the line's middle, wide enough for what that
    plane stretches, so it is never narrower than asked for; holes are filled.

    Raises:
        Unread: the line has no length, is longer than 2,000 km, or the width is none.
    """
    check_radius(half_width_m, at)
    places = [place for k, place in enumerate(line) if k == 0 or place != line[k - 1]]
    lats = np.array([lat for lat, _ in places])
    lngs = np.array([lng for _, lng in places])
    length = sum(azimuth_distance(one, other)[1] for one, other in pairwise(places))
    if len(places) < 2 or length > LENGTH_MOST_M:
        unread(
            f"The line is {length / 1000:,.1f} km long; it must have a length, 2,000 km at most.",
            f"La ligne fait {length / 1000:,.1f} km\u202f; il lui faut une longueur, 2 000 km au "
            "plus.",
            line=at,
        )
    middle = places[len(places) // 2]
    x, y, distance = projection.project(*middle, lats, lngs)
    # Away from its centre the plane stretches lengths by up to 1 / cos².
    reach = float(distance.max()) + 1.1 * half_width_m
    stretch = 1 / math.cos(reach / 6.3e6) ** 2
    radius = (half_width_m + 0.02) * stretch / math.cos(math.pi / SIDES)
    angle = (np.arange(SIDES) + 0.5) * (2 * math.pi / SIDES)
    disc = np.column_stack((np.cos(angle), np.sin(angle))) * radius
    points = np.column_stack((x, y))
    hulls = [
        shapely.convex_hull(shapely.multipoints(np.concatenate((one + disc, other + disc))))
        for one, other in pairwise(points)
    ]
    shape = shapely.polygons(shapely.get_exterior_ring(shapely.union_all(hulls)))
    corners = shapely.get_coordinates(shape)[:-1]
    lat, lng = projection.unproject(
        *middle, np.ascontiguousarray(corners[:, 0]), np.ascontiguousarray(corners[:, 1])
    )
    pairs = zip(np.round(lat, DIGITS).tolist(), np.round(lng, DIGITS).tolist(), strict=True)
    return Polygon(tuple(dict.fromkeys(pairs))), radius - half_width_m
