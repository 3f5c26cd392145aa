"""Each fault of a volume is named, with its place; sound volumes pass wherever they are."""

from __future__ import annotations

import math
import time

import pyproj
import pytest

from detente.geo import (
    AltitudeOutOfRange,
    AltitudesReversed,
    AreaTooLarge,
    Circle,
    CoordinateOutOfRange,
    CrossingEdges,
    DuplicateVertex,
    OutlineTooWide,
    Polygon,
    RadiusNotPositive,
    TimesReversed,
    TooFewVertices,
    TooManyVertices,
    Volume4D,
    VolumeError,
    VolumeLimits,
    ZeroArea,
    area_m2,
    validate_volume,
)

LIMITS = VolumeLimits()
Ring = list[tuple[float, float]]
SQUARE: Ring = [(47.0, 8.0), (47.0, 8.1), (47.1, 8.1), (47.1, 8.0)]


def check(*ring: tuple[float, float]) -> None:
    validate_volume(Volume4D(Polygon(ring)), LIMITS)


def ring_around(lat: float, lng: float, radius_deg: float, count: int) -> Ring:
    turns = (2 * math.pi * k / count for k in range(count))
    return [
        (
            lat + radius_deg * math.sin(t),
            lng + radius_deg * math.cos(t) / math.cos(math.radians(lat)),
        )
        for t in turns
    ]


@pytest.mark.parametrize(
    "ring",
    [
        SQUARE,
        SQUARE[::-1],
        [(10.0, 179.9), (10.0, -179.9), (10.1, -179.9), (10.1, 179.9)],
        [(10.0, 180.0), (10.0, -179.9), (10.1, -179.9), (10.1, -180.0)],
        [(89.9, 0.0), (89.9, 90.0), (89.9, 180.0), (89.9, -90.0)],
        [(-89.9, 0.0), (-89.9, -90.0), (-89.9, 180.0), (-89.9, 90.0)],
        [(90.0, 0.0), (89.9, 10.0), (89.9, 50.0)],
        [(0.1, 0.0), (-0.1, 0.1), (-0.1, -0.1)],
        # a corridor along a parallel: long, thin, and its middle bends away from the pole
        [(60.0, lng / 10) for lng in range(50)]
        + [(60.01, lng / 10) for lng in reversed(range(50))],
    ],
)
def test_sound_polygons_pass_wherever_they_are(ring: Ring) -> None:
    check(*ring)
    check(*ring[::-1])


@pytest.mark.parametrize(
    ("ring", "pair"),
    [
        ([*SQUARE, SQUARE[0]], (0, 4)),
        ([(47.0, 8.0)] * 3, (0, 1)),
        ([*SQUARE[:3], (47.05, 8.05), SQUARE[1]], (1, 4)),
        ([(10.0, 180.0), (10.1, 179.9), (10.2, 180.0), (10.0, -180.0)], (0, 3)),
        ([(90.0, 0.0), (89.9, 10.0), (89.9, 50.0), (90.0, 7.0)], (0, 3)),
        ([(0.0, 0.0), (0.0, 1e-3), (1e-3, 0.0), (-0.0, 0.0)], (0, 3)),
    ],
)
def test_a_repeated_vertex_is_named_with_its_double(ring: Ring, pair: tuple[int, int]) -> None:
    with pytest.raises(DuplicateVertex, match=f"Vertices {pair[0]} and {pair[1]} are") as caught:
        check(*ring)
    assert caught.value.where == f"volume.outline_polygon.vertices[{pair[1]}]"


@pytest.mark.parametrize(
    ("ring", "first", "second"),
    [
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], "0 to 1", "2 to 3"),
        ([(10.0, 179.9), (10.1, -179.9), (10.0, -179.9), (10.1, 179.9)], "0 to 1", "2 to 3"),
        ([(89.9, 0.0), (89.9, 180.0), (89.9, -90.0), (89.9, 90.0)], "0 to 1", "2 to 3"),
        # a vertex on another edge, here the equator
        ([(0.0, 0.0), (0.0, 0.2), (0.1, 0.2), (0.0, 0.1), (0.1, 0.0)], "0 to 1", "2 to 3"),
        # a spike: there and back
        ([(0.0, 0.0), (0.0, 0.2), (0.0, 0.1), (0.1, 0.1)], "0 to 1", "1 to 2"),
        # a symmetric bow-tie has no signed area: the crossing is what is wrong
        ([(0.0, 0.0), (0.1, 0.1), (0.0, 0.1), (0.1, 0.0)], "0 to 1", "2 to 3"),
    ],
)
def test_edges_that_cross_or_touch_are_named(ring: Ring, first: str, second: str) -> None:
    with pytest.raises(CrossingEdges) as caught:
        check(*ring)
    assert first in caught.value.message
    assert second in caught.value.message


@pytest.mark.parametrize("offset_cm", [-4, 4])
def test_edges_are_geodesics_to_centimetres(offset_cm: int) -> None:
    """Along 80 km at 45° a geodesic lies 43 cm from the great circle of the same directions."""
    geod = pyproj.Geod(ellps="WGS84")
    lng, lat, _ = geod.fwd(8.0, 45.0, 90, 40_000)
    end_lng, end_lat, _ = geod.fwd(8.0, 45.0, 90, 80_000)
    # a dent from the north that ends just short of, or just beyond the southern edge
    dent_lng, dent_lat, _ = geod.fwd(lng, lat, 0, offset_cm / 100)
    ring = [
        (45.0, 8.0),
        (end_lat, end_lng),
        (end_lat + 0.1, end_lng),
        (dent_lat, dent_lng),
        (45.1, 8.0),
    ]
    if offset_cm > 0:
        check(*ring)
    else:
        with pytest.raises(CrossingEdges):
            check(*ring)


@pytest.mark.parametrize(
    "ring",
    [
        [(0.0, 0.0), (0.0, 0.1), (0.0, 0.2)],
        [(47.0, 8.0), (48.0, 8.0), (47.5, 8.0), (49.0, 8.0)],
        [(47.0, 8.0), (47.0, 8.0 + 1e-14), (47.0 + 1e-14, 8.0)],
        [(90.0, 0.0), (89.0, 10.0), (89.0, -170.0)],
    ],
)
def test_a_polygon_on_one_line_has_no_area(ring: Ring) -> None:
    with pytest.raises(ZeroArea):
        check(*ring)


def test_vertices_a_nanometre_apart_are_no_fault_by_themselves() -> None:
    nanometre_deg = 1e-14
    near = (SQUARE[2][0] + nanometre_deg, SQUARE[2][1] - nanometre_deg)
    assert near != SQUARE[2]
    check(*SQUARE[:3], near, SQUARE[3])


def test_repeated_vertices_are_told_before_crossings_before_area() -> None:
    wide = [(0.0, 0.0), (5.0, 5.0), (0.0, 5.0), (5.0, 0.0)]
    with pytest.raises(DuplicateVertex):
        check(*wide, wide[1])
    with pytest.raises(CrossingEdges):
        check(*wide)


def test_a_polygon_with_every_fault_at_once_is_refused() -> None:
    """318 vertices, 3 of them repeated, real crossings, some a nanometre apart."""
    ring = ring_around(46.0, 7.0, 0.1, 309)
    ring[100], ring[200] = ring[200], ring[100]
    ring += [(lat + 1e-14, lng) for lat, lng in ring[:6]]
    ring += ring[10:13]
    assert len(ring) == 318
    with pytest.raises(DuplicateVertex):
        check(*ring)
    with pytest.raises(CrossingEdges):
        check(*ring[:-3])


def test_areas_on_either_side_of_the_limit() -> None:
    side = math.sqrt(647) / 111.2
    wide = side / math.cos(math.radians(47))
    check((47, 8), (47, 8 + wide), (47 + side, 8 + wide), (47 + side, 8))
    with pytest.raises(AreaTooLarge, match=r"9,[67]\d\d\.\d km²; the limit is 2,500 km²"):
        check((38.0, -118.0), (38.0, -117.0), (39.0, -117.0), (39.0, -118.0))
    validate_volume(Volume4D(Circle(-56.0, 178.0, 12_000.0)), LIMITS)
    with pytest.raises(AreaTooLarge, match=r"circle's area is 2,827\.\d km²; the limit is 2,500"):
        validate_volume(Volume4D(Circle(-56.0, 178.0, 30_000.0)), LIMITS)
    validate_volume(Volume4D(Circle(-56.0, 178.0, 30_000.0)), VolumeLimits(max_area_km2=10_000))


def test_the_inside_is_the_smaller_side_whatever_the_winding() -> None:
    ring = Polygon(tuple(SQUARE))
    assert area_m2(ring) == pytest.approx(84.4e6, rel=0.01)
    assert area_m2(Polygon(ring.vertices[::-1])) == pytest.approx(area_m2(ring), rel=1e-12)


def test_circle_areas() -> None:
    assert area_m2(Circle(0.0, 0.0, 12_000.0)) == pytest.approx(math.pi * 12_000**2, rel=1e-5)
    assert area_m2(Circle(0.0, 0.0, 30_000_000.0)) == pytest.approx(510_065_621_724_000, rel=1e-9)


def test_a_ring_around_the_earth_is_refused() -> None:
    ribbon = [(0.001, 0.0), (0.001, 120.0), (0.001, -120.0)]
    ribbon += [(-0.001, -120.0), (-0.001, 120.0), (-0.001, 0.0)]
    with pytest.raises((AreaTooLarge, OutlineTooWide)):
        check(*ribbon)


@pytest.mark.parametrize(
    ("volume", "error", "where"),
    [
        (Volume4D(Circle(90.1, 0, 1)), CoordinateOutOfRange, "volume.outline_circle.center.lat"),
        (Volume4D(Circle(0, -181, 1)), CoordinateOutOfRange, "volume.outline_circle.center.lng"),
        (
            Volume4D(Circle(math.nan, 0, 1)),
            CoordinateOutOfRange,
            "volume.outline_circle.center.lat",
        ),
        (Volume4D(Circle(0, 0, 0)), RadiusNotPositive, "volume.outline_circle.radius"),
        (Volume4D(Circle(0, 0, -5)), RadiusNotPositive, "volume.outline_circle.radius"),
        (Volume4D(Circle(0, 0, math.inf)), RadiusNotPositive, "volume.outline_circle.radius"),
        (Volume4D(Circle(0, 0, math.nan)), RadiusNotPositive, "volume.outline_circle.radius"),
        (
            Volume4D(Polygon(((0, 0), (0, 1e-3), (math.nan, 0)))),
            CoordinateOutOfRange,
            "volume.outline_polygon.vertices[2].lat",
        ),
        (
            Volume4D(Polygon(((0, 0), (0, 180.5), (1, 0)))),
            CoordinateOutOfRange,
            "volume.outline_polygon.vertices[1].lng",
        ),
        (Volume4D(Polygon(((0, 0), (0, 1)))), TooFewVertices, "volume.outline_polygon.vertices"),
        (Volume4D(Circle(0, 0, 1), -8001.0, 0.0), AltitudeOutOfRange, "volume.altitude_lower"),
        (Volume4D(Circle(0, 0, 1), 0.0, 1e9), AltitudeOutOfRange, "volume.altitude_upper"),
        (Volume4D(Circle(0, 0, 1), 0.0, math.nan), AltitudeOutOfRange, "volume.altitude_upper"),
        (Volume4D(Circle(0, 0, 1), 2.0, 1.0), AltitudesReversed, "volume.altitude_lower"),
        (Volume4D(Circle(0, 0, 1), None, None, 2, 1), TimesReversed, "time_start"),
    ],
)
def test_what_is_wrong_and_where(volume: Volume4D, error: type[VolumeError], where: str) -> None:
    with pytest.raises(error) as caught:
        validate_volume(volume, LIMITS)
    assert caught.value.where == where


def test_touching_bounds_and_open_ones_pass() -> None:
    validate_volume(Volume4D(Circle(0, 0, 1), 5.0, 5.0, 7, 7), LIMITS)
    validate_volume(Volume4D(Circle(0, 0, 1), 5.0, None, None, 7), LIMITS)


def test_the_number_of_vertices_is_limited() -> None:
    with pytest.raises(TooManyVertices, match=r"10,001 vertices; the limit is 10,000"):
        check(*ring_around(46.0, 7.0, 0.1, 10_001))


@pytest.mark.parametrize("inner", [1.0, 0.999, 0.3])
def test_ten_thousand_vertices_within_a_tenth_of_a_second(inner: float) -> None:
    """Spikes in all directions are the worst: any sweep has thousands of edges open at once."""
    ring = []
    for k in range(10_000):
        radius = 0.1 * (inner if k % 2 else 1.0)
        turn = 2 * math.pi * k / 10_000
        ring.append((46 + radius * math.sin(turn), 7 + radius * math.cos(turn)))
    check(*SQUARE)
    best_s = math.inf
    for _ in range(5):
        begin = time.process_time()
        check(*ring)
        best_s = min(best_s, time.process_time() - begin)
    assert best_s < 0.1
