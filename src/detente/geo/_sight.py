"""Which places of a plane see each other past walls, and the shortest way between them."""

from __future__ import annotations

import math

import numpy as np

from detente.geo._jit import kernel
from detente.geo._sphere import F64, I64


@kernel
def _grazes(px: float, py: float, ex: float, ey: float, beside: F64) -> bool:
    """Whether both walls at a corner lie on one side of a line through it: else none turns here."""
    one = ex * (beside[1] - py) - ey * (beside[0] - px)
    two = ex * (beside[3] - py) - ey * (beside[2] - px)
    return bool((one >= 0.0) == (two >= 0.0) or one == 0.0 or two == 0.0)


@kernel
def sight_lines(nodes: F64, beside: F64, walls: F64, begins: int, on_line: int) -> F64:
    """Distances between places that see each other; infinite between others.

    Lines that no shortest way takes, as it would not turn at their end, are left out.

    Args:
        nodes: places (n, 2), none of them on a wall.
        beside: the neighbours (n, 4) of those that are corners, on either side.
        walls: their ends (m, 4).
        begins, on_line: how many of the first places only begin ways, and how many only begin or
            end them: those are not joined with their like.
    """
    n = nodes.shape[0]
    out = np.full((n, n), math.inf)
    for i in range(n):
        px, py = nodes[i, 0], nodes[i, 1]
        for j in range(i + 1, n):
            if j < begins or (begins <= i < on_line and j < on_line):
                continue
            qx, qy = nodes[j, 0], nodes[j, 1]
            ex, ey = qx - px, qy - py
            if i >= on_line and not _grazes(px, py, ex, ey, beside[i]):
                continue
            if j >= on_line and not _grazes(qx, qy, ex, ey, beside[j]):
                continue
            left, right = min(px, qx), max(px, qx)
            low, high = min(py, qy), max(py, qy)
            free = True
            for k in range(walls.shape[0]):
                ax, ay, bx, by = walls[k, 0], walls[k, 1], walls[k, 2], walls[k, 3]
                if max(ax, bx) < left or min(ax, bx) > right:
                    continue
                if max(ay, by) < low or min(ay, by) > high:
                    continue
                one = ex * (ay - py) - ey * (ax - px)
                two = ex * (by - py) - ey * (bx - px)
                if (one > 0.0 and two > 0.0) or (one < 0.0 and two < 0.0):
                    continue
                gx, gy = bx - ax, by - ay
                three = gx * (py - ay) - gy * (px - ax)
                four = gx * (qy - ay) - gy * (qx - ax)
                if (three > 0.0 and four > 0.0) or (three < 0.0 and four < 0.0):
                    continue
                free = False
                break
            if free:
                out[i, j] = out[j, i] = math.sqrt(ex * ex + ey * ey)
    return out


@kernel
def ways(table: F64, starts: F64) -> tuple[F64, I64]:
    """Dijkstra: the least of start + way to every place, and the place before it on that way.

    Args:
        table: distances.
        starts: what it costs to begin at a place; infinite where none begins.
    """
    n = table.shape[0]
    far = starts.copy()
    via = np.full(n, -1, np.int64)
    done = np.zeros(n, np.bool_)
    for _ in range(n):
        k, best = -1, math.inf
        for i in range(n):
            if not done[i] and far[i] < best:
                k, best = i, far[i]
        if k < 0:
            break
        done[k] = True
        for i in range(n):
            if best + table[k, i] < far[i]:
                far[i] = best + table[k, i]
                via[i] = k
    return far, via
