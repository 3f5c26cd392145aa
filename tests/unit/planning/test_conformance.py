"""Whether an aircraft is where it should be, what is counted, and what must be declared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import planned

from detente.f3548 import time_of
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning import Flown, Judged, State
from detente.planning.conformance import (
    Aggregate,
    ConformanceRules,
    Step,
    Watched,
    follow,
    inside,
    measured_us,
    step_due,
    whereabouts,
)

S = 1_000_000
RULES = ConformanceRules()
NOW = planned.NOW_US + 60 * S
SOME = st.tuples(st.integers(0, 100), st.booleans())


def at(
    seconds: float, lat: float = 46.205, *, altitude: float | None = 550.0, speed: float = 20.0
) -> uss.VehicleTelemetry:
    """A position over the square of the tests."""
    height = None if altitude is None else wire.Altitude(altitude, "W84", "M")
    return uss.VehicleTelemetry(
        time_of(NOW + int(seconds * S)),
        uss.Position(6.905, lat, altitude=height),
        uss.Velocity(speed, "MetersPerSecond"),
    )


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (at(0), True),
        (at(0, 46.2205), False),
        (at(0, altitude=650.0), False),
        (at(0, altitude=None), True),
        (at(4000), False),
        (at(0, 46.21), True),
        (uss.VehicleTelemetry(time_of(NOW)), None),
    ],
    ids=["in it", "beside", "above", "height unknown", "too late", "on its edge", "no position"],
)
def test_a_position_is_inside_or_not(where: uss.VehicleTelemetry, expected: bool | None) -> None:
    assert inside([planned.square(), planned.circle(47.0)], where) is expected


def judged(*times: tuple[float, bool]) -> list[Judged]:
    return [Judged(NOW, at(seconds), within) for seconds, within in times]


def test_time_excursions_and_long_ones_are_counted() -> None:
    watched, flown = follow(
        Watched(),
        judged((0, True), (5, True), (6, False), (9, False), (10, True), (20, False), (32, False)),
        RULES,
    )
    assert flown == Flown(32 * S, (4 + 12) * S, 2, 1)
    assert watched.inside is False
    watched, flown = follow(watched, judged((34, False), (36, True)), RULES)
    assert flown == Flown(4 * S, 4 * S, 0, 0)
    assert watched.inside_since_us == NOW + 36 * S


def test_between_distant_positions_nobody_knows_where_it_was() -> None:
    _, flown = follow(Watched(), judged((0, False), (31, True)), RULES)
    assert flown == Flown(0, 0, 1, 1)


@given(st.lists(SOME, max_size=30, unique_by=lambda p: p[0]))
def test_the_order_in_a_batch_does_not_matter(positions: list[tuple[int, bool]]) -> None:
    one = follow(Watched(), judged(*positions), RULES)
    assert follow(Watched(), judged(*sorted(positions)), RULES) == one
    assert one[1].outside_us <= one[1].flown_us


@given(
    st.lists(SOME, max_size=20, unique_by=lambda p: p[0]),
    st.integers(0, 20),
)
def test_what_is_told_in_two_parts_counts_as_in_one(
    positions: list[tuple[int, bool]], cut: int
) -> None:
    positions.sort()
    whole = follow(Watched(), judged(*positions), RULES)
    first, counted = follow(Watched(), judged(*positions[:cut]), RULES)
    second, more = follow(first, judged(*positions[cut:]), RULES)
    assert (second, counted + more) == whole


def due(state: State, watched: Watched, now_s: float = 0, since_s: float | None = None) -> object:
    ours = planned.intent(state=state, off_nominal=[planned.circle(radius_m=900.0)])
    since = None if since_s is None else NOW + int(since_s * S)
    return step_due(
        ours, watched, at(now_s), NOW + int(now_s * S), RULES, nonconforming_since_us=since
    )


def test_what_must_be_declared() -> None:
    out = Watched(NOW, False, NOW, None)
    back = Watched(NOW + 10 * S, True, None, NOW + 6 * S)
    assert due(State.ACTIVATED, out) is Step.NONCONFORMING
    assert due(State.ACTIVATED, back) is None
    assert due(State.ACCEPTED, out) is None
    assert due(State.NONCONFORMING, out, 59, 0) is None
    assert due(State.NONCONFORMING, out, 60, 0) is Step.CONTINGENT
    assert due(State.NONCONFORMING, back, 30, 0) is Step.CONFORM
    barely = replace(back, inside_since_us=NOW + 9 * S)
    assert due(State.NONCONFORMING, barely, 30, 0) is None
    assert due(State.CONTINGENT, back, 30) is None


def test_a_flight_that_leaves_the_area_told_of_it_is_told_again() -> None:
    ours = planned.intent(state=State.CONTINGENT, volumes=(), off_nominal=[planned.circle()])
    away = at(0, 46.3)
    watched = Watched(declared_us=NOW - 10 * S)

    def step(telemetry: uss.VehicleTelemetry, now: Watched) -> object:
        return step_due(ours, now, telemetry, NOW, RULES, nonconforming_since_us=None)

    assert step(away, watched) is Step.CONTINGENT
    assert step(away, replace(watched, declared_us=NOW - S)) is None
    assert step(at(0), watched) is None


@pytest.mark.parametrize("altitude", [550.0, None])
def test_where_it_may_be_is_around_where_it_was(altitude: float | None) -> None:
    ours = planned.intent(state=State.ACTIVATED)
    last = at(-5, 46.3, altitude=altitude, speed=40.0)
    area = whereabouts(ours, last, NOW, RULES)
    assert inside(area, last)
    assert inside(area, at(0, 46.3 + 0.02, altitude=altitude))
    assert not inside(area, at(0, 46.3 + 0.05, altitude=altitude))
    (volume,) = area
    assert (volume.time_start_us or 0) <= NOW < (volume.time_end_us or 0)


def test_without_a_position_it_may_be_where_it_was_meant_to_be() -> None:
    ours = planned.intent(state=State.ACTIVATED)
    (volume,) = whereabouts(ours, None, NOW, RULES)
    assert volume.outline == planned.square().outline
    assert volume.time_start_us == NOW
    late = planned.NOW_US + 3 * planned.HOUR_US
    (volume,) = whereabouts(ours, None, late, RULES)
    assert (volume.time_start_us, volume.time_end_us) == (late, late + 600 * S)


def test_the_aggregate_is_judged_by_the_standards_numbers() -> None:
    hour = 3_600 * S
    assert Aggregate(Flown()).good
    assert not Aggregate(Flown(9 * hour, 0, 0, 0)).counts
    assert Aggregate(Flown(10 * hour, hour // 2, 180, 0)).good
    assert not Aggregate(Flown(10 * hour, hour, 180, 0)).good
    assert not Aggregate(Flown(10 * hour, 0, 181, 0)).good
    assert not Aggregate(Flown(10 * hour, 0, 1, 1)).good


def test_times_keep_their_microseconds() -> None:
    assert measured_us(uss.VehicleTelemetry(time_of(NOW + 123_457))) == NOW + 123_457
