"""docs/verify.md names every finding code, in the words of the report."""

from __future__ import annotations

import re
from pathlib import Path

from detente.formats import FINDING_CODES, GRADES
from detente.verify.phrases import EN, FR

PAGE = (Path(__file__).parents[3] / "docs" / "verify.md").read_text(encoding="utf-8")


def test_every_finding_code_is_explained_and_no_other() -> None:
    section = PAGE.partition("## Findings")[2]
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    assert tuple(code for code, _, _ in rows) == FINDING_CODES
    for code, english, french in rows:
        assert (english, french) == (EN[code], FR[code])


def test_every_grade_is_explained() -> None:
    for grade in GRADES:
        assert f"| `{grade}` |" in PAGE
        assert f"grade.{grade}" in EN
