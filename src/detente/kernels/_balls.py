"""Balls around edges, by which the nearest one is found: a tree for each area.

Edges of an area stand in the order of its rings, so neighbours are near each other: eight of them
share a ball, eight balls the next one. Everything is Earth-centred, so poles and the date line are
places like any other. An edge is straight in longitude and latitude, hence a curve here; it leaves
its chord by less than its `sag`.

What is looked at together lies together, eight by eight, one coordinate after the other, so that
the processor can do all eight at once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F32, F64, I64, U8
from detente.kernels._earth import A_M, ecef
from detente.kernels.area import BORDER

FAN_BITS = 3
FAN = 1 << FAN_BITS
LEVELS_MAX = 12
X, Y, Z, RADIUS = 0, 1, 2, 3
_ROUNDING_M = 1.0
"""What single precision takes from a ball."""
_SAG = 1.02 * A_M / 8.0
"""Second derivatives bound how far a curve leaves its chord: by an eighth."""
_SLACK_M = 2e-6
"""Far more than double precision takes from a distance, or single precision from a `sag`."""


class Balls(NamedTuple):
    """Balls of all areas.

    Attributes:
        xy: float64[n, 2], vertices. kind: uint8[n], of the edges.
        first: int64[areas + 1], each area's vertices.
        run: int64[areas]: where the runs of eight edges of each area begin.
        place: float64[runs, 3, 9]: the ends of a run's edges, Earth-centred, metres.
        sag: float32[runs, 8]: how far each edge may be from its chord at most, rounding included,
            metres; NaN where there is no border.
        ball: float32[m, 4, 8]: middle and radius of eight balls, metres; -inf for a ball without
            borders.
        start: int64[areas, LEVELS_MAX]: where each level's balls begin; ball j of level 0 holds
            run j.
        top: int64[areas]: the level that would have one ball, which there is no need of; -1 for
            areas without edges.
    """

    xy: F64
    kind: U8
    first: I64
    run: I64
    place: F64
    sag: F32
    ball: F32
    start: I64
    top: I64


@kernel
def sag_m(dx_deg: float, dy_deg: float) -> float:
    """How far an edge may be from its chord at most, metres."""
    turn = math.radians(abs(dx_deg) + abs(dy_deg))
    return _SAG * turn * turn


def balls_of(xy: F64, kind: U8, first: I64, arrays: tuple[F64, F32, F32] | None = None) -> Balls:
    """Lay balls around all edges.

    Args:
        xy, kind, first: as in `Balls`.
        arrays: `place`, `sag` and `ball`, if they have been worked out before.
    """
    run, runs = _runs(first)
    start, top, blocks = _levels(first)
    if arrays is not None:
        return Balls(xy, kind, first, run, *arrays, start, top)
    place = np.zeros((runs, 3, FAN + 1))
    sag = np.full((runs, FAN), np.nan, np.float32)
    ball = np.zeros((blocks, 4, FAN), np.float32)
    ball[:, RADIUS] = -np.inf
    found = Balls(xy, kind, first, run, place, sag, ball, start, top)
    _fill_runs(found)
    _fill(found)
    return found


def _runs(first: I64) -> tuple[I64, int]:
    """Where the runs of each area begin, and how many there are."""
    counts = -(-np.diff(first) >> FAN_BITS)
    ends = np.cumsum(counts)
    return ends - counts, int(ends[-1]) if len(ends) else 0


def _levels(first: I64) -> tuple[I64, I64, int]:
    """Where balls of each area and level begin, the top levels, and how many eights there are."""
    areas = len(first) - 1
    start = np.zeros((areas, LEVELS_MAX), np.int64)
    top = np.full(areas, -1, np.int64)
    total = 0
    for area in range(areas):
        count = int(first[area + 1] - first[area])
        level = 0
        while count:
            count = -(-count >> FAN_BITS)
            top[area] = level
            if count == 1:
                break
            start[area, level] = total
            total += -(-count >> FAN_BITS)
            level += 1
    return start, top, total


@kernel
def _fill_runs(balls: Balls) -> None:
    """Work out where edges begin and end."""
    for area in range(balls.top.shape[0]):
        begin, end = balls.first[area], balls.first[area + 1]
        for i in range(begin, end):
            run, lane = balls.run[area] + ((i - begin) >> FAN_BITS), (i - begin) & (FAN - 1)
            x, y, z = ecef(balls.xy[i, 1], balls.xy[i, 0])
            balls.place[run, X, lane], balls.place[run, Y, lane] = x, y
            balls.place[run, Z, lane] = z
            if lane == 0 and i > begin:
                balls.place[run - 1, X, FAN], balls.place[run - 1, Y, FAN] = x, y
                balls.place[run - 1, Z, FAN] = z
            if balls.kind[i] == BORDER:
                dx, dy = balls.xy[i + 1, 0] - balls.xy[i, 0], balls.xy[i + 1, 1] - balls.xy[i, 1]
                balls.sag[run, lane] = sag_m(dx, dy) * (1.0 + 1e-6) + _SLACK_M


@kernel
def _fill(balls: Balls) -> None:
    """Work out every ball."""
    for area in range(balls.top.shape[0]):
        runs = (balls.first[area + 1] - balls.first[area] + FAN - 1) >> FAN_BITS
        for level in range(balls.top[area]):
            span = 1 << (FAN_BITS * level)
            for low in range(0, runs, span):
                j = low >> (FAN_BITS * level)
                _fill_one(
                    balls, balls.run[area] + low, balls.run[area] + min(low + span, runs),
                    balls.start[area, level] + (j >> FAN_BITS), j & (FAN - 1),
                )  # fmt: skip


@kernel
def _fill_one(balls: Balls, low: int, high: int, at: int, lane: int) -> None:
    """Work out the ball of some runs."""
    least = np.full(3, math.inf)
    most = np.full(3, -math.inf)
    any_border = False
    for run in range(low, high):
        for k in range(FAN):
            if not math.isnan(balls.sag[run, k]):
                any_border = True
                for axis in range(3):
                    a, b = balls.place[run, axis, k], balls.place[run, axis, k + 1]
                    least[axis] = min(least[axis], a, b)
                    most[axis] = max(most[axis], a, b)
    if not any_border:
        return
    cx, cy, cz = (least[0] + most[0]) / 2, (least[1] + most[1]) / 2, (least[2] + most[2]) / 2
    radius = 0.0
    for run in range(low, high):
        for k in range(FAN):
            if not math.isnan(balls.sag[run, k]):
                for end in range(k, k + 2):
                    dx, dy = balls.place[run, X, end] - cx, balls.place[run, Y, end] - cy
                    dz = balls.place[run, Z, end] - cz
                    away = math.sqrt(dx * dx + dy * dy + dz * dz)
                    radius = max(radius, away + balls.sag[run, k])
    balls.ball[at, X, lane], balls.ball[at, Y, lane], balls.ball[at, Z, lane] = cx, cy, cz
    balls.ball[at, RADIUS, lane] = radius + _ROUNDING_M
