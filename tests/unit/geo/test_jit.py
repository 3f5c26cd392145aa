"""How kernels are compiled where nothing can be kept on disk."""

from __future__ import annotations

import pytest
from numba.core import caching

from detente.geo._jit import kernel


def double(value: int) -> int:
    return 2 * value


def test_a_kernel_works_without_a_place_for_compiled_code_and_says_what_that_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    with pytest.warns(RuntimeWarning, match="every start compiles it anew.*NUMBA_CACHE_DIR"):
        compiled = kernel(double)
    assert compiled(21) == 42
