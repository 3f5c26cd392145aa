"""Volumes for the trial: on a lattice of a few hundred metres, so that they often meet."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
ORIGIN = (46.2, 6.14)
_METRES_PER_DEGREE = 111_194.0


def place(east_m: float, north_m: float) -> Json:
    """A point near the origin."""
    lat, lng = ORIGIN
    across = _METRES_PER_DEGREE * math.cos(math.radians(lat))
    return {"lat": lat + north_m / _METRES_PER_DEGREE, "lng": lng + east_m / across}


def _time(moment: datetime) -> Json:
    return {"value": moment.isoformat().replace("+00:00", "Z"), "format": "RFC3339"}


def _height(value_m: float) -> Json:
    return {"value": value_m, "reference": "W84", "units": "M"}


def volume(outline: Json, lower_m: float, upper_m: float, start: datetime, end: datetime) -> Json:
    """A Volume4D."""
    return {
        "volume": {
            **outline,
            "altitude_lower": _height(lower_m),
            "altitude_upper": _height(upper_m),
        },
        "time_start": _time(start),
        "time_end": _time(end),
    }


def circle(east_m: float, north_m: float, radius_m: float) -> Json:
    """An outline."""
    centre, radius = place(east_m, north_m), {"value": radius_m, "units": "M"}
    return {"outline_circle": {"center": centre, "radius": radius}}


def box(east_m: float, north_m: float, width_m: float, depth_m: float, turn_rad: float) -> Json:
    """An outline: a rectangle about a point, turned."""
    corners = []
    for side, end in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = side * width_m / 2, end * depth_m / 2
        cos, sin = math.cos(turn_rad), math.sin(turn_rad)
        corners.append(place(east_m + x * cos - y * sin, north_m + x * sin + y * cos))
    return {"outline_polygon": {"vertices": corners}}


def some(chance: random.Random, *, size_m: float = 1200.0, soon: bool | None = None) -> list[Json]:
    """A flight by chance: one to three volumes, one after the other.

    `soon`: it begins now (so that it may be activated), or not; by chance if not given.
    """
    now = datetime.now(UTC)
    if soon is None:
        soon = chance.random() < 0.5
    start = now - timedelta(seconds=5) if soon else now + timedelta(minutes=chance.choice((60, 90)))
    east_m, north_m = (chance.uniform(0, size_m) for _ in "en")
    heading = chance.uniform(0, 2 * math.pi)
    lower_m = 540.0 + 40.0 * chance.randrange(3)
    flight = []
    for leg in range(chance.choice((1, 1, 2, 3))):
        away_m = 160.0 * leg
        at = east_m + away_m * math.cos(heading), north_m + away_m * math.sin(heading)
        outline = (
            circle(*at, chance.uniform(40, 120))
            if chance.random() < 0.4
            else box(*at, 180.0, chance.uniform(60, 120), heading)
        )
        length = timedelta(minutes=30)
        begin = start + leg * timedelta(minutes=25)
        flight.append(volume(outline, lower_m, lower_m + 45.0, begin, begin + length))
    return flight
