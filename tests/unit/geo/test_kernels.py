"""Compiled kernels are kept on disk, and none survives a change in what it calls."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import detente

PROGRAM = """
from detente.geo import _meets
import numpy as np
hulls = np.array([0, 0, 10**6, 0, 0, 10**6]), np.array([0, 0, 10**6, 0, 0, 10**6])
print(_meets.hulls_meet(*hulls, 0.0))
print(sum(_meets.hulls_meet.stats.cache_hits.values()))
"""


def test_a_change_in_one_kernel_file_compiles_all_kernels_anew(tmp_path: Path) -> None:
    package = tmp_path / "detente"
    source = Path(detente.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("*.nb?", "__pycache__"))

    def hits() -> int:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        meets, count = done.stdout.split()
        assert meets == "True"
        return int(count)

    assert hits() == 0
    assert hits() == 1
    other = package / "geo" / "_rings.py"
    other.write_text(other.read_text() + "\n# changed\n")
    assert hits() == 0
