"""How far two lines lie apart, against geodesics and against what was measured by others' tools."""

from functools import cache

import numpy as np
import pyproj
import pytest
import shapely
from tests.support.boundaries import boundary, box, exact_store, source

from detente.boundaries import (
    BoundarySet,
    BoundaryUnknown,
    Box,
    Comparison,
    NothingToCompare,
    Stretch,
    compare,
    distances_m,
    load_boundaries,
    shape_of,
)

GEOD = pyproj.Geod(ellps="WGS84")


def made(name: str, *outlines: tuple[str, list[tuple[float, float]]]) -> BoundarySet:
    given = source(name)
    return BoundarySet.build([boundary(claimant, [ring], of=given) for claimant, ring in outlines])


@pytest.fixture(scope="module")
def first() -> BoundarySet:
    return made("first", ("A", box(10, 40, 11, 41)), ("B", box(11, 40, 12, 41)))


@pytest.fixture(scope="module")
def second() -> BoundarySet:
    # The line between A and B lies a hundredth of a degree farther east.
    return made("second", ("A", box(10, 40, 11.01, 41)), ("B", box(11.01, 40, 12, 41)))


def test_a_line_that_was_moved_lies_as_far_as_it_was_moved(
    first: BoundarySet, second: BoundarySet
) -> None:
    found = compare(first, second, Stretch("A", neighbour="B", box=Box(10.5, 40.1, 11.5, 40.9)))
    narrow_m, wide_m = (GEOD.inv(11, lat, 11.01, lat)[2] for lat in (40.9, 40.1))
    assert (found.first, found.second) == ("first", "second")
    for each in (found.there, found.back):
        assert narrow_m < each.median_m < wide_m
        assert each.max_m == pytest.approx(wide_m, rel=1e-4)
        assert each.p95_m <= each.max_m
        assert each.places == pytest.approx(0.8 * 111_000 / 100, rel=0.01)
    assert found.there.lat_deg == pytest.approx(40.1, abs=0.01)


def test_only_shared_lines_leave_coasts_out(first: BoundarySet, second: BoundarySet) -> None:
    everywhere = compare(first, second, Stretch("A"))
    shared = compare(first, second, Stretch("A", shared=True))
    assert shared.there.places < everywhere.there.places / 3
    assert everywhere.there.median_m < 1.0 < shared.there.median_m


def test_distances_are_geodesics(first: BoundarySet) -> None:
    places = np.array([(9.0, 40.5), (10.5, 40.5), (11.0, 45.0), (-60.0, -10.0)])
    expected = [
        GEOD.inv(9.0, 40.5, 10.0, 40.5)[2],
        # To the west edge, which is a meridian.
        min(GEOD.inv(10.5, 40.5, lng, 40.5)[2] for lng in (10.0, 11.0)),
        GEOD.inv(11.0, 45.0, 11.0, 41.0)[2],
        np.inf,
    ]
    found = distances_m(places, first, "A")
    assert found[[0, 1, 2]] == pytest.approx(expected[:3], rel=1e-4)
    assert found[3] == np.inf


def test_nothing_to_compare_and_nobody_of_that_name_are_said(
    first: BoundarySet, second: BoundarySet
) -> None:
    with pytest.raises(NothingToCompare):
        compare(first, second, Stretch("A", box=Box(0, 0, 1, 1)))
    with pytest.raises(BoundaryUnknown):
        compare(first, second, Stretch("C"))
    with pytest.raises(NothingToCompare, match="places"):
        compare(first, second, Stretch("A"), step_m=0.01)


@cache
def exact(name: str) -> BoundarySet:
    return load_boundaries([f"{name}:TR,SY"], store=exact_store())


HATAY = Box(35.9, 35.8, 36.2, 36.3)


def near_hatay(name: str) -> Comparison:
    return compare(exact(name), exact("maritime-10m"), Stretch("TR", neighbour="SY", box=HATAY))


@pytest.mark.parametrize(
    ("name", "there", "back"),
    [
        # Median, 95 %, most: found with other tools on OpenStreetMap's line of the same day.
        ("country-coder", (105, 597, 1697), (108, 596, 764)),
        ("natural-earth", (757, 1984, 2204), (1024, 2441, 2798)),
    ],
)
def test_near_hatay_the_sources_differ_as_others_have_measured(
    name: str, there: tuple[float, float, float], back: tuple[float, float, float]
) -> None:
    found = near_hatay(name)
    for spread, (median_m, p95_m, _) in ((found.there, there), (found.back, back)):
        assert spread.median_m == pytest.approx(median_m, rel=0.1)
        assert spread.p95_m == pytest.approx(p95_m, rel=0.12)
    assert found.back.max_m == pytest.approx(back[2], rel=0.01)


def test_natural_earth_errs_by_more_than_a_whole_disputed_violation() -> None:
    statute_mile_m = 1609.344
    found = near_hatay("natural-earth")
    assert found.there.p95_m > 1.15 * statute_mile_m
    assert found.back.p95_m > 1.15 * statute_mile_m


@pytest.mark.parametrize(
    ("name", "tip", "chord_m"),
    [
        ("natural-earth", (36.13896, 35.82035), 5_148),
        ("maritime-10m", (36.15394, 35.80768), 2_797),
        ("country-coder", (36.1623, 35.80925), 2_252),
    ],
)
def test_the_salient_of_yayladagi_is_another_one_in_each_source(
    name: str, tip: tuple[float, float], chord_m: float
) -> None:
    shape = shape_of(exact(name).find(f"{name}/TR"))
    salient = shapely.clip_by_rect(shape, 36.0, 35.5, 36.3, 36.0)
    places = shapely.get_coordinates(salient)
    south = places[np.argmin(places[:, 1])]
    _, _, off_m = GEOD.inv(south[0], south[1], tip[0], tip[1])
    assert off_m < 15
    # East to west on the map that was used then (UTM 37N), 1.36 statute miles north of the tip.
    grid = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32637", always_xy=True)
    on_grid = shapely.transform(
        shapely.clip_by_rect(shape, 35.5, 35.0, 37.0, 37.0),
        lambda xy: np.column_stack(grid.transform(xy[:, 0], xy[:, 1])),
    )
    x, y = grid.transform(*south)
    y += 1.36 * 1609.344
    line = shapely.LineString([(x - 20_000, y), (x + 20_000, y)])
    parts = shapely.get_parts(shapely.intersection(on_grid, line))
    (chord,) = (part for part in parts if part.distance(shapely.Point(x, y)) < 1e-3)
    assert chord.length == pytest.approx(chord_m, abs=50)
