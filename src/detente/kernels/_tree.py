"""The tree of cells in which positions are looked up.

Its root are cells of one degree; a cell with more than a few edges has 8 × 8 children, down to half
a metre. A cell without edges has one answer for all of it; one with a few edges is a leaf. What the
south-west corner of a cell is inside of is found by walking from corner to corner and counting the
edges on the way, beginning off the map where nothing is: no corner is looked up by itself. Corners
are moved a little in thought (`side_beside`), so that no edge passes through one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64, U8
from detente.kernels._leaves import (
    CROWDED,
    LEAF_CORNER,
    LEAF_COUNT,
    LEAF_FIRST,
    Leaves,
    add_leaf,
)
from detente.kernels._sets import FULL, Sets, toggled
from detente.kernels._sign import side_beside

COLUMNS, ROWS = 363, 183
WEST, SOUTH = -181, -91
ROOT_CELLS = COLUMNS * ROWS
FAN = 8
FAN_BITS = 3
LEVELS = 6
"""Below the root: cells of 1/8**6 degree are the smallest."""
FINEST_BITS = LEVELS * FAN_BITS
LEAF_EDGES = 12
"""A cell with more is divided."""
_GAIN = 0.6
"""If its children would have more than this part of its edges each, a cell is not divided."""
COUNT, CORNER, BITS, NUMBER, HEAD = 0, 1, 2, 3, 4
TABLE_BITS = 6
"""Leaves with up to so many classes know all their answers beforehand."""


class Tree(NamedTuple):
    """What is needed to look up positions.

    Attributes:
        entry: int32: of the root's cells, row by row, then of blocks of 64 children. Not negative:
            the number of the set that holds all over the cell. Else, with r = ~entry: the leaf at
            r >> 1 in `page` if r is odd, block r >> 1 if it is even.
        page: int32: leaves, each with what belongs to it in one piece: how many edges (`COUNT`),
            the classes that contain its corner (`CORNER`), how many classes there are, or -1
            (`BITS`), its number (`NUMBER`); from `HEAD` on its edges, the classes of each, and
            unless there are too many classes the set numbers by the classes that are inside.
        xy: vertices of all edges.
    """

    entry: I32
    page: I32
    xy: F64


class Windows(NamedTuple):
    """Cells that are to be divided.

    Attributes:
        column, row: int64, of the first child, counted from longitude and latitude 0.
        corner: int32, the set at the south-west corner.
        slot: int64, their entry. first, many: int64, their edges.
    """

    column: I64
    row: I64
    corner: I32
    slot: I64
    first: I64
    many: I64


def windows(count: int) -> Windows:
    """Room for so many."""
    return Windows(
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int32),
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64),
    )  # fmt: skip


@kernel
def _over(
    xy: F64, owner: I32, edges: I32, number: int, sets: Sets,
    x: float, y: float, to_x: float, to_y: float,
) -> int:  # fmt: skip
    """The set at a corner of a cell, from that at the next one to the west or to the south."""
    level = y == to_y
    for k in range(edges.shape[0]):
        e = edges[k]
        ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
        astride = (ay > y) != (by > y) if level else (ax > x) != (bx > x)
        if astride and side_beside(ax, ay, bx, by, x, y) != side_beside(ax, ay, bx, by, to_x, to_y):
            number = toggled(sets, number, owner[e])
    return number


@kernel
def settled(
    xy: F64, owner: I32, edges: I32, here: Windows, width: int, height: int, scale: float,
    begin: I64, found: I32, entry: I32, blocks: int, last: bool,
    sets: Sets, leaves: Leaves, there: Windows,
) -> tuple[int, int]:  # fmt: skip
    """Answer the cells of windows, or leave them to be divided.

    Args:
        edges: of the windows themselves.
        begin, found: what `dealt` made of them.
        entry: written to, from block `blocks` on.
        last: no cell is divided any more.
        there: is filled with the cells to divide next; their edges are in `found`.

    Returns:
        The number of blocks, and of cells to divide.
    """
    size = width * height
    todo = 0
    for w in range(here.column.shape[0]):
        base = w * size
        root = size == ROOT_CELLS
        if not root:
            mine = edges[here.first[w] : here.first[w] + here.many[w]]
            full = 0
            for c in range(base, base + size):
                full += begin[c + 1] > begin[c]
            if begin[base + size] - begin[base] > _GAIN * full * here.many[w]:
                leaf = add_leaf(xy, owner, mine, int(here.corner[w]), sets, leaves)
                if not leaves.written[CROWDED]:
                    entry[here.slot[w]] = here.corner[w] if leaf < 0 else ~(2 * leaf + 1)
                    continue
                # too many for a leaf: divided all the same
                leaves.written[CROWDED] = 0
            entry[here.slot[w]] = ~(2 * blocks)
        start = 0 if root else ROOT_CELLS + blocks * size
        if not root:
            blocks += 1
        left = int(here.corner[w])
        for j in range(height):
            corner = left
            y, top = (here.row[w] + j) / scale, (here.row[w] + j + 1) / scale
            x = here.column[w] / scale
            cell = base + j * width
            left = _over(xy, owner, found[begin[cell] : begin[cell + 1]], left, sets, x, y, x, top)
            for i in range(width):
                cell = base + j * width + i
                slot = start + j * width + i
                x, right = (here.column[w] + i) / scale, (here.column[w] + i + 1) / scale
                count = begin[cell + 1] - begin[cell]
                entry[slot] = corner
                if count == 0:
                    continue
                some = found[begin[cell] : begin[cell + 1]]
                divide = count > LEAF_EDGES and not last
                if divide and count <= 3 * LEAF_EDGES:
                    divide = _places(xy, some) > LEAF_EDGES
                if not divide:
                    leaf = add_leaf(xy, owner, some, corner, sets, leaves)
                    if leaf >= 0:
                        entry[slot] = ~(2 * leaf + 1)
                    elif leaves.written[CROWDED] and not last:
                        leaves.written[CROWDED] = 0
                        divide = True
                if divide:
                    there.column[todo] = (here.column[w] + i) * FAN
                    there.row[todo] = (here.row[w] + j) * FAN
                    there.corner[todo] = corner
                    there.slot[todo] = slot
                    there.first[todo] = begin[cell]
                    there.many[todo] = count
                    todo += 1
                corner = _over(xy, owner, some, corner, sets, x, y, right, y)
            if sets.used[1] == FULL or leaves.written[CROWDED]:
                return blocks, todo
    return blocks, todo


@kernel
def _places(xy: F64, edges: I32) -> int:
    """How many edges there are, those in the same place counted once."""
    n = 0
    for k in range(edges.shape[0]):
        e = edges[k]
        ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
        new = 1
        for other in range(k):
            o = edges[other]
            cx, cy, dx, dy = xy[o, 0], xy[o, 1], xy[o + 1, 0], xy[o + 1, 1]
            if (ax == cx and ay == cy and bx == dx and by == dy) or (
                ax == dx and ay == dy and bx == cx and by == cy
            ):
                new = 0
                break
        n += new
    return n


@kernel
def paged(
    entry: I32, leaf: I32, label: I32, ref: I32, mask: I32, begin: I64, area: I32, bit: U8,
    sets: Sets,
) -> I32:  # fmt: skip
    """Bring together what belongs to each leaf; entries are turned from numbers to places."""
    place = np.empty(leaf.shape[0] + 1, np.int64)
    bits = np.empty(leaf.shape[0], np.int64)
    place[0] = 0
    for number in range(leaf.shape[0]):
        classes = 0
        for k in range(begin[number], begin[number + 1]):
            classes = max(classes, bit[k] + 1)
        bits[number] = classes if classes <= TABLE_BITS else -1
        answers = 1 << classes if classes <= TABLE_BITS else 0
        place[number + 1] = place[number] + HEAD + 2 * leaf[number, LEAF_COUNT] + answers
    page = np.empty(place[leaf.shape[0]], np.int32)
    for number in range(leaf.shape[0]):
        at, count = place[number], leaf[number, LEAF_COUNT]
        page[at + COUNT], page[at + CORNER] = count, leaf[number, LEAF_CORNER]
        page[at + BITS], page[at + NUMBER] = bits[number], number
        first = leaf[number, LEAF_FIRST]
        for k in range(count):
            page[at + HEAD + k] = ref[first + k]
            page[at + HEAD + count + k] = mask[first + k]
        if bits[number] < 0:
            continue
        for inside in range(1 << bits[number]):
            differs = inside ^ leaf[number, LEAF_CORNER]
            found = int(label[number])
            for k in range(begin[number], begin[number + 1]):
                if (differs >> bit[k]) & 1:
                    found = toggled(sets, found, area[k])
            page[at + HEAD + 2 * count + inside] = found
    for slot in range(entry.shape[0]):
        if entry[slot] < 0 and ~entry[slot] & 1:
            entry[slot] = ~(2 * place[~entry[slot] >> 1] + 1)
    return page
