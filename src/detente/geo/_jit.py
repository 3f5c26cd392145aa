"""How numeric kernels are compiled: one decorator that keeps types visible to the type checker.

Kernels stand in modules whose names begin with an underscore.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_ROOT: Final = Path(__file__).parent.parent


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile to machine code at the first call and keep it on disk for the next process.

    It runs without the interpreter's lock.
    """
    try:
        compiled: Any = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError as error:
        # Numba raises this when neither its own directory nor the user's can be written.
        warnings.warn(
            f"Compiled code is not kept, so every start compiles it anew: {error}. "
            "Set NUMBA_CACHE_DIR to a directory that can be written.",
            RuntimeWarning,
            stacklevel=2,
        )
        return cast(Callable[P, R], numba.njit(nogil=True)(function))
    # Numba compiles a kernel anew when its own file has changed, but not when one that it calls in
    # another file has. The predicate must not differ between `relevant` and the index: any changed
    # kernel file makes all stale.
    compiled._cache._cache_file._source_stamp = _stamp(Path(function.__code__.co_filename).parent)
    return cast(Callable[P, R], compiled)


@cache
def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Of the kernel files in a folder, and in those above it up to the package of `detente`."""
    inside = folder.is_relative_to(_ROOT) and folder != _ROOT
    above = _stamp(folder.parent) if inside and folder.parent != _ROOT else ()
    return above + tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.glob("_[a-z]*.py"))
    )
