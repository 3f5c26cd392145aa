"""Category 048, monoradar target reports: what a record's items say, and where that is."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import (
    ANGLE_LSB_DEG,
    ASSUMED,
    BASIS,
    CALLSIGN,
    FATE,
    GROUND,
    GROUND_UNKNOWN,
    HORIZONTAL_M,
    ICAO,
    IDENTITY,
    KEPT,
    LAT_DEG,
    LEVEL_LSB_M,
    LNG_DEG,
    NM_M,
    NO_IDENTITY,
    NO_POSITION,
    NO_SITE,
    NOT_AIRCRAFT,
    OUT_OF_RANGE,
    PRESSURE_M,
    SIMULATED,
    SPEED_LSB_M_S,
    SPEED_M_S,
    SUSPECT,
    TOD_S,
    TRACK_DEG,
)
from ._octets import s14, u8, u16, u24, u48
from ._polar import ground_range, place, radius_along
from ._shared import numbered_track, on_ground, time_of_day, timed

SLOTS: Final = (
    "010", "140", "020", "040", "090", "220", "240", "161", "200", "170", "110", "230",
)  # fmt: skip
(
    _SOURCE, _TIME, _DESCRIPTOR, _POLAR, _LEVEL, _ADDRESS, _IDENTIFICATION, _TRACK, _VELOCITY,
    _TRACK_STATUS, _HEIGHT, _FLIGHT_STATUS,
) = range(len(SLOTS))  # fmt: skip

SITE_KEY: Final = 0
SITE_LAT: Final = 1
SITE_LNG: Final = 2
SITE_HEIGHT: Final = 3
SITE_RANGE: Final = 4
SITE_RANGE_PRIMARY: Final = 5
SITE_RANGE_BIAS: Final = 6
SITE_AZIMUTH: Final = 7
SITE_AZIMUTH_PRIMARY: Final = 8
SITE_AZIMUTH_BIAS: Final = 9
SITE_LEVEL: Final = 10
SITE_WIDTH: Final = 11
"""Columns of the sites' table: SAC * 256 + SIC, or -1 for any; place in rad and metres; sigmas and
systematic errors in metres and rad; what pressure altitude is off by (95 %), metres."""

_RANGE_LSB_M: Final = NM_M / 256
_UNKNOWN_HEIGHT_M: Final = 6_500.0
_UNKNOWN_HEIGHT_95_M: Final = 6_500.0
"""Without any height it is taken to be from the ellipsoid up to 13 km."""


@kernel
def site_of(sites: npt.NDArray[np.float64], key: int) -> int:
    """The row of a radar's site; its own before one for any; -1 if there is none."""
    other = -1
    for row in range(len(sites)):
        if sites[row, SITE_KEY] == key:
            return row
        if sites[row, SITE_KEY] < 0:
            other = row
    return other


@kernel
def radius_95(
    site: npt.NDArray[np.float64],
    primary: bool,
    slant: float,
    azimuth: float,
    height: float,
    height_95: float,
    circle: float,
) -> float:
    """Radius that holds 95 % of places, metres.

    What the radar is off by at random (a Gaussian ellipse: its longer half-axis), what it is off by
    systematically, and what an error of the height does to the way along the ground.
    """
    along = site[SITE_RANGE_PRIMARY] if primary else site[SITE_RANGE]
    across = slant * (site[SITE_AZIMUTH_PRIMARY] if primary else site[SITE_AZIMUTH])
    radius = radius_along(site[SITE_LAT], azimuth)
    here = ground_range(radius, site[SITE_HEIGHT], slant, height)
    slack = 0.0
    for side in (-1.0, 1.0):
        there = ground_range(radius, site[SITE_HEIGHT], slant, height + side * height_95)
        slack = max(slack, abs(there - here))
    return float(
        circle * max(along, across)
        + math.hypot(site[SITE_RANGE_BIAS], slant * site[SITE_AZIMUTH_BIAS])
        + slack
    )


@kernel
def read_048(
    buffer: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    sites: npt.NDArray[np.float64],
    circle: float,
    numbers: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
) -> None:
    """Fill in columns.

    Args:
        offsets: int32[records, len(SLOTS)], -1 where an item is missing.
        sites: float64[radars, SITE_WIDTH].
        circle: how many sigmas hold 95 % of two errors.
        numbers, codes: see `_columns`; NaN and 0 all over.
    """
    for i in range(len(offsets)):
        row = offsets[i]
        fate = KEPT
        primary = False
        beyond = False
        at = row[_DESCRIPTOR]
        if at >= 0:
            kind = u8(buffer, at) >> 5
            primary = kind == 1
            if kind == 0:
                fate = NO_POSITION
            if u8(buffer, at) & 0x10:
                fate = SIMULATED
            elif u8(buffer, at) & 0x02:
                fate = NOT_AIRCRAFT
            if u8(buffer, at) & 1:
                if u8(buffer, at + 1) & 0x80:
                    fate = SIMULATED
                beyond = (u8(buffer, at + 1) & 0x40) != 0
        at = row[_TRACK_STATUS]
        if at >= 0 and u8(buffer, at) & 1 and u8(buffer, at + 1) & 0x40 and fate == KEPT:
            fate = SUSPECT
        ground = on_ground(buffer, row[_FLIGHT_STATUS], GROUND_UNKNOWN)

        key = u16(buffer, row[_SOURCE]) if row[_SOURCE] >= 0 else -2
        at = row[_ADDRESS]
        if at >= 0 and u24(buffer, at) > 0:
            identity = ICAO | u24(buffer, at)
        else:
            identity = numbered_track(buffer, row[_SOURCE], row[_TRACK], 0x0FFF)
        if identity == 0 and fate == KEPT:
            fate = NO_IDENTITY
        codes[IDENTITY, i] = identity
        if row[_IDENTIFICATION] >= 0:
            codes[CALLSIGN, i] = u48(buffer, row[_IDENTIFICATION])

        tod = time_of_day(buffer, row[_TIME])
        numbers[TOD_S, i] = tod
        fate = timed(fate, tod)

        level = math.nan
        at = row[_LEVEL]
        if at >= 0 and not u8(buffer, at) & 0xC0:
            level = s14(buffer, at) * LEVEL_LSB_M
            numbers[PRESSURE_M, i] = level
        at = row[_VELOCITY]
        if at >= 0:
            numbers[SPEED_M_S, i] = u16(buffer, at) * SPEED_LSB_M_S
            numbers[TRACK_DEG, i] = u16(buffer, at + 2) * ANGLE_LSB_DEG

        at = row[_POLAR]
        site = site_of(sites, key)
        if fate == KEPT:
            if at < 0:
                fate = NO_POSITION
            elif beyond:
                # The range is in the reserved expansion field; here is the largest there is.
                fate = OUT_OF_RANGE
            elif site < 0:
                fate = NO_SITE
        if fate == KEPT:
            slant = max(1.0, u16(buffer, at) * _RANGE_LSB_M)
            azimuth = math.radians(u16(buffer, at + 2) * ANGLE_LSB_DEG)
            height = _UNKNOWN_HEIGHT_M
            height_95 = _UNKNOWN_HEIGHT_95_M
            if not math.isnan(level):
                height = level
                height_95 = sites[site, SITE_LEVEL]
            elif row[_HEIGHT] >= 0:
                height = s14(buffer, row[_HEIGHT]) * LEVEL_LSB_M
                height_95 = sites[site, SITE_LEVEL]
            lat, lng = place(
                sites[site, SITE_LAT],
                sites[site, SITE_LNG],
                sites[site, SITE_HEIGHT],
                slant,
                azimuth,
                height,
            )
            degrees = math.degrees(lng)
            numbers[LAT_DEG, i] = math.degrees(lat)
            numbers[LNG_DEG, i] = -180.0 if degrees >= 180.0 else degrees
            numbers[HORIZONTAL_M, i] = radius_95(
                sites[site], primary, slant, azimuth, height, height_95, circle
            )
        codes[BASIS, i] = ASSUMED
        codes[GROUND, i] = ground
        codes[FATE, i] = fate
