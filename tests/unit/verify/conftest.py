from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from detente.verify import Options, Report, verify_bundle

NOW_S = 1_795_100_000
Check = Callable[..., Report]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Verifies bytes as a bundle."""

    def run(data: bytes, **options: object) -> Report:
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        return verify_bundle(path, Options(**({"now_s": NOW_S} | options)))  # type: ignore[arg-type]

    return run
