"""NOTAM text: areas, times, schedules, limits."""

from datetime import UTC, datetime

import pytest

from detente.geo import Circle, Polygon
from detente.interchange import Level, Understood, Unread, read
from detente.interchange.schedule import spans_of

NOTAM = """(A1234/26 NOTAMN
Q) LSAS/QRTCA/IV/BO/W/000/100/4630N00630E005
A) LSAS B) 2605010600 C) 2605102000
{d}E) {e}
F) {f} G) {g})
"""


def at(day: int, hour: int = 0, minute: int = 0, month: int = 5) -> int:
    return round(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp() * 1e6)


def notam(e: str, d: str = "", f: str = "SFC", g: str = "2500FT AMSL") -> Understood:
    text = NOTAM.format(e=e, d=f"D) {d}\n" if d else "", f=f, g=g)
    return read(text.encode(), "a.notam")


def test_a_polygon_over_several_lines() -> None:
    found = notam(
        "RESTRICTED AREA WI AREA BOUNDED BY 463000N 0063000E -\n463000N 0064000E - 464000.5N\n"
        "0064000E - 463000N 0063000E."
    )
    (piece,) = found.pieces
    assert piece.outline == Polygon(
        (
            (46.5, 6.5),
            (46.5, 6 + 40 / 60),
            (46 + 40 / 60 + 0.5 / 3600, 6 + 40 / 60),
        )
    )
    assert piece.name == "A1234/26"
    assert piece.kind == "QRTCA"
    assert piece.lower == Level(0, "m", "SFC", 7)
    assert piece.upper == Level(2500, "ft", "AMSL", 7)
    assert [(span.start_us, span.end_us) for span in piece.spans] == [(at(1, 6), at(10, 20))]
    assert (piece.line, piece.last_line) == (1, 7)
    assert found.whole


@pytest.mark.parametrize(
    ("text", "radius_m"),
    [
        ("UAS WI 5NM RADIUS OF PSN 463000N 0063000E", 9260),
        ("UAS WI 120M RADIUS OF PSN 463000.00N 0063000.00E.", 120),
        ("2.5NM RADIUS CENTRED ON 463000N 0063000E", 4630),
        ("CIRCLE RADIUS 5 KM CENTRED AT 463000N0063000E", 5000),
        ("PSN 463000N 0063000E RADIUS 2NM", 3704),
        ("WI 3NM OF 463000N 0063000E", 5556),
    ],
)
def test_circles(text: str, radius_m: float) -> None:
    assert notam(text).pieces[0].outline == Circle(46.5, 6.5, radius_m)


def test_several_areas() -> None:
    triangle = "463000N 0063000E - 463000N 0064000E - 464000N 0064000E - 463000N 0063000E"
    other = triangle.replace("006", "007")
    for text in (
        f"AREA 1: {triangle}. AREA 2: WI 1NM RADIUS OF PSN 470000N 0070000E.",
        f"WI {triangle} AND {other}",
        "WI 1NM RADIUS OF 463000N 0063000E AND 2NM RADIUS OF 473000N 0063000E",
    ):
        found = notam(text)
        assert len(found.pieces) == 2, text
        assert found.whole


def test_a_strip_on_both_sides_of_a_line() -> None:
    piece = notam("2NM EITHER SIDE OF LINE 463000N 0063000E - 464000N 0064000E").pieces[0]
    assert isinstance(piece.outline, Polygon)
    assert piece.error_m > 0


@pytest.mark.parametrize(
    "text",
    [
        "WI AREA 463000N 0063000E - 463000N 0064000E",
        "WI 463000N 0063000E - 463000N 0064000E THEN ALONG BORDER TO 463000N 0063000E",
        "463000N 0063000E CLOCKWISE ARC RADIUS 5NM CENTRED 463000N 0064000E TO 464000N 0064000E",
        "WI 5NM RADIUS OF 463000N 0063000E EXCLUDING LSGG CTR",
        "463000N 0063000E - 466000N 0064000E - 464000N 0064000E",
        "463000N 0063000E - 463000N - 464000N 0064000E - 465000N 0064000E",
        "463000N 0063000E",
        "463000N 0063000E - 463000N 0064000E - 464000N 0063000E - 464000N 0064000E",
    ],
)
def test_an_area_that_is_not_clear_is_refused_by_name(text: str) -> None:
    found = notam(text)
    assert found.pieces == ()
    assert len(found.problems) == 1
    assert found.problems[0].part == "A1234/26"
    assert found.problems[0].line == 4


def test_without_positions_the_circle_of_the_q_line_is_taken_and_told() -> None:
    found = notam("LS-R1 ACTIVE")
    assert found.pieces[0].outline == Circle(46.5, 6.5, 5 * 1852)
    assert found.notes[0].line == 2
    assert "circle of the Q line" in found.notes[0].message.en


def test_positions_in_whole_minutes_are_told_to_be_coarse() -> None:
    assert "whole minutes" in notam("WI 5NM RADIUS OF 4630N00630E").notes[0].message.en


def test_limits_that_are_none_are_refused() -> None:
    found = notam("WI 5NM RADIUS OF 463000N 0063000E", g="SEE CHART")
    assert found.pieces == ()
    assert found.problems[0].line == 5


def test_kinds_replace_cancel_permanent_and_estimated() -> None:
    text = (
        "A1/26\nA0002/26 NOTAMC A0001/26\nQ) LSAS/QRTCA/IV/BO/W/000/100/4630N00630E005\n"
        "A) LSAS B) 2605010600\n\n"
        "A0003/26 NOTAMR A0001/26\nQ) LSAS/QRTCA/IV/BO/W/000/100/4630N00630E005\n"
        "A) LSAS B) 2605010600 C) PERM\nE) X WI 5NM RADIUS OF 463000N 0063000E\n"
        "F) 300M AGL G) FL095\n\n"
        "A0004/26 NOTAMN\nQ) LSAS/QRTCA/IV/BO/W/000/100/4630N00630E005\n"
        "A) LSAS B) 2605010600 C) 2605020600 EST\nE) X WI 5NM RADIUS OF 463000N 0063000E\n"
        "F) 300M AGL G) FL095\n"
    )
    found = read(text.encode(), "a.notam")
    permanent, estimated = found.pieces
    assert permanent.spans[0].end_us is None
    assert permanent.lower == Level(300, "m", "AGL", 10)
    assert permanent.upper == Level(95, "FL", "STD", 10)
    assert estimated.spans[0].estimated
    assert "cancels A0001/26" in found.notes[0].message.en
    assert found.whole


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("DAILY 0800-1600", [(1, 8, 1, 16), (2, 8, 2, 16), (3, 8, 3, 16)]),
        ("0800-1600", [(1, 8, 1, 16), (2, 8, 2, 16), (3, 8, 3, 16)]),
        ("H24", [(1, 0, 4, 0)]),
        (
            "FRI SUN 0600-0800 1000-1200",
            [(1, 6, 1, 8), (1, 10, 1, 12), (3, 6, 3, 8), (3, 10, 3, 12)],
        ),
        ("FRI-SAT 0600-0800", [(1, 6, 1, 8), (2, 6, 2, 8)]),
        ("01 03 0600-0800", [(1, 6, 1, 8), (3, 6, 3, 8)]),
        ("MAY 01-02 2200-0400", [(1, 22, 2, 4), (2, 22, 3, 4)]),
        ("01 0600-03 1800", [(1, 6, 3, 18)]),
        ("MAY 01 0600-MAY 03 1800", [(1, 6, 3, 18)]),
        ("DAILY 0800-1600 EXC 02", [(1, 8, 1, 16), (3, 8, 3, 16)]),
        ("DAILY 0800-1600 EXC SAT SUN", [(1, 8, 1, 16)]),
        ("FRI 0800-1200, SAT 0900-2359", [(1, 8, 1, 12), (2, 9, 3, 0)]),
        ("DAILY 2300-0100", [(1, 23, 2, 1), (2, 23, 3, 1), (3, 23, 4, 0)]),
    ],
)
def test_schedules(text: str, spans: list[tuple[int, int, int, int]]) -> None:
    """1 May 2026 is a Friday."""
    found = spans_of(text, at(1), at(4))
    assert found == [(at(d, h), at(d2, h2)) for d, h, d2, h2 in spans]


@pytest.mark.parametrize(
    "text",
    [
        "SR-SS",
        "HJ",
        "DAILY",
        "MON",
        "FOO 0800-1600",
        "DAILY 0800-",
        "DAILY 2500-2600",
        "DAILY 0800-1660",
        "32 0800-1600",
        "MON-FOO 0800-1600",
        "DAILY 0800-1600 EXC",
        "JUN 01 0800-1600",
        "",
        "1 8-16",
    ],
)
def test_schedules_that_are_not_understood_are_refused_whole(text: str) -> None:
    with pytest.raises(Unread):
        spans_of(text, at(1), at(4))


def test_a_month_is_needed_where_there_are_two() -> None:
    with pytest.raises(Unread):
        spans_of("01 0800-1600", at(1), at(4, month=6))
    assert spans_of("MAY 30-JUN 02 0800-1600", at(1), at(4, month=6))[-1] == (
        at(2, 8, month=6),
        at(2, 16, month=6),
    )


def test_schedules_of_years_are_refused() -> None:
    with pytest.raises(Unread, match="three years"):
        spans_of("DAILY 0800-1600", at(1), at(1) + 4 * 366 * 86_400_000_000)


def test_a_schedule_makes_one_span_each() -> None:
    piece = notam("WI 5NM RADIUS OF 463000N 0063000E", d="MON-FRI 0700-0900").pieces[0]
    assert len(piece.spans) == 6
    assert {span.line for span in piece.spans} == {4}
