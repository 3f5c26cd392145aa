"""Leaving one's own volumes before it happens: when present motion leads out of them.

As in `_predicting`, nothing is said about what a pilot may want: only from when on, at the
earliest, the aircraft can be outside, and by when, at the latest, it must be, if its motion changes
by no more than an acceleration that is assumed (or the one of its present turn). The times of the
volumes count as their sides do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct, structs

from detente.feeds import Reports
from detente.kernels import OwnDistances
from detente.watch.events import Event, EventKind, Grade, Ground, Place
from detente.watch.intervals import between, one_way, quadrature
from detente.watch.motion import carried_on, turned_deg
from detente.watch.own_volumes import OwnVolumes
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag

Floats = npt.NDArray[np.float64]
_SAMPLES: Final = 121
_AGAIN: Final = 3
_TURN_MAX_M_S2: Final = 15.0
_BASIS: Final = ("stated", "derived", "assumed")


class LookRules(Protocol):
    """What is assumed of motion; see `ConformanceRules`."""

    @property
    def look_ahead_s(self) -> float: ...
    @property
    def look_every_s(self) -> float: ...
    @property
    def look_acceleration_m_s2(self) -> float: ...
    @property
    def time_s(self) -> float: ...
    @property
    def clear_s(self) -> float: ...


class Leaving(Struct):
    """That a flight will leave, as long as it is foreseen.

    Attributes:
        led_us: when motion led outside last.
        looked_us: when it was looked how sure that is.
        told_s: how long before leaving it was told last.
        event: as it was told last.
    """

    led_us: int
    looked_us: int
    told_s: float
    event: Event

    def over(self, at_us: int, code: str, grade: Grade) -> Event:
        """It is not foreseen any more."""
        event = self.event
        return structs.replace(
            event, ended_us=at_us, grade=grade, grounds=(Ground(code), *event.grounds)
        )


class Motion(Struct, frozen=True):
    """Where a flight is, how it moves, and when that leads out.

    Attributes:
        row: its position.
        leaves_s: in how many seconds; infinite if not within the look-ahead.
        speed_m_s, course_deg, climb_m_s: what is gone by; what is slow counts as still.
        turn_m_s2: across the track, as its course changes now.
    """

    row: int
    leaves_s: float
    speed_m_s: float
    course_deg: float
    climb_m_s: float
    turn_m_s2: float


def steady(values: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.float64]:
    """Speeds to go by: what is slower than `least`, or not told, has no direction."""
    return np.where(np.abs(values) >= least, values, 0.0)  # NaN is not


def turn_m_s2(reports: Reports, row: int, before_us: int, before_deg: float) -> float:
    """How an aircraft turns, by its course now and the one before.

    Args:
        reports: a batch.
        row: of it.
        before_us, before_deg: time and course of the position before; the course may be NaN.
    """
    seconds = (int(reports.time_us[row]) - before_us) / 1e6
    course, speed = float(reports.track_deg[row]), float(reports.speed_m_s[row])
    if not (seconds > 0 and math.isfinite(course + before_deg + speed)):
        return 0.0
    rate = abs(math.radians(turned_deg(before_deg, course))) / seconds
    return min(rate * speed, _TURN_MAX_M_S2)


Measure = Callable[[npt.NDArray[np.int64], Floats, Floats, Floats], OwnDistances]
"""How times and places lie to the volumes of the flight in question."""


def foreseen(known: Leaving | None, at_us: int, rules: LookRules) -> bool:
    """Whether it is to be looked how sure it is: at first, and then once in each span of
    `look_every_s`."""
    if known is None:
        return True
    every_us = round(rules.look_every_s * 1e6)
    looked_us, known.looked_us = known.looked_us, at_us
    return every_us == 0 or at_us // every_us != looked_us // every_us


def told_anew(known: Leaving | None, event: Event, leaves_s: float) -> bool:
    """Whether it is said: at first, when it is sure now, and when a third of the time is left."""
    if known is None:
        return True
    sure, was_sure = (each.grade is Grade.SHOWN for each in (event, known.event))
    if was_sure and not sure:  # what was sure is not taken back before it is over
        return False
    return sure is not was_sure or leaves_s <= known.told_s / _AGAIN


def leaving_event(
    identity: str,
    began_us: int,
    own: OwnVolumes,
    tracked: Tracked,
    motion: Motion,
    measure: Measure,
    rules: LookRules,
) -> Event:
    """That a flight will leave its volumes.

    Args:
        identity: of the event.
        began_us: when it was foreseen first.
        own: what it declared.
        tracked: a batch.
        motion: of the flight.
        measure: against its volumes.
        rules: what is assumed.
    """
    reports, row = tracked.reports, motion.row
    seconds, at_us = motion.leaves_s, int(reports.time_us[row])
    radius_m, altitude = float(reports.horizontal_m[row]), float(reports.altitude_m[row])
    bend = max(rules.look_acceleration_m_s2, motion.turn_m_s2)
    low_s, high_s = _when(tracked, motion, measure, rules, bend)
    must = math.isfinite(high_s)
    doubtful = bool(tracked.flags[row] & Flag.INCONSISTENT)
    grounds = [Ground("motion-leads-out" if must else "may-stay-inside")]
    if doubtful:
        grounds.insert(0, Ground("positions-doubtful", {"doubtful": 1.0, "reports": 1.0}))
    if not _timely(measure, reports, motion):
        grounds.append(Ground("time-runs-out"))
    (lat,), (lng,), (high_m,) = _carried(reports, motion, np.array([seconds]))
    last_s = high_s if must else rules.look_ahead_s
    return Event(
        id=identity,
        kind=EventKind.OUTSIDE_VOLUMES,
        grade=Grade.SHOWN if must and not doubtful else Grade.CANNOT_BE_TOLD,
        aircraft=own.aircraft,
        callsign=reports.callsigns[int(reports.aircraft[row])],
        party=own.party,
        rule=own.operation,
        flight=own.name,
        began_us=began_us,
        entry=Place(
            float(lat),
            float(lng),
            None if math.isnan(altitude) else float(high_m),
            at_us + round(seconds * 1e6),
            radius_m + 0.5 * bend * seconds**2,
            max(last_s - seconds, seconds - low_s, 0.0),
        ),
        time_to_s=between(low_s, seconds, high_s, "s"),
        grounds=tuple(grounds),
        reports=1,
        sources=(reports.sources[int(reports.source[row])].name,),
        basis=_BASIS[int(reports.basis[row])],
    )


def _carried(reports: Reports, motion: Motion, seconds: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the motion leads by then."""
    same, row = np.ones(len(seconds)), motion.row
    lat, lng = carried_on(
        float(reports.lat_deg[row]) * same,
        float(reports.lng_deg[row]) * same,
        motion.speed_m_s * same,
        motion.course_deg * same,
        seconds,
    )
    return lat, lng, float(reports.altitude_m[row]) + motion.climb_m_s * seconds


def _timely(measure: Measure, reports: Reports, motion: Motion) -> bool:
    """Whether some volume is meant for the time at which it leaves."""
    after_s = np.array([motion.leaves_s + 1e-3])
    times = np.array([int(reports.time_us[motion.row])]) + np.round(after_s * 1e6).astype(np.int64)
    return bool(measure(times, *_carried(reports, motion, after_s)).volume[0] >= 0)


def _when(
    tracked: Tracked, motion: Motion, measure: Measure, rules: LookRules, bend: float
) -> tuple[float, float]:
    """In how many seconds it is outside: at the earliest, and at the latest; infinite if it need
    not be."""
    reports, row = tracked.reports, motion.row
    at_s = np.linspace(0.0, 2 * rules.look_ahead_s, _SAMPLES)
    times = int(reports.time_us[row]) + np.round(at_s * 1e6).astype(np.int64)
    told = measure(times, *_carried(reports, motion, at_s))
    drift_m = 0.5 * bend * at_s**2
    time_m = motion.speed_m_s * rules.time_s
    across_m = quadrature(one_way(float(reports.horizontal_m[row])), time_m) + drift_m
    up_m = _number(float(reports.vertical_m[row])) + drift_m
    timely = told.volume >= 0
    rise_m = np.where(np.isnan(told.vertical_m), np.inf, told.vertical_m)
    can = ~timely | (told.horizontal_m < across_m) | (rise_m < up_m)
    out_m = np.hypot(np.maximum(0.0, -told.horizontal_m), np.maximum(0.0, -rise_m))
    # the volume measured is the nearest: outside by more than that of it is outside of all
    must = ~timely | (out_m > np.hypot(across_m, up_m))
    step_s = float(at_s[1])
    early = int(np.argmax(can)) if can.any() else len(at_s)
    low_s = max(0.0, (early - 1) * step_s - rules.time_s)
    high_s = float(at_s[np.argmax(must)]) + rules.time_s if must.any() else math.inf
    return min(low_s, motion.leaves_s), max(high_s, motion.leaves_s)


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value
