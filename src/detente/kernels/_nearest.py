"""The nearest edge of an area, and where on it.

Balls tell what cannot be nearest. Of what is left the chords are looked at; edges that leave theirs
by more than `_STRAIGHT_M` are halved until they do not. Chords that may hide the nearest point are
then followed as the curves that they stand for.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo import kernel
from detente.kernels._balls import FAN_BITS, Balls, sag_m
from detente.kernels._columns import F64, I32, I64
from detente.kernels._earth import A_M, E2, NEAR_M, arc_m, ecef, geodesic_m
from detente.kernels.area import BORDER

_STRAIGHT_M = 0.5
_STACK = 256
_PIECES = 64
_KEPT = 64
_STEPS = 2


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
) -> tuple[float, float, float, float]:
    """Follow an edge to where it is nearest to p, near t: there (0 to 1), and the way from p."""
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
            return t, qx, qy, qz
        north = n * (1.0 - E2) / w2 * turn_y
        east = n * c * turn_x
        vx = -north * s * cx - east * sx
        vy = -north * s * sx + east * cx
        vz = north * c
        square = vx * vx + vy * vy + vz * vz
        if square > 0.0:
            t -= (qx * vx + qy * vy + qz * vz) / square
            t = min(high, max(low, t))
    return t, math.inf, 0.0, 0.0


@kernel
def _settle(
    xy: F64, edges: I64, chords: F64, count: int, px: float, py: float, pz: float
) -> tuple[float, float, float]:
    """Follow all kept chords; keep the nearest alone, with its distance. The way there from p."""
    best = math.inf
    best_x = best_y = best_z = 0.0
    for k in range(count):
        edge, low, high = edges[k], chords[k, 2], chords[k, 3]
        t, x, y, z = _on_edge(xy, edge, chords[k, 1], low, high, px, py, pz)
        away = math.sqrt(x * x + y * y + z * z)
        if away < best or (away == best and edge < edges[0]):
            best, best_x, best_y, best_z = away, x, y, z
            edges[0] = edge
            chords[0, 0], chords[0, 1], chords[0, 2], chords[0, 3] = away, t, low, high
    return best_x, best_y, best_z


@kernel
def _still_near(edges: I64, chords: F64, count: int, best: float) -> int:
    """Forget chords that turned out to be too far; how many are left."""
    kept = 0
    for k in range(count):
        if chords[k, 0] <= best:
            edges[kept] = edges[k]
            for j in range(4):
                chords[kept, j] = chords[k, j]
            kept += 1
    return kept


@kernel
def _look_at_long(
    xy: F64, e: int, whole: float, pieces: F64, edges: I64, chords: F64, count: int, best: float,
    px: float, py: float, pz: float,
) -> tuple[int, float]:  # fmt: skip
    """Look at the parts of a long edge; how many chords are kept now, and what is near enough."""
    dx, dy = xy[e + 1, 0] - xy[e, 0], xy[e + 1, 1] - xy[e, 1]
    pieces[0, 0], pieces[0, 1] = 0.0, 1.0
    waiting = 1
    while waiting:
        waiting -= 1
        low, high = pieces[waiting, 0], pieces[waiting, 1]
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
            first, second = waiting, waiting + 1
            if t < 0.5:
                first, second = second, first
            pieces[first, 0], pieces[first, 1] = middle, high
            pieces[second, 0], pieces[second, 1] = low, middle
            waiting += 2
            continue
        if count == _KEPT:
            count, best = _make_room(xy, edges, chords, count, best, px, py, pz)
        edges[count] = e
        chords[count, 0], chords[count, 1] = away - sag, low + t * (high - low)
        chords[count, 2], chords[count, 3] = low, high
        count += 1
    return count, best


@kernel
def _make_room(
    xy: F64, edges: I64, chords: F64, count: int, best: float, px: float, py: float, pz: float
) -> tuple[int, float]:
    """Make room for another chord: forget those that are too far, follow the others if need be."""
    kept = _still_near(edges, chords, count, best)
    if kept < _KEPT:
        return kept, best
    _settle(xy, edges, chords, kept, px, py, pz)
    return 1, min(best, chords[0, 0])


@kernel
def depths(
    balls: Balls, lat_deg: F64, lng_deg: F64, area: I32, limit_m: float
) -> tuple[F64, F64, F64, I64]:
    """Distance to the nearest edge of each position's area, its foot, and the edge.

    Returns:
        Geodesics, metres; latitudes and longitudes of the feet, degrees; edges. Inf, NaN and -1 if
        there is none within the limit.
    """
    # Arrays by themselves: taking one out of a tuple counts its holders, which is slow.
    xy, place, kind, firsts, ball, starts, tops = balls
    n = lat_deg.shape[0]
    found, found_lat, found_lng = np.full(n, math.inf), np.full(n, math.nan), np.full(n, math.nan)
    found_edge = np.full(n, -1, np.int64)
    # balls still to look at: their levels, numbers, and how near they are
    levels, nodes, bounds = np.empty(_STACK, np.int64), np.empty(_STACK, np.int64), np.empty(_STACK)
    near = np.empty(1 << FAN_BITS)
    pieces, edges, chords = np.empty((_PIECES, 2)), np.empty(_KEPT, np.int64), np.empty((_KEPT, 4))
    for i in range(n):
        whose, lat, lng = area[i], lat_deg[i], lng_deg[i]
        if whose < 0 or tops[whose] < 0 or not (abs(lat) <= 90.0 and abs(lng) <= 540.0):
            continue
        px, py, pz = ecef(lat, lng)
        best = limit_m
        count = 0
        first, end = firsts[whose], firsts[whose + 1]
        levels[0], nodes[0], bounds[0] = tops[whose], 0, -math.inf
        waiting = 1
        while waiting:
            waiting -= 1
            if bounds[waiting] > best:
                continue
            level, node = levels[waiting], nodes[waiting]
            if level == 0:
                low = first + (node << FAN_BITS)
                for e in range(low, min(low + (1 << FAN_BITS), end)):
                    if kind[e] != BORDER:
                        continue
                    sag = sag_m(xy[e + 1, 0] - xy[e, 0], xy[e + 1, 1] - xy[e, 1])
                    away, t = _to_chord(
                        px, py, pz, place[e, 0], place[e, 1], place[e, 2],
                        place[e + 1, 0], place[e + 1, 1], place[e + 1, 2],
                    )  # fmt: skip
                    if away - sag > best:
                        continue
                    best = min(best, away + sag)
                    if sag > _STRAIGHT_M:
                        count, best = _look_at_long(
                            xy, e, sag, pieces, edges, chords, count, best, px, py, pz
                        )
                        continue
                    if count == _KEPT:
                        count, best = _make_room(xy, edges, chords, count, best, px, py, pz)
                    edges[count] = e
                    chords[count, 0], chords[count, 1] = away - sag, t
                    chords[count, 2], chords[count, 3] = 0.0, 1.0
                    count += 1
                continue
            level -= 1
            span = FAN_BITS * (level + 1)
            start = starts[whose, level]
            base = waiting
            node <<= FAN_BITS
            children = min(1 << FAN_BITS, ((end - first - 1) >> span) + 1 - node)
            for k in range(children):
                at = start + node + k
                dx, dy, dz = px - ball[at, 0], py - ball[at, 1], pz - ball[at, 2]
                near[k] = math.sqrt(dx * dx + dy * dy + dz * dz) - ball[at, 3]
            for k in range(children):
                bound = near[k]
                if bound > best:
                    continue
                # the nearest is on top
                slot = waiting
                while slot > base and bounds[slot - 1] < bound:
                    levels[slot], nodes[slot] = levels[slot - 1], nodes[slot - 1]
                    bounds[slot] = bounds[slot - 1]
                    slot -= 1
                levels[slot], nodes[slot], bounds[slot] = level, node + k, bound
                waiting += 1
        count = _still_near(edges, chords, count, best)
        if count == 0:
            continue
        dx, dy, dz = _settle(xy, edges, chords, count, px, py, pz)
        edge, t = edges[0], chords[0, 1]
        foot_lng = xy[edge, 0] + t * (xy[edge + 1, 0] - xy[edge, 0])
        foot_lat = xy[edge, 1] + t * (xy[edge + 1, 1] - xy[edge, 1])
        away = arc_m(px, py, pz, px + dx, py + dy, pz + dz)
        if away > NEAR_M:
            away = geodesic_m(lat, lng, foot_lat, foot_lng)
        if away <= limit_m:
            found[i], found_lat[i], found_lng[i], found_edge[i] = away, foot_lat, foot_lng, edge
    return found, found_lat, found_lng, found_edge
