"""Faults of a ring of vertices: the kernel behind polygon validation."""

from __future__ import annotations

import math

import numpy as np

from detente.geo._jit import kernel
from detente.geo._sphere import F64, I64, WGS84_E2, centre_of, flatten, sorted_order

FINE, NOT_A_PLACE, TOO_WIDE, FLAT, CROSSED = 0, 1, 2, 3, 4

_WIDEST_COS = math.cos(math.radians(80))
_MERGED_RAD = 1e-10
"""Neighbours closer than this (0.6 mm) count as one vertex when edges are compared."""
_FLAT_RAD = 1.6e-10
"""A ring narrower than this (1 mm) has no area worth the name."""
_TOUCH_RAD = 1e-12


@kernel
def _side(
    px: float, py: float, ax: float, ay: float, bx: float, by: float, bow: float
) -> tuple[float, bool]:
    """Signed distance of p from the geodesic a-b (positive: left), and whether p is on it."""
    ex, ey = bx - ax, by - ay
    dx, dy = px - ax, py - ay
    length = math.sqrt(ex * ex + ey * ey)
    along = (ex * dx + ey * dy) / length
    t = min(1.0, max(0.0, along / length))
    off = (ex * dy - ey * dx) / length - bow * t * (1.0 - t)
    on = abs(off) <= _TOUCH_RAD and -_TOUCH_RAD <= along <= length + _TOUCH_RAD
    return off, on


@kernel
def _bows(v: F64, kept: I64) -> F64:
    """How far each edge bends to the left of the great circle: bow · t (1 - t) at fraction t."""
    n = kept.shape[0]
    bow = np.empty(n)
    for i in range(n):
        a, b = kept[i], kept[(i + 1) % n]
        dx, dy, dz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
        mx, my, mz = v[b, 0] + v[a, 0], v[b, 1] + v[a, 1], v[b, 2] + v[a, 2]
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        middle = mx * mx + my * my + mz * mz
        # curvature of a geodesic among directions: e² sin φ cos φ sin α
        bend = WGS84_E2 * mz * (mx * dy - my * dx) / (middle * length)
        bow[i] = 0.5 * bend * length * length
    return bow


@kernel
def _crossing(p: F64, bow: F64) -> tuple[int, int]:
    """Two edges that cross or touch other than at a shared end; -1, -1 if there are none."""
    n = p.shape[0]
    xx = xy = yy = 0.0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        ex, ey = p[j, 0] - p[i, 0], p[j, 1] - p[i, 1]
        xx += ex * ex
        xy += ex * ey
        yy += ey * ey
    # sweep across the direction most edges have: few of them are then open at a time
    turn = 0.5 * math.atan2(2.0 * xy, xx - yy) + 0.5 * math.pi
    c, s = math.cos(turn), math.sin(turn)
    box = np.empty((n, 4))
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        room = 0.25 * abs(bow[i]) + 2.0 * _TOUCH_RAD
        u, w = c * p[i, 0] + s * p[i, 1], c * p[i, 1] - s * p[i, 0]
        uj, wj = c * p[j, 0] + s * p[j, 1], c * p[j, 1] - s * p[j, 0]
        box[i, 0], box[i, 1] = min(u, uj) - room, min(w, wj) - room
        box[i, 2], box[i, 3] = max(u, uj) + room, max(w, wj) + room
    order = sorted_order(box)
    row = np.empty((n, 7))
    for k in range(n):
        i = order[k]
        row[k, 0], row[k, 1], row[k, 2] = box[i, 0], box[i, 1], box[i, 3]
        j = i + 1 if i + 1 < n else 0
        row[k, 3], row[k, 4], row[k, 5], row[k, 6] = p[i, 0], p[i, 1], p[j, 0], p[j, 1]
    for k in range(n):
        i = order[k]
        ends, left, right = box[i, 2], box[i, 1], box[i, 3]
        px, py = row[k, 3], row[k, 4]
        ex, ey = row[k, 5] - px, row[k, 6] - py
        room = (0.25 * abs(bow[i]) + 2.0 * _TOUCH_RAD) * math.sqrt(ex * ex + ey * ey)
        for m in range(k + 1, n):
            if row[m, 0] > ends:
                break
            if row[m, 1] > right or row[m, 2] < left:
                continue
            off_d = ex * (row[m, 4] - py) - ey * (row[m, 3] - px)
            off_e = ex * (row[m, 6] - py) - ey * (row[m, 5] - px)
            if (off_d > room and off_e > room) or (off_d < -room and off_e < -room):
                # all of it on one side, whatever the bending
                continue
            j = order[m]
            first, second = min(i, j), max(i, j)
            a, b = first, first + 1
            d, e = second, second + 1 if second + 1 < n else 0
            off_d, on_d = _side(p[d, 0], p[d, 1], p[a, 0], p[a, 1], p[b, 0], p[b, 1], bow[first])
            off_e, on_e = _side(p[e, 0], p[e, 1], p[a, 0], p[a, 1], p[b, 0], p[b, 1], bow[first])
            off_a, on_a = _side(p[a, 0], p[a, 1], p[d, 0], p[d, 1], p[e, 0], p[e, 1], bow[second])
            off_b, on_b = _side(p[b, 0], p[b, 1], p[d, 0], p[d, 1], p[e, 0], p[e, 1], bow[second])
            if b == d or e == a:
                # neighbours: they share one end, the other two must keep away
                if b == d and (on_e or on_a):
                    return first, second
                if e == a and (on_d or on_b):
                    return first, second
                continue
            if on_a or on_b or on_d or on_e:
                return first, second
            if off_a * off_b < 0.0 and off_d * off_e < 0.0:
                return first, second
    return -1, -1


@kernel
def ring_fault(lats_deg: F64, lngs_deg: F64) -> tuple[int, int, int]:
    """First fault of a ring of at least three vertices: (kind, where, where else).

    Edges are geodesics of the ellipsoid: to 1 cm when shorter than 100 km, to some 5 % of their
    distance from the great circle when longer.
    """
    n = lats_deg.shape[0]
    v = np.empty((n, 3))
    for i in range(n):
        if not (-90.0 <= lats_deg[i] <= 90.0 and -180.0 <= lngs_deg[i] <= 180.0):
            return NOT_A_PLACE, i, i
        lat, lng = math.radians(lats_deg[i]), math.radians(lngs_deg[i])
        c = math.cos(lat)
        v[i, 0], v[i, 1], v[i, 2] = c * math.cos(lng), c * math.sin(lng), math.sin(lat)
    cx, cy, cz, least = centre_of(v)
    if least < _WIDEST_COS:
        return TOO_WIDE, 0, 0
    p = flatten(v, cx, cy, cz)
    kept = np.empty(n, np.int64)
    m = 0
    for i in range(n):
        if m > 0:
            a = kept[m - 1]
            if math.hypot(p[i, 0] - p[a, 0], p[i, 1] - p[a, 1]) < _MERGED_RAD:
                continue
        kept[m] = i
        m += 1
    while m > 1 and (
        math.hypot(p[kept[m - 1], 0] - p[0, 0], p[kept[m - 1], 1] - p[0, 1]) < _MERGED_RAD
    ):
        m -= 1
    if m < 3:
        return FLAT, 0, 0
    kept = kept[:m].copy()
    q = p[kept]
    far = start = 0
    best = 0.0
    for _ in range(2):
        start, best = far, 0.0
        for i in range(m):
            d = math.hypot(q[i, 0] - q[start, 0], q[i, 1] - q[start, 1])
            if d > best:
                best, far = d, i
    ex, ey = (q[far, 0] - q[start, 0]) / best, (q[far, 1] - q[start, 1]) / best
    width = 0.0
    for i in range(m):
        width = max(width, abs(ex * (q[i, 1] - q[start, 1]) - ey * (q[i, 0] - q[start, 0])))
    if width < _FLAT_RAD:
        return FLAT, 0, 0
    first, second = _crossing(q, _bows(v, kept))
    if first >= 0:
        return CROSSED, kept[first], kept[second]
    return FINE, 0, 0
