"""Tracks against a first version in Python, cut anywhere, alone or among others."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from geographiclib.geodesic import Geodesic
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.support.naive_tracks import NaiveTracks, TooClose
from tests.support.reported import BEGAN_US

from detente.feeds import NEVER, Reports, Source, joined, of_columns
from detente.watch import Fate, Flag, Tracked, TrackRules, Tracks
from detente.watch._displacement import direction, displacement

NAMES = ("aaaaaa", "bbbbbb", "track:7")
SOURCES = (Source("one", "beast"), Source("two", "asterix"))
RULES = TrackRules(aircraft_max=8)


@st.composite
def feeds(draw: st.DrawFn) -> Reports:
    """Three aircraft that mostly fly as they say, and everything that goes wrong with reports."""
    seed = draw(st.integers(0, 2**32 - 1))
    count = draw(st.integers(1, 80))
    rng = np.random.default_rng(seed)
    aircraft = rng.integers(0, 3, count).astype(np.int32)
    seconds = np.cumsum(rng.choice([0.0, 0.2, 1.0, 4.0, 30.0], count))
    speed = rng.uniform(50, 300, 3)[aircraft]
    track = rng.uniform(0, 360, 3)[aircraft]
    lat = rng.uniform(-75, 75, 3)[aircraft] + speed * np.cos(np.radians(track)) * seconds / 111_200
    metres = 111_320 * np.cos(np.radians(lat))
    lng = rng.uniform(-170, 170, 3)[aircraft] + speed * np.sin(np.radians(track)) * seconds / metres
    time_us = BEGAN_US + np.round(seconds * 1e6).astype(np.int64)
    received_us = time_us + rng.integers(0, 400_000, count)
    pressure = np.full(count, 9_000.0)
    faults = rng.choice(12, count, p=[0.6, *[0.4 / 11] * 11])
    lat = np.where(faults == 1, lat + rng.uniform(-1, 1, count), lat)
    lng = np.where(faults == 2, lng + 0.7, lng)
    time_us = np.where(faults == 3, time_us - 20_000_000, time_us)
    speed = np.where(faults == 4, np.nan, speed)
    received_us = np.where(faults == 5, NEVER, received_us)
    received_us = np.where(faults == 6, time_us + 45_000_000, received_us)
    received_us = np.where(faults == 7, time_us - 5_000_000, received_us)
    time_us = np.where(faults == 8, time_us + 4 * 3_600_000_000, time_us)
    received_us = np.where(faults == 8, NEVER, received_us)
    lat = np.where(faults == 9, np.nan, lat)
    pressure = np.where(faults == 10, 30_000.0, pressure)
    again = np.flatnonzero(faults == 11)
    again = again[again > 0]
    for row in again.tolist():
        aircraft[row], lat[row], lng[row] = aircraft[row - 1], lat[row - 1], lng[row - 1]
        if rng.random() < 0.5:
            time_us[row] = time_us[row - 1]
    return of_columns(
        count,
        NAMES,
        ("", "", ""),
        SOURCES,
        time_us=time_us,
        received_us=received_us,
        aircraft=aircraft,
        source=rng.integers(0, 2, count).astype(np.int32),
        lat_deg=lat,
        lng_deg=lng,
        pressure_m=pressure,
        speed_m_s=speed,
        track_deg=track,
        horizontal_m=rng.choice([10.0, 185.2, np.nan], count),
        on_ground=rng.integers(0, 3, count).astype(np.uint8),
    )


def cut(reports: Reports, cuts: list[int]) -> list[Reports]:
    edges = sorted({0, len(reports), *(each % (len(reports) + 1) for each in cuts)})
    return [reports.take(slice(a, b)) for a, b in pairwise(edges)]


def facts(parts: list[Tracked]) -> list[tuple[object, ...]]:
    """Everything that is said of each kept report, in words that do not depend on numbering."""
    return [
        (
            each.reports.identities[each.reports.aircraft[row]],
            each.reports.sources[each.reports.source[row]],
            int(each.reports.time_us[row]),
            int(each.flags[row]),
            float(each.residual_m[row]).hex(),
            float(each.allowed_m[row]).hex(),
            float(each.doubt[row]).hex(),
        )
        for each in parts
        for row in range(len(each))
    ]


@given(feeds())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_report_is_judged_as_a_first_version_judges_it(reports: Reports) -> None:
    naive = NaiveTracks(RULES)
    try:
        expected = [naive.judge(reports, row) for row in range(len(reports))]
    except TooClose:
        assume(False)
    tracks = Tracks(RULES)
    tracked = tracks.take(reports)
    kept = [flags for fate, flags in expected if fate is Fate.KEPT]
    assert [Flag(int(each)) for each in tracked.flags] == kept
    for fate in Fate:
        if fate is not Fate.KEPT:
            count = sum(each is fate for each, _ in expected)
            assert tracks.taken_out.get(fate.words, 0) == count, fate


@given(feeds(), st.lists(st.integers(0, 10_000), max_size=6), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_the_answer_does_not_depend_on_how_the_input_is_cut_or_where_the_run_is_resumed(
    reports: Reports, cuts: list[int], resumed: int
) -> None:
    whole, pieces = Tracks(RULES), Tracks(RULES)
    expected = facts([whole.take(reports)])
    found: list[Tracked] = []
    for number, piece in enumerate(cut(reports, cuts)):
        if number == resumed:
            snapshot = pieces.snapshot()
            pieces = Tracks(RULES)
            pieces.restore(snapshot)
        found.append(pieces.take(piece))
    assert facts(found) == expected
    assert pieces.counts == whole.counts


@given(feeds())
@settings(max_examples=50, deadline=None)
def test_an_aircraft_is_judged_alike_alone_and_among_others(reports: Reports) -> None:
    together = facts([Tracks(RULES).take(reports)])
    for number, name in enumerate(NAMES):
        alone = Tracks(RULES).take(reports.take(reports.aircraft == number))
        assert facts([alone]) == [each for each in together if each[0] == name]


@given(feeds(), st.lists(st.integers(0, 10_000), max_size=4))
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_uncounted_and_kept_tracks_run_forward(
    reports: Reports, cuts: list[int]
) -> None:
    tracks = Tracks(RULES)
    last: dict[str, int] = {}
    kept = 0
    for piece in cut(reports, cuts):
        tracked = tracks.take(piece)
        kept += len(tracked)
        rows_of: dict[str, int] = {}
        for row in range(len(tracked)):
            name = tracked.reports.identities[tracked.reports.aircraft[row]]
            time_us = int(tracked.reports.time_us[row])
            if not tracked.flags[row] & Flag.FIRST:
                assert time_us > last[name]
                assert tracked.previous[row] == rows_of.get(name, -1)
            last[name] = time_us
            rows_of[name] = row
    assert kept + sum(tracks.taken_out.values()) == len(reports)
    for counts in tracks.counts.values():
        assert sum(counts.taken_out.values()) <= len(reports)
    assert sum(each.kept for each in tracks.counts.values()) == kept


@given(st.floats(-1e6, 1e6))
def test_directions_are_those_of_the_library(angle: float) -> None:
    east, north = direction(angle)
    assert math.isclose(east, math.sin(math.radians(angle)), abs_tol=1e-9)
    assert math.isclose(north, math.cos(math.radians(angle)), abs_tol=1e-9)


@given(st.floats(-89.9, 89.9), st.floats(-180, 179.99), st.floats(0, 360), st.floats(0, 5_000_000))
@settings(max_examples=300, deadline=None)
def test_displacements_agree_with_the_geodesic(
    lat: float, lng: float, azimuth: float, metres: float
) -> None:
    there = Geodesic.WGS84.Direct(lat, lng, azimuth, metres)
    lat1, lng1 = there["lat2"], there["lon2"]
    east, north = displacement(lat, lng, lat1, lng1)
    near = max(abs(lat), abs(lat1)) < 79 and metres < 50_000
    if not near:
        assert math.isclose(math.hypot(east, north), metres, rel_tol=0.006, abs_tol=0.01)
        return
    assert math.isclose(math.hypot(east, north), metres, rel_tol=2e-4, abs_tol=0.01)
    halfway = Geodesic.WGS84.Direct(lat, lng, azimuth, metres / 2)["azi2"]
    assert math.isclose(
        east, metres * math.sin(math.radians(halfway)), rel_tol=1e-3, abs_tol=1e-3 * metres + 0.01
    )


def test_identities_in_any_order_and_growing_tables_give_the_same() -> None:
    one = of_columns(
        1, ("b", "a"), ("", ""), SOURCES[:1], time_us=np.array([BEGAN_US]),
        aircraft=np.array([1]), lat_deg=np.array([1.0]), lng_deg=np.array([1.0]),
    )  # fmt: skip
    two = of_columns(
        1, ("b", "a", "c"), ("", "", ""), SOURCES[:1], time_us=np.array([BEGAN_US + 1_000_000]),
        aircraft=np.array([2]), lat_deg=np.array([1.0]), lng_deg=np.array([1.0]),
    )  # fmt: skip
    apart, together = Tracks(), Tracks()
    assert facts([apart.take(one), apart.take(two)]) == facts([together.take(joined([one, two]))])
