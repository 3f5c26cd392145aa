"""Whole flights, heard badly: every position that is told is where the aircraft was."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support import squitters
from tests.support.squitters import extended

from detente.feeds import Counts, ModeSReader, ModeSSettings, Source, frames_of_hex

T0_US = 1_763_882_000_000_000
ICAO = 0x4840D6
DEGREE_M = 111_320.0


@dataclass(frozen=True)
class Flight:
    """Straight on a sphere, at a constant speed."""

    lat: float
    lng: float
    course_deg: float
    speed_m_s: float
    surface: bool

    def at(self, seconds: float) -> tuple[float, float]:
        angle = np.radians(self.speed_m_s * seconds / DEGREE_M)
        lat, lng, course = np.radians([self.lat, self.lng, self.course_deg])
        here = np.sin(lat) * np.cos(angle) + np.cos(lat) * np.sin(angle) * np.cos(course)
        east = np.arctan2(
            np.sin(course) * np.sin(angle) * np.cos(lat), np.cos(angle) - np.sin(lat) * here
        )
        return float(np.degrees(np.arcsin(here))), float((np.degrees(lng + east) + 180) % 360 - 180)

    def half(self, seconds: float, odd: int) -> bytes:
        make = squitters.surface if self.surface else squitters.airborne
        return extended(ICAO, make(*self.at(seconds), odd))


flights = st.builds(
    Flight,
    lat=st.one_of(st.floats(-89.5, 89.5), st.sampled_from([0.0, 86.99, -87.01, 89.9])),
    lng=st.one_of(st.floats(-180, 179.9), st.sampled_from([179.999, -180.0, 0.0])),
    course_deg=st.floats(0, 360),
    speed_m_s=st.floats(0, 330),
    surface=st.just(False),
)


def apart_m(one: tuple[float, float], two: tuple[float, float]) -> float:
    """Along the chord, so that poles and the date line are nothing special."""
    (lat0, lng0), (lat1, lng1) = np.radians([one, two]).tolist()
    here = np.array([np.cos(lat0) * np.cos(lng0), np.cos(lat0) * np.sin(lng0), np.sin(lat0)])
    there = np.array([np.cos(lat1) * np.cos(lng1), np.cos(lat1) * np.sin(lng1), np.sin(lat1)])
    return float(np.linalg.norm(here - there) * np.degrees(DEGREE_M))


def check(flight: Flight, seed: int, heard: float, receiver: tuple[float, float] | None) -> int:
    """How many positions are told of a flight of two minutes, all of them right."""
    rng = random.Random(seed)
    moments = [
        (second / 2 + rng.uniform(-0.1, 0.1), second % 2)
        for second in range(240)
        if rng.random() < heard
    ]
    frames = [flight.half(seconds, odd) for seconds, odd in moments]
    times = np.array([T0_US + round(seconds * 1e6) for seconds, _ in moments], dtype=np.int64)
    reader = ModeSReader(
        Source("roof", "mode-s"), ModeSSettings(receiver=receiver, range_m=2e7), Counts()
    )
    reports = reader.take(frames_of_hex([each.hex() for each in frames], times, times))
    for when, lat, lng in zip(
        reports.time_us.tolist(), reports.lat_deg.tolist(), reports.lng_deg.tolist(), strict=True
    ):
        assert apart_m(flight.at((when - T0_US) / 1e6), (lat, lng)) < 15
    return len(reports)


@settings(max_examples=60, deadline=None)
@given(flights, st.integers(0, 1 << 20), st.floats(0.05, 1.0))
@example(Flight(89.95, 10.0, 0.0, 250.0, False), 1, 1.0)
@example(Flight(10.47, 179.99, 90.0, 250.0, False), 1, 1.0)
def test_in_the_air(flight: Flight, seed: int, heard: float) -> None:
    told = check(flight, seed, heard, None)
    if heard > 0.99:
        assert told > 200


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-85, 85), st.floats(-180, 179.9), st.floats(0, 360), st.integers(0, 1 << 20),
    st.floats(0.3, 1.0),
)  # fmt: skip
def test_on_the_ground(lat: float, lng: float, course: float, seed: int, heard: float) -> None:
    flight = Flight(lat, lng, course, 8.0, True)
    receiver = max(min(lat + 1.0, 90.0), -90.0), (lng + 181.0) % 360 - 180
    check(flight, seed, heard, receiver)
