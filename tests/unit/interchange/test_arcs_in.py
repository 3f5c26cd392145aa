"""Arcs become polygons on the outer side of the area, by no more than they say."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely

from detente.geo import Circle, Polygon, projection
from detente.interchange.arcs import Arc, Edge, arc_between, away, azimuth_distance, outline_of
from detente.interchange.places import Place
from detente.interchange.strips import strip
from detente.interchange.understood import Unread

CENTRE = (46.5, 6.5)


def distances_m(ring: tuple[Place, ...], centre: Place) -> list[float]:
    """From a centre to points along the edges of a ring."""
    found = []
    for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
        azimuth, length = azimuth_distance(one, other)
        found += [
            azimuth_distance(centre, away(one, azimuth, length * k / 40))[1] for k in range(41)
        ]
    return found


@pytest.mark.parametrize("radius_m", [50.0, 926.0, 20_000.0, 150_000.0])
@pytest.mark.parametrize("centre", [CENTRE, (0.0, 179.95), (-89.0, 20.0)])
def test_a_bulging_arc_lies_outside_of_the_true_one_by_no_more_than_it_says(
    radius_m: float, centre: Place
) -> None:
    arc = Arc(centre, radius_m, radius_m, 0.0, 90.0, clockwise=True)
    rest = Arc(centre, radius_m, radius_m, 90.0, 0.0, clockwise=True)
    outline, error_m = outline_of([arc, rest])
    assert isinstance(outline, Polygon)
    reached = distances_m(outline.vertices, centre)
    assert min(reached) >= radius_m - 0.001
    assert max(reached) <= radius_m + error_m + 0.001
    assert error_m <= max(10.1, radius_m * 0.0055)


def test_a_hollow_arc_lies_inside_of_its_circle() -> None:
    """The area is a square with a bite out of it: the bite may only become smaller."""
    west, east = away(CENTRE, 270, 5_000), away(CENTRE, 90, 5_000)
    edges: list[Edge] = [
        arc_between(CENTRE, west, east, clockwise=False),
        away(east, 180, 20_000),
        away(west, 180, 20_000),
    ]
    outline, error_m = outline_of(edges)
    assert isinstance(outline, Polygon)
    on_bite = [metres for metres in distances_m(outline.vertices, CENTRE) if metres < 5_001]
    assert max(on_bite) <= 5_000.01
    assert min(on_bite) >= 5_000 - error_m - 0.01
    assert error_m < 11


def test_either_winding_gives_the_same_side() -> None:
    north, south = away(CENTRE, 0, 5_000), away(CENTRE, 180, 5_000)
    one, _ = outline_of([arc_between(CENTRE, north, south, clockwise=True)])
    other, _ = outline_of([arc_between(CENTRE, south, north, clockwise=False)])
    for outline in (one, other):
        assert isinstance(outline, Polygon)
        beyond = [m for m in distances_m(outline.vertices, CENTRE) if m > 4_999]
        assert max(beyond) > 5_001


def test_a_whole_circle_stays_one() -> None:
    arc = Arc(CENTRE, 926.0, 926.0, 0.0, 360.0, clockwise=True)
    assert outline_of([arc]) == (Circle(*CENTRE, 926.0), 0.0)


def test_ends_at_different_distances_are_covered_and_told() -> None:
    start, end = away(CENTRE, 0, 10_000), away(CENTRE, 90, 10_400)
    arc = arc_between(CENTRE, start, end, clockwise=True)
    outline, error_m = outline_of([arc, CENTRE])
    assert isinstance(outline, Polygon)
    for place in (start, end):
        assert min(azimuth_distance(place, vertex)[1] for vertex in outline.vertices) < 0.01
    at_45 = [
        distance
        for place in outline.vertices
        if 20 < (bearing := azimuth_distance(CENTRE, place))[0] < 70
        for distance in [bearing[1]]
    ]
    assert min(at_45) >= 10_400
    assert 400 <= error_m <= 412


def test_ends_too_different_are_no_arc() -> None:
    with pytest.raises(Unread, match="begins 10,000 m"):
        arc_between(CENTRE, away(CENTRE, 0, 10_000), away(CENTRE, 90, 12_000), clockwise=True)


def test_a_strip_is_never_narrower_than_asked_for() -> None:
    line = [(46.0, 6.0), (46.3, 6.8), (46.1, 7.4), (46.1, 7.4)]
    outline, error_m = strip(line, 3_000)
    assert isinstance(outline, Polygon)
    lats, lngs = (np.array(column) for column in zip(*outline.vertices, strict=True))
    x, y, _ = projection.project(46.2, 6.8, lats, lngs)
    shape = shapely.polygons(np.column_stack((x, y)))
    for one, other in pairwise(line[:3]):
        azimuth, length = azimuth_distance(one, other)
        for k in range(11):
            on_line = away(one, azimuth, length * k / 10)
            for turn in range(0, 360, 15):
                lat, lng = away(on_line, turn, 2_999.99)
                px, py, _ = projection.project(46.2, 6.8, np.array([lat]), np.array([lng]))
                assert shape.covers(shapely.points(px[0], py[0]))
    assert 0 < error_m < 3_000 * 0.012


@pytest.mark.parametrize(
    "line", [[(46.0, 6.0)], [(46.0, 6.0), (46.0, 6.0)], [(0.0, 0.0), (0.0, 90.0)]]
)
def test_a_line_without_length_or_end_is_none(line: list[Place]) -> None:
    with pytest.raises(Unread):
        strip(line, 100)


def test_a_radius_must_be_one() -> None:
    for radius in (0.0, -1.0, math.nan, math.inf, 3e6):
        with pytest.raises(Unread, match="radius"):
            strip([(46.0, 6.0), (46.1, 6.0)], radius)


def test_an_outline_of_very_many_points_is_refused_before_it_is_drawn() -> None:
    arcs: list[Edge] = [Arc(CENTRE, 500.0, 500.0, 0.0, 359.0, clockwise=True)] * 1_000
    with pytest.raises(Unread, match="would have 36,000 points"):
        outline_of(arcs)
