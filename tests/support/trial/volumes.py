"""Volumes for the trial: on a lattice of a few hundred metres, so that they often meet."""

from __future__ import annotations

import copy
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
ORIGIN = (46.2, 6.14)
_METRES_PER_DEGREE = 111_194.0
_LEG = timedelta(minutes=30)


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
    """A flight by chance: one to four volumes, one after the other.

    `soon`: it begins now (so that it may be activated), or not; by chance if not given.
    """
    now = datetime.now(UTC)
    if soon is None:
        soon = chance.random() < 0.5
    start = now - timedelta(seconds=5) if soon else now + timedelta(minutes=chance.choice((60, 90)))
    east_m, north_m = (chance.uniform(0, size_m) for _ in "en")
    heading = chance.uniform(0, 2 * math.pi)
    lower_m = 540.0 + 40.0 * chance.randrange(4)
    flight = []
    for leg in range(chance.choice((1, 2, 3, 4))):
        # It turns: what it spans is more than what it needs.
        if leg:
            heading += chance.choice((-1, 1)) * math.pi / 2
            away_m = chance.choice((160.0, 400.0))
            east_m += away_m * math.cos(heading)
            north_m += away_m * math.sin(heading)
            lower_m += chance.choice((-40.0, 0.0, 40.0))
        outline = (
            circle(east_m, north_m, chance.uniform(40, 120))
            if chance.random() < 0.4
            else box(east_m, north_m, 180.0, chance.uniform(60, 120), heading)
        )
        begin = start + leg * timedelta(minutes=25)
        flight.append(volume(outline, lower_m, lower_m + 45.0, begin, begin + _LEG))
    return flight


def beside(chance: random.Random, intent: Json, *, off_nominal: bool = False) -> list[Json]:
    """The volumes of an intent moved a little; `off_nominal`: one of them."""
    details = intent["details"]
    old = details.get("volumes") or details["off_nominal_volumes"]
    metres = 150.0 if off_nominal else 300.0
    north, east = (chance.uniform(-metres, metres) / _METRES_PER_DEGREE for _ in "ne")
    moved: list[Json] = copy.deepcopy(old[:1] if off_nominal else old)
    for each in moved:
        shape = each["volume"]
        polygon, outlined = shape.get("outline_polygon"), shape.get("outline_circle")
        points = polygon["vertices"] if polygon else [outlined["center"]]
        for point in points:
            point["lat"] += north
            point["lng"] += east
    return moved


def now_is_in(intent: Json) -> bool:
    """Whether one of the volumes of an intent is for now, and for some seconds yet."""
    now = datetime.now(UTC)
    return any(
        datetime.fromisoformat(each["time_start"]["value"]) < now
        and now + timedelta(seconds=10) < datetime.fromisoformat(each["time_end"]["value"])
        for each in intent["details"]["volumes"]
    )
