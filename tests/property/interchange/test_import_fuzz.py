"""Whatever a file holds, reading it ends, in an answer or in an error that explains itself."""

from __future__ import annotations

import io
import time
import zipfile

from hypothesis import example, given, settings
from hypothesis import strategies as st

from detente.geo import VolumeLimits, validate_volume
from detente.interchange import (
    IMPORT_FORMATS,
    Altimetry,
    Defaults,
    Interval,
    LevelDefaults,
    Pressure,
    Room,
    Span,
    Understood,
    Unreadable,
    altimetry_from,
    read,
    to_volumes,
)

OPENAIR = """AC R
AN Area
AH FL095
AL 1000ft AMSL
AA 2026-05-01T12:00Z/2026-05-01T13:00Z
V X=46:00:00 N 007:00:00 E
V D=-
V W=5
DP 46:10:00 N 007:00:00 E
DA 10, 0, 90
DB 46:00:00 N 007:07:12 E, 46:05:00 N 007:00:00 E
DC 5
DY 46:00:00 N 006:00:00 E
"""
NOTAM = """(A1234/26 NOTAMN
Q) LSAS/QRTCA/IV/BO/W/000/100/4630N00630E005
A) LSAS B) 2605010600 C) 2605102000 EST
D) MON-FRI 0600-1000 1400-1800, SAT 2200-0400 EXC 04
E) WI AREA BOUNDED BY 463000N 0063000E - 463000N 0064000E - 464000.5N 0064000E
WI 5NM RADIUS OF PSN 463000N 0063000E 2NM EITHER SIDE
F) SFC G) 2500FT AMSL)
"""
ACO = """MSGID/ACO/HQ/1//
GEODATUM/W84//
PERIOD/010600ZMAY2026/020559ZMAY2026//
ACMID/ACM:ROZ/NAME:WEST/POLYGON/USE:UAS//
POLYGON/LATS:463000N0063000E/LATS:463000N0064000E/LATS:464000N0064000E//
RADARC/LATS:463000N0063000E/300T/060T/5NM/20NM//
AORBIT/LATS:463000N0063000E/LATS:463000N0070000E/10NM/L//
CORRIDOR/4NM/LATM:4630N00630E/LATM:4640N00640E//
EFFLEVEL/RARA:GL-050AMSL//
APERIOD/INTERVAL/010700ZMAY/011900ZMAY/DAILY/3DAYS//
"""
GEOJSON = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[6, 46], [7, 46], [6, 47],
[6, 46]]]}, "properties": {"name": "A", "altitude_lower": {"value": 3, "units": "FT",
"reference": "AMSL"}, "altitude_upper": "FL095", "time_start": "2026-05-01T09:00:00Z"}},
{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[6, 46, 5], [7, 46, 5]]},
"properties": {"times": ["2026-05-01T09:00:00Z", "2026-05-01T09:05:00Z"]}}]}
"""
CSV = """flight_id,time,latitude,longitude,altitude_ft_amsl
A1,2026-05-01T09:00:00Z,46.0,6.0,1500
A1,2026-05-01T09:05:00Z,46.1,6.1,1600
"""
KML = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>A</name>
<TimeSpan><begin>2026-05-01T09:00:00Z</begin></TimeSpan><ExtendedData><Data name="radius_m">
<value>5</value></Data></ExtendedData><MultiGeometry><Polygon><extrude>1</extrude>
<altitudeMode>absolute</altitudeMode><outerBoundaryIs><LinearRing><coordinates>6,46,9 7,46,9 6,47,9
6,46,9</coordinates></LinearRing></outerBoundaryIs></Polygon><Track><altitudeMode>absolute
</altitudeMode><when>2026-05-01T09:00:00Z</when><coord>6 46 9</coord></Track></MultiGeometry>
</Placemark></Document></kml>
"""
AIXM = """<m:AIXMBasicMessage xmlns:m="http://www.aixm.aero/schema/5.1/message"
 xmlns="http://www.aixm.aero/schema/5.1" xmlns:g="http://www.opengis.net/gml/3.2"
 xmlns:x="http://www.w3.org/1999/xlink"><Airspace g:id="a"><timeSlice><AirspaceTimeSlice>
<interpretation>BASELINE</interpretation><geometryComponent><AirspaceGeometryComponent>
<theAirspaceVolume><AirspaceVolume><upperLimit uom="FL">95</upperLimit><lowerLimit>GND</lowerLimit>
<horizontalProjection x:href="#s"/></AirspaceVolume></theAirspaceVolume>
</AirspaceGeometryComponent></geometryComponent></AirspaceTimeSlice></timeSlice></Airspace>
<holder g:id="s"><Surface srsName="urn:ogc:def:crs:EPSG::4326"><g:patches><g:PolygonPatch>
<g:exterior><g:Ring><g:curveMember><g:Curve g:id="c"><g:segments><g:GeodesicString><g:posList>
46.0 6.0 46.0 6.5 46.5 6.25</g:posList></g:GeodesicString><g:ArcByCenterPoint><g:pos>46 6</g:pos>
<g:radius uom="m">500</g:radius><g:startAngle uom="deg">0</g:startAngle>
<g:endAngle uom="deg">90</g:endAngle></g:ArcByCenterPoint></g:segments></g:Curve></g:curveMember>
</g:Ring></g:exterior></g:PolygonPatch></g:patches></Surface></holder></m:AIXMBasicMessage>
"""
SEEDS = {
    "openair": OPENAIR,
    "notam": NOTAM,
    "aco": ACO,
    "geojson": GEOJSON,
    "waypoints": CSV,
    "kml": KML,
    "aixm": AIXM,
}
DEFAULTS = Defaults(LevelDefaults("ft", "AMSL"), 2026)
ALTIMETRY = altimetry_from(
    geoid="46..49 m", ground="300..500 m AMSL", pressure="990..1030 hPa, -15..+15 C"
)
WINDOW = Span(1_777_593_600_000_000, 1_777_593_600_000_000 + 3 * 86_400_000_000)
SECONDS_MOST = 10.0


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of a format with pieces of it cut, doubled, swapped with others, or made noise."""
    format_ = draw(st.sampled_from(sorted(SEEDS)))
    data = bytearray(SEEDS[format_].encode())
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 40))
        match draw(st.integers(0, 5)):
            case 0:
                del data[at : at + length]
            case 1:
                data[at:at] = data[at : at + length] * draw(st.integers(1, 20))
            case 2:
                data[at : at + length] = draw(st.binary(max_size=20))
            case 3:
                other = SEEDS[draw(st.sampled_from(sorted(SEEDS)))].encode()
                data[at:at] = other[at : at + length]
            case 4:
                data[at : at + 1] = draw(st.sampled_from([b"9", b"-", b"0", b"e", b" ", b"\n"]))
            case _:
                number = draw(st.sampled_from([b"1e308", b"nan", b"-1", b"99999999999", b"0.0"]))
                data[at : at + 4] = number
    return format_, bytes(data)


def goes_well(format_: str, data: bytes) -> None:
    """Read, convert; everything that comes of it is valid and lies on a line of the file."""
    began = time.process_time()
    try:
        found = read(data, "fuzzed", format=format_, defaults=DEFAULTS)
    except Unreadable:
        return
    assert isinstance(found, Understood)
    lines = data.count(b"\n") + data.count(b"\r") + 1
    named = [each.line for each in (*found.problems, *found.notes)]
    named += [piece.line for piece in found.pieces] + [route.line for route in found.routes]
    assert all(0 <= line <= lines for line in named) or format_ == "kmz"
    converted = to_volumes(found, ALTIMETRY, WINDOW, room=Room(100.0, 50.0, 30.0))
    for volume in converted.volumes:
        validate_volume(volume, VolumeLimits())
        assert volume.altitude_lower_m is not None
        assert volume.altitude_upper_m is not None
        assert volume.time_start_us is not None
        assert volume.time_end_us is not None
    nothing = to_volumes(found, Altimetry())
    assert len(nothing.volumes) <= len(converted.volumes) + len(found.pieces) * 1_100
    assert time.process_time() - began < SECONDS_MOST


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_mutated_files_go_well(file: tuple[str, bytes]) -> None:
    goes_well(*file)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(IMPORT_FORMATS)), st.binary(max_size=400) | st.text().map(str.encode))
@example("kmz", b"PK\x05\x06" + b"\0" * 18)
@example("waypoints", b'"')
@example("notam", b"A1234/26 NOTAMN")
def test_noise_goes_well(format_: str, data: bytes) -> None:
    goes_well(format_, data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_archives_go_well(data: st.DataObject) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", KML)
    content = bytearray(packed.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    goes_well("kmz", bytes(content))


def test_long_lines_take_no_longer_than_they_must() -> None:
    for format_, text in (
        ("openair", "AC R\nDP " + "1:" * 200_000),
        ("openair", "AC R\nAH " + "1 " * 200_000),
        ("openair", "AC R\nDB " + "1," * 200_000),
        ("notam", "A1234/26 NOTAMN\nB) 2605010600 C) 2605020600\nE) " + "463000N " * 50_000),
        ("notam", "A1234/26 NOTAMN\nB) 2605010600 C) 2605020600\nD) " + "MON " * 50_000 + "\nE) X"),
        ("notam", "A1234/26 NOTAMN " * 20_000),
        ("notam", "Q) " * 50_000),
        ("aco", "ACMID/ACM:ROZ/USE:UAS//POLYGON" + "/463000N0063000E" * 20_000 + "//"),
        ("aco", "/" * 300_000),
        ("geojson", '{"features": ' + '"' + "\\\\" * 200_000 + '"}'),
        ("waypoints", "time,position,altitude\n" + ",\n" * 50_000),
        ("kml", "<kml>" + "<Placemark/>" * 20_000 + "</kml>"),
        ("kml", "<kml><Placemark><LineString><coordinates>" + "1,1,1 " * 100_000),
    ):
        goes_well(format_, text.encode())


@given(
    st.floats(-500, 20_000),
    st.floats(900, 1_080),
    st.floats(0, 40),
    st.floats(-60, 40),
    st.floats(0, 15),
)
def test_more_weather_never_means_a_narrower_interval(
    height: float, qnh: float, more_hpa: float, isa: float, more_k: float
) -> None:
    narrow = Pressure(qnh, qnh, isa, isa).interval(height)
    wide = Pressure(qnh - 10, min(qnh + more_hpa, 1_100), isa, isa + more_k).interval(height)
    assert isinstance(wide, Interval)
    assert wide.low_m <= narrow.low_m + 1e-6
    assert narrow.high_m <= wide.high_m + 1e-6
