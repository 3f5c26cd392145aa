"""Who comes near whom, found as one would by hand: each pair in a plane of its own, no grid.

Shares no code with the kernels. A pair's plane is spanned by two axes upright to the mean of its
normals; when both distances are small is found from when, and how far apart, they are closest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

A = 6_378_137.0
F = 1 / 298.257223563
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flyer:
    """An aircraft; NaN altitude: unknown."""

    lat: float
    lng: float
    altitude: float
    east: float
    north: float
    climb: float
    age: float = 0.0
    party: int = 0


@lru_cache(maxsize=4096)
def placed(flyer: Flyer) -> tuple[Vector, Vector, Vector, float, float]:
    """Place, velocity and normal in space, altitude, climb; moved on by its age."""
    lat, lng = math.radians(flyer.lat), math.radians(flyer.lng)
    normal = np.array([math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)])
    east = np.array([-math.sin(lng), math.cos(lng), 0.0])
    north = np.cross(normal, east)
    b2 = (A * (1 - F)) ** 2
    root = math.sqrt((A * math.cos(lat)) ** 2 + b2 * math.sin(lat) ** 2)
    place = np.array([A * A, A * A, b2]) * normal / root
    shrink = 1.0 if math.isnan(flyer.altitude) else A / (A + flyer.altitude)
    velocity = shrink * (flyer.east * east + flyer.north * north)
    return (
        place + flyer.age * velocity,
        velocity,
        normal,
        flyer.altitude + flyer.age * flyer.climb,
        flyer.climb,
    )


def relative(one: Flyer, other: Flyer) -> tuple[Vector, Vector, float, float]:
    """Place and velocity of the other as seen from one, in their plane; height and its change."""
    p, v, n, z, w = placed(one)
    q, u, m, y, x = placed(other)
    up = (n + m) / np.linalg.norm(n + m)
    helper = np.eye(3)[int(np.argmin(np.abs(up)))]
    first = np.cross(up, helper)
    first /= np.linalg.norm(first)
    second = np.cross(up, first)
    plane = np.stack((first, second))
    return plane @ (q - p), plane @ (u - v), y - z, x - w


def span(
    one: Flyer, other: Flyer, ahead: float, horizontal: float, vertical: float
) -> tuple[float, float] | None:
    """From when to when both are small at once."""
    r, v, z, w = relative(one, other)
    low, high = 0.0, ahead
    speed = float(np.linalg.norm(v))
    if speed < 1e-6:
        if float(np.linalg.norm(r)) > horizontal:
            return None
    else:
        middle = -float(r @ v) / speed**2
        least = float(np.linalg.norm(r + middle * v))
        if least > horizontal:
            return None
        half = math.sqrt(horizontal**2 - least**2) / speed
        low, high = max(low, middle - half), min(high, middle + half)
    if not math.isnan(z):
        if abs(w) < 1e-9:
            if abs(z) > vertical:
                return None
        else:
            edges = sorted(((-vertical - z) / w, (vertical - z) / w))
            low, high = max(low, edges[0]), min(high, edges[1])
    return (low, high) if low <= high else None


def brute(
    flyers: list[Flyer], ahead: float, horizontal: float, vertical: float
) -> dict[tuple[int, int], tuple[float, float]]:
    """All pairs of different parties and their spans."""
    found = {}
    for i, one in enumerate(flyers):
        for j in range(i + 1, len(flyers)):
            if one.party == flyers[j].party:
                continue
            seen = span(one, flyers[j], ahead, horizontal, vertical)
            if seen is not None:
                found[i, j] = seen
    return found
