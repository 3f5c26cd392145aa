"""Absurd statements explain nothing away, and leave no figure without bounds."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.watched import boundary, box, claimed, flight, watched

from detente.watch import CrossingMonitor, CrossingRules, Grade, Tracks
from detente.watch.tracks_belief import FARTHEST_M, believed

CLAIMS = claimed(boundary("A", box(46.0, 7.0, 47.0, 8.0)))
NORTH = [(i * 10.0, 45.9 + 0.02 * (i + 40 * (i > 8)), 7.5) for i in range(16)]
"""At 222 m/s, but for 89 km within ten seconds."""


@pytest.mark.parametrize("speed", [1e30, float("inf"), 1e308, -1e30])
def test_no_stated_speed_explains_a_jump(speed: float) -> None:
    reports = flight(NORTH, speed_m_s=speed, track_deg=0.0)
    plain = watched(CrossingMonitor(CLAIMS, CrossingRules(look_ahead_s=0.0)), [flight(NORTH)])
    told = watched(CrossingMonitor(CLAIMS, CrossingRules(look_ahead_s=0.0)), [reports])
    assert told == plain
    assert all(each.grade is not Grade.SHOWN for each in told.values())


@pytest.mark.parametrize("radius", [float("inf"), 1e308, -5.0])
def test_every_figure_has_bounds_however_large_the_radius(radius: float) -> None:
    steady = [(i * 10.0, 45.9 + 0.02 * i, 7.5) for i in range(16)]
    told = watched(
        CrossingMonitor(CLAIMS, CrossingRules(look_ahead_s=0.0)),
        [flight(steady, radius_m=radius, altitude_m=1e300)],
    )
    assert told
    for event in told.values():
        assert event.grade is Grade.CANNOT_BE_TOLD
        for each in (event.depth_nearest_m, event.length_m, event.duration_s):
            assert each is not None
            assert each.low <= each.value <= each.high


def test_what_can_be_meant_is_not_copied() -> None:
    reports = flight(NORTH, speed_m_s=222.0, track_deg=360.0)
    assert believed(reports) is reports
    absurd = believed(flight(NORTH, speed_m_s=1e30, radius_m=-1.0))
    assert np.isnan(absurd.speed_m_s).all()
    assert (absurd.horizontal_m == FARTHEST_M).all()
    assert len(Tracks().take(absurd).reports) == len(NORTH)
