"""What is known of cells that no border touches is what the index would say."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.watched import boundary, box, claimed, flight, ring, watched

from detente.boundaries import BoundarySet, load_boundaries
from detente.feeds import Reports, joined
from detente.watch import CrossingMonitor, CrossingRules
from detente.watch.monitors import _calm, crossing

DEEP_M: Final = 20_000.0
ALONG_CELLS: Final = claimed(
    boundary("cells", box(10.0, 20.0, 13.0, 23.5)),
    boundary("beside", box(10.0, 23.5, 11.5, 25.0)),
    boundary("corner", ring((7.75, 18.25), (10.0, 20.0), (7.5, 22.5))),
    boundary("north", box(79.5, -180.0, 84.0, 180.0)),
    boundary("seam", box(-5.0, 170.0, 5.0, 180.0)),
)
"""Borders along the lines between cells, through their corners, near the pole and on the seam."""


@pytest.fixture(scope="module")
def world() -> BoundarySet:
    return load_boundaries()


def places(seed: int, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Anywhere, on lines between cells, and around `ALONG_CELLS`."""
    rng = np.random.default_rng(seed)
    lat, lng = rng.uniform(-90, 90, count), rng.uniform(-180, 180, count)
    near = rng.random(count) < 0.4
    lat[near], lng[near] = rng.uniform(6, 14, near.sum()), rng.uniform(17, 26, near.sum())
    for values in (lat, lng):
        on_line = rng.random(count) < 0.2
        values[on_line] = np.round(values[on_line] * 2) / 2
    return lat, lng


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_calm_cell_has_one_answer_and_deep_ones_are_deep(seed: int, world: BoundarySet) -> None:
    lat, lng = places(seed, 5_000)
    for boundaries in (world, ALONG_CELLS):
        index = boundaries.index
        known = _calm.calm(index, DEEP_M)
        sets, cells, others = _calm.located(lat, lng, known.held)
        found = index.claimants(lat, lng)
        calm = cells != _calm.NOT_CALM
        assert calm.sum() > 1_000
        assert (sets[calm] == found[calm]).all()
        assert np.array_equal(others, np.flatnonzero(~calm))
        each = np.arange(len(lat))
        deep = _calm.reach_deep(each, each + 1, each, lat, lng, known.deep)
        assert deep.sum() > 1_000
        for row in np.flatnonzero(deep)[:400].tolist():
            for area in index.sets[int(found[row])]:
                at = lat[row : row + 1], lng[row : row + 1]
                assert index.signed_depth(*at, area, DEEP_M).depth_m[0] == np.inf


def travelling(seed: int) -> Reports:
    """Aircraft that cross cells at every angle, some of them over the date line."""
    rng = np.random.default_rng(seed)
    across = [(60.0 * i, 11.0, 19.0 + 0.1 * i) for i in range(80)]
    tracks = [flight(across, aircraft="across", speed_m_s=200.0)]
    for number in range(6):
        home = [(9.0, 21.0), (11.0, 24.0), (0.0, 178.0), (82.0, 10.0)][number % 4]
        lat, lng = home + rng.normal(0, 1.5, 2)
        course, points, at = rng.uniform(0, 2 * np.pi), [], 0.0
        for _ in range(80):
            gap = float(rng.choice([10.0, 60.0, 200.0]))
            course += rng.normal(0, 0.2)
            lat = float(np.clip(lat + 0.003 * gap * np.cos(course), -89, 89))
            lng = float((lng + 0.003 * gap * np.sin(course) + 180) % 360 - 180)
            at += gap
            points.append((at, lat, lng))
        tracks.append(flight(points, aircraft=f"3c{number:04x}", speed_m_s=340.0))
    whole = joined(tracks)
    return whole.take(np.argsort(whole.time_us, kind="stable"))


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_events_are_the_same_if_nothing_is_known_of_cells(seed: int) -> None:
    reports = travelling(seed)
    rules = CrossingRules(look_ahead_s=0.0)
    fast = watched(CrossingMonitor(ALONG_CELLS, rules), [reports])

    def nowhere(index: object, deep_m: float) -> _calm.Calm:
        known = _calm.calm(ALONG_CELLS.index, deep_m)
        return _calm.Calm(np.full_like(known.held, _calm.NOT_CALM), np.zeros_like(known.deep))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossing, "calm", nowhere)
        slow = watched(CrossingMonitor(ALONG_CELLS, rules), [reports])
    assert fast == slow
    assert any(each.entry is not None for each in slow.values())


def test_a_way_over_the_corner_of_four_cells_is_looked_at() -> None:
    corner = claimed(boundary("corner", box(50.1, 8.3, 50.3, 8.49)))
    points = [(0.0, 49.98, 8.40), (150.0, 50.35, 8.52), (160.0, 50.37, 8.53)]
    events = watched(CrossingMonitor(corner, CrossingRules(look_ahead_s=0.0)), [flight(points)])
    (event,) = events.values()
    assert event.entry is not None
    assert event.exit is not None
