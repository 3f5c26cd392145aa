"""How numeric kernels are compiled: one decorator that keeps types visible to the type checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile to machine code at the first call and keep it on disk for the next process.

    Numba notices a changed source file, but not a change in a kernel that it calls from another
    file: after editing `_sphere.py` remove the cached `_rtree` kernels (`*.nbi` in `__pycache__`).
    """
    compiled: Any = numba.njit(cache=True)(function)
    return cast(Callable[P, R], compiled)
