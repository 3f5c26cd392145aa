"""Rings that cross the date line or go around a pole, and how they are cut into -180..180°.

RFC 7946 asks writers to cut at the antimeridian. Many do not: their longitudes jump from 179 to
-179, run on beyond 180, or count from 0 to 360. An edge that spans exactly the whole map, from -180
to 180, is taken as what RFC 7946 says it is, a parallel, as in the box that stands for Antarctica.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np
import shapely

from .model import Ring

TURN_DEG: Final = 360.0
HALF_DEG: Final = 180.0


class AroundTheEarth(ValueError):
    """A ring goes around the Earth and does not tell which pole it holds."""


def needs_cutting(ring: Ring) -> bool:
    """Whether a closed ring leaves -180..180° or has an edge that can only mean a jump."""
    lng = ring[:, 0]
    if float(lng.min()) < -HALF_DEG or float(lng.max()) > HALF_DEG:
        return True
    step = np.abs(np.diff(lng))
    if bool(((step > HALF_DEG) & (step < TURN_DEG)).any()):
        return True
    # From -180 to 180 in one edge: a parallel if the ring is a sound one so, else a jump.
    return bool((step == TURN_DEG).any()) and not bool(shapely.is_valid(shapely.Polygon(ring)))


def running(ring: Ring) -> Ring:
    """A closed ring with longitudes that run on instead of jumping, whatever range that takes.

    One that goes once around the Earth is led by the pole of its hemisphere.

    Raises:
        AroundTheEarth: it goes around and lies in both hemispheres, or goes around more than once.
    """
    step = np.diff(ring[:, 0])
    step = step - TURN_DEG * np.round(step / TURN_DEG)
    true_lng = ring[0, 0] + np.concatenate([[0.0], np.cumsum(step)])
    # Added as whole turns, so that each vertex keeps its own digits.
    turns = np.round((true_lng - ring[:, 0]) / TURN_DEG)
    open_ring = np.column_stack([ring[:, 0] + TURN_DEG * turns, ring[:, 1]])
    around = round(float(open_ring[-1, 0] - open_ring[0, 0]) / TURN_DEG)
    if around == 0:
        return open_ring
    lowest, highest = float(ring[:, 1].min()), float(ring[:, 1].max())
    if lowest <= 0 <= highest or abs(around) > 1:
        raise AroundTheEarth("it goes around the Earth and does not tell which pole it holds")
    pole = 90.0 if lowest > 0 else -90.0
    by_the_pole = [[open_ring[-1, 0], pole], [open_ring[0, 0], pole], open_ring[0].tolist()]
    return np.concatenate([open_ring, np.array(by_the_pole)])


def cut(area: shapely.Polygon) -> list[shapely.Polygon]:
    """A valid polygon of any longitudes, in pieces that lie in -180..180°, from west to east."""
    west, _, east, _ = area.bounds
    pieces: list[shapely.Polygon] = []
    first = int(np.floor((west + HALF_DEG) / TURN_DEG))
    last = int(np.ceil((east - HALF_DEG) / TURN_DEG))
    for copy in range(first, last + 1):
        left = copy * TURN_DEG - HALF_DEG
        part = shapely.intersection(area, shapely.box(left, -90.0, left + TURN_DEG, 90.0))
        pieces.extend(
            _shifted(piece, -copy * TURN_DEG)
            for piece in shapely.get_parts(part)
            if isinstance(piece, shapely.Polygon) and piece.area > 0
        )
    return pieces


def _shifted(piece: shapely.Polygon, by_deg: float) -> shapely.Polygon:
    if by_deg == 0:
        return piece

    def shift(places: Ring) -> Ring:
        lng = np.clip(places[:, 0] + by_deg, -HALF_DEG, HALF_DEG)
        return np.column_stack([lng, places[:, 1]])

    return cast(shapely.Polygon, shapely.transform(piece, shift))
