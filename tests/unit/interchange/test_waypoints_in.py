"""Waypoints with times as CSV."""

import pytest

from detente.interchange import Defaults, Level, LevelDefaults, Understood, Unreadable, read

CSV = """flight_id,time,latitude,longitude,altitude_ft_amsl
A1,2026-05-01T09:00:00Z,46.0,6.0,1500
A1,2026-05-01T09:05:00Z,46.1,6.1,1600
B2,2026-05-01T09:00:00Z,46.0,7.0,2000
A1,2026-05-01T09:10:00Z,46.2,6.2,1500
B2,2026-05-01T09:10:00Z,46.1,7.0,2000
"""


def waypoints(text: str, defaults: Defaults | None = None) -> Understood:
    return read(text.encode(), "a.csv", defaults=defaults or Defaults())


def test_one_route_a_flight_with_the_line_of_each_point() -> None:
    found = waypoints(CSV)
    first, second = found.routes
    assert (first.name, second.name) == ("A1", "B2")
    assert [point.line for point in first.points] == [2, 3, 5]
    assert first.points[0].level == Level(1500, "ft", "AMSL", 2)
    assert (first.points[2].lat_deg, first.points[2].lng_deg) == (46.2, 6.2)
    assert first.timed
    assert found.whole


@pytest.mark.parametrize(
    ("head", "row", "level"),
    [
        ("altitude_m_w84", "120.5", Level(120.5, "m", "W84", 2)),
        ("flight_level", "95", Level(95, "FL", "STD", 2)),
        ("flight_level", "FL095", Level(95, "FL", "STD", 2)),
        ("altitude", "4500 ft AMSL", Level(4500, "ft", "AMSL", 2)),
        ("altitude_m_agl", "100", Level(100, "m", "AGL", 2)),
    ],
)
def test_heights_of_any_column(head: str, row: str, level: Level) -> None:
    text = f"time;position;{head}\n" + "".join(
        f"2026-05-01T09:0{k}:00Z;53:40:30 N 006:30:0{k} E;{row}\n" for k in range(2)
    )
    route = waypoints(text).routes[0]
    assert route.points[0].level == level
    assert route.points[0].lat_deg == 53.675
    assert route.name == "a.csv"


def test_a_quoted_cell_over_several_lines_keeps_the_lines_right() -> None:
    text = CSV.replace("A1,2026-05-01T09:00", '"A\n1",2026-05-01T09:00')
    found = waypoints(text.replace("B2", "A1"))
    assert [problem.line for problem in found.problems] == [3, 5, 7]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("09:05:00Z", "09:05:00", 3, "with a zone"),
        ("46.1,6.1", "146.1,6.1", 3, "beyond 90 degrees"),
        ("46.1,6.1", "nan,6.1", 3, "not a number"),
        ("46.1,6.1", ",6.1", 3, "not a number"),
        (",1600", ",high", 3, "not a height"),
        (",1600", "", 3, "not a height"),
        ("2026-05-01T09:10:00Z,46.2", "2026-05-01T09:05:00Z,46.2", 5, "not after"),
    ],
)
def test_a_row_that_cannot_be_read_takes_its_route_with_it(
    old: str, new: str, line: int, message: str
) -> None:
    found = waypoints(CSV.replace(old, new, 1))
    assert [route.name for route in found.routes] == ["B2"]
    assert [problem.line for problem in found.problems] == [line]
    assert message in found.problems[0].message.en
    assert found.problems[0].part == "A1"


def test_one_point_is_no_route() -> None:
    found = waypoints(CSV.replace("B2,2026-05-01T09:10", "C3,2026-05-01T09:10"))
    assert [problem.part for problem in found.problems] == ["B2", "C3"]


def test_bare_heights_are_what_whoever_imports_says() -> None:
    text = CSV.replace("altitude_ft_amsl", "altitude")
    assert len(waypoints(text).problems) == 5
    said = waypoints(text, Defaults(LevelDefaults("ft", "AMSL")))
    assert said.routes == waypoints(CSV).routes


@pytest.mark.parametrize(
    "head",
    [
        "",
        "time,latitude,longitude",
        "time,latitude,altitude",
        "latitude,longitude,altitude",
        "time,lat,latitude,longitude,altitude",
        "time,latitude,longitude,altitude,height",
    ],
)
def test_columns_that_are_missing_or_doubled_are_named(head: str) -> None:
    with pytest.raises(Unreadable, match="column"):
        waypoints(f"{head}\n1,2,3,4,5\n")


def test_a_cell_without_end_is_no_csv() -> None:
    with pytest.raises(Unreadable, match="CSV"):
        waypoints(CSV + '"' + "x" * 200_000)
