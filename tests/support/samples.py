"""Samples that `scripts/samples.sh` fetches; they are read as data, and never committed."""

from __future__ import annotations

from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2] / ".cache/samples/traffic/data/samples"


def sample(name: str) -> Path:
    """The file of a sample; the test is skipped where nobody fetched them."""
    path = _ROOT / name
    if not path.exists():
        pytest.skip(f"{name}: scripts/samples.sh was not run")
    return path
