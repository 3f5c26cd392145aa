"""Closest approach by example: what counts as near, where on Earth, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic

from detente.kernels import Sky, Traffic, approaches, closest_s

NM = 1852.0


def traffic(
    *rows: tuple[float, float, float, float, float, float], party: list[int] | None = None
) -> Traffic:
    """Latitude, longitude, altitude, speed, course, climb."""
    lat, lng, altitude, speed, course, climb = np.array(rows, dtype=np.float64).T
    course = np.radians(course)
    return Traffic.of(
        lat,
        lng,
        altitude,
        speed * np.sin(course),
        speed * np.cos(course),
        climb,
        party=None if party is None else np.array(party, dtype=np.int32),
    )


def test_two_head_on_are_near_from_when_they_are_5_nm_apart() -> None:
    # a degree of latitude at 45° N is 111,132 m; they close at 400 m/s
    found = approaches(
        traffic((45.0, 7.0, 9000, 200, 0, 0), (45.5, 7.0, 9000, 200, 180, 0)), 300, 5 * NM, 300
    )
    apart = Geodesic.WGS84.Inverse(45.0, 7.0, 45.5, 7.0)["s12"]
    # along the ground, below: a seven-hundredth slower than up there
    closing = 400 * 6_378_137 / 6_387_137
    assert found.first.tolist() == [0]
    assert found.second.tolist() == [1]
    assert found.enters_s[0] == pytest.approx((apart - 5 * NM) / closing, abs=0.05)
    assert found.leaves_s[0] == pytest.approx((apart + 5 * NM) / closing, abs=0.05)
    assert found.motions.closing_m_s[0] == pytest.approx(closing, abs=0.01)
    at = closest_s(found.motions, found.enters_s, found.leaves_s, 5 * NM, 300)
    assert found.motions.horizontal_m(at)[0] == pytest.approx(0, abs=1)


def test_height_counts_in_the_whole_span_and_not_at_the_closest_moment_only() -> None:
    # at the closest moment, after 100 s, they are 500 m apart in height; 20 s later, and still
    # within 5 NM of each other, they are level
    found = approaches(
        traffic((45.0, 7.0, 9000, 100, 90, 0), (45.0, 7.2542, 11500 + 500, 100, 270, -25)),
        300,
        5 * NM,
        100,
    )
    assert len(found) == 1
    assert found.motions.vertical_m(100.0)[0] == pytest.approx(500)
    assert (found.enters_s[0], found.leaves_s[0]) == pytest.approx((116, 124), abs=0.01)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((10.0, 179.99), (10.0, -179.99)),
        ((89.99, 0.0), (89.99, 180.0)),
        ((-90.0, 12.0), (-89.99, -100.0)),
        ((0.0, -180.0), (0.0, 180.0)),
    ],
)
def test_there_is_no_edge_of_the_map(one: tuple[float, float], other: tuple[float, float]) -> None:
    found = approaches(traffic((*one, 1000, 0, 0, 0), (*other, 1000, 0, 0, 0)), 60, 3000.0, 100)
    apart = Geodesic.WGS84.Inverse(*one, *other)["s12"]
    assert len(found) == 1
    assert found.motions.horizontal_m()[0] == pytest.approx(apart, rel=1e-6, abs=1e-6)
    assert (found.enters_s[0], found.leaves_s[0]) == (0, 60)


def test_distances_are_those_along_the_ground() -> None:
    rng = np.random.default_rng(3)
    for length, most in ((20_000.0, 1e-5), (100_000.0, 1e-4)):
        for _ in range(100):
            lat, lng = math.degrees(math.asin(rng.uniform(-1, 1))), rng.uniform(-180, 180)
            end = Geodesic.WGS84.Direct(lat, lng, rng.uniform(0, 360), length)
            sky = Sky(traffic((lat, lng, 0, 0, 0, 0), (end["lat2"], end["lon2"], 0, 0, 0, 0)), 0.0)
            pair = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32)
            assert sky.motions(*pair).horizontal_m()[0] == pytest.approx(length, rel=most)


def test_motion_is_that_along_great_circles() -> None:
    """Two that fly for five minutes: off geodesics by less than a thousandth of the way."""
    rng = np.random.default_rng(4)
    worst = 0.0
    for _ in range(200):
        lat, lng = rng.uniform(-85, 85), rng.uniform(-180, 180)
        end = Geodesic.WGS84.Direct(lat, lng, rng.uniform(0, 360), rng.uniform(0, 120_000))
        rows = [
            (lat, lng, 0.0, 250.0, rng.uniform(0, 360), 0.0),
            (end["lat2"], end["lon2"], 0.0, 250.0, rng.uniform(0, 360), 0.0),
        ]
        sky = Sky(traffic(*rows), 300.0)
        pair = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32)
        then = [Geodesic.WGS84.Direct(r[0], r[1], r[4], 250.0 * 300.0) for r in rows]
        apart = Geodesic.WGS84.Inverse(
            then[0]["lat2"], then[0]["lon2"], then[1]["lat2"], then[1]["lon2"]
        )["s12"]
        worst = max(worst, abs(sky.motions(*pair).horizontal_m(300.0)[0] - apart))
    assert worst < 75.0


def test_of_the_same_party_are_not_compared() -> None:
    rows = [(45.0, 7.0, 1000.0, 0.0, 0.0, 0.0)] * 3
    found = approaches(traffic(*rows, party=[4, 9, 4]), 10, 100, 100)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1), (1, 2)]


def test_an_unknown_altitude_may_be_any_and_a_level_apart_is_near_enough() -> None:
    found = approaches(
        traffic(
            (45.0, 7.0, math.nan, 0, 0, 0),
            (45.0, 7.0, 1000, 0, 0, 0),
            (45.0, 7.0, 1300, 0, 0, 0),
            (45.0, 7.0, 1600.001, 0, 0, 0),
        ),
        10,
        100,
        300,
    )
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (0, 3), (1, 2)]
    assert np.isnan(found.motions.vertical_m()[:3]).all()


def test_too_many_pairs_are_cut_and_that_is_said() -> None:
    crowd = traffic(*[(45.0, 7.0, 1000.0, 0.0, 0.0, 0.0)] * 40)
    assert len(approaches(crowd, 10, 100, 100)) == 780
    found = approaches(crowd, 10, 100, 100, pairs_max=100)
    assert len(found) == 100
    assert not found.complete


def test_nobody_flies_alone_into_anybody() -> None:
    assert len(approaches(traffic((45.0, 7.0, 1000, 200, 0, 0)), 300, 9260, 300)) == 0
    none = np.empty(0)
    assert len(approaches(Traffic.of(none, none, none, none, none), 300, 9260, 300)) == 0


@pytest.mark.parametrize(
    ("look_ahead_s", "horizontal_m", "speed", "message"),
    [
        (4000.0, 9260.0, 100.0, "look_ahead_s"),
        (300.0, 1e6, 100.0, "near must be"),
        (300.0, -1.0, 100.0, "near must be"),
        (300.0, 9260.0, 8000.0, "aircraft 1 would go 2,400 km"),
    ],
)
def test_what_the_plane_cannot_hold_is_refused(
    look_ahead_s: float, horizontal_m: float, speed: float, message: str
) -> None:
    rows = traffic((45.0, 7.0, 0, 0, 0, 0), (45.0, 8.0, 0, speed, 0, 0))
    with pytest.raises(ValueError, match=message):
        approaches(rows, look_ahead_s, horizontal_m, 300.0)


def test_numbers_that_are_none_are_refused() -> None:
    good = np.zeros(1)
    with pytest.raises(ValueError, match="lat_deg holds a number that is not finite"):
        Traffic.of(np.array([math.nan]), good, good, good, good)
    with pytest.raises(ValueError, match="north_m_s holds an infinite number"):
        Traffic.of(good, good, good, good, np.array([math.inf]))
    with pytest.raises(ValueError, match="differ in length"):
        Traffic.of(good, np.zeros(2), good, good, good)


def test_a_fast_one_among_many_slow_ones_does_not_fill_the_memory() -> None:
    rng = np.random.default_rng(5)
    count = 2000
    rows = [
        (45 + rng.normal() / 10, 7 + rng.normal() / 10, 100.0, 1.0, 0.0, 0.0) for _ in range(count)
    ]
    rows.append((45.0, 7.0, 5000.0, 1500.0, 45.0, 0.0))
    sky = Sky(traffic(*rows), 300.0)
    candidates = sky.candidates(100.0, 50.0)
    assert candidates.entries <= 8 * count + 1200


@pytest.mark.parametrize(
    ("lat", "lng", "course"),
    [(0, 0, 0), (0, 0, 90), (0, 90, 90), (0, -180, 0), (90, 0, 0), (90, 0, 90), (45, 45, 30)],
)
def test_near_is_near_to_the_very_limit_along_every_axis(
    lat: float, lng: float, course: float
) -> None:
    """Boxes that would be too small by a hand's breadth would lose these."""
    for metres, count in ((9259.9, 1), (9260.1, 0)):
        end = Geodesic.WGS84.Direct(lat, lng, course, metres)
        rows = ((lat, lng, 1000, 0, 0, 0), (end["lat2"], end["lon2"], 1000 + 304.8, 0, 0, 0))
        assert len(approaches(traffic(*rows), 0, 9260, 304.8)) == count
