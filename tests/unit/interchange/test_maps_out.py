"""GeoJSON, KML, KMZ, CZML and CSV as they are written, read by other people's programs."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from typing import Any

import pytest
import shapely
from czml3 import Document
from shapely.geometry import shape
from tests.support.exported import ALPS, DISC, INTENT, SQUARE, T0, constraint, intent, volume

from detente.geo import Circle, Polygon, area_m2
from detente.interchange import read
from detente.interchange.feature import Feature, Kind, WriteOptions
from detente.interchange.rings import circumscribed, dense, map_rings
from detente.interchange.writing import EXPORT_FORMATS, UnknownExportFormat, write
from detente.operations import parse_plan

KML = "{http://www.opengis.net/kml/2.2}"


def _json(features: list[Feature], name: str) -> Any:
    return json.loads(write(features, name))


class TestFormats:
    def test_what_is_not_known_is_refused_with_what_is(self) -> None:
        with pytest.raises(UnknownExportFormat, match="geojson, geojson-map, kml"):
            write([intent()], "dxf")

    @pytest.mark.parametrize("name", sorted(EXPORT_FORMATS))
    def test_the_same_features_give_the_same_bytes(self, name: str) -> None:
        options = WriteOptions(made_us=T0)
        features = [constraint(volume(DISC)), constraint()]
        assert write(features, name, options) == write(features, name, options)

    @pytest.mark.parametrize("name", sorted(set(EXPORT_FORMATS) - {"ed269"}))
    def test_nothing_is_written_as_nothing(self, name: str) -> None:
        assert isinstance(write([], name, WriteOptions(made_us=T0)), bytes)


class TestGeoJson:
    def test_it_is_a_plan_file_and_exact(self) -> None:
        volumes = (volume(), volume(DISC, start_us=T0 + 1))
        found = parse_plan(write([intent(*volumes)], "geojson"))
        assert [each.flight_id for each in found.flights] == [INTENT]
        assert found.flights[0].volumes == volumes
        assert found.flights[0].party == "Party A"

    def test_on_maps_a_circle_is_a_polygon_around_it(self) -> None:
        feature = _json([intent(volume(DISC))], "geojson-map")["features"][0]
        drawn = shape(feature["geometry"])
        assert drawn.is_valid
        assert feature["geometry"]["type"] == "Polygon"
        ring = feature["geometry"]["coordinates"][0]
        grown = area_m2(Polygon(tuple((y, x) for x, y in ring[:-1]))) / area_m2(DISC)
        assert 1 < grown < 1.003
        assert feature["properties"]["circle"]["radius_m"] == 500.0

    def test_the_date_line_divides_on_maps(self) -> None:
        over = Polygon(((10.0, 179.5), (10.0, -179.5), (11.0, -179.5), (11.0, 179.5)))
        geometry = _json([intent(volume(over))], "geojson-map")["features"][0]["geometry"]
        assert geometry["type"] == "MultiPolygon"
        parts = shape(geometry)
        assert parts.is_valid
        assert parts.bounds[0] == -180.0
        assert parts.bounds[2] == 180.0
        assert parts.area == pytest.approx(1.0, rel=1e-3)

    def test_a_pole_is_inside(self) -> None:
        cap = Circle(89.9, 30.0, 50_000.0)
        rings = map_rings(cap)
        whole = shapely.union_all([shapely.Polygon(ring) for ring in rings])
        assert whole.is_valid
        assert whole.covers(shapely.Point(-140.0, 89.99))
        assert whole.bounds[3] == 90.0

    def test_long_edges_are_cut_along_the_geodesic(self) -> None:
        long = Polygon(((46.0, 6.0), (46.0, 7.0), (46.5, 6.5)))
        cut = dense(long)
        assert set(long.vertices) <= set(cut.vertices)
        assert area_m2(cut) == pytest.approx(area_m2(long), rel=1e-9)
        drawn = [y for x, y in map_rings(long)[0] if abs(x - 6.5) < 0.02 and y < 46.2]
        assert max(drawn) > 46.001  # the geodesic bends 120 m to the north here
        assert dense(SQUARE) == SQUARE

    def test_a_circle_is_never_drawn_smaller(self) -> None:
        for radius in (1.0, 500.0, 100_000.0):
            around = circumscribed(Circle(60.0, 20.0, radius))
            assert 1.0 < area_m2(around) / area_m2(Circle(60.0, 20.0, radius)) < 1.003

    def test_open_bounds_are_left_out(self) -> None:
        told = _json([constraint(volume(low=None, high=None))], "geojson")["features"][0]
        assert "altitude_lower" not in told["properties"]
        assert told["properties"]["geozone"]["identifier"] == "GVA01"


class TestKml:
    def test_volumes_have_roof_floor_and_walls_while_they_are_in_use(self) -> None:
        root = ET.fromstring(write([intent()], "kml"))
        mark = root.find(f".//{KML}Placemark")
        assert mark is not None
        assert mark.findtext(f"{KML}TimeSpan/{KML}begin") == "2026-05-01T09:00:00Z"
        assert mark.findtext(f"{KML}TimeSpan/{KML}end") == "2026-05-01T09:12:00Z"
        bodies = mark.findall(f"{KML}MultiGeometry/{KML}Polygon")
        assert len(bodies) == 2 + 4
        assert {each.findtext(f"{KML}altitudeMode") for each in bodies} == {"absolute"}
        heights = {
            point.split(",")[2]
            for each in bodies
            for point in (each.findtext(f".//{KML}coordinates") or "").split()
        }
        assert heights == {"400.000", "520.500"}

    def test_what_begins_at_the_ground_is_let_down_to_it(self) -> None:
        root = ET.fromstring(write([constraint(volume(low=None))], "kml"))
        bodies = root.findall(f".//{KML}Polygon")
        assert len(bodies) == 1
        assert bodies[0].findtext(f"{KML}extrude") == "1"

    def test_heights_are_above_the_sea_where_the_geoid_is_known(self) -> None:
        data = write([intent()], "kml", WriteOptions(altimetry=ALPS))
        assert b",473.000" in data
        assert b",352.500" in data
        assert b'<Data name="altitude_upper_m">' in data

    def test_a_track_is_a_line(self) -> None:
        track = ((T0, 46.2, 6.1, 450.0), (T0 + 9, 46.3, 6.1, 460.0))
        flown = Feature(INTENT, "x", Kind.INTENT, (volume(),), track=track)
        # Read back, it asks for no corridor: the volumes are there.
        back = read(write([flown], "kml"), "x.kml")
        assert (len(back.pieces), back.routes, back.problems) == (1, (), ())
        assert [note.part for note in back.notes] == ["x: track"]
        root = ET.fromstring(write([flown], "kml"))
        line = root.findtext(f".//{KML}LineString/{KML}coordinates")
        assert line == "6.1,46.2,450.000 6.1,46.3,460.000"

    def test_kmz_is_the_same_packed(self) -> None:
        packed = zipfile.ZipFile(io.BytesIO(write([intent()], "kmz")))
        assert packed.namelist() == ["doc.kml"]
        assert packed.read("doc.kml") == write([intent()], "kml")


class TestCzml:
    def test_a_reader_of_czml_takes_it(self) -> None:
        flown = Feature(
            INTENT,
            "x",
            Kind.INTENT,
            (volume(), volume(DISC)),
            track=((T0, 46.2, 6.1, 450.0), (T0 + 9_000_000, 46.3, 6.1, 460.0)),
        )
        packets = _json([flown, constraint(volume(high=None))], "czml")
        document = Document(packets=packets)
        assert len(document.packets) == 1 + 2 + 1 + 1
        again = json.loads(document.dumps())
        assert again[1]["polygon"]["extrudedHeight"] == 520.5
        assert again[1]["polygon"]["height"] == 400.0
        assert again[1]["availability"].startswith("2026-05-01T09:00:00")
        assert again[2]["ellipse"]["semiMajorAxis"] == 500.0
        samples = [0.0, 6.1, 46.2, 450.0, 9.0, 6.1, 46.3, 460.0]
        assert again[3]["position"]["cartographicDegrees"] == samples

    def test_the_reader_refuses_what_is_none(self) -> None:
        packets = _json([intent()], "czml")
        packets[1]["polygon"]["height"] = "high"
        with pytest.raises(ValueError, match="height"):
            Document(packets=packets)

    def test_the_clock_spans_everything(self) -> None:
        packets = _json([intent(), constraint(volume(end_us=T0 + 10**9))], "czml")
        assert packets[0]["id"] == "document"
        assert packets[0]["clock"]["interval"] == "2026-05-01T09:00:00Z/2026-05-01T09:16:40Z"


class TestCsv:
    def test_each_row_is_a_volume_and_its_wkt_can_be_read(self) -> None:
        text = write([intent(volume(), volume(DISC))], "csv").decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["outline"] for row in rows] == ["polygon", "circle"]
        assert shapely.from_wkt(rows[0]["wkt"]).equals(
            shapely.Polygon([(lng, lat) for lat, lng in SQUARE.vertices])
        )
        assert rows[1]["wkt"] == "POINT (6.2 46.25)"
        assert float(rows[1]["radius_m"]) == 500.0
        assert text.count("\r\n") == 3

    @pytest.mark.parametrize("sign", "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", ids=ascii)
    def test_no_name_is_a_formula(self, sign: str) -> None:
        name = f'{sign}HYPERLINK("http://x")'
        text = write([intent(name=name)], "csv").decode()
        rows = csv.DictReader(io.StringIO(text, newline=""))
        assert next(rows)["name"] == f"'{name}"


@pytest.mark.parametrize("name", sorted(set(EXPORT_FORMATS) - {"ed269"}))
def test_hostile_names_do_no_harm(name: str) -> None:
    hostile = '<script>alert(1)</script>&"\x00\x1b]8;;x\u202e\nNNNN ) G) SFC)'
    data = write([intent(name=hostile)], name, WriteOptions(made_us=T0))
    if name in ("kml", "aixm"):
        ET.fromstring(data)
    if name == "czml":
        assert b"<script>" not in data.split(b'"description"')[1].split(b'"availability"')[0]
    if name == "notam":
        assert b"NNNN" not in data
        assert data.count(b")") == 8  # those of Q) A) B) C) E) F) G) and the last one
