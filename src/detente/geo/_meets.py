"""Do two spherical hulls meet, does one cover the other? The predicate of `relevant` and the index.

Hulls are unit vectors, counter-clockwise seen from outside, within 80° of their centre. Two of them
are apart when the great circle of an edge parts them; how far is only worked out near the guard.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo._jit import kernel
from detente.geo._sphere import F64, I64, centre_of, vectors

_EVERYWHERE_RAD = 4.0


@kernel
def roundness(v: F64) -> F64:
    """Centre (3), a radius within and a radius around the hull, radians; no corners: everywhere."""
    out = np.empty(5)
    n = v.shape[0]
    if n == 0:
        out[0], out[1], out[2] = 1.0, 0.0, 0.0
        out[3] = out[4] = _EVERYWHERE_RAD
        return out
    cx, cy, cz, _ = centre_of(v)
    within = math.inf if n > 2 else 0.0
    around = 0.0
    for i in range(n):
        dx, dy, dz = v[i, 0] - cx, v[i, 1] - cy, v[i, 2] - cz
        around = max(around, math.sqrt(dx * dx + dy * dy + dz * dz))
        if n > 2:
            j = (i + 1) % n
            ex, ey, ez = v[j, 0] - v[i, 0], v[j, 1] - v[i, 1], v[j, 2] - v[i, 2]
            nx = v[i, 1] * ez - v[i, 2] * ey
            ny = v[i, 2] * ex - v[i, 0] * ez
            nz = v[i, 0] * ey - v[i, 1] * ex
            s = math.sqrt(nx * nx + ny * ny + nz * nz)
            if s > 0.0:
                within = min(within, -(nx * dx + ny * dy + nz * dz) / s)
    out[0], out[1], out[2] = cx, cy, cz
    # a sine is smaller than its angle: a hull never claims more inside than it has
    out[3] = max(0.0, within)
    out[4] = 2.0 * math.asin(min(1.0, around / 2.0))
    return out


@kernel
def _parted(a: F64, b: F64, gap: float) -> int:
    """Does an edge of `a` part it from `b`? 0 no, 1 yes, 2 by more than `gap` radians."""
    found = 0
    n = a.shape[0]
    if n < 2:
        return 0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        px, py, pz = a[i, 0], a[i, 1], a[i, 2]
        ex, ey, ez = a[j, 0] - px, a[j, 1] - py, a[j, 2] - pz
        nx, ny, nz = py * ez - pz * ey, pz * ex - px * ez, px * ey - py * ex
        nearest = -math.inf
        for k in range(b.shape[0]):
            s = nx * (b[k, 0] - px) + ny * (b[k, 1] - py) + nz * (b[k, 2] - pz)
            nearest = max(nearest, s)
            if s >= 0.0:
                break
        if nearest < 0.0:
            # measured against all of `a`: right however short, hence inexact, this edge is
            own = 0.0
            for k in range(n):
                s = nx * (a[k, 0] - px) + ny * (a[k, 1] - py) + nz * (a[k, 2] - pz)
                own = min(own, s)
            clear = (own - nearest) / math.sqrt(nx * nx + ny * ny + nz * nz)
            if clear > gap:
                return 2
            if clear > 0.0:
                found = 1
    return found


@kernel
def _to_edges(x: float, y: float, z: float, a: F64) -> float:
    """Distance from a point to the nearest edge of a ring: sine or chord, so never too much."""
    best = math.inf
    n = a.shape[0]
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        dx, dy, dz = x - a[i, 0], y - a[i, 1], z - a[i, 2]
        best = min(best, math.sqrt(dx * dx + dy * dy + dz * dz))
        ex, ey, ez = a[j, 0] - a[i, 0], a[j, 1] - a[i, 1], a[j, 2] - a[i, 2]
        nx = a[i, 1] * ez - a[i, 2] * ey
        ny = a[i, 2] * ex - a[i, 0] * ez
        nz = a[i, 0] * ey - a[i, 1] * ex
        s = math.sqrt(nx * nx + ny * ny + nz * nz)
        if s == 0.0:
            continue
        # along = n × start, (end × n) likewise: the foot lies between both ends
        after = (
            (ny * a[i, 2] - nz * a[i, 1]) * x
            + (nz * a[i, 0] - nx * a[i, 2]) * y
            + (nx * a[i, 1] - ny * a[i, 0]) * z
        )
        before = (
            (a[j, 1] * nz - a[j, 2] * ny) * x
            + (a[j, 2] * nx - a[j, 0] * nz) * y
            + (a[j, 0] * ny - a[j, 1] * nx) * z
        )
        if after > 0.0 and before > 0.0:
            best = min(best, abs(nx * dx + ny * dy + nz * dz) / s)
    return best


@kernel
def meets(a: F64, round_a: F64, b: F64, round_b: F64, gap: float) -> bool:
    """Are two hulls at most `gap` radians apart? `round_*` is each one's `roundness`."""
    dx, dy, dz = round_a[0] - round_b[0], round_a[1] - round_b[1], round_a[2] - round_b[2]
    angle = 2.0 * math.asin(min(1.0, 0.5 * math.sqrt(dx * dx + dy * dy + dz * dz)))
    if angle <= round_a[3] + round_b[3]:
        return True
    if angle > round_a[4] + round_b[4] + gap:
        return False
    first = _parted(a, b, gap)
    if first == 2:
        return False
    second = _parted(b, a, gap)
    if second == 2:
        return False
    if first == 0 and second == 0:
        return True
    for i in range(a.shape[0]):
        if _to_edges(a[i, 0], a[i, 1], a[i, 2], b) <= gap:
            return True
    least = math.inf
    for i in range(b.shape[0]):
        least = min(least, _to_edges(b[i, 0], b[i, 1], b[i, 2], a))
    return least <= gap


@kernel
def hulls_meet(nano_a: I64, nano_b: I64, gap: float) -> bool:
    """`meets` for two hulls as stored."""
    a, b = vectors(nano_a), vectors(nano_b)
    return meets(a, roundness(a), b, roundness(b), gap)


@kernel
def hull_covers(nano_outer: I64, nano_inner: I64, tolerance: float) -> bool:
    """Is every corner of the inner hull inside the outer one or at most `tolerance` radians off?"""
    outer, inner = vectors(nano_outer), vectors(nano_inner)
    n = outer.shape[0]
    for k in range(inner.shape[0]):
        x, y, z = inner[k, 0], inner[k, 1], inner[k, 2]
        outside = n < 3 or x * outer[0, 0] + y * outer[0, 1] + z * outer[0, 2] < -0.95
        for i in range(n):
            j = i + 1 if i + 1 < n else 0
            px, py, pz = outer[i, 0], outer[i, 1], outer[i, 2]
            ex, ey, ez = outer[j, 0] - px, outer[j, 1] - py, outer[j, 2] - pz
            nx, ny, nz = py * ez - pz * ey, pz * ex - px * ez, px * ey - py * ex
            if nx * (x - px) + ny * (y - py) + nz * (z - pz) < 0.0:
                outside = True
        if outside and _to_edges(x, y, z, outer) > tolerance:
            return False
    return True
