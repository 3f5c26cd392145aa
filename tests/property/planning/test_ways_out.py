"""Every way out is accepted and the smallest of its kind: against trying every smaller one."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
from hypothesis import event, given, settings
from tests.support.airspaces import (
    NOW_US,
    ROOM,
    START_US,
    along,
    crossing,
    flown,
    neighbour,
    plan,
)

from detente.geo import (
    Circle,
    Polygon,
    Sheet,
    Volume4D,
    conflicting_pairs,
    prepare,
    projection,
    separation,
)
from detente.operations import Track, corridor_volumes
from detente.planning import Neighbour, Order, PlanningRules
from detente.planning.costs import Costs, Limits
from detente.planning.decision import decide
from detente.planning.routes import around
from detente.planning.search import Search, track_of
from detente.planning.validation import faults_of
from detente.planning.ways_out import Kind, WayOut, ways_out

LIMITS = Limits(
    lowest_m=0.0,
    delay_max_s=5400,
    advance_max_s=3600,
    climb_max_m=300.0,
    shift_max_m=3000.0,
    step_s=60,
    step_m=10.0,
    step_aside_m=100.0,
)
RULES = PlanningRules()
COSTS = Costs()
seeds = st.integers(0, 1 << 32)


def outline(rng: random.Random) -> Circle | Polygon:
    """A circle, or a star that is rarely convex, within some kilometres."""
    lat, lng = 46.0 + rng.uniform(-0.02, 0.02), 7.0 + rng.uniform(-0.03, 0.03)
    if rng.random() < 0.3:
        return Circle(lat, lng, rng.uniform(100, 1500))
    corners = rng.randrange(4, 10)
    azimuth = np.sort(np.array([rng.uniform(0, 360) for _ in range(corners)]))
    away = np.array([rng.uniform(200, 2000) for _ in range(corners)])
    if np.diff(azimuth, append=azimuth[0] + 360).max() > 170:
        azimuth = np.linspace(0, 300, corners)
    to = projection.direct(np.full(corners, lat), np.full(corners, lng), azimuth, away)
    return Polygon(tuple(zip(to[0].tolist(), to[1].tolist(), strict=True)))


def volume(rng: random.Random) -> Volume4D:
    low = rng.choice([0.0, rng.uniform(0, 250)])
    start = START_US + rng.randrange(-40, 40) * 60_000_000
    return Volume4D(
        outline(rng), low, low + rng.uniform(10, 120), start, start + rng.randrange(1, 40) * 10**7
    )


def scene(seed: int) -> tuple[Order, list[Neighbour]]:
    rng = random.Random(seed)
    order = plan([volume(rng) for _ in range(rng.randrange(1, 4))], rng=rng)
    others = [
        neighbour([volume(rng) for _ in range(rng.randrange(1, 5))], rng)
        for _ in range(rng.randrange(1, 12))
    ]
    return order, others


def accepted(order: Order, others: Sequence[Neighbour]) -> bool:
    return not faults_of(order, RULES, NOW_US) and all(
        each.allowed for each in decide(order, others, RULES)
    )


def meets(volumes: Sequence[Volume4D], others: Sequence[Neighbour]) -> bool:
    there = [each for other in others if other.details for each in other.details.volumes]
    return len(conflicting_pairs(volumes, there)[0]) > 0


def later(volumes: Sequence[Volume4D], seconds: float) -> list[Volume4D]:
    shift = round(seconds * 1e6)
    return [
        replace(
            each,
            time_start_us=(each.time_start_us or 0) + shift,
            time_end_us=(each.time_end_us or 0) + shift,
        )
        for each in volumes
    ]


def raised(volumes: Sequence[Volume4D], metres: float) -> list[Volume4D]:
    """As it is promised: what stands on the ground grows upwards, and stays going down."""
    found = []
    for each in volumes:
        low, high = each.altitude_lower_m or 0.0, each.altitude_upper_m or 0.0
        grounded = low <= 0.0
        if grounded and metres < 0:
            found.append(each)
            continue
        up = low if grounded else low + metres
        found.append(replace(each, altitude_lower_m=up, altitude_upper_m=high + metres))
    return found


def smaller(kind: Kind, order: Order, way: WayOut | None) -> Iterator[list[Volume4D]]:
    """Every smaller change of a kind that the limits allow."""
    volumes = order.details.volumes
    if kind in (Kind.LATER, Kind.EARLIER):
        sign = 1 if kind is Kind.LATER else -1
        most = LIMITS.delay_max_s if sign > 0 else LIMITS.advance_max_s
        start = min(each.time_start_us or 0 for each in volumes)
        for seconds in range(60, most + 1, 60):
            if way is not None and seconds >= abs(way.delay_s):
                return
            if start + sign * seconds * 1_000_000 >= NOW_US:
                yield later(volumes, sign * seconds)
    elif kind in (Kind.HIGHER, Kind.LOWER):
        sign = 1 if kind is Kind.HIGHER else -1
        for metres in np.arange(10.0, 301.0, 10.0).tolist():
            if way is not None and metres >= abs(way.climb_m):
                return
            changed = raised(volumes, sign * metres)
            if min(each.altitude_lower_m or 0.0 for each in changed) >= 0:
                yield changed


@settings(max_examples=60)
@given(seeds)
def test_ways_out_are_accepted_and_the_smallest_in_time_and_altitude(seed: int) -> None:
    order, others = scene(seed)
    found = {each.kind: each for each in ways_out(order, others, RULES, LIMITS, COSTS, NOW_US)}
    if accepted(order, others):
        assert found == {}
        return
    for way in found.values():
        assert accepted(order.with_details(way.details), others)
        assert not meets(way.details.volumes, others)
    for kind in (Kind.LATER, Kind.EARLIER, Kind.HIGHER, Kind.LOWER):
        for volumes in smaller(kind, order, found.get(kind)):
            assert meets(volumes, others), kind
    if Kind.LATER in found:
        way = found[Kind.LATER]
        assert list(way.details.volumes) == later(order.details.volumes, way.delay_s)
    if Kind.HIGHER in found:
        way = found[Kind.HIGHER]
        assert list(way.details.volumes) == raised(order.details.volumes, way.climb_m)


@settings(max_examples=60)
@given(seeds)
def test_aside_no_shorter_push_in_any_direction_would_do(seed: int) -> None:
    order, others = scene(seed)
    found = {each.kind: each for each in ways_out(order, others, RULES, LIMITS, COSTS, NOW_US)}
    if accepted(order, others):
        return
    way = found.get(Kind.SIDEWAYS)
    event(f"found: {way is not None}")
    search = Search(order, others, RULES, LIMITS, COSTS, NOW_US)
    sheet = Sheet(order.details.volumes)
    there = [each for other in others if other.details for each in other.details.volumes]
    for metres in np.arange(100.0, 3001.0, 100.0).tolist():
        if way is not None and metres >= way.shift_m:
            break
        for azimuth in search.azimuths_deg:
            pushed = sheet.pushed(azimuth, metres)
            if len(conflicting_pairs(pushed, there)[0]) == 0:
                # within a centimetre or two of touching is not clear
                gaps = separation(pushed, there)
                assert gaps is not None
                assert gaps.horizontal is not None
                assert gaps.horizontal.horizontal_m < 0.03


@settings(max_examples=60)
@given(seeds)
def test_two_together_are_the_cheapest_two_of_time_and_altitude(seed: int) -> None:
    order, others = scene(seed)
    rng = random.Random(seed)
    # aside does not help, and one alone hardly
    block = Polygon(((45.5, 6.5), (45.5, 7.5), (46.5, 7.5), (46.5, 6.5)))
    for _ in range(12):
        low, start = rng.uniform(0, 300), rng.randrange(-60, 90) * 60_000_000
        high = low + rng.uniform(20, 200)
        length = rng.randrange(5, 60) * 60_000_000
        others.append(
            neighbour(
                [Volume4D(block, low, high, START_US + start, START_US + start + length)], rng
            )
        )
    found = ways_out(order, others, RULES, LIMITS, COSTS, NOW_US)
    event(str([each.kind.value for each in found]))
    if accepted(order, others) or [each.kind for each in found] != [Kind.COMBINED]:
        return
    [way] = found
    assert accepted(order.with_details(way.details), others)
    start = min(each.time_start_us or 0 for each in order.details.volumes)
    there = prepare([v for other in others if other.details for v in other.details.volumes])
    for metres, seconds in itertools.product(
        np.arange(-300.0, 301.0, 10.0).tolist(), range(-3600, 5401, 60)
    ):
        if not metres or not seconds or COSTS.of(seconds, metres, 0, 0) >= way.cost - 1e-9:
            continue
        volumes = later(raised(order.details.volumes, metres), seconds)
        if min(each.altitude_lower_m or 0.0 for each in volumes) < 0:
            continue
        if start + seconds * 1_000_000 < NOW_US:
            continue
        assert len(conflicting_pairs(volumes, there)[0]) > 0, (metres, seconds)


@settings(max_examples=40)
@given(seeds)
def test_around_no_simple_detour_is_much_shorter(seed: int) -> None:
    rng = random.Random(seed)
    track = flown(46.0, 7.0, rng.uniform(0, 360))
    others = [
        neighbour([replace(volume(rng), altitude_lower_m=0.0, altitude_upper_m=2000.0,
                           time_start_us=NOW_US, time_end_us=START_US + 10**11)], rng)
        for _ in range(rng.randrange(1, 4))
    ]  # fmt: skip
    there = prepare([v for other in others if other.details for v in other.details.volumes])
    found = around(track, ROOM, there, LIMITS)
    event(f"found: {found is not None}")
    if found is None:
        return
    assert len(conflicting_pairs(found.volumes, there)[0]) == 0
    assert found.extra_distance_m >= -1.0
    # what remains of the track is flown as it was
    assert found.track.time_us[0] == track.time_us[0]
    for _ in range(60):
        k, m = sorted(rng.sample(range(1, len(track) - 1), 2))
        aside = projection.direct(
            track.lat_deg[[k]], track.lng_deg[[k]], np.array([rng.uniform(0, 360)]),
            np.array([rng.uniform(300, 4000)]),
        )  # fmt: skip
        keep = [*range(k), *range(m + 1, len(track))]
        lat = np.insert(track.lat_deg[keep], k, aside[0])
        lng = np.insert(track.lng_deg[keep], k, aside[1])
        extra = length(lat, lng) - length(track.lat_deg, track.lng_deg)
        # corridors are drawn up to 3.5 % wider than they need to be, hence some tolerance
        if extra >= found.extra_distance_m * 0.9 - 20:
            continue
        simple = Track(track.time_us[: len(lat)], lat, lng, np.full(len(lat), track.altitude_m[0]))
        assert len(conflicting_pairs(corridor_volumes(simple, ROOM), there)[0]) > 0


def length(lat: np.ndarray, lng: np.ndarray) -> float:
    return float(projection.inverse(lat[:-1], lng[:-1], lat[1:], lng[1:])[1].sum())


@settings(max_examples=6)
@given(seeds)
def test_in_a_crowd_every_way_out_is_accepted_unchanged(seed: int) -> None:
    rng = random.Random(seed)
    order = along(flown(46.0, 7.0, rng.uniform(0, 360), bend_deg=rng.uniform(-4, 4)))
    others = [neighbour(corridor_volumes(track, ROOM), rng) for track in crossing(15, rng)]
    for way in ways_out(order, others, RULES, LIMITS, COSTS, NOW_US):
        event(way.kind.value)
        assert accepted(order.with_details(way.details), others)
        # a proposal is no reason for another one
        again = replace(order.with_details(way.details), track=way.track)
        assert ways_out(again, others, RULES, LIMITS, COSTS, NOW_US) == ()
        track = track_of(way.track)
        assert track is not None
        # the aircraft stays within what is announced
        inside = Sheet(way.details.volumes).prepared
        points = [
            Volume4D(Circle(lat, lng, 1.0), high, high, at, at) for at, lat, lng, high in way.track
        ]
        covered = np.unique(conflicting_pairs(points, inside)[0])
        assert len(covered) == len(points)
