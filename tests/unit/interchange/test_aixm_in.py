"""AIXM 5.1: surfaces, arcs, limits, times, links; compared with aviconv-aixm."""

from pathlib import Path
from typing import Any

import aviconv_aixm
import numpy as np
import pytest
import shapely

from detente.geo import Circle, Polygon, projection
from detente.interchange import Level, Span, TooLarge, Understood, Unreadable, read
from detente.interchange.arcs import away, azimuth_distance
from detente.interchange.circles import circumcircle
from detente.interchange.understood import Unread

LAT_LNG = "urn:ogc:def:crs:EPSG::4326"
MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<message:AIXMBasicMessage gml:id="m"
  xmlns:message="http://www.aixm.aero/schema/5.1/message"
  xmlns:aixm="http://www.aixm.aero/schema/5.1"
  xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink">
{}
</message:AIXMBasicMessage>
"""
BEGIN = "2026-05-01T09:00:00Z"
TRIANGLE = "46.0 6.0 46.0 6.5 46.5 6.25 46.0 6.0"


def airspace(volume: str, *, name: str = "A", more: str = "", id_: str = "a") -> str:
    return f"""<message:hasMember><aixm:Airspace gml:id="{id_}">
<gml:identifier codeSpace="urn:uuid:">{id_}-uuid</gml:identifier>
<aixm:timeSlice><aixm:AirspaceTimeSlice gml:id="{id_}-ts">
<gml:validTime><gml:TimePeriod gml:id="t{id_}"><gml:beginPosition>{BEGIN}</gml:beginPosition>
<gml:endPosition>2026-05-01T10:00:00Z</gml:endPosition></gml:TimePeriod></gml:validTime>
<aixm:interpretation>BASELINE</aixm:interpretation>
<aixm:type>R</aixm:type><aixm:designator>LS{name}</aixm:designator><aixm:name>{name}</aixm:name>
{volume}{more}
</aixm:AirspaceTimeSlice></aixm:timeSlice></aixm:Airspace></message:hasMember>"""


def component(shape: str, *, limits: str | None = None, operation: str = "BASE") -> str:
    if limits is None:
        limits = (
            '<aixm:upperLimit uom="FL">95</aixm:upperLimit>'
            "<aixm:upperLimitReference>STD</aixm:upperLimitReference>"
            '<aixm:lowerLimit uom="FT">1000</aixm:lowerLimit>'
            "<aixm:lowerLimitReference>MSL</aixm:lowerLimitReference>"
        )
    return (
        "<aixm:geometryComponent><aixm:AirspaceGeometryComponent>"
        f"<aixm:operation>{operation}</aixm:operation><aixm:theAirspaceVolume>\n"
        f"<aixm:AirspaceVolume>{limits}{shape}</aixm:AirspaceVolume></aixm:theAirspaceVolume>"
        "</aixm:AirspaceGeometryComponent></aixm:geometryComponent>"
    )


def surface(segments: str, *, srs: str = LAT_LNG, id_: str = "s") -> str:
    return (
        f'<aixm:horizontalProjection><aixm:Surface gml:id="{id_}" srsName="{srs}"><gml:patches>'
        "<gml:PolygonPatch><gml:exterior><gml:Ring><gml:curveMember>"
        f'<gml:Curve gml:id="{id_}-c"><gml:segments>{segments}</gml:segments></gml:Curve>'
        "</gml:curveMember></gml:Ring></gml:exterior></gml:PolygonPatch></gml:patches>"
        "</aixm:Surface></aixm:horizontalProjection>"
    )


def geodesics(positions: str = TRIANGLE) -> str:
    return f"<gml:GeodesicString><gml:posList>{positions}</gml:posList></gml:GeodesicString>"


def arc(
    start: float, end: float, *, radius: str = '<gml:radius uom="[nmi_i]">10</gml:radius>'
) -> str:
    return (
        f'<gml:ArcByCenterPoint numArc="1"><gml:pos>46.0 7.0</gml:pos>{radius}'
        f'<gml:startAngle uom="deg">{start}</gml:startAngle>'
        f'<gml:endAngle uom="deg">{end}</gml:endAngle></gml:ArcByCenterPoint>'
    )


def aixm(*members: str) -> Understood:
    return read(MESSAGE.format("\n".join(members)).encode(), "a.xml")


def only(shape: str, **given: Any) -> Any:
    found = aixm(airspace(component(shape, **given)))
    assert found.problems == ()
    return found.pieces[0]


def test_a_surface_with_its_limits_and_times() -> None:
    found = aixm(airspace(component(surface(geodesics()))))
    (piece,) = found.pieces
    assert piece.outline == Polygon(((46.0, 6.0), (46.0, 6.5), (46.5, 6.25)))
    assert (piece.name, piece.kind) == ("LSA A", "R")
    assert (piece.lower, piece.upper) == (
        Level(1000, "ft", "AMSL", 14),
        Level(95, "FL", "STD", 14),
    )
    assert piece.spans == (Span(1_777_626_000_000_000, 1_777_629_600_000_000, 9),)
    assert piece.line == 14
    assert found.whole


def test_the_order_of_axes_is_that_of_the_coordinate_system() -> None:
    swapped = "6.0 46.0 6.5 46.0 6.25 46.5 6.0 46.0"
    crs84 = "urn:ogc:def:crs:OGC:1.3:CRS84"
    assert (
        only(surface(geodesics(swapped), srs=crs84)).outline == only(surface(geodesics())).outline
    )
    http = "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert only(surface(geodesics(), srs=http)).outline == only(surface(geodesics())).outline


@pytest.mark.parametrize("srs", ["", "EPSG:4326", "urn:ogc:def:crs:EPSG::3857"])
def test_without_a_known_order_nothing_is_read(srs: str) -> None:
    found = aixm(airspace(component(surface(geodesics(), srs=srs))))
    assert found.pieces == ()
    assert found.problems[0].line == 14


def test_circles_stay_circles_in_any_unit() -> None:
    for radius, metres in (
        ('<gml:radius uom="[nmi_i]">5</gml:radius>', 9260),
        ('<gml:radius uom="m">120.5</gml:radius>', 120.5),
        ('<gml:radius uom="KM">2</gml:radius>', 2000),
    ):
        circle = (
            '<gml:CircleByCenterPoint numArc="1"><gml:pointProperty><gml:Point>'
            "<gml:pos>46.5 6.5</gml:pos></gml:Point></gml:pointProperty>"
            f"{radius}</gml:CircleByCenterPoint>"
        )
        assert only(surface(circle)).outline == Circle(46.5, 6.5, metres)


def bearings(outline: Any) -> list[float]:
    return [
        azimuth_distance((46.0, 7.0), vertex)[0]
        for vertex in outline.vertices
        if azimuth_distance((46.0, 7.0), vertex)[1] > 10
    ]


def sector(start: float, end: float) -> str:
    """An arc, and straight from its end over the centre to its start."""
    first, last = (away((46.0, 7.0), bearing, 18_520) for bearing in (start, end))
    line = f"{last[0]!r} {last[1]!r} 46.0 7.0 {first[0]!r} {first[1]!r}"
    return arc(start, end) + geodesics(line)


def test_arcs_run_clockwise_from_north_unless_they_end_below_their_start() -> None:
    clockwise = only(surface(sector(-60, 60)))
    assert all(each >= 299.9 or each <= 60.1 for each in bearings(clockwise.outline))
    back = only(surface(sector(60, -60)))
    assert all(each >= 299.9 or each <= 60.1 for each in bearings(back.outline))
    around = only(surface(sector(60, 300)))
    assert all(59.9 <= each <= 300.1 for each in bearings(around.outline))
    assert 0 < clockwise.error_m <= 10.1


def test_angles_of_longitude_first_count_from_east_the_other_way() -> None:
    crs84 = "urn:ogc:def:crs:OGC:1.3:CRS84"
    first, last = (away((46.0, 7.0), bearing, 18_520) for bearing in (60, 300))
    line = geodesics(f"{last[1]!r} {last[0]!r} 7.0 46.0 {first[1]!r} {first[0]!r}")
    text = surface(arc(30, 150) + line, srs=crs84)
    outline = only(text.replace("<gml:pos>46.0 7.0", "<gml:pos>7.0 46.0")).outline
    assert all(each >= 299.9 or each <= 60.1 for each in bearings(outline))


@pytest.mark.parametrize(("start", "end"), [(-60.0, 60.0), (300.0, 190.0), (10.0, 350.0)])
def test_arcs_hold_those_of_another_reader(tmp_path: Path, start: float, end: float) -> None:
    data = MESSAGE.format(airspace(component(surface(sector(start, end)))))
    path = tmp_path / "a.xml"
    path.write_text(data.replace("schema/5.1", "schema/5.1.1"))
    document = aviconv_aixm.to_geojson(list(aviconv_aixm.read_aixm(path)))
    theirs = np.array(
        shapely.get_coordinates(shapely.geometry.shape(document["features"][0]["geometry"]))
    )
    piece = only(surface(sector(start, end)))

    def drawn(lat: Any, lng: Any) -> Any:
        x, y, _ = projection.project(46.0, 7.0, np.array(lat), np.array(lng))
        return shapely.polygons(np.column_stack((x, y)))

    ours = drawn(*zip(*piece.outline.vertices, strict=True))
    other = drawn(theirs[:, 1], theirs[:, 0])
    # Theirs is on a sphere, which makes 0.3 % of the radius.
    sphere_m = 0.003 * 18_520
    assert shapely.area(shapely.difference(other, shapely.buffer(ours, sphere_m))) < 1.0
    near = shapely.buffer(other, sphere_m + piece.error_m)
    assert shapely.area(shapely.difference(ours, near)) < 1.0


def test_a_gap_between_an_arc_and_its_neighbour_is_told() -> None:
    found = aixm(airspace(component(surface(arc(0, 90) + geodesics("46.0 7.0 46.1 7.0")))))
    assert "a gap of" in found.problems[0].message.en


def test_an_arc_ends_where_its_neighbour_begins() -> None:
    """Angles are rounded: the neighbour's place is the exact one."""
    start, end = away((46.0, 7.0), 0.0, 18520), away((46.0, 7.0), 90.0, 18520)
    line = geodesics(f"{end[0]} {end[1]} 46.0 7.0 {start[0]} {start[1]}")
    piece = only(surface(arc(0.01, 89.99) + line))
    assert {start, end} <= set(piece.outline.vertices)


def test_arcs_through_three_points() -> None:
    places = [away((46.0, 7.0), bearing, 5_000) for bearing in (300, 0, 60)]
    text = " ".join(f"{lat!r} {lng!r}" for lat, lng in places)
    segments = f"<gml:ArcString><gml:posList>{text}</gml:posList></gml:ArcString>" + geodesics(
        f"{text.split()[-2]} {text.split()[-1]} 46.0 7.0 {text.split()[0]} {text.split()[1]}"
    )
    outline = only(surface(segments)).outline
    assert all(each >= 299.9 or each <= 60.1 for each in bearings(outline))
    assert max(azimuth_distance((46.0, 7.0), each)[1] for each in outline.vertices) < 5_011
    centre, radius = circumcircle(places, 1)
    assert azimuth_distance(centre, (46.0, 7.0))[1] < 0.05
    assert radius == pytest.approx(5_000, abs=0.05)


def test_three_points_on_a_line_are_no_arc() -> None:
    for places in ([(46.0, 7.0)] * 3, [(0.0, 7.0), (0.0, 8.0), (0.0, 9.0)]):
        with pytest.raises(Unread):
            circumcircle(places, 1)


def test_a_parallel_is_followed() -> None:
    """60 km along a parallel: the geodesic between its ends bulges 70 m."""
    line = "46.0 6.0 46.0 6.8 45.5 6.4 46.0 6.0"
    parallel = only(
        surface(f"<gml:LineStringSegment><gml:posList>{line}</gml:posList></gml:LineStringSegment>")
    ).outline
    on_it = [lat for lat, lng in parallel.vertices if 6.0 < lng < 6.8 and lat > 45.99]
    assert len(on_it) >= 5
    assert all(lat == pytest.approx(46.0, abs=1e-12) for lat in on_it)


def test_a_corridor_is_a_strip_of_its_width() -> None:
    text = (
        '<aixm:width uom="KM">4</aixm:width><aixm:centreline>'
        f'<aixm:Curve srsName="{LAT_LNG}"><gml:segments>{geodesics("46.0 6.0 46.0 7.0")}'
        "</gml:segments></aixm:Curve></aixm:centreline>"
    )
    outline = only(text).outline
    north = away((46.0, 6.0), 0.0, 2_000)[0]
    assert max(lat for lat, _ in outline.vertices) >= north
    assert max(lat for lat, _ in outline.vertices) < north + 0.002


@pytest.mark.parametrize(
    ("limits", "lower", "upper"),
    [
        (
            "<aixm:upperLimit>UNL</aixm:upperLimit><aixm:lowerLimit>GND</aixm:lowerLimit>",
            Level(0, "m", "SFC", 14),
            Level(0, "m", "UNL", 14),
        ),
        (
            '<aixm:upperLimit uom="M">450.5</aixm:upperLimit>'
            "<aixm:upperLimitReference>W84</aixm:upperLimitReference>"
            '<aixm:lowerLimit uom="FT">0</aixm:lowerLimit>'
            "<aixm:lowerLimitReference>SFC</aixm:lowerLimitReference>",
            Level(0, "m", "SFC", 14),
            Level(450.5, "m", "W84", 14),
        ),
        ("", None, None),
    ],
)
def test_limits(limits: str, lower: Level | None, upper: Level | None) -> None:
    piece = only(surface(geodesics()), limits=limits)
    assert (piece.lower, piece.upper) == (lower, upper)


def test_the_volume_of_another_airspace_is_found_by_its_link() -> None:
    for which, upper in (("HORZ_PROJECTION", "UNL"), ("FULL_GEOMETRY", "UNL")):
        link = (
            "<aixm:contributorAirspace><aixm:AirspaceVolumeDependency>"
            f"<aixm:dependency>{which}</aixm:dependency>"
            '<aixm:theAirspace xlink:href="urn:uuid:base-uuid"/>'
            "</aixm:AirspaceVolumeDependency></aixm:contributorAirspace>"
        )
        limits = "<aixm:upperLimit>UNL</aixm:upperLimit>"
        found = aixm(
            airspace(component(link, limits=limits)),
            airspace(component(surface(geodesics())), id_="base", name="B"),
        )
        first, second = found.pieces
        assert first.outline == second.outline
        assert str(first.upper) == upper
        assert (first.lower is None) == (which == "HORZ_PROJECTION")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (component(surface("<gml:Clothoid/>")), "<Clothoid> is not a shape"),
        (component(surface(geodesics("46.0 6.0 46.0"))), "no whole positions"),
        (component(surface(geodesics("46.0 6.0 46.0 six"))), "not a number"),
        (component(surface(geodesics("146.0 6.0 46.0 6"))), "beyond 90"),
        (component(surface(geodesics("46.0 6.0 46.0 6.5"))), "it needs three"),
        (component(surface(geodesics()), operation="SUBTR"), "not subtracted"),
        (component(""), "no horizontal projection"),
        (component(surface("")), "it needs three"),
        (component(surface(arc(0, 90, radius='<gml:radius uom="miles">1</gml:radius>'))), "unit"),
        (component(surface(arc(0, 0))), "has no length"),
        (
            component(surface(geodesics())).replace('uom="FT"', 'uom="YD"'),
            "is not a height",
        ),
        (
            component(surface(geodesics())).replace(">MSL<", ">OTHER<"),
            "which is not known",
        ),
        (
            component(surface(geodesics())).replace(
                "</gml:PolygonPatch>", "<gml:interior/></gml:PolygonPatch>"
            ),
            "has holes",
        ),
        (
            component('<aixm:horizontalProjection xlink:href="#nowhere"/>'),
            "points at nothing",
        ),
        (
            component('<aixm:horizontalProjection xlink:href="http://127.0.0.1/x#y"/>'),
            "points at nothing",
        ),
        (
            component(
                "<aixm:contributorAirspace><aixm:AirspaceVolumeDependency>"
                "<aixm:dependency>FULL_GEOMETRY</aixm:dependency>"
                '<aixm:theAirspace xlink:href="#a"/>'
                "</aixm:AirspaceVolumeDependency></aixm:contributorAirspace>"
            ),
            "in a circle",
        ),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_read(text: str, message: str) -> None:
    found = aixm(
        airspace(text), airspace(component(surface(geodesics(), id_="t")), name="B", id_="b")
    )
    assert [piece.name for piece in found.pieces] == ["LSB B"]
    (problem,) = found.problems
    assert message in problem.message.en
    assert problem.part == "LSA A"
    assert 8 <= problem.line <= 15


def test_timetables_are_not_read_and_told() -> None:
    more = (
        "<aixm:activation><aixm:AirspaceActivation><aixm:timeInterval><aixm:Timesheet/>"
        "</aixm:timeInterval></aixm:AirspaceActivation></aixm:activation>"
    )
    found = aixm(airspace(component(surface(geodesics())), more=more))
    assert "timetable" in found.notes[0].message.en
    assert len(found.pieces) == 1


def test_a_change_without_the_rest_is_refused_by_name() -> None:
    text = airspace(component(surface(geodesics()))).replace("BASELINE", "PERMDELTA")
    assert "only what changes" in aixm(text).problems[0].message.en


@pytest.mark.parametrize(
    "text",
    ["<AIXM-Snapshot/>", '<Airspace xmlns="http://www.aixm.aero/schema/4.5"/>', "<kml/>"],
)
def test_what_is_no_aixm_5_is_refused_whole(text: str) -> None:
    with pytest.raises(Unreadable, match="no AIXM 5"):
        read(text.encode(), "a.xml", format="aixm")


def test_links_that_say_very_much_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each curve is ten times the next, nine deep: 10^9 would have to be followed."""
    monkeypatch.setattr("detente.interchange.gml._FOLLOWED_MOST", 2_000)
    curves = "".join(
        f'<gml:CompositeCurve gml:id="c{k}" srsName="{LAT_LNG}">'
        + f'<gml:curveMember xlink:href="#c{k + 1}"/>' * 10
        + "</gml:CompositeCurve>"
        for k in range(9)
    )
    last = (
        f'<gml:LineString gml:id="c9" srsName="{LAT_LNG}"><gml:posList>46 6 46 7</gml:posList>'
        "</gml:LineString>"
    )
    shape = surface("@")
    start, end = shape.index("<gml:curveMember>"), shape.index("</gml:Ring>")
    shape = f'{shape[:start]}<gml:curveMember xlink:href="#c0"/>{shape[end:]}'
    with pytest.raises(TooLarge, match="too much"):
        aixm(airspace(component(shape), more=curves + last))


def test_links_in_a_circle_are_told() -> None:
    loop = (
        '<gml:CompositeCurve gml:id="c0"><gml:curveMember xlink:href="#c0"/></gml:CompositeCurve>'
    )
    shape = surface("@")
    start, end = shape.index("<gml:curveMember>"), shape.index("</gml:Ring>")
    shape = f'{shape[:start]}<gml:curveMember xlink:href="#c0"/>{shape[end:]}'
    found = aixm(airspace(component(shape), more=loop))
    assert "in a circle" in found.problems[0].message.en
