"""A five-dimensional R-tree in flat arrays, behind `ExtentIndex`: how entries come and go.

Every node has up to `FAN` boxes, each leading to a child node or, at level 0, to an entry. Which
child takes a new box, and how a full node is split, is decided by the boxes' cost.

Arrays:
    head: root node, nodes in use, first free node (-1: none).
    nodes (n, 3): count, parent (-1: none), level; of a free node the parent is the next free one.
    boxes (n, FAN, 10), child (n, FAN).
    entries (n, 8): key, time start, time end, altitude lower, altitude upper, first corner, number
        of corners, leaf node.
    rounds (n, 5): `roundness` of each entry's hull. corners (n, 3): unit vectors.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo._boxes import I32, SIDES, box_of, copy, cost, grow
from detente.geo._jit import kernel
from detente.geo._meets import roundness
from detente.geo._sphere import F64, I64, vectors

FAN = 32
_LEAST = 12
"""Fewest boxes on either side of a split."""
_SPARSE = 6
"""A leaf with fewer boxes is dissolved and its entries placed anew."""
SPARE_NODES = 64
"""Nodes that must be free before an insertion or deletion: six entries split a branch each."""


@kernel
def _best_child(boxes: I32, count: int, box: I32, both: I32) -> int:
    """The box of a node whose cost grows least by taking another one in."""
    best = 0
    best_growth = best_cost = math.inf
    for i in range(count):
        copy(boxes[i], both)
        before = cost(both)
        grow(both, box)
        growth = cost(both) - before
        if growth < best_growth or (growth == best_growth and before < best_cost):
            best, best_growth, best_cost = i, growth, before
    return best


@kernel
def take_node(head: I64, nodes: I32, level: int) -> int:
    """An empty node."""
    node = head[2]
    if node >= 0:
        head[2] = nodes[node, 1]
    else:
        node = head[1]
        head[1] += 1
    nodes[node, 0], nodes[node, 1], nodes[node, 2] = 0, -1, level
    return int(node)


@kernel
def _place_in_parent(nodes: I32, child: I32, node: int) -> int:
    parent = nodes[node, 1]
    for i in range(nodes[parent, 0]):
        if child[parent, i] == node:
            return i
    return -1


@kernel
def _adopt(nodes: I32, entries: I64, node: int, target: int) -> None:
    """Tell what hangs in a node where it hangs."""
    if nodes[node, 2] == 0:
        entries[target, 7] = node
    else:
        nodes[target, 1] = node


@kernel
def bound(nodes: I32, boxes: I32, node: int, out: I32) -> None:
    """Write the box of all that a node has."""
    copy(boxes[node, 0], out)
    for i in range(1, nodes[node, 0]):
        grow(out, boxes[node, i])


@kernel
def _split_order(pool: I32) -> tuple[I64, int]:
    """An order of the boxes of an overfull node and where to cut it, at the least total cost."""
    n = pool.shape[0]
    best_order = np.empty(n, np.int64)
    best_cut = 0
    best_total = math.inf
    order = np.arange(n)
    running = np.empty(SIDES, np.int32)
    left = np.empty(n)
    for d in range(5):
        for i in range(1, n):
            k = order[i]
            middle = float(pool[k, d]) + float(pool[k, 5 + d])
            j = i
            while j > 0:
                m = order[j - 1]
                if float(pool[m, d]) + float(pool[m, 5 + d]) <= middle:
                    break
                order[j] = m
                j -= 1
            order[j] = k
        copy(pool[order[0]], running)
        for i in range(n):
            grow(running, pool[order[i]])
            left[i] = cost(running)
        copy(pool[order[n - 1]], running)
        for cut in range(n - 1, _LEAST - 1, -1):
            grow(running, pool[order[cut]])
            if cut <= n - _LEAST:
                total = left[cut - 1] * cut + cost(running) * (n - cut)
                if total < best_total:
                    best_total, best_cut = total, cut
                    for i in range(n):
                        best_order[i] = order[i]
    return best_order, best_cut


@kernel
def hang(
    head: I64, nodes: I32, boxes: I32, child: I32, entries: I64, target: int, new_box: I32
) -> None:
    """Hang an entry into the tree, splitting nodes up the branch as needed."""
    box, both = np.empty(SIDES, np.int32), np.empty(SIDES, np.int32)
    copy(new_box, box)
    node = head[0]
    while nodes[node, 2] > 0:
        i = _best_child(boxes[node], nodes[node, 0], box, both)
        grow(boxes[node, i], box)
        node = child[node, i]
    while True:
        count = nodes[node, 0]
        if count < FAN:
            copy(box, boxes[node, count])
            child[node, count] = target
            nodes[node, 0] = count + 1
            _adopt(nodes, entries, node, target)
            return
        pool = np.empty((FAN + 1, SIDES), np.int32)
        what = np.empty(FAN + 1, np.int32)
        for i in range(FAN):
            copy(boxes[node, i], pool[i])
            what[i] = child[node, i]
        copy(box, pool[FAN])
        what[FAN] = target
        order, cut = _split_order(pool)
        other = take_node(head, nodes, nodes[node, 2])
        nodes[node, 0] = 0
        for i in range(FAN + 1):
            at = node if i < cut else other
            slot = nodes[at, 0]
            copy(pool[order[i]], boxes[at, slot])
            child[at, slot] = what[order[i]]
            nodes[at, 0] = slot + 1
            _adopt(nodes, entries, at, what[order[i]])
        bound(nodes, boxes, other, box)
        if node == head[0]:
            root = take_node(head, nodes, nodes[node, 2] + 1)
            head[0] = root
            nodes[root, 0] = 1
            child[root, 0] = node
            nodes[node, 1] = root
            bound(nodes, boxes, node, boxes[root, 0])
        else:
            bound(nodes, boxes, node, boxes[nodes[node, 1], _place_in_parent(nodes, child, node)])
        target = other
        node = nodes[node, 1]


@kernel
def _remove_from(head: I64, nodes: I32, boxes: I32, child: I32, node: int, i: int) -> None:
    """Take out box `i` of a node, free nodes left empty, tighten the branch above."""
    tight = np.empty(SIDES, np.int32)
    while True:
        last = nodes[node, 0] - 1
        copy(boxes[node, last], boxes[node, i])
        child[node, i] = child[node, last]
        nodes[node, 0] = last
        if last > 0 or node == head[0]:
            break
        parent = nodes[node, 1]
        i = _place_in_parent(nodes, child, node)
        nodes[node, 1] = head[2]
        head[2] = node
        node = parent
    while node != head[0]:
        parent = nodes[node, 1]
        i = _place_in_parent(nodes, child, node)
        bound(nodes, boxes, node, tight)
        same = True
        for d in range(SIDES):
            same = same and boxes[parent, i, d] == tight[d]
        if same:
            break
        copy(tight, boxes[parent, i])
        node = parent
    root = head[0]
    if nodes[root, 0] == 0:
        nodes[root, 2] = 0
    while nodes[root, 0] == 1 and nodes[root, 2] > 0:
        only = child[root, 0]
        nodes[root, 1] = head[2]
        head[2] = root
        nodes[only, 1] = -1
        head[0] = root = only


@kernel
def unhang(head: I64, nodes: I32, boxes: I32, child: I32, entries: I64, target: int) -> None:
    """Take an entry out of the tree; a leaf that gets sparse is dissolved."""
    leaf = entries[target, 7]
    for i in range(nodes[leaf, 0]):
        if child[leaf, i] == target:
            _remove_from(head, nodes, boxes, child, leaf, i)
            break
    if leaf == head[0] or nodes[leaf, 0] >= _SPARSE or nodes[leaf, 0] == 0:
        return
    count = nodes[leaf, 0]
    pool = np.empty((count, SIDES), np.int32)
    what = np.empty(count, np.int64)
    for i in range(count):
        copy(boxes[leaf, i], pool[i])
        what[i] = child[leaf, i]
    nodes[leaf, 0] = 1
    _remove_from(head, nodes, boxes, child, leaf, 0)
    for i in range(count):
        hang(head, nodes, boxes, child, entries, what[i], pool[i])


@kernel
def put(entries: I64, rounds: F64, corners: F64, slot: int, first: int, entry: I64) -> I32:
    """Store an entry and return its box, to be hung into the tree.

    `entry` is key, two times, two altitudes, then the hull in 1e-9 degree.
    """
    v = vectors(entry[5:])
    n = v.shape[0]
    around = roundness(v)
    for i in range(5):
        rounds[slot, i] = around[i]
        entries[slot, i] = entry[i]
    for i in range(n):
        for d in range(3):
            corners[first + i, d] = v[i, d]
    entries[slot, 5] = first
    entries[slot, 6] = n
    box = np.empty(SIDES, np.int32)
    box_of(v, around, entry[1:5], 0.0, box)
    return box
