"""The page of a watch shows what was agreed, other claims of a place, and all in one picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.test_report_page import Opened, painted
from tests.support.archives_made import CLAIMS, at_once, in_time, wandering
from tests.support.page_opened import chromium
from tests.support.stand_off_page import stand_off_report
from tests.unit.watch.test_report_volumes import left_report

from detente.watch import Report, summary_of, track_points, windows, write_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def stand_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stand-off")
    write_report(root / "watch.html", stand_off_report(root / "agreement"))
    return root / "watch.html"


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = in_time(wandering(1, 4, 60))
    summary = summary_of(at_once(whole))
    tracks = track_points([whole], [w for each in summary.shown for w in windows(each)])
    path = tmp_path_factory.mktemp("claimed") / "watch.html"
    write_report(path, Report(summary=summary, tracks=tracks, boundaries=CLAIMS))
    return path


def test_a_breach_is_told_by_the_rule_and_what_was_agreed(
    browser: Browser, stand_off: Path
) -> None:
    opened = Opened(browser, stand_off)
    page = opened.page
    page.locator("#rows tr").filter(has_text="4b1234").click()
    expect(page.locator("#sentence")).to_contain_text("at least 40 km from “the line”")
    measures = page.locator("#measures")
    expect(measures).to_contain_text("Time nearer than agreed")
    expect(measures).to_contain_text("Least distance from the line")
    expect(measures).not_to_contain_text("inside")
    expect(measures.locator("svg .agreed")).to_have_count(1)
    expect(page.locator("#rows tr.chosen")).to_contain_text("instead of 40 km")
    page.get_by_role("button", name="Français").click()
    expect(page.locator("#sentence")).to_contain_text("au moins 40\u202fkm de «\u202fla ligne")
    expect(measures).to_contain_text("Durée plus près que convenu")
    assert opened.said == []
    page.close()


def test_the_line_the_distance_and_where_it_was_least_are_drawn(
    browser: Browser, stand_off: Path
) -> None:
    opened = Opened(browser, stand_off)
    page = opened.page
    page.locator("#rows tr").filter(has_text="4b1234").click()
    page.wait_for_function("() => !map.waiting")
    texts = page.evaluate("() => [...window.painted]")
    size = page.evaluate("() => sizeText(model.selected)")
    assert f"{size} instead of 40 km" in texts, "beside the way from the aircraft to the line"
    for each in ("agreed", "line", "distance from the line, km"):
        assert each in texts, "in the profile"
    assert not [each for each in texts if "inside" in each]
    away = page.evaluate(
        """() => {
            const { from, on } = model.selected.nearest, at = model.selected.deepest;
            const [lat, lng] = map.plane.from(...on);
            return groundDistance(at.lat, at.lng, lat, lng);
        }"""
    )
    least = page.evaluate("() => sizeOf(model.selected)[1]")
    assert away == pytest.approx(least, rel=0.01)
    # So far from the line, and on no other side of it, the picture is tinted.
    shades = page.evaluate(
        """() => {
            const e = model.selected, ratio = window.devicePixelRatio || 1;
            map.show({ x0: e.x - 9e4, y0: e.y - 9e4, x1: e.x + 9e4, y1: e.y + 9e4 }, 0.9);
            map.paint();
            const { width, height } = map.canvas;
            const { data } = map.canvas.getContext("2d").getImageData(0, 0, width, height);
            const at = (metres) => {
              const part = metres / sizeOf(e)[1], { from, on } = e.nearest;
              const x = on[0] + part * (from[0] - on[0]) - 6e3;
              const [sx, sy] = map.screen(x, on[1] + part * (from[1] - on[1]));
              const first = (Math.round(sy * ratio) * width + Math.round(sx * ratio)) * 4;
              return data.slice(first, first + 4).join();
            };
            return [8e3, 18e3, 55e3].map(at);
        }"""
    )
    assert shades[0] == shades[1] != shades[2]
    assert opened.said == []
    page.close()


def test_another_claim_of_the_place_leads_to_its_event(browser: Browser, claimed: Path) -> None:
    opened = Opened(browser, claimed)
    page = opened.page
    page.evaluate("() => select(model.events.find((e) => e.claims?.some((c) => c.event)))")
    expect(page.locator("#facts")).to_contain_text("Other claims")
    before = page.evaluate("() => [model.selected.rank, model.selected.aircraft]")
    page.locator("#facts .claim").first.click()
    after = page.evaluate("() => [model.selected.rank, model.selected.aircraft]")
    assert after[0] != before[0]
    assert after[1] == before[1]
    expect(page.locator("#rows tr.chosen")).to_have_count(1)
    page.evaluate("() => select(model.events.find((e) => e.claims && !e.claims.length))")
    expect(page.locator("#facts")).to_contain_text("none among the boundaries")
    assert opened.said == []
    page.close()


def test_all_events_stand_in_one_picture(browser: Browser, claimed: Path) -> None:
    opened = Opened(browser, claimed)
    page = opened.page
    assert painted(page, "overview-picture") > 4
    bounds = page.evaluate("() => model.events.map((e) => [e.grade, ...(overLine(e) ?? [])])")
    for grade, _, low, high in (each for each in bounds if len(each) > 1):
        assert grade != "shown" or low > 0, "all of its interval is over the line"
        assert grade != "refuted" or high < 0
    box = page.locator("#overview-picture").bounding_box()
    assert box is not None
    spot = page.evaluate("() => [overview.left, overview.right, overview.shown.length]")
    last = spot[1] - (spot[1] - spot[0]) / spot[2] / 2
    page.locator("#overview-picture").hover(position={"x": last, "y": 90})
    assert page.evaluate("() => overview.pointed.rank === overview.shown.at(-1).rank")
    page.locator("#overview-picture").click(position={"x": last, "y": 90})
    assert page.evaluate("() => model.selected.rank === overview.shown.at(-1).rank")
    assert opened.said == []
    page.close()


def test_a_breach_is_over_the_line_by_what_was_lacking(browser: Browser, stand_off: Path) -> None:
    opened = Opened(browser, stand_off)
    told = opened.page.evaluate(
        "() => model.events.map((e) => [overLine(e)[0], e.limit.agreed - sizeOf(e)[1]])"
    )
    assert all(over == pytest.approx(lacking) and over > 0 for over, lacking in told)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 1400
    opened.page.close()


def test_it_fits_a_small_screen_in_both_languages(browser: Browser, stand_off: Path) -> None:
    opened = Opened(browser, stand_off, width=360)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    opened.page.get_by_role("button", name="Français").click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    opened.page.close()


def test_where_nothing_lies_over_a_line_there_is_no_picture_of_it(
    browser: Browser, tmp_path: Path
) -> None:
    write_report(tmp_path / "watch.html", Report(summary=summary_of([])))
    opened = Opened(browser, tmp_path / "watch.html")
    expect(opened.page.locator("#overview-picture")).to_be_hidden()
    expect(opened.page.locator("#rest")).to_have_text("Nothing was found.")
    assert opened.said == []
    unread = Report(summary=summary_of([]), looked=False, made_at_us=1_800_000_000_000_000)
    write_report(tmp_path / "watch.html", unread)
    opened.page.reload()
    expect(opened.page.locator("#rest")).to_have_text(re.compile("nothing was looked at"))
    expect(opened.page.locator("#subtitle")).to_have_text("page made 2027-01-15 08:00:00 UTC")
    opened.page.close()


def test_the_volumes_that_were_left_are_drawn(browser: Browser, tmp_path: Path) -> None:
    write_report(tmp_path / "watch.html", left_report())
    opened = Opened(browser, tmp_path / "watch.html")
    page = opened.page
    expect(page.locator("#legend")).to_contain_text("declared volume")
    expect(page.locator("#measures")).to_contain_text("Farthest outside, on the ground")
    alike = page.evaluate(
        """() => {
            const pictures = () => {
              map.paint();
              profile.paint();
              return [map.canvas.toDataURL(), profile.canvas.toDataURL()];
            };
            const before = pictures();
            model.selected.volumes = [];
            return pictures().map((each, i) => each === before[i]);
        }"""
    )
    assert alike == [False, False]
    over = page.evaluate(
        """() => {
            const e = model.selected, f = (name) => e.figures.find((each) => each[0] === name);
            const told = [overLine(e)];
            f("vertical_m").splice(1, 3, 200, 150, 250);
            f("distance_m").splice(1, 3, 0, 0, 10);
            told.push(overLine(e));
            f("vertical_m").splice(1, 3, 0, 0, 10);
            told.push(overLine(e));
            return told;
        }"""
    )
    assert over[0][1] > 0
    assert over[1] == [200, 150, 250], "it was too high"
    assert over[2] is None, "it was there at another time"
    assert opened.said == []
    page.close()


def test_states_have_their_names_in_the_language_of_the_reader(
    browser: Browser, claimed: Path
) -> None:
    opened = Opened(browser, claimed)
    names = opened.page.evaluate(
        """() => [["x/DE", "Germany", "DE"], ["x/TR", "Turkey", "TR"], ["x/GI", "Gibraltar", "ES"],
          ["own/line", "The line", "Party A"], ["x/ZZ9", "Nowhere", "ZZ"]].map(
          ([id, name, claimant]) => ["en", "fr"].map((each) => nameIn(each, { id, name, claimant }))
        )"""
    )
    assert names == [
        ["Germany", "Allemagne"], ["Turkey", "Turquie"], ["Gibraltar", "Gibraltar"],
        ["The line", "The line"], ["Nowhere", "Nowhere"],
    ]  # fmt: skip
    assert opened.said == []
    opened.page.close()
