"""Kernel that reads lines of BaseStation text.

Format (woodair.net, "SBS-1 BaseStation Socket Data"): `MSG`, kind of message, session, aircraft,
address, flight, date and time of the message, date and time of its logging, callsign, altitude,
speed, track, latitude, longitude, climb, squawk, alert, emergency, identification, on ground.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from .modes import (
    AIRBORNE,
    ALTITUDE,
    FRAMING,
    IDENTIFICATION,
    NO_IDENTITY,
    NOT_READ,
    ON_GROUND,
    OTHER_ADDRESS,
    PLAIN_POSITION,
    VELOCITY,
    clear,
)

_COMMA: Final = 44
_KIND: Final = 1
_ADDRESS: Final = 4
_DATE: Final = 6
_TIME: Final = 7
_CALLSIGN: Final = 10
_ALTITUDE: Final = 11
_SPEED: Final = 12
_TRACK: Final = 13
_LAT: Final = 14
_LNG: Final = 15
_CLIMB: Final = 16
_GROUND: Final = 21
_FIELDS: Final = 22
_NEVER: Final = -(1 << 63)
_DAY_US: Final = 86_400_000_000


@kernel
def read_lines(
    data: npt.NDArray[np.uint8],
    messages: npt.NDArray[np.void],
    time_us: npt.NDArray[np.int64],
) -> int:
    """Read lines that are whole, each of which ends with a line feed.

    Args:
        data: whole lines.
        messages: `MESSAGE` rows to be filled in, one for each line that is not empty.
        time_us: likewise: when each was made as its line says, as if that were UTC; the least
            integer if it does not say.

    Returns:
        How many rows were filled in.
    """
    starts = np.empty(_FIELDS + 1, dtype=np.int64)
    made = begin = 0
    for i in range(len(data)):
        if data[i] != 10:
            continue
        end = i
        while end > begin and data[end - 1] in (13, 32):
            end -= 1
        if end > begin:
            said = messages[made]
            clear(said)
            time_us[made] = _NEVER
            if not _is_message(data, begin, end):
                said["fate"] = NOT_READ
            elif _fields(data, begin, end, starts) != _FIELDS:
                said["fate"] = FRAMING
            else:
                time_us[made] = _moment(data, starts)
                _message(data, starts, said)
            made += 1
        begin = i + 1
    return made


@kernel
def _is_message(data: npt.NDArray[np.uint8], begin: int, end: int) -> bool:
    return (
        end - begin > 4
        and data[begin] == 77
        and data[begin + 1] == 83
        and data[begin + 2] == 71
        and data[begin + 3] == _COMMA
    )


@kernel
def _fields(
    data: npt.NDArray[np.uint8], begin: int, end: int, starts: npt.NDArray[np.int64]
) -> int:
    """Where fields begin, the end of the last one too; how many there are."""
    starts[0] = begin
    count = 1
    for i in range(begin, end):
        if data[i] == _COMMA:
            if count == _FIELDS:
                return _FIELDS + 1
            starts[count] = i + 1
            count += 1
    starts[count] = end + 1
    return count


@kernel
def _number(data: npt.NDArray[np.uint8], begin: int, end: int) -> float:
    """A decimal number; NaN if there is none."""
    negative = begin < end and data[begin] == 45
    if negative or (begin < end and data[begin] == 43):
        begin += 1
    if begin >= end or end - begin > 18:
        return np.nan
    whole = np.int64(0)
    scale = 1.0
    point = False
    digits = 0
    for i in range(begin, end):
        octet = data[i]
        if octet == 46 and not point:
            point = True
        elif 48 <= octet <= 57:
            whole = whole * 10 + (octet - 48)
            digits += 1
            if point:
                scale *= 10.0
        else:
            return np.nan
    if digits == 0:
        return np.nan
    return (-whole if negative else whole) / scale


@kernel
def _whole(data: npt.NDArray[np.uint8], begin: int, count: int) -> int:
    """So many digits; -1 if they are none."""
    value = 0
    for i in range(begin, begin + count):
        if not 48 <= data[i] <= 57:
            return -1
        value = value * 10 + (data[i] - 48)
    return value


@kernel
def _moment(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> int:
    """`2026/11/23` and `07:30:15.123` as µs since 1970; the least integer if not so written."""
    day, clock = starts[_DATE], starts[_TIME]
    if starts[_DATE + 1] - 1 - day != 10 or not 8 <= starts[_TIME + 1] - 1 - clock <= 15:
        return _NEVER
    year, month, date = _whole(data, day, 4), _whole(data, day + 5, 2), _whole(data, day + 8, 2)
    hour, minute = _whole(data, clock, 2), _whole(data, clock + 3, 2)
    second = _whole(data, clock + 6, 2)
    if year < 1970 or not (1 <= month <= 12 and 1 <= date <= 31):
        return _NEVER
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60):
        return _NEVER
    micro = 0
    unit = 100_000
    for i in range(clock + 9, starts[_TIME + 1] - 1):
        if data[clock + 8] != 46 or not 48 <= data[i] <= 57:
            return _NEVER
        micro += unit * (data[i] - 48)
        unit //= 10
    # Days of the civil calendar, with years that begin in March.
    years = year - 1 if month <= 2 else year
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + date - 1
    days = 365 * years + years // 4 - years // 100 + years // 400 + day_of_year - 719_468
    return days * _DAY_US + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro


@kernel
def _address(data: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """Six hexadecimal digits, after `~` if ICAO did not assign them; 0 if they are none."""
    value = 0
    if begin < end and data[begin] == 126:
        value = OTHER_ADDRESS
        begin += 1
    if end - begin != 6:
        return 0
    for i in range(begin, end):
        octet = data[i]
        if 48 <= octet <= 57:
            digit = octet - 48
        elif 97 <= (octet | 0x20) <= 102:
            digit = (octet | 0x20) - 87
        else:
            return 0
        value |= int(digit) << (4 * (5 - (i - begin)))
    return value


@kernel
def _callsign(data: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """Eight characters of six bits; 0 if there is no name."""
    if end <= begin or end - begin > 8:
        return 0
    packed = np.int64(0)
    for k in range(8):
        octet = data[begin + k] if begin + k < end else 32
        if 97 <= octet <= 122:
            octet -= 32
        if not (65 <= octet <= 90 or 48 <= octet <= 57 or octet == 32):
            return 0
        packed = packed << 6 | (octet & 0x3F)
    return int(packed)


@kernel
def _message(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], said: np.void) -> None:
    kind = _number(data, starts[_KIND], starts[_KIND + 1] - 1)
    if not 1 <= kind <= 8:
        said["fate"] = FRAMING
        return
    said["type"] = int(kind)
    address = _address(data, starts[_ADDRESS], starts[_ADDRESS + 1] - 1)
    if address & 0xFFFFFF == 0:
        said["fate"] = NO_IDENTITY
        return
    said["address"] = address
    said["callsign"] = _callsign(data, starts[_CALLSIGN], starts[_CALLSIGN + 1] - 1)
    said["pressure_ft"] = _number(data, starts[_ALTITUDE], starts[_ALTITUDE + 1] - 1)
    said["speed_kt"] = _number(data, starts[_SPEED], starts[_SPEED + 1] - 1)
    said["track_deg"] = _number(data, starts[_TRACK], starts[_TRACK + 1] - 1)
    said["climb_ft_min"] = _number(data, starts[_CLIMB], starts[_CLIMB + 1] - 1)
    said["lat_deg"] = _number(data, starts[_LAT], starts[_LAT + 1] - 1)
    said["lng_deg"] = _number(data, starts[_LNG], starts[_LNG + 1] - 1)
    ground = _number(data, starts[_GROUND], starts[_GROUND + 1] - 1)
    if ground == 0:
        said["ground"] = AIRBORNE
    elif not np.isnan(ground):
        said["ground"] = ON_GROUND
    if not np.isnan(said["lat_deg"]) and not np.isnan(said["lng_deg"]):
        said["kind"] = PLAIN_POSITION
        said["surface"] = kind == 2
    elif not np.isnan(said["speed_kt"]) or not np.isnan(said["climb_ft_min"]):
        said["kind"] = VELOCITY
    elif not np.isnan(said["pressure_ft"]):
        said["kind"] = ALTITUDE
    else:
        said["kind"] = IDENTIFICATION
