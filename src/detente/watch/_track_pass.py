"""One pass over reports in the order of their arrival, with what is known of each aircraft.

Each row is judged by the rows before it alone, so that it does not matter how the input was cut.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, TypeAlias

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

# What is known of an aircraft: a row of `state`. The last kept report first, as in `Point`.
TIME_US: Final = 0  # NaN: nothing is known
LAT: Final = 1
LNG: Final = 2
EAST: Final = 3
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
ANCHORS: Final = 7  # a `Point`: the report before the one that broke away


class Point(NamedTuple):
    """Where a report says that its aircraft was, and how it moved: m/s to the east and north."""

    time_us: float
    lat: float
    lng: float
    east: float
    north: float
    speed: float
    horizontal: float


class Limits(NamedTuple):
    """`TrackRules`, as floats in SI."""

    speed_max: float
    climb_max: float
    acceleration: float
    time_spread: float
    compare_max: float
    doubt_for: float
    gap: float
    frozen_m: float
    repeat: float
    stale: float
    ahead: float
    ahead_max: float
    set_back: float
    set_back_reports: float


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


# Arrays that are handed to a function are counted as referred to, which costs more than a step:
# what is called for every row is handed numbers.


@kernel
def step(one: Point, two: Point, limits: Limits) -> tuple[int, float, float]:
    """What is to be said of the way between two reports: flags, residual and what is allowed, m."""
    seconds = (two.time_us - one.time_us) * 1e-6
    moved_east, moved_north = displacement(one.lat, one.lng, two.lat, two.lng)
    told = not math.isnan(one.north + two.north)
    fastest = max(one.speed, two.speed) if told else _UNKNOWN_SPEED_M_S
    blurred = one.horizontal + two.horizontal + limits.time_spread * fastest
    flags = 0
    reach = limits.speed_max * seconds + blurred
    if moved_east * moved_east + moved_north * moved_north > reach * reach:
        flags |= _F_JUMP
    if not told or seconds > limits.compare_max or abs(two.lat) > _NO_NORTH_DEG:
        return flags, math.nan, math.nan
    off_east = moved_east - (one.east + two.east) * 0.5 * seconds
    off_north = moved_north - (one.north + two.north) * 0.5 * seconds
    residual = math.sqrt(off_east * off_east + off_north * off_north)
    turning = limits.acceleration * seconds * seconds * 0.125
    allowed = blurred + min(turning, fastest * seconds)
    if residual > allowed:
        flags |= _F_INCONSISTENT
    return flags, residual, allowed


@kernel
def _heard(delay: float, limits: Limits) -> tuple[int, int]:
    """Fate and flags by the time between a report and its receipt, s."""
    if delay > limits.stale:
        return _STALE, 0
    if -delay > limits.ahead_max:
        return _AHEAD, 0
    return _KEPT, _F_AHEAD if -delay > limits.ahead else 0


@kernel
def _beside(one: Point, two: Point, limits: Limits) -> int:
    """Fate by the report before: the same place again, or the same instant."""
    seconds = (two.time_us - one.time_us) * 1e-6
    if two.lat == one.lat and two.lng == one.lng:
        if seconds < limits.repeat:
            return _DUPLICATE
        if two.speed > _MOVING_M_S and two.speed * seconds > limits.frozen_m:
            return _FROZEN
    elif seconds == 0.0:
        east, north = displacement(one.lat, one.lng, two.lat, two.lng)
        if math.hypot(east, north) > one.horizontal + two.horizontal:
            return _CONTRADICTING
        return _DUPLICATE
    return _KEPT


@kernel
def _set_back(state: Floats, number: int, time_us: float, late_s: float, limits: Limits) -> bool:
    """Whether so many reports came late, and in order, that the clock must have been set back."""
    if late_s <= limits.set_back:
        return False
    if state[number, LATES] > 0.0 and time_us >= state[number, LATE_TIME_US]:
        state[number, LATES] += 1.0
    else:
        state[number, LATES] = 1.0
    state[number, LATE_TIME_US] = time_us
    return bool(state[number, LATES] >= limits.set_back_reports)


@kernel
def _broken(
    state: Floats, anchor: Floats, number: int, point: Point, residual: float, limits: Limits
) -> int:
    """What else is to be said of a report that does not follow from the one before.

    If that one had broken away itself, and this one follows from what was before: `RETURNED`.
    """
    if state[number, BROKEN] == 0.0:
        anchor[number] = state[number, :ANCHORS]
        state[number, BROKEN] = 1.0
        return 0
    old = Point(
        anchor[number, TIME_US],
        anchor[number, LAT],
        anchor[number, LNG],
        anchor[number, EAST],
        anchor[number, NORTH],
        anchor[number, SPEED],
        anchor[number, HORIZONTAL],
    )
    found, from_there, _ = step(old, point, limits)
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
    limits: Limits,
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
        seconds = (time_us[i] - state[number, TIME_US]) * 1e-6
        speed = speed_m_s[i]
        east, north = direction(track_deg[i])
        point = Point(
            float(time_us[i]), lat, lng, east * speed, north * speed, speed, horizontal_m[i]
        )
        last = Point(
            state[number, TIME_US],
            state[number, LAT],
            state[number, LNG],
            state[number, EAST],
            state[number, NORTH],
            state[number, SPEED],
            state[number, HORIZONTAL],
        )
        first = not seconds <= limits.gap  # nothing known is NaN
        if seconds < 0.0:
            first = _set_back(state, number, point.time_us, -seconds, limits)
            if not first:
                fate_counts[where, _LATE] += 1
                continue
        elif not first:
            fate = _beside(last, point, limits)
            if fate != _KEPT:
                if fate == _CONTRADICTING:
                    state[number, CONTESTED] = 1.0
                fate_counts[where, fate] += 1
                continue

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
                lately *= limits.doubt_for / (limits.doubt_for + seconds)
            found, residual, allowed = step(last, point, limits)
            if found != 0:
                found |= _broken(state, anchor, number, point, residual, limits)
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
                > limits.climb_max * seconds
                + state[number, VERTICAL]
                + vertical_m[i]
                + _ALTITUDE_STEP_M
            ):
                found |= _F_CLIMB
            said |= found
        if on_ground[i] == 1:
            said |= _F_GROUND

        state[number, TIME_US] = point.time_us
        state[number, LAT] = lat
        state[number, LNG] = lng
        state[number, EAST] = point.east
        state[number, NORTH] = point.north
        state[number, SPEED] = speed
        state[number, HORIZONTAL] = point.horizontal
        state[number, HEIGHT] = height
        state[number, HEIGHT_KIND] = kind
        state[number, VERTICAL] = vertical_m[i]
        state[number, DOUBT] = lately
        state[number, CONTESTED] = 0.0
        state[number, LATES] = 0.0
        state[number, ROW] = before + kept
        newest = max(newest, point.time_us)
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
