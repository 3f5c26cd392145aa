"""Commands called in the process of the test: the quickest way."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from detente.cli import main


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Run(Protocol):
    def __call__(self, *arguments: str) -> Ran: ...


def called(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs commands in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        captured = capsys.readouterr()
        code = caught.value.code
        assert isinstance(code, int)
        return Ran(code, captured.out, captured.err)

    return call
