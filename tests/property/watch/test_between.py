"""What is told of aircraft and each other, and of lines, does not depend on how input is cut."""

from __future__ import annotations

import functools
import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.stand_off import AIRSPACE, LINE, agreement_of

from detente.agreement import AircraftClass
from detente.feeds import Reports, Source, of_columns
from detente.watch import (
    Declarations,
    Declared,
    Event,
    SeparationMonitor,
    SeparationRules,
    StandOffMonitor,
    StandOffRules,
    Tracks,
    stand_off_rules,
)
from detente.watch.monitors.base import Monitor

BEGIN_US = 1_800_000_000_000_000
NAMES = tuple(f"{number:06x}" for number in range(6))
PARTIES = Declarations(
    Declared(
        aircraft=name,
        party="ab"[number % 2],
        kind=list(AircraftClass)[number % 6],
    )
    for number, name in enumerate(NAMES)
)


def traffic(seed: int, lat: float = 45.6, lng: float = 7.0) -> Reports:
    """Six that wander about a place, some silent for a while, heard with delays."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(len(NAMES)):
        x, y = rng.normal(size=2) * 12_000
        course, speed = rng.uniform(0, 2 * math.pi), rng.choice([30.0, 120.0, 250.0])
        height, climb = rng.uniform(3000, 4000), rng.uniform(-3, 3)
        t = rng.uniform(0, 10)
        while t < 240:
            step = rng.choice([1.0, 2.5, 4.0, 40.0], p=[0.5, 0.3, 0.18, 0.02])
            x += step * speed * math.sin(course)
            y += step * speed * math.cos(course)
            course += rng.normal() * 0.05
            t += step
            rows.append(
                (
                    t + rng.exponential(0.7),
                    t,
                    number,
                    lat + y / 111_000,
                    lng + x / 78_000,
                    height + climb * t if rng.random() < 0.98 else math.nan,
                    speed if rng.random() < 0.7 else math.nan,
                    math.degrees(course) % 360,
                    climb,
                    rng.choice([10.0, 300.0]),
                )
            )
    columns = np.array(sorted(rows)).T
    time_us = BEGIN_US + np.round(columns[1] * 1e6).astype(np.int64)
    return of_columns(
        len(rows),
        NAMES,
        ("",) * len(NAMES),
        (Source("test", "test"),),
        time_us=time_us,
        received_us=time_us,
        aircraft=columns[2].astype(np.int32),
        lat_deg=columns[3],
        lng_deg=columns[4],
        altitude_m=columns[5],
        speed_m_s=columns[6],
        track_deg=columns[7],
        climb_m_s=columns[8],
        horizontal_m=columns[9],
        vertical_m=np.full(len(rows), 20.0),
        on_ground=np.zeros(len(rows), dtype=np.uint8),
    )


def run(monitor: Monitor, reports: Reports, cuts: list[int]) -> list[Event]:
    """All that is told of reports that come in pieces."""
    tracks, events = Tracks(), []
    for rows in np.split(np.arange(len(reports)), sorted(cuts)):
        events += monitor.take(tracks.take(reports.take(rows)))
    return [*events, *monitor.close()]


SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.integers(0, 400), max_size=12)


@settings(max_examples=12)
@given(SEEDS, CUTS)
@example(0, [2])
def test_encounters(seed: int, cuts: list[int]) -> None:
    reports = traffic(seed)
    rules = SeparationRules(look_ahead_s=40, clear_s=8, company_s=10, age_max_s=12)
    whole = run(SeparationMonitor(rules, PARTIES), reports, [])
    assert run(SeparationMonitor(rules, PARTIES), reports, cuts) == whole
    assert len({each.id for each in whole}) <= len(whole)


@functools.cache
def limits(example: Path) -> StandOffRules:
    with tempfile.TemporaryDirectory() as place:
        rules = stand_off_rules(agreement_of(example, Path(place)))
    assert rules is not None
    return rules


@settings(max_examples=8)
@given(SEEDS, CUTS)
def test_distances_from_airspaces(seed: int, cuts: list[int]) -> None:
    reports = traffic(seed)
    whole = run(StandOffMonitor(limits(AIRSPACE), PARTIES), reports, [])
    assert run(StandOffMonitor(limits(AIRSPACE), PARTIES), reports, cuts) == whole


@settings(max_examples=8)
@given(SEEDS, st.integers(0, 5))
def test_distances_from_a_line_one_aircraft_at_a_time(seed: int, one: int) -> None:
    """Partitioned by aircraft, as among workers: each one's events are its own."""
    reports = traffic(seed, 38.33, 127.42)
    whole = run(StandOffMonitor(limits(LINE), PARTIES), reports, [])
    alone = run(StandOffMonitor(limits(LINE), PARTIES), reports.take(reports.aircraft == one), [])
    assert alone == [each for each in whole if each.aircraft == NAMES[one]]


@settings(max_examples=8)
@given(SEEDS, st.floats(-4e-9, 4e-9))
def test_both_sides_come_to_the_same_answer(seed: int, noise: float) -> None:
    """A position that one side has with other last digits of floating point is the same one."""
    mine = traffic(seed)
    mine.lat_deg[:] = np.rint(mine.lat_deg * 1e7) / 1e7
    theirs = mine.take(np.arange(len(mine)))
    theirs.lat_deg[:] += noise
    here = run(StandOffMonitor(limits(AIRSPACE), PARTIES), mine, [])
    there = run(StandOffMonitor(limits(AIRSPACE), PARTIES), theirs, [])
    assert there == here


ABSURD = (math.nan, math.inf, -math.inf, 1e300, -1e300, -6_378_137.0, 0.0)


@settings(max_examples=12)
@given(SEEDS)
def test_absurd_numbers_break_nothing_and_prove_nothing(seed: int) -> None:
    """Whatever passes for a position: other columns hold what nobody flies."""
    reports, rng = traffic(seed), np.random.default_rng(seed)
    # what is left of a position that is none, `Tracks` takes out
    for name in ("altitude_m", "pressure_m", "speed_m_s", "track_deg", "climb_m_s"):
        hit = rng.random(len(reports)) < 0.2
        getattr(reports, name)[hit] = rng.choice(ABSURD, size=int(hit.sum()))
    for name in ("horizontal_m", "vertical_m"):
        hit = rng.random(len(reports)) < 0.2
        getattr(reports, name)[hit] = rng.choice(ABSURD, size=int(hit.sum()))
    rules = SeparationRules(look_ahead_s=600, age_max_s=60, step_s=5)
    well_clear = SeparationRules(well_clear="daidalus-buffered", look_ahead_s=600, step_s=5)
    found = run(SeparationMonitor(rules, PARTIES), reports, [])
    found += run(SeparationMonitor(well_clear, PARTIES), reports, [])
    found += run(StandOffMonitor(limits(AIRSPACE), PARTIES), reports, [])
    for each in found:
        for place in (each.entry, each.exit, each.deepest):
            if place is not None:
                assert math.isfinite(place.radius_m)
                assert math.isfinite(place.lat_deg)
                assert math.isfinite(place.lng_deg)
        if each.distance_m is not None:
            assert each.distance_m.low <= each.distance_m.value <= each.distance_m.high
