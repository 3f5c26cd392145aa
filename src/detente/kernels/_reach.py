"""Which areas have a border near a place? A grid of quarters of a degree, areas in its cells."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._cells import columns
from detente.kernels._columns import F64, I32, I64, U8
from detente.kernels.area import BORDER

SCALE = 4
WIDE, HIGH = 360 * SCALE + 1, 180 * SCALE + 1
WEST, SOUTH = -180 * SCALE, -90 * SCALE
_AROUND = 360 * SCALE
_DEGREE_M = 110_574.0
"""No degree of latitude is shorter."""
_CELLS_MAX = 4096
"""If more cells are near, all areas are looked at."""


class Reach(NamedTuple):
    """Areas by cell: cell c has `area[first[c]:first[c + 1]]`.

    Cells are counted row by row, from the south-west.
    """

    first: I32
    area: I32


@kernel
def reach_of(xy: F64, kind: U8, owner: I32, areas: int) -> Reach:
    """Enter each area into the cells that its borders touch."""
    first = np.zeros(WIDE * HIGH + 1, np.int32)
    entered = np.full(WIDE * HIGH, -1, np.int32)
    area = np.empty(0, np.int32)
    for writing in range(2):
        entered[:] = -1
        for e in range(kind.shape[0]):
            if kind[e] != BORDER:
                continue
            ax, ay, bx, by = xy[e, 0], xy[e, 1], xy[e + 1, 0], xy[e + 1, 1]
            low, high = math.floor(min(ay, by) * SCALE), math.floor(max(ay, by) * SCALE)
            for row in range(low, high + 1):
                left, right = columns(ax, ay, bx, by, row, float(SCALE))
                for column in range(max(left, WEST), min(right, WEST + WIDE - 1) + 1):
                    cell = (row - SOUTH) * WIDE + column - WEST
                    if entered[cell] == owner[e]:
                        continue
                    entered[cell] = owner[e]
                    if writing:
                        area[first[cell]] = owner[e]
                    first[cell] += 1
        if not writing:
            total = 0
            for cell in range(first.shape[0]):
                here = first[cell]
                first[cell] = total
                total += here
            area = np.empty(total, np.int32)
    for cell in range(first.shape[0] - 1, 0, -1):
        first[cell] = first[cell - 1]
    first[0] = 0
    return Reach(first, area)


@kernel
def gather(
    firsts: I32, areas: I32, south: float, north: float, west: float, east: float,
    seen: I64, mark: int, found: I32, count: int,
) -> int:  # fmt: skip
    """Add the areas with borders near a box (degrees, perhaps beyond 180) to `found`.

    `seen[area] == mark` says that an area is there already.

    Returns:
        How many are there now.
    """
    low = max(math.floor(south * SCALE), SOUTH)
    high = min(math.floor(north * SCALE), SOUTH + HIGH - 1)
    left, right = math.floor(west * SCALE), math.floor(east * SCALE)
    if right - left >= _AROUND or low == SOUTH or high == SOUTH + HIGH - 1:
        left, right = WEST, WEST + _AROUND - 1
    if (high - low + 1) * (right - left + 1) > _CELLS_MAX:
        for area in range(seen.shape[0]):
            if seen[area] != mark:
                seen[area] = mark
                found[count] = area
                count += 1
        return count
    for row in range(low, high + 1):
        for column in range(left, right + 1):
            at = (column - WEST) % _AROUND
            cell = (row - SOUTH) * WIDE + at
            # the date line has cells on both sides
            for twin in range(2 if at == 0 else 1):
                cell += twin * _AROUND
                for k in range(firsts[cell], firsts[cell + 1]):
                    area = areas[k]
                    if seen[area] != mark:
                        seen[area] = mark
                        found[count] = area
                        count += 1
    return count


@kernel
def gather_around(
    firsts: I32, areas: I32, lat_deg: float, lng_deg: float, within_m: float,
    seen: I64, mark: int, found: I32,
) -> int:  # fmt: skip
    """The areas with borders that may be within so many metres."""
    up = within_m / _DEGREE_M
    aside = 360.0
    if abs(lat_deg) + up < 89.9:
        sine = math.sin(math.radians(min(90.0, 1.01 * up))) / math.cos(math.radians(lat_deg))
        if sine < 1.0:
            aside = math.degrees(math.asin(sine))
    return gather(
        firsts, areas, lat_deg - up, lat_deg + up, lng_deg - aside, lng_deg + aside,
        seen, mark, found, 0,
    )  # fmt: skip


@kernel
def _longer_ints(a: I64, to: int) -> I64:
    out = np.empty(to, np.int64)
    out[: a.shape[0]] = a
    return out


@kernel
def pairs_near(
    reach: Reach, areas: int, lat_deg: F64, lng_deg: F64, within_m: float
) -> tuple[I64, I64]:
    """Rows of positions and areas that may have a border within so many metres, ordered."""
    firsts, entered = reach
    size = 1024
    row, area = np.empty(size, np.int64), np.empty(size, np.int64)
    seen = np.full(areas, -1, np.int64)
    found = np.empty(areas, np.int32)
    count = 0
    for i in range(lat_deg.shape[0]):
        x, y = lng_deg[i], lat_deg[i]
        if not (abs(y) <= 90.0 and abs(x) <= 540.0):
            continue
        here = gather_around(firsts, entered, y, x, within_m, seen, i, found)
        while count + here > size:
            size *= 2
            row, area = _longer_ints(row, size), _longer_ints(area, size)
        for k in range(here):
            slot = count
            while slot > count - k and area[slot - 1] > found[k]:
                area[slot] = area[slot - 1]
                slot -= 1
            area[slot] = found[k]
            row[count] = i
            count += 1
    return row[:count], area[:count]
