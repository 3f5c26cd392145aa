"""Volume kernels against `detente.geo.conflicts`, geographiclib and flying on step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.geo import Circle, Polygon, Volume4D, conflicting_pairs, projection
from detente.kernels import VolumeIndex

WGS84 = Geodesic.WGS84
S = 1_000_000
seeds = st.integers(0, 2**32 - 1)


def outline(rng: np.random.Generator, reach_m: float) -> Circle | Polygon:
    lat = float(rng.uniform(-89.9, 89.9))
    lng = float(rng.choice([rng.uniform(-180, 180), 179.99, -179.99]))
    if rng.random() < 0.3:
        return Circle(lat, lng, reach_m)
    n = int(rng.integers(3, 17))
    lats, lngs = projection.direct(
        np.full(n, lat), np.full(n, lng), np.sort(rng.uniform(0, 360, n)),
        reach_m * rng.uniform(0.5, 1.0, n),
    )  # fmt: skip
    return Polygon(tuple(zip(lats.tolist(), lngs.tolist(), strict=True)))


def some_volumes(rng: np.random.Generator, count: int) -> list[Volume4D]:
    found = []
    for _ in range(count):
        begin = int(rng.integers(0, 1000)) * S
        lower = float(rng.uniform(0, 5000))
        found.append(
            Volume4D(
                outline(rng, float(10 ** rng.uniform(2, 5))),
                None if rng.random() < 0.2 else lower,
                None if rng.random() < 0.2 else lower + 500,
                None if rng.random() < 0.2 else begin,
                None if rng.random() < 0.2 else begin + 400 * S,
            )
        )
    return found


def near(rng: np.random.Generator, volume: Volume4D) -> tuple[float, float]:
    """A place around an outline, often very near its edge."""
    shape = volume.outline
    if isinstance(shape, Circle):
        away = shape.radius_m * float(1 + rng.choice([0.5, 1e-3, 1e-6]) * rng.normal())
        lat, lng = shape.lat_deg, shape.lng_deg
    else:
        k = int(rng.integers(len(shape.vertices)))
        line = WGS84.InverseLine(*shape.vertices[k - 1], *shape.vertices[k])
        at = line.Position(float(rng.uniform(0, line.s13)))
        lat, lng, away = at["lat2"], at["lon2"], float(10 ** rng.uniform(-3, 4))
    there = WGS84.Direct(lat, lng, float(rng.uniform(0, 360)), away)
    return there["lat2"], there["lon2"]


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_position_is_in_the_volumes_that_conflict_with_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    volumes = some_volumes(rng, 60)
    lat, lng = np.array([near(rng, each) for each in volumes * 5]).T.copy()
    n = len(lat)
    time_us = rng.integers(-100, 1500, n) * S
    time_us[:30] = [each.time_start_us or 0 for each in volumes[:30]]
    altitude_m = rng.uniform(-100, 6000, n)
    altitude_m[30:60] = [each.altitude_upper_m or 0.0 for each in volumes[30:]]
    found = VolumeIndex.build(volumes).within(time_us, lat, lng, altitude_m)
    points = [
        Volume4D(Circle(y, x, 1e-6), z, z, t, t)
        for y, x, z, t in zip(
            lat.tolist(), lng.tolist(), altitude_m.tolist(), time_us.tolist(), strict=True
        )
    ]
    row, volume = conflicting_pairs(points, volumes)
    ours = set(zip(found.row.tolist(), found.volume.tolist(), strict=True))
    theirs = set(zip(row.tolist(), volume.tolist(), strict=True))
    for i, v in ours ^ theirs:
        # both are free within a centimetre of the edge
        assert away_m(volumes[v], float(lat[i]), float(lng[i])) < 0.01
    assert list(zip(found.row, found.volume, strict=True)) == sorted(ours)


def away_m(volume: Volume4D, lat: float, lng: float) -> float:
    """Distance to an outline by geographiclib."""
    shape = volume.outline
    if isinstance(shape, Circle):
        apart = WGS84.Inverse(lat, lng, shape.lat_deg, shape.lng_deg)["s12"]
        return abs(float(apart) - shape.radius_m)
    best = math.inf
    for k in range(len(shape.vertices)):
        line = WGS84.InverseLine(*shape.vertices[k - 1], *shape.vertices[k])
        low, high = 0.0, line.s13

        def apart_at(s: float, line: object = line) -> float:
            there = line.Position(s)  # type: ignore[attr-defined]
            return float(WGS84.Inverse(lat, lng, there["lat2"], there["lon2"])["s12"])

        while high - low > 1e-4:
            a, b = low + (high - low) / 3, high - (high - low) / 3
            if apart_at(a) < apart_at(b):
                high = b
            else:
                low = a
        best = min(best, apart_at((low + high) / 2))
    return best


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_own_distances_are_geodesics_with_the_sign_of_within(seed: int) -> None:
    rng = np.random.default_rng(seed)
    volume = Volume4D(outline(rng, float(10 ** rng.uniform(2, 5))), 100.0, 900.0, 0, S)
    index = VolumeIndex.build([volume], [7])
    lat, lng = np.array([near(rng, volume) for _ in range(6)]).T.copy()
    altitude_m = rng.uniform(0, 1000, 6)
    found = index.own_distance(np.zeros(6), lat, lng, altitude_m, 7, look_ahead_s=0.0)
    inside = np.isin(np.arange(6), index.within(np.zeros(6), lat, lng, np.full(6, 500.0)).row)
    assert found.volume.tolist() == [0] * 6
    want = [away_m(volume, *place) for place in zip(lat.tolist(), lng.tolist(), strict=True)]
    assert np.abs(found.horizontal_m) == pytest.approx(np.array(want), rel=1e-5, abs=0.01)
    assert ((found.horizontal_m >= 0) == inside)[np.abs(found.horizontal_m) > 0.01].all()
    assert found.vertical_m == pytest.approx(np.minimum(altitude_m - 100, 900 - altitude_m))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_time_to_leave_is_when_flying_on_leads_out_of_all_own_volumes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track, speed, climb = float(rng.uniform(0, 360)), float(rng.uniform(20, 250)), 0.0
    lat_0, lng_0 = float(rng.uniform(-80, 80)), float(rng.uniform(-180, 180))
    if rng.random() < 0.5:
        climb = float(rng.uniform(-10, 10))
    # a chain of volumes along the way, perhaps with gaps, and one aside
    volumes = []
    for k in range(4):
        there = WGS84.Direct(lat_0, lng_0, track, 3000.0 * k)
        reach = float(rng.uniform(1200, 2500))
        if rng.random() < 0.4:
            shape: Circle | Polygon = Circle(there["lat2"], there["lon2"], reach)
        else:
            corners = [
                WGS84.Direct(there["lat2"], there["lon2"], turn, reach * rng.uniform(0.7, 1))
                for turn in np.sort(rng.uniform(0, 360, 9)).tolist()
            ]
            shape = Polygon(tuple((each["lat2"], each["lon2"]) for each in corners))
        begin = int(rng.integers(-60, 60)) * S
        end = begin + int(rng.integers(60, 200)) * S
        volumes.append(Volume4D(shape, 500.0, 1500.0, begin, end))
    index = VolumeIndex.build(volumes, [0] * 4)
    ahead_s = 180.0
    found = index.own_distance(
        [0], [lat_0], [lng_0], [1000.0], [0],
        speed_m_s=speed, track_deg=track, climb_m_s=climb, look_ahead_s=ahead_s,
    )  # fmt: skip
    step_s = 0.05
    when = np.arange(0.0, ahead_s, step_s)
    line = WGS84.Line(lat_0, lng_0, track)
    flown = [line.Position(speed * t) for t in when.tolist()]
    held = index.within(
        np.round(when * S), [each["lat2"] for each in flown], [each["lon2"] for each in flown],
        1000.0 + climb * when,
    )  # fmt: skip
    out = np.setdiff1d(np.arange(len(when)), held.row)
    want = when[out[0]] if len(out) else np.inf
    leaves = float(found.leaves_s[0])
    if leaves != pytest.approx(want, abs=0.2 + 1e-3 * ahead_s):
        # a corner may be left for less than a step
        assert leaves < want
        just_after = leaves + 1e-3
        there = line.Position(speed * just_after)
        assert not len(
            index.within(
                [round(just_after * S)], [there["lat2"]], [there["lon2"]],
                [1000.0 + climb * just_after],
            ).row
        )  # fmt: skip
