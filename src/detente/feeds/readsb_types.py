"""What readsb writes of an aircraft, as types. Source: README-json.md of readsb (wiedehopf)."""

from __future__ import annotations

import math
from typing import Final, TypeVar

import msgspec

from .relays import ADS_C, ADS_R, DIRECT, MLAT, OTHER, TIS_B

T = TypeVar("T")

UNTOLD: Final = math.nan

RELAY_BY_TYPE: Final = {
    "adsb_icao": DIRECT,
    "adsb_icao_nt": DIRECT,
    "adsb_other": DIRECT,
    "adsr_icao": ADS_R,
    "adsr_other": ADS_R,
    "tisb_icao": TIS_B,
    "tisb_other": TIS_B,
    "tisb_trackfile": TIS_B,
    "tisb": TIS_B,
    "adsc": ADS_C,
    "mlat": MLAT,
    "other": OTHER,
    "mode_s": OTHER,
    "mode_ac": OTHER,
    "unknown": OTHER,
}
"""How a position came about, by readsb's `type`."""


class Quality(msgspec.Struct, gc=False):
    """What an aircraft says of its position.

    Attributes:
        type: see `RELAY_BY_TYPE`.
        flight: callsign, with spaces.
        version: of ADS-B, 0 to 2.
        nic, nac_p, gva: as in DO-260B.
        rc: radius of containment, metres; 0 if unknown.
        alt_geom: feet above the ellipsoid.
    """

    type: str | None = None
    flight: str | None = None
    version: float = UNTOLD
    nic: float = UNTOLD
    rc: float = UNTOLD
    nac_p: float = UNTOLD
    gva: float = UNTOLD
    alt_geom: float = UNTOLD


class Aircraft(Quality, gc=False):
    """One aircraft of `aircraft.json`.

    Attributes:
        hex: address, after `~` if it is not ICAO's.
        lat, lon: degrees.
        alt_baro: pressure altitude in feet, or "ground".
        gs: knots; track: degrees; baro_rate, geom_rate: feet a minute.
        seen_pos: seconds before `now` at which the position came.
        mlat, tisb: names of the fields that came so.
    """

    hex: str = ""
    lat: float = UNTOLD
    lon: float = UNTOLD
    alt_baro: float | str | None = None
    gs: float = UNTOLD
    track: float = UNTOLD
    baro_rate: float = UNTOLD
    geom_rate: float = UNTOLD
    seen_pos: float = UNTOLD
    mlat: list[str] = []
    tisb: list[str] = []


class Snapshot(Aircraft, gc=False):
    """`aircraft.json`, or one line of a stream that has one aircraft with its `now`.

    Attributes:
        now: when it was written: seconds since 1970 UTC, or milliseconds as some services have it.
        aircraft, ac: all of them; services derived from readsb call them `ac`.
    """

    now: float | None = None
    aircraft: list[Aircraft] | None = None
    ac: list[Aircraft] | None = None


class Listing(msgspec.Struct):
    """The same, when not all of its aircraft are as they should be."""

    now: float | None = None
    aircraft: list[msgspec.Raw] | None = None
    ac: list[msgspec.Raw] | None = None


def without_nulls(text: msgspec.Raw | bytes, kind: type[T]) -> T:
    """One object that may say of a value that there is none, by leaving it out or by null.

    Raises:
        msgspec.ValidationError: a value is of the wrong type.
    """
    told = msgspec.json.decode(text)
    if isinstance(told, dict):
        told = _plain(told)
    elif isinstance(told, list):
        told = [_plain(each) if isinstance(each, dict) else each for each in told]
    return msgspec.convert(told, kind)


def _plain(told: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in told.items() if value is not None}


class Trace(msgspec.Struct):
    """A trace file: one aircraft.

    Attributes:
        icao: address, as `Aircraft.hex`.
        timestamp: seconds since 1970 UTC from which its points count.
        trace: points: seconds, latitude, longitude, feet or "ground", knots, degrees, flags, feet a
            minute, details, type, geometric feet, geometric feet a minute, and more.
    """

    icao: str
    timestamp: float
    trace: list[msgspec.Raw]
    flight: str | None = None
