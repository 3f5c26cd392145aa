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
HORIZONTAL: Final = 5
HEIGHT: Final = 6
HEIGHT_KIND: Final = 7
VERTICAL: Final = 8
DOUBT: Final = 9
BROKEN: Final = 10  # 1: the last kept report broke away from the one that stands in `anchor`
CONTESTED: Final = 11
LATES: Final = 12
LATE_TIME_US: Final = 13
ROW: Final = 14  # of the last kept report, in the batch of that number
BATCH: Final = 15
STATES: Final = 16
ANCHORS: Final = 6  # the first columns again, of the report before the one that broke away

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
_RADIUS_M: Final = 6_371_008.8
_POLAR_DEG: Final = 80.0
_FAR_DEG: Final = 1.0
_NO_NORTH_DEG: Final = 89.0


@kernel
def sine_cosine(angle_deg: float) -> tuple[float, float]:
    """Sine and cosine of an angle in degrees, within 1e-10; three times as fast as libm's."""
    quarter = math.floor(angle_deg / 90.0 + 0.5)
    x = (angle_deg - quarter * 90.0) * (math.pi / 180.0)
    y = x * x
    sine = x * (
        1.0 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 - y * (1 / 39916800)))))
    )
    cosine = 1.0 + y * (
        -0.5 + y * (1 / 24 + y * (-1 / 720 + y * (1 / 40320 + y * (-1 / 3628800 + y / 479001600))))
    )
    turn = int(quarter) & 3
    if turn == 0:
        return sine, cosine
    if turn == 1:
        return cosine, -sine
    if turn == 2:
        return -sine, -cosine
    return -cosine, sine


@kernel
def _far(lat0: float, lng0: float, lat1: float, lng1: float) -> tuple[float, float]:
    """Way and direction on a sphere, for long steps and near the poles."""
    s0, c0 = math.sin(math.radians(lat0)), math.cos(math.radians(lat0))
    s1, c1 = math.sin(math.radians(lat1)), math.cos(math.radians(lat1))
    turn = math.radians(lng1 - lng0)
    east = c1 * math.sin(turn)
    north = s1 * c0 - c1 * s0 * math.cos(turn)
    across = math.hypot(east, north)
    if across == 0.0:
        behind = s0 * s1 + c0 * c1 * math.cos(turn) < 0.0
        return 0.0, math.pi * _RADIUS_M if behind else 0.0
    scale = _RADIUS_M * math.atan2(across, s0 * s1 + c0 * c1 * math.cos(turn)) / across
    return east * scale, north * scale


@kernel
def displacement(lat0: float, lng0: float, lat1: float, lng1: float) -> tuple[float, float]:
    """Metres to the east and to the north, from one position to another.

    Between positions less than a degree apart within 1e-4 of the length (series of the meridian
    and parallel arcs of WGS-84 at the latitude between); else on a sphere, within 0.6 %.
    """
    dlng = lng1 - lng0
    if dlng > 180.0:
        dlng -= 360.0
    elif dlng < -180.0:
        dlng += 360.0
    dlat = lat1 - lat0
    middle = (lat0 + lat1) / 2
    if abs(dlat) > _FAR_DEG or abs(dlng) > _FAR_DEG or abs(middle) > _POLAR_DEG:
        return _far(lat0, lng0, lat1, lng1)
    _, c = sine_cosine(middle)
    double = 2.0 * c * c - 1.0
    north = dlat * (111_132.954 - 559.822 * double + 1.175 * (2.0 * double * double - 1.0))
    east = dlng * (111_412.84 * c - 93.5 * (4.0 * c * c * c - 3.0 * c))
    return east, north


@kernel
def step(
    time0_us: float,
    lat0: float,
    lng0: float,
    east0: float,
    north0: float,
    horizontal0: float,
    time_us: float,
    lat: float,
    lng: float,
    east: float,
    north: float,
    horizontal: float,
    limits: Floats,
) -> tuple[int, float, float]:
    """What is to be said of the way between two reports: flags, residual and what is allowed, m."""
    seconds = (time_us - time0_us) * 1e-6
    moved_east, moved_north = displacement(lat0, lng0, lat, lng)
    speed0, speed = (
        math.sqrt(east0 * east0 + north0 * north0),
        math.sqrt(east * east + north * north),
    )
    fastest = max(speed0, speed)
    told = not math.isnan(speed0 + speed)
    blurred = (
        horizontal0 + horizontal + limits[TIME_SPREAD] * (fastest if told else _UNKNOWN_SPEED_M_S)
    )
    flags = 0
    reach = limits[SPEED_MAX] * seconds + blurred
    if moved_east * moved_east + moved_north * moved_north > reach * reach:
        flags |= _F_JUMP
    if not told or seconds > limits[COMPARE_MAX] or abs(lat) > _NO_NORTH_DEG:
        return flags, math.nan, math.nan
    off_east = moved_east - (east0 + east) * 0.5 * seconds
    off_north = moved_north - (north0 + north) * 0.5 * seconds
    residual = math.sqrt(off_east * off_east + off_north * off_north)
    turning = limits[ACCELERATION] * seconds * seconds / 8.0
    allowed = blurred + min(turning, fastest * seconds)
    if residual > allowed:
        flags |= _F_INCONSISTENT
    return flags, residual, allowed


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
    batch: int,
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
        batch: number of this batch.
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
        at, heard = time_us[i], received_us[i]
        lat, lng = lat_deg[i], lng_deg[i]
        if at == NEVER or abs(at) > _TIME_MOST_US or not (abs(lat) <= 90.0 and abs(lng) <= 180.0):
            fate_counts[where, _UNUSABLE] += 1
            continue
        if number < 0:
            fate_counts[where, _TOO_MANY] += 1
            continue
        said = 0
        if heard != NEVER:
            delay = (heard - at) * 1e-6
            clocks[where, 0] = min(clocks[where, 0], delay)
            clocks[where, 1] = max(clocks[where, 1], delay)
            if -delay > limits[AHEAD]:
                if -delay > limits[AHEAD_MAX]:
                    fate_counts[where, _AHEAD] += 1
                    continue
                said |= _F_AHEAD
            elif delay > limits[STALE]:
                fate_counts[where, _STALE] += 1
                continue
        now = state[number]
        time = float(at)
        seconds = (time - now[TIME_US]) * 1e-6
        speed = speed_m_s[i]
        first = not (seconds <= limits[GAP])  # nothing known is NaN
        if seconds < 0.0:
            if -seconds > limits[SET_BACK]:
                if now[LATES] > 0.0 and time >= now[LATE_TIME_US]:
                    now[LATES] += 1.0
                else:
                    now[LATES] = 1.0
                now[LATE_TIME_US] = time
                first = now[LATES] >= limits[SET_BACK_REPORTS]
            if not first:
                fate_counts[where, _LATE] += 1
                continue
        elif seconds <= limits[GAP] and lat == now[LAT] and lng == now[LNG]:
            if seconds < limits[REPEAT]:
                fate_counts[where, _DUPLICATE] += 1
                continue
            if speed > _MOVING_M_S and speed * seconds > limits[FROZEN_M]:
                fate_counts[where, _FROZEN] += 1
                continue
        elif seconds == 0.0:
            east, north = displacement(now[LAT], now[LNG], lat, lng)
            if math.hypot(east, north) <= now[HORIZONTAL] + horizontal_m[i]:
                fate_counts[where, _DUPLICATE] += 1
            else:
                now[CONTESTED] = 1.0
                fate_counts[where, _CONTRADICTING] += 1
            continue

        sine, cosine = (
            sine_cosine(track_deg[i])
            if abs(track_deg[i]) <= 720.0
            else (
                math.nan,
                math.nan,
            )
        )
        east, north = speed * sine, speed * cosine
        horizontal = horizontal_m[i]
        height, kind = pressure_m[i], _PRESSURE
        if math.isnan(height):
            height, kind = altitude_m[i], _GEOMETRIC
        residual, allowed, lately = math.nan, math.nan, 0.0
        before = -1
        if first:
            said |= _F_FIRST
            now[BROKEN] = 0.0
            now[CONTESTED] = 0.0
        else:
            if now[BATCH] == batch:
                before = int(now[ROW])
            found, residual, allowed = step(
                now[TIME_US], now[LAT], now[LNG], now[EAST], now[NORTH], now[HORIZONTAL],
                time, lat, lng, east, north, horizontal, limits,
            )  # fmt: skip
            said |= found
            lately = now[DOUBT]
            if lately > 0.0:
                lately *= limits[DOUBT_FOR] / (limits[DOUBT_FOR] + seconds)
            if found != 0:
                old = anchor[number]
                came_back = False
                if now[BROKEN] != 0.0:
                    from_old, old_residual, _ = step(
                        old[TIME_US], old[LAT], old[LNG], old[EAST], old[NORTH], old[HORIZONTAL],
                        time, lat, lng, east, north, horizontal, limits,
                    )  # fmt: skip
                    # A long way back allows much: it must also fit better than the short one.
                    better = math.isnan(residual) or old_residual <= residual * 0.5
                    came_back = from_old == 0 and better
                else:
                    old[:] = now[:ANCHORS]
                if came_back:
                    said |= _F_RETURNED
                    now[BROKEN] = 0.0
                else:
                    lately += 1.0
                    now[BROKEN] = 1.0
            elif now[BROKEN] != 0.0:
                said |= _F_SETTLED
                now[BROKEN] = 0.0
            if now[CONTESTED] != 0.0:
                said |= _F_CONTESTED
                now[CONTESTED] = 0.0
                lately += 1.0
            if kind == now[HEIGHT_KIND] and (
                abs(height - now[HEIGHT])
                > limits[CLIMB_MAX] * seconds + now[VERTICAL] + vertical_m[i] + _ALTITUDE_STEP_M
            ):
                said |= _F_CLIMB
        if on_ground[i] == 1:
            said |= _F_GROUND

        now[TIME_US], now[LAT], now[LNG] = time, lat, lng
        now[EAST], now[NORTH], now[HORIZONTAL] = east, north, horizontal
        now[HEIGHT], now[HEIGHT_KIND], now[VERTICAL] = height, kind, vertical_m[i]
        now[DOUBT], now[LATES] = lately, 0.0
        now[ROW], now[BATCH] = kept, batch
        newest = max(newest, time)
        rows[kept] = i
        previous[kept] = before
        flags[kept] = said
        residual_m[kept], allowed_m[kept], doubt[kept] = residual, allowed, lately
        fate_counts[where, _KEPT] += 1
        while said:
            lowest = said & -said
            bit = 0
            while lowest > 1:
                lowest >>= 1
                bit += 1
            flag_counts[where, bit] += 1
            said &= said - 1
        kept += 1
    return kept, newest
