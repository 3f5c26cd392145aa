"""NOTAMs as they are written: their syntax, and that they never say less than is meant."""

from __future__ import annotations

import re

import pytest
from tests.support.exported import ALPS, DISC, T0, constraint, distance_m, geozone, intent, volume

from detente.geo import Circle, Polygon
from detente.interchange import read, to_volumes
from detente.interchange.feature import NotWritable, WriteOptions
from detente.interchange.notam_out import plain, position
from detente.interchange.writing import write

OPTIONS = WriteOptions(made_us=T0, altimetry=ALPS, fir="LSAS", series="D", number=7)
Q_LINE = re.compile(
    r"Q\) [A-Z]{4}/Q[A-Z]{4}/IV/BO/W/\d{3}/\d{3}/(\d{2})(\d{2})([NS])(\d{3})(\d{2})([EW])(\d{3})"
)


def lines(*features: object, options: WriteOptions = OPTIONS) -> list[str]:
    """The NOTAMs, line by line."""
    return write(features, "notam", options).decode("ascii").splitlines()  # type: ignore[arg-type]


def test_a_flight() -> None:
    assert lines(intent()) == [
        "(D0007/26 NOTAMN",
        "Q) LSAS/QWULW/IV/BO/W/011/016/4612N00609E001",
        "A) LSAS B) 2605010900 C) 2605010912",
        "E) UNMANNED AIRCRAFT WILL TAKE PLACE. BRIDGE SURVEY. MANAGED BY PARTY",
        "A. WI AREA BOUNDED BY LINES JOINING: 461200.00N 0060824.00E -",
        "461200.00N 0060936.00E - 461236.00N 0060936.00E - 461236.00N",
        "0060824.00E - 461200.00N 0060824.00E. ABOVE WGS-84 ELLIPSOID: 400.0M",
        "TO 520.5M. REF 11111111-1111-4111-8111-111111111111",
        "F) 1154FT AMSL G) 1554FT AMSL)",
    ]


def test_subjects() -> None:
    restricted = geozone(restriction="REQ_AUTHORISATION")
    assert "/QRPCA/" in lines(constraint())[1]
    assert "/QRTCA/" in lines(constraint(zone=restricted))[1]


def test_every_line_fits_and_every_notam_has_its_number() -> None:
    found = lines(intent(*(volume(start_us=T0 + i) for i in range(5))))
    assert max(map(len, found)) <= 69
    heads = [line for line in found if line.startswith("(")]
    assert heads == [f"(D{7 + i:04}/26 NOTAMN" for i in range(5)]
    assert sum(bool(Q_LINE.fullmatch(line)) for line in found) == 5


def test_times_go_outwards_to_the_minute() -> None:
    feature = intent(volume(start_us=T0 + 59_000_000, end_us=T0 + 60_000_001))
    assert "B) 2605010900 C) 2605010902" in lines(feature)[2]
    assert lines(constraint(volume(end_us=None)))[2].endswith("C) PERM")


def test_limits_that_are_open() -> None:
    found = lines(constraint(volume(low=None, high=None)))
    assert found[-1] == "F) SFC G) UNL)"
    assert "/000/999/" in found[1]


def test_without_a_geoid_the_sea_may_be_anywhere() -> None:
    found = lines(intent(), options=WriteOptions(made_us=T0))
    low, high = map(int, re.findall(r"(\d+)FT", found[-1]))
    assert low * 0.3048 <= 400 - 86 < (low + 1) * 0.3048
    assert (high - 1) * 0.3048 < 520.5 + 107 <= high * 0.3048


def test_below_the_sea_is_the_surface() -> None:
    assert lines(intent(volume(low=47.0, high=60.0)))[-1] == "F) SFC G) 43FT AMSL)"


@pytest.mark.parametrize(
    "outline", [DISC, Polygon(((-0.01, 179.9), (0.2, -179.8), (0.3, 179.9))), Circle(-89.9, 0, 9e3)]
)
def test_the_circle_of_the_q_line_holds_the_area(outline: Circle | Polygon) -> None:
    match = Q_LINE.fullmatch(lines(intent(volume(outline)), options=WriteOptions(made_us=T0))[1])
    assert match
    lat = (int(match[1]) + int(match[2]) / 60) * (1 if match[3] == "N" else -1)
    lng = (int(match[4]) + int(match[5]) / 60) * (1 if match[6] == "E" else -1)
    radius = int(match[7]) * 1852
    if isinstance(outline, Circle):
        reach = distance_m((lat, lng), (outline.lat_deg, outline.lng_deg)) + outline.radius_m
    else:
        reach = max(distance_m((lat, lng), vertex) for vertex in outline.vertices)
    assert reach <= radius <= 1.6 * reach + 3 * 1852


def test_a_thousand_corners_find_no_room() -> None:
    ring = Circle(46.2, 6.1, 5000.0)
    from detente.geo import circle_polygon

    with pytest.raises(NotWritable, match="characters"):
        lines(intent(volume(circle_polygon(ring, 300))))


def test_several_areas_of_one_time_stand_together_while_they_find_room() -> None:
    many = [volume(Circle(46.2 + i / 1000, 6.1, 100.0)) for i in range(40)]
    found = "\n".join(lines(intent(*many)))
    notams = found.split("\n\n")
    assert 1 < len(notams) < 40
    assert all(len(each) <= 1800 for each in notams)
    assert sum(each.replace("\n", " ").count("RADIUS OF PSN") for each in notams) == 40


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (WriteOptions(made_us=T0, fir="Zurich"), "location indicator"),
        (WriteOptions(made_us=T0, series="AB"), "series"),
        (WriteOptions(made_us=T0, number=10_000), "four digits"),
    ],
)
def test_options_are_checked(options: WriteOptions, what: str) -> None:
    with pytest.raises(NotWritable, match=what):
        lines(intent(), options=options)


def test_a_time_is_needed() -> None:
    with pytest.raises(NotWritable, match="begins at a time"):
        lines(constraint(volume(start_us=None)), options=WriteOptions())


@pytest.mark.parametrize(
    ("lat", "lng", "text"),
    [
        (46.2, 6.14, "461200.00N 0060824.00E"),
        (-0.5, -179.999999999, "003000.00S 1800000.00W"),
        (0.9999999999, 0.0, "010000.00N 0000000.00E"),
    ],
)
def test_positions(lat: float, lng: float, text: str) -> None:
    assert position(lat, lng) == text


def test_texts_have_the_network_s_characters() -> None:
    assert plain("Fête du lac (été) №5 NNNNN ZCZC") == "FETE DU LAC ETE NO5 N N N N N Z C Z C"
    assert plain("\u6771") == "-"


def test_what_is_read_back_holds_what_was_written() -> None:
    flown = (volume(), volume(DISC, start_us=T0 + 61_000_000))
    understood = read(write([intent(*flown)], "notam", OPTIONS), "x.notam")
    assert understood.whole, understood.problems
    back = to_volumes(understood, ALPS)
    assert len(back.volumes) == 2
    for one, other in zip(flown, back.volumes, strict=True):
        assert other.altitude_lower_m is not None
        assert other.altitude_upper_m is not None
        assert one.altitude_lower_m is not None
        assert one.altitude_upper_m is not None
        assert one.altitude_lower_m - 1.4 < other.altitude_lower_m <= one.altitude_lower_m
        assert one.altitude_upper_m <= other.altitude_upper_m < one.altitude_upper_m + 1.4
