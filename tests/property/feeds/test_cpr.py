"""Compact positions come back to where they were, at every latitude and over the date line."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.support import squitters
from tests.support.squitters import cpr, nl

from detente.feeds import Counts, ModeSReader, ModeSSettings, Source, frames_of_hex
from detente.feeds.modes._cpr import airborne_place, local_place, surface_place, zones

rs1090: Any = importlib.import_module("rs1090")

lats = st.one_of(st.floats(-89.99, 89.99), st.sampled_from([0.0, 87.0, -87.0, 89.99, -45.0]))
lngs = st.one_of(st.floats(-180, 179.999), st.sampled_from([-180.0, 179.9999, 0.0, -0.0001]))


def apart_m(lat0: float, lng0: float, lat1: float, lng1: float) -> float:
    east = (lng1 - lng0 + 180) % 360 - 180
    return float(np.hypot(lat1 - lat0, east * np.cos(np.radians(lat0))) * 111_320)


@given(lats)
def test_zones_are_those_of_the_formula(lat: float) -> None:
    assert zones(lat) == nl(lat)


@given(lats, lngs, st.integers(0, 1))
@example(47.4, -180.0, 1)
def test_airborne_pairs(lat: float, lng: float, odd: int) -> None:
    even_half, odd_half = cpr(lat, lng, 0), cpr(lat, lng, 1)
    fate, found_lat, found_lng = airborne_place(*even_half, *odd_half, odd)
    # Halves on two sides of a zone's border say so instead of a wrong place.
    assume(fate == 0)
    assert apart_m(lat, lng, found_lat, found_lng) < 11
    assert -180 <= found_lng < 180


@given(lats, lngs, st.integers(0, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_surface_pairs_near_a_receiver(
    lat: float, lng: float, odd: int, north: float, east: float
) -> None:
    even_half, odd_half = (cpr(lat, lng, each, surface=True) for each in (0, 1))
    near = np.clip(lat + 20 * north, -90, 90), (lng + 20 * east + 180) % 360 - 180
    fate, found_lat, found_lng = surface_place(*even_half, *odd_half, odd, *near)
    assume(fate == 0)
    assert apart_m(lat, lng, found_lat, found_lng) < 3


@given(lats, lngs, st.integers(0, 1), st.booleans(), st.floats(-1, 1), st.floats(-1, 1))
def test_one_half_near_a_known_place(
    lat: float, lng: float, odd: int, surface: bool, north: float, east: float
) -> None:
    assume(abs(lat) < 85)
    reach = 0.7 if surface else 2.8
    near_lat = lat + reach * north
    near_lng = lng + reach * east / np.cos(np.radians(lat)) * 0.9
    half = cpr(lat, lng, odd, surface=surface)
    fate, found_lat, found_lng = local_place(*half, odd, int(surface), near_lat, near_lng)
    assert fate == 0
    assert apart_m(lat, lng, found_lat, found_lng) < 11


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-80, 80), lngs), min_size=20, max_size=20))
def test_rs1090_finds_the_same_places(places: list[tuple[float, float]]) -> None:
    frames = [
        squitters.extended(0x400000 + number, squitters.airborne(lat, lng, odd))
        for odd in (0, 1)
        for number, (lat, lng) in enumerate(places)
    ]
    texts = [each.hex() for each in frames]
    seconds = [1_700_000_000 + 0.1 * row for row in range(len(frames))]
    theirs = rs1090.decode(texts, seconds)
    times = np.array([round(each * 1e6) for each in seconds])
    reader = ModeSReader(Source("a", "mode-s"), ModeSSettings(), Counts())
    reports = reader.take(frames_of_hex(texts, times, times))
    mine = dict(zip(reports.time_us.tolist(), range(len(reports)), strict=True))
    for when, their in zip(times.tolist(), theirs, strict=True):
        if their.get("latitude") is None:
            continue
        row = mine[when]
        assert abs(reports.lat_deg[row] - their["latitude"]) < 1e-9
        east = reports.lng_deg[row] - their["longitude"]
        assert abs((east + 180) % 360 - 180) < 1e-9
