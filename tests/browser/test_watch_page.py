"""The page of a watched archive in a real browser: any screen, both languages, any names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, expect
from tests.browser.test_report_page import HOSTILE, Opened, painted
from tests.support.archives_made import CLAIMS, at_once, in_time, wandering
from tests.support.page_opened import chromium

from detente.watch import (
    Grade,
    InputFile,
    Report,
    summary_of,
    track_points,
    windows,
    write_report,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = in_time(wandering(1, 4, 60))
    events = at_once(whole)
    grades = list(Grade)
    events = [replace(each, grade=grades[i % 3]) for i, each in enumerate(events)]
    events[0] = replace(events[0], callsign=HOSTILE)
    summary = summary_of(events)
    path = tmp_path_factory.mktemp("page") / "watch.html"
    write_report(
        path,
        Report(
            summary=summary,
            tracks=track_points([whole], [w for each in summary.shown for w in windows(each)]),
            boundaries=CLAIMS,
            files=[InputFile("a.parquet", 5_000_000, "0123" * 16)],
        ),
    )
    return path


def test_an_event_is_shown_with_its_figures_and_grounds(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file)
    page = opened.page
    rows = page.locator("#rows tr")
    expect(rows.first).to_contain_text(HOSTILE)
    expect(rows.first).to_have_class("chosen")
    expect(page.locator("#verdict")).to_have_text(re.compile("shown|cannot be told|refuted"))
    assert page.locator("#grounds li").count() > 0
    measures = page.locator("#measures tbody tr")
    expect(measures.filter(has_text="Depth: to the nearest border")).to_have_count(1)
    assert measures.locator("svg .span").count() == measures.count()
    expect(page.locator("#notes")).to_contain_text("0123" * 16)
    expect(page.locator("#notes")).to_contain_text("CC0-1.0")
    page.wait_for_function("() => !map.waiting")
    assert painted(page, "map") > 4
    assert painted(page, "profile") > 4
    page.get_by_role("button", name="Français").click()
    expect(page.locator("#measures")).to_contain_text("Profondeur\u202f: jusqu’à la limite")
    expect(page).to_have_title("Ce que la surveillance a trouvé")
    assert opened.said == []
    assert opened.asked == [page_file.as_uri()]
    page.close()


def test_profile_and_map_show_the_same_moment(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file)
    page = opened.page
    box = page.locator("#profile").bounding_box()
    assert box is not None
    page.locator("#profile").hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.wait_for_function("() => model.cursor !== null && !map.waiting")
    time = page.evaluate("() => clock(model.cursor)")
    assert page.evaluate("(text) => window.painted.has(text)", time)
    page.locator("#profile").focus()
    before = page.evaluate("() => model.cursor")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => model.cursor") > before
    assert opened.said == []
    page.close()


def test_events_are_filtered_sorted_and_chosen_by_keys(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file)
    page = opened.page
    page.locator("#grade").select_option("refuted")
    visible = page.locator("#rows tr:visible")
    count = visible.count()
    assert 0 < count < page.locator("#rows tr").count()
    expect(page.locator("#shown")).to_contain_text(f"{count} of")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("n")
    expect(page.locator("#verdict")).to_have_text("refuted")
    page.locator("#grade").select_option("")
    page.get_by_role("button", name="How much").click()
    sizes = page.evaluate("() => model.events.map((e) => sizeOf(e)?.[1] ?? -Infinity)")
    assert sizes == sorted(sizes)
    page.locator("#search").fill("no such aircraft")
    expect(page.locator("#shown")).to_contain_text("0 of")
    assert opened.said == []
    page.close()


def test_an_event_is_chosen_on_the_map(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file)
    page = opened.page
    page.get_by_role("button", name="Show everything").click()
    page.wait_for_function("() => !map.waiting")
    spot = page.evaluate(
        "() => { const e = model.events.at(-1); return [e.rank, ...map.screen(e.x, e.y)]; }"
    )
    page.locator("#map").click(position={"x": spot[1], "y": spot[2]})
    near = page.evaluate(
        "() => Math.hypot(model.selected.x - model.events.at(-1).x,"
        " model.selected.y - model.events.at(-1).y) * map.view.scale"
    )
    assert near < 28
    assert opened.said == []
    page.close()


def test_it_fits_a_small_screen(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, width=360)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    opened.page.close()


def test_the_list_shows_how_sure_it_is_on_a_small_screen(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, width=390)
    opened.page.get_by_role("button", name="Français").click()
    right = """nodes => Math.max(...nodes.map((e) => {
      const text = document.createRange();
      text.selectNodeContents(e);
      return text.getBoundingClientRect().right;
    }))"""
    marks = opened.page.locator("#rows .mark.cannot-be-told")
    assert marks.count() > 0
    assert marks.evaluate_all(right) <= 390
    opened.page.close()


def test_times_stand_beside_each_other_on_a_small_screen(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, width=360)
    times = opened.page.evaluate(
        """() => {
            const placed = [], plain = label;
            label = (context, text, x, ...rest) => {
              if (/^\\d\\d:\\d\\d/.test(text)) placed.push([x, context.measureText(text).width]);
              plain(context, text, x, ...rest);
            };
            const found = model.events.filter((e) => e.track?.t.length);
            return found.map((e) => { placed.length = 0; select(e); return [...placed]; });
        }"""
    )
    assert any(len(each) > 1 for each in times)
    for each in times:
        for (before, wide), (after, _) in pairwise(each):
            assert after - before > wide
    opened.page.close()


def test_lines_made_coarse_are_not_drawn_where_they_would_be_taken_for_others(
    browser: Browser, page_file: Path
) -> None:
    opened = Opened(browser, page_file)
    drawn = opened.page.evaluate(
        """() => {
            model.selected = null;
            let strokes = [];
            const context = CanvasRenderingContext2D.prototype, plain = context.stroke;
            context.stroke = function (path) {
              if (path) strokes.push(path);
              plain.apply(this, arguments);
            };
            return [0, 1e9].map((coarse) => {
              strokes = [];
              for (const b of model.boundaries) b.coarse = coarse;
              map.paint();
              return strokes.length;
            });
        }"""
    )
    assert drawn[0] > 0
    assert drawn[1] == 0
    opened.page.close()


def test_what_has_no_upper_bound_is_more_than_its_figure(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file)
    shown = opened.page.evaluate(
        """() => {
            const e = model.events.find((each) => sizeOf(each));
            return [1, null].map((high) => {
              sizeOf(e)[3] = high;
              fillRows();
              return e.row.cells[3].textContent;
            });
        }"""
    )
    assert not shown[0].startswith("≥")
    assert shown[1].startswith("≥")
    opened.page.close()
