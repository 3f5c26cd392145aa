"""Messages in, position reports out: what is known of each aircraft is joined with what it says."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.quality import GVA_M
from detente.geo import kernel

from ._accuracy import accuracy_m, containment_m
from ._aircraft import enter, find
from ._message import (
    AIRBORNE,
    ALTITUDE,
    CPR_POSITION,
    GROUND_UNKNOWN,
    NO_POSITION,
    PLAIN_POSITION,
    REPORTED,
    STATUS,
    TARGET_STATE,
    UNKNOWN_ADDRESS,
    USED,
    VELOCITY,
)
from ._place import place, within
from ._squitter import TIS_B

REPORT: Final = np.dtype(
    [
        ("row", "i8"),
        ("lat_deg", "f8"),
        ("lng_deg", "f8"),
        ("altitude_m", "f8"),
        ("pressure_m", "f8"),
        ("speed_m_s", "f8"),
        ("track_deg", "f8"),
        ("climb_m_s", "f8"),
        ("horizontal_m", "f8"),
        ("vertical_m", "f8"),
        ("containment_m", "f8"),
        ("callsign", "u8"),
        ("address", "u4"),
        ("relay", "u1"),
        ("basis", "u1"),
        ("ground", "u1"),
    ],
    align=True,
)
"""One position report; `row` is that of its message. Unknown numbers are NaN."""

_MLAT: Final = 3
"""As in `relays.RELAYS`."""
_STATED: Final = 0

_S: Final = 1_000_000
KNOWN_US: Final = 60 * _S
"""So long an address is believed in replies whose parity it is laid over."""
MOTION_US: Final = 3 * _S
"""So long a velocity is joined with a position: both are sent twice a second."""
PRESSURE_US: Final = 10 * _S
DIFFERENCE_US: Final = 60 * _S
STATUS_US: Final = 120 * _S
"""So long what an aircraft said of its quality holds; it is sent every 2.5 s."""

_FT_M: Final = 0.3048
_KT_M_S: Final = 1852.0 / 3600.0
_FT_MIN_M_S: Final = 0.3048 / 60.0


@kernel
def follow(
    messages: npt.NDArray[np.void],
    time_us: npt.NDArray[np.int64],
    multilaterated: npt.NDArray[np.bool_],
    begin: int,
    table: npt.NDArray[np.int32],
    aircraft: npt.NDArray[np.void],
    halves: npt.NDArray[np.void],
    count: npt.NDArray[np.int64],
    receiver: npt.NDArray[np.float64],
    reports: npt.NDArray[np.void],
) -> tuple[int, int]:
    """Work through messages in their order; each one's fate is noted in it.

    Args:
        messages: `MESSAGE` rows; those with a fate already are passed over.
        time_us: when each was heard.
        multilaterated: positions that somebody computed from times of arrival.
        begin: first row.
        table, aircraft, halves: see `_aircraft`; changed.
        count: one place: how many rows of aircraft are in use; changed.
        receiver: latitude, longitude (NaN if not known) and range in metres.
        reports: `REPORT` rows to be filled in, as many as messages.

    Returns:
        The first row that was not worked on, since there is no room for one more aircraft, or the
        number of messages; and the number of reports.
    """
    made = 0
    for i in range(begin, len(messages)):
        said = messages[i]
        if said["fate"] != USED:
            continue
        now = time_us[i]
        slot = find(said["address"], table, aircraft)
        if said["overlaid"]:
            if slot < 0 or not within(aircraft[slot]["heard_us"], now, KNOWN_US):
                said["fate"] = UNKNOWN_ADDRESS
                continue
        elif slot < 0:
            if count[0] == len(aircraft):
                return i, made
            slot = count[0]
            enter(said["address"], slot, table, aircraft, halves)
            count[0] += 1
        one = aircraft[slot]
        if not said["overlaid"] and now > one["heard_us"]:
            one["heard_us"] = now
        if said["ground"] != GROUND_UNKNOWN:
            one["ground"] = said["ground"]
        kind = said["kind"]
        if kind in (CPR_POSITION, PLAIN_POSITION):
            if said["callsign"]:
                one["callsign"] = said["callsign"]
            if kind == CPR_POSITION:
                fate, lat, lng = place(said, now, one, halves[slot], receiver)
            else:
                fate, lat, lng = _plain(said)
            if fate == USED:
                fate = REPORTED
                _report(said, i, lat, lng, now, one, multilaterated[i], reports[made])
                made += 1
            said["fate"] = fate
        else:
            _learn(said, now, one)
    return len(messages), made


@kernel
def _learn(said: np.void, now: int, one: np.void) -> None:
    """Keep what is not a position."""
    kind = said["kind"]
    if said["callsign"]:
        one["callsign"] = said["callsign"]
    if kind == VELOCITY:
        if now >= one["motion_us"]:
            one["motion_us"] = now
            one["speed_kt"] = said["speed_kt"]
            one["track_deg"] = said["track_deg"]
            one["climb_ft_min"] = said["climb_ft_min"]
        if not np.isnan(said["difference_ft"]) and now >= one["difference_us"]:
            one["difference_us"] = now
            one["difference_ft"] = said["difference_ft"]
    elif kind == ALTITUDE:
        if not np.isnan(said["pressure_ft"]) and now >= one["pressure_us"]:
            one["pressure_us"] = now
            one["pressure_ft"] = said["pressure_ft"]
    elif kind == STATUS:
        one["status_us"] = now
        one["version"] = said["version"]
        one["nic_a"] = said["nic_a"]
        one["nac_p"] = said["nac_p"]
        if said["nic_c"] >= 0:
            one["nic_c"] = said["nic_c"]
        if said["gva"] >= 0:
            one["gva"] = said["gva"]
    elif kind == TARGET_STATE:
        one["nac_p"] = said["nac_p"]


@kernel
def _plain(said: np.void) -> tuple[int, float, float]:
    """The place of a message that tells it outright."""
    lat, lng = said["lat_deg"], said["lng_deg"]
    if abs(lat) <= 90.0 and abs(lng) <= 360.0:
        return USED, lat, (lng + 180.0) % 360.0 - 180.0
    return NO_POSITION, np.nan, np.nan


@kernel
def _report(
    said: np.void,
    row: int,
    lat: float,
    lng: float,
    now: int,
    one: np.void,
    multilaterated: bool,
    report: np.void,
) -> None:
    """Fill in a report."""
    report["row"] = row
    report["lat_deg"] = lat
    report["lng_deg"] = lng
    report["address"] = said["address"]
    report["callsign"] = one["callsign"]
    report["ground"] = said["ground"]
    report["relay"] = _MLAT if multilaterated else said["relay"]
    _motion(said, now, one, report)
    pressure = said["pressure_ft"]
    lacking = said["ground"] == AIRBORNE and np.isnan(pressure)
    if lacking and within(one["pressure_us"], now, PRESSURE_US):
        pressure = one["pressure_ft"]
    geometric = said["geometric_ft"]
    if np.isnan(geometric) and within(one["difference_us"], now, DIFFERENCE_US):
        geometric = pressure + one["difference_ft"]
    report["pressure_m"] = pressure * _FT_M
    report["altitude_m"] = geometric * _FT_M
    report["horizontal_m"] = np.nan
    report["vertical_m"] = np.nan
    report["containment_m"] = np.nan
    report["basis"] = _STATED
    if said["kind"] == CPR_POSITION and not multilaterated:
        _quality(said, now, one, report)


@kernel
def _quality(said: np.void, now: int, one: np.void, report: np.void) -> None:
    """How good a position is, as its type and its aircraft say."""
    fresh, version = within(one["status_us"], now, STATUS_US), one["version"]
    if said["relay"] == TIS_B:
        # A ground station's radar saw it: what the aircraft says of its own does not count.
        fresh, version = False, 1
    containment = containment_m(
        said["type"],
        version,
        one["nic_a"] if fresh else 0,
        said["nic_b"],
        one["nic_c"] if fresh else 0,
    )
    horizontal, basis = accuracy_m(
        said["type"], version, one["nac_p"] if fresh else -1, containment
    )
    report["containment_m"] = containment
    report["horizontal_m"] = horizontal
    report["basis"] = basis
    if version >= 2 and fresh and not np.isnan(report["altitude_m"]) and one["gva"] >= 0:
        report["vertical_m"] = GVA_M[one["gva"]]


@kernel
def _motion(said: np.void, now: int, one: np.void, report: np.void) -> None:
    """Speed, track and climb: of the message itself, else of the last velocity if it is fresh."""
    speed, track, climb = said["speed_kt"], said["track_deg"], said["climb_ft_min"]
    if not said["surface"] and within(one["motion_us"], now, MOTION_US):
        if np.isnan(speed):
            speed, track = one["speed_kt"], one["track_deg"]
        if np.isnan(climb):
            climb = one["climb_ft_min"]
    report["speed_m_s"] = speed * _KT_M_S
    report["track_deg"] = track
    report["climb_m_s"] = climb * _FT_MIN_M_S
