"""Which volumes hold a position: a grid of eighths of a degree, volumes in it by their start."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64
from detente.kernels._earth import ecef
from detente.kernels._outlines import LAT, LNG, REACH, Outlines, holds

SCALE = 8
WIDE, HIGH = 360 * SCALE, 180 * SCALE
_DEGREE_M = 110_574.0
_CELLS_MAX = 16_384
"""A volume that touches more is looked at for every position."""
_SHORT = 8


class Grid(NamedTuple):
    """Volumes by cell, row by row from the south-west; after the last cell, those in none.

    Attributes:
        first: int32, where each cell's volumes begin.
        start_us, end_us, lower_m, upper_m, volume: of these, by start.
        latest_us: int64, the latest end in the cell up to here.
    """

    first: I32
    start_us: I64
    end_us: I64
    lower_m: F64
    upper_m: F64
    volume: I32
    latest_us: I64


def grid_of(outlines: Outlines) -> Grid:
    """Enter volumes into the cells that they may touch."""
    order = np.argsort(outlines.start_us, kind="stable")
    first, entered = _entered(outlines, order)
    volume = entered.astype(np.int32)
    end = outlines.end_us[volume]
    return Grid(
        first, outlines.start_us[volume], end, outlines.lower_m[volume], outlines.upper_m[volume],
        volume, _latest(first, end),
    )  # fmt: skip


@kernel
def _entered(o: Outlines, order: I64) -> tuple[I32, I64]:
    first = np.zeros(WIDE * HIGH + 2, np.int32)
    entered = np.empty(0, np.int64)
    for writing in range(2):
        for k in range(order.shape[0]):
            v = order[k]
            up = o.shape[v, REACH] / _DEGREE_M * 1.002 + 1e-6
            lat, lng = o.shape[v, LAT], o.shape[v, LNG]
            low = max(math.floor((lat - up + 90.0) * SCALE), 0)
            high = min(math.floor((lat + up + 90.0) * SCALE), HIGH - 1)
            left, right = 0, WIDE - 1
            if abs(lat) + up < 89.9:
                sine = math.sin(math.radians(min(up, 90.0))) / math.cos(math.radians(lat))
                if sine < 1.0:
                    aside = math.degrees(math.asin(sine)) + 1e-6
                    left = math.floor((lng - aside + 180.0) * SCALE)
                    right = min(math.floor((lng + aside + 180.0) * SCALE), left + WIDE - 1)
            if (high - low + 1) * (right - left + 1) > _CELLS_MAX:
                low = high = HIGH
                left = right = 0
            for row in range(low, high + 1):
                for column in range(left, right + 1):
                    cell = row * WIDE + column % WIDE
                    if writing:
                        entered[first[cell]] = v
                    first[cell] += 1
        if not writing:
            total = 0
            for cell in range(first.shape[0]):
                here = first[cell]
                first[cell] = total
                total += here
            entered = np.empty(total, np.int64)
    for cell in range(first.shape[0] - 1, 0, -1):
        first[cell] = first[cell - 1]
    first[0] = 0
    return first, entered


@kernel
def _latest(first: I32, end_us: I64) -> I64:
    latest = end_us.copy()
    for cell in range(first.shape[0] - 1):
        for k in range(first[cell] + 1, first[cell + 1]):
            latest[k] = max(latest[k], latest[k - 1])
    return latest


@kernel
def within(
    o: Outlines, grid: Grid, time_us: I64, lat_deg: F64, lng_deg: F64, altitude_m: F64
) -> tuple[I64, I64]:
    """Pairs of a row and a volume that holds it, ordered."""
    size = 1024
    row, volume = np.empty(size, np.int64), np.empty(size, np.int64)
    count = 0
    # arrays by themselves: taking one out of a tuple counts its holders, which is slow
    _, _, _, _, shape, ring, xy = o
    first, start_us, end_us, lower_m, upper_m, entered, latest_us = grid
    wide = WIDE * HIGH
    any_wide = first[wide + 1] > first[wide]
    for i in range(time_us.shape[0]):
        x, y, z, t = lng_deg[i], lat_deg[i], altitude_m[i], time_us[i]
        if not (abs(y) <= 90.0 and abs(x) <= 540.0):
            continue
        px = py = pz = 0.0
        placed = False
        begun = count
        cell = min(int((y + 90.0) * SCALE), HIGH - 1) * WIDE
        cell += math.floor((x + 180.0) * SCALE) % WIDE
        for turn in range(2 if any_wide else 1):
            if turn:
                cell = wide
            low, high = first[cell], first[cell + 1]
            if high - low > _SHORT:
                # what comes before has ended
                top = high
                while low < top:
                    middle = (low + top) >> 1
                    if latest_us[middle] < t:
                        low = middle + 1
                    else:
                        top = middle
            for k in range(low, high):
                if start_us[k] > t:
                    break
                # written so that an altitude that is not told passes
                if end_us[k] < t or z < lower_m[k] or z > upper_m[k]:
                    continue
                if not placed:
                    px, py, pz = ecef(y, x)
                    placed = True
                v = entered[k]
                if not holds(shape, ring, xy, v, y, x, px, py, pz):
                    continue
                if count == size:
                    size *= 2
                    row, volume = _more(row, size), _more(volume, size)
                slot = count
                while slot > begun and volume[slot - 1] > v:
                    volume[slot] = volume[slot - 1]
                    slot -= 1
                volume[slot] = v
                row[count] = i
                count += 1
    return row[:count], volume[:count]


@kernel
def _more(a: I64, to: int) -> I64:
    out = np.empty(to, np.int64)
    out[: a.shape[0]] = a
    return out
