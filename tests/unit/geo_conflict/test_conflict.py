"""Conflicts of lists of volumes: the four dimensions, the edges of each, and how fast."""

from __future__ import annotations

import itertools
import random
import time

import numpy as np
import pytest

from detente.geo.conflict import (
    Encounter,
    candidate_pairs,
    conflicting_pairs,
    conflicts,
    intersection_outline,
    separation,
)
from detente.geo.prepared import OutlineTooLarge, prepare, tile_centre, tile_of
from detente.geo.volume import Circle, Polygon, Volume4D

HOUR_US = 3_600_000_000


def box(
    lat: float = 46.0,
    lng: float = 7.0,
    size_deg: float = 0.1,
    *,
    low: float | None = 0.0,
    high: float | None = 100.0,
    start: int | None = 0,
    end: int | None = HOUR_US,
) -> Volume4D:
    corners = (
        (lat, lng),
        (lat, lng + size_deg),
        (lat + size_deg, lng + size_deg),
        (lat + size_deg, lng),
    )
    return Volume4D(Polygon(corners), low, high, start, end)


def test_a_conflict_says_where_when_and_how_high() -> None:
    a = box(46.0, 7.0, low=0, high=120, start=0, end=2 * HOUR_US)
    b = box(46.05, 7.05, low=90, high=300, start=HOUR_US, end=3 * HOUR_US)
    [found] = conflicts([a], [b])
    assert (found.first, found.second) == (0, 0)
    assert (found.time_start_us, found.time_end_us) == (HOUR_US, 2 * HOUR_US)
    assert (found.altitude_lower_m, found.altitude_upper_m) == (90, 120)
    assert 46.05 < found.lat_deg < 46.1
    assert 7.05 < found.lng_deg < 7.1
    assert found.is_conflict


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (box(low=100, high=200), True),
        (box(low=100.0001, high=200), False),
        (box(start=HOUR_US, end=2 * HOUR_US), True),
        (box(start=HOUR_US + 1, end=2 * HOUR_US), False),
        (box(46.1, 7.0), True),
        (box(46.11, 7.0), False),
        (box(low=None, high=None, start=None, end=None), True),
        (box(low=None, high=-1), False),
    ],
)
def test_volumes_are_closed_and_open_bounds_have_no_end(other: Volume4D, meets: bool) -> None:
    assert bool(conflicts([box()], [other])) is meets


def test_open_bounds_stay_open_in_the_answer() -> None:
    unbounded = Volume4D(Circle(46.0, 7.0, 100))
    [found] = conflicts([unbounded], [unbounded])
    assert found.time_start_us is None
    assert found.time_end_us is None
    assert found.altitude_lower_m is None
    assert found.altitude_upper_m is None


def test_nothing_meets_nothing() -> None:
    assert conflicts([], [box()]) == []
    assert conflicts([box()], []) == []
    assert separation([], [box()]) is None


def test_over_the_pole_from_both_sides() -> None:
    one = Volume4D(Circle(89.999, 0.0, 200))
    assert conflicts([one], [Volume4D(Circle(89.999, 180.0, 300))])
    assert not conflicts([one], [Volume4D(Circle(89.999, 180.0, 20))])
    cap = Volume4D(Polygon(tuple((89.9, lng) for lng in (0.0, 90.0, 180.0, -90.0))))
    assert conflicts([cap], [one])


def test_across_the_date_line() -> None:
    west = Volume4D(Polygon(((10, 179.9), (10, -179.9), (10.1, -179.9), (10.1, 179.9))))
    assert conflicts([west], [Volume4D(Circle(10.05, -179.95, 10))])
    assert conflicts([west], [Volume4D(Circle(10.05, 179.95, 10))])
    assert not conflicts([west], [Volume4D(Circle(10.05, 0.0, 10))])


def test_separation_takes_each_dimension_among_pairs_that_overlap_in_the_others() -> None:
    a = [box(low=0, high=100)]
    above = box(low=130, high=200)
    beside = box(46.0, 7.2)
    later = box(start=HOUR_US + 5_000_000, end=2 * HOUR_US)
    found = separation(a, [above, beside, later])
    assert found is not None
    assert found.vertical is not None
    assert (found.vertical.second, found.vertical.vertical_m) == (0, 30)
    assert (found.vertical.altitude_lower_m, found.vertical.altitude_upper_m) == (100, 130)
    assert found.horizontal is not None
    assert found.horizontal.second == 1
    assert found.horizontal.horizontal_m == pytest.approx(7731, abs=30)
    assert found.time is not None
    assert (found.time.second, found.time.time_gap_s) == (2, 5.0)


def test_separation_of_circles_and_polygons() -> None:
    circle = Volume4D(Circle(46.05, 6.9, 1000))
    found = separation([circle], [box()])
    assert found is not None
    assert found.horizontal is not None
    assert found.vertical is None
    # 0.1 degree of longitude at 46.05 N is 7,741 m.
    assert found.horizontal.horizontal_m == pytest.approx(6741, abs=5)
    assert 6.9 < found.horizontal.lng_deg < 7.0
    other = separation([Volume4D(Circle(46.05, 6.9, 1000))], [Volume4D(Circle(46.05, 7.0, 500))])
    assert other is not None
    assert other.horizontal is not None
    assert other.horizontal.horizontal_m == pytest.approx(6241, abs=5)


def test_the_common_outline_lies_in_both() -> None:
    common = intersection_outline(box(46.0, 7.0), box(46.05, 7.05))
    assert common is not None
    lats = [lat for lat, _ in common.vertices]
    assert min(lats) == pytest.approx(46.05, abs=1e-4)
    assert max(lats) == pytest.approx(46.1, abs=1e-4)
    assert intersection_outline(box(), box(50.0, 7.0)) is None
    lens = intersection_outline(
        Volume4D(Circle(46.0, 7.0, 1000)), Volume4D(Circle(46.0, 7.01, 1000))
    )
    assert lens is not None


def test_an_outline_that_spans_the_earth_is_refused() -> None:
    wide = Volume4D(Polygon(((0, -60), (0, 60), (1, 0))))
    with pytest.raises(OutlineTooLarge, match="5,000 km") as caught:
        conflicts([box(), wide], [box()])
    assert caught.value.where == "volumes[1]"


def test_every_place_is_near_its_tile() -> None:
    rng = random.Random(1)
    for _ in range(500):
        lat, lng = rng.uniform(-90, 90), rng.uniform(-180, 180)
        tile = int(tile_of(np.array([lat]), np.array([lng]))[0])
        centre = Volume4D(Circle(*tile_centre(tile), 350_000))
        assert conflicts([centre], [Volume4D(Circle(lat, lng, 1))])


def crowd(n: int, seed: int, span_h: float, degrees: float = 3.0) -> list[Volume4D]:
    rng = random.Random(seed)
    made: list[Volume4D] = []
    for _ in range(n):
        start = int(rng.uniform(0, span_h) * HOUR_US)
        low = rng.uniform(0, 10_000)
        lat, lng = 46 + rng.uniform(0, degrees), 7 + rng.uniform(0, degrees)
        times = (start, start + HOUR_US // 12)
        if rng.random() < 0.3:
            made.append(Volume4D(Circle(lat, lng, rng.uniform(50, 3000)), low, low + 300, *times))
        else:
            made.append(box(lat, lng, 0.05, low=low, high=low + 300, start=times[0], end=times[1]))
    return made


def slow_conflicts(a: list[Volume4D], b: list[Volume4D]) -> list[tuple[int, int]]:
    """One pair at a time: nothing of the sorting out is used."""
    return [
        (i, j)
        for (i, one), (j, other) in itertools.product(enumerate(a), enumerate(b))
        if conflicts([one], [other])
    ]


def test_sorting_out_loses_nothing() -> None:
    a, b = crowd(60, 1, 1.0, 0.3), crowd(70, 2, 1.0, 0.3)
    expected = slow_conflicts(a, b)
    assert len(expected) >= 3
    assert [(e.first, e.second) for e in conflicts(a, b)] == expected
    assert [(e.second, e.first) for e in conflicts(b, a)] == sorted(
        expected, key=lambda pair: (pair[1], pair[0])
    )


def test_the_sweep_in_time_finds_what_the_table_of_all_pairs_finds() -> None:
    a, b = crowd(2100, 3, 10.0), crowd(2000, 4, 10.0)
    first, second = conflicting_pairs(a, b)
    expected = [
        (i, j + start)
        for start in range(0, len(b), 500)
        for i, j in zip(*map(list, conflicting_pairs(a, b[start : start + 500])), strict=True)
    ]
    assert sorted(zip(first, second, strict=True)) == sorted(expected)
    assert len(expected) > 5


def best_of(times: int, action: object) -> float:
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        assert callable(action)
        action()
        best = min(best, time.perf_counter() - begin)
    return best


def test_one_intent_against_ten_thousand_volumes_takes_milliseconds() -> None:
    stored = prepare(crowd(10_000, 5, 24.0, 8.0))
    mine = prepare(crowd(30, 6, 2.0, 3.0))
    found: list[Encounter] = conflicts(mine, stored)
    assert best_of(5, lambda: conflicts(mine, stored)) < 0.1
    assert len(candidate_pairs(mine, stored)[0]) >= len(found)
