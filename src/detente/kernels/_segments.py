"""Where do straight segments cross the borders of areas?

A segment is straight in longitude and latitude, the short way around the Earth. Whether it crosses
an edge is decided exactly. An end that lies on an edge counts as a touch, not as a crossing; what
became of it follows from which sets hold at both ends.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo import kernel
from detente.kernels._balls import FAN, FAN_BITS, RADIUS, Balls, X, Y, Z, sag_m
from detente.kernels._columns import F32, F64, I32, I64, U8, Bools
from detente.kernels._earth import ecef
from detente.kernels._reach import Reach, gather
from detente.kernels._sign import side
from detente.kernels._tree import (
    COLUMNS,
    COUNT,
    FINEST_BITS,
    HEAD,
    ROOT_CELLS,
    SOUTH,
    WEST,
    Tree,
)
from detente.kernels._tree import (
    FAN as CELLS,
)
from detente.kernels._tree import (
    FAN_BITS as CELL_BITS,
)
from detente.kernels.area import BORDER

_FINEST = float(1 << FINEST_BITS)
_ROOTS_MAX = 64
_STACK = 512
TOUCHED_START, TOUCHED_END = 1, 2


@kernel
def _crosses(
    ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float
) -> int:
    """How segment p-q meets edge a-b: 4 crosses, else whether p (1), q (2) lie on the edge.

    An edge's end that lies on the line of the segment counts as left of it.
    """
    if min(ax, bx) > max(px, qx) or max(ax, bx) < min(px, qx):
        return 0
    if min(ay, by) > max(py, qy) or max(ay, by) < min(py, qy):
        return 0
    start = side(ax, ay, bx, by, px, py)
    end = side(ax, ay, bx, by, qx, qy)
    if start * end > 0:
        return 0
    touched = 0
    if start == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
        touched |= TOUCHED_START
    if end == 0 and min(ax, bx) <= qx <= max(ax, bx) and min(ay, by) <= qy <= max(ay, by):
        touched |= TOUCHED_END
    if start == 0 or end == 0:
        return touched
    if (side(px, py, qx, qy, ax, ay) >= 0) != (side(px, py, qx, qy, bx, by) >= 0):
        return 4
    return 0


@kernel
def _leaf_met(page: I32, xy: F64, leaf: int, px: float, py: float, qx: float, qy: float) -> bool:
    for r in range(leaf + HEAD, leaf + HEAD + page[leaf + COUNT]):
        e = page[r]
        if _crosses(xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1], px, py, qx, qy):
            return True
    return False


@kernel
def _met(
    entries: I32, page: I32, xy: F64,
    px: float, py: float, qx: float, qy: float, stack: I64,
) -> bool:  # fmt: skip
    """Whether a segment meets any edge; also true where that is long to find out."""
    low_x, high_x, low_y, high_y = min(px, qx), max(px, qx), min(py, qy), max(py, qy)
    left, right = math.floor(low_x) - WEST, math.floor(high_x) - WEST
    bottom, top = math.floor(low_y) - SOUTH, math.floor(high_y) - SOUTH
    if (right - left + 1) * (top - bottom + 1) > _ROOTS_MAX:
        return True
    waiting = 0
    for row in range(bottom, top + 1):
        for column in range(left, right + 1):
            entry = int(entries[row * COLUMNS + column])
            if entry < 0:
                stack[waiting, 0], stack[waiting, 1] = entry, FINEST_BITS
                stack[waiting, 2], stack[waiting, 3] = column, row
                waiting += 1
    while waiting:
        waiting -= 1
        entry, bits = int(stack[waiting, 0]), int(stack[waiting, 1])
        column, row = stack[waiting, 2], stack[waiting, 3]
        if (~entry) & 1:
            if _leaf_met(page, xy, ~entry >> 1, px, py, qx, qy):
                return True
            continue
        bits -= CELL_BITS
        scale = float(1 << (FINEST_BITS - bits))
        column, row = column * CELLS, row * CELLS
        left = max(math.floor((low_x - WEST) * scale), column)
        right = min(math.floor((high_x - WEST) * scale), column + CELLS - 1)
        bottom = max(math.floor((low_y - SOUTH) * scale), row)
        top = min(math.floor((high_y - SOUTH) * scale), row + CELLS - 1)
        if waiting + CELLS * CELLS > stack.shape[0]:
            return True
        base = ROOT_CELLS + (~entry >> 1) * (CELLS * CELLS)
        for r in range(bottom, top + 1):
            for c in range(left, right + 1):
                child = int(entries[base + (r - row) * CELLS + c - column])
                if child < 0:
                    stack[waiting, 0], stack[waiting, 1] = child, bits
                    stack[waiting, 2], stack[waiting, 3] = c, r
                    waiting += 1
    return False


@kernel
def segments_met(tree: Tree, y_0: F64, x_0: F64, y_1: F64, x_1: F64) -> Bools:
    """Which segments may cross a border: none that does is left out, few others are in."""
    entries, page, xy = tree
    out = np.zeros(x_0.shape[0], np.bool_)
    stack = np.empty((_STACK, 4), np.int64)
    for i in range(x_0.shape[0]):
        px, py, qx, qy = x_0[i], y_0[i], x_1[i], y_1[i]
        if not (abs(px) <= 180.0 and abs(qx) <= 180.0 and abs(py) <= 90.0 and abs(qy) <= 90.0):
            continue
        if abs(px) == 180.0 or abs(qx) == 180.0 or abs(qx - px) >= 180.0:
            out[i] = True
        else:
            # cells have no dents: if both ends are in one, the segment is
            column = math.floor(px * _FINEST) - (WEST << FINEST_BITS)
            row = math.floor(py * _FINEST) - (SOUTH << FINEST_BITS)
            bits = FINEST_BITS
            entry = int(entries[(row >> bits) * COLUMNS + (column >> bits)])
            while entry < 0 and not (~entry) & 1:
                bits -= CELL_BITS
                child = ((row >> bits) & (CELLS - 1)) * CELLS + ((column >> bits) & (CELLS - 1))
                entry = int(entries[ROOT_CELLS + (~entry >> 1) * (CELLS * CELLS) + child])
            to_column = math.floor(qx * _FINEST) - (WEST << FINEST_BITS)
            to_row = math.floor(qy * _FINEST) - (SOUTH << FINEST_BITS)
            if column >> bits == to_column >> bits and row >> bits == to_row >> bits:
                if entry < 0:
                    out[i] = _leaf_met(page, xy, ~entry >> 1, px, py, qx, qy)
            else:
                out[i] = _met(entries, page, xy, px, py, qx, qy, stack)
    return out


@kernel
def _pieces(px: float, py: float, qx: float, qy: float, out: F64) -> int:
    """A segment as one or two on the map; the parts beyond the date line are shifted copies."""
    out[0, 0], out[0, 1], out[0, 2], out[0, 3] = px, py, qx, qy
    if abs(qx - px) <= 180.0:
        if abs(px) == 180.0 or abs(qx) == 180.0:
            # the same, seen from the other side of the date line
            shift = -360.0 if max(px, qx) == 180.0 else 360.0
            out[1, 0], out[1, 1], out[1, 2], out[1, 3] = px + shift, py, qx + shift, qy
            return 2
        return 1
    shift = 360.0 if qx < px else -360.0
    out[0, 2] = qx + shift
    out[1, 0], out[1, 1], out[1, 2], out[1, 3] = px - shift, py, qx, qy
    return 2


@kernel
def _fraction(
    ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float
) -> float:
    """How far along p-q it meets the line a-b, which parts its ends: 0 to 1."""
    start = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    end = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
    if start == end:
        return 0.5
    return min(1.0, max(0.0, start / (start - end)))


@kernel
def _area_hits(
    xy: F64, kind: U8, firsts: I64, ball: F32, starts: I64, top: I64, area: int,
    pieces: F64, count: int, ends: F64, levels: I64, nodes: I64, fraction: F64, edge: I64,
) -> tuple[int, int]:  # fmt: skip
    """Where a segment crosses an area's edges, in order.

    Returns:
        How many crossings there are (as far as there is room, those found first), and whether its
        ends lie on the border.
    """
    hits = 0
    touched = 0
    if top[area] < 0:
        return 0, 0
    sag = sag_m(ends[6], ends[7])
    levels[0], nodes[0] = top[area], 0
    waiting = 1
    while waiting:
        waiting -= 1
        level, node = levels[waiting], nodes[waiting]
        if level == 0:
            low = firsts[area] + (node << FAN_BITS)
            for e in range(low, min(low + (1 << FAN_BITS), firsts[area + 1])):
                if kind[e] != BORDER:
                    continue
                ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
                for k in range(count):
                    px, py, qx, qy = pieces[k, 0], pieces[k, 1], pieces[k, 2], pieces[k, 3]
                    how = _crosses(ax, ay, bx, by, px, py, qx, qy)
                    if how == 4:
                        if hits < fraction.shape[0]:
                            at = _fraction(ax, ay, bx, by, px, py, qx, qy)
                            slot = hits
                            while slot > 0 and fraction[slot - 1] > at:
                                fraction[slot] = fraction[slot - 1]
                                edge[slot] = edge[slot - 1]
                                slot -= 1
                            fraction[slot] = at
                            edge[slot] = e
                        hits += 1
                        break
                    touched |= how
            continue
        level -= 1
        block = starts[area, level] + node
        for k in range(FAN):
            radius = ball[block, RADIUS, k] + sag
            if radius < 0.0:
                continue
            dx, dy = ball[block, X, k] - ends[0], ball[block, Y, k] - ends[1]
            dz = ball[block, Z, k] - ends[2]
            ex, ey, ez = ends[3] - ends[0], ends[4] - ends[1], ends[5] - ends[2]
            square = ex * ex + ey * ey + ez * ez
            t = 0.0
            if square > 0.0:
                t = min(1.0, max(0.0, (dx * ex + dy * ey + dz * ez) / square))
            dx, dy, dz = dx - t * ex, dy - t * ey, dz - t * ez
            if dx * dx + dy * dy + dz * dz <= radius * radius:
                levels[waiting], nodes[waiting] = level, (node << FAN_BITS) + k
                waiting += 1
    return hits, touched


@kernel
def _more(a: F64, to: int) -> F64:
    out = np.empty(to)
    out[: a.shape[0]] = a
    return out


@kernel
def _more_ints(a: I64, to: int) -> I64:
    out = np.empty(to, np.int64)
    out[: a.shape[0]] = a
    return out


@kernel
def _more_bytes(a: U8, to: int) -> U8:
    out = np.empty(to, np.uint8)
    out[: a.shape[0]] = a
    return out


@kernel
def segment_hits(
    balls: Balls, reach: Reach, y_0: F64, x_0: F64, y_1: F64, x_1: F64, rows: I64
) -> tuple[I64, I64, U8, I64, F64, I64]:
    """Crossings of some segments with the borders of all areas near them.

    Returns:
        A group for each segment and area that meet: row, area, which ends touch, where its
        crossings begin (one more at the end); and the crossings: how far along, and the edge.
    """
    # arrays by themselves: taking one out of a tuple counts its holders, which is slow
    reach_first, reach_area = reach
    xy, kind, firsts, _, _, _, ball, starts, top = balls
    groups, hits = 0, 0
    group_room, hit_room = 1024, 1024
    row, area = np.empty(group_room, np.int64), np.empty(group_room, np.int64)
    touch = np.empty(group_room, np.uint8)
    begin = np.zeros(group_room + 1, np.int64)
    fraction, edge = np.empty(hit_room), np.empty(hit_room, np.int64)
    seen = np.full(balls.top.shape[0], -1, np.int64)
    found = np.empty(balls.top.shape[0], np.int32)
    pieces, ends = np.empty((2, 4)), np.empty(8)
    at, of = np.empty(64), np.empty(64, np.int64)
    levels, nodes = np.empty(_STACK, np.int64), np.empty(_STACK, np.int64)
    for k in range(rows.shape[0]):
        i = rows[k]
        px, py, qx, qy = x_0[i], y_0[i], x_1[i], y_1[i]
        count = _pieces(px, py, qx, qy, pieces)
        near = 0
        for piece in range(count):
            a, b = pieces[piece, 0], pieces[piece, 2]
            near = gather(
                reach_first, reach_area, min(py, qy), max(py, qy),
                max(min(a, b), -180.0), min(max(a, b), 180.0),
                seen, k, found, near,
            )  # fmt: skip
        if near == 0:
            continue
        ends[0], ends[1], ends[2] = ecef(py, px)
        ends[3], ends[4], ends[5] = ecef(qy, qx)
        ends[6], ends[7] = pieces[0, 2] - pieces[0, 0], qy - py
        some = np.sort(found[:near])
        for n in range(near):
            number, touched = _area_hits(
                xy, kind, firsts, ball, starts, top, some[n], pieces, count, ends, levels, nodes,
                at, of,
            )  # fmt: skip
            while number > at.shape[0]:
                at, of = np.empty(2 * number), np.empty(2 * number, np.int64)
                number, touched = _area_hits(
                    xy, kind, firsts, ball, starts, top, some[n], pieces, count, ends, levels,
                    nodes, at, of,
                )  # fmt: skip
            if number == 0 and touched == 0:
                continue
            if groups == group_room:
                group_room *= 2
                row, area = _more_ints(row, group_room), _more_ints(area, group_room)
                touch = _more_bytes(touch, group_room)
                begin = _more_ints(begin, group_room + 1)
            if hits + number > hit_room:
                hit_room = 2 * (hits + number)
                fraction, edge = _more(fraction, hit_room), _more_ints(edge, hit_room)
            row[groups], area[groups], touch[groups] = i, some[n], touched
            for hit in range(number):
                fraction[hits + hit] = at[hit]
                edge[hits + hit] = of[hit]
            hits += number
            groups += 1
            begin[groups] = hits
    return (
        row[:groups], area[:groups], touch[:groups], begin[: groups + 1],
        fraction[:hits], edge[:hits],
    )  # fmt: skip
