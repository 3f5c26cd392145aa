"""Building the R-tree over many entries at once. The arrays are described in `_rtree`."""

from __future__ import annotations

import numpy as np

from detente.geo._boxes import I32, PER_AXIS, SIDES, box_of, copy
from detente.geo._jit import kernel
from detente.geo._meets import roundness
from detente.geo._rtree import bound, take_node
from detente.geo._sphere import F64, I64, vectors


@kernel
def _halve(order: I64, key: I64, low: int, high: int, cut: int) -> None:
    """Partially sort order[low:high] so that those before `cut` have the smaller keys."""
    high -= 1
    while low < high:
        pivot = key[order[(low + high) // 2]]
        i, j = low, high
        while i <= j:
            while key[order[i]] < pivot:
                i += 1
            while key[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if cut <= j:
            high = j
        elif cut >= i:
            low = i
        else:
            return


@kernel
def build(
    head: I64,
    nodes: I32,
    boxes: I32,
    child: I32,
    entries: I64,
    rounds: F64,
    corners: F64,
    hulls: I64,
    fill: int,
) -> None:
    """Build the tree over entries whose spans and corner counts are set, from their hulls in a row.

    Entries are halved along the axis on which they are widest, down to one leaf of `fill`; `nodes`
    must have room for all.
    """
    n = entries.shape[0]
    leafboxes = np.empty((n, SIDES), np.int32)
    middles = np.empty((5, n), np.int64)
    for k in range(n):
        first = entries[k, 5]
        v = vectors(hulls[2 * first : 2 * (first + entries[k, 6])])
        around = roundness(v)
        for i in range(5):
            rounds[k, i] = around[i]
        for i in range(entries[k, 6]):
            for d in range(3):
                corners[first + i, d] = v[i, d]
        box_of(v, around, entries[k, 1:5], 0.0, leafboxes[k])
        for d in range(5):
            middles[d, k] = np.int64(leafboxes[k, d]) + np.int64(leafboxes[k, 5 + d])
    leaves = (n + fill - 1) // fill
    order = np.arange(n)
    todo = [(0, leaves)]
    while len(todo) > 0:
        a, b = todo.pop()
        if b - a < 2:
            continue
        low, high = a * n // leaves, b * n // leaves
        best, best_width = 0, -1.0
        for d in range(5):
            least, most = middles[d, order[low]], middles[d, order[low]]
            for i in range(low, high):
                least = min(least, middles[d, order[i]])
                most = max(most, middles[d, order[i]])
            width = float(most - least) * PER_AXIS[d]
            if width > best_width:
                best, best_width = d, width
        mid = (a + b) // 2
        _halve(order, middles[best], low, high, mid * n // leaves)
        todo.append((a, mid))
        todo.append((mid, b))
    for leaf in range(leaves):
        node = take_node(head, nodes, 0)
        for i in range(leaf * n // leaves, (leaf + 1) * n // leaves):
            slot = nodes[node, 0]
            copy(leafboxes[order[i]], boxes[node, slot])
            child[node, slot] = order[i]
            entries[order[i], 7] = node
            nodes[node, 0] = slot + 1
    below, count, level = head[1] - leaves, leaves, 0
    while count > 1:
        level += 1
        above = (count + fill - 1) // fill
        start = head[1]
        for k in range(above):
            node = take_node(head, nodes, level)
            for i in range(below + k * count // above, below + (k + 1) * count // above):
                slot = nodes[node, 0]
                bound(nodes, boxes, i, boxes[node, slot])
                child[node, slot] = i
                nodes[i, 1] = node
                nodes[node, 0] = slot + 1
        below, count = start, above
    head[0] = below
