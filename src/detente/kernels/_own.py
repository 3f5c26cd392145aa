"""Positions and the volumes of their owners: how far in or out, and when out at this motion."""

from __future__ import annotations

import math

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import F64, I32, I64
from detente.kernels._earth import A_M, arc_m, ecef
from detente.kernels._outlines import RADIUS, TOUCH_M, Outlines, from_plane, signed_m, to_plane

_SPANS = 128
_MEETS = 64
_STILL_M_S = 0.01
_TOGETHER_S = 1e-6


@kernel
def own_distances(
    o: Outlines, owned: I64, owned_first: I64, time_us: I64, lat_deg: F64, lng_deg: F64,
    altitude_m: F64, owner: I64, speed_m_s: F64, track_deg: F64, climb_m_s: F64, ahead_s: float,
) -> tuple[I32, F64, F64, F64]:  # fmt: skip
    """The volume that counts, the horizontal and vertical distance, and the time to leave."""
    # arrays by themselves: taking one out of a tuple counts its holders, which is slow
    start_us, end_us, lower_m, upper_m, shape, ring, xy = o
    n = time_us.shape[0]
    volume = np.full(n, -1, np.int32)
    flat, steep, leaves = np.full(n, math.nan), np.full(n, math.nan), np.zeros(n)
    spans, meets = np.empty((_SPANS, 2)), np.empty(_MEETS)
    for i in range(n):
        whose = owner[i]
        y, x, z, t = lat_deg[i], lng_deg[i], altitude_m[i], time_us[i]
        if whose < 0 or whose >= owned_first.shape[0] - 1:
            continue
        if not (abs(y) <= 90.0 and abs(x) <= 540.0):
            continue
        px, py, pz = ecef(y, x)
        best_out, best_in = math.inf, -math.inf
        for k in range(owned_first[whose], owned_first[whose + 1]):
            v = owned[k]
            if start_us[v] > t:
                break
            if end_us[v] < t:
                continue
            horizontal = signed_m(shape, ring, xy, v, y, x, px, py, pz)
            vertical = min(z - lower_m[v], upper_m[v] - z)
            down = -vertical if vertical < 0.0 else 0.0
            out = math.hypot(-horizontal if horizontal < -TOUCH_M else 0.0, down)
            if out < best_out or (out == best_out and horizontal > best_in):
                best_out, best_in = out, horizontal
                volume[i], flat[i], steep[i] = v, horizontal, vertical
        if best_out == 0.0 and ahead_s > 0.0:
            angle = math.radians(track_deg[i])
            count = 0
            for k in range(owned_first[whose], owned_first[whose + 1]):
                v = owned[k]
                if (start_us[v] - t) * 1e-6 > ahead_s:
                    break
                if end_us[v] >= t:
                    low, high = _upright(
                        (float(start_us[v]) - float(t)) * 1e-6,
                        (float(end_us[v]) - float(t)) * 1e-6,
                        lower_m[v], upper_m[v], z, climb_m_s[i], ahead_s,
                    )  # fmt: skip
                    if low <= high:
                        count = _add_spans(
                            shape, ring, xy, v, y, x, px, py, pz, speed_m_s[i], angle,
                            low, high, ahead_s, spans, count, meets,
                        )  # fmt: skip
            leaves[i] = _end_of_chain(spans, count, ahead_s)
    return volume, flat, steep, leaves


@kernel
def _end_of_chain(spans: F64, count: int, ahead_s: float) -> float:
    """When the spans that follow on one another from now come to an end."""
    until = 0.0
    grown = True
    while grown:
        grown = False
        for k in range(count):
            if spans[k, 0] <= until + _TOGETHER_S and spans[k, 1] > until:
                until = spans[k, 1]
                grown = True
    return math.inf if until >= ahead_s else until


@kernel
def _upright(
    begin_s: float, end_s: float, lower_m: float, upper_m: float, z: float, climb_m_s: float,
    ahead_s: float,
) -> tuple[float, float]:  # fmt: skip
    """When, in seconds from now, time and altitude will be a volume's; empty if low > high."""
    low, high = max(0.0, begin_s), min(ahead_s, end_s)
    if climb_m_s > 0.0:
        low, high = max(low, (lower_m - z) / climb_m_s), min(high, (upper_m - z) / climb_m_s)
    elif climb_m_s < 0.0:
        low, high = max(low, (upper_m - z) / climb_m_s), min(high, (lower_m - z) / climb_m_s)
    elif z < lower_m or z > upper_m:
        return 1.0, 0.0
    return low, high


@kernel
def _add_spans(
    shape: F64, ring: I64, xy: F64, v: int, lat: float, lng: float, px: float, py: float, pz: float,
    speed_m_s: float, track: float, low: float, high: float, ahead_s: float,
    spans: F64, count: int, meets: F64,
) -> int:  # fmt: skip
    """Add when, in seconds from now between low and high, the position will be in an outline."""
    inside = signed_m(shape, ring, xy, v, lat, lng, px, py, pz) >= -TOUCH_M
    found = 0
    if speed_m_s > _STILL_M_S:
        found = _meetings(
            shape, ring, xy, v, px, py, pz, lat, lng, track, speed_m_s, ahead_s, meets
        )
    begin = 0.0
    for k in range(found + 1):
        end = meets[k] if k < found else ahead_s
        if inside and max(begin, low) <= min(end, high) and count < spans.shape[0]:
            spans[count, 0], spans[count, 1] = max(begin, low), min(end, high)
            count += 1
        inside = not inside
        begin = end
    return count


@kernel
def _meetings(
    shape: F64, ring: I64, xy: F64, v: int, px: float, py: float, pz: float,
    lat: float, lng: float, track: float, speed: float, ahead_s: float, meets: F64,
) -> int:  # fmt: skip
    """When, in seconds, a motion along a great circle meets an outline: in order, how often."""
    sin_y, cos_y = math.sin(math.radians(lat)), math.cos(math.radians(lat))
    sin_x, cos_x = math.sin(math.radians(lng)), math.cos(math.radians(lng))
    east, north = math.sin(track), math.cos(track)
    dx = -east * sin_x - north * sin_y * cos_x
    dy = east * cos_x - north * sin_y * sin_x
    dz = north * cos_y
    x_0, y_0, here = to_plane(shape, v, px, py, pz)
    # a point ahead: places on a great circle stay on a line
    step = 1000.0
    x_1, y_1, there = to_plane(shape, v, px + step * dx, py + step * dy, pz + step * dz)
    if not (here and there):
        return 0
    ex, ey = x_1 - x_0, y_1 - y_0
    count = 0
    radius = shape[v, RADIUS]
    if radius > 0.0:
        angle = radius / A_M
        wide = radius * (1.0 + angle * angle / 3.0)
        a = ex * ex + ey * ey
        b = x_0 * ex + y_0 * ey
        c = x_0 * x_0 + y_0 * y_0 - wide * wide
        root = b * b - a * c
        if root <= 0.0:
            return 0
        for sign in range(2):
            s = (-b + (2 * sign - 1) * math.sqrt(root)) / a
            if s > 0.0:
                count = _add_time(
                    shape, v, px, py, pz, x_0 + s * ex, y_0 + s * ey, speed, meets, count
                )
        return count
    last = ring[v + 1] - 1
    ax, ay = xy[last, 0] - x_0, xy[last, 1] - y_0
    one = ex * ay - ey * ax
    for i in range(ring[v], last + 1):
        bx, by = xy[i, 0] - x_0, xy[i, 1] - y_0
        two = ex * by - ey * bx
        if (one > 0.0) != (two > 0.0):
            part = one / (one - two)
            qx, qy = ax + part * (bx - ax), ay + part * (by - ay)
            if qx * ex + qy * ey > 0.0:
                count = _add_time(shape, v, px, py, pz, x_0 + qx, y_0 + qy, speed, meets, count)
        ax, ay, one = bx, by, two
    while count > 0 and meets[count - 1] > ahead_s:
        count -= 1
    return count


@kernel
def _add_time(
    shape: F64, v: int, px: float, py: float, pz: float, x: float, y: float, speed: float,
    meets: F64, count: int,
) -> int:  # fmt: skip
    """Note a meeting, in order; if there is no room, the latest is forgotten."""
    qx, qy, qz = from_plane(shape, v, x, y)
    when = arc_m(px, py, pz, qx, qy, qz) / speed
    if count == meets.shape[0]:
        if when >= meets[count - 1]:
            return count
        count -= 1
    slot = count
    while slot > 0 and meets[slot - 1] > when:
        meets[slot] = meets[slot - 1]
        slot -= 1
    meets[slot] = when
    return count + 1
