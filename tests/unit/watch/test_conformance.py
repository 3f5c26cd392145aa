"""Aircraft against the volumes that they declared, and what F3548-21 asks for then."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pyproj import Geod
from tests.support.watched import T0_US, flight, watched

from detente.f3548 import types as f3548
from detente.f3548 import uss_types as uss
from detente.feeds import Reports, joined
from detente.geo import Circle, Volume4D
from detente.planning import Judged, State
from detente.planning import conformance as planning
from detente.watch import (
    ConformanceMonitor,
    ConformanceRules,
    EventKind,
    Grade,
    OwnVolumes,
    Proposal,
    Proposed,
    Standing,
    Tracks,
)

GEOD = Geod(ellps="WGS84")
S = 1_000_000
VOLUME = Volume4D(Circle(46.0, 7.0, 1_000.0), 100.0, 500.0, T0_US - 60 * S, T0_US + 3_600 * S)
OWN = [OwnVolumes("3c0001", "plan-1", (VOLUME,), "A")]


def east(metres: float) -> float:
    return float(GEOD.fwd(7.0, 46.0, 90.0, metres)[0])


def along(
    ways: list[float], *, every_s: float = 1.0, altitude_m: float = 300.0, radius_m: float = 10.0
) -> Reports:
    return flight(
        [(i * every_s, 46.0, east(way)) for i, way in enumerate(ways)],
        altitude_m=altitude_m,
        radius_m=radius_m,
    )


def proposed(track: Reports, rules: ConformanceRules | None = None) -> list[Proposal]:
    monitor = ConformanceMonitor(OWN, rules)
    monitor.take(Tracks().take(track))
    return monitor.proposals()


class TestExcursions:
    def test_inside_is_nothing(self) -> None:
        assert not watched(ConformanceMonitor(OWN), [along([0, 100, 500, 900])])

    def test_out_and_back(self) -> None:
        track = along([800, 900, 1_100, 1_300, 1_100, 900, 800])
        (event,) = watched(ConformanceMonitor(OWN), [track]).values()
        assert event.kind is EventKind.OUTSIDE_VOLUMES
        assert event.grade is Grade.SHOWN
        assert event.rule == "plan-1"
        assert event.party == "A"
        assert event.began_us == T0_US + 2 * S
        assert event.ended_us == T0_US + 5 * S
        assert event.distance_m is not None
        assert event.distance_m.value == pytest.approx(300.0, abs=1.0)
        assert event.duration_s is not None
        assert (event.duration_s.low, event.duration_s.value, event.duration_s.high) == (
            1.5, 3.0, 4.5,
        )  # fmt: skip

    def test_within_the_noise_cannot_be_told(self) -> None:
        track = along([900, 1_020, 900], radius_m=185.2)
        (event,) = watched(ConformanceMonitor(OWN), [track]).values()
        assert event.grade is Grade.CANNOT_BE_TOLD
        assert event.grounds[0].code == "within-uncertainty"

    def test_too_high(self) -> None:
        track = along([0, 0.1, 0.2], altitude_m=700.0)
        (event,) = watched(ConformanceMonitor(OWN), [track]).values()
        assert event.vertical_m is not None
        assert event.vertical_m.value == pytest.approx(200.0)
        assert event.ended_us is None

    def test_no_altitude_is_judged_by_place_and_time(self) -> None:
        assert not watched(ConformanceMonitor(OWN), [along([0, 10], altitude_m=math.nan)])

    def test_not_at_its_time(self) -> None:
        late = [OwnVolumes("3c0001", "p", (replace(VOLUME, time_start_us=T0_US + 600 * S),))]
        (event,) = watched(ConformanceMonitor(late), [along([0, 10, 20])]).values()
        assert event.grounds[0].code == "not-its-time"
        assert event.grade is Grade.SHOWN

    def test_others_declared_nothing(self) -> None:
        stranger = flight([(0, 10.0, 10.0), (1, 10.0, 10.001)], aircraft="ffffff")
        assert not watched(ConformanceMonitor(OWN), [stranger])

    def test_time_to_leave(self) -> None:
        track = flight(
            [(0, 46.0, 7.0), (1, 46.0, east(50))], altitude_m=300.0, speed_m_s=50.0, track_deg=90.0
        )
        margins = ConformanceMonitor(OWN).margins(Tracks().take(track))
        assert margins.inside.all()
        assert margins.leaves_s[1] == pytest.approx(19.0, abs=0.1)
        assert margins.horizontal_m[1] == pytest.approx(950.0, abs=0.5)

    @pytest.mark.parametrize("seed", range(5))
    def test_any_cut_gives_the_same(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        track = along(list(np.cumsum(rng.normal(0, 60, 200)) + 900.0))
        whole = watched(ConformanceMonitor(OWN), [track])
        assert whole
        at = sorted(rng.integers(0, 200, 9).tolist())
        pieces = [track.take(slice(a, b)) for a, b in zip([0, *at], [*at, 200], strict=True)]
        assert watched(ConformanceMonitor(OWN), pieces) == whole

    def test_goes_on_from_a_snapshot(self) -> None:
        track = along([800, 900, 1_100, 1_300, 1_100, 900, 800, *[800.0 + i for i in range(5)]])
        whole = watched(ConformanceMonitor(OWN), [track])
        one, two, tracks = ConformanceMonitor(OWN), ConformanceMonitor(OWN), Tracks()
        told = {e.id: e for e in one.take(tracks.take(track.take(slice(0, 4))))}
        two.restore(one.snapshot())
        told |= {e.id: e for e in two.take(tracks.take(track.take(slice(4, 12))))}
        assert told == whole
        assert [each.state for each in two.proposals()] == [
            Proposed.NONCONFORMING, Proposed.ACTIVATED,
        ]  # fmt: skip


class TestChangesInFlight:
    """The plan changes while the aircraft flies."""

    WIDER = (replace(VOLUME, outline=Circle(46.0, 7.0, 1_500.0)),)
    OUT = along([900, 1_300, 1_300])

    def test_wider_volumes_take_it_in_again(self) -> None:
        monitor, tracks = ConformanceMonitor(OWN), Tracks()
        (began,) = {each.id: each for each in monitor.take(tracks.take(self.OUT))}.values()
        assert not monitor.declare([OwnVolumes("3c0001", "plan-1", self.WIDER, "A")])
        later = flight([(3.0 + i, 46.0, east(1_300)) for i in range(4)], altitude_m=300.0)
        (ended,) = monitor.take(tracks.take(later))
        assert (ended.id, ended.ended_us) == (began.id, T0_US + 3 * S)
        assert [each.state for each in monitor.proposals()] == [
            Proposed.NONCONFORMING, Proposed.ACTIVATED,
        ]  # fmt: skip

    def test_of_others_nothing_is_forgotten(self) -> None:
        other = flight([(0, 46.0, 7.0)], aircraft="3c0002", altitude_m=300.0)
        beside = OwnVolumes("3c0002", "plan-2", (VOLUME,))
        one, two, tracks = ConformanceMonitor(OWN), ConformanceMonitor(OWN), Tracks()
        for monitor in (one, two):
            monitor.take(Tracks().take(self.OUT))
        assert not two.declare([beside, *OWN])
        later = flight([(3.0 + i, 46.0, east(900)) for i in range(5)], altitude_m=300.0)
        tracks.take(self.OUT)
        tracked = tracks.take(joined([other, later]))
        assert one.take(tracked) == two.take(tracked)
        assert one.proposals() == two.proposals()

    def test_when_it_was_heard_before_is_not_forgotten(self) -> None:
        found = []
        for change in (False, True):
            monitor, tracks = ConformanceMonitor(OWN), Tracks()
            monitor.take(tracks.take(along([900])))
            if change:
                monitor.declare(OWN)
            later = flight([(2.0, 46.0, east(1_300)), (3.0, 46.0, east(900))], altitude_m=300.0)
            found.append(monitor.take(tracks.take(later))[-1])
        assert found[0] == found[1]

    def test_a_flight_that_is_over_is_not_outside_any_more(self) -> None:
        monitor = ConformanceMonitor(OWN)
        monitor.take(Tracks().take(self.OUT))
        (ended,) = monitor.declare([])
        assert (ended.rule, ended.ended_us) == ("plan-1", T0_US + 2 * S)
        assert not monitor.proposals(T0_US + 3_600 * S)[1:]
        assert not monitor.declare(OWN)

    def test_the_next_flight_of_the_aircraft_begins_anew(self) -> None:
        monitor, tracks = ConformanceMonitor(OWN), Tracks()
        monitor.take(tracks.take(self.OUT))
        monitor.proposals()
        (ended,) = monitor.declare([OwnVolumes("3c0001", "plan-2", (VOLUME,), "A")])
        assert ended.rule == "plan-1"
        later = flight([(3.0, 46.0, east(1_300))], altitude_m=300.0)
        (began,) = monitor.take(tracks.take(later))
        assert began.rule == "plan-2"
        assert [each.operation for each in monitor.proposals()] == ["plan-2"]

    def test_one_that_is_nonconforming_already_is_not_proposed_again(self) -> None:
        monitor = ConformanceMonitor([])
        standing = Standing(Proposed.NONCONFORMING, nonconforming_us=T0_US)
        assert not monitor.declare(OWN, {"plan-1": standing})
        monitor.take(Tracks().take(along([1_300, 1_300, 900, 900, 900, 900])))
        assert [each.state for each in monitor.proposals()] == [Proposed.ACTIVATED]
        assert standing.inside_since_us is None, "what was handed in is its owner's"


class TestProposals:
    def test_nonconforming_at_once_and_back(self) -> None:
        told = proposed(along([900, 1_300, 1_300, 900, 900, 900, 900, 900]))
        assert [(each.state, (each.at_us - T0_US) // S) for each in told] == [
            (Proposed.NONCONFORMING, 1),
            (Proposed.ACTIVATED, 6),
        ]

    def test_contingent_after_a_minute_and_for_good(self) -> None:
        told = proposed(along([900, *[1_300.0 + i for i in range(70)], *[900.0] * 10]))
        assert [(each.state, (each.at_us - T0_US) // S) for each in told] == [
            (Proposed.NONCONFORMING, 1),
            (Proposed.CONTINGENT, 61),
        ]

    def test_silent_while_it_is_out(self) -> None:
        monitor = ConformanceMonitor(OWN)
        monitor.take(Tracks().take(along([900, 1_300])))
        assert [each.state for each in monitor.proposals(T0_US + 60 * S)] == [
            Proposed.NONCONFORMING
        ]
        (late,) = monitor.proposals(T0_US + 61 * S)
        assert late.state is Proposed.CONTINGENT

    @pytest.mark.parametrize("seed", range(8))
    def test_as_planning_decides(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        ways = np.repeat(rng.choice([900.0, 1_300.0], 40), rng.integers(1, 30, 40))[:300]
        ways = ways + np.arange(len(ways)) * 0.01
        rules = planning.ConformanceRules()
        intent_state, since = State.ACTIVATED, None
        expected: list[tuple[str, int]] = []
        watching = planning.Watched()
        for i, way in enumerate(ways):
            now_us = T0_US + i * S
            told = uss.VehicleTelemetry(_time(now_us))
            watching, _ = planning.follow(
                watching, [Judged(now_us, told, bool(way < 1_000.0))], rules
            )
            step = planning.step_due(
                _Standing(intent_state), watching, None, now_us, rules,  # type: ignore[arg-type]
                nonconforming_since_us=since,
            )  # fmt: skip
            if step is planning.Step.NONCONFORMING and intent_state is State.ACTIVATED:
                intent_state, since = State.NONCONFORMING, now_us
                expected.append(("Nonconforming", i))
            elif step is planning.Step.CONTINGENT and intent_state is State.NONCONFORMING:
                intent_state, since = State.CONTINGENT, None
                expected.append(("Contingent", i))
            elif step is planning.Step.CONFORM:
                intent_state, since = State.ACTIVATED, None
                expected.append(("Activated", i))
        found = proposed(along(list(ways)))
        assert [(each.state.value, (each.at_us - T0_US) // S) for each in found] == expected


class _Standing:
    """As much of an intent as `step_due` looks at."""

    def __init__(self, state: State) -> None:
        self.state, self.ended = state, False


def _time(at_us: int) -> f3548.Time:
    return f3548.Time(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us))
