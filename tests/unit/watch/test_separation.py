"""Encounters by example: when they are told, how they are told apart, what is sure of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from tests.support.straight_flights import BEGIN_US, LNG_M, Flight, reports_of

from detente.watch import (
    Declarations,
    Declared,
    Event,
    Grade,
    SeparationMonitor,
    SeparationRules,
    Tracks,
)

PARTIES = Declarations(
    [
        Declared(aircraft="a00001", party="a"),
        Declared(aircraft="a00002", party="a"),
        Declared(aircraft="b00001", party="b"),
        Declared(aircraft="b00002", party="b"),
    ]
)


def told(
    flights: Sequence[Flight],
    rules: SeparationRules | None = None,
    declarations: Declarations = PARTIES,
    step: float = 1.0,
) -> list[Event]:
    monitor = SeparationMonitor(rules or SeparationRules(), declarations)
    events = monitor.take(Tracks().take(reports_of(flights, step)))
    return [*events, *monitor.close()]


def codes(event: Event) -> list[str]:
    return [each.code for each in event.grounds]


HEAD_ON = (Flight("a00001", -30_000, 0, 200, 0), Flight("b00001", 30_000, 0, -200, 0))


def test_head_on_is_told_once_two_minutes_before_and_measured_when_it_is_over() -> None:
    events = told(HEAD_ON)
    assert len({each.id for each in events}) == 1
    first, last = events[0], events[-1]
    # 60 km apart, closing at 400 m/s: within 5 NM after 126.85 s, so it shows from the 7th on
    assert first.began_us == BEGIN_US + 7_000_000
    assert first.ended_us is None
    assert codes(first)[:2] == ["converging", "if-both-go-on"]
    assert first.time_to_s is not None
    assert first.time_to_s.value == pytest.approx(120, abs=1)
    assert first.aircraft == "a00001"
    assert first.other == "b00001"
    assert first.rule == "separation/9260m-304.8m"
    assert last.grade is Grade.SHOWN
    assert last.ended_us == pytest.approx(BEGIN_US + 173_150_000, abs=20_000)
    assert last.distance_m is not None
    assert last.distance_m.low <= 0.1 <= last.distance_m.high
    assert last.duration_s is not None
    assert last.duration_s.value == pytest.approx(46.3, abs=0.05)
    assert last.time_to_s is None
    # each is half of 5 NM from where they meet, 150 s after the beginning
    assert last.entry is not None
    assert last.exit is not None
    assert last.deepest is not None
    assert [each.lng_deg * LNG_M for each in (last.entry, last.deepest, last.exit)] == (
        pytest.approx([-4630, 0, 4630], abs=30)
    )
    assert last.deepest.time_us == pytest.approx(BEGIN_US + 150_000_000, abs=100_000)
    assert first.deepest is not None
    assert first.deepest.time_us > first.began_us + 60_000_000, "where they would be closest"
    assert "measured" in codes(last)


def test_a_grade_is_told_when_it_rises_and_not_each_second() -> None:
    events = told(HEAD_ON)
    assert [each.grade for each in events] == [Grade.CANNOT_BE_TOLD, Grade.SHOWN, Grade.SHOWN]
    assert [each.ended_us is None for each in events] == [True, True, False]


def test_who_turns_away_is_refuted() -> None:
    one, other = HEAD_ON
    # at 20 s the other turns north: they never come within 30 km
    legs = (
        one,
        Flight("b00001", 30_000, 0, -200, 0, end=20),
        Flight("b00001", 26_000, -4_200, 0, 200, begin=21),
    )
    reports = reports_of([legs[0], legs[1], legs[2]])
    monitor = SeparationMonitor(SeparationRules(), PARTIES)
    events = [*monitor.take(Tracks().take(reports)), *monitor.close()]
    assert [each.grade for each in events] == [Grade.CANNOT_BE_TOLD, Grade.REFUTED]
    assert "stayed-apart" in codes(events[-1])
    assert other.name == "b00001"


def test_what_is_not_sure_either_way_cannot_be_told() -> None:
    flights = (
        Flight("a00001", -30_000, 0, 200, 0, accuracy=500),
        Flight("b00001", 30_000, 9_200, -200, 0, accuracy=500),
    )
    last = told(flights)[-1]
    assert last.grade is Grade.CANNOT_BE_TOLD
    assert last.distance_m is not None
    assert last.distance_m.low < 9260 < last.distance_m.high
    assert "within-uncertainty" in codes(last)


def test_who_begins_in_company_and_stays_is_in_formation() -> None:
    events = told(
        (Flight("a00001", 0, 0, 220, 0), Flight("b00001", -200, 300, 220, 0, 5030)),
        SeparationRules(company_s=60),
    )
    assert [codes(each)[0] for each in events] == ["in-company", "formation", "formation"]
    assert len({each.id for each in events}) == 1


def test_who_comes_and_then_stays_has_joined() -> None:
    come = Flight("b00001", -20_000, 0, 300, 0, end=240)
    stays = Flight("b00001", 4_000, 100, 200, 0, begin=241, end=500)
    tanker = Flight("a00001", 3_000, 0, 200, 0, end=500)
    # at 240 s: 51 km and 52 km east; then both at 200 m/s
    moved = Flight("b00001", stays.x, stays.y, stays.vx, stays.vy, begin=241, end=500)
    events = told((tanker, come, moved))
    assert codes(events[0])[0] == "converging"
    assert codes(events[-1])[0] == "joined"


def test_of_one_party_and_of_unknown_ones_nothing_is_told() -> None:
    same = (HEAD_ON[0], Flight("a00002", 30_000, 0, -200, 0))
    assert not told(same)
    unknown = (Flight("c00001", -30_000, 0, 200, 0), Flight("c00002", 30_000, 0, -200, 0))
    assert not told(unknown)
    assert told(unknown, SeparationRules(unknown_party=True))
    assert told((HEAD_ON[0], unknown[1])), "unknown is a party of its own"


def test_an_altitude_that_is_not_told_may_be_any_and_nothing_is_sure_then() -> None:
    flights = (HEAD_ON[0], Flight("b00001", 30_000, 0, -200, 0, math.nan))
    events = told(flights)
    assert {each.grade for each in events} == {Grade.CANNOT_BE_TOLD}
    assert "altitude-not-told" in codes(events[-1])
    assert not told(flights, SeparationRules(unknown_altitude=False))


def test_where_no_motion_is_told_it_is_that_of_the_positions() -> None:
    flights = (HEAD_ON[0], Flight("b00001", 30_000, 0, -200, 0, tells_motion=False))
    first = told(flights)[0]
    assert first.began_us == pytest.approx(BEGIN_US + 7_000_000, abs=1_000_000)
    assert first.time_to_s is not None
    assert first.time_to_s.value == pytest.approx(120, abs=1)


def test_an_encounter_ends_once_and_not_each_time_it_flickers() -> None:
    # along the very distance: in and out by a few metres
    flights = (
        Flight("a00001", 0, 0, 200, 0),
        *(
            Flight("b00001", 0, 9260 + 30 * (-1) ** k, 200, 0, begin=k * 10, end=k * 10 + 9)
            for k in range(30)
        ),
    )
    assert len({each.id for each in told(flights)}) == 1


def test_well_clear_is_told_by_its_own_measure() -> None:
    rules = SeparationRules(well_clear="do-365-phase-1")
    first = told(HEAD_ON, rules)[0]
    assert first.rule == "separation/do-365-phase-1"
    # modified tau is 35 s some 36 s before they meet at 150 s
    assert first.began_us == BEGIN_US
    assert first.time_to_s is not None
    assert told(HEAD_ON, rules)[-1].grade is Grade.SHOWN
    with pytest.raises(ValueError, match="no well-clear volume is called 'do-365'"):
        SeparationRules(well_clear="do-365")


def test_a_silent_one_is_lost_and_said_to_be() -> None:
    flights = (
        Flight("a00001", 0, 0, 200, 0, end=200),
        Flight("b00001", 500, 0, 200, 0, end=60),
    )
    last = told(flights)[-1]
    assert last.ended_us is not None
    assert "track-lost" in codes(last)


def test_late_positions_are_counted_and_used_from_then_on() -> None:
    reports = reports_of(HEAD_ON)
    comes_us = reports.time_us + np.where(reports.aircraft == 1, 5_000_000, 0)
    monitor = SeparationMonitor(SeparationRules(), PARTIES)
    tracked = Tracks().take(reports.take(np.argsort(comes_us, kind="stable")))
    events = [*monitor.take(tracked), *monitor.close()]
    assert monitor.counts["late"] == pytest.approx(301, abs=5)
    assert events[-1].grade is Grade.SHOWN
    assert events[-1].distance_m is not None
    assert events[-1].distance_m.value < 200


def test_it_goes_on_from_a_snapshot() -> None:
    tracked = Tracks().take(reports_of(HEAD_ON))
    whole = SeparationMonitor(SeparationRules(), PARTIES)
    expected = [*whole.take(tracked), *whole.close()]
    tracks, monitor = Tracks(), SeparationMonitor(SeparationRules(), PARTIES)
    events = []
    for rows in np.array_split(np.arange(len(tracked)), 7):
        events += monitor.take(tracks.take(reports_of(HEAD_ON).take(rows)))
        saved = monitor.snapshot()
        monitor = SeparationMonitor(SeparationRules(), PARTIES)
        monitor.restore(saved)
    assert [*events, *monitor.close()] == expected


def test_a_position_that_cannot_be_true_proves_nothing() -> None:
    """Two fly 30 km apart; one of them is said to be beside the other for a moment."""
    flights = (Flight("a00001", 0, 0, 200, 0), Flight("b00001", 0, 30_000, 200, 0))
    reports = reports_of(flights)
    moved = (reports.aircraft == 1) & (np.abs(reports.time_us - BEGIN_US - 100_000_000) < 1)
    reports.lat_deg[moved] = 0.001
    monitor = SeparationMonitor(SeparationRules(), PARTIES)
    events = [*monitor.take(Tracks().take(reports)), *monitor.close()]
    assert {each.grade for each in events} <= {Grade.CANNOT_BE_TOLD}
    assert "positions-inconsistent" in codes(events[-1])


def test_nothing_is_lost_between_two_looks() -> None:
    """They are too close for a quarter of a second, 2 s after a look; looks are 5 s apart."""
    flights = (
        Flight("a00001", -30_000 - 400, 0, 200, 0),
        Flight("b00001", 30_000 + 400, 0, -200, 0, begin=0.4),
    )
    rules = SeparationRules(step_s=5, look_ahead_s=0, horizontal_m=50, vertical_m=50)
    events = told(flights, rules)
    last = events[-1]
    assert len({each.id for each in events}) == 1
    assert last.duration_s is not None
    assert last.duration_s.value == pytest.approx(0.25, abs=0.01)
    assert last.distance_m is not None
    assert last.distance_m.value < 5
    assert last.grade is Grade.CANNOT_BE_TOLD, "50 m is less than the uncertainty"


def test_a_crowd_that_somebody_made_up_is_bounded_and_counted() -> None:
    crowd = tuple(Flight(f"c{k:05x}", k, 0, 0, 0, end=5) for k in range(60))
    rules = SeparationRules(unknown_party=True, pairs_max=100)
    monitor = SeparationMonitor(rules)
    monitor.take(Tracks().take(reports_of(crowd)))
    assert len(monitor.close()) == 100
    assert monitor.counts["pairs"] > 0


def test_exactly_a_level_apart_is_not_too_close() -> None:
    level = 304.8
    for height, count in ((level, 0), (level - 0.1, 1)):
        flights = (HEAD_ON[0], Flight("b00001", 30_000, 0, -200, 0, 5000 + height))
        assert len({each.id for each in told(flights)}) == count
