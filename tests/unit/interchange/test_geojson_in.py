"""GeoJSON: volumes with heights of any reference, lines with times, each by its line."""

import json
from typing import Any

import pytest

from detente.geo import Circle, Polygon
from detente.interchange import Defaults, Level, LevelDefaults, Span, Understood, Unreadable, read

RING = [[6.0, 46.0], [6.5, 46.0], [6.25, 46.5], [6.0, 46.0]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
LIMITS = {
    "altitude_lower": {"value": 380, "units": "M", "reference": "W84"},
    "altitude_upper": "FL095",
}
TIMES = ["2026-05-01T09:00:00Z", "2026-05-01T09:05:00Z", "2026-05-01T09:10:00Z"]
LINE = {"type": "LineString", "coordinates": [[6.0, 46.0, 500], [6.1, 46.0, 520], [6.2, 46, 500]]}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"name": "A", **properties}}


def geojson(*features: Any, defaults: Defaults | None = None) -> Understood:
    text = json.dumps({"type": "FeatureCollection", "features": features}, indent=1)
    return read(text.encode(), "a.geojson", defaults=defaults or Defaults())


def test_volumes_with_heights_of_any_reference() -> None:
    found = geojson(
        feature(
            POLYGON,
            **LIMITS,
            kind="R",
            time_start="2026-05-01T09:00:00Z",
            time_end="2026-05-01T10:00:00Z",
        ),
        feature({"type": "Point", "coordinates": [6.0, 46.0]}, radius_m=500),
    )
    area, circle = found.pieces
    assert area.outline == Polygon(((46.0, 6.0), (46.0, 6.5), (46.5, 6.25)))
    assert (area.name, area.kind) == ("A", "R")
    assert (area.lower, area.upper) == (
        Level(380, "m", "W84", area.line),
        Level(95, "FL", "STD", area.line),
    )
    assert area.spans == (Span(1_777_626_000_000_000, 1_777_629_600_000_000, area.line),)
    assert circle.outline == Circle(46.0, 6.0, 500.0)
    assert (circle.lower, circle.upper, circle.spans) == (None, None, ())
    assert found.whole


def test_lines_are_those_of_the_features() -> None:
    text = (
        '{"type": "FeatureCollection", "note": {"features": [{}, {}]},\n'
        ' "features": [\n'
        '  {"type": "Feature", "properties": {"name": "[{"},\n'
        f'   "geometry": {json.dumps(POLYGON)}}},\n'
        "\n"
        f'  {{"type": "Feature", "properties": null, "geometry": {json.dumps(POLYGON)}}}\n'
        "]}"
    )
    assert [piece.line for piece in read(text.encode(), "a.geojson").pieces] == [3, 6]


def test_several_geometries_of_one_feature_are_several_pieces() -> None:
    several = {"type": "MultiPolygon", "coordinates": [[RING], [[[x + 1, y] for x, y in RING]]]}
    collection = {"type": "GeometryCollection", "geometries": [POLYGON, several]}
    assert len(geojson(feature(collection, **LIMITS)).pieces) == 3


def test_a_line_with_times_is_a_route() -> None:
    found = geojson(
        feature(LINE, times=TIMES, altitude_reference="AMSL", half_width_m=100),
        feature(
            {"type": "LineString", "coordinates": [[6.0, 46.0], [6.1, 46.0]]},
            altitudes=["1000 ft AMSL", {"value": 300, "units": "M", "reference": "AGL"}],
            time_start=TIMES[0],
            time_end=TIMES[1],
        ),
    )
    timed, spanned = found.routes
    assert timed.timed
    assert timed.half_width_m == 100
    assert [point.time_us for point in timed.points] == [
        1_777_626_000_000_000 + k * 300_000_000 for k in range(3)
    ]
    assert timed.points[1].level == Level(520, "m", "AMSL", timed.line)
    assert not spanned.timed
    assert spanned.span is not None
    assert spanned.points[1].level == Level(300, "m", "AGL", spanned.line)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (7, "Every member of features is a Feature"),
        ({"type": "Feature", "geometry": POLYGON, "properties": []}, "properties are no object"),
        (feature(None), "neither area, point nor line"),
        (feature({"type": "Polygon", "coordinates": [RING, RING]}), "holes are not supported"),
        (feature({"type": "Polygon", "coordinates": [RING[:3]]}), "at least four positions"),
        (feature({"type": "Polygon", "coordinates": [[*RING[:3], [6, 47]]]}), "not closed"),
        (feature({"type": "Polygon", "coordinates": [[[6, 99], *RING[1:3], [6, 99]]]}), "beyond"),
        (feature({"type": "Point", "coordinates": [6, 46]}), "needs a radius"),
        (feature({"type": "Point", "coordinates": ["6", 46]}, radius_m=5), "not a number"),
        (feature({"type": "Point", "coordinates": [6, 46]}, radius_m=-5), "radius is -5"),
        (feature(POLYGON, altitude_lower=120), "no unit"),
        (feature(POLYGON, altitude_lower={"value": 120, "units": "M"}), "reference W84, AMSL"),
        (feature(POLYGON, time_start="yesterday"), "not a date and time"),
        (feature(POLYGON, time_start=7), "A time is text"),
        (feature(LINE, times=TIMES), "does not say what it counts from"),
        (feature(LINE, times=TIMES[:2], altitude_reference="W84"), "one value for each of the 3"),
        (feature(LINE, times=TIMES[::-1], altitude_reference="W84"), "do not ascend"),
        (
            feature({"type": "LineString", "coordinates": [[6, 46], [7, 46]]}),
            "Position 0 has no height",
        ),
        (feature({"type": "LineString", "coordinates": [[6, 46, 1]]}), "at least two positions"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_read(bad: Any, message: str) -> None:
    found = geojson(bad, feature(POLYGON, **LIMITS))
    assert len(found.pieces) == 1
    assert found.routes == ()
    (problem,) = found.problems
    assert message in problem.message.en
    assert problem.message.fr
    assert 0 < problem.line < found.pieces[0].line


def test_bare_heights_are_what_whoever_imports_says() -> None:
    said = Defaults(LevelDefaults("ft", "AMSL"))
    piece = geojson(feature(POLYGON, altitude_lower=120), defaults=said).pieces[0]
    assert piece.lower == Level(120, "ft", "AMSL", piece.line)


def test_unknown_properties_are_told_once() -> None:
    found = geojson(*(feature(POLYGON, **LIMITS, colour="red") for _ in range(3)))
    assert [note.message.en for note in found.notes] == [
        'The property "colour" means nothing here.'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"type": "Topology"}',
        '{"type": "FeatureCollection"}',
        '{"type": "FeatureCollection", "features": [], "crs": {}}',
        "[" * 100_000,
        '{"type": "FeatureCollection", "features": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_what_is_no_geojson_is_refused_whole(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text.encode(), "a.geojson", format="geojson")
