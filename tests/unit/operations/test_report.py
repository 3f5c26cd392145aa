"""The report page as text: one file, nothing from elsewhere, nothing that a name could start."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from tests.unit.operations.flights_made import flight, straight

from detente.operations import ReportText, Words, check, report_page, write_report
from detente.operations.report_frame import embed_json

HOSTILE = "</script><script>alert(1)</script><!-- @DATA@ ' \" \u2028"


def page(name: str = "X") -> str:
    own, others = [flight("A", "a", straight())], [flight(name, name, straight(altitude_m=3100))]
    return report_page(check(own, others), own, others, ReportText(title=name, notes=(name,)))


def data_of(text: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, object] = json.loads(found[1])
    return data


def test_names_arrive_as_they_are_and_end_nothing() -> None:
    text = page(HOSTILE)
    assert data_of(text)["title"] == {"en": HOSTILE, "fr": HOSTILE}
    assert "<script>alert" not in text
    assert text.count("</script>") == 2


def test_only_its_own_script_and_style_may_run() -> None:
    text = page()
    for tag in ("script", "style"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text
    assert not re.search(r"https?://", text)
    assert "innerHTML" not in text


def test_embedded_json_is_json() -> None:
    value = {"<&>": [HOSTILE, 1.5, None]}
    assert json.loads(embed_json(value)) == value
    assert "<" not in embed_json(value)
    with pytest.raises(ValueError, match="not JSON compliant"):
        embed_json(float("nan"))


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, check([], []), [], [])
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path / "none" / "report.html", check([], []), [], [])


def test_what_callers_say_is_on_the_page_in_both_languages() -> None:
    text = ReportText(title=Words("A", "B"), notes=("same",), made_at_us=0)
    own = [flight("A", "", straight())]
    data = data_of(report_page(check(own, []), own, [], text))
    assert data["title"] == {"en": "A", "fr": "B"}
    assert data["sides"] == [
        {"en": "own flights", "fr": "nos vols"},
        {"en": "other flights", "fr": "autres vols"},
    ]
    notes = data["notes"]
    assert isinstance(notes, list)
    assert [note["en"] == note["fr"] for note in notes] == [False, False, True, False]
    for note in notes:
        assert_french_typography(note["fr"])


def asset(name: str) -> str:
    folder = resources.files("detente.operations").joinpath("report_page")
    return folder.joinpath(name).read_text("utf-8")


def phrasebook() -> dict[str, dict[str, str]]:
    text = asset("phrases.js")
    book: dict[str, dict[str, str]] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return book


def assert_french_typography(text: str) -> None:
    """Only narrow no-break spaces before : ; ! ? », after « and between figures and units."""
    bare = re.sub(r"\d\d(:\d\d)+|https?:", "", text)
    assert not re.search(r"(?<!\u202f)[:;!?»]", bare), text
    assert not re.search(r"«(?!\u202f)", bare), text
    assert not re.search(r"\d,\d{3}\b|\d\.\d|\d (m|km|ft|NM)\b", bare), text
    assert '"' not in bare, text
    assert "'" not in bare, text


def test_the_phrasebook_says_everything_in_both_languages() -> None:
    book = phrasebook()
    assert set(book) == {"en", "fr"}
    assert set(book["en"]) == set(book["fr"])
    for key, english in book["en"].items():
        french = book["fr"][key]
        assert english.strip(), key
        assert french.strip(), key
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", french)), key
        assert_french_typography(french)


def test_the_page_says_what_is_in_the_phrasebook_and_nothing_else() -> None:
    template = asset("frame.html") + "".join(map(asset, ("moments.html", "map.html", "page.html")))
    names = ("language.js", "drawing.js", "frame.js", "map.js", "profile.js", "page.js")
    scripts = "\n".join(asset(name) for name in names)
    keys = set(phrasebook()["en"])
    asked = set(re.findall(r'data-say(?:-[a-z-]+)?="(\w+)"', template))
    asked |= set(re.findall(r'\bsay\("(\w+)"', scripts))
    assert asked <= keys
    # Some are picked by a value: they stand as strings, or are the counts and the causes.
    causes = {"closeness", "width", "unknown"}
    picked = {key for key in keys if f'"{key}"' in scripts}
    picked |= causes | {f"{cause}Short" for cause in causes} | {"flights", "volumes", "conflicts"}
    assert keys - asked - picked == set()
    # No word stands in the template itself, but for those that tell their own language.
    body = template[template.index("<body>") :]
    body = re.sub(r"<(p|button)\b[^>]* lang=.*?</\1>|@[A-Z]+@", "", body)
    assert re.findall(r">[^<]*[A-Za-z][^<]*<", body) == []
    assert re.findall(r' (?:aria-label|aria-roledescription|title|placeholder)="', body) == []


def test_a_big_day_stays_small() -> None:
    own = [flight(f"A{i}", "a", straight(46 + i * 0.001, points=200)) for i in range(60)]
    text = report_page(check(own, []), own, [])
    assert len(text) / (60 * 200) < 40
