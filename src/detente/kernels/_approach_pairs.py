"""How two aircraft move towards each other, and when both distances are small: pair by pair.

Horizontally a pair is looked at in the plane that is upright to the mean of their two normals; only
products of its vectors are needed, never its axes. Each goes on in a straight line.
"""

from __future__ import annotations

import math
from typing import Final

from detente.geo import kernel

from ._approach_grid import ALTITUDE, CLIMB, NX, NY, NZ, VX, VY, VZ, X, Y, Z
from ._approach_types import Codes, Floats

STILL_M2_S2: Final = 1e-12
"""Below this square of a relative speed two aircraft stand still towards each other."""
LEVEL_M_S: Final = 1e-9
NEVER_IN: Final = math.inf
NEVER_OUT: Final = -math.inf


@kernel
def motion(state: Floats, i: int, j: int) -> tuple[float, float, float, float, float]:
    """Of j as seen from i: distance², distance by velocity, velocity² (all in the plane), height
    above i, and its change by time. Metres and seconds; the height is NaN if it is not known."""
    mx, my, mz = (
        state[i, NX] + state[j, NX],
        state[i, NY] + state[j, NY],
        state[i, NZ] + state[j, NZ],
    )
    rx, ry, rz = state[j, X] - state[i, X], state[j, Y] - state[i, Y], state[j, Z] - state[i, Z]
    vx, vy, vz = (
        state[j, VX] - state[i, VX],
        state[j, VY] - state[i, VY],
        state[j, VZ] - state[i, VZ],
    )
    size = mx * mx + my * my + mz * mz
    upright_r = rx * mx + ry * my + rz * mz
    upright_v = vx * mx + vy * my + vz * mz
    rr = rx * rx + ry * ry + rz * rz - upright_r * upright_r / size
    rv = rx * vx + ry * vy + rz * vz - upright_r * upright_v / size
    vv = vx * vx + vy * vy + vz * vz - upright_v * upright_v / size
    return (
        max(0.0, rr),
        rv,
        max(0.0, vv),
        state[j, ALTITUDE] - state[i, ALTITUDE],
        state[j, CLIMB] - state[i, CLIMB],
    )


@kernel
def within_circle(rr: float, rv: float, vv: float, radius: float) -> tuple[float, float]:
    """Between which times the distance is at most `radius`; never: (inf, -inf)."""
    excess = rr - radius * radius
    if radius < 0.0:
        return NEVER_IN, NEVER_OUT
    if vv <= STILL_M2_S2:
        if excess > 0.0:
            return NEVER_IN, NEVER_OUT
        return -math.inf, math.inf
    inside = rv * rv - vv * excess
    if inside < 0.0:
        return NEVER_IN, NEVER_OUT
    root = math.sqrt(inside)
    # the root of which nothing cancels, and the other by the product of both
    if rv <= 0.0:
        far = root - rv
        return (excess / far if far > 0.0 else 0.0), far / vv
    near = -rv - root
    return near / vv, excess / near


@kernel
def within_band(height: float, climb: float, band: float) -> tuple[float, float]:
    """Between which times the height is at most `band` either way; all, if it is not known."""
    if band < 0.0:
        return NEVER_IN, NEVER_OUT
    if math.isnan(height):
        return -math.inf, math.inf
    if abs(climb) <= LEVEL_M_S:
        if abs(height) > band:
            return NEVER_IN, NEVER_OUT
        return -math.inf, math.inf
    one, two = (-band - height) / climb, (band - height) / climb
    return min(one, two), max(one, two)


@kernel
def span(
    rr: float,
    rv: float,
    vv: float,
    height: float,
    climb: float,
    look_ahead_s: float,
    horizontal_m: float,
    vertical_m: float,
) -> tuple[float, float]:
    """Between which times, from now on, both distances are small at once; never: (inf, -inf)."""
    enters, leaves = within_circle(rr, rv, vv, horizontal_m)
    low, high = within_band(height, climb, vertical_m)
    enters, leaves = max(0.0, enters, low), min(look_ahead_s, leaves, high)
    if enters > leaves:
        return NEVER_IN, NEVER_OUT
    return enters, leaves


@kernel
def closest(
    rr: float,
    rv: float,
    vv: float,
    height: float,
    climb: float,
    begin_s: float,
    end_s: float,
    horizontal_m: float,
    vertical_m: float,
) -> float:
    """The time in a span at which (h/H)² + (v/V)² is least."""
    h2, v2 = horizontal_m * horizontal_m, vertical_m * vertical_m
    slope, bend = rv / h2, vv / h2
    if not math.isnan(height):
        slope += height * climb / v2
        bend += climb * climb / v2
    if bend <= 0.0:
        return begin_s
    return min(end_s, max(begin_s, -slope / bend))


@kernel
def motions(state: Floats, first: Codes, second: Codes, count: int, out: Floats) -> None:
    """`motion` of many pairs, by columns: `out` is 5 by n."""
    for k in range(count):
        rr, rv, vv, height, climb = motion(state, first[k], second[k])
        out[0, k], out[1, k], out[2, k], out[3, k], out[4, k] = rr, rv, vv, height, climb


@kernel
def spans(
    moving: Floats,
    look_ahead_s: float,
    horizontal_m: Floats,
    vertical_m: Floats,
    enters: Floats,
    leaves: Floats,
) -> None:
    """`span` of many pairs, each with its own distances."""
    for k in range(len(enters)):
        enters[k], leaves[k] = span(
            moving[0, k],
            moving[1, k],
            moving[2, k],
            moving[3, k],
            moving[4, k],
            look_ahead_s,
            horizontal_m[k],
            vertical_m[k],
        )


@kernel
def near(
    state: Floats,
    first: Codes,
    second: Codes,
    count: int,
    look_ahead_s: float,
    horizontal_m: float,
    vertical_m: float,
    kept_first: Codes,
    kept_second: Codes,
) -> int:
    """Of some pairs, those that come near; how many."""
    kept = 0
    for k in range(count):
        i, j = first[k], second[k]
        rr, rv, vv, height, climb = motion(state, i, j)
        enters, leaves = span(rr, rv, vv, height, climb, look_ahead_s, horizontal_m, vertical_m)
        if enters <= leaves:
            kept_first[kept], kept_second[kept] = i, j
            kept += 1
    return kept


@kernel
def closests(
    moving: Floats,
    begin_s: Floats,
    end_s: Floats,
    horizontal_m: float,
    vertical_m: float,
    at_s: Floats,
) -> None:
    """`closest` of many pairs, each in its own span."""
    for k in range(len(at_s)):
        at_s[k] = closest(
            moving[0, k],
            moving[1, k],
            moving[2, k],
            moving[3, k],
            moving[4, k],
            begin_s[k],
            end_s[k],
            horizontal_m,
            vertical_m,
        )
