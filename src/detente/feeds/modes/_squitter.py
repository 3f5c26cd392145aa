"""What the 56 bits of an extended squitter say. Bits are numbered from 1 as the standard does.

Source: RTCA DO-260B, 2.2.3.2 (ADS-B), 2.2.17 (TIS-B), 2.2.18 (ADS-R); DO-260 and DO-260A where they
differ, which is told by the version in the operational status.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from detente.geo import kernel

from ._codes import MOVEMENT_KT, altitude12_ft
from ._message import (
    AIRBORNE,
    ALTITUDE,
    CPR_POSITION,
    IDENTIFICATION,
    ON_GROUND,
    OTHER_ADDRESS,
    STATUS,
    TARGET_STATE,
    VELOCITY,
)

DIRECT: Final = 0
TIS_B: Final = 1
ADS_R: Final = 2
"""As in `relays.RELAYS`."""


@kernel
def bits(message: int, first: int, last: int) -> int:
    """Bits from `first` to `last`, both included."""
    return (message >> (56 - last)) & ((1 << (last - first + 1)) - 1)


@kernel
def squitter(me: int, said: np.void) -> None:
    """Fill in what the message field tells; `said["relay"]` is set already."""
    code = bits(me, 1, 5)
    said["type"] = code
    if 9 <= code <= 18 or 20 <= code <= 22 or code == 0:
        _airborne_position(me, code, said)
    elif 5 <= code <= 8:
        _surface_position(me, said)
    elif code == 19:
        _velocity(me, said)
    elif 1 <= code <= 4:
        said["kind"] = IDENTIFICATION
        said["callsign"] = bits(me, 9, 56)
    elif code == 29:
        _target_state(me, said)
    elif code == 31:
        _status(me, said)


@kernel
def _relayed_address(me: int, place: int, said: np.void) -> None:
    """What other services relay says in one bit whether ICAO assigned the address."""
    if said["relay"] != DIRECT and bits(me, place, place):
        said["address"] = said["address"] | OTHER_ADDRESS


@kernel
def _airborne_position(me: int, code: int, said: np.void) -> None:
    said["ground"] = AIRBORNE
    # Both kinds of height are written alike.
    altitude = altitude12_ft(bits(me, 9, 20))
    if code >= 20:
        said["geometric_ft"] = altitude
    else:
        said["pressure_ft"] = altitude
    if code == 0:
        said["kind"] = ALTITUDE
        return
    said["kind"] = CPR_POSITION
    if said["relay"] == DIRECT:
        said["nic_b"] = bits(me, 8, 8)
    _relayed_address(me, 8, said)
    said["odd"] = bits(me, 22, 22)
    said["cpr_lat"] = bits(me, 23, 39)
    said["cpr_lng"] = bits(me, 40, 56)


@kernel
def _surface_position(me: int, said: np.void) -> None:
    said["kind"] = CPR_POSITION
    said["surface"] = 1
    said["ground"] = ON_GROUND
    said["speed_kt"] = MOVEMENT_KT[bits(me, 6, 12)]
    if bits(me, 13, 13):
        said["track_deg"] = bits(me, 14, 20) * (360.0 / 128.0)
    _relayed_address(me, 21, said)
    said["odd"] = bits(me, 22, 22)
    said["cpr_lat"] = bits(me, 23, 39)
    said["cpr_lng"] = bits(me, 40, 56)


@kernel
def _component(negative: int, code: int, factor: int) -> float:
    """One axis of a velocity, in knots; NaN if not told, or more than can be told."""
    if code in (0, 1023):
        return np.nan
    speed = float((code - 1) * factor)
    return 0.0 - speed if negative else speed


@kernel
def _velocity(me: int, said: np.void) -> None:
    subtype = bits(me, 6, 8)
    if subtype < 1 or subtype > 4:
        return
    said["kind"] = VELOCITY
    said["ground"] = AIRBORNE
    said["nac_v"] = bits(me, 11, 13)
    _relayed_address(me, 9, said)
    factor = 4 if subtype in (2, 4) else 1
    if subtype <= 2:
        east = _component(bits(me, 14, 14), bits(me, 15, 24), factor)
        north = _component(bits(me, 25, 25), bits(me, 26, 35), factor)
        speed = np.sqrt(east * east + north * north)
        said["speed_kt"] = speed
        if speed > 0.0:
            said["track_deg"] = np.degrees(np.arctan2(east, north)) % 360.0
    else:
        if bits(me, 14, 14):
            said["heading_deg"] = bits(me, 15, 24) * (360.0 / 1024.0)
        said["airspeed_kt"] = _component(0, bits(me, 26, 35), factor)
    rate = bits(me, 38, 46)
    if rate not in (0, 511):
        climb = 64.0 * (rate - 1)
        said["climb_ft_min"] = 0.0 - climb if bits(me, 37, 37) else climb
    difference = bits(me, 50, 56)
    # Where a ground station relays radar targets these bits hold something else.
    if said["relay"] != TIS_B and difference not in (0, 127):
        feet = 25.0 * (difference - 1)
        said["difference_ft"] = 0.0 - feet if bits(me, 49, 49) else feet


@kernel
def _target_state(me: int, said: np.void) -> None:
    if bits(me, 6, 7) > 1:
        return
    said["kind"] = TARGET_STATE
    _relayed_address(me, 51, said)
    said["nac_p"] = bits(me, 40, 43)
    said["sil"] = bits(me, 45, 46)


@kernel
def _status(me: int, said: np.void) -> None:
    subtype = bits(me, 6, 8)
    if subtype > 1:
        return
    said["kind"] = STATUS
    said["ground"] = ON_GROUND if subtype else AIRBORNE
    _relayed_address(me, 56, said)
    version = bits(me, 41, 43)
    said["version"] = version
    if version == 0:
        return
    said["nic_a"] = bits(me, 44, 44)
    said["nac_p"] = bits(me, 45, 48)
    said["sil"] = bits(me, 51, 52)
    if version >= 2:
        if subtype == 0:
            said["gva"] = bits(me, 49, 50)
        else:
            said["nic_c"] = bits(me, 20, 20)
