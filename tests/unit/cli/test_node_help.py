"""`detente --help` and the help of a node's commands come at once."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("arguments", [["--help"], ["node", "run", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    heavy = "{'numba', 'numpy', 'shapely', 'httpx', 'uvicorn', 'apsw', 'cryptography', 'textual'}"
    program = (
        "import sys\nfrom detente.cli import main\ntry:\n"
        f"    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"found = {heavy} & set(sys.modules)\nassert not found, found\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "node" in done.stdout
