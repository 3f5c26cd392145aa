"""Crossings do not depend on how the input was cut, and agree with what shapely makes of tracks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from tests.support.watched import boundary, claimed, flight, ring, watched

from detente.feeds import Reports, joined
from detente.watch import CrossingMonitor, CrossingRules, Event

GEOD = Geod(ellps="WGS84")
ALL = CrossingRules()
APART = CrossingRules(look_ahead_s=0.0, merge_s=0.0)
"""Nothing is merged and nothing predicted, so that each passage is one piece of line."""

CLAIMS = claimed(
    boundary("A", ring((46.0, 7.0), (46.0, 7.2), (46.13, 7.25), (46.06, 7.1), (46.12, 7.02))),
    boundary("B", ring((46.03, 6.95), (46.0, 7.12), (46.09, 7.17), (46.1, 7.0))),
)


def wandering(seed: int, aircraft: int, reports: int) -> list[Reports]:
    """Aircraft that fly about at 100 m/s, told every few seconds, with an error now and then."""
    rng = np.random.default_rng(seed)
    tracks = []
    for number in range(aircraft):
        lat, lng = 46.05 + rng.normal(0, 0.03), 7.1 + rng.normal(0, 0.03)
        course, at = rng.uniform(0, 360), 0.0
        points, courses = [], []
        for _ in range(reports):
            gap = float(rng.choice([1, 5, 10, 30], p=[0.5, 0.3, 0.15, 0.05]))
            if rng.random() < 0.01:
                gap = 400.0
            course += rng.normal(0, 3) * gap
            lng, lat, _ = GEOD.fwd(lng, lat, course, 100.0 * min(gap, 30.0))
            at += gap
            off = rng.random() < 0.01
            points.append((at, lat + 0.7 * off, lng))
            courses.append(course % 360)
        tracks.append(
            flight(
                points,
                aircraft=f"3c{number:04x}",
                radius_m=float(rng.choice([10.0, 185.2])),
                speed_m_s=100.0,
                courses_deg=courses,
            )
        )
    return tracks


def in_time(tracks: list[Reports]) -> Reports:
    whole = joined(tracks)
    return whole.take(np.argsort(whole.time_us, kind="stable"))


def cut(whole: Reports, at: list[int]) -> list[Reports]:
    edges = [0, *sorted(at), len(whole)]
    return [whole.take(slice(a, b)) for a, b in pairwise(edges)]


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_any_cut_gives_the_same_events(seed: int, data: st.DataObject) -> None:
    whole = in_time(wandering(seed, 4, 60))
    at = data.draw(st.lists(st.integers(0, len(whole)), max_size=12))
    once = watched(CrossingMonitor(CLAIMS, ALL), [whole])
    pieces = watched(CrossingMonitor(CLAIMS, ALL), cut(whole, at))
    single = watched(CrossingMonitor(CLAIMS, ALL), cut(whole, list(range(len(whole)))))
    assert pieces == once
    assert single == once


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_aircraft_do_not_matter_to_each_other(seed: int) -> None:
    tracks = wandering(seed, 3, 60)
    together = watched(CrossingMonitor(CLAIMS, ALL), [in_time(tracks)])
    apart: dict[str, Event] = {}
    for each in tracks:
        apart |= watched(CrossingMonitor(CLAIMS, ALL), [each])
    assert together == apart


Points = npt.NDArray[np.float64]


def smooth(seed: int) -> Points:
    """A track without errors: seconds, latitude, longitude."""
    rng = np.random.default_rng(seed)
    lat, lng, course = 46.05 + rng.normal(0, 0.03), 7.1 + rng.normal(0, 0.03), rng.uniform(0, 360)
    points = []
    for i in range(80):
        points.append((5.0 * i, lat, lng))
        course += rng.normal(0, 15)
        lng, lat, _ = GEOD.fwd(lng, lat, course, 500.0)
    return np.array(points)


def deepest_m(piece: shapely.LineString, border: shapely.LinearRing) -> float:
    """The depth of a piece of line, by brute force: many points, each to the nearest of many."""
    on = shapely.segmentize(border, 1e-4)
    edge = shapely.get_coordinates(on)
    best = 0.0
    for place in shapely.get_coordinates(shapely.segmentize(piece, 2e-4)):
        east = (edge[:, 0] - place[0]) * 111_320 * math.cos(math.radians(place[1]))
        north = (edge[:, 1] - place[1]) * 111_150
        best = max(best, float(np.hypot(east, north).min()))
    return best


@settings(max_examples=25)
@given(seed=st.integers(0, 100_000))
def test_shapely_cuts_the_track_into_the_same_pieces(seed: int) -> None:
    points = smooth(seed)
    line = shapely.LineString(points[:, [2, 1]])
    events = watched(CrossingMonitor(CLAIMS, APART), [flight([tuple(p) for p in points])])
    for each in CLAIMS.boundaries:
        (outline,) = each.polygons[0]
        inside = shapely.intersection(line, shapely.Polygon(outline))
        pieces = [p for p in shapely.get_parts(shapely.line_merge(inside)) if p.length > 1e-9]
        begins, ends = shapely.Point(line.coords[0]), shapely.Point(line.coords[-1])
        area = shapely.Polygon(outline)
        found = [e for e in events.values() if e.boundary == each.id]
        whole_inside = len(pieces) == 1 and area.contains(begins) and area.contains(ends)
        if not line.is_simple:
            # shapely cuts a line that meets itself into more pieces; their length is the same
            pieces = [inside]
        elif not whole_inside:
            assert len(found) == len(pieces)
        length = sum(GEOD.geometry_length(p) for p in shapely.get_parts(inside))
        told = sum(e.length_m.value for e in found if e.length_m is not None)
        if not whole_inside:
            assert math.isclose(told, length, rel_tol=1e-4, abs_tol=0.5)
        for event in found:
            for border in (event.entry, event.exit):
                if border is not None:
                    place = shapely.Point(border.lng_deg, border.lat_deg)
                    assert shapely.distance(place, area.exterior) < 1e-7
        if found and line.is_simple and not whole_inside:
            depths = sorted(e.depth_nearest_m.value for e in found if e.depth_nearest_m is not None)
            brute = sorted(deepest_m(piece, area.exterior) for piece in pieces)
            assert np.allclose(depths, brute, atol=25.0, rtol=5e-3)
