"""Of many positions the worst is picked out: that alone must not make anything *shown*.

Aircraft fly along lines, with errors that are drawn anew for each report; everything follows from
fixed seeds. A bound of 95 % may fail in one flight of twenty, whatever the number of reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from tests.support.watched import SOURCE, T0_US, boundary, box, claimed

from detente.agreement import AircraftClass
from detente.boundaries import BoundarySet
from detente.feeds import Reports, of_columns
from detente.geo import Polygon, Volume4D
from detente.watch import (
    Claim,
    ConformanceMonitor,
    CrossingMonitor,
    CrossingRules,
    Declarations,
    Declared,
    Event,
    EventKind,
    Grade,
    OwnVolumes,
    SeparationMonitor,
    SeparationRules,
    StandOffMonitor,
    StandOffRules,
    Tracks,
    judge_claim,
)
from detente.watch.monitors.base import Monitor
from detente.watch.stand_off_rules import Limit
from detente.words import same

Floats = npt.NDArray[np.float64]

RADIUS_M = 100.0
SIGMA_M = RADIUS_M / 2.447747
ACROSS_M = 1.959964 * SIGMA_M
SPEED_M_S = 100.0
NORTH_M = 111_147.0
EAST_M = 77_465.0
"""Of a degree at 46 degrees north."""


def borders(uncertainty_m: float = 1.0) -> BoundarySet:
    """Everything north of 46 degrees."""
    return claimed(boundary("A", box(46.0, 0.0, 49.0, 60.0), uncertainty_m=uncertainty_m))


@dataclass(frozen=True)
class Noise:
    """How positions are wrong.

    Attributes:
        border_m: 95 %, of the border, one draw for each flight.
        lasting: the share of an error that the next report still has.
    """

    border_m: float = 0.0
    lasting: float = 0.0

    def errors(self, rng: np.random.Generator, flights: int, reports: int) -> Floats:
        drawn = rng.normal(0, SIGMA_M, (flights, reports))
        for i in range(1, reports) if self.lasting else ():
            kept = self.lasting * drawn[:, i - 1]
            drawn[:, i] = kept + np.sqrt(1 - self.lasting**2) * drawn[:, i]
        border = rng.normal(0, self.border_m / 1.959964, (flights, 1))
        return np.asarray(drawn + border)


def flown(
    inside_m: Floats,
    every_s: float,
    flights: int,
    noise: Noise,
    seed: int,
    *,
    courses: bool = False,
) -> Reports:
    """Aircraft that fly east, so far inside a border at each report.

    Args:
        inside_m: how far; below zero outside.
        every_s: between reports.
        flights: how many.
        noise: of positions, along and across.
        seed: of all that is drawn.
        courses: whether they tell their course and speed.

    Returns:
        All their reports, in the order of time.
    """
    rng = np.random.default_rng(seed)
    reports = len(inside_m)
    at_s = np.arange(reports) * every_s
    lat = 46.0 + (inside_m + noise.errors(rng, flights, reports)) / NORTH_M
    east_m = SPEED_M_S * at_s + rng.normal(0, SIGMA_M, (flights, reports))
    n = flights * reports
    told: dict[str, Floats] = {}
    if courses:
        north_m_s = np.gradient(inside_m, every_s)
        told["track_deg"] = np.repeat(np.degrees(np.arctan2(SPEED_M_S, north_m_s)), flights)
        told["speed_m_s"] = np.repeat(np.hypot(SPEED_M_S, north_m_s), flights)
    return of_columns(
        n, tuple(f"3c{i:04x}" for i in range(flights)), ("",) * flights, (SOURCE,),
        aircraft=np.tile(np.arange(flights, dtype=np.int32), reports),
        time_us=T0_US + np.repeat(np.round(at_s * 1e6).astype(np.int64), flights),
        lat_deg=lat.T.ravel(),
        lng_deg=(1.0 + east_m / EAST_M).T.ravel(),
        horizontal_m=np.full(n, RADIUS_M),
        **told,
    )  # fmt: skip


def told(monitor: Monitor, reports: Reports, batches: int = 1) -> Iterator[Event]:
    tracks = Tracks()
    for rows in np.array_split(np.arange(len(reports)), batches):
        yield from monitor.take(tracks.take(reports.take(rows)))
    yield from monitor.close()


def shown(events: Iterator[Event]) -> int:
    """How many aircraft had anything shown of them, at any time."""
    return len({each.aircraft for each in events if each.grade is Grade.SHOWN})


def seldom(events: Iterator[Event], flights: int) -> bool:
    """Whether of aircraft that did nothing few are shown, or said to have done it for a time."""
    last = {each.id: each for each in events}.values()
    lasting = {
        each.aircraft for each in last if each.duration_s is not None and each.duration_s.low > 0
    }
    return max(shown(iter(last)), len(lasting)) <= 0.05 * flights


ARCHIVE = CrossingRules(look_ahead_s=0.0, provisional=False)
LIVE = CrossingRules(look_ahead_s=0.0)


@pytest.mark.parametrize(
    ("reports", "every_s", "outside_m", "flights"),
    [
        (1, 1.0, 1.0, 400),
        (3, 1.0, 1.0, 400),
        (20, 10.0, 1.0, 400),
        (200, 1.0, 1.0, 400),
        (200, 10.0, 1.0, 200),
        (200, 1.0, 30.0, 400),
        (2000, 1.0, 1.0, 60),
        (2000, 5.0, 50.0, 60),
    ],
)
def test_flights_along_the_outside_are_seldom_shown_inside(
    reports: int, every_s: float, outside_m: float, flights: int
) -> None:
    way = np.full(reports, -outside_m)
    drawn = flown(way, every_s, flights, Noise(), 11)
    assert seldom(told(CrossingMonitor(borders(), ARCHIVE), drawn), flights)


@pytest.mark.parametrize("noise", [Noise(lasting=0.9), Noise(border_m=40.0), Noise(border_m=200.0)])
def test_nor_with_errors_that_last_or_a_border_that_is_off(noise: Noise) -> None:
    drawn = flown(np.full(300, -1.0), 1.0, 300, noise, 12)
    claims = borders(max(noise.border_m, 1.0))
    assert shown(told(CrossingMonitor(claims, ARCHIVE), drawn)) <= 0.05 * 300


def test_nor_while_it_lasts_whenever_one_asks() -> None:
    drawn = flown(np.full(300, -1.0), 1.0, 300, Noise(), 13)
    assert shown(told(CrossingMonitor(borders(), LIVE), drawn, batches=100)) <= 0.05 * 300


def test_a_claim_over_a_long_flight_outside_is_seldom_shown() -> None:
    drawn = flown(np.full(200, -1.0), 1.0, 60, Noise(), 24)
    claims = borders()
    claim = Claim(T0_US, T0_US + 199_000_000)
    grades = [
        judge_claim(drawn.take(drawn.aircraft == each), claims, claims.boundaries[0], claim).grade
        for each in range(60)
    ]
    assert grades.count(Grade.SHOWN) <= 3


def test_errors_make_no_prediction_certain() -> None:
    drawn = flown(np.full(300, -1.0), 1.0, 100, Noise(), 25, courses=True)
    drawn.track_deg[:] += np.random.default_rng(26).normal(0, 3.0, len(drawn))
    events = told(CrossingMonitor(borders(), CrossingRules()), drawn, batches=30)
    predicted = [each for each in events if each.kind is EventKind.CROSSING_PREDICTED]
    assert len(predicted) > 100
    assert shown(iter(predicted)) <= 5


def deepest(monitor: CrossingMonitor, reports: Reports) -> list[Event]:
    """Of each aircraft the passage that came deepest."""
    found: dict[str, Event] = {}
    for each in told(monitor, reports):
        known, new = found.get(each.aircraft, each).depth_nearest_m, each.depth_nearest_m
        assert known is not None
        assert new is not None
        if new.value >= known.value:
            found[each.aircraft] = each
    return list(found.values())


def incursion(depth_m: float, reports: int) -> Floats:
    """Straight in, along the border, and out again."""
    ramp = np.arange(-2_000.0, depth_m, 70.0)
    return np.concatenate((ramp, np.full(reports, depth_m), ramp[::-1]))


@pytest.mark.parametrize(
    ("depth_m", "reports", "noise"),
    [
        (10.0, 1, Noise()),
        (150.0, 30, Noise()),
        (300.0, 1, Noise()),
        (300.0, 1000, Noise()),
        (1_000.0, 100, Noise(border_m=100.0)),
        (1_000.0, 100, Noise(border_m=400.0)),
    ],
)
def test_the_depth_lies_between_its_bounds(depth_m: float, reports: int, noise: Noise) -> None:
    flights = 200
    drawn = flown(incursion(depth_m, reports), 1.0, flights, noise, 14)
    found = deepest(CrossingMonitor(borders(max(noise.border_m, 1.0)), ARCHIVE), drawn)
    depths = [each.depth_nearest_m for each in found if each.depth_nearest_m is not None]
    within = sum(each.low <= depth_m <= each.high for each in depths)
    assert len(depths) >= 0.6 * flights
    assert within >= 0.95 * len(depths)


@pytest.mark.parametrize("courses", [False, True])
@pytest.mark.parametrize("every_s", [1.0, 5.0])
@pytest.mark.parametrize("across_m_s", [200.0, 100.0, 30.0, 10.0])
def test_entry_exit_duration_and_length_lie_between_their_bounds(
    across_m_s: float, every_s: float, courses: bool
) -> None:
    """In and out over a border that is met steeply, or at a slant: many are near it then."""
    ramp = np.arange(-1_000.0, 1_500.0, across_m_s * every_s)
    inside_m = np.concatenate((ramp, np.full(round(120 / every_s), 1_500.0), ramp[::-1]))
    flights = 120
    drawn = flown(inside_m, every_s, flights, Noise(), 23, courses=courses)
    at_s = np.arange(len(inside_m)) * every_s
    half = len(inside_m) // 2
    entry_s = float(np.interp(0.0, inside_m[:half], at_s[:half]))
    exit_s = float(np.interp(0.0, inside_m[half:][::-1], at_s[half:][::-1]))
    fine_s = np.linspace(entry_s, exit_s, 10_001)
    north_m = np.diff(np.interp(fine_s, at_s, inside_m))
    length_m = float(np.hypot(SPEED_M_S * np.diff(fine_s), north_m).sum())
    kept = {"entry": 0, "exit": 0, "duration": 0, "length": 0}
    for each in deepest(CrossingMonitor(borders(), ARCHIVE), drawn):
        assert each.entry is not None
        assert each.exit is not None
        assert each.duration_s is not None
        assert each.length_m is not None
        came_s, left_s = (place.time_us / 1e6 - T0_US / 1e6 for place in (each.entry, each.exit))
        kept["entry"] += abs(came_s - entry_s) <= each.entry.spread_s
        kept["exit"] += abs(left_s - exit_s) <= each.exit.spread_s
        kept["duration"] += each.duration_s.low <= exit_s - entry_s <= each.duration_s.high
        kept["length"] += each.length_m.low <= length_m <= each.length_m.high
    assert min(kept.values()) >= 0.95 * flights, kept


@pytest.mark.parametrize(("depth_m", "reports"), [(300.0, 1), (400.0, 100), (500.0, 2000)])
def test_what_is_truly_deep_is_still_shown(depth_m: float, reports: int) -> None:
    """Some 4 to 6 times what one position may be off."""
    assert 3.5 * ACROSS_M < depth_m < 6.5 * ACROSS_M
    drawn = flown(incursion(depth_m, reports), 1.0, 60, Noise(), 15)
    assert shown(told(CrossingMonitor(borders(), ARCHIVE), drawn)) == 60


KEPT_M = 5_000.0


def stand_off(flights: int) -> StandOffMonitor:
    """Nobody flies nearer than 5 km to the border, from either side."""
    limit = Limit(
        "stand-off/a", same("5 km"), frozenset(AircraftClass), frozenset("a"), 0, -1, "line", "",
        round(KEPT_M * 10), 10, frozenset(), 0, 0,
    )  # fmt: skip
    names = (f"3c{i:04x}" for i in range(flights))
    kind = next(iter(AircraftClass))
    known = Declarations(Declared(aircraft=name, party="a", kind=kind) for name in names)
    return StandOffMonitor(StandOffRules((limit,), borders().index, time_s=0.0), known)


@pytest.mark.parametrize(("reports", "every_s"), [(200, 1.0), (200, 20.0), (1000, 1.0)])
def test_who_keeps_just_the_distance_agreed_is_seldom_shown_too_near(
    reports: int, every_s: float
) -> None:
    drawn = flown(np.full(reports, -KEPT_M - 1.0), every_s, 100, Noise(), 16)
    assert seldom(told(stand_off(100), drawn), 100)


def test_who_is_truly_too_near_is_shown() -> None:
    drawn = flown(np.full(200, -KEPT_M + 5 * ACROSS_M), 1.0, 40, Noise(), 17)
    assert shown(told(stand_off(40), drawn)) == 40


def own(flights: int) -> ConformanceMonitor:
    """Each has declared what lies north of the border, along its way."""
    # edges are geodesics: with a corner every 1.5 km they leave the parallel by 5 cm
    south = tuple((46.0, 0.98 + 0.02 * i) for i in range(32))
    volume = Volume4D(
        Polygon((*south, (46.5, south[-1][1]), (46.5, 0.98))),
        0.0,
        5_000.0,
        T0_US - 1,
        T0_US + 86_400_000_000,
    )
    return ConformanceMonitor(
        [OwnVolumes(f"3c{i:04x}", f"plan-{i}", (volume,), "a") for i in range(flights)]
    )


def test_who_flies_just_inside_its_volume_is_seldom_shown_outside() -> None:
    drawn = flown(np.full(300, 1.0), 1.0, 100, Noise(), 18)
    assert seldom(told(own(100), drawn), 100)


def test_who_has_truly_left_its_volume_is_shown_outside() -> None:
    drawn = flown(np.full(100, -5 * ACROSS_M), 1.0, 40, Noise(), 19)
    assert shown(told(own(40), drawn)) == 40


APART_M = 2_000.0


def side_by_side(apart_m: float, reports: int, pairs: int, seed: int) -> Reports:
    """Pairs that fly east beside each other, each pair 20 km north of the one before."""
    rng = np.random.default_rng(seed)
    at_s = np.repeat(np.arange(reports), 2 * pairs)
    aircraft = np.tile(np.arange(2 * pairs, dtype=np.int32), reports)
    north_m = 20_000.0 * (aircraft // 2) + apart_m * (aircraft % 2)
    n = len(at_s)
    return of_columns(
        n, tuple(f"3c{i:04x}" for i in range(2 * pairs)), ("",) * 2 * pairs, (SOURCE,),
        aircraft=aircraft,
        time_us=T0_US + at_s.astype(np.int64) * 1_000_000,
        lat_deg=46.0 + (north_m + rng.normal(0, SIGMA_M, n)) / NORTH_M,
        lng_deg=1.0 + (SPEED_M_S * at_s + rng.normal(0, SIGMA_M, n)) / EAST_M,
        altitude_m=np.full(n, 3_000.0),
        horizontal_m=np.full(n, RADIUS_M),
        vertical_m=np.full(n, 10.0),
        speed_m_s=np.full(n, SPEED_M_S),
        track_deg=np.full(n, 90.0),
        climb_m_s=np.zeros(n),
    )  # fmt: skip


def separation(look_ahead_s: float) -> SeparationMonitor:
    known = (Declared(aircraft=f"3c{i:04x}", party="ab"[i % 2]) for i in range(1_000))
    rules = SeparationRules(
        horizontal_m=APART_M, vertical_m=300.0, look_ahead_s=look_ahead_s, velocity_m_s=0.0,
        time_s=0.0,
    )  # fmt: skip
    return SeparationMonitor(rules, Declarations(known))


@pytest.mark.parametrize("look_ahead_s", [0.0, 60.0])
def test_who_keeps_just_apart_is_seldom_shown_too_close(look_ahead_s: float) -> None:
    drawn = side_by_side(APART_M + 1.0, 200, 100, 20)
    assert seldom(told(separation(look_ahead_s), drawn), 100)


def test_who_is_truly_too_close_is_shown() -> None:
    drawn = side_by_side(APART_M - 6 * ACROSS_M, 200, 40, 21)
    assert shown(told(separation(0.0), drawn)) == 40


def test_the_least_distance_lies_between_its_bounds() -> None:
    drawn = side_by_side(1_500.0, 200, 100, 22)
    last = {each.aircraft: each for each in told(separation(0.0), drawn)}
    distances = [each.distance_m for each in last.values() if each.distance_m is not None]
    assert len(distances) == 100
    assert sum(each.low <= 1_500.0 <= each.high for each in distances) >= 95
