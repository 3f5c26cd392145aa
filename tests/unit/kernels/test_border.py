"""Who claims a place, how deep, and where borders are crossed: by example."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.support.areas import box, ring

from detente.kernels import (
    Area,
    BorderIndex,
    CompiledIndexError,
    RingError,
    TooManyBorders,
    warm_up,
)


def index(*areas: Area) -> BorderIndex:
    return BorderIndex.build(areas)


def who(built: BorderIndex, *places: tuple[float, float]) -> list[set[int]]:
    """Sets of areas at (latitude, longitude)."""
    lat, lng = zip(*places, strict=True)
    found = built.claimants(lat, lng).tolist()
    return [set(built.sets[number]) for number in found]


def test_overlapping_claims_are_a_set() -> None:
    built = index(Area((box(0, 0, 10, 10),)), Area((box(5, 5, 15, 15),)))
    assert who(built, (1, 1), (7, 7), (12, 12), (20, 20)) == [{0}, {0, 1}, {1}, set()]


def test_what_lies_in_a_hole_is_outside_and_an_island_in_it_inside() -> None:
    built = index(Area((box(0, 0, 9, 9), box(2, 2, 7, 7), box(4, 4, 5, 5))))
    assert who(built, (1, 1), (3, 3), (4.5, 4.5)) == [{0}, set(), {0}]


def test_a_shared_border_belongs_to_both_sides() -> None:
    built = index(Area((box(0, 0, 1, 1),)), Area((box(1, 0, 2, 1),)))
    assert who(built, (0.5, 1), (0, 1), (1, 1), (0.5, 0.999)) == [{0, 1}, {0, 1}, {0, 1}, {0}]


def test_edges_along_lines_of_the_grid_are_borders() -> None:
    built = index(Area((box(7, 46, 8, 47),)))
    assert who(built, (46.5, 7.5), (46, 7), (47, 8), (46.5, 6.999), (46.5, 8.001)) == [
        {0}, {0}, {0}, set(), set(),
    ]  # fmt: skip


def test_the_date_line_and_longitudes_beyond_it() -> None:
    built = index(Area((box(170, -10, 180, 10), box(-180, -10, -170, 10))))
    assert who(built, (0, 175), (0, -175), (0, 180), (0, -180), (0, 185), (0, 160)) == [
        {0}, {0}, {0}, {0}, {0}, set(),
    ]  # fmt: skip


def test_a_border_along_the_date_line_is_seen_from_both_sides() -> None:
    built = index(Area((box(170, -10, 180, 10),)))
    assert who(built, (0, 180), (0, -180), (0, -179.99)) == [{0}, {0}, set()]
    depths = built.signed_depth([0.0], [-179.0], 0)
    assert depths.depth_m[0] == pytest.approx(-111_319.49, abs=0.01)


def test_poles_have_no_longitude() -> None:
    built = index(Area((box(-180, -90, 180, -60),)), Area((box(0, 80, 60, 90),)))
    assert who(built, (-90, 0), (-90, 123), (90, -77), (-75, 0)) == [{0}, {0}, {1}, {0}]


def test_what_is_not_on_earth_is_nobodys() -> None:
    built = index(Area((box(-180, -90, 180, 90),)))
    places = [(np.nan, 0.0), (0.0, np.nan), (91.0, 0.0), (0.0, np.inf), (0.0, 1e9)]
    assert who(built, *places) == [set()] * 5


def test_no_areas_and_no_positions() -> None:
    assert who(index(), (1, 1)) == [set()]
    built = index(Area((box(0, 0, 1, 1),)))
    assert built.claimants([], []).tolist() == []
    assert len(built.crossings([], [], [], []).row) == 0
    assert len(built.near([], [], 1.0).row) == 0


def test_a_place_where_many_borders_meet() -> None:
    sectors = []
    for k in range(20):
        a, b = np.radians(18.0 * k), np.radians(18.0 * (k + 1))
        corner = ring((7.1, 46.1), *((7.1 + np.cos(t), 46.1 + np.sin(t)) for t in (a, b)))
        sectors.append(Area((corner,)))
    built = index(*sectors)
    assert who(built, (46.1, 7.1)) == [set(range(20))]
    off = 1e-6 * np.array([np.cos(np.radians(9.0)), np.sin(np.radians(9.0))])
    assert who(built, (46.1 + float(off[1]), 7.1 + float(off[0]))) == [{0}]


def test_the_same_area_many_times() -> None:
    built = index(*[Area((box(0, 0, 1, 1),))] * 100)
    assert who(built, (0.5, 0.5), (0, 0.5), (2, 2)) == [set(range(100)), set(range(100)), set()]


def test_more_borders_in_one_place_than_can_be_told_apart() -> None:
    fan = [Area((ring((0, 0), (1, 0.001 * k), (1, 0.001 * k + 0.0005)),)) for k in range(40)]
    with pytest.raises(TooManyBorders, match="longitude"):
        index(*fan)


def test_an_area_that_is_a_line_has_no_inside_but_a_distance() -> None:
    line = np.array([(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (0.0, 1.0), (0.0, 0.0)])
    built = index(Area((line,)))
    assert who(built, (1.5, 0.001)) == [set()]
    depths = built.signed_depth([1.5], [1.0], 0)
    assert depths.depth_m[0] == pytest.approx(-111_281.3, abs=0.5)
    assert len(built.crossings([1.5], [-1.0], [1.5], [1.0]).row) == 0


def test_depth_has_a_sign_a_foot_and_a_limit() -> None:
    built = index(Area((box(0, 0, 10, 10),)))
    depths = built.signed_depth([5.0, 5.0, 5.0], [0.01, -0.01, 5.0], 0, limit_m=10_000.0)
    assert depths.depth_m[:2] == pytest.approx([1_108.9, -1_108.9], abs=0.1)
    assert depths.depth_m[2] == np.inf
    assert depths.foot_lng_deg[0] == 0.0
    assert depths.foot_lat_deg[:2] == pytest.approx([5.0, 5.0], abs=1e-6)
    assert depths.edge[2] == -1
    assert built.edge(int(depths.edge[0])) == (10.0, 0.0, 0.0, 0.0)
    assert built.signed_depth([5.0], [0.01], -1).depth_m[0] == -np.inf


def test_where_an_area_is_cut_at_the_date_line_it_does_not_end() -> None:
    # the cut's vertices are at other latitudes on the one side than on the other
    east = ring((170, -10), (180, -10), (180, 3), (180, 10), (170, 10))
    built = index(Area((east, box(-180, -10, -170, 10))))
    depths = built.signed_depth([0.0], [180.0], 0)
    assert depths.depth_m[0] > 1_000_000
    assert len(built.crossings([0.0], [179.0], [0.0], [-179.0]).row) == 0
    leaving = built.crossings([0.0, 0.0], [175.0, -175.0], [0.0, 0.0], [-165.0, 165.0])
    assert leaving.into.tolist() == [0, 0]
    assert leaving.fraction == pytest.approx([0.75, 0.75])


def test_near_finds_all_pairs() -> None:
    built = index(Area((box(0, 0, 1, 1),)), Area((box(1, 0, 2, 1),)), Area((box(5, 5, 6, 6),)))
    found = built.near([0.5, 50.0], [1.01, 50.0], 2_000.0)
    assert found.row.tolist() == [0, 0]
    assert found.area.tolist() == [0, 1]
    assert found.depth_m == pytest.approx([-1113.2, 1113.2], abs=0.1)


def test_a_segment_enters_one_area_and_leaves_another() -> None:
    built = index(Area((box(0, 0, 1, 1),)), Area((box(1, 0, 2, 1),)))
    found = built.crossings([0.5], [0.5], [0.5], [1.5])
    assert found.area.tolist() == [0, 1]
    assert found.into.tolist() == [0, 1]
    assert found.fraction.tolist() == [0.5, 0.5]


def test_a_clipped_corner_is_in_and_out() -> None:
    built = index(Area((box(0, 0, 1, 1),)))
    found = built.crossings([-0.1], [0.1], [0.3], [-0.1])
    assert found.into.tolist() == [1, 0]
    assert found.fraction == pytest.approx([0.25, 0.5])


def test_a_touched_corner_is_not_crossed() -> None:
    built = index(Area((box(0, 0, 1, 1),)))
    assert len(built.crossings([-1.0], [1.0], [1.0], [-1.0]).row) == 0


def test_a_segment_may_begin_or_end_on_a_border() -> None:
    built = index(Area((box(0, 0, 1, 1),)))
    out = built.crossings([0.5], [1.0], [0.5], [2.0])
    assert (out.fraction.tolist(), out.into.tolist()) == ([0.0], [0])
    into = built.crossings([0.5], [2.0], [0.5], [1.0])
    assert (into.fraction.tolist(), into.into.tolist()) == ([1.0], [1])
    assert len(built.crossings([0.5], [1.0], [0.5], [0.5]).row) == 0


def test_an_index_can_be_kept_and_sent(tmp_path: Path) -> None:
    built = index(Area((box(0, 0, 10, 10),)), Area((box(5, 5, 15, 15),)))
    built.save(tmp_path / "borders.npz")
    for copy in (BorderIndex.load(tmp_path / "borders.npz"), pickle.loads(pickle.dumps(built))):
        assert who(copy, (7, 7)) == [{0, 1}]
        assert copy.signed_depth([5.0], [0.01], 0) == built.signed_depth([5.0], [0.01], 0)
        assert copy.nbytes == built.nbytes


@pytest.mark.parametrize("content", [b"", b"no index", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_index_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "borders.npz"
    path.write_bytes(content)
    with pytest.raises(CompiledIndexError, match=r"borders\.npz"):
        BorderIndex.load(path)


@pytest.mark.parametrize(
    ("vertices", "what"),
    [
        ([(0, 0), (1, 0), (1, 1)], "does not end there"),
        ([(0, 0), (0, 0)], "three or more"),
        ([(0, 0), (1, float("nan")), (1, 1), (0, 0)], "not on the map"),
        ([(0, 0), (181, 0), (1, 1), (0, 0)], "not on the map"),
    ],
)
def test_a_ring_that_is_none_is_named(vertices: list[tuple[float, float]], what: str) -> None:
    with pytest.raises(RingError, match=what) as refused:
        index(Area((box(0, 0, 1, 1),)), Area((np.array(vertices, float),)))
    assert refused.value.where is not None
    assert refused.value.where.startswith("areas[1]")


def test_progress_is_told() -> None:
    told: list[float] = []
    BorderIndex.build([Area((box(0, 0, 1, 1),))], progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_more_than_31_borders_side_by_side_are_told_apart() -> None:
    strips = [
        Area((box(7.0 - 1e-4 * k, 46.0 - 1e-4 * k, 7.05 + 1e-5 * k, 46.1 + 1e-4 * k),))
        for k in range(60)
    ]
    built = index(*strips)
    assert who(built, (46.05, 7.05 + 30.5e-5)) == [set(range(31, 60))]


def test_kernels_can_be_warmed_up() -> None:
    warm_up()
