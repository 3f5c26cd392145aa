"""How far can a ring be pushed along a line before it meets another? All of the answer.

Cut both rings along the line of movement: between two neighbouring corners (seen across the line)
each is a row of pieces whose ends move evenly. A piece meets another while the way lies between
two values that change evenly as well, so the ways at which the slabs meet form one interval; the
ways at which the rings meet are the union of all those. Nothing need be convex.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo._flat import flatten_into, frame_at
from detente.geo._jit import kernel
from detente.geo._sphere import F64, I64

MOST = 64
"""Separate intervals kept a pair; beyond, neighbours are merged (never the other way)."""
CIRCLE_SIDES = 72
CIRCLE_ERROR = (1.0 / math.cos(math.pi / CIRCLE_SIDES) - 1.0) / 2.0
"""By how much of its radius a circle's ring may differ from it."""


@kernel
def _pieces(p: F64, n: int, low: float, high: float, out: F64) -> int:
    """Edges of a ring across the slab low..high: where each is at both borders, in order."""
    middle = 0.5 * (low + high)
    count = 0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        t_1, t_2 = p[i, 1], p[j, 1]
        if (t_1 > middle) == (t_2 > middle) or count == out.shape[0]:
            continue
        slope = (p[j, 0] - p[i, 0]) / (t_2 - t_1)
        at_low, at_high = p[i, 0] + (low - t_1) * slope, p[i, 0] + (high - t_1) * slope
        k = count
        while k > 0 and out[k - 1, 0] + out[k - 1, 1] > at_low + at_high:
            out[k, 0], out[k, 1] = out[k - 1, 0], out[k - 1, 1]
            k -= 1
        out[k, 0], out[k, 1] = at_low, at_high
        count += 1
    return count


@kernel
def _join(kept: F64, count: int, low: float, high: float) -> int:
    """Add an interval to those kept, which are apart from each other."""
    k = 0
    while k < count:
        if kept[k, 0] <= high and low <= kept[k, 1]:
            low, high = min(low, kept[k, 0]), max(high, kept[k, 1])
            count -= 1
            kept[k, 0], kept[k, 1] = kept[count, 0], kept[count, 1]
            k = 0
        else:
            k += 1
    if count == MOST:
        count -= 1
        low, high = min(low, kept[count, 0]), max(high, kept[count, 1])
    kept[count, 0], kept[count, 1] = low, high
    return count + 1


@kernel
def forbidden(a: F64, na: int, b: F64, nb: int, kept: F64) -> int:
    """The ways along x at which ring a, moved so far, meets ring b; written to `kept`."""
    low = max(a[:na, 1].min(), b[:nb, 1].min())
    high = min(a[:na, 1].max(), b[:nb, 1].max())
    if low >= high:
        return 0
    levels = np.empty(na + nb + 2)
    levels[0], levels[1] = low, high
    n = 2
    for i in range(na):
        if low < a[i, 1] < high:
            levels[n] = a[i, 1]
            n += 1
    for i in range(nb):
        if low < b[i, 1] < high:
            levels[n] = b[i, 1]
            n += 1
    levels = np.sort(levels[:n])
    one, two = np.empty((na, 2)), np.empty((nb, 2))
    count = 0
    for k in range(n - 1):
        t_1, t_2 = levels[k], levels[k + 1]
        if t_2 <= t_1:
            continue
        m_a, m_b = _pieces(a, na, t_1, t_2, one), _pieces(b, nb, t_1, t_2, two)
        for i in range(0, m_a - 1, 2):
            for j in range(0, m_b - 1, 2):
                begin = min(two[j, 0] - one[i + 1, 0], two[j, 1] - one[i + 1, 1])
                end = max(two[j + 1, 0] - one[i, 0], two[j + 1, 1] - one[i, 1])
                count = _join(kept, count, begin, end)
    return count


@kernel
def _outline_into(v: F64, first: int, count: int, radius: float, frame: F64, out: F64) -> int:
    """An outline in a plane: a circle as a ring between the inscribed and the circumscribed."""
    if radius <= 0.0:
        return count if flatten_into(v, first, count, frame, out) else 0
    if not flatten_into(v, first, 1, frame, out):
        return 0
    x, y = out[0, 0], out[0, 1]
    sides = CIRCLE_SIDES
    reach = radius * (1.0 + CIRCLE_ERROR)
    for k in range(sides):
        turn = 2.0 * math.pi * k / sides
        out[k, 0], out[k, 1] = x + reach * math.cos(turn), y + reach * math.sin(turn)
    return sides


@kernel
def slide(
    v_a: F64, first_a: I64, count_a: I64, radius_a: F64, ball_a: F64,
    v_b: F64, first_b: I64, count_b: I64, radius_b: F64,
    one: I64, two: I64, ways: F64, most_m: float,
) -> tuple[I64, I64, F64]:  # fmt: skip
    """For pairs of outlines: how far may the first not be moved along each of some directions?

    `ways[i, d]` is the unit vector (east, north) of direction d at outline i of a. Only ways up
    to `most_m` are wanted. Gives for each interval the direction, the pair and its two ends.
    """
    directions = ways.shape[1]
    room = 1024
    at = 0
    which, pair, ends = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, 2))
    most = CIRCLE_SIDES
    for k in range(one.shape[0]):
        most = max(most, count_a[one[k]], count_b[two[k]])
    p, q = np.empty((most, 2)), np.empty((most, 2))
    turned_p, turned_q = np.empty((most, 2)), np.empty((most, 2))
    kept = np.empty((MOST, 2))
    last, na = -1, 0
    frame = np.empty(11)
    for k in range(one.shape[0]):
        i, j = one[k], two[k]
        if i != last:
            frame = frame_at(ball_a[i])
            na = _outline_into(v_a, first_a[i], count_a[i], radius_a[i], frame, p)
            last = i
        nb = _outline_into(v_b, first_b[j], count_b[j], radius_b[j], frame, q)
        for d in range(directions):
            count = 0
            if na == 0 or nb == 0:
                # too far away to be drawn in one plane: nothing can be said
                kept[0, 0], kept[0, 1] = -math.inf, math.inf
                count = 1
            else:
                east, north = ways[i, d, 0], ways[i, d, 1]
                for m in range(na):
                    turned_p[m, 0] = p[m, 0] * east + p[m, 1] * north
                    turned_p[m, 1] = p[m, 1] * east - p[m, 0] * north
                near, far = math.inf, -math.inf
                for m in range(nb):
                    turned_q[m, 0] = q[m, 0] * east + q[m, 1] * north
                    turned_q[m, 1] = q[m, 1] * east - q[m, 0] * north
                    near, far = min(near, turned_q[m, 0]), max(far, turned_q[m, 0])
                if far < turned_p[:na, 0].min() or near > turned_p[:na, 0].max() + most_m:
                    continue
                count = forbidden(turned_p, na, turned_q, nb, kept)
            for m in range(count):
                if kept[m, 1] < 0.0 or kept[m, 0] > most_m:
                    continue
                if at == room:
                    room *= 2
                    more_which, more_pair = np.empty(room, np.int64), np.empty(room, np.int64)
                    more_ends = np.empty((room, 2))
                    more_which[:at], more_pair[:at], more_ends[:at] = which, pair, ends
                    which, pair, ends = more_which, more_pair, more_ends
                which[at], pair[at] = d, k
                ends[at, 0], ends[at, 1] = kept[m, 0], kept[m, 1]
                at += 1
    return which[:at], pair[:at], ends[:at]
