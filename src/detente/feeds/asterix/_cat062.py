"""Category 062, system track data: what a record's items say."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import (
    ALTITUDE_LSB_M,
    ALTITUDE_M,
    ANGLE_LSB_DEG,
    ASSUMED,
    BASIS,
    CALLSIGN,
    CLIMB_LSB_M_S,
    CLIMB_M_S,
    EXTRAPOLATED,
    FATE,
    FT_M,
    GROUND,
    GROUND_UNKNOWN,
    HORIZONTAL_M,
    ICAO,
    IDENTITY,
    KEPT,
    LAT_DEG,
    LEVEL_LSB_M,
    LNG_DEG,
    NO_IDENTITY,
    NOT_AIRCRAFT,
    ON_GROUND,
    PRESSURE_M,
    SIMULATED,
    SPEED_LSB_M_S,
    SPEED_M_S,
    STATED,
    TOD_S,
    TRACK_DEG,
    VERTICAL_M,
)
from ._octets import s16, s32, u8, u16, u24, u48
from ._shared import is_no_aircraft, numbered_track, on_ground, placed, scaled, time_of_day, timed

SLOTS: Final = (
    "010", "040", "070", "105", "185", "080", "136", "130", "135", "220", "245", "300",
    "380/ADR", "380/ID", "380/COM", "380/SAB", "380/GAL", "380/TAN", "380/GS", "380/EMC",
    "390/CS", "500/APC", "500/COV", "500/APW", "500/AGA", "500/ABA",
)  # fmt: skip
(
    _SOURCE, _TRACK, _TIME, _POSITION, _VELOCITY, _STATUS, _LEVEL, _HEIGHT, _BAROMETRIC, _CLIMB,
    _IDENTIFICATION, _VEHICLE, _ADDRESS, _DOWNLINKED, _FLIGHT_STATUS, _BROADCAST_STATUS,
    _BROADCAST_HEIGHT, _TRACK_ANGLE, _GROUND_SPEED, _EMITTER, _PLANNED, _SIGMA_XY, _COVARIANCE,
    _SIGMA_DEG, _SIGMA_HEIGHT, _SIGMA_LEVEL,
) = range(len(SLOTS))  # fmt: skip

_FINE_DEG: Final = 180.0 / (1 << 25)
_DEG_M: Final = 111_694.0
"""Metres in a degree on the ellipsoid, at most: at the poles, where it is the flattest."""


@kernel
def status_octet(buffer: npt.NDArray[np.uint8], at: int, number: int) -> int:
    """An octet of an extended item, 0 if it does not reach so far."""
    for _ in range(number):
        if not u8(buffer, at) & 1:
            return 0
        at += 1
    return u8(buffer, at)


@kernel
def true_north_deg(lat: float, lng: float, origin_lat: float, origin_lng: float) -> float:
    """Bearing of the system plane's north at a place (stereographic plane about an origin)."""
    phi = math.radians(lat)
    phi0 = math.radians(origin_lat)
    east = math.radians(lng - origin_lng)
    return math.degrees(
        math.atan2(
            math.sin(east) * (math.sin(phi) + math.sin(phi0)),
            math.cos(phi) * math.cos(phi0)
            + (1.0 + math.sin(phi) * math.sin(phi0)) * math.cos(east),
        )
    )


@kernel
def radius_95(
    buffer: npt.NDArray[np.uint8], row: npt.NDArray[np.int32], lat: float, circle: float
) -> float:
    """Radius of a circle about the ellipse of 95 %, from I062/500; NaN if not told.

    A sigma of 0 is what systems send that do not estimate it.
    """
    at = row[_SIGMA_XY]
    if at >= 0:
        x = (u16(buffer, at) * 0.5) ** 2
        y = (u16(buffer, at + 2) * 0.5) ** 2
        shared = 0.0
        if row[_COVARIANCE] >= 0:
            shared = (s16(buffer, row[_COVARIANCE]) * 0.5) ** 2
        largest = 0.5 * (x + y + math.sqrt((x - y) ** 2 + 4.0 * shared * shared))
        return circle * math.sqrt(largest) if largest > 0 else math.nan
    at = row[_SIGMA_DEG]
    if at >= 0:
        north = u16(buffer, at) * _FINE_DEG * _DEG_M
        east = u16(buffer, at + 2) * _FINE_DEG * _DEG_M * math.cos(math.radians(lat))
        return circle * max(north, east) if max(north, east) > 0 else math.nan
    return math.nan


@kernel
def packed_ascii(buffer: npt.NDArray[np.uint8], at: int, count: int) -> int:
    """Characters as six bits each, of eight; 0 if one is not a letter, a digit or a space."""
    packed = 0
    for place in range(8):
        octet = u8(buffer, at + place) if place < count else 0x20
        if not (octet == 0x20 or 0x30 <= octet <= 0x39 or 0x41 <= octet <= 0x5A):
            return 0
        packed = (packed << 6) | (octet & 0x3F)
    return packed


@kernel
def read_062(
    buffer: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    origin: npt.NDArray[np.float64],
    circle: float,
    line: float,
    numbers: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
) -> None:
    """Fill in columns.

    Args:
        offsets: int32[records, len(SLOTS)], -1 where an item is missing.
        origin: float64[2], latitude and longitude of the system plane's origin, or NaN: then the
            plane's north is taken for true north.
        circle, line: how many sigmas hold 95 % of two errors, and of one.
        numbers, codes: see `_columns`; NaN and 0 all over.
    """
    for i in range(len(offsets)):
        row = offsets[i]
        fate = KEPT
        ground = GROUND_UNKNOWN
        source = 0
        at = row[_STATUS]
        if at >= 0:
            source = (u8(buffer, at) >> 2) & 0x07
            if status_octet(buffer, at, 1) & 0x80:
                fate = SIMULATED
            elif status_octet(buffer, at, 3) & 0x80 or status_octet(buffer, at, 4) & 0x02:
                fate = EXTRAPOLATED
            if status_octet(buffer, at, 5) & 0x10:
                ground = ON_GROUND
        at = row[_BROADCAST_STATUS]
        if at >= 0 and u8(buffer, at) & 0x02:
            ground = ON_GROUND
        ground = on_ground(buffer, row[_FLIGHT_STATUS], ground)
        if row[_VEHICLE] >= 0 and u8(buffer, row[_VEHICLE]) > 0:
            fate = NOT_AIRCRAFT
        if is_no_aircraft(buffer, row[_EMITTER]):
            fate = NOT_AIRCRAFT

        at = row[_ADDRESS]
        if at >= 0 and u24(buffer, at) > 0:
            identity = ICAO | u24(buffer, at)
        else:
            identity = numbered_track(buffer, row[_SOURCE], row[_TRACK], 0xFFFF)
        if identity == 0 and fate == KEPT:
            fate = NO_IDENTITY
        codes[IDENTITY, i] = identity
        if row[_DOWNLINKED] >= 0:
            codes[CALLSIGN, i] = u48(buffer, row[_DOWNLINKED])
        elif row[_IDENTIFICATION] >= 0:
            codes[CALLSIGN, i] = u48(buffer, row[_IDENTIFICATION] + 1)
        elif row[_PLANNED] >= 0:
            codes[CALLSIGN, i] = packed_ascii(buffer, row[_PLANNED], 7)

        tod = time_of_day(buffer, row[_TIME])
        numbers[TOD_S, i] = tod
        fate = timed(fate, tod)

        lat = math.nan
        lng = math.nan
        at = row[_POSITION]
        if at >= 0:
            lat = s32(buffer, at) * _FINE_DEG
            lng = s32(buffer, at + 4) * _FINE_DEG
        fate = placed(fate, lat, lng)
        numbers[LAT_DEG, i] = lat
        numbers[LNG_DEG, i] = -180.0 if lng == 180 else lng

        # 4, 5 and 6 are heights that nobody measured: from coverage, from speed, by default.
        if row[_HEIGHT] >= 0 and not 4 <= source <= 6:
            numbers[ALTITUDE_M, i] = s16(buffer, row[_HEIGHT]) * ALTITUDE_LSB_M
        elif row[_BROADCAST_HEIGHT] >= 0:
            numbers[ALTITUDE_M, i] = s16(buffer, row[_BROADCAST_HEIGHT]) * ALTITUDE_LSB_M
        if row[_LEVEL] >= 0:
            numbers[PRESSURE_M, i] = s16(buffer, row[_LEVEL]) * LEVEL_LSB_M
        elif row[_BAROMETRIC] >= 0 and not u8(buffer, row[_BAROMETRIC]) & 0x80:
            value = u16(buffer, row[_BAROMETRIC])
            numbers[PRESSURE_M, i] = (value - 32_768 if value >= 16_384 else value) * LEVEL_LSB_M

        at = row[_VELOCITY]
        if at >= 0:
            east = s16(buffer, at) * 0.25
            north = s16(buffer, at + 2) * 0.25
            numbers[SPEED_M_S, i] = math.hypot(east, north)
            bearing = math.degrees(math.atan2(east, north))
            if not math.isnan(origin[0]) and not math.isnan(lat):
                bearing += true_north_deg(lat, lng, origin[0], origin[1])
            bearing %= 360.0
            numbers[TRACK_DEG, i] = bearing if bearing < 360.0 else 0.0
        elif row[_TRACK_ANGLE] >= 0 and row[_GROUND_SPEED] >= 0:
            speed = s16(buffer, row[_GROUND_SPEED])
            if speed >= 0:
                numbers[SPEED_M_S, i] = speed * SPEED_LSB_M_S
                numbers[TRACK_DEG, i] = u16(buffer, row[_TRACK_ANGLE]) * ANGLE_LSB_DEG
        numbers[CLIMB_M_S, i] = scaled(buffer, row[_CLIMB], CLIMB_LSB_M_S)

        horizontal = radius_95(buffer, row, lat, circle)
        numbers[HORIZONTAL_M, i] = horizontal
        codes[BASIS, i] = ASSUMED if math.isnan(horizontal) else STATED
        if not math.isnan(numbers[ALTITUDE_M, i]):
            if row[_SIGMA_HEIGHT] >= 0 and row[_HEIGHT] >= 0 and u8(buffer, row[_SIGMA_HEIGHT]) > 0:
                numbers[VERTICAL_M, i] = line * u8(buffer, row[_SIGMA_HEIGHT]) * 6.25 * FT_M
        elif row[_SIGMA_LEVEL] >= 0 and u8(buffer, row[_SIGMA_LEVEL]) > 0:
            numbers[VERTICAL_M, i] = line * u8(buffer, row[_SIGMA_LEVEL]) * LEVEL_LSB_M
        codes[GROUND, i] = ground
        codes[FATE, i] = fate
