"""Repair changes no place's side: even-odd over the ring as it was given is the oracle."""

from fractions import Fraction

import numpy as np
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from detente.boundaries import BoundaryRefused, Polygon, Repaired, repaired

Place = tuple[int, int]

places = st.tuples(st.integers(-6, 6), st.integers(-6, 6))
rings = st.lists(places, min_size=3, max_size=14)


def odd(ring: list[Place], x: Fraction, y: Fraction) -> bool:
    """Whether a ray to the east crosses the ring an odd number of times, in whole numbers."""
    crossed = False
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y0 > y) != (y1 > y) and x0 + (y - y0) / (y1 - y0) * (x1 - x0) > x:
            crossed = not crossed
    return crossed


def assert_sides_kept(found: shapely.MultiPolygon, ring: list[Place], middle: int) -> None:
    tests = [
        # Seldom on an edge between whole numbers.
        (east + Fraction(3701, 10007), north + Fraction(4999, 10009))
        for east in range(-7, 7)
        for north in range(-7, 7)
    ]
    points = shapely.points([((float(x) + middle + 180) % 360 - 180, float(y)) for x, y in tests])
    off = shapely.distance(found.boundary, points) > 1e-9
    inside = shapely.contains(found, points)
    for clear, held, (x, y) in zip(off.tolist(), inside.tolist(), tests, strict=True):
        assert not clear or held == odd(ring, x, y)


def given_back(ring: list[Place], shift: float = 0.0) -> Repaired:
    array = np.array(ring, dtype=np.float64) + np.array([shift, 0.0])
    try:
        return repaired("A", [[array]], max_change_share=1.0)
    except BoundaryRefused as error:
        assume("no area" not in error.message and "around the Earth" not in error.message)
        raise


def shape(polygons: tuple[Polygon, ...]) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])


@given(rings)
def test_no_place_changes_sides_and_what_comes_out_is_valid(ring: list[Place]) -> None:
    found = shape(given_back(ring).polygons)
    assert shapely.is_valid(found)
    assert_sides_kept(found, ring, 0)


@given(rings)
def test_the_same_input_gives_the_same_bytes(ring: list[Place]) -> None:
    first, second = given_back(ring), given_back(ring)
    assert first.repairs == second.repairs
    assert [[part.tobytes() for part in polygon] for polygon in first.polygons] == [
        [part.tobytes() for part in polygon] for polygon in second.polygons
    ]


@given(rings)
def test_what_was_repaired_once_needs_no_repair(ring: list[Place]) -> None:
    once = given_back(ring)
    again = repaired("A", once.polygons)
    assert again.repairs == ()


@given(rings, st.integers(175, 185))
def test_over_the_date_line_no_place_changes_sides_either(ring: list[Place], middle: int) -> None:
    found = shape(given_back(ring, float(middle)).polygons)
    assert shapely.is_valid(found)
    west, _, east, _ = found.bounds
    assert west >= -180
    assert east <= 180
    assert_sides_kept(found, ring, middle)
