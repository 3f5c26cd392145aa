"""Bundles made to deceive the reader of the report by one who holds a party's keys, or none."""

from __future__ import annotations

import hashlib

import pytest
from tests.support.forge import Forge
from tests.support.forge_mutations import stamped

from detente import record
from detente.verify import Report, tiles
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


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 65_536, 65_541, 131_072, 131_077, 70_000])
def test_a_selection_has_the_tiles_that_the_writer_puts_in(size: int) -> None:
    for indices in ([0], [0, size - 1], [size // 2]):
        written = {tile.path for tile in record.tiles.needed_tiles(size, indices)}
        assert {tile.path for tile in tiles.needed_tiles(size, indices)} == written


def test_a_token_that_cannot_be_checked_is_at_least_over_the_note(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.verify.timestamps.library_check", lambda: None)

    def over(files: dict[str, bytes]) -> None:
        digest = hashlib.sha384(files["timestamps/9.note"]).digest()
        files["timestamps/9.tsr"] = b"a token " + digest

    report = check(stamped(over))
    assert report.proven
    assert report.checkpoints[0].timestamps == ("not checked",)
    assert "was not checked" in said(report)
    assert set(check(stamped()).finding_counts) == {"timestamp.wrong"}
