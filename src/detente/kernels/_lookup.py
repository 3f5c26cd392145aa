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
    """Set numbers at positions; `north`, `south`: those at the poles. Nowhere: 0."""
    # Arrays by themselves: taking one out of a tuple counts its holders, which is slow. So is a
    # call with arrays, hence the walk of `descend` once more.
    entries, page, xy = tree
    out = np.empty(lat_deg.shape[0], np.int32)
    for i in range(lat_deg.shape[0]):
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
        bits = FINEST_BITS
        entry = int(entries[(qy >> bits) * COLUMNS + (qx >> bits)])
        while entry < 0 and not (~entry) & 1:
            bits -= FAN_BITS
            child = ((qy >> bits) & (FAN - 1)) * FAN + ((qx >> bits) & (FAN - 1))
            entry = int(entries[ROOT_CELLS + (~entry >> 1) * (FAN * FAN) + child])
        if entry < 0:
            leaf = ~entry >> 1
            entry = UNRESOLVED
            if page[leaf + BITS] >= 0:
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
