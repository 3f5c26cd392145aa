"""Which set of areas holds at a position?"""

from __future__ import annotations

import math

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64, Bools
from detente.kernels._sets import contains
from detente.kernels._sign import side, side_beside
from detente.kernels._tree import (
    BITS,
    COLUMNS,
    CORNER,
    COUNT,
    FAN,
    FAN_BITS,
    FINEST_BITS,
    HEAD,
    NUMBER,
    ROOT_CELLS,
    SOUTH,
    WEST,
    Tree,
)

_FINEST = float(1 << FINEST_BITS)
_CELL_DEG = 1.0 / _FINEST
UNRESOLVED = -1
"""On the date line or a pole, or where many borders meet: to be found out one by one."""
OFF_LEAF = -1
_TOGETHER = 256
"""How many positions are taken at a time."""


@kernel
def descend(entries: I32, x: float, y: float) -> tuple[int, int, float, float]:
    """The entry that holds at a place, as it stands, and its cell: bits, south-west corner."""
    qx = math.floor(x * _FINEST) - (WEST << FINEST_BITS)
    qy = math.floor(y * _FINEST) - (SOUTH << FINEST_BITS)
    bits = FINEST_BITS
    entry = int(entries[(qy >> bits) * COLUMNS + (qx >> bits)])
    while entry < 0 and not (~entry) & 1:
        bits -= FAN_BITS
        child = ((qy >> bits) & (FAN - 1)) * FAN + ((qx >> bits) & (FAN - 1))
        entry = int(entries[ROOT_CELLS + (~entry >> 1) * (FAN * FAN) + child])
    west = (qx >> bits << bits) * _CELL_DEG + WEST
    south = (qy >> bits << bits) * _CELL_DEG + SOUTH
    return entry, bits, west, south


@kernel
def bits_inside(
    page: I32, xy: F64, leaf: int, x: float, y: float, west: float, south: float
) -> int:
    """The classes of a leaf that a place is inside of, as bits.

    The way leads from the cell's corner north, then east; every edge on it turns its classes over.
    A place on an edge is inside of all that the edge bounds.
    """
    turned = 0
    touched = 0
    count = page[leaf + COUNT]
    for r in range(leaf + HEAD, leaf + HEAD + count):
        e = page[r]
        ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
        mask = int(page[r + count])
        if (ay > y) != (by > y):
            # most edges lie all to one side; the others are looked at exactly
            if ax > west and bx > west and ax < x and bx < x:
                turned ^= mask
            elif (ax <= x or bx <= x) and (ax > west or bx > west):
                here = side(ax, ay, bx, by, x, y)
                if here == 0:
                    touched |= mask
                elif here != side_beside(ax, ay, bx, by, west, y):
                    turned ^= mask
            elif (ax == x or bx == x) and side(ax, ay, bx, by, x, y) == 0:
                touched |= mask
        elif (ay == y and ax == x) or (by == y and bx == x):
            # a vertex that is the highest around
            touched |= mask
        elif ay == y and by == y and min(ax, bx) < x < max(ax, bx):
            touched |= mask
        if (
            (ax > west) != (bx > west)
            and (ay > south or by > south)
            and (ay <= y or by <= y)
            and side_beside(ax, ay, bx, by, west, y) != side_beside(ax, ay, bx, by, west, south)
        ):
            turned ^= mask
    return (int(page[leaf + CORNER]) ^ turned) | touched


@kernel
def sets_at(tree: Tree, lat_deg: F64, lng_deg: F64, north: int, south: int) -> I32:
    """Set numbers at positions; `north`, `south`: those at the poles. Nowhere: 0.

    Positions are taken some hundred at a time, level by level: so what they want from memory comes
    together.
    """
    # Arrays by themselves: taking one out of a tuple counts its holders, which is slow. So is a
    # call with arrays, hence the walk of `descend` once more.
    entries, page, xy = tree
    n = lat_deg.shape[0]
    out = np.empty(n, np.int32)
    # of those on their way down: row, and place in the finest cells; of those in leaves: row, bits
    rows, columns = np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64)
    lines = np.empty(_TOGETHER, np.int64)
    leaves, sizes = np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64)
    touched = np.zeros(1, np.int64)
    for begin in range(0, n, _TOGETHER):
        way = 0
        for i in range(begin, min(begin + _TOGETHER, n)):
            x, y = lng_deg[i], lat_deg[i]
            if not (-180.0 < x < 180.0 and -90.0 < y < 90.0):
                if not (abs(x) <= 540.0 and abs(y) <= 90.0):
                    out[i] = 0
                    continue
                if abs(y) == 90.0:
                    out[i] = north if y > 0.0 else south
                    continue
                x -= 360.0 * math.floor((x + 180.0) / 360.0)
                if abs(x) >= 180.0:
                    out[i] = UNRESOLVED
                    continue
            qx = math.floor(x * _FINEST) - (WEST << FINEST_BITS)
            qy = math.floor(y * _FINEST) - (SOUTH << FINEST_BITS)
            entry = entries[(qy >> FINEST_BITS) * COLUMNS + (qx >> FINEST_BITS)]
            out[i] = entry
            # written in any case, and kept if need be: no branch that the processor could miss
            rows[way], columns[way], lines[way] = i, qx, qy
            way += entry < 0
        bits = FINEST_BITS
        ended = 0
        while way:
            going = 0
            for k in range(way):
                i, qx, qy = rows[k], columns[k], lines[k]
                block = ~out[i]
                if block & 1:
                    leaves[ended], sizes[ended] = i, bits
                    ended += 1
                    continue
                below = bits - FAN_BITS
                child = ((qy >> below) & (FAN - 1)) * FAN + ((qx >> below) & (FAN - 1))
                entry = entries[ROOT_CELLS + (block >> 1) * (FAN * FAN) + child]
                out[i] = entry
                rows[going], columns[going], lines[going] = i, qx, qy
                going += entry < 0
            way = going
            bits -= FAN_BITS
        # nothing comes of this but that memory is asked for
        some = 0
        for k in range(ended):
            leaf = ~out[leaves[k]] >> 1
            some += page[leaf + HEAD + page[leaf + COUNT] - 1]
        touched[0] = some
        for k in range(ended):
            i, bits = leaves[k], sizes[k]
            x, y = lng_deg[i], lat_deg[i]
            if abs(x) > 180.0:
                x -= 360.0 * math.floor((x + 180.0) / 360.0)
            leaf = ~out[i] >> 1
            entry = UNRESOLVED
            if page[leaf + BITS] >= 0:
                qx = math.floor(x * _FINEST) - (WEST << FINEST_BITS)
                qy = math.floor(y * _FINEST) - (SOUTH << FINEST_BITS)
                left = (qx >> bits << bits) * _CELL_DEG + WEST
                low = (qy >> bits << bits) * _CELL_DEG + SOUTH
                inside = bits_inside(page, xy, leaf, x, y, left, low)
                entry = int(page[leaf + HEAD + 2 * page[leaf + COUNT] + inside])
            out[i] = entry
    return out


@kernel
def leaf_at(tree: Tree, x: float, y: float) -> tuple[int, int]:
    """The leaf at a place and the classes inside; or `OFF_LEAF` and the number of the set."""
    entries, page, xy = tree
    entry, _, west, south = descend(entries, x, y)
    if entry >= 0:
        return OFF_LEAF, entry
    leaf = ~entry >> 1
    return int(page[leaf + NUMBER]), bits_inside(page, xy, leaf, x, y, west, south)


@kernel
def members(content: I32, first: I64, number: I32, area: I32) -> Bools:
    """Whether each set has the area beside it."""
    out = np.zeros(number.shape[0], np.bool_)
    for i in range(number.shape[0]):
        out[i] = area[i] >= 0 and contains(content, first, number[i], area[i])
    return out
