"""Border kernels against GEOS, exact fractions and geographiclib, everywhere on Earth."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.areas import Floats, fractions_say, geos_says, polygon_of, star

from detente.kernels import Area, BorderIndex, Crossings

WGS84 = Geodesic.WGS84
seeds = st.integers(0, 2**32 - 1)


def world(rng: np.random.Generator, count: int) -> list[Area]:
    """Overlapping areas of all sizes, some cut at the date line or at a pole."""
    areas: list[Area] = []
    while len(areas) < count:
        lat = float(rng.uniform(-89, 89))
        lng = float(rng.choice([rng.uniform(-179, 179), 180.0, -180.0]))
        reach = float(10 ** rng.uniform(-2.5, 1.5))
        rings = [star(rng, lng, lat, reach, int(rng.integers(3, 200)))]
        if abs(lng) == 180.0:
            # the other half, beyond the line
            rings.append(star(rng, -lng, lat, reach, int(rng.integers(3, 200))))
        if _sound(area := Area(tuple(rings))):
            areas.append(area)
    return areas


def _sound(area: Area) -> bool:
    return all(shapely.Polygon(ring).is_valid for ring in area.rings)


def places(rng: np.random.Generator, areas: list[Area], count: int) -> tuple[Floats, Floats]:
    """Anywhere, near vertices, on them, on edges as far as doubles can be, and on the date line."""
    xy = np.concatenate([ring for each in areas for ring in each.rings])
    ends = np.concatenate([np.roll(ring[:-1], -1, 0) for each in areas for ring in each.rings])
    starts = np.concatenate([ring[:-1] for each in areas for ring in each.rings])
    near = xy[rng.integers(0, len(xy), count)] + 10 ** rng.uniform(-14, 0, (count, 1)) * (
        rng.normal(0, 1, (count, 2))
    )
    some = rng.integers(0, len(starts), count)
    on = starts[some] + rng.uniform(0, 1, (count, 1)) * (ends - starts)[some]
    anywhere = np.column_stack((rng.uniform(-180, 180, count), rng.uniform(-90, 90, count)))
    line = np.column_stack((rng.choice([180.0, -180.0], 50), rng.uniform(-89.9, 89.9, 50)))
    # level with vertices, and straight above or below them
    level = np.column_stack((anywhere[:, 0], xy[rng.integers(0, len(xy), count), 1]))
    above = np.column_stack((xy[rng.integers(0, len(xy), count), 0], anywhere[:, 1]))
    xy = np.concatenate((near, xy, on, anywhere, line, level, above))
    keep = (np.abs(xy[:, 0]) <= 180.0) & (np.abs(xy[:, 1]) < 90.0)
    return xy[keep, 1].copy(), xy[keep, 0].copy()


def table(index: BorderIndex, lat: Floats, lng: Floats) -> np.ndarray[tuple[int, int], np.dtype]:
    """Whether each position (row) is in each area (column)."""
    found = index.claimants(lat, lng)
    rows = [[area in each for area in range(index.areas)] for each in index.sets]
    return np.array(rows, dtype=np.bool_)[found]


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_claims_are_those_of_geos_at_every_latitude(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = world(rng, 25)
    lat, lng = places(rng, areas, 1500)
    found = table(BorderIndex.build(areas), lat, lng)
    for number, area in enumerate(areas):
        wrong = np.flatnonzero(found[:, number] != geos_says(area, lat, lng))
        assert len(wrong) == 0, (number, lat[wrong[:3]], lng[wrong[:3]])


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_claims_are_exact_where_everything_is_in_line(seed: int) -> None:
    """Corners, edges and positions of a coarse lattice, and a hair beside it."""
    rng = np.random.default_rng(seed)
    areas = [
        Area((_closed(rng.integers(-4, 5, (int(rng.integers(3, 8)), 2)) / 4.0 + 7.0),))
        for _ in range(6)
    ]
    lat, lng = (rng.integers(-9, 10, (2, 150)) / 8.0 + 7.0).astype(np.float64)
    hair = rng.integers(-1, 2, (2, 150))
    lat = np.nextafter(lat, lat + hair[0])
    lng = np.nextafter(lng, lng + hair[1])
    found = table(BorderIndex.build(areas), lat, lng)
    for row, number in itertools.product(range(150), range(6)):
        rings = (_without_doubles(areas[number].rings[0]),)
        if rings[0] is None:
            continue
        said = fractions_say((rings[0],), float(lat[row]), float(lng[row]))
        assert found[row, number] == said, (lat[row], lng[row], rings[0].tolist())


def _closed(corners: Floats) -> Floats:
    return np.vstack((corners, corners[:1]))


def _without_doubles(ring: Floats) -> Floats | None:
    """None if an edge occurs twice: then the edge does not count, and the oracle's does."""
    edges = [
        tuple(sorted((a, b))) for a, b in itertools.pairwise(map(tuple, ring.tolist())) if a != b
    ]
    return ring if len(set(edges)) == len(edges) else None


def _earth_centred(lng: Floats, lat: Floats) -> Floats:
    x, y = np.radians(lng), np.radians(lat)
    normal = 6378137.0 / np.sqrt(1.0 - WGS84.f * (2.0 - WGS84.f) * np.sin(y) ** 2)
    flat = normal * np.cos(y)
    up = normal * (1.0 - WGS84.f) ** 2 * np.sin(y)
    return np.stack((flat * np.cos(x), flat * np.sin(x), up), axis=-1)


def _perhaps_nearest(edges: Floats, lat: float, lng: float) -> np.ndarray[tuple[int], np.dtype]:
    """Numbers of the edges that may be nearest, by straight distances to places along each."""
    at = edges[:, None, 0] + np.linspace(0, 1, 65)[:, None] * (
        edges[:, None, 1] - edges[:, None, 0]
    )
    place = _earth_centred(at[..., 0], at[..., 1])
    here = _earth_centred(np.array(lng), np.array(lat))
    away = np.linalg.norm(place - here, axis=-1).min(axis=1)
    # between two places it is no nearer than by half of what parts them
    between = np.linalg.norm(np.diff(place, axis=1), axis=-1).max(axis=1)
    return np.flatnonzero(away - 0.51 * between <= 1.002 * away.min())


def nearest_m(area: Area, lat: float, lng: float) -> float:
    """Distance to an area's border by geographiclib, edge by edge, by search along each."""

    def away(edge: Floats, t: float) -> float:
        x, y = edge[0] + (edge[1] - edge[0]) * t
        return float(WGS84.Inverse(lat, lng, float(y), float(x))["s12"])

    edges = np.array([pair for ring in area.rings for pair in itertools.pairwise(ring)])
    best = math.inf
    for n in _perhaps_nearest(edges, lat, lng).tolist():
        edge = edges[n]
        samples = np.linspace(0, 1, 33)
        k = int(np.argmin([away(edge, t) for t in samples]))
        low, high = samples[max(k - 1, 0)], samples[min(k + 1, 32)]
        for _ in range(60):
            a, b = low + (high - low) / 3, high - (high - low) / 3
            if away(edge, a) < away(edge, b):
                high = b
            else:
                low = a
        best = min(best, away(edge, (low + high) / 2))
    return best


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_depths_are_geodesics(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # edges of up to a few hundred kilometres: what leaves a chord by kilometres
    lat_0, lng_0 = float(rng.uniform(-85, 85)), float(rng.uniform(-175, 175))
    area = Area(
        (star(rng, lng_0, lat_0, float(10 ** rng.uniform(-2, 1)), int(rng.integers(3, 12))),)
    )
    corner = area.rings[0][0]
    reach = 10 ** rng.uniform(-5, 0.5, 6)
    lat = np.clip(corner[1] + reach * rng.normal(0, 1, 6), -90, 90)
    lng = (corner[0] + reach * rng.normal(0, 1, 6) + 180) % 360 - 180
    index = BorderIndex.build([area])
    found = index.signed_depth(lat, lng, 0)
    inside = table(index, lat, lng)[:, 0]
    for row in range(6):
        want = nearest_m(area, float(lat[row]), float(lng[row]))
        assert abs(found.depth_m[row]) == pytest.approx(want, rel=1e-6, abs=1e-3)
        assert (found.depth_m[row] >= 0) == inside[row]
        to_foot = WGS84.Inverse(
            float(lat[row]), float(lng[row]),
            float(found.foot_lat_deg[row]), float(found.foot_lng_deg[row]),
        )["s12"]  # fmt: skip
        assert to_foot == pytest.approx(want, rel=1e-6, abs=1e-3)


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_depths_of_fine_borders_are_geodesics(seed: int) -> None:
    """Edges of ten metres to some kilometres, as real borders have; positions from near to far."""
    rng = np.random.default_rng(seed)
    lat_0, lng_0 = float(rng.uniform(-80, 80)), float(rng.uniform(-170, 170))
    area = Area((star(rng, lng_0, lat_0, float(10 ** rng.uniform(-2, 0.3)), 250),))
    corner = area.rings[0][rng.integers(0, 250, 4)]
    lng, lat = (corner + 10 ** rng.uniform(-5, -0.5, (4, 1)) * rng.normal(0, 1, (4, 2))).T
    found = BorderIndex.build([area]).signed_depth(lat, lng, 0)
    for row in range(4):
        want = nearest_m(area, float(lat[row]), float(lng[row]))
        assert abs(found.depth_m[row]) == pytest.approx(want, rel=1e-6, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_what_lies_on_an_edge_is_no_depth_away_from_it(seed: int) -> None:
    """Edges of metres to hundreds of kilometres, which leave their chords by up to kilometres."""
    rng = np.random.default_rng(seed)
    lat_0, lng_0 = float(rng.uniform(-85, 85)), float(rng.uniform(-170, 170))
    area = Area((star(rng, lng_0, lat_0, float(10 ** rng.uniform(-3, 0.7)), 40),))
    ring = area.rings[0]
    some = rng.integers(0, 40, 200)
    xy = ring[some] + rng.uniform(0, 1, (200, 1)) * (ring[some + 1] - ring[some])
    found = BorderIndex.build([area]).signed_depth(xy[:, 1], xy[:, 0], 0)
    assert np.abs(found.depth_m).max() < 1e-3


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_the_nearest_of_many_edges_equally_far_is_found(seed: int) -> None:
    """In the middle of a circle nothing can be left out unseen."""
    rng = np.random.default_rng(seed)
    lat_0, lng_0 = float(rng.uniform(-70, 70)), float(rng.uniform(-170, 170))
    reach_m = float(10 ** rng.uniform(3, 4.9))
    turns = np.linspace(0, 360, 300, endpoint=False).tolist()
    corners = [WGS84.Direct(lat_0, lng_0, turn, reach_m) for turn in turns]
    xy = np.array([(each["lon2"], each["lat2"]) for each in corners])
    # one is nearer, by a hundredth
    nearer = int(rng.integers(0, 300))
    there = WGS84.Direct(lat_0, lng_0, turns[nearer], 0.99 * reach_m)
    xy[nearer] = there["lon2"], there["lat2"]
    area = Area((_closed(xy),))
    found = BorderIndex.build([area]).signed_depth([lat_0], [lng_0], 0)
    want = nearest_m(area, lat_0, lng_0)
    assert found.depth_m[0] == pytest.approx(want, rel=1e-6, abs=1e-3)
    assert int(found.edge[0]) in (nearer, (nearer - 1) % 300)


@settings(max_examples=10, deadline=None)
@given(seeds, st.floats(2, 6))
def test_near_is_every_depth_within_the_limit(seed: int, digits: float) -> None:
    rng = np.random.default_rng(seed)
    areas = world(rng, 12)
    index = BorderIndex.build(areas)
    lat, lng = places(rng, areas, 40)
    limit = 10.0**digits
    found = index.near(lat, lng, limit)
    want = np.column_stack(
        [index.signed_depth(lat, lng, area, limit).depth_m for area in range(len(areas))]
    )
    row, area = np.nonzero(np.isfinite(want))
    assert found.row.tolist() == row.tolist()
    assert found.area.tolist() == area.tolist()
    assert found.depth_m.tolist() == want[row, area].tolist()


def by_pair(found: Crossings) -> dict[tuple[int, int], list[tuple[float, int]]]:
    grouped = defaultdict(list)
    columns = (found.row, found.area, found.fraction, found.into)
    for row, area, at, into in zip(*(each.tolist() for each in columns), strict=True):
        grouped[row, area].append((at, into))
    return grouped


def check_alternation(index: BorderIndex, start: Floats, end: Floats, found: Crossings) -> None:
    """What is crossed leads from the sets at the start to those at the end."""
    before, after = table(index, start[:, 1], start[:, 0]), table(index, end[:, 1], end[:, 0])
    pairs = by_pair(found)
    for row, area in itertools.product(range(len(start)), range(index.areas)):
        inside = bool(before[row, area])
        last = 0.0
        for at, into in pairs.get((row, area), []):
            assert into != inside, (row, area)
            assert last <= at <= 1.0
            inside, last = bool(into), at
        assert inside == after[row, area], (row, area, pairs.get((row, area)))


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_crossings_are_those_of_geos(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = world(rng, 12)
    index = BorderIndex.build(areas)
    lat, lng = places(rng, areas, 150)
    start = np.column_stack((lng, lat))
    end = start + rng.normal(0, 1, start.shape) * 10 ** rng.uniform(-4, 1, (len(start), 1))
    keep = (np.abs(end[:, 0]) < 179.9) & (np.abs(start[:, 0]) < 179.9) & (np.abs(end[:, 1]) < 89.9)
    start, end = start[keep], end[keep]
    found = index.crossings(start[:, 1], start[:, 0], end[:, 1], end[:, 0])
    check_alternation(index, start, end, found)
    pairs = by_pair(found)
    lines = shapely.linestrings(np.stack((start, end), axis=1))
    length = shapely.length(lines)
    for number, area in enumerate(areas):
        shape = polygon_of(area)
        inside = shapely.length(shapely.intersection(shape, lines))
        for row in range(len(start)):
            marks = [0.0] if geos_says(area, start[row, 1:], start[row, :1])[0] else []
            marks += [at for at, _ in pairs.get((row, number), [])]
            marks += [1.0] if len(marks) % 2 else []
            ours = sum(b - a for a, b in zip(marks[::2], marks[1::2], strict=True))
            assert ours * length[row] == pytest.approx(inside[row], abs=1e-9), (row, number)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_crossings_agree_with_claims_where_everything_is_in_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = [
        Area((_closed(rng.integers(-4, 5, (int(rng.integers(3, 7)), 2)) / 4.0 + 7.0),))
        for _ in range(5)
    ]
    index = BorderIndex.build(areas)
    start, end = (rng.integers(-9, 10, (2, 120, 2)) / 8.0 + 7.0).astype(np.float64)
    check_alternation(
        index, start, end, index.crossings(start[:, 1], start[:, 0], end[:, 1], end[:, 0])
    )


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_crossings_agree_with_claims_over_the_date_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = world(rng, 12)
    index = BorderIndex.build(areas)
    start = np.column_stack((rng.uniform(150, 210, 200), rng.uniform(-80, 80, 200)))
    end = start + rng.normal(0, 10, start.shape)
    end[:, 1] = np.clip(end[:, 1], -89, 89)
    start[:, 0], end[:, 0] = (start[:, 0] + 180) % 360 - 180, (end[:, 0] + 180) % 360 - 180
    start[:20, 0] = rng.choice([-180.0, 180.0], 20)
    end[20:40, 0] = rng.choice([-180.0, 180.0], 20)
    check_alternation(
        index, start, end, index.crossings(start[:, 1], start[:, 0], end[:, 1], end[:, 0])
    )


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_an_answer_does_not_depend_on_what_is_asked_with_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = world(rng, 10)
    index = BorderIndex.build(areas)
    lat, lng = places(rng, areas, 60)
    sets = [index.sets[number] for number in index.claimants(lat, lng).tolist()]
    depths = index.signed_depth(lat, lng, 0).depth_m.tolist()
    for row in range(0, len(lat), 7):
        one = slice(row, row + 1)
        assert index.sets[index.claimants(lat[one], lng[one])[0]] == sets[row]
        assert index.signed_depth(lat[one], lng[one], 0).depth_m.tolist() == depths[row : row + 1]
