"""Who watches the trial: which intents stood when, and whether two of them ever met.

Its geometry is its own: outlines in an azimuthal equidistant plane about the first of the two. It
speaks of a meeting only if a disk of 1 cm fits into what both share, and 2 cm of altitude: what is
nearer to touching than that, F3548-21 (GEN0500) leaves to the one who computes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import shapely
from pyproj import Transformer

Json = dict[str, Any]
_DEEP_M = 0.01
_FAR_DEG = 0.5
NOMINAL = frozenset({"Accepted", "Activated"})


@cache
def _plane(lat: float, lng: float) -> Transformer:
    """The plane about a place nearby: within 10 km it is true to a tenth of a millimetre."""
    there = f"+proj=aeqd +lat_0={lat} +lon_0={lng} +ellps=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", there, always_xy=True)


def _first(volume: Json) -> tuple[float, float]:
    shape = volume["volume"]
    circle = shape.get("outline_circle")
    point = circle["center"] if circle else shape["outline_polygon"]["vertices"][0]
    return float(point["lat"]), float(point["lng"])


def outline(volume: Json, about: tuple[float, float]) -> Any:
    """The outline in a plane about a point, in metres."""
    shape, to = volume["volume"], _plane(round(about[0], 1), round(about[1], 1)).transform
    circle = shape.get("outline_circle")
    if circle:
        centre = shapely.Point(to(circle["center"]["lng"], circle["center"]["lat"]))
        return centre.buffer(circle["radius"]["value"], quad_segs=90)
    points = shape["outline_polygon"]["vertices"]
    return shapely.Polygon([to(point["lng"], point["lat"]) for point in points])


def _span(volume: Json) -> tuple[float, float]:
    ends = (volume[name]["value"] for name in ("time_start", "time_end"))
    start, end = (datetime.fromisoformat(value).timestamp() for value in ends)
    return start, end


def _band(volume: Json) -> tuple[float, float]:
    shape = volume["volume"]
    return float(shape["altitude_lower"]["value"]), float(shape["altitude_upper"]["value"])


def _shared(one: tuple[float, float], other: tuple[float, float]) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def meet(one: Sequence[Json], other: Sequence[Json]) -> bool:
    """Whether two sets of volumes share space and time, without doubt."""
    return any(_meet(a, b) for a, b in itertools.product(one, other))


def _meet(a: Json, b: Json) -> bool:
    if _shared(_span(a), _span(b)) < 0.001 or _shared(_band(a), _band(b)) < 2 * _DEEP_M:
        return False
    about, there = _first(a), _first(b)
    if max(abs(about[0] - there[0]), abs(about[1] - there[1])) > _FAR_DEG:
        return False
    both = outline(a, about).intersection(outline(b, about))
    return bool(both.buffer(-_DEEP_M).area > 0)


def surely_relevant(one: Sequence[Json], other: Sequence[Json]) -> bool:
    """Whether an exchange has to find them relevant to one another: hulls, bands and spans meet."""
    spans = [_whole(map(_span, volumes)) for volumes in (one, other)]
    bands = [_whole(map(_band, volumes)) for volumes in (one, other)]
    if _shared(*spans) < 0.001 or _shared(*bands) < 2 * _DEEP_M:
        return False
    about = _first(one[0])
    hulls = [
        shapely.union_all([outline(volume, about) for volume in volumes]).convex_hull
        for volumes in (one, other)
    ]
    return bool(hulls[0].intersection(hulls[1]).buffer(-1.0).area > 0)


def _whole(ranges: Iterable[tuple[float, float]]) -> tuple[float, float]:
    pairs = list(ranges)
    return min(low for low, _ in pairs), max(high for _, high in pairs)


@dataclass
class Life:
    """A version of an intent while it surely stood. Times are of one clock, in seconds."""

    party: str
    id: str
    version: int
    state: str
    priority: int
    volumes: list[Json]
    since: float
    until: float = math.inf
    born: float = 0.0
    """When it was accepted; `since` is later if somebody has tried to change it, in vain."""

    def __str__(self) -> str:
        return f"{self.party}'s {self.id} v{self.version} {self.state} p{self.priority}"


def life_of(party: str, intent: Json, since: float) -> Life:
    """From an OperationalIntent that was accepted."""
    reference, details = intent["reference"], intent["details"]
    off = details.get("off_nominal_volumes") or []
    return Life(
        party,
        reference["id"],
        reference["version"],
        reference["state"],
        details.get("priority") or 0,
        [*(details.get("volumes") or []), *off],
        since,
        born=since,
    )


@dataclass
class Judge:
    """Keeps the lives, and what is wrong with them.

    `excused(one, other)` says of two lives that one could not know the other.
    """

    excused: Callable[[Life, Life], bool] = lambda one, other: False
    lives: list[Life] = field(default_factory=list)
    standing: dict[str, Life] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    compared: int = 0

    def left(self, intent_id: str, at: float) -> Life | None:
        """An intent may not stand any more as it did: something was asked of it at that time."""
        life = self.standing.pop(intent_id, None)
        if life is not None:
            life.until = at
        return life

    def stands(self, life: Life) -> None:
        """A version of an intent was accepted; it is compared with all that stood meanwhile.

        What it may have met that ended before `since` is not counted: both stood for sure only
        from then on.
        """
        for other in self.lives:
            if other.id != life.id and other.until > life.since:
                self._compare(life, other)
        self.lives.append(life)
        self.standing[life.id] = life

    def _compare(self, life: Life, other: Life) -> None:
        if not {life.state, other.state} <= NOMINAL or life.priority != other.priority:
            return
        self.compared += 1
        if meet(life.volumes, other.volumes) and not self.excused(life, other):
            self.wrong.append(f"{life} and {other} meet")

    def forget(self, before: float) -> None:
        """Let go of lives that ended before a time when nothing was under way."""
        self.lives = [life for life in self.lives if life.until > before]
