"""What items of several categories say in the same way."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import (
    AIRBORNE,
    ANGLE_LSB_DEG,
    DAY_S,
    KEPT,
    NO_POSITION,
    NO_TIME,
    ON_GROUND,
    OUT_OF_RANGE,
    SPEED_LSB_M_S,
    TRACK_NUMBER,
)
from ._octets import s16, u8, u16, u24

_TICK_S: Final = 1.0 / 128


@kernel
def time_of_day(buffer: npt.NDArray[np.uint8], at: int) -> float:
    """Seconds since midnight, of three octets; NaN without the item."""
    return u24(buffer, at) * _TICK_S if at >= 0 else math.nan


@kernel
def timed(fate: int, tod: float) -> int:
    """What becomes of a record with that time of day."""
    return NO_TIME if fate == KEPT and not 0 <= tod < DAY_S else fate


@kernel
def placed(fate: int, lat: float, lng: float) -> int:
    """What becomes of a record at that place; a latitude of NaN says that there is none."""
    if fate != KEPT or (abs(lat) <= 90 and abs(lng) <= 180):
        return fate
    return NO_POSITION if math.isnan(lat) else OUT_OF_RANGE


@kernel
def scaled(buffer: npt.NDArray[np.uint8], at: int, unit: float) -> float:
    """What two signed octets say; NaN without the item."""
    return s16(buffer, at) * unit if at >= 0 else math.nan


@kernel
def ground_vector(buffer: npt.NDArray[np.uint8], at: int) -> tuple[float, float]:
    """Speed and track; a speed with the first bit set is none, and NaN like what is missing."""
    if at < 0:
        return math.nan, math.nan
    speed = u16(buffer, at)
    track = u16(buffer, at + 2) * ANGLE_LSB_DEG
    return speed * SPEED_LSB_M_S if speed < 32_768 else math.nan, track


@kernel
def numbered_track(buffer: npt.NDArray[np.uint8], source: int, track: int, bits: int) -> int:
    """An identity of SAC, SIC and the lower bits of a track's number; 0 if one is missing."""
    if source < 0 or track < 0:
        return 0
    return TRACK_NUMBER | (u16(buffer, source) << 16) | (u16(buffer, track) & bits)


@kernel
def is_no_aircraft(buffer: npt.NDArray[np.uint8], at: int) -> bool:
    """Whether an emitter's category is one of vehicles and obstacles."""
    return at >= 0 and 20 <= u8(buffer, at) <= 24


@kernel
def on_ground(buffer: npt.NDArray[np.uint8], at: int, otherwise: int) -> int:
    """What a transponder's flight status says (communications and ACAS capability)."""
    if at >= 0:
        flight = (u8(buffer, at) >> 2) & 0x07
        if flight == 0 or flight == 2:
            return AIRBORNE
        if flight == 1 or flight == 3:
            return ON_GROUND
    return otherwise
