"""What `detente watch` prints, as it stands on a terminal."""

from __future__ import annotations

from math import inf

import pytest
from rich.console import Console

from detente.cli.watch_text import events_table
from detente.watch import Event, EventKind, Grade, Interval
from detente.words import Language


def crossing(duration_s: Interval, depth_m: Interval) -> Event:
    return Event(
        id="0" * 64,
        kind=EventKind.CROSSING,
        grade=Grade.CANNOT_BE_TOLD,
        aircraft="4b1234",
        began_us=1_800_000_000_000_000,
        boundary="maritime-10m/ES",
        claimant="ES",
        duration_s=duration_s,
        depth_nearest_m=depth_m,
    )


def printed(event: Event, language: Language, width: int) -> str:
    console = Console(width=width, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(events_table([event], language))
    return capture.get()


@pytest.mark.parametrize("width", [80, 110])
@pytest.mark.parametrize(
    ("language", "depth"), [("en", "12,454 (-7,037–17,638)"), ("fr", "12 454 (-7 037–17 638)")]
)
def test_a_figure_stays_whole_however_narrow_it_is(
    width: int, language: Language, depth: str
) -> None:
    event = crossing(Interval(25.0, 19.0, 30.0, "s"), Interval(12_454.0, -7_037.0, 17_638.0, "m"))
    expected = depth.replace("-", "−").replace(" ", "\u202f").replace("\u202f(", " (")
    assert expected in printed(event, language, width)


def test_what_has_no_upper_bound_is_told_by_its_lower_one() -> None:
    event = crossing(Interval(1880.0, 1879.0, inf, "s"), Interval(20_000.0, 19_514.0, inf, "m"))
    english, french = (printed(event, language, 120) for language in ("en", "fr"))
    assert "over 1,879" in english
    assert "over 19,514" in english
    assert "20,000" not in english
    assert "plus de 19\u202f514" in french
