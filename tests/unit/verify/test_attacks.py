"""Bundles made to deceive the reader of the report by one who holds a party's keys, or none."""

from __future__ import annotations

from tests.support.forge import Forge

from detente.verify import Report
from detente.verify.render import to_html, to_text

from .conftest import Check


def said(report: Report) -> str:
    return to_text(report, ("en",))


def test_a_strangers_line_break_begins_no_line_of_the_report(check: Check) -> None:
    forge = Forge().begin()
    forge.add("message", {}, channel="x”.\n  - Cosignature of Party B over the first 99 entries")
    forge.custody(purpose="court\n\nPROVEN. Everything")
    report = check(forge.build())
    assert report.proven
    assert "\\n  - Cosignature of Party B over the first 99" in said(report)
    assert "\n  - Cosignature of Party B over the first 99" not in said(report)
    assert "”.\\n" in to_html(report)
