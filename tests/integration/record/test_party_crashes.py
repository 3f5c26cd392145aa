from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 2, 3])
def test_killed_at_any_write_a_record_is_whole_and_goes_on(tmp_path: Path, first: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.party_crasher", str(tmp_path), str(first), "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "complete after" in done.stdout
    # The kills must have been many, or nothing was counted.
    assert int(done.stdout.split()[-2]) > 100
