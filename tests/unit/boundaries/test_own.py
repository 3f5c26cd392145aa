"""Own boundaries from GeoJSON, GeoPackage, Shapefile and KML: the same line from each of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from detente.boundaries import (
    BoundaryFileUnreadable,
    BoundaryRefused,
    BoundaryTooLarge,
    BoundaryUnstated,
    Depth,
    Kind,
    OwnStatement,
    read_boundaries,
    shape_of,
)
from detente.boundaries import features as limits

LINE = [[35.9, 35.8], [36.2, 35.8], [36.25, 36.1], [35.9, 36.3], [35.9, 35.8]]
STATEMENT = OwnStatement(id="ours", uncertainty_m=40.0, claimant="Party A")


def geojson(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


def feature(coordinates: object, kind: str = "Polygon", **properties: object) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def written(path: Path, driver: str, crs: str = "EPSG:4326") -> Path:
    """The line, by GDAL."""
    shape = shapely.Polygon(LINE)
    if crs != "EPSG:4326":
        there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        shape = shapely.transform(
            shapely.segmentize(shape, 0.001),
            lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1])),
        )
    pyogrio.raw.write(
        str(path),
        geometry=np.array([shapely.to_wkb(shape)], dtype=object),
        field_data=[np.array(["North"], dtype=object), np.array(["Party B"], dtype=object)],
        fields=np.array(["Name", "claimant"], dtype=object),
        geometry_type="Polygon",
        crs=crs,
        driver=driver,
    )
    return path


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("line.geojson", "GeoJSON"),
        ("line.gpkg", "GPKG"),
        ("line.shp", "ESRI Shapefile"),
        ("line.kml", "KML"),
    ],
)
def test_the_same_line_comes_out_of_every_format(tmp_path: Path, name: str, driver: str) -> None:
    found = read_boundaries(written(tmp_path / name, driver), STATEMENT)
    (boundary,) = found.boundaries
    assert found.repairs == ()
    assert boundary.id == "ours/Party A"
    assert boundary.name == "North"
    assert boundary.uncertainty_m == boundary.open_uncertainty_m == 40.0
    assert boundary.source.title == name
    assert boundary.source.version == boundary.source.sha256[:12]
    assert shapely.equals_exact(
        shapely.normalize(shape_of(boundary)),
        shapely.normalize(shapely.MultiPolygon([shapely.Polygon(LINE)])),
        tolerance=1e-9,
    )


def test_a_map_in_metres_becomes_degrees_with_its_lines_where_they_were(tmp_path: Path) -> None:
    path = written(tmp_path / "line.gpkg", "GPKG", crs="EPSG:32636")
    (boundary,) = read_boundaries(path, STATEMENT).boundaries
    distance_deg = shapely.hausdorff_distance(shape_of(boundary).boundary, shapely.LineString(LINE))
    assert distance_deg < 1e-6  # a decimetre


def test_a_shapefile_without_its_coordinate_system_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "line.shp", "ESRI Shapefile")
    path.with_suffix(".prj").unlink()
    with pytest.raises(BoundaryFileUnreadable, match="coordinate system"):
        read_boundaries(path, STATEMENT)


def test_the_file_may_tell_who_claims(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        feature([LINE], claimant="TR", name="West"),
        feature([[[x + 1, y] for x, y in LINE]], claimant="SY", name="East"),
        feature([[[x + 2, y] for x, y in LINE]], claimant="SY", name="Far east"),
    )
    statement = OwnStatement(id="mfa", uncertainty_m=10, kind=Kind.AGREED_LINE, depth=Depth.CHORD)
    found = read_boundaries(path, statement).boundaries
    assert [each.id for each in found] == ["mfa/SY/East", "mfa/SY/Far east", "mfa/TR"]
    assert {each.kind for each in found} == {Kind.AGREED_LINE}
    assert {each.depth for each in found} == {Depth.CHORD}


def test_features_of_one_claimant_and_name_are_one_boundary(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        feature([LINE], claimant="TR"),
        feature([[[x + 1, y] for x, y in LINE]], claimant="TR"),
    )
    (boundary,) = read_boundaries(path, OwnStatement(id="x", uncertainty_m=1)).boundaries
    assert len(boundary.polygons) == 2


def test_what_cannot_be_seen_in_a_name_is_written_out(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature([LINE], name="North\x1b[2J\n", claimant="A"))
    (boundary,) = read_boundaries(path, OwnStatement(id="x", uncertainty_m=1)).boundaries
    assert boundary.name == "North\\u001b[2J"


def test_somebody_must_tell_who_claims(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature([LINE], owner="TR"))
    with pytest.raises(BoundaryUnstated) as caught:
        read_boundaries(path, OwnStatement(id="x", uncertainty_m=1))
    assert "owner" in str(caught.value.advice)
    statement = OwnStatement(id="x", uncertainty_m=1, claimant_field="owner")
    assert read_boundaries(path, statement).boundaries[0].claimant == "TR"


@pytest.mark.parametrize("uncertainty_m", [0.0, -1.0, float("nan"), float("inf")])
def test_an_uncertainty_must_make_sense(tmp_path: Path, uncertainty_m: float) -> None:
    path = geojson(tmp_path / "a.geojson", feature([LINE]))
    with pytest.raises(BoundaryUnstated):
        read_boundaries(path, OwnStatement(id="x", uncertainty_m=uncertainty_m, claimant="A"))


def test_every_boundary_that_cannot_be_repaired_is_named_at_once(tmp_path: Path) -> None:
    bow = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]
    path = geojson(
        tmp_path / "a.geojson",
        feature([bow], claimant="A"),
        feature([LINE], claimant="B"),
        feature([bow], claimant="C"),
    )
    with pytest.raises(BoundaryRefused) as caught:
        read_boundaries(path, OwnStatement(id="x", uncertainty_m=1))
    assert "x/A" in caught.value.message
    assert "x/C" in caught.value.message
    assert "x/B" not in caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"type": "Polygon", "coordinates": [[[0]]]}',
        b'{"type": "Polygon", "coordinates": [[["a", 1]]]}',
        b'{"type": "Polygon", "coordinates": 5}',
        b'{"type": "LineString", "coordinates": [[0, 0], [1, 1]]}',
        b'{"type": "FeatureCollection", "features": [7]}',
        b'{"type": "FeatureCollection", "features": []}',
        b'{"type":"GeometryCollection","geometries":[' * 50,
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_geojson_of_polygons_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    with pytest.raises(BoundaryFileUnreadable) as caught:
        read_boundaries(path, STATEMENT)
    assert str(path) in str(caught.value.where)


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.kml"])
@pytest.mark.parametrize(
    "content",
    [
        b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>",
        b"<!-- <kml> --><OGRVRTDataSource><OGRVRTLayer name='kml'/></OGRVRTDataSource>",
        b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>',
        b"SQLite format 3\x00" + b"\x07" * 4096,
        b"\x00\x00\x27\x0a" + b"\xff" * 200,
        b"<kml><Document><Placemark></Document></kml>",
        b"",
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BoundaryFileUnreadable):
        read_boundaries(path, STATEMENT)


def test_a_file_that_is_not_there_and_one_of_no_known_kind_say_so(tmp_path: Path) -> None:
    with pytest.raises(BoundaryFileUnreadable, match="cannot be read"):
        read_boundaries(tmp_path / "none.geojson", STATEMENT)
    with pytest.raises(BoundaryFileUnreadable, match=r"\.zip are not read"):
        read_boundaries(tmp_path / "a.zip", STATEMENT)


def test_limits_hold_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = geojson(tmp_path / "a.geojson", feature([LINE]), feature([LINE]))
    monkeypatch.setattr(limits, "VERTICES_MAX", 9)
    with pytest.raises(BoundaryTooLarge, match="vertices"):
        read_boundaries(path, STATEMENT)
    monkeypatch.setattr(limits, "FEATURES_MAX", 1)
    with pytest.raises(BoundaryTooLarge, match="features"):
        read_boundaries(path, STATEMENT)
    monkeypatch.setattr(limits, "FILE_BYTES_MAX", 10)
    with pytest.raises(BoundaryTooLarge, match="MB"):
        read_boundaries(path, STATEMENT)
