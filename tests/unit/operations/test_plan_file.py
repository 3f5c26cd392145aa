"""Plan files: what is read, what is refused and how it is told; schema and examples agree."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from detente.geo import Circle, Polygon
from detente.operations import PlanError, parse_plan, plan_document, plan_schema, read_plan

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.geojson"))


def feature(**properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[7.0, 46.0], [7.1, 46.0], [7.1, 46.1], [7.0, 46.0]]],
        },
        "properties": {
            "flight_id": "one",
            "altitude_lower": {"value": 0, "units": "M", "reference": "W84"},
            "altitude_upper": {"value": 400, "units": "FT", "reference": "W84"},
            "time_start": "2026-05-01T09:00:00Z",
            "time_end": "2026-05-01T11:30:00.000001+02:00",
            **properties,
        },
    }


def plan(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def test_a_polygon_is_read() -> None:
    [flight] = parse_plan(plan(feature(name="One", party="North", priority=3))).flights
    assert (flight.flight_id, flight.name, flight.party, flight.priority) == (
        "one",
        "One",
        "North",
        3,
    )
    [volume] = flight.volumes
    assert volume.outline == Polygon(((46.0, 7.0), (46.0, 7.1), (46.1, 7.1)))
    assert volume.altitude_upper_m == pytest.approx(121.92)
    assert volume.time_start_us == 1_777_626_000_000_000
    assert volume.time_end_us == 1_777_627_800_000_001


def test_a_point_with_a_radius_is_a_circle() -> None:
    circle = feature(radius_m=250)
    circle["geometry"] = {"type": "Point", "coordinates": [7.0, 46.0]}
    [flight] = parse_plan(plan(circle)).flights
    assert flight.volumes[0].outline == Circle(46.0, 7.0, 250.0)


def test_features_of_one_id_are_one_flight() -> None:
    read = parse_plan(plan(feature(), feature(flight_id="two"), feature()))
    assert [(f.flight_id, len(f.volumes)) for f in read.flights] == [("one", 2), ("two", 1)]


def test_a_ring_may_cross_the_date_line() -> None:
    across = feature()
    across["geometry"]["coordinates"] = [
        [[179.9, 10], [-179.9, 10], [-179.9, 10.1], [179.9, 10.1], [179.9, 10]]
    ]
    assert parse_plan(plan(across)).flights


def test_unknown_properties_are_told() -> None:
    assert parse_plan(plan(feature(priorty=3))).ignored == ("priorty",)


def broken(path: str, value: Any) -> dict[str, Any]:
    """A feature with one member replaced, or removed by None."""
    made = feature()
    *parents, last = path.split(".")
    at: Any = made
    for name in parents:
        at = at[name]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return made


RING = "geometry.coordinates"


@pytest.mark.parametrize(
    ("path", "value", "where", "told"),
    [
        ("properties.flight_id", None, "properties.flight_id", "no id"),
        ("properties.time_end", None, "properties.time_end", "missing"),
        ("properties.time_end", "2026-05-01T09:30:00", "properties.time_end", "zone"),
        ("properties.time_end", 5, "properties.time_end", "text"),
        ("properties.time_end", "2026-05-01T08:00:00Z", "properties.time_start", "after"),
        ("properties.altitude_lower", None, "properties.altitude_lower", "missing"),
        ("properties.altitude_lower", 120, "properties.altitude_lower", "unit and reference"),
        ("properties.altitude_lower.units", "FL", "properties.altitude_lower.units", "M or FT"),
        ("properties.altitude_lower.reference", "MSL", "altitude_lower.reference", "converted"),
        ("properties.altitude_lower.value", 500, "properties.altitude_lower", "above"),
        ("properties.priority", 1.5, "properties.priority", "whole number"),
        ("properties.name", ["x"], "properties.name", "text"),
        ("properties.radius_m", 5, "properties.radius_m", "no radius"),
        ("properties", None, "properties", "missing"),
        ("geometry", None, "geometry", "Polygon"),
        ("geometry.type", "MultiPolygon", "geometry", "one Feature for each part"),
        ("geometry.type", "LineString", "geometry", "--corridor"),
        ("geometry.type", "Point", "geometry.coordinates", "[longitude, latitude]"),
        (RING, [[[7, 46], [8, 46], [7, 46]]], "coordinates[0]", "four positions"),
        (RING, [[[7, 46], [8, 46], [8, 47], [7, 47]]], "coordinates[0]", "not closed"),
        (RING, [[[7, 46], [7, 95], [8, 46], [7, 46]]], "coordinates[0][1]", "Longitude comes"),
        (RING, [[[7, 46, 0], [7, 46], [8, 46], [7, 46, 0]]], "coordinates[0][0]", "third number"),
        (RING, [[[7, 46], [8, 47], [8, 46], [7, 47], [7, 46]]], "coordinates[0]", "cross"),
        (RING, [[[7, 46], [8, 46], [8, 46], [7, 46]]], "coordinates[0]", ""),
        (RING, [[[7, 46], [9, 46], [9, 48], [7, 46]]], "coordinates[0]", "km²"),
        (RING, [[[7, 46], [8, 46], [8, 47], [7, 46]]] * 2, "coordinates[1]", "Holes"),
    ],
)
def test_what_is_wrong_is_told_by_feature_and_field(
    path: str, value: Any, where: str, told: str
) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(plan(feature(), broken(path, value)))
    assert caught.value.where is not None
    assert caught.value.where.startswith("features[1]")
    assert where in caught.value.where
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"type":"Feature"}', '{"type":"FeatureCollection","features":[]}', "\ud800"],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        parse_plan(text.encode("utf-8", "surrogatepass"))


def test_another_reference_system_is_refused() -> None:
    with pytest.raises(PlanError, match="WGS-84"):
        parse_plan('{"type":"FeatureCollection","crs":{},"features":[]}')


def test_a_flight_must_agree_with_itself() -> None:
    with pytest.raises(PlanError, match=r"of the same flight") as caught:
        parse_plan(plan(feature(priority=1), feature(priority=2)))
    assert caught.value.where == "features[1].properties.priority"


def test_errors_of_a_file_name_it(tmp_path: Path) -> None:
    path = tmp_path / "plan.geojson"
    path.write_text(plan(broken("properties.time_end", None)))
    with pytest.raises(PlanError, match='flight "one"') as caught:
        read_plan(path)
    assert str(path) in str(caught.value)
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "none.geojson")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid_and_are_written_as_they_are_read(path: Path) -> None:
    validator = jsonschema_rs.validator_for(plan_schema())
    validator.validate(json.loads(path.read_text("utf-8")))
    flights = read_plan(path).flights
    written = plan_document(flights)
    validator.validate(written)
    assert parse_plan(json.dumps(written)).flights == flights


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties.flight_id", None),
        ("properties.time_end", "yesterday"),
        ("properties.altitude_lower.reference", "MSL"),
        ("properties.radius_m", 5),
        ("geometry.type", "MultiPolygon"),
        (RING, [[[7, 46, 0], [7, 46], [8, 46], [7, 46, 0]]]),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(path: str, value: Any) -> None:
    validator = jsonschema_rs.validator_for(plan_schema())
    good = json.loads(plan(feature()))
    assert validator.is_valid(good)
    bad = copy.deepcopy(good)
    bad["features"] = [broken(path, value)]
    assert not validator.is_valid(bad)


def test_the_schema_in_the_documentation_is_the_one_shipped() -> None:
    assert json.loads((ROOT / "docs" / "plan.schema.json").read_text("utf-8")) == plan_schema()


def test_a_plan_that_nests_deeper_than_can_be_read_is_refused() -> None:
    with pytest.raises(PlanError, match="nests deeper"):
        parse_plan("[" * 100_000)


@pytest.mark.parametrize("member", ["46.1", "400"])
def test_a_number_too_large_for_any_measure_is_refused(member: str) -> None:
    text = plan(feature())
    assert member in text
    with pytest.raises(PlanError, match="too large"):
        parse_plan(text.replace(member, "9" * 400))
