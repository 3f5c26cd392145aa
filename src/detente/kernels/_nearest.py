"""The nearest edge of an area, and where on it.

Balls tell what cannot be nearest. Of what is left the chords are looked at, and those that may hide
the nearest point are followed as the curves that they stand for. What is found does not depend on
the order in which this happens.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo import kernel
from detente.kernels._balls import FAN, FAN_BITS, RADIUS, Balls, X, Y, Z
from detente.kernels._columns import F64, I32, I64
from detente.kernels._curve import PIECES, STRAIGHT_M, on_long, on_straight
from detente.kernels._earth import NEAR_M, arc_m, ecef, geodesic_m

_STACK = 128
"""Levels times eight: there is never more to look at."""
_KEPT = 64
_SLACK_M = 1e-6
"""Far more than double precision takes from a distance."""


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
    xy, _, firsts, runs, place, sag, ball, starts, tops = balls
    n = lat_deg.shape[0]
    found, found_lat, found_lng = np.full(n, math.inf), np.full(n, math.nan), np.full(n, math.nan)
    found_edge = np.full(n, -1, np.int64)
    # balls still to look at: their levels, numbers, and how near they are
    levels, nodes, bounds = np.empty(_STACK, np.int64), np.empty(_STACK, np.int64), np.empty(_STACK)
    # of eight together; the compiler does not know that they are eight, else it would not do them
    # at once
    near = np.empty(FAN)
    lanes = sag.shape[1]
    pieces, edges, lows = np.empty((PIECES, 2)), np.empty(_KEPT, np.int64), np.empty(_KEPT)
    # a place on the border of the area asked about last
    before = -1
    near_x = near_y = near_z = 0.0
    for i in range(n):
        whose, lat, lng = area[i], lat_deg[i], lng_deg[i]
        if whose < 0 or tops[whose] < 0 or not (abs(lat) <= 90.0 and abs(lng) <= 540.0):
            continue
        px, py, pz = ecef(lat, lng)
        best = limit_m
        if whose == before:
            # the border is no farther than that: a good bound where positions follow a track
            fx, fy, fz = px - near_x, py - near_y, pz - near_z
            best = min(best, math.sqrt(fx * fx + fy * fy + fz * fz) + _SLACK_M)
        # the nearest of those that have been followed
        edge, at = -1, 0.0
        away, dx, dy, dz = math.inf, 0.0, 0.0, 0.0
        # those that have not
        count = 0
        first, run = firsts[whose], runs[whose]
        levels[0], nodes[0], bounds[0] = tops[whose], 0, -math.inf
        waiting = 1
        while waiting or count:
            if waiting == 0 or count > _KEPT - FAN:
                for k in range(count):
                    if lows[k] > best:
                        continue
                    e = edges[k]
                    local = e - first
                    r, lane = run + (local >> FAN_BITS), local & (FAN - 1)
                    t, x, y, z = on_straight(
                        px, py, pz,
                        place[r, X, lane], place[r, Y, lane], place[r, Z, lane],
                        place[r, X, lane + 1], place[r, Y, lane + 1], place[r, Z, lane + 1],
                        xy[e + 1, 0] - xy[e, 0], xy[e + 1, 1] - xy[e, 1],
                    )  # fmt: skip
                    this = math.sqrt(x * x + y * y + z * z)
                    if this < away or (this == away and e < edge):
                        edge, at, away, dx, dy, dz = e, t, this, x, y, z
                best = min(best, away)
                count = 0
                continue
            waiting -= 1
            if bounds[waiting] > best:
                continue
            level, node = levels[waiting], nodes[waiting]
            if level == 0:
                r = run + node
                for k in range(lanes):
                    ax, ay, az = place[r, X, k], place[r, Y, k], place[r, Z, k]
                    ex = place[r, X, k + 1] - ax
                    ey = place[r, Y, k + 1] - ay
                    ez = place[r, Z, k + 1] - az
                    fx, fy, fz = px - ax, py - ay, pz - az
                    t = np.divide(fx * ex + fy * ey + fz * ez, ex * ex + ey * ey + ez * ez)
                    t = t if t > 0.0 else 0.0
                    t = t if t < 1.0 else 1.0
                    fx, fy, fz = fx - t * ex, fy - t * ey, fz - t * ez
                    near[k] = math.sqrt(fx * fx + fy * fy + fz * fz)
                for k in range(FAN):
                    bend = sag[r, k]
                    if near[k] + bend < best:
                        best = near[k] + bend
                for k in range(FAN):
                    bend = sag[r, k]
                    # false where there is no border
                    if not near[k] - bend <= best:
                        continue
                    e = first + (node << FAN_BITS) + k
                    if bend > STRAIGHT_M:
                        t, x, y, z = on_long(xy, e, best, pieces, px, py, pz)
                        this = math.sqrt(x * x + y * y + z * z)
                        if this < away or (this == away and e < edge):
                            edge, at, away, dx, dy, dz = e, t, this, x, y, z
                            best = min(best, this)
                        continue
                    edges[count], lows[count] = e, near[k] - bend
                    count += 1
                continue
            level -= 1
            block = starts[whose, level] + node
            for k in range(lanes):
                fx, fy, fz = px - ball[block, X, k], py - ball[block, Y, k], pz - ball[block, Z, k]
                near[k] = math.sqrt(fx * fx + fy * fy + fz * fz)
            # each has a border somewhere
            for k in range(FAN):
                radius = ball[block, RADIUS, k]
                if radius > 0.0:
                    best = min(best, near[k] + radius)
                near[k] -= radius
            base = waiting
            for k in range(FAN):
                bound = near[k]
                if bound > best:
                    continue
                # the nearest is on top
                slot = waiting
                while slot > base and bounds[slot - 1] < bound:
                    levels[slot], nodes[slot] = levels[slot - 1], nodes[slot - 1]
                    bounds[slot] = bounds[slot - 1]
                    slot -= 1
                levels[slot], nodes[slot], bounds[slot] = level, (node << FAN_BITS) + k, bound
                waiting += 1
        if edge < 0:
            continue
        before = whose
        local = edge - first
        r, lane = run + (local >> FAN_BITS), local & (FAN - 1)
        near_x, near_y, near_z = place[r, X, lane], place[r, Y, lane], place[r, Z, lane]
        foot_lng = xy[edge, 0] + at * (xy[edge + 1, 0] - xy[edge, 0])
        foot_lat = xy[edge, 1] + at * (xy[edge + 1, 1] - xy[edge, 1])
        away = arc_m(px, py, pz, px + dx, py + dy, pz + dz)
        if away > NEAR_M:
            away = geodesic_m(lat, lng, foot_lat, foot_lng)
        if away <= limit_m:
            found[i], found_lat[i], found_lng[i], found_edge[i] = away, foot_lat, foot_lng, edge
    return found, found_lat, found_lng, found_edge
