"""KML and KMZ: bodies, tracks, time spans; and archives that mean harm."""

import io
import zipfile

import pytest

from detente.geo import Circle, Polygon
from detente.interchange import Level, Span, TooLarge, Understood, Unreadable, read
from detente.interchange import understood as limits

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">
<Document><name>x</name>
{}
</Document>
</kml>
"""
RING = "6.0,46.0,{0} 6.5,46.0,{0} 6.25,46.5,{0} 6.0,46.0,{0}"


def polygon(height: float, mode: str = "absolute", more: str = "") -> str:
    return (
        f"<Polygon>{more}<altitudeMode>{mode}</altitudeMode><outerBoundaryIs><LinearRing>"
        f"<coordinates>{RING.format(height)}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )


def placemark(body: str, more: str = "") -> str:
    return f"<Placemark><name>A</name>{more}\n{body}</Placemark>\n"


def kml(*placemarks: str) -> Understood:
    return read(KML.format("".join(placemarks)).encode(), "a.kml")


def test_an_extruded_polygon_reaches_from_the_ground() -> None:
    found = kml(placemark(polygon(300, "relativeToGround", "<extrude>1</extrude>")))
    (piece,) = found.pieces
    assert piece.outline == Polygon(((46.0, 6.0), (46.0, 6.5), (46.5, 6.25)))
    assert (piece.lower, piece.upper) == (Level(0, "m", "SFC", 5), Level(300, "m", "AGL", 5))
    assert (piece.name, piece.line, piece.last_line) == ("A", 4, 5)
    assert found.whole


def test_floor_and_ceiling_over_the_same_ground_are_one_body_and_walls_are_none() -> None:
    wall = (
        "<Polygon><altitudeMode>absolute</altitudeMode><outerBoundaryIs><LinearRing><coordinates>"
        "6.0,46.0,100 6.5,46.0,100 6.5,46.0,300 6.0,46.0,300 6.0,46.0,100"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )
    found = kml(placemark(f"<MultiGeometry>{polygon(300)}{polygon(100)}{wall}</MultiGeometry>"))
    (piece,) = found.pieces
    assert (piece.lower, piece.upper) == (Level(100, "m", "AMSL", 5), Level(300, "m", "AMSL", 5))


def test_a_flat_polygon_alone_has_no_floor_and_one_on_the_ground_no_limits() -> None:
    flat, ground = kml(placemark(polygon(300)), placemark(polygon(300, "clampToGround"))).pieces
    assert (flat.lower, flat.upper) == (None, Level(300, "m", "AMSL", 5))
    assert (ground.lower, ground.upper) == (None, None)


def test_extended_data_goes_before_what_is_drawn() -> None:
    data = {
        "altitude_reference": "W84",
        "altitude_lower_m": "380.0",
        "altitude_upper_m": "450.5",
        "centre_lat_deg": "46.5",
        "centre_lng_deg": "6.5",
        "radius_m": "500",
        "kind": "R",
    }
    more = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in data.items())
    (piece,) = kml(placemark(polygon(300), f"<ExtendedData>{more}</ExtendedData>")).pieces
    assert piece.outline == Circle(46.5, 6.5, 500.0)
    assert (piece.lower, piece.upper) == (Level(380, "m", "W84", 5), Level(450.5, "m", "W84", 5))
    assert piece.kind == "R"


def test_time_spans_hold_for_what_is_below_them() -> None:
    span = "<TimeSpan><begin>2026-05-01T09:00:00Z</begin><end>2026-05-01T10:00:00Z</end></TimeSpan>"
    later = span.replace("T09", "T12").replace("T10", "T13")
    found = kml(
        f"<Folder>{span}{placemark(polygon(1))}{placemark(polygon(1), later)}</Folder>",
        placemark(polygon(1)),
    )
    own = 1_777_626_000_000_000
    hour = 3_600_000_000
    assert [piece.spans for piece in found.pieces] == [
        (Span(own, own + hour, 4),),
        (Span(own + 3 * hour, own + 4 * hour, 6),),
        (),
    ]


def test_tracks_and_lines_are_routes() -> None:
    track = (
        "<gx:Track><altitudeMode>absolute</altitudeMode>"
        "<when>2026-05-01T09:00:00Z</when>\n<when>2026-05-01T09:05:00Z</when>"
        "<gx:coord>6.0 46.0 500</gx:coord><gx:coord>6.1 46.0 520</gx:coord></gx:Track>"
    )
    line = (
        "<LineString><altitudeMode>relativeToGround</altitudeMode>"
        "<coordinates>6,46,100 6.1,46,100</coordinates></LineString>"
    )
    found = kml(placemark(f"<gx:MultiTrack>{track}</gx:MultiTrack>"), placemark(line))
    timed, plain = found.routes
    assert timed.timed
    assert timed.points[1].level == Level(520, "m", "AMSL", 6)
    assert not plain.timed
    assert plain.points[0].level.reference == "AGL"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "no geometry"),
        ("<Point><coordinates>6,46</coordinates></Point>", "A Point is neither"),
        (polygon(1).replace("6.5,46.0,1", "6.5;46.0;1"), "not longitude, latitude and height"),
        (polygon(1).replace("6.5,46.0,1", "six,46.0,1"), "not a number"),
        (polygon(1).replace("6.5,46.0,1", "6.5,146.0,1"), "beyond 90"),
        (polygon(1, "relativeToSeaFloor"), "not one of the air"),
        (polygon(1).replace("</Polygon>", "<innerBoundaryIs/></Polygon>"), "has holes"),
        ("<Polygon/>", "no outline"),
        ("<LineString><coordinates>6,46,1 7,46,1</coordinates></LineString>", "on the ground"),
        (
            "<LineString><altitudeMode>absolute</altitudeMode><coordinates>6,46 7,46</coordinates>"
            "</LineString>",
            "has no height",
        ),
        ("<Track><when>2026-05-01T09:00:00Z</when></Track>", "1 times and 0 positions"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_read(body: str, message: str) -> None:
    found = kml(placemark(body), placemark(polygon(1)))
    assert len(found.pieces) == 1
    (problem,) = found.problems
    assert message in problem.message.en
    assert problem.part == "A"
    assert problem.line in (4, 5)


def test_links_are_never_followed_and_told() -> None:
    link = "<NetworkLink><Link><href>file:///etc/passwd</href></Link></NetworkLink>"
    found = kml(link, placemark(polygon(1)))
    assert "links to other files" in found.notes[0].message.en


def kmz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def test_the_main_file_of_a_kmz_is_read() -> None:
    inner = KML.format(placemark(polygon(1))).encode()
    other = KML.format("").encode()
    found = read(kmz({"files/x.png": b"x", "a.kml": other, "doc.kml": inner}), "a.kmz")
    assert len(found.pieces) == 1
    assert found.format == "kmz"
    assert read(kmz({"doc.kml": inner}), "nameless").format == "kmz"


def test_a_kmz_that_unpacks_to_too_much_is_refused_while_it_unpacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detente.interchange.kmz.BYTES_MAX", 1 << 20)
    bomb = kmz({"doc.kml": b" " * (50 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge):
        read(bomb, "bomb.kmz")


def test_a_kmz_with_too_many_members_is_refused() -> None:
    with pytest.raises(TooLarge):
        read(kmz({f"{k}.txt": b"" for k in range(10_001)}), "a.kmz")


@pytest.mark.parametrize("damage", [0, 10, 40, 60])
def test_a_damaged_kmz_is_refused(damage: int) -> None:
    data = bytearray(kmz({"doc.kml": KML.format(placemark(polygon(1))).encode() * 5}))
    data[damage : damage + 20] = b"\xff" * 20
    with pytest.raises(Unreadable):
        read(bytes(data[: len(data) - damage]), "a.kmz", format="kmz")


def test_a_kmz_without_kml_and_an_encrypted_one_are_refused() -> None:
    with pytest.raises(Unreadable, match="There is no"):
        read(kmz({"a.txt": b"x"}), "a.kmz")
    data = bytearray(kmz({"doc.kml": b"x" * 100}))
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    with pytest.raises(Unreadable, match="unpacked"):
        read(bytes(data), "a.kmz")


LAUGHS = (
    '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><kml><Document>&c;</Document></kml>'
)


@pytest.mark.parametrize("format_", ["kml", "aixm"])
@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>',
        '<!DOCTYPE kml SYSTEM "http://127.0.0.1/x.dtd"><kml/>',
        '<!DOCTYPE kml [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><kml/>',
        "<kml>" + "<Folder>" * 200 + "</Folder>" * 200 + "</kml>",
        "<kml><Document></kml>",
        "",
        "<kml>&nbsp;</kml>",
        '<?xml version="1.0" encoding="klingon"?><kml/>',
        "<html/>",
        "\0",
    ],
)
def test_xml_that_means_harm_or_nothing_is_refused(text: str, format_: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text.encode(), "a.xml", format=format_)
    assert "root:" not in str(refused.value)


def test_more_points_than_any_honest_file_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POINTS_MAX", 5)
    with pytest.raises(TooLarge):
        kml(placemark(polygon(1)), placemark(polygon(1)))


def test_more_pieces_than_any_honest_file_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PIECES_MAX", 1)
    with pytest.raises(TooLarge):
        kml(placemark(polygon(1)), placemark(polygon(1)))
