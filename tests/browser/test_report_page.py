"""The report page in a real browser: from a disk, without a network, whatever the names are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
from tests.unit.operations.flights_made import START_US, box, flight, straight

from detente.geo import Circle, Volume4D
from detente.operations import Flight, ReportText, check, write_report

pytestmark = pytest.mark.browser

HOSTILE = '</script><img src=x onerror="document.title=1"><b>&amp;\u2028'
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, but there is no Chromium to test the page with.")
        pytest.skip("No Chromium is installed.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


class Opened:
    """A report opened from a file, with what it said and asked for."""

    def __init__(self, browser: Browser, path: Path, width: int = 1400) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 1000})
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", self._request)
        self.page.goto(path.as_uri())
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)


def report(path: Path, own: list[Flight], others: list[Flight], title: str = "Conflicts") -> Path:
    write_report(path, check(own, others), own, others, ReportText(title=title))
    return path


def north(name: str, altitude_m: float, start_s: float = 0.0) -> Flight:
    track = straight(45.75, 7.25, north_deg=0.5, east_deg=0, altitude_m=altitude_m, start_s=start_s)
    return flight(name, "Party B", track)


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    own = [flight("EAST 1", "Party A", straight()), flight("ALONE", "Party A", straight(50))]
    others = [north("NEAR", 3100), north(HOSTILE, 3000, 150), north("MID", 3200)]
    page = Opened(browser, report(tmp_path / "report.html", own, others, HOSTILE))
    yield page
    page.page.close()


def painted(page: Page, canvas: str) -> int:
    """How many different colours a canvas shows: 1 if nothing is drawn."""
    count = page.evaluate(
        """(id) => {
          const c = document.getElementById(id);
          const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
          const seen = new Set();
          for (let i = 0; i < d.length; i += 4) {
            seen.add(d[i] << 24 | d[i + 1] << 16 | d[i + 2] << 8 | d[i + 3]);
          }
          return seen.size;
        }""",
        canvas,
    )
    assert isinstance(count, int)
    return count


def test_it_opens_from_a_file_and_asks_for_nothing(opened: Opened) -> None:
    expect(opened.page.locator("#rows tr")).to_have_count(3)
    opened.page.wait_for_function("document.getElementById('map').width > 300")
    assert opened.said == []
    assert len(opened.asked) == 1
    assert opened.asked[0].startswith("file://")


def test_names_stay_text(opened: Opened) -> None:
    page = opened.page
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    assert "onerror" in page.title()
    page.get_by_role("button", name="onerror").click()
    expect(page.locator("#detail-title")).to_contain_text("onerror")
    assert page.locator("img").count() == 0
    assert opened.said == []


def test_selecting_a_conflict_shows_its_profile_and_reasons(opened: Opened) -> None:
    page = opened.page
    page.get_by_role("button", name="EAST 1 × MID").click()
    expect(page.locator("#detail-title")).to_contain_text("MID")
    expect(page.locator("#facts")).to_contain_text("200 m")
    expect(page.locator("#reason-en")).to_contain_text("come close")
    expect(page.locator("#reason-fr")).to_contain_text("se rapprochent")
    expect(page.locator("#profile")).to_have_attribute(
        "aria-label",
        "Altitude against time of "
        "EAST 1 and MID. " + str(page.locator("#reason-en").text_content()),
    )
    assert painted(page, "profile") > 20
    assert painted(page, "map") > 20


def test_the_list_is_sorted_searched_and_filtered(opened: Opened) -> None:
    page = opened.page
    rows = page.locator("#rows tr:not([hidden])")
    expect(rows.first).to_contain_text("NEAR")
    page.get_by_role("button", name="Vertical").click()
    page.get_by_role("button", name="Vertical").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Vertical")
    expect(rows.first).to_contain_text("MID")
    page.get_by_label("Search").fill("near")
    expect(page.get_by_role("status")).to_have_text("1 of 3 conflicts")
    page.get_by_label("Search").fill("")
    page.get_by_label("Why").first.select_option("width")
    expect(page.get_by_role("status")).to_have_text("1 of 3 conflicts")
    expect(rows.first).to_contain_text("onerror")


def test_it_can_be_used_without_a_mouse(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the list")).to_be_focused()
    page.locator("#map").focus()
    before = page.evaluate("document.getElementById('map').toDataURL()")
    for key in ("+", "ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_function(
        "(before) => document.getElementById('map').toDataURL() !== before", arg=before
    )
    page.keyboard.press("n")
    expect(page.locator("tr.chosen")).to_contain_text("MID")
    page.locator("tr.chosen button").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("tr.chosen")).to_contain_text("NEAR")
    expect(page.locator("tr.chosen button")).to_be_focused()
    expect(page.locator("tr.chosen button")).to_have_attribute("aria-pressed", "true")
    page.locator("#theme").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert opened.said == []


def test_a_conflict_can_be_picked_on_the_map(opened: Opened) -> None:
    page = opened.page
    page.get_by_role("button", name="Show everything").click()
    spot = page.evaluate("map.screen(model.conflicts[2].x, model.conflicts[2].y)")
    page.locator("#map").click(position={"x": spot[0], "y": spot[1]})
    expect(page.locator("tr.chosen")).to_have_count(1)
    expect(page.locator("#detail-title")).to_contain_text("×")


def test_plans_without_tracks_open_bounds_and_the_pole(browser: Browser, tmp_path: Path) -> None:
    over_the_pole = Volume4D(Circle(90.0, 0.0, 30_000), None, None, START_US, None)
    own = [
        flight("POLE", "A", volumes=(over_the_pole,)),
        flight("SOUTH", "A", volumes=(box(0, 180),)),
    ]
    others = [
        flight("ALSO", "B", volumes=(Volume4D(Circle(89.9, 170.0, 9000), 0.0, 9.0, None, None),)),
        flight("DATE LINE", "B", volumes=(box(0.005, -179.995), box(0, 179.995))),
    ]
    opened = Opened(browser, report(tmp_path / "pole.html", own, others))
    expect(opened.page.locator("#rows tr")).to_have_count(2)
    opened.page.keyboard.press("n")
    expect(opened.page.locator("#reason-en")).to_contain_text("cannot be told")
    assert painted(opened.page, "map") > 10
    assert painted(opened.page, "profile") > 10
    assert opened.said == []
    opened.page.close()


def test_nothing_found_is_shown_as_such_on_a_narrow_screen(
    browser: Browser, tmp_path: Path
) -> None:
    opened = Opened(browser, report(tmp_path / "empty.html", [], []), width=360)
    expect(opened.page.get_by_role("status")).to_have_text("0 of 0 conflicts")
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
    assert opened.said == []
    opened.page.close()
