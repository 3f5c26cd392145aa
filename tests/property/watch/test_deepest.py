"""The deepest point of a track: quick by bounds, and the same as by looking at every point."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from tests.support.watched import T0_US, boundary, claimed, ring

from detente.kernels import Depths
from detente.watch.monitors._depth import STEP_M, STEPS_MAX, Deepest, Node, Points, Span, deepen
from detente.watch.motion import length_m, on_the_way

GEOD = Geod(ellps="WGS84")
LIMIT_M = 20_000.0
CLAIMS = claimed(
    boundary("A", ring((46.0, 7.0), (46.0, 7.4), (46.26, 7.5), (46.12, 7.2), (46.24, 7.04))),
    boundary("B", ring((69.0, -179.9), (69.0, -179.2), (69.3, -179.2), (69.2, -179.6))),
)


class Holder:
    def __init__(self, area: int) -> None:
        self.area = area
        self.deepest: Deepest | None = None
        self.foot: tuple[float, float] | None = None
        self.looks = 0


class Looked:
    """Counts what is asked of the border."""

    def __init__(self) -> None:
        self.points = 0

    def __call__(self, lat: np.ndarray, lng: np.ndarray, area: np.ndarray) -> Depths:
        self.points += len(lat)
        return CLAIMS.index.signed_depth(lat, lng, area, LIMIT_M)


def wandering(seed: int, area: int, count: int) -> Points:
    rng = np.random.default_rng(seed)
    lat, lng = (46.1, 7.25) if area == 0 else (69.15, -179.5)
    lat, lng = lat + rng.normal(0, 0.05), lng + rng.normal(0, 0.1)
    course, way = rng.uniform(0, 360), float(rng.choice([30.0, 300.0, 1_500.0]))
    places = []
    for _ in range(count):
        places.append((lat, lng))
        course += rng.normal(0, float(rng.choice([0.0, 2.0, 20.0])))
        lng, lat, _ = GEOD.fwd(lng, lat, course, way)
    lats, lngs = (np.array(each) for each in zip(*places, strict=True))
    ways = np.concatenate(([0.0], np.cumsum(length_m(lats[:-1], lngs[:-1], lats[1:], lngs[1:]))))
    times = T0_US + np.arange(count) * 1_000_000
    return Points(lats, lngs, times, ways, np.full(count, 10.0), np.arange(count))


def every_point(points: Points, area: int) -> tuple[float, float]:
    """Greatest depth to the millimetre, and the way to the first point that has it."""
    lats, lngs, ways = [points.lat[-1:]], [points.lng[-1:]], [points.odometer_m[-1:]]
    for i, way in enumerate(np.diff(points.odometer_m)):
        steps = int(np.clip(np.ceil(way / STEP_M), 1, STEPS_MAX))
        share = np.arange(steps) / steps
        same = np.ones(steps)
        lat, lng = on_the_way(
            points.lat[i] * same, points.lng[i] * same, points.lat[i + 1] * same,
            points.lng[i + 1] * same, share,
        )  # fmt: skip
        lats.append(lat)
        lngs.append(lng)
        ways.append(points.odometer_m[i] + share * way)
    lat, lng, way = (np.concatenate(each) for each in (lats, lngs, ways))
    order = np.argsort(way, kind="stable")
    areas = np.full(len(order), area, dtype=np.int32)
    depth = CLAIMS.index.signed_depth(lat[order], lng[order], areas, LIMIT_M).depth_m
    told = np.round(np.clip(depth, -LIMIT_M, LIMIT_M), 3)
    return float(told.max()), float(way[order][int(told.argmax())])


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), area=st.integers(0, 1), count=st.integers(1, 60))
def test_the_same_as_every_point(seed: int, area: int, count: int) -> None:
    points, holder = wandering(seed, area, count), Holder(area)
    deepen([Span(holder, None, 0, count, None)], points, Looked(), LIMIT_M)
    depth_m, way_m = every_point(points, area)
    assert holder.deepest is not None
    assert holder.deepest.depth_m == depth_m
    if holder.deepest.node is not None:
        assert abs(holder.deepest.node.odometer_m - way_m) < 0.01


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), area=st.integers(0, 1), at=st.integers(1, 59))
def test_the_same_in_two_pieces(seed: int, area: int, at: int) -> None:
    points, whole, parted = wandering(seed, area, 60), Holder(area), Holder(area)
    deepen([Span(whole, None, 0, 60, None)], points, Looked(), LIMIT_M)
    deepen([Span(parted, None, 0, at + 1, None)], points, Looked(), LIMIT_M)
    head = Node(
        points.lat[at], points.lng[at], int(points.time_us[at]), points.odometer_m[at],
        points.radius_m[at],
    )  # fmt: skip
    deepen([Span(parted, head, at + 1, 60, None)], points, Looked(), LIMIT_M)
    assert parted.deepest == whole.deepest


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), area=st.integers(0, 1), count=st.integers(1, 60))
def test_the_deepest_says_which_position_it_was(seed: int, area: int, count: int) -> None:
    points, holder = wandering(seed, area, count), Holder(area)
    deepen([Span(holder, None, 0, count, None)], points, Looked(), LIMIT_M)
    assert holder.looks == count
    assert holder.deepest is not None
    if holder.deepest.node is not None:
        way_m = holder.deepest.node.odometer_m
        assert holder.deepest.look == 1 + np.searchsorted(points.odometer_m, way_m - 1e-6)


def test_few_looks_are_enough() -> None:
    looked, points = Looked(), 0
    for seed in range(40):
        track = wandering(seed, 0, 60)
        deepen([Span(Holder(0), None, 0, 60, None)], track, looked, LIMIT_M)
        points += int(track.odometer_m[-1] / STEP_M)
    assert looked.points < points / 20
