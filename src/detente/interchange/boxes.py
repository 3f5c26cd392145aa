"""Boxes of latitude and longitude around outlines, for looking heights up in grids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detente.geo import Circle, Outline, projection

from .places import Place

LEAST_RADIUS_M: Final = 6_335_000.0
"""No radius of curvature of WGS-84 is smaller: angles reckoned with it are never too small."""
_WIDE_DEG: Final = 20.0


@dataclass(frozen=True, slots=True)
class Box:
    """From `south` to `north`, and from `west` eastward through `width_deg`."""

    south: float
    west: float
    north: float
    width_deg: float


def box_of(outline: Outline | Place) -> Box:
    """A box that holds an outline, or a place; poles and the date line need nothing special."""
    if isinstance(outline, tuple):
        return Box(outline[0], outline[1], outline[0], 0.0)
    if isinstance(outline, Circle):
        return _around((outline.lat_deg, outline.lng_deg), outline.radius_m)
    return _of_ring(outline.vertices)


def _around(centre: Place, radius_m: float) -> Box:
    angle = math.degrees(radius_m / LEAST_RADIUS_M) + 1e-9
    south, north = centre[0] - angle, centre[0] + angle
    if south <= -90 or north >= 90:
        return Box(max(south, -90.0), -180.0, min(north, 90.0), 360.0)
    ratio = math.sin(math.radians(angle)) / math.cos(math.radians(centre[0]))
    half = math.degrees(math.asin(ratio)) if ratio < 1 else 180.0
    return Box(south, (centre[1] - half + 180) % 360 - 180, north, min(2 * half, 360.0))


def _of_ring(vertices: Sequence[Place]) -> Box:
    lats = np.array([lat for lat, _ in vertices])
    lngs = np.array([lng for _, lng in vertices])
    turns = (np.diff(lngs, append=lngs[0]) + 180) % 360 - 180
    if abs(float(turns.sum())) > 1 or float(np.abs(turns).max()) > _WIDE_DEG:
        centre = vertices[0]
        _, distance = projection.inverse(
            np.full(len(lats), centre[0]), np.full(len(lats), centre[1]), lats, lngs
        )
        return _around(centre, float(distance.max()))
    east = lngs[0] + np.concatenate(([0.0], np.cumsum(turns[:-1])))
    # A geodesic between points of about one latitude bulges towards the pole.
    bulge = float(np.degrees(np.radians(turns) ** 2).max()) / 16 * 1.5
    south, north = float(lats.min()) - bulge, float(lats.max()) + bulge
    west = float(east.min())
    return Box(
        max(south, -90.0),
        (west + 180) % 360 - 180,
        min(north, 90.0),
        min(float(east.max()) - west, 360.0),
    )
