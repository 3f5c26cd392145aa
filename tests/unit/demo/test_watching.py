"""What the demonstration tells of recorded flights and borders."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tests.support.boundaries import exact_store
from tests.support.samples import sample

from detente.boundaries import BoundaryStore
from detente.demo.show_watch import BORDER, DRAWN, drawing, figure, watch_all
from detente.demo.watching import Archives, by_source, compared, counted, doubted, entered
from detente.watch import Event, EventKind, Grade, Ground, Interval, Place

S = 1_000_000
T0_MS = 1_599_390_000_000


def crossing(
    boundary: str,
    from_s: int,
    until_s: int | None,
    *,
    aircraft: str = "3924a4",
    grade: Grade = Grade.SHOWN,
    depth_m: tuple[float, float] = (400.0, 600.0),
    ground: str = "crossed",
    began_inside: bool = False,
) -> Event:
    low, high = depth_m
    return Event(
        id=f"{boundary} {aircraft} {from_s}",
        kind=EventKind.CROSSING,
        grade=grade,
        aircraft=aircraft,
        boundary=boundary,
        claimant=boundary.partition("/")[2],
        began_us=from_s * S,
        ended_us=None if until_s is None else until_s * S,
        entry=None if began_inside else Place(42.9, -0.3, None, from_s * S, 100.0, 1.0),
        depth_nearest_m=Interval((low + high) / 2, low, high, "m"),
        grounds=(Ground(ground),),
    )


def told(archives: Archives, out: Path, store: BoundaryStore) -> tuple[str, list[Path]]:
    """What is printed, on a terminal of 80 columns, and the pages."""
    stream = io.StringIO()
    pages = watch_all(Console(file=stream, width=80), archives, out, store)
    assert max(map(len, stream.getvalue().splitlines())) <= 80
    return stream.getvalue(), pages


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_same_crossing_by_two_sources_is_one() -> None:
    coarse = [
        crossing("country-coder/ES", 0, 100),
        crossing("country-coder/ES", 200, 300, depth_m=(0.0, 100.0)),
        crossing("country-coder/FR", 400, None),
        crossing("country-coder/ES", 900, 950),
    ]
    exact = [
        crossing("maritime-10m/ES", 90, 120),
        crossing("maritime-10m/ES", 290, 320),
        crossing("maritime-10m/FR", 5_000, 6_000),
        crossing("maritime-10m/ES", 900, 950, aircraft="another"),
    ]
    found = compared(coarse, exact)
    assert [(one.began_us // S, other.began_us // S) for one, other in found.both] == [
        (0, 90), (200, 290), (400, 5_000),
    ]  # fmt: skip
    assert found.agreeing() == 2
    assert found.only_one == [coarse[3]]
    assert found.only_other == [exact[3]]


def test_a_crossing_is_the_same_as_one_other_only() -> None:
    found = compared(
        [crossing("country-coder/ES", 0, 100)],
        [crossing("maritime-10m/ES", 0, 40), crossing("maritime-10m/ES", 60, 100)],
    )
    assert (len(found.both), len(found.only_one), len(found.only_other)) == (1, 0, 1)


def test_crossings_are_counted_by_source_claimant_and_grade() -> None:
    events = [
        crossing("country-coder/ES", 0, 1),
        crossing("country-coder/ES", 2, 3, grade=Grade.CANNOT_BE_TOLD),
        crossing("country-coder/FR", 2, 3),
        crossing("maritime-10m/ES", 0, 1),
    ]
    counts = counted(events, "country-coder")
    assert counts.by_claimant == {
        "ES": {Grade.SHOWN: 1, Grade.CANNOT_BE_TOLD: 1}, "FR": {Grade.SHOWN: 1},
    }  # fmt: skip
    assert (counts.of(Grade.SHOWN), counts.of(Grade.CANNOT_BE_TOLD)) == (2, 1)
    assert by_source(events, "maritime-10m") == [events[3]]


def test_who_began_inside_did_not_enter() -> None:
    events = [crossing("x/ES", 0, 1, began_inside=True), crossing("x/ES", 2, 3)]
    assert entered([*events, crossing("x/FR", 4, 5)], "ES") == [events[1]]


def test_what_cannot_be_true_is_told_apart() -> None:
    false = crossing("x/RO", 0, 1, ground="positions-inconsistent")
    assert doubted([crossing("x/BG", 0, 1), false]) == [false]


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        (None, ""),
        (Interval(1_234.4, 1_000.0, 1_500.0, "m"), "1,234 (1,000–1,500)"),
        (Interval(152.0, -27.0, 336.0, "m"), "152 (−27–336)"),
        (Interval(20_000.0, 19_821.0, float("inf"), "m"), "over 19,821"),
    ],
)
def test_a_figure_is_told_with_its_bounds(interval: Interval | None, shown: str) -> None:
    assert figure(interval) == shown


def test_depths_are_drawn_beside_the_border() -> None:
    shown, untold = Interval(700.0, 400.0, 900.0, "m"), Interval(150.0, -110.0, 340.0, "m")
    deep = Interval(1_000.0, 980.0, float("inf"), "m")
    drawn = [drawing(each, [shown, untold, deep]) for each in (shown, untold, deep)]
    assert all(len(each) <= DRAWN for each in drawn)
    border = drawn[0].index(BORDER)
    assert drawn[2].index(BORDER) == border
    assert drawn[0].index("├") > border, "all of what is shown lies beyond the border"
    assert drawn[1].index("├") < drawn[1].index("╂") == border < drawn[1].index("◆")
    assert drawn[2].endswith("→"), "there is no upper bound"
    assert drawing(None, [shown]) == ""


def test_without_exact_borders_it_says_so_and_goes_on(tmp_path: Path) -> None:
    # From Bern to Milan in a straight line, a position every ten seconds.
    rows = [
        {
            "timestamp": T0_MS + 10_000 * i,
            "icao24": "4b0001",
            "callsign": "AAA1",
            "latitude": 46.95 - 0.0125 * i,
            "longitude": 7.45 + 0.0145 * i,
            "altitude": 20_000.0,
        }
        for i in range(120)
    ]
    day = tmp_path / "day.json.gz"
    day.write_bytes(gzip.compress(json.dumps(rows).encode()))
    out = tmp_path / "out"
    out.mkdir()
    text, pages = told(Archives(day), out, BoundaryStore(tmp_path / "empty"))
    shown = words(text)
    assert "The exact borders, maritime-10m, are not installed" in shown
    assert "goes on with country-coder alone" in shown
    assert "CH 1 0" in shown
    assert "IT 1 0" in shown
    assert "country-coder: at least 2 crossings, at most 2" in shown
    assert "Incursions" not in shown
    assert "misled" not in shown
    assert pages == [out / "watch-day.html"]
    page = pages[0].read_text()
    assert "A day over Switzerland, held against borders" in page
    data = json.loads(page.split('id="data">', 1)[1].split("</script>", 1)[0])
    assert data["title"]["fr"] == "Une journée au-dessus de la Suisse, et les frontières"
    assert sorted(each.name for each in out.iterdir()) == ["watch-day.html", "watch-day.parquet"]


def test_incursions_are_found_and_what_was_spoofed_cannot_be_told(tmp_path: Path) -> None:
    spoofed = sample("noisy/noisy_spoofing.json.gz")
    archives = Archives(spoofed, sample("tv_relay/tour_de_france.json.gz"), spoofed)
    text, pages = told(archives, tmp_path, exact_store())
    shown = words(text)
    assert "not installed" not in shown
    assert "in tour_de_france.json.gz: 4 by maritime-10m" in shown
    rows = [line.split() for line in text.splitlines() if line.strip().startswith("12:")]
    assert [row[1] for row in rows] == ["ES"] * 4
    grades = [" ".join(row[6:]).lstrip("├─◆┤╂┃ ") for row in rows]
    assert grades == ["shown", "cannot be told", "shown", "shown"]
    assert ["╂" in "".join(row) for row in rows] == [False, True, False, False]
    assert "✓ Of the 3 within an hour of positions of the same track" in shown
    assert "3 are graded cannot be told" in shown
    for claimant in ("RO", "PL", "SE"):
        line = next(line for line in text.splitlines() if line.split()[1:2] == [claimant])
        assert line.rstrip().endswith("cannot be told")
    assert "the receiver may have been misled" in shown
    assert [each.name for each in pages] == [
        "watch-incursions.html", "watch-spoofed.html", "watch-day.html",
    ]  # fmt: skip
    assert all(each.stat().st_size > 100_000 for each in pages[:2])
