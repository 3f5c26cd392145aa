"""Category 021, ADS-B target reports, editions 0.23 to 0.26: what a record's items say."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import (
    AIRBORNE,
    ALTITUDE_LSB_M,
    ALTITUDE_M,
    ASSUMED,
    BASIS,
    CALLSIGN,
    CLIMB_LSB_M_S,
    CLIMB_M_S,
    CONTAINMENT_M,
    DERIVED,
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
    NO_IDENTITY,
    NOT_AIRCRAFT,
    ON_GROUND,
    OTHER_ADDRESS,
    PRESSURE_M,
    SIMULATED,
    SPEED_M_S,
    TOD_S,
    TRACK_DEG,
)
from ._octets import s24, s32, u8, u24, u48
from ._shared import ground_vector, is_no_aircraft, placed, scaled, time_of_day, timed

SLOTS: Final = (
    "040", "030", "130", "080", "140", "090", "145", "155", "157", "160", "170", "020",
)  # fmt: skip
(
    _DESCRIPTOR, _TIME, _POSITION, _ADDRESS, _HEIGHT, _MERIT, _LEVEL, _BAROMETRIC_RATE,
    _GEOMETRIC_RATE, _VELOCITY, _IDENTIFICATION, _EMITTER,
) = range(len(SLOTS))  # fmt: skip

_COARSE_DEG: Final = 180.0 / (1 << 23)
_FINE_DEG: Final = 180.0 / (1 << 25)


@kernel
def read_021_early(
    buffer: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    coarse: bool,
    tables: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
) -> None:
    """Fill in columns.

    Args:
        offsets: int32[records, len(SLOTS)], -1 where an item is missing.
        coarse: positions are of 24 bits, as in edition 0.23.
        tables: as in `_cat021.quality_of`.
        numbers, codes: see `_columns`; NaN and 0 all over.
    """
    for i in range(len(offsets)):
        row = offsets[i]
        fate = KEPT
        ground = GROUND_UNKNOWN
        kind = 0
        at = row[_DESCRIPTOR]
        if at >= 0:
            kind = u8(buffer, at + 1) >> 5
            ground = ON_GROUND if u8(buffer, at) & 0x40 else AIRBORNE
            if u8(buffer, at) & 0x30:
                fate = SIMULATED
            if u8(buffer, at) & 0x08 or kind == 2:
                fate = NOT_AIRCRAFT
        if is_no_aircraft(buffer, row[_EMITTER]):
            fate = NOT_AIRCRAFT

        at = row[_ADDRESS]
        if at >= 0 and u24(buffer, at) > 0:
            codes[IDENTITY, i] = (ICAO if kind == 1 else OTHER_ADDRESS) | u24(buffer, at)
        elif fate == KEPT:
            fate = NO_IDENTITY
        at = row[_IDENTIFICATION]
        if at >= 0:
            codes[CALLSIGN, i] = u48(buffer, at)

        tod = time_of_day(buffer, row[_TIME])
        numbers[TOD_S, i] = tod
        fate = timed(fate, tod)

        lat = math.nan
        lng = math.nan
        at = row[_POSITION]
        if at >= 0:
            if coarse:
                lat = s24(buffer, at) * _COARSE_DEG
                lng = s24(buffer, at + 3) * _COARSE_DEG
            else:
                lat = s32(buffer, at) * _FINE_DEG
                lng = s32(buffer, at + 4) * _FINE_DEG
        fate = placed(fate, lat, lng)
        numbers[LAT_DEG, i] = lat
        numbers[LNG_DEG, i] = -180.0 if lng == 180 else lng

        numbers[ALTITUDE_M, i] = scaled(buffer, row[_HEIGHT], ALTITUDE_LSB_M)
        numbers[PRESSURE_M, i] = scaled(buffer, row[_LEVEL], LEVEL_LSB_M)
        numbers[SPEED_M_S, i], numbers[TRACK_DEG, i] = ground_vector(buffer, row[_VELOCITY])
        at = row[_GEOMETRIC_RATE] if row[_GEOMETRIC_RATE] >= 0 else row[_BAROMETRIC_RATE]
        numbers[CLIMB_M_S, i] = scaled(buffer, at, CLIMB_LSB_M_S)

        basis = ASSUMED
        at = row[_MERIT]
        if at >= 0:
            category = u8(buffer, at + 1) & 0x0F
            numbers[HORIZONTAL_M, i] = tables[3, category]
            numbers[CONTAINMENT_M, i] = tables[2, category]
            if not math.isnan(tables[3, category]):
                basis = DERIVED
        codes[BASIS, i] = basis
        codes[GROUND, i] = ground
        codes[FATE, i] = fate
