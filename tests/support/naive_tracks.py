"""Tracks as a first version would sort them out: one report after the other, in Python.

Slow, and written apart from `detente.watch`: for tests to compare with, and for benchmarks. What it
decides near a limit may differ by the shape of the Earth; it says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from geographiclib.geodesic import Geodesic

from detente.feeds import NEVER, Reports
from detente.watch import Fate, Flag, TrackRules

MARGIN = 0.02


class TooClose(Exception):
    """A comparison is so close that rounding decides it."""


@dataclass(slots=True)
class Point:
    time_us: int
    lat: float
    lng: float
    speed: float
    track: float
    horizontal: float


@dataclass(slots=True)
class Aircraft:
    last: Point
    heights: dict[str, float]
    vertical: float
    anchor: Point | None = None
    contested: bool = False
    lates: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    jump: bool
    inconsistent: bool
    residual: float


def geodesic(one: Point, two: Point) -> tuple[float, float]:
    """Metres, and the azimuth halfway."""
    line = Geodesic.WGS84.InverseLine(one.lat, one.lng, two.lat, two.lng)
    return line.s13, line.Position(line.s13 / 2)["azi2"]


def haversine(one: Point, two: Point) -> tuple[float, float]:
    """Metres, and the azimuth at the beginning, on a sphere: what most code does."""
    lat0, lat1 = math.radians(one.lat), math.radians(two.lat)
    turn = math.radians(two.lng - one.lng)
    half = math.sin((lat1 - lat0) / 2) ** 2
    half += math.cos(lat0) * math.cos(lat1) * math.sin(turn / 2) ** 2
    east = math.cos(lat1) * math.sin(turn)
    north = math.cos(lat0) * math.sin(lat1) - math.sin(lat0) * math.cos(lat1) * math.cos(turn)
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half)), math.degrees(math.atan2(east, north))


class NaiveTracks:
    """Judges rows of `Reports`, one by one.

    Args:
        rules: as of the other.
        between: how far it is from one point to another.
        strict: whether to raise `TooClose`.
    """

    def __init__(
        self,
        rules: TrackRules,
        between: Callable[[Point, Point], tuple[float, float]] = geodesic,
        *,
        strict: bool = True,
    ) -> None:
        self._rules = rules
        self._between = between
        self._strict = strict
        self._known: dict[str, Aircraft] = {}

    def judge(self, reports: Reports, row: int) -> tuple[Fate, Flag]:
        """What becomes of a report, and what is to be said of it if it is kept."""
        rules = self._rules
        time_us, received_us = int(reports.time_us[row]), int(reports.received_us[row])
        lat, lng = float(reports.lat_deg[row]), float(reports.lng_deg[row])
        if time_us == NEVER or not (-90 <= lat <= 90 and -180 <= lng <= 180):
            return Fate.UNUSABLE, Flag(0)
        flags = Flag(0)
        if received_us != NEVER:
            ahead_s = (time_us - received_us) / 1e6
            if ahead_s > rules.ahead_max_s:
                return Fate.AHEAD, flags
            if ahead_s > rules.ahead_s:
                flags |= Flag.AHEAD
            elif -ahead_s > rules.stale_s:
                return Fate.STALE, flags
        name = reports.identities[reports.aircraft[row]]
        point = Point(
            time_us,
            lat,
            lng,
            float(reports.speed_m_s[row]),
            float(reports.track_deg[row]),
            float(reports.horizontal_m[row]),
        )
        heights = {
            "pressure": float(reports.pressure_m[row]),
            "geometric": float(reports.altitude_m[row]),
        }
        # Pressure where there is one, geometric else.
        heights = {k: v for k, v in heights.items() if not math.isnan(v)}
        if "pressure" in heights:
            heights.pop("geometric", None)
        vertical = float(reports.vertical_m[row])
        if reports.on_ground[row] == 1:
            flags |= Flag.GROUND
        known = self._known.get(name)
        seconds = (time_us - known.last.time_us) / 1e6 if known else math.inf
        if known is not None and seconds < 0:
            if -seconds <= rules.set_back_s:
                return Fate.LATE, Flag(0)
            if known.lates and time_us < known.lates[-1]:
                known.lates.clear()
            known.lates.append(time_us)
            if len(known.lates) < rules.set_back_reports:
                return Fate.LATE, Flag(0)
            known = None
        elif known is not None and seconds <= rules.gap_s:
            fate = self._again(known, point, seconds)
            if fate is not None:
                return fate, Flag(0)
        if known is None or seconds > rules.gap_s:
            self._known[name] = Aircraft(point, heights, vertical)
            return Fate.KEPT, flags | Flag.FIRST
        flags |= self._step_flags(known, point)
        if known.contested:
            flags |= Flag.CONTESTED
        for kind, height in heights.items():
            before = known.heights.get(kind)
            most = rules.climb_max_m_s * seconds + known.vertical + vertical + 30.48
            if before is not None and self._more(abs(height - before), most):
                flags |= Flag.CLIMB
        known.last, known.heights, known.vertical = point, heights, vertical
        known.contested = False
        known.lates.clear()
        return Fate.KEPT, flags

    def _again(self, known: Aircraft, point: Point, seconds: float) -> Fate | None:
        last = known.last
        if (point.lat, point.lng) == (last.lat, last.lng):
            if seconds < self._rules.repeat_s:
                return Fate.DUPLICATE
            if point.speed > 2.5 and point.speed * seconds > self._rules.frozen_m:
                return Fate.FROZEN
            return None
        if seconds == 0:
            apart = self._between(last, point)[0]
            if self._more(apart, last.horizontal + point.horizontal):
                known.contested = True
                return Fate.CONTRADICTING
            return Fate.DUPLICATE
        return None

    def _step_flags(self, known: Aircraft, point: Point) -> Flag:
        step = self._step(known.last, point)
        flags = Flag(0)
        if step.jump:
            flags |= Flag.JUMP
        if step.inconsistent:
            flags |= Flag.INCONSISTENT
        if not flags:
            if known.anchor is not None:
                known.anchor = None
                return Flag.SETTLED
            return flags
        if known.anchor is None:
            known.anchor = known.last
            return flags
        back = self._step(known.anchor, point)
        fits = not (back.jump or back.inconsistent)
        if fits and not math.isnan(step.residual):
            fits = not math.isnan(back.residual)
            fits = fits and not self._more(back.residual, step.residual / 2)
        if fits:
            known.anchor = None
            return flags | Flag.RETURNED
        return flags

    def _step(self, one: Point, two: Point) -> Step:
        rules = self._rules
        seconds = (two.time_us - one.time_us) / 1e6
        apart, azimuth = self._between(one, two)
        told = not math.isnan(one.speed + one.track + two.speed + two.track)
        fastest = max(one.speed, two.speed) if told else 250.0
        blurred = one.horizontal + two.horizontal + rules.time_spread_s * fastest
        jump = self._more(apart, rules.speed_max_m_s * seconds + blurred)
        if not told or seconds > rules.compare_max_s or abs(two.lat) > 89:
            return Step(jump, False, math.nan)
        east = apart * math.sin(math.radians(azimuth))
        north = apart * math.cos(math.radians(azimuth))
        for each in (one, two):
            east -= each.speed * math.sin(math.radians(each.track)) * seconds / 2
            north -= each.speed * math.cos(math.radians(each.track)) * seconds / 2
        residual = math.hypot(east, north)
        turning = min(rules.acceleration_m_s2 * seconds**2 / 8, fastest * seconds)
        return Step(jump, self._more(residual, blurred + turning), residual)

    def _more(self, value: float, limit: float) -> bool:
        if self._strict and abs(value - limit) < MARGIN * abs(limit) + 1.0:
            raise TooClose
        return value > limit
