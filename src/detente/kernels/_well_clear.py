"""When two aircraft are not well clear: exactly, pair by pair. See `well_clear`."""

from __future__ import annotations

import math

from detente.geo import kernel

from ._approach_pairs import LEVEL_M_S, NEVER_IN, NEVER_OUT, STILL_M2_S2, motion, within_circle
from ._approach_types import Codes, Floats


@kernel
def level_span(
    height: float, climb: float, look_ahead_s: float, band: float, level_s: float
) -> tuple[float, float]:
    """Between which times height is no hindrance: from `level_s` before they are level, or from
    when they are within the band, until they have left it."""
    if band < 0.0:
        return NEVER_IN, NEVER_OUT
    if math.isnan(height):
        return 0.0, look_ahead_s
    if abs(climb) <= LEVEL_M_S:
        if abs(height) > band:
            return NEVER_IN, NEVER_OUT
        return 0.0, look_ahead_s
    # as if the first came from below: from -reach up to +band
    way = height if climb > 0.0 else -height
    speed = abs(climb)
    reach = max(band, speed * level_s)
    enters = max(0.0, (-reach - way) / speed)
    leaves = min(look_ahead_s, (band - way) / speed)
    if enters > leaves:
        return NEVER_IN, NEVER_OUT
    return enters, leaves


@kernel
def lost_span(
    rr: float,
    rv: float,
    vv: float,
    height: float,
    climb: float,
    look_ahead_s: float,
    distance_m: float,
    tau_s: float,
    height_m: float,
    level_s: float,
) -> tuple[float, float]:
    """Between which times, from now on, a pair is not well clear; never: (inf, -inf)."""
    low, high = level_span(height, climb, look_ahead_s, height_m, level_s)
    if low > high:
        return NEVER_IN, NEVER_OUT
    enters, leaves = within_circle(rr, rv, vv, distance_m)
    if enters > leaves:
        return NEVER_IN, NEVER_OUT
    if vv > STILL_M2_S2 and tau_s > 0.0:
        # From when modified tau is at most tau_s, r² + tau (r · v) - DMOD² is not above zero:
        # vv t² + (2 rv + tau vv) t + (rr + tau rv - DMOD²) = 0. That is before the circle.
        slope = 2.0 * rv + tau_s * vv
        excess = rr + tau_s * rv - distance_m * distance_m
        inside = slope * slope - 4.0 * vv * excess
        if inside >= 0.0:
            enters = min(enters, (-slope - math.sqrt(inside)) / (2.0 * vv))
    enters, leaves = max(low, enters), min(high, leaves)
    if enters > leaves:
        return NEVER_IN, NEVER_OUT
    return enters, leaves


@kernel
def lost(
    state: Floats,
    first: Codes,
    second: Codes,
    count: int,
    look_ahead_s: float,
    distance_m: float,
    tau_s: float,
    height_m: float,
    level_s: float,
    kept_first: Codes,
    kept_second: Codes,
) -> int:
    """Of some pairs, those that will not be well clear; how many."""
    kept = 0
    for k in range(count):
        i, j = first[k], second[k]
        rr, rv, vv, height, climb = motion(state, i, j)
        enters, leaves = lost_span(
            rr, rv, vv, height, climb, look_ahead_s, distance_m, tau_s, height_m, level_s
        )
        if enters <= leaves:
            kept_first[kept], kept_second[kept] = i, j
            kept += 1
    return kept


@kernel
def lost_spans(
    moving: Floats,
    look_ahead_s: float,
    distance_m: Floats,
    tau_s: float,
    height_m: Floats,
    level_s: float,
    enters: Floats,
    leaves: Floats,
) -> None:
    """`lost_span` of many pairs, each with its own distances."""
    for k in range(len(enters)):
        enters[k], leaves[k] = lost_span(
            moving[0, k],
            moving[1, k],
            moving[2, k],
            moving[3, k],
            moving[4, k],
            look_ahead_s,
            distance_m[k],
            tau_s,
            height_m[k],
            level_s,
        )
