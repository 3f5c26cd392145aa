"""Files that are larger, deeper or of more parts than any honest one: refused soon, by name."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from detente.interchange import TooLarge, Unreadable, read
from detente.interchange.bounds import ARRAYS_MAX, LINE_CHARACTERS_MAX, LINES_MAX, OBJECTS_MAX
from detente.interchange.understood import PIECES_MAX, POINTS_MAX
from detente.interchange.xml_tree import ELEMENTS_MAX, TAG_BYTES_MAX

SOON_S = 5.0
"""Of the processor; some took 10 to 20 s before, and 2 GB."""

_KML = b'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>%s</Document></kml>'
_RING = (
    b"<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>%s</coordinates></LinearRing>"
    b"</outerBoundaryIs></Polygon></Placemark>"
)
_COLLECTION = b'{"type":"FeatureCollection","features":[%s]}'
_FEATURE = b'{"type":"Feature","properties":{"radius_m":5},"geometry":%s}'


def packed(data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", data)
    return whole.getvalue()


def many_kml() -> bytes:
    return _KML % (b"<a/>" * (3 * ELEMENTS_MAX))


CASES = {
    "elements.kml": (many_kml, f"{ELEMENTS_MAX:,} elements"),
    "elements.kmz": (lambda: packed(many_kml()), f"{ELEMENTS_MAX:,} elements"),
    "elements-of-two-tags.kml": (
        lambda: _KML % (b"<a></a>" * (3 * ELEMENTS_MAX)),
        f"{ELEMENTS_MAX:,} elements",
    ),
    "deep.kml": (lambda: b"<kml>" * 101 + b"</kml>" * 101, "deeper than 100"),
    "attributes.kml": (
        lambda: b"<kml " + b" ".join(b'a%d="x"' % i for i in range(300_000)) + b"/>",
        "longer than 1 MiB",
    ),
    "comment.kml": (
        lambda: _KML % (b"<!--" + b"x" * (2 * TAG_BYTES_MAX) + b"-->"),
        "longer than 1 MiB",
    ),
    "placemarks.kml": (lambda: _KML % (b"<Placemark/>" * 22_000), f"{PIECES_MAX:,} problems"),
    "points.kml": (
        lambda: _KML % (_RING % (b"8,47,1 " * (3 * POINTS_MAX))),
        f"{POINTS_MAX:,} points",
    ),
    "bomb.kmz": (lambda: packed(b"\0" * (100 << 20)), "64 MiB"),
    "objects.geojson": (
        lambda: _COLLECTION % (b"{}," * (2 * OBJECTS_MAX) + b"{}"),
        f"{OBJECTS_MAX:,} objects",
    ),
    "arrays.geojson": (
        lambda: _COLLECTION % (b"[]," * (2 * ARRAYS_MAX) + b"[]"),
        f"{ARRAYS_MAX:,} arrays",
    ),
    "values.geojson": (lambda: _COLLECTION % (b"1," * 20_000_000 + b"1"), "values"),
    "problems.geojson": (
        lambda: _COLLECTION % (b"1," * 22_000 + b"1"),
        f"{PIECES_MAX:,} problems",
    ),
    "points.geojson": (
        lambda: (
            _COLLECTION
            % (
                _FEATURE
                % (b'{"type":"Polygon","coordinates":[[' + b"[8,47]," * POINTS_MAX + b"[8,47]]]}")
            )
        ),
        f"{POINTS_MAX:,} points",
    ),
    "parts.geojson": (
        lambda: (
            _COLLECTION
            % (
                _FEATURE
                % (b'{"type":"MultiPoint","coordinates":[' + b"[8,47]," * 20_001 + b"[8,47]]}")
            )
        ),
        f"{PIECES_MAX:,} parts",
    ),
    "lines.openair": (lambda: b"\n" * (LINES_MAX + 1), f"{LINES_MAX:,} lines"),
    "line.openair": (
        lambda: b"AC R\nAN " + b"x " * LINE_CHARACTERS_MAX,
        f"{LINE_CHARACTERS_MAX:,} characters",
    ),
    "areas.openair": (lambda: b"AC R\n" * 22_000, f"{PIECES_MAX:,} problems"),
    "lines.notam": (lambda: b"A0001/26 NOTAMN\n" + b"\n" * (LINES_MAX + 1), "lines"),
    "set.aco": (
        lambda: b"ACMID/" + b"x / " * LINE_CHARACTERS_MAX,
        f"{LINE_CHARACTERS_MAX:,} characters",
    ),
    "sets.aco": (lambda: b"A//" * (LINES_MAX + 1), f"{LINES_MAX:,} sets"),
    "measures.aco": (
        lambda: b"ACMID/ACM:ROZ/NAME:X/POLYGON/USE:X//\n" * 22_000,
        f"{PIECES_MAX:,} problems",
    ),
    "rows.csv": (
        lambda: b"time,lat,lng,altitude_m_w84\n" + b"x,47,8,100\n" * 22_000,
        f"{PIECES_MAX:,} problems",
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_too_much_is_refused_soon_and_says_what(name: str) -> None:
    make, limit = CASES[name]
    data = make()
    begun_s = time.thread_time()
    with pytest.raises(TooLarge) as refused:
        read(data, name)
    assert time.thread_time() - begun_s < SOON_S
    assert limit in str(refused.value)


@pytest.mark.parametrize("item", ["D", "E"])
def test_a_notam_longer_than_any_is_not_read_and_the_next_is(item: str) -> None:
    notam = (
        "A{number:04}/26 NOTAMN\nQ) LSAS/QRTCA/IV/BO/W/000/100/4700N00800E010\nA) LSAS "
        "B) 2612010000 C) 2612020000 D) 0900-1000 {more_d}\nE) AREA {more_e}\nF) GND "
        "G) 5000FT AMSL\n"
    )
    much = "470000N0080000E MON-FRI 0900-1000 " * 20_000
    long = notam.format(
        number=1, more_d=much if item == "D" else "", more_e=much if item == "E" else ""
    )
    begun_s = time.thread_time()
    found = read((long + notam.format(number=2, more_d="", more_e="")).encode(), "long.notam")
    assert time.thread_time() - begun_s < SOON_S
    assert [piece.name for piece in found.pieces] == ["A0002/26"]
    assert [problem.message.en for problem in found.problems] == [
        f"Item {item} is longer than 65,536 characters; no NOTAM is."
    ]


def test_deep_json_is_no_geojson() -> None:
    with pytest.raises(Unreadable, match="deeper"):
        read(b'{"type":"FeatureCollection","features":' + b"[" * 100_000, "deep.geojson")


def test_a_large_honest_geojson_is_read() -> None:
    ring = b"[8,47],[8.01,47],[8.01,47.01],[8,47.01],[8,47]"
    polygon = b'{"type":"Polygon","coordinates":[[%s]]}' % ring
    data = _COLLECTION % b",\n".join([_FEATURE % polygon] * 2_000)
    found = read(data, "large.geojson")
    assert len(found.pieces) == 2_000
    assert [piece.line for piece in found.pieces] == list(range(1, 2_001))
