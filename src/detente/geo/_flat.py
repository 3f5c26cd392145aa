"""Outlines drawn in a plane near them, quickly: a first answer to whether they meet.

The plane touches the ellipsoid at a point; points go there in a straight line from the Earth's
centre. Planes through that centre become straight lines, and a geodesic of length L leaves the one
through its ends by less than `BEND * L**2`. So what is farther apart than that is apart, what
overlaps by more overlaps, and only what lies between must be looked at exactly.
"""

from __future__ import annotations

import math

import numpy as np

from detente.geo._jit import kernel
from detente.geo._sphere import F64, I64, WGS84_A_M, WGS84_E2

APART, MEETS, DOUBT = 0, 1, 2

BEND = 1e-10
"""Half of e² / R / 8 (1/m): curvature e² sin φ cos φ sin α / R, of which the sagitta is L²/8."""
SURE_M = 0.02
"""What is nearer to touching than this is looked at exactly, however short the edges."""
REACH_COS = 0.99
"""Planes reach 8° (900 km)."""


@kernel
def frame_at(point: F64) -> F64:
    """East, north and up (three each), the plane's height and its origin's north; ECEF, m."""
    out = np.empty(11)
    x, y, z = point[0], point[1], point[2]
    # the normal of the ellipsoid; good enough also for a point under the ground
    w = 1.0 / (1.0 - WGS84_E2)
    nx, ny, nz = x, y, z * w
    s = math.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx / s, ny / s, nz / s
    flat = math.hypot(nx, ny)
    if flat < 1e-12:
        ex, ey = 0.0, 1.0
    else:
        ex, ey = -ny / flat, nx / flat
    out[0], out[1], out[2] = ex, ey, 0.0
    out[3], out[4], out[5] = -nz * ey, nz * ex, nx * ey - ny * ex
    out[6], out[7], out[8] = nx, ny, nz
    # the plane touches the ellipsoid above the point, not the point itself
    scale = WGS84_A_M / math.sqrt(x * x + y * y + z * z * w)
    out[9] = (nx * x + ny * y + nz * z) * scale
    out[10] = (out[3] * x + out[4] * y + out[5] * z) * scale
    return out


@kernel
def flatten_into(v: F64, start: int, count: int, frame: F64, out: F64) -> bool:
    """Plane coordinates of points `v[start:start + count]`; False if one lies too far away."""
    height = frame[9]
    for k in range(count):
        x, y, z = v[start + k, 0], v[start + k, 1], v[start + k, 2]
        up = frame[6] * x + frame[7] * y + frame[8] * z
        if up < REACH_COS * height:
            return False
        s = height / up
        out[k, 0] = (frame[0] * x + frame[1] * y + frame[2] * z) * s
        out[k, 1] = (frame[3] * x + frame[4] * y + frame[5] * z) * s - frame[10]
    return True


@kernel
def _place(x: float, y: float, frame: F64) -> tuple[float, float]:
    """Latitude and longitude of a point of the plane, degrees."""
    y += frame[10]
    px = x * frame[0] + y * frame[3] + frame[9] * frame[6]
    py = x * frame[1] + y * frame[4] + frame[9] * frame[7]
    pz = x * frame[2] + y * frame[5] + frame[9] * frame[8]
    lat = math.atan2(pz / (1.0 - WGS84_E2), math.hypot(px, py))
    return math.degrees(lat), math.degrees(math.atan2(py, px))


@kernel
def _longest(p: F64, n: int) -> float:
    best = 0.0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        dx, dy = p[j, 0] - p[i, 0], p[j, 1] - p[i, 1]
        best = max(best, dx * dx + dy * dy)
    return best


@kernel
def _middle(p: F64, n: int) -> tuple[float, float]:
    x = y = 0.0
    for i in range(n):
        x += p[i, 0]
        y += p[i, 1]
    return x / n, y / n


@kernel
def _parted_along(a: F64, na: int, b: F64, nb: int, dx: float, dy: float, sure: float) -> bool:
    """Whether looking along the line between their middles is enough to see a gap."""
    s = math.hypot(dx, dy)
    if s == 0.0:
        return False
    dx, dy = dx / s, dy / s
    far, near = -math.inf, math.inf
    for i in range(na):
        far = max(far, dx * a[i, 0] + dy * a[i, 1])
    for i in range(nb):
        near = min(near, dx * b[i, 0] + dy * b[i, 1])
    return near - far > sure


@kernel
def point_in(x: float, y: float, p: F64, n: int) -> tuple[bool, float]:
    """Whether a point is inside a ring, and the square of its distance from the ring."""
    inside = False
    best = math.inf
    ax, ay = p[n - 1, 0] - x, p[n - 1, 1] - y
    for i in range(n):
        bx, by = p[i, 0] - x, p[i, 1] - y
        ex, ey = bx - ax, by - ay
        square = ex * ex + ey * ey
        t = 0.0
        if square > 0.0:
            t = min(1.0, max(0.0, -(ax * ex + ay * ey) / square))
        fx, fy = ax + t * ex, ay + t * ey
        best = min(best, fx * fx + fy * fy)
        if (ay > 0.0) != (by > 0.0) and (ax * by - bx * ay > 0.0) == (by > ay):
            inside = not inside
        ax, ay = bx, by
    return inside, best


@kernel
def rings_meet(a: F64, na: int, b: F64, nb: int, touch: float, at: F64) -> int:
    """`APART`, `MEETS` or `DOUBT` for two rings of a plane; `at`: a point of both."""
    sure = SURE_M + touch + BEND * (_longest(a, na) + _longest(b, nb))
    ax, ay = _middle(a, na)
    bx, by = _middle(b, nb)
    if _parted_along(a, na, b, nb, bx - ax, by - ay, sure):
        return APART
    inside, square = point_in((ax + bx) / 2, (ay + by) / 2, a, na)
    if inside and square > sure * sure:
        inside, square = point_in((ax + bx) / 2, (ay + by) / 2, b, nb)
        if inside and square > sure * sure:
            at[0], at[1] = (ax + bx) / 2, (ay + by) / 2
            return MEETS
    least = math.inf
    doubt = False
    for i in range(na):
        inside, square = point_in(a[i, 0], a[i, 1], b, nb)
        if inside and square > sure * sure:
            at[0], at[1] = a[i, 0], a[i, 1]
            return MEETS
        doubt = doubt or inside
        least = min(least, square)
    for i in range(nb):
        inside, square = point_in(b[i, 0], b[i, 1], a, na)
        if inside and square > sure * sure:
            at[0], at[1] = b[i, 0], b[i, 1]
            return MEETS
        doubt = doubt or inside
        least = min(least, square)
    for i in range(na):
        i_2 = i + 1 if i + 1 < na else 0
        px, py = a[i, 0], a[i, 1]
        ex, ey = a[i_2, 0] - px, a[i_2, 1] - py
        room = sure * math.hypot(ex, ey)
        for j in range(nb):
            j_2 = j + 1 if j + 1 < nb else 0
            one = ex * (b[j, 1] - py) - ey * (b[j, 0] - px)
            two = ex * (b[j_2, 1] - py) - ey * (b[j_2, 0] - px)
            if (one > 0.0) == (two > 0.0):
                continue
            gx, gy = b[j_2, 0] - b[j, 0], b[j_2, 1] - b[j, 1]
            three = gx * (py - b[j, 1]) - gy * (px - b[j, 0])
            four = gx * (a[i_2, 1] - b[j, 1]) - gy * (a[i_2, 0] - b[j, 0])
            if (three > 0.0) == (four > 0.0):
                continue
            side = sure * math.hypot(gx, gy)
            if min(abs(one), abs(two)) > room and min(abs(three), abs(four)) > side:
                part = three / (three - four)
                at[0], at[1] = px + part * ex, py + part * ey
                return MEETS
            doubt = True
    return DOUBT if doubt or least <= sure * sure else APART


@kernel
def quick_meets(
    v_a: F64, first_a: I64, count_a: I64, radius_a: F64, ball_a: F64,
    v_b: F64, first_b: I64, count_b: I64, radius_b: F64,
    one: I64, two: I64, touch: float, places: F64,
) -> I64:  # fmt: skip
    """`APART`, `MEETS` or `DOUBT` of pairs of outlines, `one[k]` of a with `two[k]` of b.

    `places[k]` becomes the latitude and longitude (degrees) of a common point of polygons that
    meet; what it was for all others.

    Circles have one point (their centre) and a radius above 0; two circles are always in doubt.
    """
    out = np.empty(one.shape[0], np.int64)
    most = 3
    for k in range(one.shape[0]):
        most = max(most, count_a[one[k]], count_b[two[k]])
    p, q, at = np.empty((most, 2)), np.empty((most, 2)), np.empty(2)
    last = -1
    known = False
    frame = np.empty(11)
    for k in range(one.shape[0]):
        i, j = one[k], two[k]
        na, nb = count_a[i], count_b[j]
        if radius_a[i] > 0.0 and radius_b[j] > 0.0:
            out[k] = DOUBT
            continue
        if i != last:
            frame = frame_at(ball_a[i])
            known = flatten_into(v_a, first_a[i], na, frame, p)
            last = i
        if not known or not flatten_into(v_b, first_b[j], nb, frame, q):
            out[k] = DOUBT
            continue
        if radius_a[i] > 0.0:
            out[k] = _circle_meets(p[0, 0], p[0, 1], radius_a[i], q, nb, touch)
        elif radius_b[j] > 0.0:
            out[k] = _circle_meets(q[0, 0], q[0, 1], radius_b[j], p, na, touch)
        else:
            out[k] = rings_meet(p, na, q, nb, touch, at)
            if out[k] == MEETS:
                places[k, 0], places[k, 1] = _place(at[0], at[1], frame)
    return out


@kernel
def _circle_meets(x: float, y: float, radius: float, p: F64, n: int, touch: float) -> int:
    inside, square = point_in(x, y, p, n)
    if square == math.inf:
        return DOUBT
    reach = 0.0
    for i in range(n):
        reach = max(reach, math.hypot(p[i, 0], p[i, 1]))
    reach = max(reach, math.hypot(x, y) + radius)
    # lengths are stretched, by less than this part, towards the rim of the plane
    stretch = 1.05 * (reach / 6.3e6) ** 2 + 1e-9
    sure = SURE_M + touch + BEND * _longest(p, n)
    gap = math.sqrt(square)
    if inside and gap > sure:
        return MEETS
    if gap * (1.0 - stretch) > radius + sure and not inside:
        return APART
    if gap + sure < radius:
        return MEETS
    return DOUBT
