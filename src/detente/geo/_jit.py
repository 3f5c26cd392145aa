"""How numeric kernels are compiled: one decorator that keeps types visible to the type checker."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_STAMP = tuple(
    (path.name, path.stat().st_mtime_ns, path.stat().st_size)
    for path in sorted(Path(__file__).parent.glob("_[a-z]*.py"))
)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile to machine code at the first call and keep it on disk for the next process."""
    try:
        compiled: Any = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError as error:
        # Numba raises this when neither its own directory nor the user's can be written.
        warnings.warn(
            f"Compiled geometry is not kept, so every start compiles it anew: {error}. "
            "Set NUMBA_CACHE_DIR to a directory that can be written.",
            RuntimeWarning,
            stacklevel=2,
        )
        return cast(Callable[P, R], numba.njit(nogil=True)(function))
    # Numba compiles a kernel anew when its own file has changed, but not when one that it calls in
    # another file has. The predicate must not differ between `relevant` and the index: any changed
    # kernel file makes all stale.
    compiled._cache._cache_file._source_stamp = _STAMP
    return cast(Callable[P, R], compiled)
