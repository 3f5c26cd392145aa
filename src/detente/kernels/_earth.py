"""Places and distances on the WGS-84 ellipsoid, one at a time, for kernels.

Up to `NEAR_M` the geodesic follows from the chord, as an arc with the radius of curvature of the
normal section in its middle: right to 1e-8 of the length (a tenth of a millimetre in 10 km).
Farther it is T. Vincenty's iteration (Survey Review 23, 1975): 0.1 mm, unless the places lie nearly
opposite each other on the globe, where the arc's 0.5 % remain.
"""

from __future__ import annotations

import math

from detente.geo import kernel

A_M = 6378137.0
FLATTENING = 1 / 298.257223563
E2 = FLATTENING * (2 - FLATTENING)
B_M = A_M * (1 - FLATTENING)
M_LEAST_M = A_M * (1 - E2)
"""Smallest radius of curvature: along the meridian, at the equator."""
NEAR_M = 100_000.0
_ROUNDS = 60
_SETTLED_RAD = 1e-12


@kernel
def ecef(lat_deg: float, lng_deg: float) -> tuple[float, float, float]:
    """Earth-centred coordinates of a place on the ellipsoid, metres."""
    lat, lng = math.radians(lat_deg), math.radians(lng_deg)
    s, c = math.sin(lat), math.cos(lat)
    n = A_M / math.sqrt(1.0 - E2 * s * s)
    return n * c * math.cos(lng), n * c * math.sin(lng), n * (1.0 - E2) * s


@kernel
def arc_m(px: float, py: float, pz: float, qx: float, qy: float, qz: float) -> float:
    """Geodesic between two places that are near each other, Earth-centred, metres."""
    dx, dy, dz = qx - px, qy - py, qz - pz
    square = dx * dx + dy * dy + dz * dz
    if square == 0.0:
        return 0.0
    # the middle's normal
    mx, my, mz = px + qx, py + qy, (pz + qz) / (1.0 - E2)
    flat = mx * mx + my * my
    sine2 = mz * mz / (flat + mz * mz)
    w2 = 1.0 - E2 * sine2
    cos2 = 0.0
    if sine2 < 1.0 - 1e-14:
        # how much of the way leads north: the chord is all but level there
        cos2 = min(1.0, dz * dz / (square * (1.0 - sine2)))
    n = A_M / math.sqrt(w2)
    bend = (cos2 * w2 / (1.0 - E2) + 1.0 - cos2) / n
    half = 0.5 * bend * math.sqrt(square)
    if half < 0.02:
        h2 = half * half
        return math.sqrt(square) * (1.0 + h2 * (1.0 / 6.0 + h2 * (0.075 + h2 * 0.0446428571)))
    return 2.0 * math.asin(min(1.0, half)) / bend


@kernel
def _vincenty_m(lat_1: float, lng_1: float, lat_2: float, lng_2: float) -> float:
    """Geodesic by Vincenty's inverse formula, metres; -1 where it does not settle. Radians."""
    u_1 = math.atan((1.0 - FLATTENING) * math.tan(lat_1))
    u_2 = math.atan((1.0 - FLATTENING) * math.tan(lat_2))
    s_1, c_1, s_2, c_2 = math.sin(u_1), math.cos(u_1), math.sin(u_2), math.cos(u_2)
    apart = lng_2 - lng_1
    apart -= 2.0 * math.pi * math.floor(apart / (2.0 * math.pi) + 0.5)
    lam = apart
    for _ in range(_ROUNDS):
        sin_lam, cos_lam = math.sin(lam), math.cos(lam)
        across = c_2 * sin_lam
        along = c_1 * s_2 - s_1 * c_2 * cos_lam
        sin_sigma = math.sqrt(across * across + along * along)
        if sin_sigma == 0.0:
            return 0.0 if abs(apart) < 1.0 else -1.0
        cos_sigma = s_1 * s_2 + c_1 * c_2 * cos_lam
        sigma = math.atan2(sin_sigma, cos_sigma)
        sin_alpha = c_1 * c_2 * sin_lam / sin_sigma
        cos2_alpha = 1.0 - sin_alpha * sin_alpha
        middle = cos_sigma - 2.0 * s_1 * s_2 / cos2_alpha if cos2_alpha > 1e-15 else 0.0
        c = FLATTENING / 16.0 * cos2_alpha * (4.0 + FLATTENING * (4.0 - 3.0 * cos2_alpha))
        before = lam
        turn = middle + c * cos_sigma * (2.0 * middle * middle - 1.0)
        lam = apart + (1.0 - c) * FLATTENING * sin_alpha * (sigma + c * sin_sigma * turn)
        if abs(lam) > math.pi:
            return -1.0
        if abs(lam - before) < _SETTLED_RAD:
            u2 = cos2_alpha * (A_M * A_M - B_M * B_M) / (B_M * B_M)
            big_a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)))
            big_b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)))
            m2 = middle * middle
            last = middle * (4.0 * sin_sigma * sin_sigma - 3.0) * (4.0 * m2 - 3.0)
            inner = cos_sigma * (2.0 * m2 - 1.0) - big_b / 6.0 * last
            delta = big_b * sin_sigma * (middle + big_b / 4.0 * inner)
            return B_M * big_a * (sigma - delta)
    return -1.0


@kernel
def geodesic_m(lat_1_deg: float, lng_1_deg: float, lat_2_deg: float, lng_2_deg: float) -> float:
    """Length of the geodesic between two places, metres."""
    px, py, pz = ecef(lat_1_deg, lng_1_deg)
    qx, qy, qz = ecef(lat_2_deg, lng_2_deg)
    near = arc_m(px, py, pz, qx, qy, qz)
    if near < NEAR_M:
        return near
    far = _vincenty_m(
        math.radians(lat_1_deg), math.radians(lng_1_deg),
        math.radians(lat_2_deg), math.radians(lng_2_deg),
    )  # fmt: skip
    return near if far < 0.0 else far
