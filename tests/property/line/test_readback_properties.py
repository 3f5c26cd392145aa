"""Whatever is moved, stretched or reworded: reading back sees what matters, and only that."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pyproj
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.line_messages import LEVELS, NOTICE, TIMES

from detente.line import FORMS, LineRules, compare, read_read_back, render
from detente.line.area_compare import hausdorff_m

GEOD = pyproj.Geod(ellps="WGS84")
RULES = LineRules()
NOTICES = FORMS["activity-notice"]

longitudes = st.floats(-180, 180)
latitudes = st.floats(-89, 89)
places = st.tuples(longitudes, latitudes)


def circle(place: tuple[float, float], radius_m: float) -> dict[str, Any]:
    return {
        "shape": "circle",
        "geometry": {"type": "Point", "coordinates": list(place)},
        "radius": {"value": radius_m, "unit": "m"},
    }


def off(place: tuple[float, float], bearing: float, distance_m: float) -> tuple[float, float]:
    longitude, latitude, _ = GEOD.fwd(place[0], place[1], bearing, distance_m)
    return longitude, latitude


@given(places, st.floats(0, 360), st.floats(0, 50_000), st.floats(10, 20_000))
def test_a_circle_is_good_exactly_as_far_as_the_rules_say(
    place: tuple[float, float], bearing: float, distance_m: float, radius_m: float
) -> None:
    assume(abs(distance_m - RULES.place_within_m) > 1e-3)
    said = NOTICES.read({**NOTICE, "area": circle(place, radius_m)})
    again = circle(off(place, bearing, distance_m), radius_m)
    read = read_read_back({"area": again, "levels": LEVELS, "times": TIMES})
    found = compare(NOTICES, said, read, RULES)
    assert bool(found) is (distance_m > RULES.place_within_m)
    for each in found:
        assert each.distance_m is not None
        assert abs(each.distance_m - distance_m) < 1e-3


lines = st.tuples(
    st.floats(-170, 170),
    st.floats(-70, 70),
    st.lists(st.tuples(st.floats(0, 360), st.floats(2_000, 60_000)), min_size=1, max_size=5),
)


def line_of(start: tuple[float, float, list[tuple[float, float]]]) -> list[tuple[float, float]]:
    points = [(start[0], start[1])]
    for bearing, length in start[2]:
        points.append(off(points[-1], bearing, length))
    return points


@settings(max_examples=40)
@given(lines, st.floats(0, 360), st.floats(0, 20_000))
def test_a_line_is_as_far_off_as_no_point_of_either_exceeds(
    start: tuple[float, float, list[tuple[float, float]]], bearing: float, distance_m: float
) -> None:
    one = line_of(start)
    other = [off(point, bearing, distance_m) for point in one]
    found = hausdorff_m(one, other)
    assert found <= distance_m * 1.01 + 2, "no point went farther than that"
    assert abs(found - hausdorff_m(other, one)) < 2
    assert hausdorff_m(one, one[::-1]) < 0.01
    # Every sampled point lies within the distance found of some sampled point, or nearly so.
    samples = [p for a, b in pairwise(other) for p in dense(a, b)]
    for point in dense(one[0], one[1]):
        nearest = min(GEOD.inv(*point, *each)[2] for each in samples)
        assert nearest <= found + 3_100


def dense(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
    """Points every six kilometres or closer."""
    steps = max(1, int(GEOD.inv(*a, *b)[2] / 6_000))
    return [a, *GEOD.npts(a[0], a[1], b[0], b[1], steps), b]


values = st.floats(-1000, 100_000)
levels = st.fixed_dictionaries(
    {
        "value": values,
        "unit": st.sampled_from(["m", "ft"]),
        "reference": st.sampled_from(["MSL", "AGL"]),
    }
)


@given(levels, levels)
def test_levels_are_good_exactly_if_they_are_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    said = NOTICES.read({**NOTICE, "levels": {"lower": one, "upper": one}})
    read = read_read_back(
        {"area": NOTICE["area"], "levels": {"lower": other, "upper": other}, "times": TIMES}
    )
    assert bool(compare(NOTICES, said, read, RULES)) is (one != other)


@given(places, places, levels, levels)
def test_what_differs_is_read_differently(
    here: tuple[float, float],
    there: tuple[float, float],
    one: dict[str, Any],
    other: dict[str, Any],
) -> None:
    first = NOTICES.read(
        {**NOTICE, "area": circle(here, 5), "levels": {"lower": one, "upper": one}}
    )
    second = NOTICES.read(
        {**NOTICE, "area": circle(there, 5), "levels": {"lower": other, "upper": other}}
    )
    for language in ("en", "fr"):
        told = [[getattr(row.value, language) for row in render(each)] for each in (first, second)]
        assert (told[0] == told[1]) is (first == second)
