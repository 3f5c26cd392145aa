"""The closest approach of two tracks, against looking at every half second."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from tests.unit.operations.flights_made import START_US, straight

from detente.geo import projection
from detente.operations import Closeness, Track, closest_approach
from detente.operations.approach import position_at


def test_crossing_at_right_angles() -> None:
    east = straight(46.0, 7.0, east_deg=0.2, seconds=200)
    north = straight(45.9, 7.1, north_deg=0.2, east_deg=0.0, seconds=200, altitude_m=3100)
    found = closest_approach(east, north, Closeness())
    assert found is not None
    assert found.is_close
    assert found.time_us == pytest.approx(START_US + 100_000_000, abs=2_000_000)
    assert found.horizontal_m == pytest.approx(0, abs=30)
    assert found.vertical_m == pytest.approx(100, abs=1)


def test_one_level_apart_is_not_closer_than_a_level() -> None:
    feet = 0.3048
    low = straight(altitude_m=37000 * feet)
    high = straight(altitude_m=38000 * feet)
    found = closest_approach(low, high, Closeness(vertical_m=1000 * feet))
    assert found is not None
    assert not found.is_close


def test_never_in_the_air_together() -> None:
    assert closest_approach(straight(), straight(start_s=601), Closeness()) is None


@st.composite
def near_tracks(draw: st.DrawFn) -> tuple[Track, Track]:
    lat, lng = draw(st.floats(-80, 80)), draw(st.sampled_from([0.0, 7.0, 179.99, -180.0]))

    def one() -> Track:
        n = draw(st.integers(2, 8))
        times = START_US + np.cumsum(
            [draw(st.integers(0, 60))] + [draw(st.integers(1, 60)) for _ in range(n - 1)]
        )
        wander = st.floats(-0.05, 0.05)
        lngs = [lng + draw(wander) for _ in range(n)]
        return Track(
            START_US + (times - START_US) * 1_000_000,
            np.array([lat + draw(wander) for _ in range(n)]),
            np.array([(x + 180) % 360 - 180 for x in lngs]),
            np.array([3000 + draw(st.floats(-500, 500)) for _ in range(n)]),
        )

    return one(), one()


@given(near_tracks())
def test_against_looking_often(pair: tuple[Track, Track]) -> None:
    a, b = pair
    closeness = Closeness()
    found = closest_approach(a, b, closeness)
    start, end = max(a.time_us[0], b.time_us[0]), min(a.time_us[-1], b.time_us[-1])
    if start > end:
        assert found is None
        return
    assert found is not None
    moments = np.arange(start, end + 1, 500_000)
    lat_a, lng_a, alt_a = position_at(a, moments)
    lat_b, lng_b, alt_b = position_at(b, moments)
    _, ground = projection.inverse(lat_a, lng_a, lat_b, lng_b)
    h, v = ground / closeness.horizontal_m, np.abs(alt_a - alt_b) / closeness.vertical_m
    # A metre of room: legs are chords in one and geodesics in the other.
    surely_close = bool(((h < 0.999) & (v < 0.999)).any())
    if surely_close:
        assert found.is_close
    if not found.is_close:
        assert found.ratio <= float(np.hypot(h, v).min()) + 1e-3
    assert found.ratio == pytest.approx(
        float(
            np.hypot(
                found.horizontal_m / closeness.horizontal_m, found.vertical_m / closeness.vertical_m
            )
        )
    )
