"""How far a footprint reaches."""

from __future__ import annotations

import pytest
from geographiclib.geodesic import Geodesic

from detente.geo import Circle, Extent, Volume4D, extent_of, within_span


def two_circles(lat_deg: float, lng_deg: float, azimuth_deg: float, apart_m: float) -> Extent:
    end = Geodesic.WGS84.Direct(lat_deg, lng_deg, azimuth_deg, apart_m)
    return extent_of(
        [
            Volume4D(Circle(lat_deg, lng_deg, 1.0)),
            Volume4D(Circle(end["lat2"], end["lon2"], 1.0)),
        ]
    )


@pytest.mark.parametrize("lat_deg", [-89.0, -45.0, 0.0, 60.0, 89.9])
@pytest.mark.parametrize("lng_deg", [0.0, 179.9])
@pytest.mark.parametrize("azimuth_deg", [0.0, 45.0, 90.0, 200.0])
@pytest.mark.parametrize("apart_m", [1_000.0, 100_000.0, 3_000_000.0])
def test_a_footprint_is_as_wide_as_the_farthest_of_its_points(
    lat_deg: float, lng_deg: float, azimuth_deg: float, apart_m: float
) -> None:
    extent = two_circles(lat_deg, lng_deg, azimuth_deg, apart_m)
    assert within_span(extent, 1.02 * apart_m + 10)
    assert not within_span(extent, 0.98 * apart_m - 10)


def test_what_covers_the_earth_is_within_no_span() -> None:
    extent = extent_of([Volume4D(Circle(0.0, 0.0, 1.0)), Volume4D(Circle(0.0, 179.0, 1.0))])
    assert extent.hull == ()
    assert not within_span(extent, 1e9)
