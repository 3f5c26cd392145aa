"""The page of volumes in a real browser: any screen, both languages, whatever the names are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.test_report_page import HOSTILE, Opened
from tests.support.page_opened import chromium
from tests.unit.operations.flights_made import box

from detente.operations import Area, AreaPage, Finding, Words, write_area_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def seen(path: Path) -> Path:
    areas = [
        Area(1, HOSTILE, 3, box(46.0, 6.0), lower_unsure_m=71.0),
        Area(2, "Lake", 9, box(46.0, 6.02)),
    ]
    problem = Finding("problem", Words("No times.", "Pas d’heures."), 12, HOSTILE)
    write_area_page(
        path, AreaPage("Seen", "a.kml", areas, [[(46.0, 6.0), (46.0, 6.03)]], [problem])
    )
    return path


def test_a_volume_is_chosen_in_the_list_and_on_the_map(browser: Browser, tmp_path: Path) -> None:
    path = seen(tmp_path / "seen.html")
    opened = Opened(browser, path)
    page = opened.page
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(HOSTILE)
    expect(rows.nth(0)).to_contain_text("the lower limit may be 71 m higher")
    expect(page.locator("#findings")).to_contain_text("line 12")
    page.get_by_role("button", name="Lake").click()
    expect(rows.nth(1)).to_have_class("chosen")
    # It fills the middle of the map now; where it is not, nothing is chosen.
    page.get_by_role("button", name="Show everything").click()
    page.wait_for_function("() => !map.waiting")
    first = page.evaluate(
        "() => { const b = model.areas[0].box;"
        " return map.screen((b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2); }"
    )
    page.locator("#map").click(position={"x": first[0], "y": first[1]})
    expect(rows.nth(0)).to_have_class("chosen")
    expect(rows.nth(1)).not_to_have_class("chosen")
    page.get_by_role("button", name="Français").click()
    expect(rows.nth(0)).to_contain_text("la limite inférieure peut être 71\u202fm plus haut")
    expect(page.locator("#findings")).to_contain_text("Pas d’heures.")
    assert opened.said == []
    assert opened.asked == [path.as_uri()]
    page.close()


def test_it_fits_a_small_screen(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, seen(tmp_path / "seen.html"), width=360)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    opened.page.close()
