"""Where in a stretch of track to look at the border next, by what was seen there already. Compiled.

A point is no deeper than it is far from any point of the border that is known: from the nearest
one of each place that was looked at, its *foot*. That distance changes by no more than the way
flown, and on the way between two points it is greatest at one of the ends. So a few feet bound the
depth of a whole stretch, most of its points need not even be turned into coordinates, and the next
look goes to the point whose bound is greatest.

Distances are straight through the Earth here, with the error on the safe side.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from detente.geo import kernel

from ._scan import Floats, Ints

FEET: Final = 16
"""So many looks at one stretch; what is not settled then is halved and halved again."""
_A_M: Final = 6_378_137.0
_E2: Final = (1 / 298.257223563) * (2 - 1 / 298.257223563)
_R_M: Final = 6.3e6
"""No radius of curvature of the ellipsoid is less."""
_HAIR_M: Final = 0.002
_STACK: Final = 64
_HALVINGS: Final = 16
"""Of a stretch between two points: more than its steps can be halved."""


@kernel
def ecef(lat_deg: float, lng_deg: float) -> tuple[float, float, float]:
    """Earth-centred coordinates, metres."""
    lat, lng = math.radians(lat_deg), math.radians(lng_deg)
    s, c = math.sin(lat), math.cos(lat)
    n = _A_M / math.sqrt(1.0 - _E2 * s * s)
    return n * c * math.cos(lng), n * c * math.sin(lng), n * (1.0 - _E2) * s


@kernel
def _chord(arc_m: float) -> float:
    """No more than the straight way between points that are so far apart along the ellipsoid."""
    part = arc_m / _R_M
    return float(max(0.0, arc_m * (1.0 - part * part / 24.0) - _HAIR_M))


@kernel
def _bound(lat: float, lng: float, feet: Floats, known: int, away: Floats) -> float:
    """Distance to the nearest of the feet; `away` takes those to each."""
    x, y, z = ecef(lat, lng)
    least = math.inf
    for k in range(known):
        dx, dy, dz = x - feet[k, 0], y - feet[k, 1], z - feet[k, 2]
        away[k] = math.sqrt(dx * dx + dy * dy + dz * dz)
        least = min(least, away[k])
    return least


@kernel
def next_steps(
    spans: Ints,
    begins: Ints,
    ends: Ints,
    lat: Floats,
    lng: Floats,
    way: Floats,
    first_step: Ints,
    best: Floats,
    feet: Floats,
    counts: Ints,
    looked: Ints,
) -> Ints:
    """Where to look next in each of some stretches; -1: nowhere, the deepest point is known.

    Args:
        spans: numbers of the stretches.
        begins, ends: first and last point of each stretch.
        lat, lng, way: of the points; way flown up to there.
        first_step: number of the first step of each point.
        best: greatest depth known of each stretch.
        feet: of each stretch, Earth-centred.
        counts: how many feet each has.
        looked: steps that were looked at, -1 for feet that come from elsewhere.
    """
    out = np.empty(spans.shape[0], dtype=np.int64)
    stack = np.empty((2, _STACK), dtype=np.int64)
    away = np.empty((2, _STACK, FEET))
    for k in range(spans.shape[0]):
        s = spans[k]
        if counts[s] == 0:
            out[k] = first_step[ends[s]]
            continue
        least = _chord(best[s]) if best[s] > 0 else -1.0
        out[k] = _greatest(
            begins[s], ends[s], lat, lng, way, first_step, feet[s], counts[s], looked[s], least,
            stack, away,
        )  # fmt: skip
    return out


@kernel
def _greatest(
    begin: int,
    end: int,
    lat: Floats,
    lng: Floats,
    way: Floats,
    first_step: Ints,
    feet: Floats,
    known: int,
    looked: Ints,
    least: float,
    stack: Ints,
    away: Floats,
) -> int:
    """The step of a stretch whose bound is greatest, and at least `least`; -1: none.

    `stack` and `away` are room to work in.
    """
    low, high = stack[0], stack[1]
    from_low, from_high = away[0], away[1]
    there = np.empty(FEET)
    chosen, greatest = -1, least
    for i in (begin, end):
        bound = _bound(lat[i], lng[i], feet, known, from_low[0] if i == begin else from_high[0])
        if bound >= greatest and not _was(looked, known, first_step[i]):
            chosen, greatest = first_step[i], bound
    low[0], high[0], top = begin, end, 1
    while top > 0:
        top -= 1
        a, b = low[top], high[top]
        if a == b:
            continue
        length = (way[b] - way[a]) * (1.0 + 1e-4) + _HAIR_M
        reach = math.inf
        for f in range(known):
            reach = min(reach, (from_low[top, f] + from_high[top, f] + length) / 2)
        if reach < greatest:
            continue
        if b == a + 1:
            ends = math.inf
            for f in range(known):
                ends = min(ends, max(from_low[top, f], from_high[top, f]))
            bend = _bend_m(lat[a], lat[b], length)
            if ends + bend >= greatest:
                step, bound = _between(
                    a, lat, lng, first_step, feet, looked, known, greatest, bend,
                    from_low[top], from_high[top],
                )  # fmt: skip
                if step >= 0:
                    chosen, greatest = step, bound
            continue
        middle = (a + b) // 2
        bound = _bound(lat[middle], lng[middle], feet, known, there)
        if bound >= greatest and not _was(looked, known, first_step[middle]):
            chosen, greatest = first_step[middle], bound
        low[top + 1], high[top + 1] = middle, b
        for f in range(known):
            from_high[top + 1, f] = from_high[top, f]
            from_low[top + 1, f] = there[f]
            from_high[top, f] = there[f]
        low[top], high[top] = a, middle
        top += 2
    return chosen


@kernel
def _bend_m(lat_0: float, lat_1: float, length_m: float) -> float:
    """How far a line straight in latitude and longitude is, at most, from the one through the
    Earth."""
    slant = abs(math.tan(math.radians(lat_0))) + abs(math.tan(math.radians(lat_1)))
    return length_m * length_m / (8.0 * _R_M) * (1.0 + slant)


@kernel
def _was(looked: Ints, known: int, step: int) -> bool:
    found = False
    for k in range(known):
        found = found or looked[k] == step
    return found


@kernel
def _between(
    i: int,
    lat: Floats,
    lng: Floats,
    first_step: Ints,
    feet: Floats,
    looked: Ints,
    known: int,
    least: float,
    bend_m: float,
    from_low: Floats,
    from_high: Floats,
) -> tuple[int, float]:
    """The step between two points whose bound is greatest, and at least `least`; -1: none.

    Along a straight line no distance is greater between two steps than at the farther of them, and
    this one is straight but for `bend_m`: so steps are looked for by halves.
    """
    chosen, greatest = -1, least
    steps = first_step[i + 1] - first_step[i]
    if steps <= 1:
        return chosen, greatest
    turn = lng[i + 1] - lng[i]
    turn -= 360.0 * round(turn / 360.0)
    low, high = np.zeros(_HALVINGS, dtype=np.int64), np.zeros(_HALVINGS, dtype=np.int64)
    near, far = np.empty((_HALVINGS, FEET)), np.empty((_HALVINGS, FEET))
    there = np.empty(FEET)
    near[0, :known], far[0, :known] = from_low[:known], from_high[:known]
    high[0], top = steps, 1
    while top > 0:
        top -= 1
        a, b = low[top], high[top]
        ends = math.inf
        for f in range(known):
            ends = min(ends, max(near[top, f], far[top, f]))
        if b - a < 2 or ends + bend_m < greatest:
            continue
        middle = (a + b) // 2
        share = middle / steps
        bound = _bound(
            lat[i] + share * (lat[i + 1] - lat[i]), lng[i] + share * turn, feet, known, there
        )
        if bound >= greatest and not _was(looked, known, first_step[i] + middle):
            chosen, greatest = first_step[i] + middle, bound
        low[top + 1], high[top + 1] = middle, b
        for f in range(known):
            far[top + 1, f] = far[top, f]
            near[top + 1, f] = there[f]
            far[top, f] = there[f]
        high[top] = middle
        top += 2
    return chosen, greatest
