"""The page of volumes: what it holds, in both languages, whatever the names are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.unit.operations.flights_made import START_US, box
from tests.unit.operations.test_report import assert_french_typography, asset

from detente.geo import Circle, Volume4D
from detente.operations import Area, AreaPage, Finding, Words, area_page, write_area_page

HOSTILE = '</script><img src=x onerror="alert(1)">'


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def volume(low: float | None = 400.0) -> Volume4D:
    outline = Circle(46.2, 6.15, 500.0)
    return Volume4D(outline, low, 520.0, START_US, START_US + 60_000_000)


def test_each_volume_stands_in_it_with_what_is_not_known_better() -> None:
    polygon = box(46.0, 6.0)
    page = AreaPage(
        Words("Seen", "Vu"),
        "plan.kml",
        [Area(1, "Lake", 7, volume(), 71.0, 2.5, 7.04), Area(2, "Box", 0, polygon)],
        lines=[[(46.0, 6.0), (46.1, 6.1)], [(1.0, 1.0)]],
        findings=[Finding("problem", Words("No", "Non"), 3, "X", Words("Do", "Faites"))],
    )
    data = data_of(area_page(page))
    circle, other = data["areas"]
    assert (circle["low"], circle["lowUnsure"], circle["highUnsure"]) == (400.0, 71.0, 2.5)
    assert (circle["radius"], circle["error"], circle["line"]) == (500.0, 7.0, 7)
    assert (other["radius"], other["corners"], other["group"]) == (None, 4, 2)
    # A single position is no line.
    assert len(data["lines"]) == 1
    assert data["findings"][0]["remedy"] == {"en": "Do", "fr": "Faites"}


def test_names_of_strangers_end_no_script(tmp_path: Path) -> None:
    path = tmp_path / "seen.html"
    write_area_page(path, AreaPage(HOSTILE, HOSTILE, [Area(1, HOSTILE, 1, volume(None))]))
    page = path.read_text("utf-8")
    assert HOSTILE not in page
    assert data_of(page)["areas"][0]["name"] == HOSTILE
    assert "https://" not in page
    assert list(tmp_path.iterdir()) == [path]


def test_it_says_everything_in_both_languages() -> None:
    text = asset("area_phrases.js")
    book = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert set(book["en"]) == set(book["fr"])
    said = "".join(map(asset, ("areas.js", "areas.html", "map.html", "frame.html")))
    for key, english in book["en"].items():
        french = book["fr"][key]
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", french))
        assert_french_typography(french)
        assert f'"{key}"' in said, key
