"""Relevance never misses a common point, anywhere on Earth, and does not see what is not there."""

from __future__ import annotations

import pyproj
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.property.geo.places import (
    Place,
    anywhere,
    azimuths,
    containing,
    distance_m,
    scales_m,
    stars_around,
    walk,
)

from detente.geo import (
    Circle,
    Extent,
    Polygon,
    Volume4D,
    covers,
    extent_of,
    relevant,
    union,
)


@st.composite
def bands(draw: st.DrawFn, value: float) -> tuple[float | None, float | None]:
    below = draw(st.none() | st.floats(0, 500))
    above = draw(st.none() | st.floats(0, 500))
    return (
        None if below is None else value - below,
        None if above is None else value + above,
    )


@st.composite
def spans(draw: st.DrawFn, value: int) -> tuple[int | None, int | None]:
    before = draw(st.none() | st.integers(0, 10**10))
    after = draw(st.none() | st.integers(0, 10**10))
    return (
        None if before is None else value - before,
        None if after is None else value + after,
    )


@st.composite
def pairs_with_a_common_point(
    draw: st.DrawFn,
) -> tuple[list[Volume4D], list[Volume4D]]:
    place: Place = draw(anywhere)
    scale = draw(scales_m)
    altitude = draw(st.floats(-100, 20_000))
    time = draw(st.integers(-(10**15), 4 * 10**15))

    def entity() -> list[Volume4D]:
        volumes = [
            Volume4D(draw(containing(place, scale)), *draw(bands(altitude)), *draw(spans(time)))
        ]
        for _ in range(draw(st.integers(0, 2))):
            elsewhere = walk(place, draw(azimuths), 3 * scale)
            volumes.append(Volume4D(draw(containing(elsewhere, scale)), 0.0, 1.0, time, time))
        return draw(st.permutations(volumes))

    return entity(), entity()


@settings(max_examples=700)
@given(pairs_with_a_common_point())
def test_what_shares_a_point_of_space_and_time_is_relevant(
    pair: tuple[list[Volume4D], list[Volume4D]],
) -> None:
    a, b = (extent_of(volumes) for volumes in pair)
    assert relevant(a, b, guard_m=0.0)
    assert relevant(b, a, guard_m=0.0)


@settings(max_examples=400)
@given(anywhere, scales_m, st.data())
def test_every_point_of_an_outline_is_in_its_hull(
    place: Place, scale: float, data: st.DataObject
) -> None:
    outline = data.draw(containing(place, scale))
    hull = extent_of([Volume4D(outline)])
    points = [place]
    if isinstance(outline, Circle):
        centre = (outline.lat_deg, outline.lng_deg)
        points += [walk(centre, 5 * k, outline.radius_m) for k in range(72)]
    else:
        ring = outline.vertices
        for k, corner in enumerate(ring):
            line = pyproj.Geod(ellps="WGS84").npts(
                corner[1], corner[0], ring[k - 1][1], ring[k - 1][0], 20
            )
            points += [corner, *((lat, lng) for lng, lat in line)]
    for point in points:
        assert covers(hull, extent_of([Volume4D(Circle(*point, 1e-6))]), tolerance_m=0.0)


@settings(max_examples=400)
@given(anywhere, scales_m, azimuths, st.floats(1.06, 30), st.data())
def test_discs_well_apart_are_not_relevant(
    place: Place, scale: float, azimuth: float, factor: float, data: st.DataObject
) -> None:
    other = walk(place, azimuth, 2 * scale * factor + 5)
    assume(distance_m(place, other) > 2.12 * scale + 4)
    a = extent_of([Volume4D(data.draw(stars_around(place, scale)))])
    b = extent_of([Volume4D(Circle(*other, scale))])
    assert not relevant(a, b)


@settings(max_examples=700)
@given(
    anywhere,
    st.floats(0.5, 3.3).map(lambda e: 10.0**e),
    azimuths,
    st.floats(0, 2),
    st.sampled_from([0.0, 1.0, 25.0]),
    st.data(),
)
def test_relevance_agrees_with_planar_hulls(
    place: Place, scale: float, azimuth: float, factor: float, guard: float, data: st.DataObject
) -> None:
    """Up to 2 km a local plane is exact to millimetres: what does it say about the hulls?"""
    other = walk(place, azimuth, factor * scale)
    a = data.draw(stars_around(place, scale))
    b = data.draw(stars_around(other, scale))
    plane = pyproj.Proj(proj="aeqd", lat_0=place[0], lon_0=place[1], ellps="WGS84")

    def hull(polygon: Polygon) -> shapely.Geometry:
        points = [plane(lng, lat) for lat, lng in polygon.vertices]
        return shapely.convex_hull(shapely.MultiPoint(points))

    gap_m = float(shapely.distance(hull(a), hull(b)))
    said = relevant(extent_of([Volume4D(a)]), extent_of([Volume4D(b)]), guard_m=guard)
    if gap_m <= guard:
        assert said
    # the guard is taken at the ellipsoid's sharpest curvature, 1 % more at the poles
    if gap_m > 1.011 * guard + 0.05:
        assert not said


@settings(max_examples=300)
@given(pairs_with_a_common_point())
def test_a_union_covers_both_and_is_relevant_to_both(
    pair: tuple[list[Volume4D], list[Volume4D]],
) -> None:
    a, b = (extent_of(volumes) for volumes in pair)
    both = union(a, b)
    assert covers(both, union(b, a), tolerance_m=0.0)
    assert covers(union(b, a), both, tolerance_m=0.0)
    assert covers(both, a)
    assert covers(both, b)
    assert covers(a, a, tolerance_m=0.0)
    assert union(a, a) == a
    assert covers(both, extent_of([*pair[0], *pair[1]]))


@settings(max_examples=300)
@given(pairs_with_a_common_point(), st.randoms())
def test_an_extent_does_not_depend_on_the_order_of_vertices(
    pair: tuple[list[Volume4D], list[Volume4D]], rnd: object
) -> None:
    volumes = pair[0]
    turned = [
        Volume4D(
            Polygon(tuple(reversed(v.outline.vertices)))
            if isinstance(v.outline, Polygon)
            else v.outline,
            v.altitude_lower_m,
            v.altitude_upper_m,
            v.time_start_us,
            v.time_end_us,
        )
        for v in reversed(volumes)
    ]
    one, other = extent_of(volumes), extent_of(turned)
    assert covers(one, other, tolerance_m=0.0)
    assert covers(other, one, tolerance_m=0.0)


@given(
    st.tuples(*[st.none() | st.integers(-5, 5)] * 4),
    st.tuples(*[st.none() | st.integers(-5, 5)] * 4),
)
@example((0, 1, 0, 1), (1, 2, 1, 2))
def test_bands_and_spans_overlap_closed_and_open_bounds_are_infinite(
    a: tuple[int | None, ...], b: tuple[int | None, ...]
) -> None:
    def low(bound: int | None) -> float:
        return float("-inf") if bound is None else bound

    def high(bound: int | None) -> float:
        return float("inf") if bound is None else bound

    for one in (a, b):
        assume(low(one[0]) <= high(one[1]) and low(one[2]) <= high(one[3]))
    meet = all(low(a[k]) <= high(b[k + 1]) and low(b[k]) <= high(a[k + 1]) for k in (0, 2))
    assert relevant(Extent((), *a), Extent((), *b)) == meet
