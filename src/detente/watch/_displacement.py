"""Short ways on the Earth, for millions of steps a second."""

from __future__ import annotations

import math
from typing import Final

from detente.geo import kernel

_RADIUS_M: Final = 6_371_008.8
_POLAR_DEG: Final = 80.0
_FAR_DEG: Final = 1.0


@kernel
def sine(x: float) -> float:
    """Of radians from -pi/2 to pi/2, within 1e-10: a series, without the branches of libm."""
    y = x * x
    return x * (
        1.0
        + y
        * (
            -1 / 6
            + y
            * (
                1 / 120
                + y
                * (
                    -1 / 5040
                    + y
                    * (1 / 362880 + y * (-1 / 39916800 + y * (1 / 6227020800 - y / 1307674368000)))
                )
            )
        )
    )


@kernel
def cosine(x: float) -> float:
    """Of radians from -pi/2 to pi/2, within 1e-10."""
    y = x * x
    return 1.0 + y * (
        -1 / 2
        + y
        * (
            1 / 24
            + y
            * (
                -1 / 720
                + y
                * (
                    1 / 40320
                    + y
                    * (
                        -1 / 3628800
                        + y * (1 / 479001600 + y * (-1 / 87178291200 + y / 20922789888000))
                    )
                )
            )
        )
    )


@kernel
def direction(track_deg: float) -> tuple[float, float]:
    """East and north of a unit along a track; NaN of NaN and infinities."""
    turned = track_deg - 360.0 * math.floor(track_deg / 360.0 + 0.5)
    half = turned * (math.pi / 360.0)
    s, c = sine(half), cosine(half)
    return 2.0 * s * c, 1.0 - 2.0 * s * s


@kernel
def _far(lat0: float, lng0: float, lat1: float, lng1: float) -> tuple[float, float]:
    """Way and direction on a sphere, for long steps and near the poles."""
    s0, c0 = math.sin(math.radians(lat0)), math.cos(math.radians(lat0))
    s1, c1 = math.sin(math.radians(lat1)), math.cos(math.radians(lat1))
    turn = math.radians(lng1 - lng0)
    east = c1 * math.sin(turn)
    north = s1 * c0 - c1 * s0 * math.cos(turn)
    across = math.hypot(east, north)
    if across == 0.0:
        behind = s0 * s1 + c0 * c1 * math.cos(turn) < 0.0
        return 0.0, math.pi * _RADIUS_M if behind else 0.0
    scale = _RADIUS_M * math.atan2(across, s0 * s1 + c0 * c1 * math.cos(turn)) / across
    return east * scale, north * scale


@kernel
def displacement(lat0: float, lng0: float, lat1: float, lng1: float) -> tuple[float, float]:
    """Metres to the east and to the north, from one position to another.

    Between positions less than a degree apart within 1e-4 of the length (series of the meridian
    and parallel arcs of WGS-84 at the latitude between); else on a sphere, within 0.6 %.
    """
    dlng = lng1 - lng0
    if dlng > 180.0:
        dlng -= 360.0
    elif dlng < -180.0:
        dlng += 360.0
    dlat = lat1 - lat0
    middle = (lat0 + lat1) / 2
    if abs(dlat) > _FAR_DEG or abs(dlng) > _FAR_DEG or abs(middle) > _POLAR_DEG:
        return _far(lat0, lng0, lat1, lng1)
    c = cosine(math.radians(middle))
    double = 2.0 * c * c - 1.0
    north = dlat * (111_132.954 - 559.822 * double + 1.175 * (2.0 * double * double - 1.0))
    east = dlng * (111_412.84 * c - 93.5 * (4.0 * c * c * c - 3.0 * c))
    return east, north
