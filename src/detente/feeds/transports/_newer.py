"""How many rows of the same aircraft come after each row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detente.geo import kernel


@kernel
def count_newer(
    aircraft: npt.NDArray[np.int32], seen: npt.NDArray[np.int64], newer: npt.NDArray[np.int64]
) -> None:
    """Fill `newer`, row by row; `seen` has a zero for each aircraft and is changed."""
    for row in range(len(aircraft) - 1, -1, -1):
        newer[row] = seen[aircraft[row]]
        seen[aircraft[row]] += 1
