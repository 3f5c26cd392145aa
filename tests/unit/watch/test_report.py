"""What the report page is given: the right events, their tracks, borders and sentences."""

from __future__ import annotations

import json
import re
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from rich.console import Console
from tests.support.archives_made import CLAIMS, at_once, in_time, wandering

from detente.cli.watch_text import events_table
from detente.feeds import Reports
from detente.watch import (
    Event,
    Grade,
    InputFile,
    Interval,
    Report,
    Window,
    report_page,
    summary_of,
    track_points,
    windows,
)
from detente.watch.archive_tracks import POINTS_MAX
from detente.watch.report_borders import GeoBox, border_lines, box_of, rings_of

WHOLE = in_time(wandering(1, 4, 60))
PAGE = Path(__file__).parents[3] / "src/detente/watch/report_page"


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return at_once(WHOLE)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    told: dict[str, Any] = json.loads(found.group(1))
    return told


def page_of(events: list[Event], most: int = 500) -> dict[str, Any]:
    summary = summary_of(events, most)
    wanted = [window for each in summary.shown for window in windows(each)]
    return data_of(
        report_page(
            Report(
                summary=summary,
                tracks=track_points([WHOLE], wanted),
                boundaries=CLAIMS,
                files=[InputFile("a.parquet", 5, "0" * 64)],
                events_file="events.csv",
            )
        )
    )


def test_every_event_has_its_figures_track_and_border(events: list[Event]) -> None:
    told = page_of(events)
    assert told["all"] == len(told["events"]) == len(events)
    assert sum(each[3] for each in told["counts"]) == len(events)
    assert {each["id"] for each in told["boundaries"]} == {each.boundary for each in events}
    for shown, event in zip(told["events"], events, strict=True):
        figures = {each[0]: each[1:] for each in shown["figures"]}
        assert event.duration_s is not None
        assert figures["duration_s"][0] == round(event.duration_s.value, 3)
        assert len(shown["grounds"]) == len(event.grounds)
        assert all(each["en"] and each["fr"] for each in shown["grounds"])
        track = shown["track"]
        times = np.cumsum(track["t"]) * 1000
        mine = WHOLE.take(WHOLE.aircraft == WHOLE.identities.index(event.aircraft))
        inside = (mine.time_us >= event.began_us) & (mine.time_us <= (event.ended_us or 1 << 62))
        assert set(mine.time_us[inside] // 1000 * 1000) <= set(times.tolist())
        assert len({len(column) for column in track.values()}) == 1
        assert shown["border"], "a crossing has a border near by"


def test_one_that_lasts_is_shown_for_as_long_as_it_is_known_to(events: list[Event]) -> None:
    lasting = replace(events[0], ended_us=None, duration_s=Interval(900.0, 890.0, inf, "s"))
    (window,) = windows(lasting)
    assert window.until_us >= lasting.began_us + 900_000_000
    unknown = replace(lasting, duration_s=Interval(inf, 890.0, inf, "s"))
    assert windows(unknown)[0].until_us > lasting.began_us


def test_rules_about_one_line_are_told_apart(events: list[Event]) -> None:
    of_a_rule = [replace(events[0], boundary="line", rule=f"stand-off/{n}") for n in "ab"]
    told = page_of(of_a_rule)
    assert {each["against"] for each in told["events"]} == {"stand-off/a", "stand-off/b"}
    assert {each[2] for each in told["counts"]} == {"stand-off/a", "stand-off/b"}
    from_terminal = Console(width=200)
    with from_terminal.capture() as printed:
        from_terminal.print(events_table(of_a_rule, "en"))
    assert "stand-off/b" in printed.get()


def test_depths_of_the_track_agree_with_the_event(events: list[Event]) -> None:
    told = page_of(events)
    for shown, event in zip(told["events"], events, strict=True):
        assert event.depth_nearest_m is not None
        times = np.cumsum(shown["track"]["t"]) / 1000
        until = shown["t1"] or np.inf
        during = [
            depth
            for depth, t in zip(shown["track"]["depth"], times, strict=True)
            if shown["t0"] <= t <= until
        ]
        if event.reports and during:
            assert max(during) <= event.depth_nearest_m.high + 1
            assert max(during) > 0


def test_a_page_shows_the_surest_and_largest(events: list[Event]) -> None:
    def graded(number: int, event: Event) -> Event:
        grade = list(Grade)[number % 3]
        depth = Interval(float(number), 0.0, float("inf"), "m")
        return replace(event, id=f"{number:064x}", grade=grade, depth_nearest_m=depth)

    many = [graded(number, events[number % len(events)]) for number in range(60)]
    summary = summary_of(many, 25)
    assert summary.events == 60
    assert {each.grade for each in summary.shown} == {Grade.SHOWN, Grade.CANNOT_BE_TOLD}
    shown = [each for each in summary.shown if each.grade is Grade.SHOWN]
    assert len(shown) == 20
    untold = [each for each in summary.shown if each.grade is not Grade.SHOWN]
    least = min(each.depth_nearest_m.value for each in untold if each.depth_nearest_m)
    assert least == 47.0
    assert [each.began_us for each in summary.shown] == sorted(e.began_us for e in summary.shown)


def test_nothing_found_is_a_page_too() -> None:
    told = data_of(report_page(Report(summary=summary_of([]))))
    assert told["events"] == told["counts"] == told["boundaries"] == []


def test_names_cannot_leave_the_data(events: list[Event]) -> None:
    hostile = "</script><b>&amp;"
    page = report_page(Report(summary=summary_of([replace(events[0], callsign=hostile)])))
    assert hostile not in page
    assert data_of(page)["events"][0]["who"] == hostile


def test_a_long_track_is_thinned_and_keeps_its_ends() -> None:
    times = np.arange(400_000, dtype=np.int64)
    rows = np.zeros(len(times), dtype=np.intp)
    one = WHOLE.take(rows)
    long = Reports(**{**{n: getattr(one, n) for n in one.__slots__}, "time_us": times})
    name = WHOLE.identities[int(WHOLE.aircraft[0])]
    window = Window(name, 10, 399_990)
    batches = [long.take(slice(first, first + 9_999)) for first in range(0, len(times), 9_999)]
    (found,) = track_points(batches, [window]).values()
    assert len(found) == POINTS_MAX
    assert found.time_us[[0, -1]].tolist() == [10, 399_990]


def test_reading_ends_with_the_last_window() -> None:
    read: list[int] = []

    def batches() -> Any:
        for first in range(0, len(WHOLE), 20):
            read.append(first)
            yield WHOLE.take(slice(first, first + 20))

    first_us = int(WHOLE.time_us[0])
    name = WHOLE.identities[int(WHOLE.aircraft[0])]
    track_points(batches(), [Window(name, first_us, first_us + 1)])
    assert len(read) <= 3


def test_a_border_is_cut_to_the_box_and_coarser_if_it_must() -> None:
    rings = rings_of(CLAIMS.boundaries[0])
    box = GeoBox(46.0, 7.0, 46.05, 7.1)
    lines, off_m = border_lines(rings, box, 1000)
    assert off_m == 0
    points = np.concatenate(lines)
    assert points[:, 1].min() >= 46.0
    assert points[:, 1].max() <= 46.05
    assert points[:, 0].max() <= 7.1
    whole = GeoBox(45.0, 6.0, 47.0, 8.0)
    coarse, off_m = border_lines(rings, whole, 4)
    assert sum(map(len, coarse)) < sum(map(len, border_lines(rings, whole, 1000)[0]))
    assert off_m > 100


def test_a_box_over_the_date_line_is_a_small_one() -> None:
    box = box_of([10.0, 11.0], [179.9, -179.9])
    assert box is not None
    assert box.east - box.west == pytest.approx(0.2)
    assert box_of([], []) is None


def test_both_languages_say_the_same_things() -> None:
    text = (PAGE / "watch_phrases.js").read_text("utf-8")
    phrases = json.loads(text[text.index("= {") + 2 : text.rindex(";")])
    assert phrases["en"].keys() == phrases["fr"].keys()
    for key, said in phrases["en"].items():
        marks = set(re.findall(r"\{\w+\}", said))
        assert set(re.findall(r"\{\w+\}", phrases["fr"][key])) == marks, key
    shared = Path(__file__).parents[3] / "src/detente/operations/report_page"
    html = (PAGE / "watch.html", shared / "frame.html", shared / "map.html")
    said_by_page = {
        each
        for file in html
        for each in re.findall(r'data-say(?:-[\w-]+)?="(\w[\w-]*)"', file.read_text("utf-8"))
    }
    all_pages = (shared / "phrases.js").read_text("utf-8")
    assert said_by_page <= set(phrases["en"]) | set(re.findall(r'"(\w+)":', all_pages))
