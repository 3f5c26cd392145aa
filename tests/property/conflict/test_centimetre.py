"""Outlines a centimetre apart, or overlapping by one, told apart anywhere on Earth.

The shapes are laid out with geographiclib, which shares no code with what is tested: from a point
on an edge, at a right angle to it, by a known distance.
"""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
from geographiclib.geodesic import Geodesic
from hypothesis import example, given

from detente.geo.conflict import conflicts, separation
from detente.geo.volume import Circle, Outline, Polygon, Volume4D

WGS84: Any = Geodesic.WGS84
GAP_M = 0.011

latitudes = st.one_of(
    st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 89.9999, -89.9999, 0.0, 45.0])
)
longitudes = st.one_of(
    st.floats(-180, 180), st.sampled_from([180.0, -180.0, 179.99999, -179.99999, 0.0])
)
azimuths = st.floats(0, 360)
sizes = st.floats(1, 5.5).map(lambda exponent: float(10**exponent))
sides = st.integers(3, 9)
gaps = st.sampled_from([GAP_M, -GAP_M])


def go(lat: float, lng: float, azimuth: float, distance_m: float) -> tuple[float, float]:
    end = WGS84.Direct(lat, lng, azimuth, distance_m)
    return float(end["lat2"]), float(end["lon2"])


def ring(
    lat: float, lng: float, azimuth: float, size_m: float, corners: int
) -> tuple[tuple[float, float], ...]:
    """Corners on a geodesic circle, clockwise: a convex polygon."""
    return tuple(go(lat, lng, azimuth + 360 * k / corners, size_m) for k in range(corners))


def off_edge(
    corners: tuple[tuple[float, float], ...], edge: int, part: float, gap_m: float
) -> tuple[float, float, float]:
    """The point `gap_m` outside a point of an edge, and the azimuth that leads farther away."""
    (lat_1, lng_1), (lat_2, lng_2) = corners[edge], corners[(edge + 1) % len(corners)]
    line = WGS84.InverseLine(lat_1, lng_1, lat_2, lng_2)
    foot = line.Position(line.s13 * part)
    out = foot["azi2"] - 90
    far = WGS84.Direct(foot["lat2"], foot["lon2"], out, gap_m)
    return float(far["lat2"]), float(far["lon2"]), float(far["azi2"])


def meet(one: Outline, other: Outline) -> bool:
    found = conflicts([Volume4D(one)], [Volume4D(other)])
    assert found == [] or found[0].is_conflict
    swapped = conflicts([Volume4D(other)], [Volume4D(one)])
    assert bool(found) == bool(swapped)
    return bool(found)


@given(latitudes, longitudes, azimuths, sizes, sizes, gaps)
def test_circles(
    lat: float, lng: float, azimuth: float, r_1: float, r_2: float, gap_m: float
) -> None:
    centre = go(lat, lng, azimuth, r_1 + r_2 + gap_m)
    assert meet(Circle(lat, lng, r_1), Circle(*centre, r_2)) is (gap_m < 0)


@given(latitudes, longitudes, azimuths, sizes, sides, sizes, st.floats(0.05, 0.95), gaps)
@example(lat=90.0, lng=0.0, azimuth=0.0, size=200.0, corners=4, r=300.0, part=0.5, gap_m=GAP_M)
@example(lat=0.0, lng=180.0, azimuth=0.0, size=200.0, corners=4, r=300.0, part=0.5, gap_m=-GAP_M)
def test_circle_beside_polygon(
    lat: float,
    lng: float,
    azimuth: float,
    size: float,
    corners: int,
    r: float,
    part: float,
    gap_m: float,
) -> None:
    polygon = ring(lat, lng, azimuth, size, corners)
    near_lat, near_lng, out = off_edge(polygon, 0, part, gap_m)
    centre = go(near_lat, near_lng, out, r)
    assert meet(Polygon(polygon), Circle(*centre, r)) is (gap_m < 0)


@given(
    latitudes, longitudes, azimuths, sizes, sides, sizes, st.floats(0.05, 0.95), gaps, st.booleans()
)
@example(
    lat=90.0,
    lng=0.0,
    azimuth=10.0,
    size=90_000.0,
    corners=3,
    wedge=900.0,
    part=0.5,
    gap_m=GAP_M,
    reverse=False,
)
def test_polygon_beside_polygon(
    lat: float,
    lng: float,
    azimuth: float,
    size: float,
    corners: int,
    wedge: float,
    part: float,
    gap_m: float,
    reverse: bool,
) -> None:
    polygon = ring(lat, lng, azimuth, size, corners)
    near_lat, near_lng, out = off_edge(polygon, corners - 1, part, gap_m)
    other = (
        (near_lat, near_lng),
        go(near_lat, near_lng, out - 40, wedge),
        go(near_lat, near_lng, out + 40, wedge),
    )
    if reverse:
        polygon = polygon[::-1]
    assert meet(Polygon(polygon), Polygon(other)) is (gap_m < 0)


@given(
    latitudes,
    longitudes,
    azimuths,
    st.floats(3e5, 3e6),
    st.floats(100, 2000),
    st.floats(0.02, 0.98),
    st.floats(50, 5000),
    gaps,
    st.booleans(),
)
def test_beside_a_needle_of_thousands_of_kilometres(
    lat: float,
    lng: float,
    azimuth: float,
    length: float,
    width: float,
    part: float,
    size: float,
    gap_m: float,
    as_circle: bool,
) -> None:
    start, end = go(lat, lng, azimuth, -length), go(lat, lng, azimuth, length)
    # Clockwise, the long edge first; the third corner lies to the right of it.
    needle = (start, end, go(lat, lng, azimuth + 90, width))
    near_lat, near_lng, out = off_edge(needle, 0, part, gap_m)
    other: Outline
    if as_circle:
        other = Circle(*go(near_lat, near_lng, out, size), size)
    else:
        other = Polygon(
            (
                (near_lat, near_lng),
                go(near_lat, near_lng, out - 40, size),
                go(near_lat, near_lng, out + 40, size),
            )
        )
    assert meet(Polygon(needle), other) is (gap_m < 0)


@given(latitudes, longitudes, azimuths, sizes, sides, sizes, st.floats(0.1, 0.9), st.floats(-1, 4))
def test_the_gap_is_told_to_a_centimetre(
    lat: float,
    lng: float,
    azimuth: float,
    size: float,
    corners: int,
    wedge: float,
    part: float,
    exponent: float,
) -> None:
    gap_m = 10**exponent
    polygon = ring(lat, lng, azimuth, size, corners)
    near_lat, near_lng, out = off_edge(polygon, 0, part, gap_m)
    other = (
        (near_lat, near_lng),
        go(near_lat, near_lng, out - 40, wedge),
        go(near_lat, near_lng, out + 40, wedge),
    )
    found = separation([Volume4D(Polygon(polygon))], [Volume4D(Polygon(other))])
    assert found is not None
    assert found.horizontal is not None
    assert math.isclose(found.horizontal.horizontal_m, gap_m, abs_tol=0.01)


@given(latitudes, longitudes, azimuths, sizes, sides)
def test_an_outline_inside_another_is_found(
    lat: float, lng: float, azimuth: float, size: float, corners: int
) -> None:
    outer = Polygon(ring(lat, lng, azimuth, size, corners))
    inner = Polygon(ring(lat, lng, azimuth, size * 0.3, corners))
    assert meet(outer, inner)
    assert meet(outer, Circle(lat, lng, size * 0.01))
    assert meet(Circle(lat, lng, size * 2), inner)
