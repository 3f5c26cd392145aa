"""Whatever is written and read back is what was meant, or more by no more than is said."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape
from tests.support.exported import (
    ALPS,
    circles,
    constraint,
    distance_m,
    grown_by,
    intent,
    polygons,
    same_ground,
    volumes,
)

from detente.geo import Circle, Polygon, Volume4D, area_m2
from detente.interchange import Altimetry, read, to_volumes
from detente.interchange.ed269 import read_zones
from detente.interchange.feature import WriteOptions
from detente.interchange.rings import map_rings
from detente.interchange.writing import write

SOME = st.lists(volumes(), min_size=1, max_size=4)
OPTIONS = WriteOptions(made_us=1, altimetry=ALPS)


def _ordered(every: list[Volume4D] | tuple[Volume4D, ...]) -> list[Volume4D]:
    return sorted(every, key=lambda v: (v.time_start_us or 0, v.altitude_lower_m or 0))


@pytest.mark.parametrize("name", ["geojson", "aixm", "kml", "kmz"])
@settings(max_examples=15, deadline=None)
@given(SOME)
def test_exact_formats_lose_nothing(name: str, flown: list[Volume4D]) -> None:
    understood = read(write([intent(*flown)], name), f"x.{name}")
    assert understood.whole, understood.problems
    back = to_volumes(understood, Altimetry())
    assert not back.problems
    assert len(back.volumes) == len(flown)
    for one, other in zip(_ordered(flown), _ordered(back.volumes), strict=True):
        assert (one.time_start_us, one.time_end_us) == (other.time_start_us, other.time_end_us)
        assert one.altitude_lower_m == pytest.approx(other.altitude_lower_m, abs=2e-4)
        assert one.altitude_upper_m == pytest.approx(other.altitude_upper_m, abs=2e-4)
        if name in ("geojson", "aixm"):
            assert same_ground(one.outline, other.outline)
        else:
            assert grown_by(other.outline, one.outline) < 0.003


@settings(max_examples=40, deadline=None)
@given(volumes())
def test_notams_never_say_less(one: Volume4D) -> None:
    understood = read(write([intent(one)], "notam", OPTIONS), "x.notam")
    assert understood.whole, understood.problems
    back = to_volumes(understood, ALPS)
    assert not back.problems
    (other,) = back.volumes
    assert one.time_start_us is not None
    assert one.time_end_us is not None
    assert one.altitude_lower_m is not None
    assert one.altitude_upper_m is not None
    assert other.time_start_us is not None
    assert other.time_end_us is not None
    assert 0 <= one.time_start_us - other.time_start_us < 60_000_000
    # a NOTAM's last minute counts whole
    assert 0 <= other.time_end_us - one.time_end_us < 120_000_000
    assert other.altitude_lower_m is not None
    assert other.altitude_upper_m is not None
    assert 0 <= one.altitude_lower_m - other.altitude_lower_m < 1.4
    assert 0 <= other.altitude_upper_m - one.altitude_upper_m < 1.4
    if isinstance(one.outline, Circle):
        assert isinstance(other.outline, Circle)
        assert 0.25 <= other.outline.radius_m - one.outline.radius_m < 1.25
    else:
        ring = (*one.outline.vertices, one.outline.vertices[0])
        around_m = sum(distance_m(a, b) for a, b in pairwise(ring))
        slack_m2 = 0.5 * around_m  # a hundredth of a second
        assert area_m2(other.outline) == pytest.approx(area_m2(one.outline), abs=slack_m2)


@settings(max_examples=15, deadline=None)
@given(SOME)
def test_zones_never_say_less(flown: list[Volume4D]) -> None:
    found = read_zones(write([constraint(*flown)], "ed269", OPTIONS), "z.json")
    assert not found.problems
    back = [
        volume
        for zone in found.zones
        for several in zone.volumes(ALPS, 0, 1 << 60)
        for volume in several
    ]
    assert len(back) == len(flown)
    for one, other in zip(_ordered(flown), _ordered(back), strict=True):
        assert (one.time_start_us, one.time_end_us) == (other.time_start_us, other.time_end_us)
        assert one.altitude_lower_m is not None
        assert one.altitude_upper_m is not None
        assert other.altitude_lower_m is not None
        assert other.altitude_upper_m is not None
        assert 0 <= one.altitude_lower_m - other.altitude_lower_m < 2
        assert 0 <= other.altitude_upper_m - one.altitude_upper_m < 2
        if isinstance(one.outline, Circle):
            assert same_ground(one.outline, other.outline)
        else:
            assert area_m2(other.outline) == pytest.approx(area_m2(one.outline), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.one_of(polygons(anywhere=True), circles(anywhere=True)))
def test_on_maps_the_area_is_whole_wherever_it_lies(outline: Circle | Polygon) -> None:
    rings = map_rings(outline)
    shapes = [shapely.Polygon(ring) for ring in rings]
    assert all(each.is_valid and each.exterior.is_ccw for each in shapes)
    assert all(-180 <= x <= 180 and -90 <= y <= 90 for ring in rings for x, y in ring)
    drawn = sum(area_m2(Polygon(tuple((y, x) for x, y in ring[:-1]))) for ring in rings)
    wanted = area_m2(outline)
    # An edge may lie a metre from its geodesic; a circle is drawn 0.26 % larger.
    slack = 0.004 * wanted + sum(each.length * 111_000 for each in shapes)
    assert wanted - slack <= drawn <= wanted + slack


@settings(max_examples=15, deadline=None)
@given(st.lists(volumes(anywhere=True, open_bounds=True), min_size=1, max_size=3), st.text())
def test_every_format_takes_everything(flown: list[Volume4D], name: str) -> None:
    feature = constraint(*flown)
    named = intent(*flown, name=name)
    for format_ in ("geojson", "geojson-map", "kml", "czml", "csv", "aixm", "ed269"):
        given_ = [feature] if format_ == "ed269" else [named]
        data = write(given_, format_, WriteOptions(made_us=1))
        if format_.startswith("geojson"):
            for each in json.loads(data)["features"]:
                assert shape(each["geometry"]).is_empty is False
    for line in write([named], "notam", WriteOptions(made_us=1)).decode("ascii").splitlines():
        assert len(line) <= 69
