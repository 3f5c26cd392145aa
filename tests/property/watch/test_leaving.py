"""Leaving one's own volumes: the answer does not depend on how positions were cut, nor on others,
and the bounds hold whatever a flight does within the acceleration assumed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from tests.support.watched import T0_US, flight

from detente.feeds import Reports, joined
from detente.geo import Circle, Volume4D
from detente.watch import ConformanceMonitor, ConformanceRules, Event, OwnVolumes, Tracks

GEOD = Geod(ellps="WGS84")
S = 1_000_000
WIDE = Volume4D(Circle(46.0, 7.0, 1_500.0), 0.0, 900.0, T0_US - 60 * S, T0_US + 150 * S)
NEXT = replace(WIDE, outline=Circle(46.01, 7.02, 1_500.0), time_end_us=T0_US + 190 * S)
OWN = [OwnVolumes("3c0001", "one", (WIDE, NEXT)), OwnVolumes("3c0002", "two", (NEXT,))]


def wandering(seed: int, aircraft: str, count: int = 200) -> Reports:
    """Now and then it turns, climbs, is silent, or tells no altitude."""
    rng = np.random.default_rng(seed)
    step_s = rng.choice([0.5, 1.0, 3.0, 400.0], count, p=[0.5, 0.3, 0.195, 0.005])
    course = np.cumsum(rng.normal(0, 12, count)) + rng.uniform(0, 360)
    lat, lng, points = 46.0, 7.0, []
    at = 0.0
    for step, deg in zip(step_s, course, strict=True):
        at += float(step)
        lng, lat, _ = GEOD.fwd(lng, lat, float(deg), 25.0 * float(step))
        points.append((at, lat, lng))
    reports = flight(points, aircraft=aircraft, speed_m_s=25.0, courses_deg=list(course % 360))
    high = 450.0 + np.cumsum(rng.normal(0, 4, count))
    return replace(
        reports,
        altitude_m=np.where(rng.random(count) < 0.03, np.nan, high),
        climb_m_s=rng.normal(0, 3, count),
        on_ground=(rng.random(count) < 0.02).astype(np.uint8),
    )


def events_of(parts: list[Reports], *, restart: bool) -> list[Event]:
    tracks, monitor = Tracks(), ConformanceMonitor(OWN)
    found: list[Event] = []
    for part in parts:
        found += monitor.take(tracks.take(part))
        if restart:
            before, monitor = monitor, ConformanceMonitor(OWN)
            monitor.restore(before.snapshot())
    return found + monitor.close()


@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 199), max_size=12).map(sorted),
    restart=st.booleans(),
)
@settings(max_examples=25)
def test_any_cut_gives_the_same(seed: int, cuts: list[int], restart: bool) -> None:
    track = wandering(seed, "3c0001")
    whole = events_of([track], restart=False)
    pieces = [track.take(slice(a, b)) for a, b in zip([0, *cuts], [*cuts, 200], strict=True)]
    assert events_of([each for each in pieces if len(each)], restart=restart) == whole
    other = wandering(seed + 1, "3c0002")
    beside = events_of([joined([track, other])], restart=False)
    assert [each for each in beside if each.aircraft == "3c0001"] == whole
    ahead = [each for each in whole if each.time_to_s is not None]
    for each in ahead:
        told = each.time_to_s
        assert told is not None
        assert 0 <= told.low <= told.value <= told.high


@given(
    away_m=st.floats(50.0, 1_400.0),
    speed_m_s=st.floats(5.0, 80.0),
    course_deg=st.floats(0.0, 360.0),
    push_deg=st.floats(0.0, 360.0),
    share=st.floats(0.0, 1.0),
)
@settings(max_examples=60)
def test_the_bounds_hold_for_any_steady_push(
    away_m: float, speed_m_s: float, course_deg: float, push_deg: float, share: float
) -> None:
    lng, lat, _ = GEOD.fwd(7.0, 46.0, 77.0, away_m)
    track = flight(
        [(0.0, lat, lng)], altitude_m=450.0, speed_m_s=speed_m_s, track_deg=course_deg,
        radius_m=0.001,
    )  # fmt: skip
    rules = ConformanceRules()
    volume = replace(WIDE, altitude_upper_m=9e4, altitude_lower_m=-9e4)
    monitor = ConformanceMonitor([OwnVolumes("3c0001", "one", (volume,))], rules)
    events = monitor.take(Tracks().take(track))
    if not events:
        return
    told = events[0].time_to_s
    assert told is not None
    course, push = math.radians(course_deg), math.radians(push_deg)
    size = share * rules.look_acceleration_m_s2
    leaves = math.inf
    for at_s in np.arange(0.0, 121.0, 0.05).tolist():
        e = speed_m_s * at_s * math.sin(course) + 0.5 * size * at_s**2 * math.sin(push)
        n = speed_m_s * at_s * math.cos(course) + 0.5 * size * at_s**2 * math.cos(push)
        x, y, _ = GEOD.fwd(lng, lat, math.degrees(math.atan2(e, n)), math.hypot(e, n))
        if at_s > 150.0 or GEOD.inv(7.0, 46.0, x, y)[2] > 1_500.0:
            leaves = at_s
            break
    assert told.low - 0.1 <= leaves
    assert leaves <= told.high + 0.1 or leaves == told.high == math.inf
