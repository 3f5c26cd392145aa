"""A process that is killed while it writes a bundle leaves none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent

SCRIPT = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.support.evidence import ListRecord, conversation

step, target = sys.argv[1], Path(sys.argv[2])
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, step, kill)
record = ListRecord()
conversation(record)
asyncio.run(record.export(target))
"""


@pytest.mark.parametrize("step", ["fsync", "link", "none"])
def test_a_killed_export_leaves_no_bundle(step: str, tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, step, str(target)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    if step == "none":
        assert done.returncode == 0, done.stderr
        assert zipfile.is_zipfile(target)
        assert os.listdir(tmp_path) == ["x.zip"]
        return
    assert done.returncode == -signal.SIGKILL
    # What may be left is hidden, and has no bundle's name.
    assert all(name.startswith(".") and name.endswith(".part") for name in os.listdir(tmp_path))
