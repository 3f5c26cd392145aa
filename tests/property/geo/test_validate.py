"""Validation agrees with GEOS where a plane is good enough, and with construction everywhere."""

from __future__ import annotations

import math

import pyproj
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.property.geo.places import Place, anywhere, stars_around

from detente.geo import (
    CrossingEdges,
    Polygon,
    Volume4D,
    VolumeError,
    VolumeLimits,
    area_m2,
    validate_volume,
)

LIMITS = VolumeLimits()


@settings(max_examples=200)
@given(anywhere, st.floats(0.5, 4.3).map(lambda e: 10.0**e), st.booleans(), st.data())
def test_stars_are_accepted_everywhere_in_either_winding(
    place: Place, scale_m: float, backwards: bool, data: st.DataObject
) -> None:
    star = data.draw(stars_around(place, scale_m))
    if backwards:
        star = Polygon(star.vertices[::-1])
    validate_volume(Volume4D(star), LIMITS)
    assert 0 < area_m2(star) <= math.pi * scale_m**2 * 1.01


@settings(max_examples=200)
@given(anywhere, st.floats(0.5, 4.3).map(lambda e: 10.0**e), st.data())
def test_two_vertices_exchanged_make_edges_cross(
    place: Place, scale_m: float, data: st.DataObject
) -> None:
    corners = list(data.draw(stars_around(place, scale_m)).vertices)
    plane = pyproj.Proj(proj="aeqd", lat_0=place[0], lon_0=place[1], ellps="WGS84")
    corners[1], corners[2] = corners[2], corners[1]
    flat = [plane(lng, lat) for lat, lng in corners]
    assume(not shapely.Polygon(flat).is_valid)
    assume(_clear(flat, 0.02 + scale_m * 1e-4))
    with pytest.raises(CrossingEdges):
        validate_volume(Volume4D(Polygon(tuple(corners))), LIMITS)


@settings(max_examples=200)
@given(
    anywhere,
    st.lists(
        st.tuples(st.integers(-2000, 2000), st.integers(-2000, 2000)),
        min_size=3,
        max_size=12,
        unique=True,
    ),
)
def test_random_rings_are_judged_as_geos_judges_them(
    place: Place, flat: list[tuple[int, int]]
) -> None:
    # near the poles this plane is as good as anywhere: its centre is the place
    plane = pyproj.Proj(proj="aeqd", lat_0=place[0], lon_0=place[1], ellps="WGS84")
    assume(_clear(flat, 0.05))
    ring = []
    for east, north in flat:
        lng, lat = plane(east, north, inverse=True)
        ring.append((lat, lng))
    try:
        validate_volume(Volume4D(Polygon(tuple(ring))), LIMITS)
        accepted = True
    except VolumeError:
        accepted = False
    assert accepted == shapely.Polygon(flat).is_valid


def _clear(flat: list[tuple[int, int]], metres: float) -> bool:
    """Is no vertex so near to an edge of others that a plane cannot tell on which side it is?"""
    count = len(flat)
    for k in range(count):
        edge = shapely.LineString([flat[k], flat[(k + 1) % count]])
        for m in range(count):
            if m in (k, (k + 1) % count):
                continue
            if shapely.distance(edge, shapely.Point(flat[m])) < metres:
                return False
    return True
