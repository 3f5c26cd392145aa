"""The quick look at outlines never contradicts the exact one; pushes are told as they are."""

from __future__ import annotations

import math
import random

import hypothesis.strategies as st
import numpy as np
from hypothesis import event, given, settings
from tests.property.geo.places import anywhere, containing, scales_m

from detente.geo import Circle, Polygon, Sheet, Volume4D, _flat, conflicts, prepare, projection
from detente.geo.outlines import TOUCH_M, _glance, exactly_meet, outlines_meet
from detente.geo.sight import shortest_way

FIRST = np.zeros(1, np.int64)


@settings(max_examples=150)
@given(anywhere, scales_m, st.data())
def test_what_is_seen_at_a_glance_is_so(
    place: tuple[float, float], scale: float, data: st.DataObject
) -> None:
    one = data.draw(containing(place, scale))
    other = data.draw(containing(place, scale * data.draw(st.floats(0.01, 10))))
    left, right = prepare([Volume4D(one)]), prepare([Volume4D(other)])
    seen, places = _glance(left, right, FIRST, FIRST, TOUCH_M)
    exact = bool(exactly_meet(left, right, FIRST, FIRST)[0])
    event(f"seen: {int(seen[0])}")
    assert exact
    assert seen[0] != _flat.APART
    if not np.isnan(places[0, 0]):
        # the point is in both, to a centimetre
        at = Circle(float(places[0, 0]), float(places[0, 1]), 0.01)
        assert conflicts([Volume4D(at)], [Volume4D(one)])
        assert conflicts([Volume4D(at)], [Volume4D(other)])


def star(rng: random.Random, lat: float, lng: float, size_m: float) -> Volume4D:
    """A polygon that is rarely convex, or a circle."""
    if rng.random() < 0.25:
        return Volume4D(Circle(lat, lng, size_m * rng.uniform(0.1, 1)))
    corners = rng.randrange(4, 12)
    azimuth = np.arange(corners) * 360 / corners + rng.uniform(0, 360)
    away = np.array([rng.uniform(0.1, 1) * size_m for _ in range(corners)])
    to = projection.direct(np.full(corners, lat), np.full(corners, lng), azimuth, away)
    return Volume4D(Polygon(tuple(zip(to[0].tolist(), to[1].tolist(), strict=True))))


@settings(max_examples=60)
@given(st.integers(0, 1 << 32))
def test_a_glance_and_the_exact_look_agree_near_and_far(seed: int) -> None:
    rng = random.Random(seed)
    lat, size = rng.choice([0.0, 46.0, -89.9, 70.0]), 10 ** rng.uniform(1, 5)
    reach = size / 111_000
    volumes = [
        star(
            rng,
            lat + rng.uniform(-2, 2) * reach if abs(lat) < 89 else lat,
            (7.0 + rng.uniform(-2, 2) * reach / math.cos(math.radians(lat)) + 180) % 360 - 180,
            size,
        )
        for _ in range(12)
    ]
    all_of = prepare(volumes)
    first, second = (each.ravel() for each in np.indices((12, 12)).astype(np.int64))
    quick = outlines_meet(all_of, all_of, first, second)
    assert quick.tolist() == exactly_meet(all_of, all_of, first, second).tolist()
    joined = type(all_of).joined([prepare(volumes[:5]), prepare(volumes[5:])])
    assert outlines_meet(joined, all_of, first, second).tolist() == quick.tolist()


@settings(max_examples=40)
@given(st.integers(0, 1 << 32))
def test_obstructions_are_where_pushed_outlines_meet_and_nowhere_else(seed: int) -> None:
    rng = random.Random(seed)
    lat = rng.choice([0.0, 46.0, -70.0])
    own = [star(rng, lat, 7.0, 2000), star(rng, lat + 0.1, 7.1, 2000)]
    others = prepare(
        [
            star(rng, lat + rng.uniform(-0.1, 0.1), 7.0 + rng.uniform(-0.1, 0.1), 3000)
            for _ in range(4)
        ]
    )
    sheet = Sheet(own)
    azimuths = [rng.uniform(0, 360) for _ in range(3)]
    first, second = (each.ravel() for each in np.indices((2, 4)).astype(np.int64))
    direction, pair, ends, wrong = sheet.obstructions(others, first, second, azimuths, 8000.0)
    for k, azimuth in enumerate(azimuths):
        for metres in (1.0, *(rng.uniform(0, 8000) for _ in range(8))):
            moved = prepare(sheet.pushed(azimuth, metres))
            meets = outlines_meet(moved, others, first, second)
            for p in range(len(first)):
                rows = np.flatnonzero((direction == k) & (pair == p))
                inside = (ends[rows, 0] + wrong[rows] <= metres) & (
                    metres <= ends[rows, 1] - wrong[rows]
                )
                around = (ends[rows, 0] - wrong[rows] <= metres) & (
                    metres <= ends[rows, 1] + wrong[rows]
                )
                if inside.any():
                    assert meets[p]
                if not around.any():
                    assert not meets[p]


@settings(max_examples=60)
@given(st.integers(0, 1 << 32))
def test_a_pushed_sheet_keeps_its_shape(seed: int) -> None:
    rng = random.Random(seed)
    lat = rng.choice([0.0, 46.0, 89.0, -70.0])
    own = [star(rng, lat + rng.uniform(-0.2, 0.2), 7.0, 5000) for _ in range(3)]
    sheet = Sheet(own)
    azimuth, metres = rng.uniform(0, 360), rng.uniform(10, 20_000)
    before, after = prepare(own), prepare(sheet.pushed(azimuth, metres))
    there = sheet.points(np.array([sheet.pivot[0]]), np.array([sheet.pivot[1]]), azimuth, metres)
    went = projection.inverse(
        np.array([sheet.pivot[0]]), np.array([sheet.pivot[1]]), there[0], there[1]
    )
    assert abs(float(went[1][0]) - metres) < 1e-3
    size = len(before.lat_deg)
    i, j = (each.ravel() for each in np.indices((size, size)))
    apart = [
        projection.inverse(each.lat_deg[i], each.lng_deg[i], each.lat_deg[j], each.lng_deg[j])[1]
        for each in (before, after)
    ]
    assert float(np.abs(apart[0] - apart[1]).max()) < 0.01


def test_a_way_goes_around_a_wall_by_its_nearer_end() -> None:
    corners = np.array([[10.0, -1.0], [11.0, -1.0], [11.0, 5.0], [10.0, 5.0]])
    beside = np.concatenate((np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)), axis=1)
    inner = np.array([[10.001, -0.999], [10.999, -0.999], [10.999, 4.999], [10.001, 4.999]])
    walls = np.concatenate((inner, np.roll(inner, -1, axis=0)), axis=1)
    way = shortest_way(
        np.array([[0.0, 0.0]]), np.zeros(1), np.array([[20.0, 0.0]]), np.zeros(1),
        corners, beside, walls,
    )  # fmt: skip
    assert way is not None
    assert way.places.tolist() == [[0, 0], [10, -1], [11, -1], [20, 0]]
    assert way.cost == math.hypot(10, 1) + 1 + math.hypot(9, 1)
    shut = np.array([[5.0, -100.0, 5.0, 100.0]])
    none = shortest_way(
        np.array([[0.0, 0.0]]), np.zeros(1), np.array([[20.0, 0.0]]), np.zeros(1),
        corners, beside, shut,
    )  # fmt: skip
    assert none is None


def test_where_it_begins_and_ends_counts() -> None:
    begins = np.array([[0.0, 0.0], [0.0, 10.0]])
    ends = np.array([[10.0, 0.0], [10.0, 10.0]])
    none = np.empty((0, 4))
    way = shortest_way(
        begins, np.array([0.0, 3.0]), ends, np.array([0.0, 9.0]), np.empty((0, 2)), none, none
    )
    assert way is not None
    assert (way.begin, way.end, way.cost) == (1, 1, 4.0)
