"""What an exchange is asked for: few hulls around a long flight, none of them too large."""

from __future__ import annotations

import pytest

from detente.geo import Circle, Polygon, Volume4D, VolumeLimits, conflicting_pairs, validate_volume
from detente.planning.filing import query_areas

START_US = 1_795_000_000_000_000


def legs(count: int, *, km: float = 30.0) -> list[Volume4D]:
    """A flight to the east and north, one box a leg."""
    step = km / 111.0
    found = []
    for number in range(count):
        # A leg is 4 km wide; the way bends a little.
        lat, lng = 46.0 + (number % 5) * 0.02, 7.0 + number * step
        ring = ((lat, lng), (lat, lng + step), (lat + 0.036, lng + step), (lat + 0.036, lng))
        start_us = START_US + number * 120_000_000
        found.append(Volume4D(Polygon(ring), 3000.0, 3300.0, start_us, start_us + 240_000_000))
    return found


@pytest.mark.parametrize("count", [1, 2, 5, 12, 40])
def test_every_volume_lies_in_what_is_asked_for_and_nothing_is_too_large(count: int) -> None:
    volumes = legs(count)
    areas = query_areas(volumes, 2_500.0)
    assert len(areas) <= max(1, count // 2 + 1)
    for area in areas:
        validate_volume(area, VolumeLimits(max_area_km2=2_500.0))
    met = set(conflicting_pairs(volumes, areas)[0].tolist())
    assert met == set(range(count))
    starts = [each.time_start_us for each in areas if each.time_start_us is not None]
    ends = [each.time_end_us for each in areas if each.time_end_us is not None]
    assert (min(starts), max(ends)) == (volumes[0].time_start_us, volumes[-1].time_end_us)


def test_what_is_small_is_asked_for_at_once_and_what_is_alone_as_it_is() -> None:
    assert len(query_areas(legs(3, km=2.0), 2_500.0)) == 1
    circle = Volume4D(Circle(46.0, 7.0, 20_000.0), 0.0, 100.0, START_US, START_US + 1)
    assert query_areas([circle], 2_500.0) == (circle,)
    assert query_areas([], 2_500.0) == ()
    far = [circle, Volume4D(Circle(47.5, 9.0, 20_000.0), 0.0, 100.0, START_US, START_US + 1)]
    assert query_areas(far, 2_500.0) == tuple(far)
