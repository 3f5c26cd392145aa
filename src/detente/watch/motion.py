"""How aircraft may have moved between two positions, and how they may move on. Pure.

Nothing is assumed but a bound on acceleration: what can turn with 6 m/s² (a bank of 31 degrees)
is, between two positions, at most so far from the straight line between them, and after some time
at most so far from where its present motion leads. No probability is made up for what a pilot may
want.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

_A_M: Final = 6_378_137.0
_E2: Final = (1 / 298.257223563) * (2 - 1 / 298.257223563)


def off_the_line_m(
    elapsed_s: float,
    share: float,
    length_m: float,
    acceleration_m_s2: float,
    speed_max_m_s: float,
) -> float:
    """How far from the straight line between two positions an aircraft may have been.

    The lesser of two bounds: of an acceleration, and of a speed (then it stays within the ellipse
    whose foci are the positions).

    Args:
        elapsed_s: between the positions.
        share: of that time, from 0 to 1: when.
        length_m: between the positions.
        acceleration_m_s2: it can turn with.
        speed_max_m_s: it can fly at.
    """
    elapsed, part, way = (np.array([each]) for each in (elapsed_s, share, length_m))
    return float(off_the_lines_m(elapsed, part, way, acceleration_m_s2, speed_max_m_s)[0])


def off_the_lines_m(
    elapsed_s: Floats,
    share: Floats,
    length_m: Floats,
    acceleration_m_s2: float,
    speed_max_m_s: float,
) -> Floats:
    """The same of many."""
    turning = 0.5 * acceleration_m_s2 * share * (1 - share) * elapsed_s**2
    reach = speed_max_m_s * elapsed_s
    aside = 0.5 * np.sqrt(np.maximum(0.0, reach * reach - length_m * length_m))
    return np.minimum(turning, aside)


def metres_per_degree(lat_deg: Floats) -> tuple[Floats, Floats]:
    """Of latitude and of longitude on WGS-84, at a latitude."""
    lat = np.radians(lat_deg)
    root = 1 - _E2 * np.sin(lat) ** 2
    normal = _A_M / np.sqrt(root)
    return (
        np.radians(normal * (1 - _E2) / root),
        np.radians(normal * np.cos(lat)),
    )


def turned_deg(before_deg: float, after_deg: float) -> float:
    """From one course to another the shorter way, degrees: positive to the right."""
    return (after_deg - before_deg + 180) % 360 - 180


def short_way_deg(lng_from_deg: Floats, lng_to_deg: Floats) -> Floats:
    """Degrees of longitude from one to the other, the short way round."""
    return np.asarray((lng_to_deg - lng_from_deg + 180) % 360 - 180, dtype=np.float64)


def on_the_way(
    lat_0: Floats, lng_0: Floats, lat_1: Floats, lng_1: Floats, share: Floats
) -> tuple[Floats, Floats]:
    """A point of the line between two positions, straight in latitude and longitude."""
    lat = lat_0 + share * (lat_1 - lat_0)
    lng = lng_0 + share * short_way_deg(lng_0, lng_1)
    return lat, wrapped_deg(lng)


def wrapped_deg(lng_deg: Floats) -> Floats:
    """Longitude in [-180, 180)."""
    outside = (lng_deg < -180) | (lng_deg >= 180)
    return np.where(outside, (lng_deg + 180) % 360 - 180, lng_deg)


def length_m(lat_0: Floats, lng_0: Floats, lat_1: Floats, lng_1: Floats) -> Floats:
    """Of the line between two positions; good to 1 in 10^5 up to 100 km, away from the poles."""
    north, east = metres_per_degree((lat_0 + lat_1) / 2)
    return np.asarray(
        np.hypot((lat_1 - lat_0) * north, short_way_deg(lng_0, lng_1) * east), dtype=np.float64
    )


def carried_on(
    lat: Floats, lng: Floats, speed_m_s: Floats, track_deg: Floats, seconds: Floats
) -> tuple[Floats, Floats]:
    """Where present motion leads, straight in latitude and longitude.

    Good to the stated spread of any prediction up to some 100 km; it does not go over a pole.
    """
    course = np.radians(track_deg)
    north, _ = metres_per_degree(lat)
    after = np.clip(lat + speed_m_s * seconds * np.cos(course) / north, -89.99, 89.99)
    _, east = metres_per_degree((lat + after) / 2)
    return after, wrapped_deg(lng + speed_m_s * seconds * np.sin(course) / east)
