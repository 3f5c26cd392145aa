"""Where an aircraft is: halves of positions are paired, and what cannot be is doubted."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._aircraft import NEVER
from ._cpr import airborne_place, local_place, surface_place
from ._message import NO_REFERENCE, OUT_OF_RANGE, UNPAIRED, UNREASONABLE, USED

_S: Final = 1_000_000
PAIR_US: Final = 10 * _S
"""Two airborne halves are of one place if they are no further apart (DO-260B, 2.2.10.3.1),"""
PAIR_SURFACE_US: Final = 50 * _S
"""two surface halves if the aircraft is slow (DO-260B, 2.2.10.3.2),"""
PAIR_FAST_US: Final = 25 * _S
"""and if it is not, or does not say."""
FAST_KT: Final = 25.0
LOCAL_US: Final = 180 * _S
"""So long after its last place an aircraft is looked for near it."""
DOUBT_US: Final = 30 * _S
FASTEST_M_S: Final = 1000.0
SLACK_M: Final = 1000.0
"""What is further from the last place than one flies at this speed, and this, is doubted."""
_DEGREE_M: Final = 111_319.5
"""At the equator: no degree is longer, in either direction, by more than 0.4 %."""


@kernel
def within(then_us: int, now_us: int, limit_us: int) -> bool:
    """Whether two times are no further apart; nothing is near `NEVER`."""
    return then_us != NEVER and abs(now_us - then_us) <= limit_us


@kernel
def place(
    said: np.void,
    now: int,
    one: np.void,
    pair: npt.NDArray[np.void],
    receiver: npt.NDArray[np.float64],
) -> tuple[int, float, float]:
    """Where an aircraft is, from this half with the last one or with its last place."""
    odd = said["odd"]
    mine, other = pair[odd], pair[1 - odd]
    paired = _pairs(said, now, other)
    if now >= mine["us"]:
        mine["us"] = now
        mine["lat"] = said["cpr_lat"]
        mine["lng"] = said["cpr_lng"]
        mine["surface"] = said["surface"]
    fate, lat, lng = UNPAIRED, np.nan, np.nan
    if paired:
        fate, lat, lng = _global(said, now, one, other, receiver)
    whole = fate == USED
    if not whole and within(one["place_us"], now, LOCAL_US):
        fate, lat, lng = local_place(
            said["cpr_lat"], said["cpr_lng"], odd, said["surface"], one["lat_deg"], one["lng_deg"]
        )
    if fate != USED:
        return fate, np.nan, np.nan
    if _far(receiver[0], receiver[1], lat, lng, receiver[2]):
        return OUT_OF_RANGE, np.nan, np.nan
    if within(one["place_us"], now, LOCAL_US) and not _flyable(
        one["lat_deg"], one["lng_deg"], one["place_us"], lat, lng, now
    ):
        again = within(one["doubted_us"], now, DOUBT_US) and _flyable(
            one["doubted_lat_deg"], one["doubted_lng_deg"], one["doubted_us"], lat, lng, now
        )
        if whole:
            one["doubted_us"] = now
            one["doubted_lat_deg"] = lat
            one["doubted_lng_deg"] = lng
        # A place that two pairs agree on is believed: then the aircraft says that it is there.
        if not (whole and again):
            return UNREASONABLE, np.nan, np.nan
    if now >= one["place_us"]:
        one["place_us"] = now
        one["lat_deg"] = lat
        one["lng_deg"] = lng
    return USED, lat, lng


@kernel
def _pairs(said: np.void, now: int, other: np.void) -> bool:
    """Whether the last half of the other kind is of the same place. Time only goes on."""
    if other["us"] == NEVER or other["surface"] != said["surface"] or other["us"] > now:
        return False
    if not said["surface"]:
        limit = PAIR_US
    elif said["speed_kt"] <= FAST_KT:
        limit = PAIR_SURFACE_US
    else:
        limit = PAIR_FAST_US
    return bool(now - other["us"] <= limit)


@kernel
def _global(
    said: np.void, now: int, one: np.void, other: np.void, receiver: npt.NDArray[np.float64]
) -> tuple[int, float, float]:
    """The place of two halves."""
    odd = said["odd"]
    even_lat, even_lng, odd_lat, odd_lng = (
        said["cpr_lat"],
        said["cpr_lng"],
        other["lat"],
        other["lng"],
    )
    if odd:
        even_lat, even_lng, odd_lat, odd_lng = odd_lat, odd_lng, even_lat, even_lng
    if not said["surface"]:
        return airborne_place(even_lat, even_lng, odd_lat, odd_lng, odd)
    near_lat, near_lng = receiver[0], receiver[1]
    if one["place_us"] != NEVER:
        near_lat, near_lng = one["lat_deg"], one["lng_deg"]
    if np.isnan(near_lat):
        return NO_REFERENCE, np.nan, np.nan
    return surface_place(even_lat, even_lng, odd_lat, odd_lng, odd, near_lat, near_lng)


@kernel
def _far(lat0: float, lng0: float, lat1: float, lng1: float, limit_m: float) -> bool:
    """Whether two places are further apart; False if one is not known."""
    north = (lat1 - lat0) * _DEGREE_M
    east = (lng1 - lng0 + 180.0) % 360.0 - 180.0
    east *= _DEGREE_M * np.cos(np.radians(0.5 * (lat0 + lat1)))
    return bool(north * north + east * east > limit_m * limit_m)


@kernel
def _flyable(lat0: float, lng0: float, then: int, lat1: float, lng1: float, now: int) -> bool:
    limit_m = FASTEST_M_S * (abs(now - then) * 1e-6) + SLACK_M
    return not _far(lat0, lng0, lat1, lng1, limit_m)
