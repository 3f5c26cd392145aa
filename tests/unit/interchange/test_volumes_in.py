"""From what was understood to volumes: nothing is filled in that was not given."""

from dataclasses import replace

import pytest

from detente.geo import Circle, Volume4D, VolumeLimits, conflicts
from detente.interchange import (
    Altimetry,
    Converted,
    Level,
    Piece,
    Room,
    Route,
    RoutePoint,
    Span,
    Understood,
    altimetry_from,
    to_volumes,
)

W84 = Level(100, "m", "W84", 2)
HIGH = Level(200, "m", "W84", 3)
T0 = 1_777_626_000_000_000
HOUR = 3_600_000_000
PIECE = Piece("A", "R", Circle(46.5, 6.5, 500.0), W84, HIGH, (Span(T0, T0 + HOUR, 4),), 1, 5)
ROOM = Room(200.0, 30.0, 60.0)


def route(*times: int | None, level: Level = W84, span: Span | None = None) -> Route:
    points = tuple(
        RoutePoint(time, 46.5, 6.5 + k * 0.02, level, 10 + k) for k, time in enumerate(times)
    )
    return Route("R", "", points, span, 10, 10 + len(points))


def converted(*parts: Piece | Route, **given: object) -> Converted:
    pieces = tuple(part for part in parts if isinstance(part, Piece))
    routes = tuple(part for part in parts if isinstance(part, Route))
    altimetry = given.pop("altimetry", Altimetry())
    assert isinstance(altimetry, Altimetry)
    return to_volumes(Understood("f", "x", pieces, routes), altimetry, **given)  # type: ignore[arg-type]


def test_a_piece_with_all_its_bounds_is_a_volume() -> None:
    found = converted(PIECE)
    assert found.volumes == (Volume4D(PIECE.outline, 100, 200, T0, T0 + HOUR),)
    assert (found.parts[0].name, found.parts[0].line) == ("A", 1)
    assert found.problems == ()


def test_limits_are_taken_outwards() -> None:
    piece = replace(PIECE, lower=Level(1000, "ft", "AMSL"), upper=Level(95, "FL", "STD"))
    found = converted(
        piece,
        altimetry=altimetry_from(geoid="47..48 m", pressure="990..1030 hPa, -15..+15 C"),
    )
    (volume,), (part,) = found.volumes, found.parts
    assert volume.altitude_lower_m == part.lower.low_m == pytest.approx(351.8)
    assert part.lower.high_m == pytest.approx(352.8)
    assert volume.altitude_upper_m == part.upper.high_m
    assert part.upper.high_m - part.upper.low_m > 400
    assert len(found.assumptions) == 2


@pytest.mark.parametrize(
    ("piece", "line", "message"),
    [
        (replace(PIECE, lower=None), 1, "No lower limit"),
        (replace(PIECE, upper=None), 1, "No upper limit"),
        (replace(PIECE, upper=Level(1, "ft", "AMSL", 7)), 7, "mean sea level"),
        (replace(PIECE, lower=HIGH, upper=W84), 1, "lies above the upper one"),
        (replace(PIECE, spans=()), 1, "not said when it begins"),
        (replace(PIECE, spans=(Span(T0, None, 6),)), 6, "not said when it ends"),
        (replace(PIECE, spans=(Span(T0 + 1, T0, 6),)), 1, "end before they begin"),
        (replace(PIECE, outline=Circle(46.5, 6.5, 50_000.0)), 1, "limit is 2,500 km²"),
    ],
)
def test_what_is_missing_is_named_and_the_rest_converted(
    piece: Piece, line: int, message: str
) -> None:
    found = converted(piece, replace(PIECE, name="B"))
    assert [part.name for part in found.parts] == ["B"]
    (problem,) = found.problems
    assert problem.line == line
    assert problem.part == "A"
    assert message in problem.message.en


def test_defaults_fill_only_what_is_missing() -> None:
    found = converted(
        replace(PIECE, lower=None), lower=Level(0, "m", "SFC"), upper=Level(0, "m", "UNL")
    )
    assert found.volumes[0].altitude_lower_m == -500
    assert found.volumes[0].altitude_upper_m == 200


def test_a_window_gives_times_and_cuts_them() -> None:
    window = Span(T0 + HOUR // 2, T0 + 2 * HOUR)
    timeless = replace(PIECE, spans=())
    several = replace(PIECE, spans=(Span(T0 - HOUR, T0), Span(T0, T0 + HOUR), Span(T0, None)))
    found = converted(timeless, several, window=window)
    assert [(v.time_start_us, v.time_end_us) for v in found.volumes] == [
        (T0 + HOUR // 2, T0 + 2 * HOUR),
        (T0 + HOUR // 2, T0 + HOUR),
        (T0 + HOUR // 2, T0 + 2 * HOUR),
    ]


def test_wider_limits_of_area_can_be_given() -> None:
    piece = replace(PIECE, outline=Circle(46.5, 6.5, 50_000.0))
    assert converted(piece, limits=VolumeLimits(max_area_km2=10_000)).problems == ()


def test_a_timed_route_becomes_a_corridor_with_its_track() -> None:
    found = converted(route(T0, T0 + 60_000_000, T0 + 120_000_000), room=ROOM)
    assert len(found.track) == 3
    assert found.track[0] == (T0, 46.5, 6.5, 100.0)
    for time_us, lat, lng, altitude in found.track:
        here = Volume4D(Circle(lat, lng, 1.0), altitude, altitude, time_us, time_us)
        assert conflicts([here], found.volumes)
    lower = [volume.altitude_lower_m for volume in found.volumes]
    assert max(level for level in lower if level is not None) <= 70


def test_what_heights_may_mean_is_added_to_a_corridors_room() -> None:
    found = converted(
        route(T0, T0 + 60_000_000, level=Level(100, "m", "AMSL")),
        room=ROOM,
        altimetry=altimetry_from(geoid="40..60 m"),
    )
    assert found.track[0][3] == 150
    assert found.volumes[0].altitude_lower_m == 110
    assert found.volumes[0].altitude_upper_m == 190


def test_a_line_with_only_a_span_claims_each_leg_for_all_of_it() -> None:
    found = converted(route(None, None, None, span=Span(T0, T0 + HOUR)), room=ROOM)
    assert len(found.volumes) == 2
    assert {(v.time_start_us, v.time_end_us) for v in found.volumes} == {
        (T0 - 60_000_000, T0 + HOUR + 60_000_000)
    }
    assert found.track == ()


def test_a_width_in_the_file_goes_before_the_one_given() -> None:
    line = replace(route(None, None, span=Span(T0, T0 + HOUR)), half_width_m=1_000.0)
    wide, narrow = (
        converted(line, room=ROOM),
        converted(replace(line, half_width_m=None), room=ROOM),
    )
    outer = Volume4D(Circle(46.508, 6.51, 1.0), 100, 100, T0, T0)
    assert conflicts([outer], wide.volumes)
    assert not conflicts([outer], narrow.volumes)


def test_a_route_needs_room() -> None:
    for found in (converted(route(T0, T0 + 1)), converted(route(None, None))):
        assert found.volumes == ()
        assert "How much room" in found.problems[0].message.en


def test_a_corridor_that_cannot_be_is_named() -> None:
    found = converted(route(T0, T0 + HOUR), room=Room(0.1, 0.0, 0.0))
    assert "half-width" in found.problems[0].message.en
