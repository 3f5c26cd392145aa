"""Searching the R-tree: what meets an extent. The arrays are described in `_rtree`."""

from __future__ import annotations

import numpy as np

from detente.geo._boxes import I32, SIDES, box_of
from detente.geo._jit import kernel
from detente.geo._meets import meets, roundness
from detente.geo._rtree import FAN
from detente.geo._sphere import F64, I64, vectors


@kernel
def find(
    head: I64,
    nodes: I32,
    boxes: I32,
    child: I32,
    entries: I64,
    rounds: F64,
    corners: F64,
    entry: I64,
    gap: float,
) -> I64:
    """Keys, unordered, of the entries that meet `entry` (as in `put`; its key does not matter)."""
    v = vectors(entry[5:])
    round_v = roundness(v)
    q = np.empty(SIDES, np.int32)
    box_of(v, round_v, entry[1:5], gap, q)
    start, end, lower, upper = entry[1], entry[2], entry[3], entry[4]
    found = np.empty(512, np.int64)
    size = 0
    stack = np.empty(32 * FAN, np.int32)
    stack[0] = head[0]
    depth = 1
    while depth > 0:
        depth -= 1
        node = stack[depth]
        leaf = nodes[node, 2] == 0
        for i in range(nodes[node, 0]):
            b = boxes[node, i]
            if (
                b[0] > q[5]
                or b[5] < q[0]
                or b[1] > q[6]
                or b[6] < q[1]
                or b[2] > q[7]
                or b[7] < q[2]
                or b[3] > q[8]
                or b[8] < q[3]
                or b[4] > q[9]
                or b[9] < q[4]
            ):
                continue
            k = child[node, i]
            if not leaf:
                stack[depth] = k
                depth += 1
                continue
            if (
                entries[k, 1] > end
                or entries[k, 2] < start
                or entries[k, 3] > upper
                or entries[k, 4] < lower
            ):
                continue
            first = entries[k, 5]
            if not meets(v, round_v, corners[first : first + entries[k, 6]], rounds[k], gap):
                continue
            if size == found.shape[0]:
                more = np.empty(2 * size, np.int64)
                for j in range(size):
                    more[j] = found[j]
                found = more
            found[size] = entries[k, 0]
            size += 1
    return found[:size]
