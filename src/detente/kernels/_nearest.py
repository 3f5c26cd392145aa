"""The nearest edge of an area, and where on it.

Balls tell what cannot be nearest. Of what is left the chords are looked at; edges that leave theirs
by more than `_STRAIGHT_M` are halved until they do not. Chords that may hide the nearest point are
then followed as the curves that they stand for.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._balls import FAN_BITS, Balls, sag_m
from detente.kernels._columns import F64, I64
from detente.kernels._earth import A_M, E2, ecef, geodesic_m
from detente.kernels.area import BORDER

_STRAIGHT_M = 0.5
_STACK = 256
_PIECES = 64
_KEPT = 64
_STEPS = 3


class Scratch(NamedTuple):
    """Room to work in, for one thread.

    Attributes:
        level, node: int64, balls still to look at, with `bound`: float64, how near they are.
        piece: float64[n, 2], parts of an edge still to look at.
        edge: int64, chords that may hide the nearest point; chord: float64[n, 4]: how near it may
            be, where it would be on the edge (0 to 1), and which part of the edge it is.
    """

    level: I64
    node: I64
    bound: F64
    piece: F64
    edge: I64
    chord: F64


@kernel
def scratch() -> Scratch:
    """New room."""
    return Scratch(
        np.empty(_STACK, np.int64), np.empty(_STACK, np.int64), np.empty(_STACK),
        np.empty((_PIECES, 2)), np.empty(_KEPT, np.int64), np.empty((_KEPT, 4)),
    )  # fmt: skip


@kernel
def _to_chord(
    px: float, py: float, pz: float,
    ax: float, ay: float, az: float, bx: float, by: float, bz: float,
) -> tuple[float, float]:  # fmt: skip
    """Distance from p to the straight line a-b, and how far along (0 to 1) the nearest point is."""
    ex, ey, ez = bx - ax, by - ay, bz - az
    dx, dy, dz = px - ax, py - ay, pz - az
    square = ex * ex + ey * ey + ez * ez
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, (dx * ex + dy * ey + dz * ez) / square))
    dx, dy, dz = dx - t * ex, dy - t * ey, dz - t * ez
    return math.sqrt(dx * dx + dy * dy + dz * dz), t


@kernel
def _on_edge(
    xy: F64, e: int, t: float, low: float, high: float, px: float, py: float, pz: float
) -> tuple[float, float]:
    """Follow an edge to where it is nearest to p, near t: straight distance, and where (0 to 1)."""
    ax, ay = xy[e, 0], xy[e, 1]
    dx, dy = xy[e + 1, 0] - ax, xy[e + 1, 1] - ay
    turn_x, turn_y = math.radians(dx), math.radians(dy)
    for step in range(_STEPS):
        lng, lat = math.radians(ax + t * dx), math.radians(ay + t * dy)
        s, c = math.sin(lat), math.cos(lat)
        sx, cx = math.sin(lng), math.cos(lng)
        w2 = 1.0 - E2 * s * s
        n = A_M / math.sqrt(w2)
        qx, qy, qz = n * c * cx - px, n * c * sx - py, n * (1.0 - E2) * s - pz
        if step == _STEPS - 1:
            return math.sqrt(qx * qx + qy * qy + qz * qz), t
        north = n * (1.0 - E2) / w2 * turn_y
        east = n * c * turn_x
        vx = -north * s * cx - east * sx
        vy = -north * s * sx + east * cx
        vz = north * c
        square = vx * vx + vy * vy + vz * vz
        if square > 0.0:
            t -= (qx * vx + qy * vy + qz * vz) / square
            t = min(high, max(low, t))
    return math.inf, t


@kernel
def _settle(xy: F64, room: Scratch, count: int, px: float, py: float, pz: float) -> float:
    """Follow all kept chords; keep the nearest alone, with its distance."""
    best = math.inf
    for k in range(count):
        edge, t, low, high = room.edge[k], room.chord[k, 1], room.chord[k, 2], room.chord[k, 3]
        away, t = _on_edge(xy, edge, t, low, high, px, py, pz)
        if away < best or (away == best and edge < room.edge[0]):
            best = away
            room.edge[0] = edge
            room.chord[0, 0], room.chord[0, 1] = away, t
            room.chord[0, 2], room.chord[0, 3] = low, high
    return best


@kernel
def _keep(
    xy: F64, room: Scratch, count: int, best: float, px: float, py: float, pz: float
) -> tuple[int, float]:
    """Make room for another chord: forget those that are too far, follow the others if need be."""
    kept = 0
    for k in range(count):
        if room.chord[k, 0] <= best:
            room.edge[kept] = room.edge[k]
            for j in range(4):
                room.chord[kept, j] = room.chord[k, j]
            kept += 1
    if kept < _KEPT:
        return kept, best
    return 1, min(best, _settle(xy, room, kept, px, py, pz))


@kernel
def _look_at(
    balls: Balls, e: int, room: Scratch, count: int, best: float, px: float, py: float, pz: float
) -> tuple[int, float]:
    """Look at the chord of an edge, or of its parts; how many are kept, and what is near enough."""
    xy, place = balls.xy, balls.place
    dx, dy = xy[e + 1, 0] - xy[e, 0], xy[e + 1, 1] - xy[e, 1]
    whole = sag_m(dx, dy)
    room.piece[0, 0], room.piece[0, 1] = 0.0, 1.0
    waiting = 1
    while waiting:
        waiting -= 1
        low, high = room.piece[waiting, 0], room.piece[waiting, 1]
        if high - low == 1.0:
            away, t = _to_chord(
                px, py, pz, place[e, 0], place[e, 1], place[e, 2],
                place[e + 1, 0], place[e + 1, 1], place[e + 1, 2],
            )  # fmt: skip
        else:
            ax, ay, az = ecef(xy[e, 1] + low * dy, xy[e, 0] + low * dx)
            bx, by, bz = ecef(xy[e, 1] + high * dy, xy[e, 0] + high * dx)
            away, t = _to_chord(px, py, pz, ax, ay, az, bx, by, bz)
        sag = whole * (high - low) * (high - low)
        if away - sag > best:
            continue
        best = min(best, away + sag)
        if sag > _STRAIGHT_M and waiting + 2 <= _PIECES:
            middle = (low + high) / 2
            # the half that is nearer by the chord comes first
            near = 1 if t < 0.5 else 0
            room.piece[waiting, 0], room.piece[waiting, 1] = low, middle
            room.piece[waiting + 1, 0], room.piece[waiting + 1, 1] = middle, high
            if near:
                room.piece[waiting, 0], room.piece[waiting, 1] = middle, high
                room.piece[waiting + 1, 0], room.piece[waiting + 1, 1] = low, middle
            waiting += 2
            continue
        if count == _KEPT:
            count, best = _keep(xy, room, count, best, px, py, pz)
        room.edge[count] = e
        room.chord[count, 0], room.chord[count, 1] = away - sag, low + t * (high - low)
        room.chord[count, 2], room.chord[count, 3] = low, high
        count += 1
    return count, best


@kernel
def nearest(
    balls: Balls, area: int, px: float, py: float, pz: float, limit_m: float, room: Scratch
) -> tuple[int, float]:
    """The edge of an area that is nearest to an Earth-centred place, and where on it (0 to 1).

    -1 if none is within `limit_m`, straight.
    """
    top = balls.top[area]
    if top < 0:
        return -1, 0.0
    best = limit_m
    count = 0
    size = balls.first[area + 1] - balls.first[area]
    room.level[0], room.node[0], room.bound[0] = top, 0, -math.inf
    waiting = 1
    while waiting:
        waiting -= 1
        if room.bound[waiting] > best:
            continue
        level, node = room.level[waiting], room.node[waiting]
        if level == 0:
            low = balls.first[area] + (node << FAN_BITS)
            for e in range(low, min(low + (1 << FAN_BITS), balls.first[area + 1])):
                if balls.kind[e] == BORDER:
                    count, best = _look_at(balls, e, room, count, best, px, py, pz)
            continue
        level -= 1
        span = 1 << (FAN_BITS * (level + 1))
        start = balls.start[area, level]
        base = waiting
        for child in range(node << FAN_BITS, (node + 1) << FAN_BITS):
            if child * span >= size:
                break
            at = start + child
            dx, dy = px - balls.ball[at, 0], py - balls.ball[at, 1]
            dz = pz - balls.ball[at, 2]
            bound = math.sqrt(dx * dx + dy * dy + dz * dz) - balls.ball[at, 3]
            if bound > best:
                continue
            # the nearest is on top
            slot = waiting
            while slot > base and room.bound[slot - 1] < bound:
                room.level[slot], room.node[slot] = room.level[slot - 1], room.node[slot - 1]
                room.bound[slot] = room.bound[slot - 1]
                slot -= 1
            room.level[slot], room.node[slot], room.bound[slot] = level, child, bound
            waiting += 1
    kept = 0
    for k in range(count):
        if room.chord[k, 0] <= best:
            room.edge[kept] = room.edge[k]
            for j in range(4):
                room.chord[kept, j] = room.chord[k, j]
            kept += 1
    if kept == 0:
        return -1, 0.0
    _settle(balls.xy, room, kept, px, py, pz)
    return int(room.edge[0]), room.chord[0, 1]


@kernel
def distance_to(
    balls: Balls, area: int, lat_deg: float, lng_deg: float, limit_m: float, room: Scratch
) -> tuple[float, float, float, int]:
    """Geodesic to the nearest edge of an area, metres; the foot's place, degrees; the edge.

    Inf and -1 if it is farther than the limit.
    """
    px, py, pz = ecef(lat_deg, lng_deg)
    edge, t = nearest(balls, area, px, py, pz, limit_m, room)
    if edge < 0:
        return math.inf, math.nan, math.nan, -1
    xy = balls.xy
    lng = xy[edge, 0] + t * (xy[edge + 1, 0] - xy[edge, 0])
    lat = xy[edge, 1] + t * (xy[edge + 1, 1] - xy[edge, 1])
    away = geodesic_m(lat_deg, lng_deg, lat, lng)
    if away > limit_m:
        return math.inf, math.nan, math.nan, -1
    return away, lat, lng, edge
