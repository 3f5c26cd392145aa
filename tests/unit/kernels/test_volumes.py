"""Which volumes hold a position, and how far it is out of its own: by example."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from detente.geo import Circle, Polygon, Volume4D
from detente.kernels import OwnersDiffer, VolumeIndex

S = 1_000_000
BOX = Polygon(((46.0, 7.0), (46.0, 7.2), (46.1, 7.2), (46.1, 7.0)))
NEXT = Polygon(((46.0, 7.2), (46.0, 7.4), (46.1, 7.4), (46.1, 7.2)))


def test_all_four_dimensions_count_and_bounds_are_inside() -> None:
    index = VolumeIndex.build([Volume4D(BOX, 100.0, 200.0, 0, S)])
    time_us = [0, S, S + 1, 0, 0, 0]
    altitude_m = [100.0, 200.0, 150.0, 99.9, 200.1, 150.0]
    lat = [46.05, 46.05, 46.05, 46.05, 46.05, 46.2]
    found = index.within(time_us, lat, [7.1] * 6, altitude_m)
    assert found.row.tolist() == [0, 1]


def test_open_bounds_and_altitudes_that_are_not_told() -> None:
    index = VolumeIndex.build([Volume4D(BOX), Volume4D(Circle(46.05, 7.1, 100.0), 5.0, 6.0)])
    found = index.within([-(10**15), 10**15], [46.05] * 2, [7.1] * 2, [1e5, np.nan])
    assert list(zip(found.row.tolist(), found.volume.tolist(), strict=True)) == [
        (0, 0), (1, 0), (1, 1),
    ]  # fmt: skip


def test_what_is_not_on_earth_is_in_none() -> None:
    index = VolumeIndex.build([Volume4D(Circle(0.0, 0.0, 1e6))])
    assert len(index.within([0] * 3, [np.nan, 91.0, 0.0], [0.0, 0.0, np.nan], [0.0] * 3).row) == 0


def test_a_volume_over_a_pole_and_one_over_the_date_line() -> None:
    index = VolumeIndex.build(
        [Volume4D(Circle(89.9, 0.0, 50_000.0)), Volume4D(Circle(0.0, 179.99, 50_000.0))]
    )
    found = index.within([0] * 4, [90.0, 89.8, 0.0, 0.0], [123.0, 180.0, -179.9, 180.0], [0.0] * 4)
    assert list(zip(found.row.tolist(), found.volume.tolist(), strict=True)) == [
        (0, 0), (1, 0), (2, 1), (3, 1),
    ]  # fmt: skip


def test_a_volume_as_large_as_a_continent() -> None:
    index = VolumeIndex.build([Volume4D(Circle(50.0, 10.0, 3e6)), Volume4D(BOX)])
    found = index.within([0, 0], [46.05, -60.0], [7.1, 10.0], [0.0, 0.0])
    assert (found.row.tolist(), found.volume.tolist()) == ([0, 0], [0, 1])


def test_thousands_of_volumes_in_one_place_below_some_that_are_everywhere() -> None:
    wide = [Volume4D(Circle(50.0, 10.0, 3e6), 0.0, 100.0 + k) for k in range(3)]
    index = VolumeIndex.build([*[Volume4D(BOX)] * 1500, *wide, Volume4D(NEXT)])
    lng = np.where(np.arange(300) % 3, 7.1, 8.0)
    found = index.within(np.zeros(300), np.full(300, 46.05), lng, np.full(300, 101.5))
    for row in range(300):
        held = found.volume[found.row == row].tolist()
        assert held == [*(range(1500) if row % 3 else ()), 1502], row


def test_many_volumes_of_other_times_in_one_place() -> None:
    hours = [Volume4D(BOX, None, None, k * 3600 * S, (k + 1) * 3600 * S - 1) for k in range(500)]
    index = VolumeIndex.build(hours)
    times = np.array([0, 77 * 3600 + 5, 499 * 3600 + 1]) * S
    assert index.within(times, [46.05] * 3, [7.1] * 3, [0.0] * 3).volume.tolist() == [0, 77, 499]


def test_the_nearest_own_volume_that_is_active_counts() -> None:
    index = VolumeIndex.build(
        [Volume4D(BOX, 0.0, 100.0, 0, S), Volume4D(NEXT, 0.0, 100.0, 0, S), Volume4D(BOX)],
        [0, 0, 1],
    )
    found = index.own_distance(
        [0, 0, 0, 2 * S, 0], [46.05] * 5, [7.1, 7.39, 7.5, 7.1, 7.1],
        [50.0, 120.0, 50.0, 50.0, 1.0], [0, 0, 0, 0, 9],
    )  # fmt: skip
    assert found.volume.tolist() == [0, 1, 1, -1, -1]
    assert found.horizontal_m[:3] == pytest.approx([5_557.5, 774.0, -7_740.0], rel=2e-3)
    assert found.vertical_m[:3].tolist() == [50.0, -20.0, 50.0]
    assert np.isnan(found.horizontal_m[3:]).all()
    assert found.leaves_s.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_volumes_that_follow_on_one_another_are_left_at_the_end_of_the_last() -> None:
    both = [Volume4D(BOX, None, None, 0, 100 * S), Volume4D(NEXT, None, None, 90 * S, 400 * S)]
    index = VolumeIndex.build(both, [0, 0])
    # 7.74 km to the next volume, which opens in time; then 15.5 km
    east = {"speed_m_s": 80.0, "track_deg": 90.0}
    found = index.own_distance([0], [46.05], [7.1], [0.0], [0], **east)
    assert found.leaves_s[0] == pytest.approx(290.4, abs=0.5)
    early = index.own_distance([0], [46.05], [7.1], [0.0], [0], speed_m_s=100.0, track_deg=90.0)
    assert early.leaves_s[0] == pytest.approx(77.4, abs=0.2)
    still = index.own_distance([0], [46.05], [7.1], [0.0], [0])
    assert still.leaves_s[0] == pytest.approx(100.0)
    assert index.own_distance([0], [46.05], [7.1], [0.0], [0], look_ahead_s=60.0).leaves_s == np.inf


def test_climbing_out_is_leaving() -> None:
    index = VolumeIndex.build([Volume4D(BOX, 0.0, 1000.0)], [0])
    found = index.own_distance([0] * 2, [46.05] * 2, [7.1] * 2, [400.0] * 2, 0, climb_m_s=[5.0, -4])
    assert found.leaves_s == pytest.approx([120.0, 100.0])


def test_owners_must_match() -> None:
    with pytest.raises(OwnersDiffer, match="1 volumes and 2 owners"):
        VolumeIndex.build([Volume4D(BOX)], [0, 1])


def test_no_volumes() -> None:
    index = VolumeIndex.build([], [])
    assert len(index) == 0
    assert len(index.within([0], [0.0], [0.0], [0.0]).row) == 0
    assert index.own_distance([0], [0.0], [0.0], [0.0], 0).volume.tolist() == [-1]


def test_an_index_can_be_sent() -> None:
    index = pickle.loads(pickle.dumps(VolumeIndex.build([Volume4D(BOX)], [0])))
    assert index.within([0], [46.05], [7.1], [0.0]).volume.tolist() == [0]
    assert index.nbytes > 0
