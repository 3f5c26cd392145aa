"""Whoever is about to leave its own volumes is told of before it does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod
from tests.support.watched import T0_US, flight, watched

from detente.feeds import Reports, joined
from detente.geo import Circle, Volume4D
from detente.watch import (
    About,
    Alert,
    AlertRules,
    Alerts,
    Closing,
    ConformanceMonitor,
    ConformanceRules,
    Event,
    Grade,
    OwnVolumes,
    Proposed,
    Stage,
    Tracks,
    sentence,
)

GEOD = Geod(ellps="WGS84")
S = 1_000_000
VOLUME = Volume4D(Circle(46.0, 7.0, 5_000.0), 100.0, 500.0, T0_US - 60 * S, T0_US + 3_600 * S)


def own(*volumes: Volume4D) -> list[OwnVolumes]:
    return [OwnVolumes("3c0001", "plan-1", volumes or (VOLUME,), "a", "Survey")]


def east(metres: float) -> float:
    return float(GEOD.fwd(7.0, 46.0, 90.0, metres)[0])


def flying(
    ways: list[float], *, since_s: float = 0.0, climb_m_s: float = 0.0, course_deg: float = 90.0,
    speed_m_s: float = 50.0,
) -> Reports:  # fmt: skip
    """One position a second, so many metres east of the middle."""
    reports = flight(
        [(since_s + i, 46.0, east(way)) for i, way in enumerate(ways)],
        altitude_m=300.0,
        speed_m_s=speed_m_s,
        track_deg=course_deg,
    )
    return replace(reports, climb_m_s=np.full(len(ways), climb_m_s))


def still(seconds: int, *, since_s: float = 0.0, climb_m_s: float = 0.0) -> Reports:
    ways = [i * 0.2 for i in range(seconds)]  # a place that is the same to the digit is held over
    return flying(ways, since_s=since_s, climb_m_s=climb_m_s, speed_m_s=0.2)


def first(*tracks: Reports, volumes: tuple[Volume4D, ...] = ()) -> Event:
    monitor, mind = ConformanceMonitor(own(*volumes)), Tracks()
    return next(each for track in tracks for each in monitor.take(mind.take(track)))


class TestWhen:
    def test_out_over_the_side(self) -> None:
        event = first(flying([50.0 * i for i in range(60)]))
        assert event.time_to_s is not None
        assert event.time_to_s.value == pytest.approx(60.0, abs=1.01)
        assert event.time_to_s.low < 50 < 70 < event.time_to_s.high
        assert event.entry is not None
        assert event.entry.lng_deg == pytest.approx(east(5_000.0), abs=1e-5)
        assert (event.rule, event.flight, event.party) == ("plan-1", "Survey", "a")
        assert event.ended_us is None

    def test_the_nearer_the_surer(self) -> None:
        found = ConformanceMonitor(own()).take(
            Tracks().take(flying([2_000.0 + 50 * i for i in range(70)]))
        )
        told = [(each.grade, each.grounds[0].code) for each in found if each.time_to_s]
        assert told[0] == (Grade.CANNOT_BE_TOLD, "may-stay-inside")
        assert told[-1] == (Grade.SHOWN, "motion-leads-out")
        assert len({each.id for each in found}) == 1, "what comes is what was ahead"
        assert found[-1].time_to_s is None
        assert len(told) <= 6

    def test_who_turns_may_stay(self) -> None:
        ways = [4_600.0 + 5 * i for i in range(4)]
        straight = flying(ways)
        turning = replace(straight, track_deg=np.array([30.0, 50.0, 70.0, 90.0]))
        last = [
            ConformanceMonitor(own()).take(Tracks().take(each))[-1].grade
            for each in (straight, turning)
        ]
        assert last == [Grade.SHOWN, Grade.CANNOT_BE_TOLD]

    def test_out_over_the_top(self) -> None:
        event = first(still(3, climb_m_s=10.0))
        assert event.time_to_s is not None
        assert event.time_to_s.value == pytest.approx(20.0, abs=1.01)
        assert event.entry is not None
        assert event.entry.altitude_m == pytest.approx(500.0)

    def test_without_an_altitude_nobody_climbs_out(self) -> None:
        track = replace(still(5, climb_m_s=10.0), altitude_m=np.full(5, math.nan))
        assert not watched(ConformanceMonitor(own()), [track])

    def test_its_time_ends_before_it_is_down(self) -> None:
        tall = replace(VOLUME, altitude_lower_m=-9e4, altitude_upper_m=9e4)
        until = replace(tall, time_end_us=T0_US + 100 * S)
        track = still(80)
        event = first(track, volumes=(until,))
        assert event.time_to_s is not None
        assert event.time_to_s.value == pytest.approx(60.0, abs=1.0)
        assert event.time_to_s.high - event.time_to_s.low < 5.0
        assert (event.grade, event.grounds[-1].code) == (Grade.SHOWN, "time-runs-out")
        down = replace(track, on_ground=np.ones(len(track), dtype=np.uint8))
        assert not watched(ConformanceMonitor(own(until)), [down])

    def test_it_is_not_in_the_next_volume_in_time(self) -> None:
        here = replace(VOLUME, outline=Circle(46.0, 7.0, 2_000.0), time_end_us=T0_US + 30 * S)
        there = replace(
            VOLUME, outline=Circle(46.0, east(4_000.0), 2_500.0), time_start_us=T0_US + 20 * S
        )
        slow, fast = ([speed * i for i in range(10)] for speed in (10.0, 60.0))
        event = first(flying(slow, speed_m_s=10.0), volumes=(here, there))
        assert event.time_to_s is not None
        assert event.time_to_s.value == pytest.approx(29.0, abs=1.0)
        assert not watched(ConformanceMonitor(own(here, there)), [flying(fast, speed_m_s=60.0)])

    def test_noise_of_standing_is_no_motion(self) -> None:
        track = still(40, climb_m_s=0.3)
        near = (replace(VOLUME, outline=Circle(46.0, 7.0, 12.0), altitude_upper_m=310.0),)
        assert not watched(ConformanceMonitor(own(*near)), [track])

    def test_no_look_ahead_tells_nothing_ahead(self) -> None:
        rules = ConformanceRules(look_ahead_s=0.0)
        assert not watched(ConformanceMonitor(own(), rules), [flying([4_500.0, 4_550.0])])


class TestOver:
    OUTBOUND = flying([3_000.0 + 50 * i for i in range(10)])
    BACK = flying([3_450.0 - 50 * i for i in range(1, 50)], since_s=9.0 + 1.0, course_deg=270.0)

    def test_turned_away(self) -> None:
        monitor, tracks = ConformanceMonitor(own()), Tracks()
        (began, *_) = monitor.take(tracks.take(self.OUTBOUND))
        (over,) = monitor.take(tracks.take(self.BACK))
        assert (over.id, over.grade) == (began.id, Grade.REFUTED)
        assert over.grounds[0].code == "stayed-inside"
        assert over.ended_us == T0_US + 39 * S

    def test_the_flight_ends(self) -> None:
        monitor = ConformanceMonitor(own())
        (began, *_) = monitor.take(Tracks().take(self.OUTBOUND))
        (over,) = monitor.declare([])
        assert (over.id, over.grade) == (began.id, Grade.REFUTED)
        assert over.grounds[0].code == "flight-ended"

    def test_nobody_sees_whether_it_left(self) -> None:
        monitor, tracks = ConformanceMonitor(own()), Tracks()
        (began, *_) = monitor.take(tracks.take(self.OUTBOUND))
        (over,) = monitor.take(tracks.take(still(1, since_s=1_000.0)))
        assert (over.id, over.grade) == (began.id, Grade.CANNOT_BE_TOLD)
        assert over.ended_us == T0_US + 9 * S

    def test_archives_list_what_came_and_by_rule_what_did_not(self) -> None:
        away = [self.OUTBOUND, self.BACK]
        usual = ConformanceRules(look_ahead_s=0.0, provisional=False)
        asked = ConformanceRules(provisional=False)
        assert not watched(ConformanceMonitor(own(), usual), away)
        (found,) = watched(ConformanceMonitor(own(), asked), away).values()
        assert found.grade is Grade.REFUTED


def told(
    alerts: Alerts, monitor: ConformanceMonitor, tracks: Tracks, track: Reports
) -> list[Alert]:
    found = []
    for i in range(len(track)):
        events = monitor.take(tracks.take(track.take(slice(i, i + 1))))
        found += alerts.take(events, T0_US + i, monitor.proposals())
    return found


def stages(found: list[Alert]) -> list[tuple[Stage, Proposed | None]]:
    return list(dict.fromkeys((each.stage, each.proposed) for each in found))


class TestAlerts:
    OUT = flying([4_500.0 + 50 * i for i in range(15)])
    IN = flying([5_200.0 - 50 * i for i in range(1, 12)], since_s=14.0 + 1, course_deg=270.0)

    def test_one_alert_from_ahead_until_it_conforms_again(self) -> None:
        alerts, monitor, tracks = Alerts(AlertRules()), ConformanceMonitor(own()), Tracks()
        found = told(alerts, monitor, tracks, joined([self.OUT, self.IN]))
        assert stages(found) == [
            (Stage.AHEAD, None),
            (Stage.NOW, Proposed.NONCONFORMING),
            (Stage.OVER, Proposed.NONCONFORMING),
            (Stage.OVER, Proposed.ACTIVATED),
        ]
        assert {(each.about, each.id) for each in found} == {(About.OUTSIDE_VOLUMES, found[0].id)}
        assert found[-1].closing is Closing.ENDED
        assert not alerts.open

    def test_a_new_one_ahead_does_not_take_what_is_due_of_the_one_before(self) -> None:
        alerts, monitor, tracks = Alerts(AlertRules()), ConformanceMonitor(own()), Tracks()
        out_again = flying([4_900.0 + i for i in range(6)], since_s=15.0)
        found = told(alerts, monitor, tracks, joined([self.OUT, out_again]))
        one, two = dict.fromkeys(each.id for each in found)
        assert stages([each for each in found if each.id == one])[-1] == (
            Stage.OVER, Proposed.ACTIVATED,
        )  # fmt: skip
        assert stages([each for each in found if each.id == two]) == [(Stage.AHEAD, None)]

    def test_turned_away(self) -> None:
        alerts, monitor, tracks = Alerts(AlertRules()), ConformanceMonitor(own()), Tracks()
        track = joined([TestOver.OUTBOUND, TestOver.BACK])
        found = told(alerts, monitor, tracks, track)
        assert (found[0].stage, found[-1].closing) == (Stage.AHEAD, Closing.TURNED_AWAY)
        assert not alerts.open

    def test_after_a_restart_nothing_is_told_twice(self) -> None:
        alerts, monitor, tracks = Alerts(AlertRules()), ConformanceMonitor(own()), Tracks()
        before = told(alerts, monitor, tracks, self.OUT.take(slice(0, 5)))
        assert before
        again = Alerts(AlertRules(), alerts.open, T0_US + 5 * S)
        fresh = ConformanceMonitor(own())
        after = told(again, fresh, Tracks(), self.OUT.take(slice(5, 15)))
        assert stages(after) == [(Stage.NOW, Proposed.NONCONFORMING)]
        assert {each.id for each in after} == {before[0].id}

    def test_what_was_outside_before_a_restart_and_is_not_does_not_last(self) -> None:
        alerts, monitor, tracks = Alerts(AlertRules()), ConformanceMonitor(own()), Tracks()
        told(alerts, monitor, tracks, self.OUT)
        (out,) = alerts.open
        again = Alerts(AlertRules(lost_after_s=1.0), [out], T0_US)
        assert not told(again, ConformanceMonitor(own()), Tracks(), TestOver.OUTBOUND)
        (lost,) = again.look(T0_US + S)
        assert (lost.id, lost.closing) == (out.id, Closing.LOST)


def test_every_ground_is_said_in_both_languages() -> None:
    monitor, tracks = ConformanceMonitor(own()), Tracks()
    found = monitor.take(tracks.take(TestOver.OUTBOUND)) + monitor.take(tracks.take(TestOver.BACK))
    said = [sentence(each) for event in found for each in event.grounds]
    assert said
    assert all(each.en != each.fr for each in said)
