"""Lists laid out in one go are as if each had been laid out for itself."""

from __future__ import annotations

import numpy as np
import pytest

from detente.geo import Circle, Polygon, Prepared, Volume4D, conflicts, prepare
from detente.geo.prepared import OutlineTooLarge


def around(lat: float, lng: float, corners: int) -> Volume4D:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    ring = [(lat + 0.01 * np.sin(t), lng + 0.01 * np.cos(t)) for t in turns]
    outline = Polygon(tuple((float(a), float(b)) for a, b in ring))
    return Volume4D(
        outline, altitude_lower_m=0.0, altitude_upper_m=100.0, time_start_us=0, time_end_us=10
    )


LISTS = [
    [around(46.0, 7.0, 5), Volume4D(Circle(46.0, 7.01, 300.0))],
    [],
    [Volume4D(Circle(46.001, 7.0, 50.0), altitude_upper_m=50.0, time_end_us=5)],
    [around(46.005, 7.0, 3), around(46.0, 7.005, 40), around(-10.0, 179.99, 4)],
]


def test_lists_laid_out_in_one_go_are_as_if_laid_out_apart() -> None:
    parts = Prepared.apart(LISTS)
    assert len(parts) == len(LISTS)
    for part, volumes in zip(parts, LISTS, strict=True):
        alone = prepare(volumes)
        assert part.volumes == alone.volumes
        for name in ("first", "count", "lat_deg", "vertices_m", "ball_m", "ball_radius_m", "tile"):
            assert np.array_equal(getattr(part, name), getattr(alone, name)), name
        assert part.time_order.tolist() == alone.time_order.tolist()
        for other in LISTS:
            assert conflicts(part, other) == conflicts(alone, other)
            assert conflicts(other, part) == conflicts(other, alone)
    whole = prepare([each for volumes in LISTS for each in volumes])
    assert conflicts(Prepared.joined(parts), whole) == conflicts(whole, whole)


def test_nothing_is_laid_out_as_nothing() -> None:
    assert Prepared.apart([]) == []
    assert [len(each) for each in Prepared.apart([[], []])] == [0, 0]


def test_one_that_reaches_too_far_is_told() -> None:
    with pytest.raises(OutlineTooLarge):
        Prepared.apart([LISTS[0], [Volume4D(Circle(0.0, 0.0, 6e6))]])
