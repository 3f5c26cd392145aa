"""The report page as text: one file, nothing from elsewhere, nothing that a name could start."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from tests.unit.operations.flights_made import flight, straight

from detente.operations import ReportText, check, report_page, write_report
from detente.operations.report import embed_json

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
    assert data_of(text)["title"] == HOSTILE
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


def test_a_big_day_stays_small() -> None:
    own = [flight(f"A{i}", "a", straight(46 + i * 0.001, points=200)) for i in range(60)]
    text = report_page(check(own, []), own, [])
    assert len(text) / (60 * 200) < 40
