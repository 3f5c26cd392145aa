"""Kernels that turn what a radar measures into a place on the WGS-84 ellipsoid."""

from __future__ import annotations

import math
from typing import Final

from detente.geo import kernel

_A_M: Final = 6_378_137.0
_F: Final = 1 / 298.257223563
_B_M: Final = _A_M * (1 - _F)
_E2: Final = _F * (2 - _F)
_EP2: Final = _E2 / (1 - _E2)


@kernel
def to_geodetic(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Latitude and longitude (rad) and height (m) of a place in Earth-centred metres.

    Bowring's iteration, twice: below a nanometre for anything that flies.
    """
    p = math.hypot(x, y)
    reduced = math.atan2(z * _A_M, p * _B_M)
    phi = 0.0
    for _ in range(2):
        sine = math.sin(reduced)
        cosine = math.cos(reduced)
        phi = math.atan2(z + _EP2 * _B_M * sine**3, p - _E2 * _A_M * cosine**3)
        reduced = math.atan2(_B_M * math.sin(phi), _A_M * math.cos(phi))
    sine = math.sin(phi)
    cosine = math.cos(phi)
    height = p * cosine + z * sine - _A_M * math.sqrt(1 - _E2 * sine * sine)
    return phi, math.atan2(y, x), height


@kernel
def radius_along(phi: float, azimuth: float) -> float:
    """Radius of curvature of the ellipsoid in a direction (Euler), metres."""
    w2 = 1 - _E2 * math.sin(phi) ** 2
    across = _A_M / math.sqrt(w2)
    along = across * (1 - _E2) / w2
    return 1 / (math.cos(azimuth) ** 2 / along + math.sin(azimuth) ** 2 / across)


@kernel
def sine_of_elevation(radius: float, site_height: float, slant: float, height: float) -> float:
    """Of the straight line to a height, over a sphere; clamped where the line cannot reach it."""
    site = radius + site_height
    value = ((height - site_height) * (height + site_height + 2 * radius) - slant * slant) / (
        2 * site * slant
    )
    return min(1.0, max(-1.0, value))


@kernel
def ground_range(radius: float, site_height: float, slant: float, height: float) -> float:
    """Metres along the ground to what is at a slant range and a height, over a sphere."""
    sine = sine_of_elevation(radius, site_height, slant, height)
    cosine = math.sqrt(1 - sine * sine)
    return radius * math.atan2(slant * cosine, radius + site_height + slant * sine)


@kernel
def place(
    phi: float, lam: float, site_height: float, slant: float, azimuth: float, height: float
) -> tuple[float, float]:
    """Latitude and longitude (rad) of what a radar sees at a slant range and a height.

    Args:
        phi, lam, site_height: of the radar: rad, and metres above the ellipsoid.
        slant: metres along a straight line.
        azimuth: rad, clockwise from true north at the radar.
        height: of what is seen, metres above the ellipsoid. Where the line cannot reach it, what
            is seen is straight above or below.
    """
    sin_phi = math.sin(phi)
    cos_phi = math.cos(phi)
    sin_lam = math.sin(lam)
    cos_lam = math.cos(lam)
    across = _A_M / math.sqrt(1 - _E2 * sin_phi * sin_phi)
    x0 = (across + site_height) * cos_phi * cos_lam
    y0 = (across + site_height) * cos_phi * sin_lam
    z0 = (across * (1 - _E2) + site_height) * sin_phi
    elevation = math.asin(sine_of_elevation(radius_along(phi, azimuth), site_height, slant, height))
    lat = phi
    lng = lam
    for _ in range(4):
        up = slant * math.sin(elevation)
        level = slant * math.cos(elevation)
        east = level * math.sin(azimuth)
        north = level * math.cos(azimuth)
        outward = up * cos_phi - north * sin_phi
        lat, lng, reached = to_geodetic(
            x0 + outward * cos_lam - east * sin_lam,
            y0 + outward * sin_lam + east * cos_lam,
            z0 + up * sin_phi + north * cos_phi,
        )
        # The sphere is off by metres at most, so the line's slope is known well enough.
        if level < 0.02 * slant or abs(height - reached) < 1e-5:
            break
        elevation += (height - reached) / level
        elevation = min(0.5 * math.pi, max(-0.5 * math.pi, elevation))
    return lat, lng
