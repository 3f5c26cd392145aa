"""OpenAir: what is read, compared with aerofiles, and what is named by its line."""

import io

import pytest
from aerofiles.openair import Reader

from detente.geo import Circle, Polygon
from detente.interchange import Defaults, Level, LevelDefaults, Span, Understood, read
from detente.interchange.arcs import away, azimuth_distance

HEAD = "AC R\nAN Area\nAH FL095\nAL GND\n"
TRIANGLE = "DP 46:00:00 N 006:00:00 E\nDP 46:00:00 N 006:30:00 E\nDP 46:30:00 N 006:15:00 E\n"

FILE = """* Two airspaces and a note
AC CTR
AY TMZ
AN CTR TEST
AF 123.450
AH 4500ft AMSL
AL SFC
V X=46:30:00 N 006:30:00 E
DC 5.5

AC R
AN LS-R1
AL 300 m AGL
AH UNL
AA 2026-05-01T12:00Z/2026-05-01T13:00Z
AA 2026-05-02T12:00Z/NONE
V X=46:00:00 N 007:00:00 E
DP 46:10:00 N 007:00:00 E
DA 10, 0, 90
V D=-
DP 46:00:00 N 007:07:12 E
DB 46:00:00 N 007:07:12 E, 46:05:00 N 007:00:00 E
DP 46:10:00 N 007:00:00 E
"""


def openair(text: str, defaults: Defaults | None = None) -> Understood:
    return read(text.encode(), "test.air", format="openair", defaults=defaults or Defaults())


def told(found: Understood) -> list[tuple[int, str]]:
    return [(each.line, each.message.en) for each in found.problems]


def test_a_file_is_read_with_its_lines() -> None:
    found = openair(FILE)
    circle, area = found.pieces
    assert circle.name == "CTR TEST"
    assert circle.kind == "CTR TMZ"
    assert circle.outline == Circle(46.5, 6.5, 5.5 * 1852)
    assert (circle.lower, circle.upper) == (
        Level(0, "m", "SFC", 7),
        Level(4500, "ft", "AMSL", 6),
    )
    assert (circle.line, circle.last_line, circle.error_m) == (2, 9, 0.0)
    assert area.lower == Level(300, "m", "AGL", 13)
    assert area.upper == Level(0, "m", "UNL", 14)
    assert area.spans == (
        Span(1_777_636_800_000_000, 1_777_640_400_000_000, 15),
        Span(1_777_723_200_000_000, None, 16),
    )
    assert 0 < area.error_m < 60
    assert found.whole
    assert [(note.line, note.message.en) for note in found.notes] == [
        (5, "Passed over: frequencies (AF).")
    ]


def test_every_point_and_circle_is_where_aerofiles_has_it() -> None:
    text = (
        "AC D\nAN One\nAH FL100\nAL 1000ft AMSL\n"
        "DP 46:00:00 N 006:00:00 E\nDP 46:00.5 N 006:30.25 E\nDP 46:30:30.5 N 006:15:00 E\n\n"
        "AC C\nAN Two\nAH FL100\nAL 1000ft AMSL\nV X=33:30:00 S 070:30:00 W\nDC 7.25\n"
    )
    theirs = [record for record, error in Reader(io.StringIO(text)) if not error]
    ours = openair(text).pieces
    assert [piece.name for piece in ours] == [each["name"] for each in theirs]
    outline = ours[0].outline
    assert isinstance(outline, Polygon)
    for vertex, element in zip(outline.vertices, theirs[0]["elements"], strict=True):
        assert vertex == pytest.approx(tuple(element["location"]), abs=1e-9)
    circle = theirs[1]["elements"][0]
    lat, lng = circle["center"]
    assert ours[1].outline == Circle(lat, lng, float(circle["radius"]) * 1852)


def test_arcs_pass_where_aerofiles_has_them() -> None:
    text = HEAD + ("V X=46:00:00 N 007:00:00 E\nDA 10, 300, 60\nDP 46:00:00 N 007:00:00 E\n")
    arc = next(iter(Reader(io.StringIO(text))))[0]["elements"][0]
    assert arc["clockwise"] is True
    outline = openair(text).pieces[0].outline
    assert isinstance(outline, Polygon)
    centre = tuple(arc["center"])
    for bearing in (arc["start"], 0.0, arc["end"]):
        on_arc = away(centre, bearing, arc["radius"] * 1852)
        nearest = min(azimuth_distance(on_arc, vertex)[1] for vertex in outline.vertices)
        assert nearest < 800
    bearings = [
        azimuth_distance(centre, vertex)[0]
        for vertex in outline.vertices
        if azimuth_distance(centre, vertex)[1] > 1
    ]
    assert all(bearing >= 299.99 or bearing <= 60.01 for bearing in bearings)


def test_an_anticlockwise_arc_goes_the_other_way() -> None:
    text = HEAD + "V X=46:00:00 N 007:00:00 E\nV D=-\nDA 10, 60, 300\nDP 46:00:00 N 007:00:00 E\n"
    outline = openair(text).pieces[0].outline
    assert isinstance(outline, Polygon)
    north = away((46.0, 7.0), 0.0, 10 * 1852)
    assert min(azimuth_distance(north, vertex)[1] for vertex in outline.vertices) < 800


def test_the_direction_is_clockwise_again_at_each_airspace() -> None:
    arc = "V X=46:00:00 N 007:00:00 E\n{}DA 10, 300, 60\nDP 46:00:00 N 007:00:00 E\n"
    first, second = openair(HEAD + arc.format("V D=-\n") + HEAD + arc.format("")).pieces
    alone = openair(HEAD + arc.format("")).pieces[0]
    assert second.outline == alone.outline
    assert first.outline != second.outline


def test_an_airway_is_a_strip_as_wide_as_it_says() -> None:
    found = openair(HEAD + "V W=10\nDY 46:00:00 N 006:00:00 E\nDY 46:00:00 N 007:00:00 E\n").pieces[
        0
    ]
    assert isinstance(found.outline, Polygon)
    side = away((46.0, 6.5), 0.0, 5 * 1852)
    assert max(lat for lat, _ in found.outline.vertices) >= side[0]
    assert 0 < found.error_m < 60


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("DP foo", 5, '"foo" is not a position.'),
        ("DC 5", 5, "The centre is not given"),
        ("V X=46:00:00 N 007:00:00 E\nDC -5", 6, "The radius is"),
        ("V X=46:00:00 N 007:00:00 E\nDC five", 6, '"five" is not a number.'),
        ("V X=46:00:00 N 007:00:00 E\nDA 10, 300", 6, "is not a radius and two bearings"),
        ("V X=46:00:00 N 007:00:00 E\nDB 46:10:00 N 007:00:00 E", 6, "two positions"),
        ("V D=left", 5, "gives no direction"),
        ("V Q=1", 5, 'The variable "V Q=" is not known.'),
        ("DY 46:00:00 N 006:00:00 E\nDY 46:00:00 N 007:00:00 E", 1, "has no width"),
        ("DP 46:00:00 N 006:00:00 E", 1, "it needs three"),
        ("AL GND", 5, "AL stands twice in one airspace, first on line 4."),
        ("AA noon", 5, "is no time span"),
        ("hello", 5, "is no command"),
        ("", 1, "has no outline"),
        (
            "DP 46:00:00 N 006:00:00 E\nDP 46:30:00 N 006:30:00 E\nDP 46:30:00 N 006:00:00 E\n"
            "DP 46:00:00 N 006:30:00 E",
            1,
            "cross or touch",
        ),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line_and_makes_no_piece(
    lines: str, line: int, message: str
) -> None:
    found = openair(HEAD + lines + "\n")
    assert found.pieces == ()
    assert [at for at, _ in told(found)] == [line]
    assert message in told(found)[0][1]
    assert found.problems[0].part == "Area"


def test_one_bad_airspace_does_not_take_the_others_with_it() -> None:
    found = openair(HEAD + TRIANGLE + HEAD + "DP nowhere\n" + HEAD + TRIANGLE)
    assert [piece.line for piece in found.pieces] == [1, 13]
    assert [problem.line for problem in found.problems] == [12]


def test_bare_heights_need_somebody_to_say_what_they_mean() -> None:
    text = "AC R\nAN Area\nAH 4500\nAL 1000ft\n" + TRIANGLE
    assert [line for line, _ in told(openair(text))] == [3, 4]
    said = openair(text, Defaults(LevelDefaults("ft", "AMSL"))).pieces[0]
    assert said.lower == Level(1000, "ft", "AMSL", 4)
    assert said.upper == Level(4500, "ft", "AMSL", 3)


def test_limits_are_needed() -> None:
    assert "has no AL" in told(openair("AC R\nAN A\nAH FL100\n" + TRIANGLE))[0][1]


def test_something_before_the_first_airspace_is_named() -> None:
    assert "no AC stands before it" in told(openair("AN Lost\n" + HEAD + TRIANGLE))[0][1]


def test_terrain_is_passed_over_whole() -> None:
    found = openair("TO Lake\nSP 0,1,0,0,255\nDP 46:00:00 N 006:00:00 E\n" + HEAD + TRIANGLE)
    assert len(found.pieces) == 1
    assert found.whole


def test_an_airspace_without_times_of_activation_is_left_out_and_told() -> None:
    found = openair(HEAD + "AA NONE\n" + TRIANGLE)
    assert found.pieces == ()
    assert "AA NONE" in found.notes[0].message.en


def test_old_encodings_and_line_ends_are_read() -> None:
    text = (HEAD.replace("Area", "Zürich") + TRIANGLE).replace("\n", "\r\n")
    assert read(text.encode("cp1252"), "a.air").pieces[0].name == "Zürich"
    assert read(("\ufeff" + text).encode(), "a.air").pieces[0].name == "Zürich"
