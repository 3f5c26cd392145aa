"""Crossings before they happen: where present motion leads, and when.

Nothing is said about what a pilot may want, so there is no probability: only from when on, at the
earliest, the aircraft can be inside, and by when, at the latest, it must be, if its motion changes
by no more than an acceleration that is assumed (or the one that it shows in its present turn).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from msgspec import Struct, structs

from detente.boundaries import BoundarySet
from detente.watch.crossing_rules import CrossingRules
from detente.watch.event_ids import event_id
from detente.watch.events import Event, EventKind, Grade, Ground, Interval, Place
from detente.watch.intervals import between, one_way, quadrature
from detente.watch.motion import carried_on, length_m, short_way_deg, turned_deg

from ._borders import source_of
from ._following import Followed
from ._scan import LINKED, SKIPPED, Floats

_SAMPLES: Final = 13
_AGAIN: Final = 3
_TURN_MAX_M_S2: Final = 15.0
_TURN_WAY_M: Final = 30.0
"""Less way does not show a turn."""


class Prediction(Struct):
    """One approach to one area.

    Attributes:
        slot, area, aircraft: whose, and to what.
        began_us: when it was predicted first.
        led_us: when motion led inside last.
        told_s: how long before the crossing it was told last.
        event: as it was told last.
    """

    slot: int
    area: int
    aircraft: str
    began_us: int
    led_us: int
    told_s: float
    event: Event


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where the motion of a batch leads.

    Attributes:
        followed: the batch.
        rows: positions at which there is something to do.
        hits: by row, areas that motion leads into, and in how many seconds.
    """

    followed: Followed
    rows: Collection[int] = ()
    hits: Mapping[int, Sequence[tuple[int, float]]] = field(default_factory=dict)


class Predictor:
    """Follows approaches: at most one event each, cleared when it is over.

    Args:
        boundaries: what may be crossed.
        rules: what is assumed.
    """

    def __init__(self, boundaries: BoundarySet, rules: CrossingRules) -> None:
        self._boundaries = boundaries.boundaries
        self._index = boundaries.index
        self._rules = rules
        self._open: dict[int, dict[int, Prediction]] = {}

    def look(self, followed: Followed) -> Ahead:
        """Where the positions of a batch that are due lead.

        One position of an aircraft is due in each span of `look_every_s` of its own time.
        """
        rules = self._rules
        if rules.look_ahead_s <= 0:
            return Ahead(followed)
        reports = followed.tracked.reports
        every_us = round(rules.look_every_s * 1e6)
        new = reports.time_us // every_us != followed.came // every_us
        due = np.flatnonzero(new & (followed.link == LINKED))
        moving = due[reports.speed_m_s[due] >= rules.speed_least_m_s]
        moving = moving[np.isfinite(reports.track_deg[moving])]
        lat, lng = reports.lat_deg[moving], reports.lng_deg[moving]
        ahead_s = np.full(len(moving), rules.look_ahead_s)
        to_lat, to_lng = carried_on(
            lat, lng, reports.speed_m_s[moving], reports.track_deg[moving], ahead_s
        )
        which, area, share, into, _ = self._index.crossings(lat, lng, to_lat, to_lng)
        hits: dict[int, list[tuple[int, float]]] = {}
        for i in np.flatnonzero(into).tolist():
            at = hits.setdefault(int(moving[which[i]]), [])
            if all(int(area[i]) != known for known, _ in at):
                at.append((int(area[i]), float(share[i]) * rules.look_ahead_s))
        busy = np.zeros(len(reports.identities), dtype=np.bool_)
        busy[list(self._open)] = True
        busy[reports.aircraft[list(hits)]] = True
        return Ahead(followed, due[busy[reports.aircraft[due]]].tolist(), hits)

    def row(
        self, ahead: Ahead, row: int, entered: Collection[int], inside: Collection[int]
    ) -> list[Event]:
        """What a position does to the approaches of its aircraft.

        Args:
            ahead: of its batch.
            row: the position.
            entered: areas that it entered by it.
            inside: areas that it is in.
        """
        if self._rules.look_ahead_s <= 0:
            return []
        followed = ahead.followed
        link = followed.link[row]
        if link == SKIPPED:
            return []
        slot = int(followed.tracked.reports.aircraft[row])
        now_us = int(followed.tracked.reports.time_us[row])
        known = self._open.get(slot, {})
        told = []
        if link != LINKED:
            last_us = int(followed.came[row])
            return [
                _over(each, last_us, "track-ended", Grade.CANNOT_BE_TOLD)
                for each in self._open.pop(slot, {}).values()
            ]
        for area in entered:
            crossed = known.pop(area, None)
            if crossed is not None:
                told.append(_over(crossed, now_us, "crossed", crossed.event.grade))
        for area, seconds in ahead.hits.get(row, ()):
            if area not in inside:
                told += self._leads(followed, row, area, seconds)
        known = self._open.get(slot, {})
        clear_us = self._rules.clear_s * 1e6
        for area in [a for a, each in known.items() if now_us - each.led_us >= clear_us]:
            told.append(_over(known.pop(area), now_us, "turned-away", Grade.REFUTED))
        if not known:
            self._open.pop(slot, None)
        return told

    def close(self) -> list[Event]:
        """Approaches that last, as they are."""
        return [each.event for areas in self._open.values() for each in areas.values()]

    def state(self) -> list[Prediction]:
        """All that it remembers."""
        return [each for areas in self._open.values() for each in areas.values()]

    def restore(self, state: Sequence[Prediction]) -> None:
        """Go on from there."""
        self._open = {}
        for each in state:
            self._open.setdefault(each.slot, {})[each.area] = each

    def _leads(self, followed: Followed, row: int, area: int, seconds: float) -> list[Event]:
        """Motion leads inside: told at first, and again when a third of the time is left."""
        reports = followed.tracked.reports
        slot, now_us = int(reports.aircraft[row]), int(reports.time_us[row])
        known = self._open.setdefault(slot, {})
        before = known.get(area)
        if before is not None and seconds > before.told_s / _AGAIN:
            before.led_us = now_us
            return []
        began_us = now_us if before is None else before.began_us
        event = self._event(followed, row, area, seconds, began_us)
        known[area] = Prediction(slot, area, event.aircraft, began_us, now_us, seconds, event)
        return [event] if self._rules.provisional else []

    def _event(
        self, followed: Followed, row: int, area: int, seconds: float, began_us: int
    ) -> Event:
        reports = followed.tracked.reports
        boundary = self._boundaries[area]
        line_m = boundary.uncertainty_m
        lat, lng = float(reports.lat_deg[row]), float(reports.lng_deg[row])
        speed, course = float(reports.speed_m_s[row]), float(reports.track_deg[row])
        altitude = float(reports.altitude_m[row])
        bend = max(self._rules.look_acceleration_m_s2, _turn_m_s2(followed, row))
        radius_m = float(followed.radius[row])
        now_m = quadrature(one_way(radius_m), line_m, speed * self._rules.time_s)
        time = self._when(area, lat, lng, speed, course, seconds, now_m, bend)
        to_lat, to_lng = carried_on(
            *(np.array([each]) for each in (lat, lng, speed, course, seconds))
        )
        astray_m = quadrature(radius_m, line_m) + 0.5 * bend * seconds**2
        must = np.isfinite(time.high)
        grounds = [
            Ground("motion-leads-inside" if must else "may-turn-away", {"boundary_m": line_m})
        ]
        if not boundary.source.judges:
            grounds.insert(0, Ground("boundary-does-not-judge", {"source": boundary.source.id}))
        last_s = time.high if must else self._rules.look_ahead_s
        return Event(
            id=event_id(
                EventKind.CROSSING_PREDICTED,
                reports.identities[int(reports.aircraft[row])],
                boundary.id,
                began_us,
            ),
            kind=EventKind.CROSSING_PREDICTED,
            grade=Grade.SHOWN if must and boundary.source.judges else Grade.CANNOT_BE_TOLD,
            aircraft=reports.identities[int(reports.aircraft[row])],
            callsign=reports.callsigns[int(reports.aircraft[row])],
            boundary=boundary.id,
            claimant=boundary.claimant,
            began_us=began_us,
            entry=Place(
                float(to_lat[0]),
                float(to_lng[0]),
                altitude if np.isfinite(altitude) else None,
                int(reports.time_us[row]) + round(seconds * 1e6),
                astray_m,
                max(last_s - seconds, seconds - time.low, 0.0),
            ),
            distance_m=between(speed * time.low, speed * seconds, speed * time.high, "m"),
            time_to_s=time,
            grounds=tuple(grounds),
            reports=1,
            sources=(source_of(followed, row),),
            boundary_source=boundary.source.id,
            basis=("stated", "derived", "assumed")[int(reports.basis[row])],
        )

    def _when(
        self,
        area: int,
        lat: float,
        lng: float,
        speed: float,
        course: float,
        seconds: float,
        now_m: float,
        bend: float,
    ) -> Interval:
        """In how many seconds it is inside: at the earliest, as it flies, at the latest."""
        at = np.linspace(0.0, 2 * self._rules.look_ahead_s, 2 * _SAMPLES - 1)
        same = np.ones(len(at))
        to_lat, to_lng = carried_on(lat * same, lng * same, speed * same, course * same, at)
        off = now_m + 0.5 * bend * at**2
        limit = 2 * speed * self._rules.look_ahead_s + float(off[-1])
        depth = self._index.signed_depth(
            to_lat, to_lng, np.full(len(at), area, dtype=np.int32), limit
        ).depth_m
        depth = np.clip(depth, -limit, limit)
        earliest = _first(at, depth + off)
        latest = _first(at, depth - off)
        return between(min(earliest, seconds), seconds, max(latest, seconds), "s")


def _first(at: Floats, height: Floats) -> float:
    """When a line through samples reaches nought first; infinite if it does not."""
    over = np.flatnonzero(height >= 0)
    if not len(over):
        return float("inf")
    i = int(over[0])
    if i == 0:
        return 0.0
    low, high = float(height[i - 1]), float(height[i])
    return float(at[i - 1] + (at[i] - at[i - 1]) * (-low / (high - low)))


def _turn_m_s2(followed: Followed, row: int) -> float:
    """Across the track, by how the course told differs from the way since the last position."""
    reports = followed.tracked.reports
    way = float(followed.way[row])
    seconds = (int(reports.time_us[row]) - int(followed.came[row])) / 1e6
    if way < _TURN_WAY_M or seconds <= 0:
        return 0.0
    from_lat, from_lng = followed.from_lat[row : row + 1], followed.from_lng[row : row + 1]
    lat, lng = reports.lat_deg[row : row + 1], reports.lng_deg[row : row + 1]
    north = length_m(from_lat, lng, lat, lng) * np.sign(lat - from_lat)
    east = length_m(lat, from_lng, lat, lng) * np.sign(short_way_deg(from_lng, lng))
    course = float(np.degrees(np.arctan2(east, north))[0])
    rate = 2 * abs(np.radians(turned_deg(course, float(reports.track_deg[row])))) / seconds
    return float(min(rate * way / seconds, _TURN_MAX_M_S2))


def _over(prediction: Prediction, at_us: int, code: str, grade: Grade) -> Event:
    """An approach that has come to an end."""
    event = prediction.event
    return structs.replace(
        event, ended_us=at_us, grade=grade, grounds=(Ground(code), *event.grounds)
    )
