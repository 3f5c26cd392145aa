"""One pass over reports in the order of their arrival, with what is known of each aircraft.

Each row is judged by the rows before it alone, so that it does not matter how the input was cut.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds import NEVER
from detente.geo import kernel

from ._displacement import direction, displacement

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.uint16]

# What is known of an aircraft: a row of `state`. The last kept report first.
TIME_US: Final = 0  # NaN: nothing is known
LAT: Final = 1
LNG: Final = 2
EAST: Final = 3  # m/s, NaN if not told
NORTH: Final = 4
SPEED: Final = 5
HORIZONTAL: Final = 6
HEIGHT: Final = 7
HEIGHT_KIND: Final = 8
VERTICAL: Final = 9
DOUBT: Final = 10
BROKEN: Final = 11  # 1: the last kept report broke away from the one that stands in `anchor`
CONTESTED: Final = 12
LATES: Final = 13
LATE_TIME_US: Final = 14
ROW: Final = 15  # of the last kept report, among all that were kept
STATES: Final = 16
ANCHORS: Final = 7  # the first columns again, of the report before the one that broke away

# Limits, see `TrackRules`; times in seconds.
SPEED_MAX: Final = 0
CLIMB_MAX: Final = 1
ACCELERATION: Final = 2
TIME_SPREAD: Final = 3
COMPARE_MAX: Final = 4
DOUBT_FOR: Final = 5
GAP: Final = 6
FROZEN_M: Final = 7
REPEAT: Final = 8
STALE: Final = 9
AHEAD: Final = 10
AHEAD_MAX: Final = 11
SET_BACK: Final = 12
SET_BACK_REPORTS: Final = 13
LIMITS: Final = 14

# As in `Fate` and `Flag`: numba knows no enumerations of flags.
_KEPT: Final = 0
_UNUSABLE: Final = 1
_DUPLICATE: Final = 2
_CONTRADICTING: Final = 3
_LATE: Final = 4
_STALE: Final = 5
_FROZEN: Final = 6
_AHEAD: Final = 7
_TOO_MANY: Final = 8
FATES: Final = 9
_F_JUMP: Final = 1
_F_INCONSISTENT: Final = 2
_F_RETURNED: Final = 4
_F_SETTLED: Final = 8
_F_FIRST: Final = 16
_F_AHEAD: Final = 32
_F_GROUND: Final = 64
_F_CLIMB: Final = 128
_F_CONTESTED: Final = 256
FLAGS: Final = 9

_PRESSURE: Final = 1.0
_GEOMETRIC: Final = 2.0
_TIME_MOST_US: Final = 9_007_199_254_740_992  # 2^53: year 2255, as far as a float counts exactly
_ALTITUDE_STEP_M: Final = 30.48  # transponders round to 25 or 100 ft
_MOVING_M_S: Final = 2.5
_UNKNOWN_SPEED_M_S: Final = 250.0
_NO_NORTH_DEG: Final = 89.0


@kernel
def step(
    from_: Floats,
    which: int,
    time_us: float,
    lat: float,
    lng: float,
    east: float,
    north: float,
    speed: float,
    horizontal: float,
    limits: Floats,
) -> tuple[int, float, float]:
    """What is to be said of the way from a report, which stands in a row of `from_`, to another.

    Returns:
        Flags, residual and what of it is allowed, m.
    """
    seconds = (time_us - from_[which, TIME_US]) * 1e-6
    moved_east, moved_north = displacement(from_[which, LAT], from_[which, LNG], lat, lng)
    told = not math.isnan(from_[which, NORTH] + north)
    fastest = max(from_[which, SPEED], speed) if told else _UNKNOWN_SPEED_M_S
    blurred = from_[which, HORIZONTAL] + horizontal + limits[TIME_SPREAD] * fastest
    flags = 0
    reach = limits[SPEED_MAX] * seconds + blurred
    if moved_east * moved_east + moved_north * moved_north > reach * reach:
        flags |= _F_JUMP
    if not told or seconds > limits[COMPARE_MAX] or abs(lat) > _NO_NORTH_DEG:
        return flags, math.nan, math.nan
    off_east = moved_east - (from_[which, EAST] + east) * 0.5 * seconds
    off_north = moved_north - (from_[which, NORTH] + north) * 0.5 * seconds
    residual = math.sqrt(off_east * off_east + off_north * off_north)
    turning = limits[ACCELERATION] * seconds * seconds * 0.125
    allowed = blurred + min(turning, fastest * seconds)
    if residual > allowed:
        flags |= _F_INCONSISTENT
    return flags, residual, allowed


@kernel
def _heard(delay: float, limits: Floats) -> tuple[int, int]:
    """Fate and flags by the time between a report and its receipt, s."""
    if delay > limits[STALE]:
        return _STALE, 0
    if -delay > limits[AHEAD_MAX]:
        return _AHEAD, 0
    return _KEPT, _F_AHEAD if -delay > limits[AHEAD] else 0


@kernel
def _beside(
    state: Floats,
    number: int,
    seconds: float,
    lat: float,
    lng: float,
    speed: float,
    horizontal: float,
    limits: Floats,
) -> int:
    """Fate by what is known already: the same place, or the same instant, as the report before."""
    if lat == state[number, LAT] and lng == state[number, LNG]:
        if seconds < limits[REPEAT]:
            return _DUPLICATE
        if speed > _MOVING_M_S and speed * seconds > limits[FROZEN_M]:
            return _FROZEN
    elif seconds == 0.0:
        east, north = displacement(state[number, LAT], state[number, LNG], lat, lng)
        if math.hypot(east, north) > state[number, HORIZONTAL] + horizontal:
            state[number, CONTESTED] = 1.0
            return _CONTRADICTING
        return _DUPLICATE
    return _KEPT


@kernel
def _set_back(state: Floats, number: int, time_us: float, late_s: float, limits: Floats) -> bool:
    """Whether so many reports came late, and in order, that the clock must have been set back."""
    if late_s <= limits[SET_BACK]:
        return False
    if state[number, LATES] > 0.0 and time_us >= state[number, LATE_TIME_US]:
        state[number, LATES] += 1.0
    else:
        state[number, LATES] = 1.0
    state[number, LATE_TIME_US] = time_us
    return bool(state[number, LATES] >= limits[SET_BACK_REPORTS])


@kernel
def _broken(
    state: Floats,
    anchor: Floats,
    number: int,
    time_us: float,
    lat: float,
    lng: float,
    east: float,
    north: float,
    speed: float,
    horizontal: float,
    residual: float,
    limits: Floats,
) -> int:
    """What else is to be said of a report that does not follow from the one before.

    If that one had broken away itself, and this one follows from what was before: `RETURNED`.
    """
    if state[number, BROKEN] == 0.0:
        anchor[number] = state[number, :ANCHORS]
        state[number, BROKEN] = 1.0
        return 0
    found, from_there, _ = step(
        anchor, number, time_us, lat, lng, east, north, speed, horizontal, limits
    )
    # A long way back allows much: it must also fit better than the short one.
    if found == 0 and (math.isnan(residual) or from_there <= residual * 0.5):
        state[number, BROKEN] = 0.0
        return _F_RETURNED
    return 0


@kernel
def judge(
    time_us: Ints,
    received_us: Ints,
    aircraft: Codes,
    source: Codes,
    lat_deg: Floats,
    lng_deg: Floats,
    altitude_m: Floats,
    pressure_m: Floats,
    speed_m_s: Floats,
    track_deg: Floats,
    horizontal_m: Floats,
    vertical_m: Floats,
    on_ground: Bytes,
    state: Floats,
    anchor: Floats,
    before: int,
    limits: Floats,
    fate_counts: Ints,
    flag_counts: Ints,
    clocks: Floats,
    rows: Ints,
    previous: Ints,
    flags: Flags,
    residual_m: Floats,
    allowed_m: Floats,
    doubt: Floats,
) -> tuple[int, float]:
    """Judge all rows; the kept ones stand one after the other in `rows` and the columns after it.

    Args:
        aircraft, source: stable numbers; -1 for an aircraft that found no room.
        state, anchor: by aircraft, changed.
        before: how many reports were kept before these.
        fate_counts, flag_counts: by source, added to.
        clocks: by source, the least and the greatest delay seen, s; changed.
        rows and after: filled; as long as the input.

    Returns:
        How many rows are kept, and the greatest time among them (µs; -inf if none).
    """
    kept = 0
    newest = -math.inf
    for i in range(len(time_us)):
        number, where = aircraft[i], source[i]
        lat, lng = lat_deg[i], lng_deg[i]
        if (
            time_us[i] == NEVER
            or abs(time_us[i]) > _TIME_MOST_US
            or not (abs(lat) <= 90.0 and abs(lng) <= 180.0)
        ):
            fate_counts[where, _UNUSABLE] += 1
            continue
        if number < 0:
            fate_counts[where, _TOO_MANY] += 1
            continue
        said = 0
        if received_us[i] != NEVER:
            delay = (received_us[i] - time_us[i]) * 1e-6
            clocks[where, 0] = min(clocks[where, 0], delay)
            clocks[where, 1] = max(clocks[where, 1], delay)
            fate, said = _heard(delay, limits)
            if fate != _KEPT:
                fate_counts[where, fate] += 1
                continue
        time = float(time_us[i])
        seconds = (time - state[number, TIME_US]) * 1e-6
        speed, horizontal = speed_m_s[i], horizontal_m[i]
        first = not seconds <= limits[GAP]  # nothing known is NaN
        if seconds < 0.0:
            first = _set_back(state, number, time, -seconds, limits)
            if not first:
                fate_counts[where, _LATE] += 1
                continue
        elif not first:
            fate = _beside(state, number, seconds, lat, lng, speed, horizontal, limits)
            if fate != _KEPT:
                fate_counts[where, fate] += 1
                continue

        east, north = direction(track_deg[i])
        east *= speed
        north *= speed
        height, kind = pressure_m[i], _PRESSURE
        if math.isnan(height):
            height, kind = altitude_m[i], _GEOMETRIC
        residual, allowed, lately = math.nan, math.nan, 0.0
        earlier = -1
        if first:
            said |= _F_FIRST
            state[number, BROKEN] = 0.0
        else:
            earlier = max(int(state[number, ROW]) - before, -1)
            lately = state[number, DOUBT]
            if lately > 0.0:
                lately *= limits[DOUBT_FOR] / (limits[DOUBT_FOR] + seconds)
            found, residual, allowed = step(
                state, number, time, lat, lng, east, north, speed, horizontal, limits
            )
            if found != 0:
                found |= _broken(
                    state, anchor, number, time, lat, lng, east, north, speed, horizontal,
                    residual, limits,
                )  # fmt: skip
                if not found & _F_RETURNED:
                    lately += 1.0
            elif state[number, BROKEN] != 0.0:
                found = _F_SETTLED
                state[number, BROKEN] = 0.0
            if state[number, CONTESTED] != 0.0:
                found |= _F_CONTESTED
                lately += 1.0
            if kind == state[number, HEIGHT_KIND] and (
                abs(height - state[number, HEIGHT])
                > limits[CLIMB_MAX] * seconds
                + state[number, VERTICAL]
                + vertical_m[i]
                + _ALTITUDE_STEP_M
            ):
                found |= _F_CLIMB
            said |= found
        if on_ground[i] == 1:
            said |= _F_GROUND

        state[number, TIME_US] = time
        state[number, LAT] = lat
        state[number, LNG] = lng
        state[number, EAST] = east
        state[number, NORTH] = north
        state[number, SPEED] = speed
        state[number, HORIZONTAL] = horizontal
        state[number, HEIGHT] = height
        state[number, HEIGHT_KIND] = kind
        state[number, VERTICAL] = vertical_m[i]
        state[number, DOUBT] = lately
        state[number, CONTESTED] = 0.0
        state[number, LATES] = 0.0
        state[number, ROW] = before + kept
        newest = max(newest, time)
        rows[kept] = i
        previous[kept] = earlier
        flags[kept] = said
        residual_m[kept] = residual
        allowed_m[kept] = allowed
        doubt[kept] = lately
        kept += 1
        fate_counts[where, _KEPT] += 1
        for bit in range(FLAGS if said else 0):
            flag_counts[where, bit] += said >> bit & 1
    return kept, newest
