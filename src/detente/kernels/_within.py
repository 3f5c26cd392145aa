"""Which volumes hold a position: a grid of eighths of a degree, volumes in it by their start.

Positions come from anywhere, and the grid does not fit into the processor's nearest memories: what
counts is how much of it is looked at, and how often it is waited for. So a volume takes one word in
a cell, which tells in one subtraction whether time and altitude are within bounds; what follows is
told, mostly, by one line of memory a volume; and positions are taken some hundred at a time, step
by step, so that what they want from memory comes together.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64
from detente.kernels._earth import A_M, E2, M_LEAST_M, ecef
from detente.kernels._outlines import LAT, LNG, RADIUS, REACH, SURE, UP, Outlines, holds

SCALE = 8
WIDE, HIGH = 360 * SCALE, 180 * SCALE
_DEGREE_M = 110_574.0
_CELLS_MAX = 16_384
"""A volume that touches more is looked at for every position."""
_SHORT = 64
_TOGETHER = 256
_LINE = 8
"""Words in a line of memory."""
_UNBOUNDED_US = 1 << 61
_FIELD_BITS = 15
_MOST = (1 << _FIELD_BITS) - 1
_GUARDS: Final = -0x7FFF_7FFF_7FFF_8000
"""The bit above each of the four fields of a word."""
_ONES: Final = 0x0001_0001_0001_0001
_SMALL_M = 300_000.0
_SMALL_RAD = 0.3
"""For volumes that reach farther there is no rough distance."""
_MOST_M = A_M / math.sqrt(1.0 - E2)
"""No radius of curvature is larger."""
_LAT, _LNG, _LEAST_UP, _LEAST_ASIDE, _OUT, _MOST_UP, _MOST_ASIDE, _IN = range(8)
"""Columns of `Grid.rough`."""


class Grid(NamedTuple):
    """Volumes by cell, row by row from the south-west; after the last cell, those in none.

    Times and altitudes are rounded down to steps (`_step_of`, `_level_of`): what lies within bounds
    lies within rounded bounds, so that these tell quickly, and in few bytes, what cannot be; what
    lies between them, not on them, is within for sure.

    Attributes:
        first: int32, where each cell's volumes begin.
        word: int64[n], by start: first time, end, lower and upper altitude (`_word_of`).
        volume: int32[n], which.
        latest: int32[n], the latest last time in the cell up to here.
        clock: int64[2]: the time of step 0, µs; how many bits of the difference to it are dropped.
        rough: float64[volumes, 8]: latitude and longitude of the middle; what a square of degrees
            of each is at least, square metres, and the square of the reach; what it is at most, and
            the square of what is inside for sure.
    """

    first: I32
    word: I64
    volume: I32
    latest: I32
    clock: I64
    rough: F64


def grid_of(outlines: Outlines) -> Grid:
    """Enter volumes into the cells that they may touch."""
    order = np.argsort(outlines.start_us, kind="stable")
    first, volume = _entered(outlines, order)
    clock = _clock(outlines)
    word, latest = _words(outlines, first, volume, clock)
    return Grid(first, word, volume, latest, clock, _rough(outlines))


def _clock(outlines: Outlines) -> I64:
    """Steps such that no bounded time is beyond the last."""
    ends = np.concatenate((outlines.start_us, outlines.end_us))
    bounded = ends[np.abs(ends) < _UNBOUNDED_US]
    if len(bounded) == 0:
        return np.zeros(2, np.int64)
    base, top = int(bounded.min()), int(bounded.max())
    return np.array([base, max(0, (top - base).bit_length() - _FIELD_BITS)], np.int64)


@kernel
def _step_of(time_us: int, base_us: int, bits: int) -> int:
    """The step of a time; times far off are those of the first or last step."""
    if time_us < base_us:
        return 0
    # half of each: the difference of far times would not fit
    if (time_us >> 1) - (base_us >> 1) > _UNBOUNDED_US:
        return _MOST
    return min(((time_us - base_us) >> bits) + 1, _MOST)


@kernel
def _level_of(altitude_m: float) -> int:
    """The step of an altitude: 4 m."""
    return math.floor(min(max((altitude_m + 8192.0) * 0.25, 0.0), 32767.0))


@kernel
def _word_of(start: int, end: int, lower: int, upper: int) -> int:
    """Steps in one word, so that a position's word less a volume's has all `_GUARDS` if each field
    is no smaller: ends of volumes are counted backwards, as are times of positions beside them.
    """
    return start | (_MOST - end) << 16 | lower << 32 | (_MOST - upper) << 48


@kernel
def _words(o: Outlines, first: I32, volume: I32, clock: I64) -> tuple[I64, I32]:
    word = np.empty(volume.shape[0], np.int64)
    latest = np.empty(volume.shape[0], np.int32)
    for cell in range(first.shape[0] - 1):
        so_far = 0
        for k in range(first[cell], first[cell + 1]):
            v = volume[k]
            start = _step_of(o.start_us[v], clock[0], clock[1])
            end = _step_of(o.end_us[v], clock[0], clock[1])
            word[k] = _word_of(start, end, _level_of(o.lower_m[v]), _level_of(o.upper_m[v]))
            so_far = max(so_far, end)
            latest[k] = so_far
    return word, latest


def _rough(o: Outlines) -> F64:
    """Bounds of distances from the middle of each volume, by differences in degrees.

    A chord is no longer than a way that is straight in longitude and latitude, and no shorter than
    its parts along the meridian and across; these follow from the smallest and the largest radii
    within reach. For volumes that are large, or near a pole, there are none.
    """
    lat, reach, radius = np.radians(o.shape[:, LAT]), o.shape[:, REACH], o.shape[:, RADIUS]
    # sines of so small angles, and chords of such arcs, are less by a part in a hundred at most
    least = 0.99 * M_LEAST_M
    up = reach / least
    outer = np.abs(lat) + up
    across = 0.99 * A_M * np.cos(np.minimum(outer, np.pi / 2))
    small = (reach < _SMALL_M) & (across * _SMALL_RAD > reach)
    widest = _MOST_M * np.cos(np.maximum(np.abs(lat) - up, 0.0))
    # of a circle all but the rim, where the exact distance decides
    sure = np.where(radius > 0.0, 0.99 * radius, o.shape[:, SURE])
    degree = np.radians(1.0)
    found = np.empty((len(lat), 8))
    found[:, _LAT], found[:, _LNG] = o.shape[:, LAT], o.shape[:, LNG]
    found[:, _LEAST_UP], found[:, _LEAST_ASIDE] = (least * degree) ** 2, (across * degree) ** 2
    found[:, _OUT] = np.where(small, reach**2, np.inf)
    found[:, _MOST_UP], found[:, _MOST_ASIDE] = (_MOST_M * degree) ** 2, (widest * degree) ** 2
    found[:, _IN] = np.where(small, sure**2, -1.0)
    return found


@kernel
def _entered(o: Outlines, order: I64) -> tuple[I32, I32]:
    first = np.zeros(WIDE * HIGH + 2, np.int32)
    entered = np.empty(0, np.int32)
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
            entered = np.empty(total, np.int32)
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
    first, word, whose, latest, clock, rough = grid
    base, bits = clock[0], clock[1]
    wide = WIDE * HIGH
    any_wide = first[wide + 1] > first[wide]
    if word.shape[0] == 0:
        return row[:0], volume[:0]
    # of the positions taken together: where their cells begin and end, their words
    begins, ends = np.zeros(_TOGETHER, np.int64), np.zeros(_TOGETHER, np.int64)
    words = np.zeros(_TOGETHER, np.int64)
    # what may hold one of them: which position and entry, then which row and volume, ~volume if it
    # takes more to tell
    room = 4 * _TOGETHER
    which, found = np.empty(room, np.int64), np.empty(room, np.int64)
    touched = np.zeros(2)
    n = time_us.shape[0]
    for begin in range(0, n, _TOGETHER):
        together = min(_TOGETHER, n - begin)
        for j in range(together):
            x, y, z = lng_deg[begin + j], lat_deg[begin + j], altitude_m[begin + j]
            step = _step_of(time_us[begin + j], base, bits)
            low = high = _level_of(z)
            if math.isnan(z):
                low, high = _MOST, 0
            words[j] = _word_of(step, step, low, high) | _GUARDS
            begins[j], ends[j] = 0, -1
            if abs(y) <= 90.0 and abs(x) <= 540.0:
                column = math.floor((x + 180.0) * SCALE)
                if column < 0 or column >= WIDE:
                    column %= WIDE
                cell = min(int((y + 90.0) * SCALE), HIGH - 1) * WIDE + column
                begins[j], ends[j] = first[cell], first[cell + 1]
        # nothing comes of this but that memory is asked for
        some = 0
        for j in range(together):
            last = max(ends[j] - 1, 0)
            second, third = begins[j] + _LINE, begins[j] + 2 * _LINE
            some += word[min(begins[j], last)] + word[min(second, last)] + word[min(third, last)]
        touched[0] = some
        done = 0
        while done < together:
            maybe = 0
            j = done
            while j < together:
                mine = words[j]
                low, high = begins[j], ends[j]
                if high - low > _SHORT:
                    low, high = _in_time(word, latest, low, high, mine & _MOST)
                low_wide = high_wide = 0
                if any_wide and high >= 0:
                    low_wide, high_wide = _in_time(
                        word, latest, first[wide], first[wide + 1], mine & _MOST
                    )
                if maybe + (high - low) + (high_wide - low_wide) > room:
                    break
                for k in range(low, high):
                    if (mine - word[k]) & _GUARDS == _GUARDS:
                        which[maybe], found[maybe] = j, k
                        maybe += 1
                for k in range(low_wide, high_wide):
                    if (mine - word[k]) & _GUARDS == _GUARDS:
                        which[maybe], found[maybe] = j, k
                        maybe += 1
                j += 1
            if j == done:
                # not even one fits; an array that may be replaced takes time in the loops above
                room *= 2
                which, found = np.empty(room, np.int64), np.empty(room, np.int64)
                continue
            done = j
            while count + maybe > size:
                size *= 2
                row, volume = _more(row, size), _more(volume, size)
            far = 0.0
            for m in range(maybe):
                far += rough[whose[found[m]], _LAT]
            left = 0
            for m in range(maybe):
                j, k = which[m], found[m]
                i = begin + j
                v = whose[k]
                up, aside = lat_deg[i] - rough[v, _LAT], lng_deg[i] - rough[v, _LNG]
                if abs(aside) > 180.0:
                    aside -= 360.0 * math.floor(aside / 360.0 + 0.5)
                up, aside = up * up, aside * aside
                if up * rough[v, _LEAST_UP] + aside * rough[v, _LEAST_ASIDE] > rough[v, _OUT]:
                    continue
                if (words[j] - word[k] - _ONES) & _GUARDS != _GUARDS:
                    # on a rounded bound
                    t, z = time_us[i], altitude_m[i]
                    # written so that an altitude that is not told passes
                    if start_us[v] > t or end_us[v] < t or z < lower_m[v] or z > upper_m[v]:
                        continue
                which[left], found[left] = i, v
                if not up * rough[v, _MOST_UP] + aside * rough[v, _MOST_ASIDE] < rough[v, _IN]:
                    found[left] = ~v
                    far += shape[v, RADIUS] + shape[v, UP]
                    for corner in range(ring[v], min(ring[v] + 2 * _LINE, ring[v + 1]), 2):
                        far += xy[corner, 0]
                left += 1
            touched[1] = far
            here = -1
            begun = count
            for m in range(left):
                i, v = which[m], found[m]
                if v < 0:
                    v = ~v
                    x, y = lng_deg[i], lat_deg[i]
                    px, py, pz = ecef(y, x)
                    if not holds(shape, ring, xy, v, y, x, px, py, pz):
                        continue
                if here != i:
                    here = i
                    begun = count
                slot = count
                while slot > begun and volume[slot - 1] > v:
                    volume[slot] = volume[slot - 1]
                    slot -= 1
                volume[slot] = v
                row[count] = i
                count += 1
    return row[:count], volume[:count]


@kernel
def _in_time(word: I64, latest: I32, low: int, high: int, step: int) -> tuple[int, int]:
    """Of many, those that have not all ended, and have begun."""
    end = high
    top = high
    while low < top:
        middle = (low + top) >> 1
        if latest[middle] < step:
            low = middle + 1
        else:
            top = middle
    bottom = low
    while bottom < end:
        middle = (bottom + end) >> 1
        if word[middle] & _MOST <= step:
            bottom = middle + 1
        else:
            end = middle
    return low, bottom


@kernel
def _more(a: I64, to: int) -> I64:
    out = np.empty(to, np.int64)
    out[: a.shape[0]] = a
    return out
