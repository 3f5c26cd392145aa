"""What the demonstration may delete: its own results, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.demo.results import DirectoryUnusable, make_room


def test_its_own_results_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    make_room(out)
    (out / "old").mkdir()
    make_room(out)
    assert [each.name for each in out.iterdir()] == [".detente-demo"]


def test_what_somebody_else_wrote_stays(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("x")
    with pytest.raises(DirectoryUnusable, match="no demonstration has written"):
        make_room(tmp_path)
    with pytest.raises(DirectoryUnusable, match="cannot be used"):
        make_room(theirs / "below")
    assert theirs.read_text() == "x"
