"""Whoever does not use the line's terminal does not pay for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("textual", "rich.live", "rich.table", "httpx", "detente.line", "detente.terminal")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("detente.cli.root", _HEAVY), ("detente.terminal", ("textual", "shapely", "numba"))],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(module: str, heavy: tuple[str, ...]) -> None:
    program = f"import {module}, sys; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
