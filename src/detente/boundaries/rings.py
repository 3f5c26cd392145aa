"""Rings of longitude and latitude: tidy, measure, orient. Arrays in, arrays out."""

from __future__ import annotations

from typing import Final

import numpy as np

from .model import Ring

AUTHALIC_RADIUS_M: Final = 6_371_007.181
"""Of the sphere with the surface of the WGS-84 ellipsoid: areas on it are right to 0.7 %."""
SEAM_DEG: Final = 180.0
VERTICES_MIN: Final = 4
"""Of a closed ring that has an inside."""


def tidied(ring: Ring) -> Ring:
    """The ring closed, without vertices that repeat the one before; possibly too short to use."""
    if len(ring) == 0:
        return ring
    if not np.array_equal(ring[0], ring[-1]):
        ring = np.concatenate([ring, ring[:1]])
    moved = np.ones(len(ring), dtype=np.bool_)
    moved[1:] = (np.diff(ring, axis=0) != 0).any(axis=1)
    return ring if moved.all() else np.ascontiguousarray(ring[moved])


def signed_area_m2(ring: Ring) -> float:
    """Area within a closed ring, positive if it runs counter-clockwise.

    Exact for edges that are straight in longitude and latitude, on the authalic sphere: over each
    edge sin(latitude) is integrated by longitude.
    """
    lng, lat = np.radians(ring[:, 0]), np.radians(ring[:, 1])
    middle, half = (lat[1:] + lat[:-1]) / 2, (lat[1:] - lat[:-1]) / 2
    # np.sinc(x) is sin(πx)/πx
    under = np.diff(lng) * np.sin(middle) * np.sinc(half / np.pi)
    return -float(under.sum()) * AUTHALIC_RADIUS_M**2


def oriented(ring: Ring, *, outer: bool) -> Ring:
    """The ring in the direction of RFC 7946: outer ones counter-clockwise, holes clockwise."""
    counter_clockwise = _shoelace_deg2(ring) > 0
    return ring if counter_clockwise == outer else np.ascontiguousarray(ring[::-1])


def on_seam(
    lng0: Ring, lat0: Ring, lng1: Ring, lat1: Ring
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which edges lie on the date line or at a pole: they are cuts in the map, nobody's border."""
    at_date_line = (np.abs(lng0) == SEAM_DEG) & (lng0 == lng1)
    at_pole = (np.abs(lat0) == 90.0) & (lat0 == lat1)
    return np.asarray(at_date_line | at_pole, dtype=np.bool_)


def inside_by_parity(ring: Ring, lng: float, lat: float) -> bool:
    """Whether a ray from the place crosses the ring an odd number of times; not for its edges."""
    x0, y0, x1, y1 = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
    spans = (y0 > lat) != (y1 > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (lat - y0) / (y1 - y0) * (x1 - x0)
    return bool(np.count_nonzero(spans & (at > lng)) % 2)


def _shoelace_deg2(ring: Ring) -> float:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2
