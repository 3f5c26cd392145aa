"""The nearest point of one edge.

An edge is straight in longitude and latitude, so on the ellipsoid it is a curve. A piece of it that
stays within `STRAIGHT_M` of its chord is the chord and a parabola, to a thirtieth of a millimetre:
third derivatives are no larger than the Earth's radius times the cube of how far the edge turns.
Longer ones are halved until they are such pieces; those that cannot hold the nearest point are left
out.
"""

from __future__ import annotations

import math

from detente.geo import kernel
from detente.kernels._balls import sag_m
from detente.kernels._columns import F64
from detente.kernels._earth import A_M, E2, ecef

STRAIGHT_M = 0.5
PIECES = 64
"""Room that `on_long` needs: half the Earth's circumference is halved a dozen times."""


@kernel
def _bend(
    qx: float, qy: float, qz: float, dx_deg: float, dy_deg: float
) -> tuple[float, float, float]:
    """The second derivative, near a place on the ellipsoid, of an edge that turns so far."""
    turn_x, turn_y = math.radians(dx_deg), math.radians(dy_deg)
    flat = math.sqrt(qx * qx + qy * qy)
    cx, sx = 1.0, 0.0
    if flat > 0.0:
        cx, sx = qx / flat, qy / flat
    up, out = qz, flat * (1.0 - E2)
    one_by = 1.0 / math.sqrt(up * up + out * out)
    s, c = up * one_by, out * one_by
    w2 = 1.0 - E2 * s * s
    m = A_M * (1.0 - E2) / (w2 * math.sqrt(w2))
    m_turned = 3.0 * m * E2 * s * c / w2
    # by the way, of the distance from the axis: along the meridian -m s, and once more
    out_bent = (-m_turned * s - m * c) * turn_y * turn_y - flat * turn_x * turn_x
    aside = -2.0 * m * s * turn_x * turn_y
    return (
        out_bent * cx - aside * sx,
        out_bent * sx + aside * cx,
        (m_turned * c - m * s) * turn_y * turn_y,
    )


@kernel
def on_straight(
    px: float, py: float, pz: float,
    ax: float, ay: float, az: float, bx: float, by: float, bz: float,
    dx_deg: float, dy_deg: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """The point nearest to p of a piece within `STRAIGHT_M` of its chord a-b.

    Args:
        dx_deg, dy_deg: how far the piece leads in longitude and latitude.

    Returns:
        How far along it is (0 to 1), and the way there from p.
    """
    ex, ey, ez = bx - ax, by - ay, bz - az
    fx, fy, fz = ax - px, ay - py, az - pz
    square = ex * ex + ey * ey + ez * ez
    if square == 0.0:
        return 0.0, fx, fy, fz
    t = min(1.0, max(0.0, -(fx * ex + fy * ey + fz * ez) / square))
    ux, uy, uz = _bend(ax + 0.5 * ex, ay + 0.5 * ey, az + 0.5 * ez, dx_deg, dy_deg)
    # where the curve is, and where it leads; one step of Newton's method for its nearest point
    low, lead = 0.5 * t * (1.0 - t), 0.5 - t
    qx, qy, qz = fx + t * ex - low * ux, fy + t * ey - low * uy, fz + t * ez - low * uz
    vx, vy, vz = ex - lead * ux, ey - lead * uy, ez - lead * uz
    speed = vx * vx + vy * vy + vz * vz
    if speed > 0.0:
        t = min(1.0, max(0.0, t - (qx * vx + qy * vy + qz * vz) / speed))
    low = 0.5 * t * (1.0 - t)
    return t, fx + t * ex - low * ux, fy + t * ey - low * uy, fz + t * ez - low * uz


@kernel
def on_long(
    xy: F64, e: int, within: float, pieces: F64, px: float, py: float, pz: float
) -> tuple[float, float, float, float]:
    """The point nearest to p of any edge, if it is within so many metres.

    Returns:
        How far along it is (0 to 1), and the way there from p, infinite if it is farther.
    """
    ax, ay = xy[e, 0], xy[e, 1]
    dx, dy = xy[e + 1, 0] - ax, xy[e + 1, 1] - ay
    whole = sag_m(dx, dy)
    best, at = within, 0.0
    best_x, best_y, best_z = math.inf, 0.0, 0.0
    pieces[0, 0], pieces[0, 1] = 0.0, 1.0
    waiting = 1
    while waiting:
        waiting -= 1
        low, high = pieces[waiting, 0], pieces[waiting, 1]
        part = high - low
        sag = whole * part * part
        qx, qy, qz = ecef(ay + low * dy, ax + low * dx)
        rx, ry, rz = ecef(ay + high * dy, ax + high * dx)
        ex, ey, ez = rx - qx, ry - qy, rz - qz
        fx, fy, fz = px - qx, py - qy, pz - qz
        square = ex * ex + ey * ey + ez * ez
        t = 0.0
        if square > 0.0:
            t = min(1.0, max(0.0, (fx * ex + fy * ey + fz * ez) / square))
        fx, fy, fz = fx - t * ex, fy - t * ey, fz - t * ez
        if math.sqrt(fx * fx + fy * fy + fz * fz) - sag > best:
            continue
        if sag > STRAIGHT_M and waiting + 2 <= pieces.shape[0]:
            middle = 0.5 * (low + high)
            # the half that is nearer by the chord comes first
            first, second = (waiting + 1, waiting) if t < 0.5 else (waiting, waiting + 1)
            pieces[first, 0], pieces[first, 1] = low, middle
            pieces[second, 0], pieces[second, 1] = middle, high
            waiting += 2
            continue
        t, x, y, z = on_straight(px, py, pz, qx, qy, qz, rx, ry, rz, part * dx, part * dy)
        away = math.sqrt(x * x + y * y + z * z)
        if away < best or (away == best and best_x == math.inf):
            best, at = away, low + t * part
            best_x, best_y, best_z = x, y, z
    return at, best_x, best_y, best_z
