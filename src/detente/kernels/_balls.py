"""Balls around edges, by which the nearest one is found: a tree for each area.

Edges of an area stand in the order of its rings, so neighbours are near each other: eight of them
share a ball, eight balls the next one. Everything is Earth-centred, so poles and the date line are
places like any other. An edge is straight in longitude and latitude, hence a curve here; it leaves
its chord by less than its `sag`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F32, F64, I64, U8
from detente.kernels._earth import A_M
from detente.kernels.area import BORDER

FAN_BITS = 3
LEVELS_MAX = 12
_ROUNDING_M = 1.0
"""What single precision takes from a ball."""
_SAG = 1.02 * A_M / 8.0
"""Second derivatives bound how far a curve leaves its chord: by an eighth."""


class Balls(NamedTuple):
    """Balls of all areas.

    Attributes:
        xy: float64[n, 2], vertices; place: float64[n, 3], Earth-centred, metres.
        kind: uint8[n], of the edges.
        first: int64[areas + 1], each area's vertices.
        ball: float32[m, 4]: middle and radius, metres; -inf for a ball without borders.
        start: int64[areas, LEVELS_MAX]: where each level's balls begin; level 0 holds 8 edges.
        top: int64[areas]: the level that has one ball; -1 for areas without edges.
    """

    xy: F64
    place: F64
    kind: U8
    first: I64
    ball: F32
    start: I64
    top: I64


@kernel
def sag_m(dx_deg: float, dy_deg: float) -> float:
    """How far an edge may be from its chord at most, metres."""
    turn = math.radians(abs(dx_deg) + abs(dy_deg))
    return _SAG * turn * turn


def laid_out(first: I64) -> tuple[I64, I64, int]:
    """Where balls of each area and level begin, the top levels, and how many balls there are."""
    areas = len(first) - 1
    start = np.zeros((areas, LEVELS_MAX), np.int64)
    top = np.full(areas, -1, np.int64)
    total = 0
    for area in range(areas):
        count = int(first[area + 1] - first[area])
        level = 0
        while count:
            count = -(-count >> FAN_BITS) if count > 1 << FAN_BITS else 1
            start[area, level] = total
            top[area] = level
            total += count
            if count == 1:
                break
            level += 1
    return start, top, total


@kernel
def fill(balls: Balls) -> None:
    """Work out every ball."""
    for area in range(balls.top.shape[0]):
        begin, end = balls.first[area], balls.first[area + 1]
        for level in range(balls.top[area] + 1):
            span = 1 << (FAN_BITS * (level + 1))
            at = balls.start[area, level]
            for low in range(begin, end, span):
                _fill_one(balls, low, min(low + span, end), at)
                at += 1


@kernel
def _fill_one(balls: Balls, low: int, high: int, at: int) -> None:
    least = np.full(3, math.inf)
    most = np.full(3, -math.inf)
    any_border = False
    for i in range(low, high):
        if balls.kind[i] == BORDER:
            any_border = True
            for axis in range(3):
                a, b = balls.place[i, axis], balls.place[i + 1, axis]
                least[axis] = min(least[axis], a, b)
                most[axis] = max(most[axis], a, b)
    if not any_border:
        balls.ball[at, 0] = balls.ball[at, 1] = balls.ball[at, 2] = 0.0
        balls.ball[at, 3] = -math.inf
        return
    cx, cy, cz = (least[0] + most[0]) / 2, (least[1] + most[1]) / 2, (least[2] + most[2]) / 2
    radius = 0.0
    for i in range(low, high):
        if balls.kind[i] == BORDER:
            sag = sag_m(balls.xy[i + 1, 0] - balls.xy[i, 0], balls.xy[i + 1, 1] - balls.xy[i, 1])
            for end in range(i, i + 2):
                dx, dy = balls.place[end, 0] - cx, balls.place[end, 1] - cy
                dz = balls.place[end, 2] - cz
                radius = max(radius, math.sqrt(dx * dx + dy * dy + dz * dz) + sag)
    balls.ball[at, 0], balls.ball[at, 1], balls.ball[at, 2] = cx, cy, cz
    balls.ball[at, 3] = radius + _ROUNDING_M
