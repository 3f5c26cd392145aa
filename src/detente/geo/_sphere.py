"""Convex hulls on the unit sphere: the kernels behind `extent_of`.

A place is the direction of its ellipsoid normal: (latitude, longitude) read as a spherical
direction. Lengths shrink or grow by the radii of curvature on the way, never by more than
1 / `M_MIN_M` radians a metre, so every bound below is stated in radians of this image.

An ellipsoidal geodesic is not quite a great circle of the image: its geodesic curvature there is
e² sin φ cos φ sin α to first order (φ latitude, α azimuth), at most `BEND`. It stays inside the
lens of two circles with that curvature through its ends.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from detente.geo._jit import kernel

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

WGS84_A_M = 6378137.0
WGS84_F = 1 / 298.257223563
WGS84_E2 = WGS84_F * (2 - WGS84_F)
M_MIN_M = WGS84_A_M * (1 - WGS84_E2)
"""Smallest radius of curvature of the ellipsoid (along the meridian, at the equator), metres."""

BEND = 0.0034
"""No geodesic bends more than this in the image; the maximum is e²/2 (1 + O(e²)) = 0.00337."""

SLACK_M = 0.02
"""What two hulls together may lose to rounding and to edges whose bulge was left out, metres."""

NANO_RAD = math.pi / 180e9
HULL_VERTICES_MAX = 64
CIRCLE_VERTICES = 12
_WIDEST_COS = math.cos(math.radians(80))
_LONGEST_EDGE_COS = math.cos(math.radians(60))
_BULGE_MIN_RAD = 0.005 / WGS84_A_M
_SAME_RAD = 1e-11
_STRAIGHT_RAD = 1e-14
"""Corners that stick out less (60 nm) are rounding, and left out."""


@kernel
def frame(cx: float, cy: float, cz: float) -> tuple[float, float, float, float, float, float]:
    """Two unit vectors e1, e2 with e1 × e2 = c for a unit vector c."""
    if abs(cz) < 0.8:
        s = math.sqrt(cx * cx + cy * cy)
        ax, ay, az = -cy / s, cx / s, 0.0
    else:
        s = math.sqrt(cx * cx + cz * cz)
        ax, ay, az = cz / s, 0.0, -cx / s
    return ax, ay, az, cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax


@kernel
def to_nano(x: float, y: float, z: float) -> tuple[int, int]:
    """Direction of a vector as (latitude, longitude) in 1e-9 degree."""
    lat = math.atan2(z, math.sqrt(x * x + y * y))
    lng = math.atan2(y, x)
    return round(lat / NANO_RAD), round(lng / NANO_RAD)


@kernel
def vectors(nano: I64) -> F64:
    """Unit vectors (n, 3) of flattened latitudes and longitudes in 1e-9 degree."""
    n = nano.shape[0] // 2
    out = np.empty((n, 3))
    for i in range(n):
        lat, lng = nano[2 * i] * NANO_RAD, nano[2 * i + 1] * NANO_RAD
        c = math.cos(lat)
        out[i, 0], out[i, 1], out[i, 2] = c * math.cos(lng), c * math.sin(lng), math.sin(lat)
    return out


@kernel
def centre_of(v: F64) -> tuple[float, float, float, float]:
    """Normalised mean direction and the smallest cosine to it; cosine -1 where there is none."""
    x = y = z = 0.0
    n = v.shape[0]
    for i in range(n):
        x += v[i, 0]
        y += v[i, 1]
        z += v[i, 2]
    s = math.sqrt(x * x + y * y + z * z)
    if s <= 1e-3 * n:
        return 1.0, 0.0, 0.0, -1.0
    x, y, z = x / s, y / s, z / s
    least = 1.0
    for i in range(n):
        least = min(least, x * v[i, 0] + y * v[i, 1] + z * v[i, 2])
    return x, y, z, least


@kernel
def flatten(v: F64, cx: float, cy: float, cz: float) -> F64:
    """Gnomonic plane coordinates (n, 2) about a unit vector: great circles become straight."""
    ax, ay, az, bx, by, bz = frame(cx, cy, cz)
    n = v.shape[0]
    out = np.empty((n, 2))
    for i in range(n):
        # differences to the centre keep the digits that the plane is about
        dx, dy, dz = v[i, 0] - cx, v[i, 1] - cy, v[i, 2] - cz
        d = 1.0 + dx * cx + dy * cy + dz * cz
        out[i, 0] = (dx * ax + dy * ay + dz * az) / d
        out[i, 1] = (dx * bx + dy * by + dz * bz) / d
    return out


@kernel
def sorted_order(p: F64) -> I64:
    """Indices of plane points by x, then y (shell sort: short to compile, quick on few points)."""
    n = p.shape[0]
    order = np.arange(n)
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            k = order[i]
            j = i
            while j >= gap:
                m = order[j - gap]
                if p[m, 0] < p[k, 0] or (p[m, 0] == p[k, 0] and p[m, 1] <= p[k, 1]):
                    break
                order[j] = m
                j -= gap
            order[j] = k
        gap = 1 if gap == 2 else int(gap / 2.2)
    return order


@kernel
def convex_order(p: F64) -> I64:
    """Indices of the convex hull of plane points, counter-clockwise (Andrew's monotone chain)."""
    order = sorted_order(p)
    n = 0
    for i in range(order.shape[0]):
        k = order[i]
        if n > 0:
            m = order[n - 1]
            if abs(p[k, 0] - p[m, 0]) < _SAME_RAD and abs(p[k, 1] - p[m, 1]) < _SAME_RAD:
                continue
        order[n] = k
        n += 1
    if n < 3:
        return order[:n].copy()
    hull = np.empty(2 * n, np.int64)
    size = 0
    kept = 2
    for step in range(2 * n - 1):
        if step == n:
            kept = size + 1
        k = order[step] if step < n else order[2 * n - 2 - step]
        while size >= kept:
            a, b = hull[size - 2], hull[size - 1]
            ux, uy = p[b, 0] - p[a, 0], p[b, 1] - p[a, 1]
            wx, wy = p[k, 0] - p[b, 0], p[k, 1] - p[b, 1]
            length = abs(ux) + abs(uy) + abs(wx) + abs(wy)
            if ux * wy - uy * wx > _STRAIGHT_RAD * length:
                break
            size -= 1
        hull[size] = k
        size += 1
    return hull[: size - 1].copy()


@kernel
def _corner(p: F64, h: int, i: int, j: int, k: int) -> tuple[float, float, float]:
    """Where edges h-i and j-k meet beyond edge i-j, and the area this adds (inf if never)."""
    ux, uy = p[i, 0] - p[h, 0], p[i, 1] - p[h, 1]
    wx, wy = p[j, 0] - p[k, 0], p[j, 1] - p[k, 1]
    ex, ey = p[j, 0] - p[i, 0], p[j, 1] - p[i, 1]
    det = wx * uy - wy * ux
    if det <= 0.0:
        return 0.0, 0.0, math.inf
    t = (wx * ey - wy * ex) / det
    if not t >= 0.0:
        return 0.0, 0.0, math.inf
    return p[i, 0] + t * ux, p[i, 1] + t * uy, 0.5 * abs(ex * t * uy - ey * t * ux)


@kernel
def fewer_corners(p: F64, most: int) -> F64:
    """A convex ring around the convex ring `p` with at most `most` corners, if that can be.

    Edges whose removal adds least area go first and their neighbours are prolonged, so that the
    ring only grows.
    """
    ring = p.copy()
    while ring.shape[0] > most:
        n = ring.shape[0]
        added = np.empty((n, 2))
        for i in range(n):
            j = (i + 1) % n
            added[i, 0] = added[i, 1] = _corner(ring, (i - 1) % n, i, j, (j + 1) % n)[2]
        batch = max(1, min(n - most, n // 4))
        limit = added[sorted_order(added)[batch - 1], 0]
        if limit == math.inf:
            break
        out = np.empty((n, 2))
        size = 0
        gone = 0
        i = 0
        while i < n:
            # neighbours of a removed edge stay for this round; the last edge stays: no wrap around
            if i < n - 1 and added[i, 0] <= limit and gone < batch:
                x, y, _ = _corner(ring, (i - 1) % n, i, i + 1, (i + 2) % n)
                out[size, 0], out[size, 1] = x, y
                gone += 1
                i += 2
            else:
                out[size, 0], out[size, 1] = ring[i, 0], ring[i, 1]
                i += 1
            size += 1
        if gone == 0:
            break
        ring = out[:size].copy()
    return ring


@kernel
def hull_of_points(nano: I64) -> I64:
    """Convex hull of flattened points in 1e-9 degree; empty when they do not fit within 80°.

    Counter-clockwise seen from outside, beginning at the southernmost (then westernmost) corner.
    """
    points = nano
    for attempt in range(2):
        v = vectors(points)
        cx, cy, cz, least = centre_of(v)
        if least < _WIDEST_COS:
            break
        p = flatten(v, cx, cy, cz)
        order = convex_order(p)
        n = order.shape[0]
        if n > HULL_VERTICES_MAX and attempt == 0:
            ring = np.empty((n, 2))
            for i in range(n):
                ring[i, 0], ring[i, 1] = p[order[i], 0], p[order[i], 1]
            ring = fewer_corners(ring, HULL_VERTICES_MAX)
            ax, ay, az, bx, by, bz = frame(cx, cy, cz)
            points = np.empty(2 * ring.shape[0], np.int64)
            for i in range(ring.shape[0]):
                x, y = ring[i, 0], ring[i, 1]
                points[2 * i], points[2 * i + 1] = to_nano(
                    cx + x * ax + y * bx, cy + x * ay + y * by, cz + x * az + y * bz
                )
            continue
        first = 0
        for i in range(1, n):
            a, b = 2 * order[i], 2 * order[first]
            if points[a] < points[b] or (points[a] == points[b] and points[a + 1] < points[b + 1]):
                first = i
        out = np.empty(2 * n, np.int64)
        for i in range(n):
            k = order[(first + i) % n]
            out[2 * i], out[2 * i + 1] = points[2 * k], points[2 * k + 1]
        return out
    return np.empty(0, np.int64)


@kernel
def _circle_points(lat_deg: float, lng_deg: float, radius_m: float, out: I64, at: int) -> bool:
    """Write a polygon around a geodesic circle; False if it is too large for a plane."""
    lowest = max(0.0, math.radians(abs(lat_deg)) - radius_m / M_MIN_M)
    meridian_m = M_MIN_M / (1.0 - WGS84_E2 * math.sin(lowest) ** 2) ** 1.5
    angle = radius_m / meridian_m
    if not angle < 1.3:
        return False
    reach = math.tan(angle) / math.cos(math.pi / CIRCLE_VERTICES)
    lat, lng = math.radians(lat_deg), math.radians(lng_deg)
    cx, cy, cz = math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)
    ax, ay, az, bx, by, bz = frame(cx, cy, cz)
    for i in range(CIRCLE_VERTICES):
        t = 2.0 * math.pi * i / CIRCLE_VERTICES
        x, y = reach * math.cos(t), reach * math.sin(t)
        k = at + 2 * i
        out[k], out[k + 1] = to_nano(
            cx + x * ax + y * bx, cy + x * ay + y * by, cz + x * az + y * bz
        )
    return True


@kernel
def _bulges(ring: F64, out: I64, at: int) -> int:
    """Write tips that contain what long edges bend aside; return the end, -1 if one is too long."""
    n = ring.shape[0]
    for i in range(n):
        j = (i + 1) % n
        dx, dy, dz = ring[j, 0] - ring[i, 0], ring[j, 1] - ring[i, 1], ring[j, 2] - ring[i, 2]
        half = 0.5 * math.sqrt(dx * dx + dy * dy + dz * dz)
        cos_edge = 1.0 - 2.0 * half * half
        if cos_edge < _LONGEST_EDGE_COS:
            return -1
        tip = BEND * half * half / math.sqrt(1.0 - half * half)
        if tip < 2.0 * _BULGE_MIN_RAD:
            continue
        mx, my, mz = ring[j, 0] + ring[i, 0], ring[j, 1] + ring[i, 1], ring[j, 2] + ring[i, 2]
        s = 1.01 * tip / (2.0 * half)
        nx, ny, nz = (
            s * (ring[i, 1] * dz - ring[i, 2] * dy),
            s * (ring[i, 2] * dx - ring[i, 0] * dz),
            s * (ring[i, 0] * dy - ring[i, 1] * dx),
        )
        out[at], out[at + 1] = to_nano(mx / 2 + nx, my / 2 + ny, mz / 2 + nz)
        out[at + 2], out[at + 3] = to_nano(mx / 2 - nx, my / 2 - ny, mz / 2 - nz)
        at += 4
    return at


@kernel
def points_around(counts: I64, data: F64) -> I64:
    """Points whose hull contains the outlines, for `hull_of_points`; none: the whole Earth.

    `counts` has for a polygon its number of vertices (lat, lng pairs in `data`, degrees), for a
    circle 0 (lat, lng in degrees, radius in metres).
    """
    room = 0
    for i in range(counts.shape[0]):
        room += 6 * counts[i] if counts[i] else 2 * CIRCLE_VERTICES
    points = np.empty(room, np.int64)
    at = 0
    k = 0
    for i in range(counts.shape[0]):
        n = counts[i]
        if n == 0:
            if not _circle_points(data[k], data[k + 1], data[k + 2], points, at):
                return np.empty(0, np.int64)
            at += 2 * CIRCLE_VERTICES
            k += 3
            continue
        first = at
        for _ in range(2 * n):
            points[at] = round(data[k] * 1e9)
            at += 1
            k += 1
        at = _bulges(vectors(points[first:at]), points, at)
        if at < 0:
            return np.empty(0, np.int64)
    return points[:at]
