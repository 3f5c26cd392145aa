"""The report page in a real browser: from a disk, without a network, whatever the names are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from tests.support.page_opened import chromium
from tests.unit.operations.flights_made import START_US, box, flight, straight

from detente.geo import Circle, Volume4D
from detente.operations import Change, Flight, ReportText, Words, check, write_report

pytestmark = pytest.mark.browser

HOSTILE = '</script><img src=x onerror="document.title=1"><b>&amp;\u2028'
RECORD_CANVAS_TEXT = """
  window.painted = new Set();
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    window.painted.add(text);
    return fillText.call(this, text, ...rest);
  };
"""
# What stands in the page and its attributes, and what was painted since the last question.
ALL_TEXTS = """() => {
  const texts = [document.title, ...window.painted];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest("script, noscript, [lang]")) {
      texts.push(walker.currentNode.data);
    }
  }
  for (const name of ["aria-label", "aria-roledescription", "title", "placeholder"]) {
    for (const e of document.querySelectorAll(`body [${name}]:not([lang])`)) {
      texts.push(e.getAttribute(name));
    }
  }
  window.painted.clear();
  return [...new Set(texts.map((text) => text.trim()))];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Opened:
    """A report opened from a file, with what it said and asked for."""

    def __init__(
        self, browser: Browser, path: Path, width: int = 1400, locale: str = "en-GB"
    ) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 1000}, locale=locale)
        self.page.add_init_script(RECORD_CANVAS_TEXT)
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


def report(path: Path, own: list[Flight], others: list[Flight], title: str = "") -> Path:
    text = ReportText(title=title) if title else ReportText(made_at_us=START_US)
    write_report(path, check(own, others), own, others, text)
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


def texts(page: Page) -> set[str]:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found: list[str] = page.evaluate(ALL_TEXTS)
    return set(found)


def test_every_word_changes_with_the_language(browser: Browser, tmp_path: Path) -> None:
    own = [flight("E1", "", straight()), flight("V1", "", volumes=(box(50, 7),))]
    beside = Volume4D(box(50, 7).outline, None, 900.0, None, None)
    others = [
        flight("N1", "", north("", 3100).track),
        flight("N2", "", north("", 3000, 150).track),
        flight("V2", "", volumes=(beside,)),
    ]
    opened = Opened(browser, report(tmp_path / "both.html", own, others))
    page = opened.page
    said: dict[str, set[str]] = {"en": set(), "fr": set()}
    for language, button in (("en", "English"), ("fr", "Français")):
        page.get_by_role("button", name=button).click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.evaluate("window.painted.clear()")
        for row in page.locator("#rows button").all():
            row.click()
            said[language] |= texts(page)
    same = {text for text in said["en"] & said["fr"] if re.search("[A-Za-z]{2}", text)}
    # Letters of flights, units and what is spelt alike.
    assert {re.sub("[ENV][12]( ×)?", "", text).strip() for text in same} <= {
        "",
        "ft",
        "UTC",
        "Altitudes",
        "volumes",
        "Horizontal",
        "Vertical",
        "altitude, m",
    }
    for text in said["fr"]:
        assert not re.search(r"(?<![\u202f\d])[:;!?]|\d\.\d|\d (m|km|ft|NM)\b", text), text
    assert any(re.search(r"\d\u202f\d{3}\u202fft", text) for text in said["fr"])
    assert any(re.search(r"\d,\d\u202fkm", text) for text in said["fr"])
    assert opened.said == []
    page.close()


def test_the_language_is_the_readers_until_another_is_chosen(
    browser: Browser, tmp_path: Path
) -> None:
    own = [flight("EAST 1", "Party A", straight())]
    path = report(tmp_path / "fr.html", own, [north("NEAR", 3100)])
    opened = Opened(browser, path, locale="fr-CH")
    page = opened.page
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page).to_have_title("Conflits entre vols prévus")
    expect(page.get_by_role("status")).to_have_text("Conflits affichés\u202f: 1 sur 1")
    expect(page.locator(".reason").first).to_contain_text("se rapprochent")
    expect(page.locator(".reason").last).to_contain_text("come close")
    expect(page.locator("#profile")).to_have_attribute("aria-label", re.compile("se rapprochent"))
    expect(page.get_by_role("button", name="Français")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="English").press("Enter")
    expect(page.get_by_role("button", name="English")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".reason").first).to_contain_text("come close")
    expect(page).to_have_title("Conflicts of planned flights")
    page.goto("about:blank")
    page.goto(path.as_uri())
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(path.as_uri() + "#lang=fr")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert opened.said == []
    page.close()


def test_without_storage_the_address_remembers_the_language(
    browser: Browser, tmp_path: Path
) -> None:
    path = report(tmp_path / "fr.html", [], [])
    page = browser.new_page(locale="en-GB")
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    )
    page.goto(path.as_uri())
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("button", name="Français").click()
    expect(page.locator("#detail-title")).to_have_text("Choisissez un conflit")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.close()


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
    opened.page.get_by_role("button", name="Français").click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert opened.said == []
    opened.page.close()


def test_before_and_after_are_shown_of_the_same_conflict(browser: Browser, tmp_path: Path) -> None:
    own, wanted, stays = (
        flight("EAST 1", "Party A", straight()),
        north("NEAR", 3100),
        north("X", 3200),
    )
    later = Words("Leaves an hour later.", "Part une heure plus tard.")
    none = Words("Is not flown.", "Ne vole pas.")
    path = tmp_path / "after.html"
    write_report(
        path,
        check([own], [wanted, stays]),
        [own],
        [wanted, stays],
        changes=[Change(wanted, north("NEAR", 3100, 3600), later), Change(stays, None, none)],
    )
    opened = Opened(browser, path)
    page = opened.page
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.get_by_role("button", name="Before")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#facts")).to_contain_text("Leaves an hour later.")
    expect(page.locator("#reason-en")).to_be_visible()
    ground = page.locator("#rows tr td").nth(1)
    before = ground.text_content()
    picture = page.evaluate("document.getElementById('map').toDataURL()")
    page.get_by_role("button", name="After").click()
    expect(page.locator("#facts")).to_contain_text("none any more")
    expect(page.locator("#reason-en")).to_be_hidden()
    expect(page.locator("tr.resolved")).to_have_count(2)
    assert ground.text_content() != before
    page.wait_for_function(
        "(before) => document.getElementById('map').toDataURL() !== before", arg=picture
    )
    page.keyboard.press("n")
    expect(page.locator("#facts")).to_contain_text("Is not flown.")
    page.get_by_role("button", name="Français").click()
    expect(page.locator("#facts")).to_contain_text("plus aucun")
    expect(page.locator("#facts")).to_contain_text("Ne vole pas.")
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Avant")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("tr.resolved")).to_have_count(0)
    assert opened.said == []
    page.close()


def test_a_page_without_an_after_offers_none(opened: Opened) -> None:
    expect(opened.page.locator("#moments")).to_be_hidden()
    opened.page.keyboard.press("b")
    expect(opened.page.locator("tr.resolved")).to_have_count(0)
    assert opened.said == []
