"""Airspace control orders: procedural measures are read, all others refused by their kind alone."""

import pytest

from detente.geo import Circle, Polygon
from detente.interchange import Defaults, Level, Understood, Unreadable, read
from detente.interchange.aco_kinds import PROCEDURAL
from detente.interchange.arcs import azimuth_distance

HEAD = """EXER/TEST//
MSGID/ACO/HQ/1//
ACOID/AO/1A//
GEODATUM/WGS 1984//
PERIOD/010600ZMAY2026/030559ZMAY2026//
"""
CENTRE = (46.5, 6.5)
DAY_1 = 1_777_593_600_000_000
HOUR = 3_600_000_000


def aco(text: str, head: str = HEAD, defaults: Defaults | None = None) -> Understood:
    return read((head + text).encode(), "a.aco", defaults=defaults or Defaults())


def measure(shape: str, level: str = "EFFLEVEL/RARA:GL-050AMSL//", more: str = "") -> str:
    return f"ACMID/ACM:ROZ/NAME:WEST/POLYGON/USE:UAS//\n{shape}\n{level}\n{more}"


def test_a_measure_over_several_lines() -> None:
    found = aco(
        measure(
            "POLYGON/LATS:463000N0063000E/LATM:4630N00640E/\n LATS:464000N0064000E//",
            more="APERIOD/DISCRETE/010700ZMAY/011900ZMAY2026//\nAMPN/FREE TEXT//\n",
        )
    )
    (piece,) = found.pieces
    assert piece.outline == Polygon(((46.5, 6.5), (46.5, 6 + 40 / 60), (46 + 40 / 60, 6 + 40 / 60)))
    assert (piece.name, piece.kind) == ("WEST", "ROZ UAS")
    assert (piece.lower, piece.upper) == (Level(0, "m", "SFC", 9), Level(5000, "ft", "AMSL", 9))
    assert [(s.start_us, s.end_us, s.line) for s in piece.spans] == [
        (DAY_1 + 7 * HOUR, DAY_1 + 19 * HOUR, 10)
    ]
    assert (piece.line, piece.last_line) == (6, 11)
    assert found.whole


def test_shapes() -> None:
    found = aco(
        measure("CIRCLE/LATS:463000N0063000E/5NM//")
        + measure("CORRIDOR/4KM/4630N00630E/4630N00700E//")
        + measure("AORBIT/LATS:463000N0063000E/LATS:463000N0070000E/10NM/C//")
        + measure("AORBIT/LATS:463000N0063000E/LATS:463000N0070000E/10NM/L//")
        + measure("RADARC/463000N0063000E/300T/060T/5NM/20NM//")
        + measure("RADARC/463000N0063000E/300/060/0NM/20NM//")
    )
    circle, corridor, centred, left, sector, slice_ = found.pieces
    assert circle.outline == Circle(*CENTRE, 9260)
    assert isinstance(corridor.outline, Polygon)
    assert max(lat for lat, _ in corridor.outline.vertices) == pytest.approx(46.518, abs=2e-4)
    assert left.error_m > 10 * 1852
    assert centred.error_m < 200
    for piece, inner in ((sector, 9_260), (slice_, 0)):
        assert isinstance(piece.outline, Polygon)
        reached = [azimuth_distance(CENTRE, vertex) for vertex in piece.outline.vertices]
        assert max(metres for _, metres in reached) < 37_055
        assert min(metres for _, metres in reached) >= inner - 11
        assert all(b >= 299 or b <= 61 for b, metres in reached if metres > 1)
    assert found.whole


@pytest.mark.parametrize(
    ("level", "lower", "upper"),
    [
        ("RARA:010AGL-100AMSL", Level(1000, "ft", "AGL", 8), Level(10000, "ft", "AMSL", 8)),
        ("RAFL:070AMSL-FL280", Level(7000, "ft", "AMSL", 8), Level(280, "FL", "STD", 8)),
        ("FLFL:FL100-FL230", Level(100, "FL", "STD", 8), Level(230, "FL", "STD", 8)),
        ("BRFL:MSL-FL230", Level(0, "ft", "AMSL", 8), Level(230, "FL", "STD", 8)),
        ("BRRA:GL-UNL", Level(0, "m", "SFC", 8), Level(0, "m", "UNL", 8)),
    ],
)
def test_heights_are_in_hundreds_of_feet(level: str, lower: Level, upper: Level) -> None:
    piece = aco(measure("CIRCLE/LATS:463000N0063000E/5NM//", f"EFFLEVEL/{level}//")).pieces[0]
    assert (piece.lower, piece.upper) == (lower, upper)


def test_times_of_the_order_hold_for_what_has_none() -> None:
    piece = aco(measure("CIRCLE/LATS:463000N0063000E/5NM//")).pieces[0]
    assert [(s.start_us, s.end_us) for s in piece.spans] == [
        (DAY_1 + 6 * HOUR, DAY_1 + 54 * HOUR - 60_000_000)
    ]


def test_daily_intervals_and_open_ends() -> None:
    shape = "CIRCLE/LATS:463000N0063000E/5NM//"
    daily = aco(measure(shape, more="APERIOD/INTERVAL/010700ZMAY/010900ZMAY/DAILY/3DAYS//")).pieces[
        0
    ]
    assert [(s.start_us or 0) - DAY_1 for s in daily.spans] == [
        7 * HOUR,
        31 * HOUR,
        55 * HOUR,
    ]
    open_end = aco(measure(shape, more="APERIOD/DISCRETE/010700ZMAY/UFN//")).pieces[0]
    assert open_end.spans[0].end_us is None


def test_a_year_is_needed_from_somewhere() -> None:
    head = "MSGID/ACO/HQ//\n"
    text = measure(
        "CIRCLE/LATS:463000N0063000E/5NM//", more="APERIOD/DISCRETE/010700ZMAY/011900ZMAY//"
    )
    assert "has no year" in aco(text, head).problems[0].message.en
    said = aco(text, head, Defaults(year=2026)).pieces[0]
    assert said.spans[0].start_us == DAY_1 + 7 * HOUR


@pytest.mark.parametrize(
    ("kind", "use"),
    [
        ("ADOA", "MEZ"),
        ("ADAREA", "DEFA"),
        ("ROZ", "CAS"),
        ("ROZ", "SSMS"),
        ("PROC", "FSCL"),
        ("REFPT", "BULL"),
        ("FIRUB", "X"),
        ("ROZ", "UAS/USE:MEZ"),
        ("SUA", ""),
        ("", ""),
    ],
)
def test_other_measures_are_refused_by_kind_and_nothing_more_is_looked_at(
    kind: str, use: str
) -> None:
    text = (
        f"ACMID/ACM:{kind}/NAME:SECRET PLACE/CIRCLE/USE:{use}//\n"
        "CIRCLE/LATS:991122N0335544E/5NM//\nAMPN/HIDDEN WORDS//\nGEODATUM/MOON//\n"
    )
    found = aco(text + measure("CIRCLE/LATS:463000N0063000E/5NM//"))
    assert [piece.name for piece in found.pieces] == ["WEST"]
    (problem,) = found.problems
    assert problem.line == 6
    assert "is refused" in problem.message.en
    told = repr(found)
    for hidden in ("SECRET", "9911", "HIDDEN", "MOON"):
        assert hidden not in told


def test_every_use_that_is_read_is_read() -> None:
    for kind, uses in PROCEDURAL.items():
        for use in uses:
            text = measure("CIRCLE/LATS:463000N0063000E/5NM//")
            found = aco(text.replace("ACM:ROZ", f"ACM:{kind}").replace("USE:UAS", f"USE:{use}"))
            assert found.whole, (kind, use)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (measure("POLYGON/LATS:463000N0063000E/LATS:463000N0064000E//"), 7, "it needs three"),
        (measure("POLYGON//"), 7, "it needs three"),
        (measure("POLYGON/UTM:32TLS12345678/X/Y//"), 7, "not a position in degrees"),
        (measure("CIRCLE/LATS:463000N0063000E/5//"), 7, "not a length with its unit"),
        (measure("CIRCLE/LATS:463000N0063000E//"), 7, "it needs 2"),
        (measure("RADARC/463000N0063000E/300M/060M/5NM/20NM//"), 7, "not a bearing from true"),
        (measure("RADARC/463000N0063000E/300T/060T/25NM/20NM//"), 7, "inner radius"),
        (measure("RADARC/463000N0063000E/060T/060T/5NM/20NM//"), 7, "begins where it ends"),
        (measure("POLYARC/X//"), 7, "shape POLYARC is not read"),
        (measure("GEOLINE/LATM:4630N00630E/LATM:4640N00640E//"), 7, "shape GEOLINE is not read"),
        (measure(""), 6, "has no shape"),
        (
            measure("CIRCLE/LATS:463000N0063000E/5NM//", "EFFLEVEL/RARA:5000AMSL-FL100//"),
            8,
            "hundreds of feet",
        ),
        (measure("CIRCLE/LATS:463000N0063000E/5NM//", "EFFLEVEL/ALL//"), 8, "not two heights"),
        (
            measure("CIRCLE/LATS:463000N0063000E/5NM//", more="APERIOD/DISCRETE/010700Z/X//"),
            9,
            "not a date-time group",
        ),
        (
            measure(
                "CIRCLE/LATS:463000N0063000E/5NM//",
                more="APERIOD/INTERVAL/010700ZMAY/010900ZMAY/YEARLY/9YEARS//",
            ),
            9,
            "is not read",
        ),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(text: str, line: int, message: str) -> None:
    found = aco(text)
    assert found.pieces == ()
    assert [problem.line for problem in found.problems] == [line]
    assert message in found.problems[0].message.en


@pytest.mark.parametrize(
    "head",
    ["MSGID/ATO/HQ//\n", "MSGID/SECRETMESSAGE/HQ//\n", "MSGID/ACO//\nGEODATUM/TOKYO//\n", "X//\n"],
)
def test_other_messages_and_datums_are_refused_whole(head: str) -> None:
    text = "" if head == "X//\n" else measure("CIRCLE/LATS:463000N0063000E/5NM//")
    with pytest.raises(Unreadable):
        aco(text, head)
