"""Relevance by example: what two parties' entities must see of each other, and what not."""

from __future__ import annotations

import math

import pyproj
import pytest

from detente.geo import (
    Circle,
    Extent,
    ExtentIndex,
    Polygon,
    Volume4D,
    covers,
    extent_of,
    relevant,
    union,
    warm_up,
)

GEOD = pyproj.Geod(ellps="WGS84")


def at(lat: float, lng: float, east_m: float, north_m: float) -> tuple[float, float]:
    """A place so many metres off another one."""
    azimuth = math.degrees(math.atan2(east_m, north_m))
    lng, lat, _ = GEOD.fwd(lng, lat, azimuth, math.hypot(east_m, north_m))
    return lat, lng


def polygon(*points: tuple[float, float]) -> Volume4D:
    """A polygon from metres (east, north) of 46.5 N 7.5 E."""
    return Volume4D(Polygon(tuple(at(46.5, 7.5, *p) for p in points)), 100.0, 200.0, 0, 10**9)


CORNER = polygon((0, 0), (1000, 0), (1000, 200), (200, 200), (200, 1000), (0, 1000))


def test_polygons_that_miss_each_other_are_relevant_when_their_hulls_meet() -> None:
    within = polygon((211.7, 211.7), (400, 211.7), (400, 400), (211.7, 400))
    assert relevant(extent_of([CORNER]), extent_of([within]))


def test_a_gap_wider_than_the_guard_is_seen() -> None:
    box = extent_of([polygon((0, 0), (100, 0), (100, 100), (0, 100))])
    for gap_m, expected in [(0.0, True), (0.9, True), (1.2, False), (11.7, False)]:
        e = 100 + gap_m
        beside = extent_of([polygon((e, 0), (e + 100, 0), (e + 100, 100), (e, 100))])
        assert relevant(box, beside) is expected
    beside = extent_of([polygon((111.7, 0), (211.7, 0), (211.7, 100))])
    assert relevant(box, beside, guard_m=12)


def test_needles_tip_to_tip_are_as_far_apart_as_their_tips() -> None:
    one = extent_of([polygon((0, 0), (-5000, 1), (-5000, -1))])
    other = extent_of([polygon((20, 0), (5000, 1), (5000, -1))])
    assert not relevant(one, other)
    assert relevant(one, other, guard_m=20.1)


def test_at_the_pole_longitude_means_nothing() -> None:
    index = ExtentIndex()
    index.insert(1, extent_of([Volume4D(Circle(90.0, 0.0, 200.0))]))
    index.insert(2, extent_of([Volume4D(Circle(89.999, 0.0, 200.0))]))
    asked = extent_of([Volume4D(Circle(89.999, 180.0, 300.0))])
    assert index.query(asked) == [1, 2]
    assert index.query(extent_of([Volume4D(Circle(89.99, 180.0, 300.0))])) == []


def test_the_date_line_is_no_border() -> None:
    east = extent_of([Volume4D(Circle(-56.0, 179.9999, 100.0))])
    west = extent_of([Volume4D(Circle(-56.0, -179.9999, 100.0))])
    assert relevant(east, west)
    assert not relevant(east, extent_of([Volume4D(Circle(-56.0, -179.99, 100.0))]))


def test_overall_bands_of_altitude_and_time_are_compared_closed() -> None:
    box = Circle(46.5, 7.5, 500.0)
    base = extent_of([Volume4D(box, 100.0, 200.0, 1000, 2000)])
    assert relevant(base, extent_of([Volume4D(box, 200.0, 300.0, 2000, 3000)]))
    assert not relevant(base, extent_of([Volume4D(box, 200.001, 300.0, 2000, 3000)]))
    assert not relevant(base, extent_of([Volume4D(box, 200.0, 300.0, 2001, 3000)]))
    assert relevant(base, extent_of([Volume4D(box)]))
    # the union counts, not the volumes: one reaches the altitude, the other one the time
    split = [Volume4D(box, 150.0, 300.0, 5000, 6000), Volume4D(box, 300.0, 400.0, 1500, 6000)]
    assert relevant(base, extent_of(split))


def test_an_open_bound_of_one_volume_opens_the_whole() -> None:
    e = extent_of(
        [Volume4D(Circle(0, 0, 1), 1.0, 2.0, 3, 4), Volume4D(Circle(0, 0, 1), None, 5.0, 1, None)]
    )
    assert (e.altitude_lower_mm, e.altitude_upper_mm) == (None, 5000)
    assert (e.time_start_us, e.time_end_us) == (1, None)


def test_altitudes_are_rounded_outwards() -> None:
    e = extent_of([Volume4D(Circle(0, 0, 1), -0.0001, 0.0001)])
    assert (e.altitude_lower_mm, e.altitude_upper_mm) == (-1, 1)


def test_what_does_not_fit_a_hemisphere_is_everywhere() -> None:
    everywhere = extent_of([Volume4D(Circle(0, 0, 1)), Volume4D(Circle(0, 179, 1))])
    assert everywhere.hull == ()
    somewhere = extent_of([Volume4D(Circle(-33, 151, 1))])
    assert relevant(everywhere, somewhere)
    assert covers(everywhere, somewhere)
    assert not covers(somewhere, everywhere)
    assert union(everywhere, somewhere).hull == ()
    assert extent_of([Volume4D(Circle(0, 0, 10_000_000))]).hull == ()


@pytest.mark.parametrize("lat", [0.0, 30.0, 45.0, 60.0, 85.0, 90.0, -45.0])
def test_a_circle_is_circumscribed_but_not_by_much(lat: float) -> None:
    radius_m = 12_000.0
    hull = extent_of([Volume4D(Circle(lat, 7.0, radius_m))]).hull
    assert len(hull) == 24
    reach = [
        GEOD.inv(7.0, lat, lng / 1e9, la / 1e9)[2]
        for la, lng in zip(hull[::2], hull[1::2], strict=True)
    ]
    assert min(reach) > radius_m * 1.03
    assert max(reach) < radius_m * 1.045


def test_long_edges_have_room_for_what_geodesics_bend() -> None:
    """500 km due east at 45° a geodesic leaves the great circle of directions by 17 m."""
    lng, lat, _ = GEOD.fwd(7.0, 45.0, 90, 500_000)
    edge = extent_of([Volume4D(Polygon(((45.0, 7.0), (lat, lng), (44.0, 10.0))))])
    for on_lng, on_lat in GEOD.npts(7.0, 45.0, lng, lat, 99):
        on_edge = extent_of([Volume4D(Circle(on_lat, on_lng, 0.001))])
        assert relevant(edge, on_edge, guard_m=0)


def test_hulls_have_few_corners_and_only_grow_by_losing_some() -> None:
    ring = tuple(
        at(46.5, 7.5, 3000 * math.sin(k / 80), 5000 * math.cos(k / 80)) for k in range(502)
    )
    fine = extent_of([Volume4D(Polygon(ring))])
    assert len(fine.hull) <= 2 * 64
    for part in range(0, 500, 5):
        assert covers(fine, extent_of([Volume4D(Polygon(ring[part : part + 5]))]), tolerance_m=0)
    assert not relevant(fine, extent_of([Volume4D(Polygon((at(46.5, 7.5, 3030, 0),) * 3))]))


def test_coverage_tolerates_a_metre_but_not_ten() -> None:
    outer = extent_of([Volume4D(Circle(46.5, 7.5, 1000.0), 0.0, 100.0)])
    assert covers(outer, outer)
    assert covers(outer, extent_of([Volume4D(Circle(46.5, 7.5, 1000.9), 0.0, 100.0)]))
    assert not covers(outer, extent_of([Volume4D(Circle(46.5, 7.5, 1010.0), 0.0, 100.0)]))
    assert not covers(outer, extent_of([Volume4D(Circle(46.5, 7.5, 900.0), 0.0, 100.1)]))
    assert not covers(outer, extent_of([Volume4D(Circle(46.5, 7.5, 900.0), None, 100.0)]))
    assert not covers(outer, extent_of([Volume4D(Circle(-46.5, -172.5, 900.0), 0.0, 100.0)]))


def test_an_extent_needs_a_volume() -> None:
    with pytest.raises(ValueError, match="at least one"):
        extent_of([])


def test_index_refuses_keys_it_cannot_keep() -> None:
    warm_up()
    everywhere = Extent((), None, None, None, None)
    index = ExtentIndex()
    index.insert(7, everywhere)
    with pytest.raises(ValueError, match="already"):
        index.insert(7, everywhere)
    with pytest.raises(ValueError, match="negative"):
        index.insert(-1, everywhere)
    with pytest.raises(ValueError, match="empty"):
        index.bulk_load([(1, everywhere)])
    with pytest.raises(KeyError):
        index.delete(8)
    assert index.query(everywhere) == [7]
    assert len(index) == 1
    assert 7 in index
    assert 8 not in index
    with pytest.raises(ValueError, match="twice"):
        ExtentIndex().bulk_load([(1, everywhere), (1, everywhere)])
