"""Which cells of a grid do edges touch? Grids of 1/2**k degree, whose lines doubles hit exactly."""

from __future__ import annotations

import math

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64

_MARGIN_DEG = 1e-11
"""More than rounding can do to where an edge meets a line of the grid."""
_LEVEL_DEG = 1e-9


@kernel
def columns(ax: float, ay: float, bx: float, by: float, row: int, scale: float) -> tuple[int, int]:
    """First and last column in which an edge touches a row, or one more; cells of 1/scale.

    Cells are closed: an edge along the line between two is in both.
    """
    low, high = min(ax, bx), max(ax, bx)
    if abs(by - ay) > _LEVEL_DEG:
        slope = (bx - ax) / (by - ay)
        bottom = max(row / scale, min(ay, by))
        top = min((row + 1) / scale, max(ay, by))
        u, v = ax + (bottom - ay) * slope, ax + (top - ay) * slope
        low = max(low, min(u, v) - _MARGIN_DEG)
        high = min(high, max(u, v) + _MARGIN_DEG)
    return math.ceil(low * scale) - 1, math.floor(high * scale)


@kernel
def dealt(
    xy: F64, edges: I32, column: I64, row: I64, first: I64, count: I64,
    width: int, height: int, scale: float,
) -> tuple[I64, I32]:  # fmt: skip
    """Deal the edges of windows to the windows' cells.

    Args:
        xy: vertices; edge i leads from i to i + 1.
        edges: of all windows.
        column, row: the south-west cell of each window, counted from longitude and latitude 0.
        first, count: which of `edges` are each window's.
        width, height: of a window, in cells.
        scale: cells a degree.

    Returns:
        Where each cell's edges begin (window by window, row by row, one more at the end), and the
        edges.
    """
    size = width * height
    begin = np.zeros(column.shape[0] * size + 1, np.int64)
    found = np.empty(0, np.int32)
    for writing in range(2):
        for window in range(column.shape[0]):
            west, south = column[window], row[window]
            base = window * size
            for k in range(first[window], first[window] + count[window]):
                e = edges[k]
                ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
                low = max(math.ceil(min(ay, by) * scale) - 1, south)
                high = min(math.floor(max(ay, by) * scale), south + height - 1)
                for r in range(low, high + 1):
                    left, right = columns(ax, ay, bx, by, r, scale)
                    cell = base + (r - south) * width - west
                    for c in range(max(left, west), min(right, west + width - 1) + 1):
                        if writing:
                            # each cell's beginning runs up to the next one's
                            found[begin[cell + c]] = e
                            begin[cell + c] += 1
                        else:
                            begin[cell + c] += 1
        if not writing:
            total = 0
            for cell in range(begin.shape[0]):
                here = begin[cell]
                begin[cell] = total
                total += here
            found = np.empty(total, np.int32)
    for cell in range(begin.shape[0] - 1, 0, -1):
        begin[cell] = begin[cell - 1]
    begin[0] = 0
    return begin, found
