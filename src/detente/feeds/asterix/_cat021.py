"""Category 021, ADS-B target reports, editions 2.1 and later: what a record's items say."""

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
    DAY_S,
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
    STATED,
    SUSPECT,
    TOD_S,
    TRACK_DEG,
    VERTICAL_M,
)
from ._octets import s15, s16, s24, s32, u8, u24, u32, u48
from ._shared import (
    ground_vector,
    is_no_aircraft,
    numbered_track,
    placed,
    scaled,
    time_of_day,
    timed,
)

SLOTS: Final = (
    "010", "040", "161", "071", "073", "074", "077", "130", "131", "140",
    "145", "090", "210", "080", "020", "160", "155", "157", "170",
)  # fmt: skip
(
    _SOURCE, _DESCRIPTOR, _TRACK, _APPLICABLE, _RECEIVED, _RECEIVED_FINE, _SENT, _POSITION,
    _POSITION_FINE, _HEIGHT, _LEVEL, _QUALITY, _VERSION, _ADDRESS, _EMITTER, _VELOCITY,
    _BAROMETRIC_RATE, _GEOMETRIC_RATE, _IDENTIFICATION,
) = range(len(SLOTS))  # fmt: skip

_COARSE_DEG: Final = 180.0 / (1 << 23)
_FINE_DEG: Final = 180.0 / (1 << 30)


@kernel
def time_of(buffer: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32]) -> float:
    """When the position applied; else when it was received; else when the report was sent."""
    if offsets[_APPLICABLE] >= 0:
        return time_of_day(buffer, offsets[_APPLICABLE])
    at = offsets[_RECEIVED]
    if at >= 0:
        coarse = u24(buffer, at)
        fine = offsets[_RECEIVED_FINE]
        if fine >= 0:
            second = u8(buffer, fine) >> 6
            if second != 3:
                whole = (coarse >> 7) + (0 if second == 0 else 1 if second == 1 else -1)
                value = whole + (u32(buffer, fine) & 0x3FFF_FFFF) / 1_073_741_824.0
                return value + DAY_S if value < 0 else value - DAY_S if value >= DAY_S else value
        return time_of_day(buffer, at)
    return time_of_day(buffer, offsets[_SENT])


@kernel
def quality_of(
    buffer: npt.NDArray[np.uint8],
    at: int,
    version: int,
    tables: npt.NDArray[np.float64],
) -> tuple[float, float, float, int]:
    """Horizontal, vertical, containment (m; NaN if not told) and the basis of the first.

    Without a category of accuracy it is half the containment, as in DO-260's coarser categories.

    Args:
        version: of the aircraft's equipment (I021/210), -1 if not told.
        tables: float64[6, 16]: NIC, NACp, NUCp's containment and accuracy, PIC and GVA in metres.
    """
    category = (u8(buffer, at) >> 1) & 0x0F
    accuracy = -1
    vertical = 0
    integrity = 0
    if u8(buffer, at) & 1:
        accuracy = (u8(buffer, at + 1) >> 1) & 0x0F
        if u8(buffer, at + 1) & 1:
            vertical = (u8(buffer, at + 2) >> 1) & 0x03
            if u8(buffer, at + 2) & 1:
                integrity = u8(buffer, at + 3) >> 4
    # Whoever tells no version, and no category of accuracy, is taken for version 0, the coarsest.
    if version == 0 or (version < 0 and accuracy < 0):
        return tables[3, category], math.nan, tables[2, category], DERIVED
    containment = tables[4, integrity]
    if math.isnan(containment):
        containment = tables[0, category]
    basis = DERIVED
    horizontal = 0.5 * containment
    if accuracy >= 0 and not math.isnan(tables[1, accuracy]):
        basis = STATED
        horizontal = tables[1, accuracy]
    elif math.isnan(containment):
        horizontal = tables[1, 0]
    return horizontal, tables[5, vertical] if version >= 2 else math.nan, containment, basis


@kernel
def read_021(
    buffer: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    tables: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
) -> None:
    """Fill in columns.

    Args:
        offsets: int32[records, len(SLOTS)], -1 where an item is missing.
        tables: see `quality_of`.
        numbers, codes: see `_columns`; NaN and 0 all over.
    """
    for i in range(len(offsets)):
        row = offsets[i]
        fate = KEPT
        ground = GROUND_UNKNOWN
        kind = 0
        at = row[_DESCRIPTOR]
        if at >= 0:
            kind = u8(buffer, at) >> 5
            if u8(buffer, at) & 0x02 or kind == 2:
                fate = NOT_AIRCRAFT
            if u8(buffer, at) & 1:
                second = u8(buffer, at + 1)
                ground = ON_GROUND if second & 0x40 else AIRBORNE
                if second & 0x30:
                    fate = SIMULATED
                if second & 1 and u8(buffer, at + 2) & 0x0A and fate == KEPT:
                    fate = SUSPECT
        if is_no_aircraft(buffer, row[_EMITTER]):
            fate = NOT_AIRCRAFT

        at = row[_ADDRESS]
        if at >= 0 and u24(buffer, at) > 0:
            identity = (ICAO if kind == 0 else OTHER_ADDRESS) | u24(buffer, at)
        else:
            identity = numbered_track(buffer, row[_SOURCE], row[_TRACK], 0xFFFF)
        if identity == 0 and fate == KEPT:
            fate = NO_IDENTITY
        codes[IDENTITY, i] = identity
        at = row[_IDENTIFICATION]
        if at >= 0:
            codes[CALLSIGN, i] = u48(buffer, at)

        tod = time_of(buffer, row)
        numbers[TOD_S, i] = tod
        fate = timed(fate, tod)

        lat = math.nan
        lng = math.nan
        at = row[_POSITION_FINE]
        if at >= 0:
            lat = s32(buffer, at) * _FINE_DEG
            lng = s32(buffer, at + 4) * _FINE_DEG
        elif row[_POSITION] >= 0:
            at = row[_POSITION]
            lat = s24(buffer, at) * _COARSE_DEG
            lng = s24(buffer, at + 3) * _COARSE_DEG
        fate = placed(fate, lat, lng)
        numbers[LAT_DEG, i] = lat
        numbers[LNG_DEG, i] = -180.0 if lng == 180 else lng

        at = row[_HEIGHT]
        if at >= 0 and s16(buffer, at) != 32_767:
            numbers[ALTITUDE_M, i] = s16(buffer, at) * ALTITUDE_LSB_M
        numbers[PRESSURE_M, i] = scaled(buffer, row[_LEVEL], LEVEL_LSB_M)
        numbers[SPEED_M_S, i], numbers[TRACK_DEG, i] = ground_vector(buffer, row[_VELOCITY])
        at = row[_GEOMETRIC_RATE]
        if at < 0 or u8(buffer, at) & 0x80:
            at = row[_BAROMETRIC_RATE]
        if at >= 0 and not u8(buffer, at) & 0x80:
            numbers[CLIMB_M_S, i] = s15(buffer, at) * CLIMB_LSB_M_S

        basis = ASSUMED
        at = row[_QUALITY]
        if at >= 0:
            version = -1
            if row[_VERSION] >= 0 and not u8(buffer, row[_VERSION]) & 0x40:
                version = (u8(buffer, row[_VERSION]) >> 3) & 0x07
            horizontal, vertical, containment, basis = quality_of(buffer, at, version, tables)
            numbers[HORIZONTAL_M, i] = horizontal
            numbers[CONTAINMENT_M, i] = containment
            if not math.isnan(numbers[ALTITUDE_M, i]):
                numbers[VERTICAL_M, i] = vertical
        codes[BASIS, i] = basis
        codes[GROUND, i] = ground
        codes[FATE, i] = fate
