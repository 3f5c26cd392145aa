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
_SHORT = 64
_UNBOUNDED_US = 1 << 61
_LAST_STEP = (1 << 31) - 1
START, END, LEVELS, VOLUME = 0, 1, 2, 3


class Grid(NamedTuple):
    """Volumes by cell, row by row from the south-west; after the last cell, those in none.

    Times and altitudes are rounded down to steps (`_step_of`): what lies within bounds lies within
    rounded bounds, so that these tell quickly, and in few bytes, what cannot be.

    Attributes:
        first: int32, where each cell's volumes begin.
        entry: int32[n, 4], by start: first and last time, both altitudes in one, the volume.
        latest: int32, the latest last time in the cell up to here.
        clock: int64[2]: the time of step 0, µs; how many bits of the difference to it are dropped.
    """

    first: I32
    entry: I32
    latest: I32
    clock: I64


def grid_of(outlines: Outlines) -> Grid:
    """Enter volumes into the cells that they may touch."""
    order = np.argsort(outlines.start_us, kind="stable")
    first, entered = _entered(outlines, order)
    clock = _clock(outlines)
    entry, latest = _rounded(outlines, first, entered, clock)
    return Grid(first, entry, latest, clock)


def _clock(outlines: Outlines) -> I64:
    """Steps such that 2**30 of them hold all bounded times."""
    ends = np.concatenate((outlines.start_us, outlines.end_us))
    bounded = ends[np.abs(ends) < _UNBOUNDED_US]
    if len(bounded) == 0:
        return np.zeros(2, np.int64)
    base, top = int(bounded.min()), int(bounded.max())
    return np.array([base, max(0, (top - base).bit_length() - 30)], np.int64)


@kernel
def _step_of(time_us: int, base_us: int, bits: int) -> int:
    """The step of a time; times far off are those of the first or last step."""
    if time_us < base_us:
        return -1
    # half of each: the difference of far times would not fit
    if (time_us >> 1) - (base_us >> 1) > _UNBOUNDED_US:
        return _LAST_STEP
    return min((time_us - base_us) >> bits, _LAST_STEP)


@kernel
def _level_of(altitude_m: float) -> int:
    """The step of an altitude: 4 m."""
    return math.floor(min(max((altitude_m + 8192.0) * 0.25, 0.0), 32767.0))


@kernel
def _rounded(o: Outlines, first: I32, entered: I64, clock: I64) -> tuple[I32, I32]:
    entry = np.empty((entered.shape[0], 4), np.int32)
    latest = np.empty(entered.shape[0], np.int32)
    for cell in range(first.shape[0] - 1):
        so_far = -1
        for k in range(first[cell], first[cell + 1]):
            v = entered[k]
            entry[k, START] = _step_of(o.start_us[v], clock[0], clock[1])
            entry[k, END] = _step_of(o.end_us[v], clock[0], clock[1])
            levels = _level_of(o.lower_m[v]) | _level_of(o.upper_m[v]) << 16
            entry[k, LEVELS] = levels
            entry[k, VOLUME] = v
            so_far = max(so_far, int(entry[k, END]))
            latest[k] = so_far
    return entry, latest


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
def within(
    o: Outlines, grid: Grid, time_us: I64, lat_deg: F64, lng_deg: F64, altitude_m: F64
) -> tuple[I64, I64]:
    """Pairs of a row and a volume that holds it, ordered."""
    size = 1024
    row, volume = np.empty(size, np.int64), np.empty(size, np.int64)
    count = 0
    # arrays by themselves: taking one out of a tuple counts its holders, which is slow
    start_us, end_us, lower_m, upper_m, shape, ring, xy = o
    first, entry, latest, clock = grid
    base, bits = clock[0], clock[1]
    wide = WIDE * HIGH
    any_wide = first[wide + 1] > first[wide]
    for i in range(time_us.shape[0]):
        x, y, z, t = lng_deg[i], lat_deg[i], altitude_m[i], time_us[i]
        if not (abs(y) <= 90.0 and abs(x) <= 540.0):
            continue
        column = math.floor((x + 180.0) * SCALE)
        if column < 0 or column >= WIDE:
            column %= WIDE
        cell = min(int((y + 90.0) * SCALE), HIGH - 1) * WIDE + column
        if first[cell] == first[cell + 1] and not any_wide:
            continue
        px = py = pz = 0.0
        placed = False
        begun = count
        step = _step_of(t, base, bits)
        level = -1 if math.isnan(z) else _level_of(z)
        for turn in range(2 if any_wide else 1):
            if turn:
                cell = wide
            low, high = first[cell], first[cell + 1]
            if high - low > _SHORT:
                # what comes before has ended
                top = high
                while low < top:
                    middle = (low + top) >> 1
                    if latest[middle] < step:
                        low = middle + 1
                    else:
                        top = middle
            for k in range(low, high):
                if entry[k, START] > step:
                    break
                if entry[k, END] < step:
                    continue
                levels = entry[k, LEVELS]
                if level >= 0 and not (levels & 0xFFFF) <= level <= (levels >> 16):
                    continue
                v = entry[k, VOLUME]
                # written so that an altitude that is not told passes
                if start_us[v] > t or end_us[v] < t or z < lower_m[v] or z > upper_m[v]:
                    continue
                if not placed:
                    px, py, pz = ecef(y, x)
                    placed = True
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
