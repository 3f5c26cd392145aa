"""A five-dimensional R-tree in flat arrays: the kernels behind `ExtentIndex`.

Every node has up to `FAN` boxes of ten int32 (low x, y, z, time, altitude, then high), each leading
to a child node or, at level 0, to an entry. Which child takes a new box, and how a full node is
split, is decided by the cost ∏ (length / reach + 1): proportional to how often a query of that
reach would open the box, and defined for flat boxes too (after Kamel and Faloutsos, 1993).

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
import numpy.typing as npt

from detente.geo._jit import kernel
from detente.geo._meets import meets, roundness
from detente.geo._sphere import F64, I64, vectors

I32 = npt.NDArray[np.int32]

FAN = 32
SIDES = 10
_LEAST = 12
"""Fewest boxes on either side of a split."""
_SPARSE = 6
"""A leaf with fewer boxes is dissolved and its entries placed anew."""
SPARE_NODES = 64
"""Nodes that must be free before an insertion or deletion: six entries split a branch each."""

_UNIT = float(2**30)
_MICRO = 1_000_000
_EPOCH_S = 946_684_800
"""Times are int32 seconds around the year 2000: 1932 to 2068, clamped beyond."""
_INT_MAX = 2**31 - 1
_INT_MIN = -(2**31)

# Reach of a typical query: 1 km, 15 minutes, 100 m.
_PER_SPACE = 6371.0 / _UNIT
_PER_TIME = 1.0 / 900.0
_PER_ALTITUDE = 1.0 / 100_000.0


@kernel
def _clamp(value: int) -> int:
    return min(_INT_MAX, max(_INT_MIN, value))


@kernel
def box_of(v: F64, round_v: F64, span: I64, margin: float, box: I32) -> None:
    """Write the box of a hull grown by `margin` radians and of a span (times, altitudes)."""
    # a hull reaches beyond the box of its corners by no more than the height of its cap
    bulge = margin + 1e-9 + (1.0 - math.cos(min(round_v[4], math.pi)))
    for d in range(3):
        low, high = -1.0, 1.0
        if v.shape[0] > 0:
            low, high = 1.0, -1.0
            for i in range(v.shape[0]):
                low = min(low, v[i, d])
                high = max(high, v[i, d])
            low, high = max(-1.0, low - bulge), min(1.0, high + bulge)
        box[d] = math.floor(low * _UNIT)
        box[5 + d] = math.ceil(high * _UNIT)
    box[3] = _clamp(span[0] // _MICRO - _EPOCH_S)
    box[8] = _clamp(span[1] // _MICRO - _EPOCH_S)
    box[4] = _clamp(span[2])
    box[9] = _clamp(span[3])


@kernel
def _cost(box: I32) -> float:
    """How likely a query opens this box, up to a factor."""
    x = (float(box[5]) - float(box[0])) * _PER_SPACE + 1.0
    y = (float(box[6]) - float(box[1])) * _PER_SPACE + 1.0
    z = (float(box[7]) - float(box[2])) * _PER_SPACE + 1.0
    t = (float(box[8]) - float(box[3])) * _PER_TIME + 1.0
    a = (float(box[9]) - float(box[4])) * _PER_ALTITUDE + 1.0
    return x * y * z * t * a


@kernel
def _copy(source: I32, out: I32) -> None:
    for d in range(SIDES):
        out[d] = source[d]


@kernel
def _grow(box: I32, other: I32) -> None:
    for d in range(5):
        box[d] = min(box[d], other[d])
        box[5 + d] = max(box[5 + d], other[5 + d])


@kernel
def _best_child(boxes: I32, count: int, box: I32, both: I32) -> int:
    """The box of a node whose cost grows least by taking another one in."""
    best = 0
    best_growth = best_cost = math.inf
    for i in range(count):
        _copy(boxes[i], both)
        cost = _cost(both)
        _grow(both, box)
        growth = _cost(both) - cost
        if growth < best_growth or (growth == best_growth and cost < best_cost):
            best, best_growth, best_cost = i, growth, cost
    return best


@kernel
def _take_node(head: I64, nodes: I32, level: int) -> int:
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
def _bound(nodes: I32, boxes: I32, node: int, out: I32) -> None:
    _copy(boxes[node, 0], out)
    for i in range(1, nodes[node, 0]):
        _grow(out, boxes[node, i])


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
        _copy(pool[order[0]], running)
        for i in range(n):
            _grow(running, pool[order[i]])
            left[i] = _cost(running)
        _copy(pool[order[n - 1]], running)
        for cut in range(n - 1, _LEAST - 1, -1):
            _grow(running, pool[order[cut]])
            if cut <= n - _LEAST:
                total = left[cut - 1] * cut + _cost(running) * (n - cut)
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
    _copy(new_box, box)
    node = head[0]
    while nodes[node, 2] > 0:
        i = _best_child(boxes[node], nodes[node, 0], box, both)
        _grow(boxes[node, i], box)
        node = child[node, i]
    while True:
        count = nodes[node, 0]
        if count < FAN:
            _copy(box, boxes[node, count])
            child[node, count] = target
            nodes[node, 0] = count + 1
            _adopt(nodes, entries, node, target)
            return
        pool = np.empty((FAN + 1, SIDES), np.int32)
        what = np.empty(FAN + 1, np.int32)
        for i in range(FAN):
            _copy(boxes[node, i], pool[i])
            what[i] = child[node, i]
        _copy(box, pool[FAN])
        what[FAN] = target
        order, cut = _split_order(pool)
        other = _take_node(head, nodes, nodes[node, 2])
        nodes[node, 0] = 0
        for i in range(FAN + 1):
            at = node if i < cut else other
            slot = nodes[at, 0]
            _copy(pool[order[i]], boxes[at, slot])
            child[at, slot] = what[order[i]]
            nodes[at, 0] = slot + 1
            _adopt(nodes, entries, at, what[order[i]])
        _bound(nodes, boxes, other, box)
        if node == head[0]:
            root = _take_node(head, nodes, nodes[node, 2] + 1)
            head[0] = root
            nodes[root, 0] = 1
            child[root, 0] = node
            nodes[node, 1] = root
            _bound(nodes, boxes, node, boxes[root, 0])
        else:
            _bound(nodes, boxes, node, boxes[nodes[node, 1], _place_in_parent(nodes, child, node)])
        target = other
        node = nodes[node, 1]


@kernel
def _remove_from(head: I64, nodes: I32, boxes: I32, child: I32, node: int, i: int) -> None:
    """Take out box `i` of a node, free nodes left empty, tighten the branch above."""
    tight = np.empty(SIDES, np.int32)
    while True:
        last = nodes[node, 0] - 1
        _copy(boxes[node, last], boxes[node, i])
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
        _bound(nodes, boxes, node, tight)
        same = True
        for d in range(SIDES):
            same = same and boxes[parent, i, d] == tight[d]
        if same:
            break
        _copy(tight, boxes[parent, i])
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
        _copy(boxes[leaf, i], pool[i])
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
    """Keys of the entries that meet `entry` (as in `put`; its key does not matter), unordered."""
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
    per = (_PER_SPACE, _PER_SPACE, _PER_SPACE, _PER_TIME, _PER_ALTITUDE)
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
            width = float(most - least) * per[d]
            if width > best_width:
                best, best_width = d, width
        mid = (a + b) // 2
        _halve(order, middles[best], low, high, mid * n // leaves)
        todo.append((a, mid))
        todo.append((mid, b))
    for leaf in range(leaves):
        node = _take_node(head, nodes, 0)
        for i in range(leaf * n // leaves, (leaf + 1) * n // leaves):
            slot = nodes[node, 0]
            _copy(leafboxes[order[i]], boxes[node, slot])
            child[node, slot] = order[i]
            entries[order[i], 7] = node
            nodes[node, 0] = slot + 1
    below, count, level = head[1] - leaves, leaves, 0
    while count > 1:
        level += 1
        above = (count + fill - 1) // fill
        start = head[1]
        for k in range(above):
            node = _take_node(head, nodes, level)
            for i in range(below + k * count // above, below + (k + 1) * count // above):
                slot = nodes[node, 0]
                _bound(nodes, boxes, i, boxes[node, slot])
                child[node, slot] = i
                nodes[i, 1] = node
                nodes[node, 0] = slot + 1
        below, count = start, above
    head[0] = below
