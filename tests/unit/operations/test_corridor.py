"""A corridor contains its track with all its buffers, in volumes that an exchange accepts."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from tests.unit.operations.flights_made import START_US, straight

from detente.geo import Circle, Polygon, Volume4D, VolumeLimits, conflicts, validate_volume
from detente.operations import Corridor, CorridorError, Track, corridor_volumes, parse_corridor

WGS84: Any = Geodesic.WGS84


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    """Walks from anywhere: turns, climbs, hovering, gaps, at speeds from a drone's to a jet's."""
    lat, lng = draw(st.floats(-89.99, 89.99)), draw(st.floats(-180, 180))
    steps = draw(
        st.lists(
            st.tuples(
                st.floats(0.5, 400),  # seconds
                st.floats(0, 300),  # m/s
                st.floats(-90, 90),  # turn
                st.floats(-15, 15),  # climb m/s
            ),
            min_size=1,
            max_size=25,
        )
    )
    rows = [(START_US, lat, lng, 2000.0)]
    heading = 0.0
    for seconds, speed, turn, climb in steps:
        time_us, lat, lng, altitude = rows[-1]
        heading += turn
        moved = WGS84.Direct(lat, lng, heading, speed * seconds)
        rows.append(
            (
                time_us + int(seconds * 1e6),
                float(moved["lat2"]),
                float(moved["lon2"]),
                altitude + climb * seconds,
            )
        )
    columns = list(zip(*rows, strict=True))
    return Track(np.array(columns[0], np.int64), *(np.array(c) for c in columns[1:]))


corridors = st.builds(
    Corridor, st.sampled_from([5.0, 100.0, 1852.0, 9260.0]), st.floats(0, 500), st.floats(0, 300)
)


@given(tracks(), corridors, st.data())
def test_every_moment_of_the_flight_is_inside_with_its_buffers(
    track: Track, corridor: Corridor, data: st.DataObject
) -> None:
    volumes = corridor_volumes(track, corridor)
    leg = data.draw(st.integers(0, len(track) - 2))
    part = data.draw(st.floats(0, 1))
    span_us = int(track.time_us[leg + 1] - track.time_us[leg])
    line = WGS84.InverseLine(
        track.lat_deg[leg], track.lng_deg[leg], track.lat_deg[leg + 1], track.lng_deg[leg + 1]
    )
    at = line.Position(line.s13 * part)
    time_us = int(track.time_us[leg]) + int(span_us * part)
    altitude = float(
        track.altitude_m[leg] + part * (track.altitude_m[leg + 1] - track.altitude_m[leg])
    )
    now = [
        v
        for v in volumes
        if v.time_start_us is not None
        and v.time_end_us is not None
        and v.time_start_us + int(corridor.time_s * 1e6) <= time_us + 1_000_000
        and v.time_end_us - int(corridor.time_s * 1e6) >= time_us - 1_000_000
    ]
    azimuth = data.draw(st.floats(0, 360))
    edge = WGS84.Direct(at["lat2"], at["lon2"], azimuth, corridor.half_width_m)
    for lat, lng in ((at["lat2"], at["lon2"]), (edge["lat2"], edge["lon2"])):
        for height in (altitude - corridor.vertical_m, altitude + corridor.vertical_m):
            point = Volume4D(Circle(float(lat), float(lng), 0.001), height, height)
            assert conflicts(now, [point]), (lat, lng, height)


@given(tracks(), corridors)
def test_volumes_are_valid_and_leave_no_hole_in_time(track: Track, corridor: Corridor) -> None:
    volumes = corridor_volumes(track, corridor)
    slack_us = int(corridor.time_s * 1e6)
    for volume in volumes:
        assert isinstance(volume.outline, Polygon)
        validate_volume(
            Volume4D(volume.outline, 0, 1, volume.time_start_us, volume.time_end_us),
            VolumeLimits(),
        )
    starts = [v.time_start_us or 0 for v in volumes]
    ends = [v.time_end_us or 0 for v in volumes]
    assert starts[0] <= track.time_us[0] - slack_us
    assert ends[-1] >= track.time_us[-1] + slack_us
    for end, start in zip(ends[:-1], starts[1:], strict=True):
        assert end - slack_us >= start + slack_us - 2


def test_a_long_straight_flight_needs_few_volumes() -> None:
    volumes = corridor_volumes(straight(seconds=1200, points=121), Corridor(1852, 152.4, 60))
    assert len(volumes) == 10
    assert all(isinstance(v.outline, Polygon) and len(v.outline.vertices) < 30 for v in volumes)


def test_a_climb_is_cut_by_altitude() -> None:
    volumes = corridor_volumes(straight(climb_m=3000, seconds=300), Corridor(1852, 100, 0))
    spans = [(v.altitude_upper_m or 0) - (v.altitude_lower_m or 0) for v in volumes]
    assert max(spans) <= 300 + 200 + 0.1
    assert len(volumes) >= 10


def test_a_single_point_is_a_disc() -> None:
    [volume] = corridor_volumes(straight(points=1), Corridor(100, 10, 5))
    assert volume.time_end_us is not None
    assert volume.time_start_us is not None
    assert volume.time_end_us - volume.time_start_us == 10_000_000


def test_reading_a_corridor() -> None:
    assert parse_corridor("1NM,500ft,60s") == Corridor(1852.0, 152.4, 60.0)
    assert parse_corridor(" 200 m , 50 m , 2min ") == Corridor(200.0, 50.0, 120.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1NM,500ft", "not three"),
        ("1 mile,500ft,60s", "nautical miles"),
        ("1NM,FL100,60s", "a level"),
        ("1NM,500ft,60", "60s, 2min or 1h"),
        ("30km,500ft,60s", "1 to 20,000 m"),
    ],
)
def test_an_unclear_corridor_is_refused(text: str, told: str) -> None:
    with pytest.raises(CorridorError) as caught:
        parse_corridor(text)
    assert told in str(caught.value)
