"""Comparing flights: what is found, why, and how it is told."""

from __future__ import annotations

import io
import json

from rich.console import Console
from tests.unit.operations.flights_made import box, flight, straight

from detente.operations import (
    CheckResult,
    Flight,
    check,
    conflict_table,
    result_document,
    result_geojson,
)


def crossing(altitude_m: float, name: str = "CROSS", start_s: float = 0.0) -> Flight:
    return flight(
        name,
        "Party B",
        straight(45.75, 7.25, north_deg=0.5, east_deg=0, altitude_m=altitude_m, start_s=start_s),
    )


def mine() -> Flight:
    return flight("MINE", "Party A", straight())


def test_aircraft_that_come_close() -> None:
    result = check([mine()], [crossing(3100)])
    [conflict] = result.conflicts
    assert conflict.cause == "closeness"
    assert conflict.horizontal_m < 100
    assert round(conflict.vertical_m) == 100
    assert "come close" in conflict.reason_en
    assert "se rapprochent" in conflict.reason_fr
    assert conflict.encounters[0].first < len(conflict.own.volumes)


def test_aircraft_of_which_only_the_corridors_overlap() -> None:
    result = check([mine()], [crossing(3000, start_s=150)])
    [conflict] = result.conflicts
    assert conflict.cause == "width"
    assert "Only the corridors overlap" in conflict.reason_en
    assert "Seuls les couloirs" in conflict.reason_fr


def test_a_level_apart_is_said_to_be_one() -> None:
    [conflict] = check([mine()], [crossing(3000 + 975 * 0.3048)]).conflicts
    assert conflict.cause == "closeness"
    assert "between flight levels" in conflict.reason_en
    assert "niveaux de vol" in conflict.reason_fr


def test_without_tracks_it_is_said_that_closeness_is_not_known() -> None:
    a = flight("PLAN", "A", volumes=(box(46, 7),))
    b = flight("OTHER", "B", volumes=(box(46.005, 7.005), box(50, 7)))
    [conflict] = check([a], [b]).conflicts
    assert conflict.cause == "unknown"
    assert conflict.approach is None
    assert "PLAN and OTHER" in conflict.reason_en
    assert (conflict.altitude_lower_m, conflict.altitude_upper_m) == (0, 120)


def test_the_closest_come_first() -> None:
    others = [crossing(3290, "FAR"), crossing(3000, "LATE", 150), crossing(3010, "NEAR")]
    result = check([mine()], others)
    assert [c.other.name for c in result.conflicts] == ["NEAR", "FAR", "LATE"]
    assert result.count("closeness") == 2
    assert result.count("width") == 1


def test_a_flight_is_not_compared_with_itself() -> None:
    assert check([mine()], [mine()]).conflicts == ()
    assert check([mine()], []).conflicts == ()
    own = [mine(), flight("MINE 2", "Party A", straight())]
    assert check(own, []).conflicts == ()
    assert len(check(own, [], within_own=True).conflicts) == 1


def result_with_a_hostile_name() -> CheckResult:
    return check([mine()], [crossing(3100, "[red]</script><b>x")])


def test_json_and_geojson_hold_the_facts() -> None:
    result = result_with_a_hostile_name()
    document = json.loads(json.dumps(result_document(result)))
    assert document["summary"] == {"conflicts": 1, "closeness": 1, "width": 0, "unknown": 0}
    [conflict] = document["conflicts"]
    assert conflict["time_start"].endswith("Z")
    assert conflict["closest"]["horizontal_m"] < 100
    assert conflict["reason"]["fr"]
    geojson = json.loads(json.dumps(result_geojson(result)))
    kinds = [feature["properties"]["kind"] for feature in geojson["features"]]
    assert kinds[0] == "conflict"
    assert kinds.count("shared") == len(conflict["volumes"])
    ring = geojson["features"][1]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]


def test_the_table_obeys_no_markup_in_names() -> None:
    stream = io.StringIO()
    Console(file=stream, width=220).print(conflict_table(result_with_a_hostile_name()))
    assert "[red]</script><b>x" in stream.getvalue()


def test_the_table_fits_a_terminal_of_80_columns_and_cuts_nothing() -> None:
    stream = io.StringIO()
    Console(file=stream, width=80).print(conflict_table(result_with_a_hostile_name()))
    text = stream.getvalue()
    assert "…" not in text
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
