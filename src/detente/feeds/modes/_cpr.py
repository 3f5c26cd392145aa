"""Compact position reporting: places from the halves that squitters carry.

Source: RTCA DO-260B, appendix A, 1.7; the formulas have its names: `j`, `m`, NL, Dlat, Dlon.
Each function returns a fate (`USED` if all is well), latitude and longitude in degrees.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._message import USED, ZONE

_ZONES: Final = 15
_SCALE: Final = 1.0 / (1 << 17)


def _transitions() -> npt.NDArray[np.float64]:
    """Latitudes above which there is one zone less, from 59 of them down to 1."""
    lines = [
        math.degrees(
            math.acos(
                math.sqrt((1 - math.cos(math.pi / (2 * _ZONES))) / (1 - math.cos(2 * math.pi / nl)))
            )
        )
        for nl in range(59, 2, -1)
    ]
    lines.append(87.0)
    table = np.array(lines)
    table.setflags(write=False)
    return table


_TRANSITIONS: Final = _transitions()


@kernel
def zones(lat_deg: float) -> int:
    """NL: how many zones of longitude there are at a latitude, 1 to 59."""
    lat = abs(lat_deg)
    low, high = 0, len(_TRANSITIONS)
    while low < high:
        middle = (low + high) // 2
        if _TRANSITIONS[middle] < lat:
            low = middle + 1
        else:
            high = middle
    return 59 - low


@kernel
def wrapped(lng_deg: float) -> float:
    """A longitude in [-180, 180)."""
    return (lng_deg + 180.0) % 360.0 - 180.0


@kernel
def _rows(even_lat: int, odd_lat: int, span_deg: float) -> tuple[float, float]:
    """Latitudes, from 0 to the span, of an even and an odd half."""
    yz0, yz1 = even_lat * _SCALE, odd_lat * _SCALE
    j = math.floor(59.0 * yz0 - 60.0 * yz1 + 0.5)
    return span_deg / 60.0 * (j % 60 + yz0), span_deg / 59.0 * (j % 59 + yz1)


@kernel
def _column(even_lng: int, odd_lng: int, odd: int, nl: int, span_deg: float) -> float:
    """The longitude, from 0 to the span, of the newer half."""
    xz0, xz1 = even_lng * _SCALE, odd_lng * _SCALE
    m = math.floor(xz0 * (nl - 1) - xz1 * nl + 0.5)
    ni = max(nl - odd, 1)
    return span_deg / ni * (m % ni + (xz1 if odd else xz0))


@kernel
def airborne_place(
    even_lat: int, even_lng: int, odd_lat: int, odd_lng: int, odd: int
) -> tuple[int, float, float]:
    """The place of the newer of two airborne halves (the odd one if `odd`), anywhere on earth."""
    lat0, lat1 = _rows(even_lat, odd_lat, 360.0)
    if lat0 >= 270.0:
        lat0 -= 360.0
    if lat1 >= 270.0:
        lat1 -= 360.0
    if abs(lat0) > 90.0 or abs(lat1) > 90.0:
        return ZONE, np.nan, np.nan
    nl = zones(lat0)
    if nl != zones(lat1):
        return ZONE, np.nan, np.nan
    lng = _column(even_lng, odd_lng, odd, nl, 360.0)
    return USED, lat1 if odd else lat0, wrapped(lng)


@kernel
def surface_place(
    even_lat: int,
    even_lng: int,
    odd_lat: int,
    odd_lng: int,
    odd: int,
    near_lat: float,
    near_lng: float,
) -> tuple[int, float, float]:
    """The place of the newer of two surface halves: of the eight on earth, the nearest."""
    lat0, lat1 = _rows(even_lat, odd_lat, 90.0)
    lat = lat1 if odd else lat0
    if abs(lat - 90.0 - near_lat) < abs(lat - near_lat):
        lat0 -= 90.0
        lat1 -= 90.0
        lat -= 90.0
    if abs(lat0) > 90.0 or abs(lat1) > 90.0:
        return ZONE, np.nan, np.nan
    nl = zones(lat0)
    if nl != zones(lat1):
        return ZONE, np.nan, np.nan
    lng = _column(even_lng, odd_lng, odd, nl, 90.0)
    quarter = math.floor((near_lng - lng) / 90.0 + 0.5)
    return USED, lat, wrapped(lng + 90.0 * quarter)


@kernel
def local_place(
    cpr_lat: int, cpr_lng: int, odd: int, surface: int, near_lat: float, near_lng: float
) -> tuple[int, float, float]:
    """The place of one half nearest to a known one: 180 NM away at most, 45 on the surface."""
    span = 90.0 if surface else 360.0
    yz, xz = cpr_lat * _SCALE, cpr_lng * _SCALE
    dlat = span / (60 - odd)
    lat = dlat * (math.floor(near_lat / dlat - yz + 0.5) + yz)
    if abs(lat) > 90.0:
        return ZONE, np.nan, np.nan
    dlng = span / max(zones(lat) - odd, 1)
    lng = dlng * (math.floor(near_lng / dlng - xz + 0.5) + xz)
    return USED, lat, wrapped(lng)
