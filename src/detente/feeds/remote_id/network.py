"""Remote ID over the network (ASTM F3411-22a and -19): what a service provider answers.

`GET …/uss/flights` tells where flights are, `GET …/uss/flights/{id}/details` who they are. Where
the operator stands is not read.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime
from typing import Final

import msgspec

from detente.feeds.json_decoding import UNREADABLE, JsonDecoder
from detente.feeds.reports import NEVER, Reports, Source, empty

from .accuracy import horizontal_m, vertical_m
from .rows import Row, placed, reports_of

FLIGHTS_KNOWN_MAX: Final = 65_536
NAME_LENGTH_MAX: Final = 256
_NO_ALTITUDE_M: Final = -1000.0
_NO_TRACK_DEG: Final = 361.0
_NO_SPEED_M_S: Final = 255.0
_NO_CLIMB_M_S: Final = 63.0


class Time(msgspec.Struct, frozen=True):
    """A time as version 2 writes it."""

    value: str


class Position(msgspec.Struct, frozen=True):
    """Degrees WGS-84, metres above the ellipsoid; -1000 m for no altitude."""

    lat: float
    lng: float
    alt: float | None = None
    accuracy_h: str | None = None
    accuracy_v: str | None = None
    extrapolated: bool | None = None
    pressure_altitude: float | None = None


class RecentPosition(msgspec.Struct, frozen=True):
    """Where a flight was."""

    time: Time | str
    position: Position


class State(msgspec.Struct, frozen=True):
    """Where a flight is."""

    timestamp: Time | str
    position: Position
    operational_status: str | None = None
    track: float | None = None
    speed: float | None = None
    vertical_speed: float | None = None


class Flight(msgspec.Struct, frozen=True):
    """One flight; those that fly in an area together have no state."""

    id: str
    current_state: State | None = None
    simulated: bool | None = None
    recent_positions: list[RecentPosition] = []


class UasId(msgspec.Struct, frozen=True):
    """Who a drone is (version 2)."""

    serial_number: str | None = None
    registration_id: str | None = None
    utm_id: str | None = None
    specific_session_id: str | None = None


class Details(msgspec.Struct, frozen=True):
    """What is told of one flight."""

    id: str
    uas_id: UasId | None = None
    serial_number: str | None = None
    registration_number: str | None = None


class Document(msgspec.Struct, frozen=True):
    """Either answer."""

    flights: list[Flight] | None = None
    details: Details | None = None


_DECODER: Final = msgspec.json.Decoder(Document)


class NetworkDecoder(JsonDecoder):
    """Network remote ID: answers one after the other, of flights or of details.

    A flight is named by its serial number once its details were fed, else `flight:` and its
    identifier. Dropped besides what `JsonDecoder` drops: `simulated`, `no-position`, `no-time`,
    `extrapolated`. Noted: `details` (answers that tell who, not where).
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._names: OrderedDict[str, str] = OrderedDict()

    def _document(self, text: bytes, received_us: int) -> Reports:
        try:
            document = _DECODER.decode(text)
        except UNREADABLE:
            self.counts.dropped["unreadable"] += 1
            return empty()
        if document.details is not None:
            self._learn(document.details)
        rows: list[Row] = []
        for flight in document.flights or ():
            self._add(flight, received_us, rows)
        self.counts.reports += len(rows)
        return reports_of(rows, self._source)

    def _learn(self, details: Details) -> None:
        self.counts.messages += 1
        self.counts.noted["details"] += 1
        uas = details.uas_id or UasId()
        serial = uas.serial_number or details.serial_number
        registration = uas.registration_id or details.registration_number
        if serial:
            name = f"serial:{serial}"
        elif registration:
            name = f"registration:{registration}"
        elif uas.utm_id:
            name = f"utm:{uas.utm_id.replace('-', '').lower()}"
        elif uas.specific_session_id:
            name = f"session:{uas.specific_session_id}"
        else:
            return
        if len(name) > NAME_LENGTH_MAX:
            return
        self._names[details.id] = name
        self._names.move_to_end(details.id)
        if len(self._names) > FLIGHTS_KNOWN_MAX:
            self._names.popitem(last=False)

    def _add(self, flight: Flight, received_us: int, rows: list[Row]) -> None:
        state = flight.current_state
        places: list[tuple[Time | str, Position, State | None]] = [
            (each.time, each.position, None) for each in flight.recent_positions
        ]
        if state is not None:
            places.append((state.timestamp, state.position, state))
        if not places:
            self.counts.messages += 1
            self.counts.dropped["no-position"] += 1
        identity = self._names.get(flight.id, f"flight:{flight.id[:NAME_LENGTH_MAX]}")
        for time, position, moving in places:
            self.counts.messages += 1
            reason = _refusal(flight, position, _time_us(time))
            if reason:
                self.counts.dropped[reason] += 1
                continue
            rows.append(_row(identity, _time_us(time), received_us, position, moving))


def _refusal(flight: Flight, position: Position, time_us: int) -> str:
    """Why a position gives no report; "" if it gives one."""
    if flight.simulated:
        return "simulated"
    if position.extrapolated:
        return "extrapolated"
    if not placed(position.lat, position.lng) or position.lat == position.lng == 0:
        return "no-position"
    return "no-time" if time_us == NEVER else ""


def _row(
    identity: str, time_us: int, received_us: int, position: Position, moving: State | None
) -> Row:
    track = _told(moving.track if moving else None, _NO_TRACK_DEG)
    return Row(
        identity=identity,
        time_us=time_us,
        received_us=received_us,
        lat_deg=position.lat,
        lng_deg=position.lng,
        altitude_m=_told(position.alt, _NO_ALTITUDE_M),
        pressure_m=_told(position.pressure_altitude, _NO_ALTITUDE_M),
        speed_m_s=_told(moving.speed if moving else None, _NO_SPEED_M_S),
        track_deg=track % 360.0 if 0 <= track <= 360 else math.nan,
        climb_m_s=_told(moving.vertical_speed if moving else None, _NO_CLIMB_M_S),
        horizontal_m=horizontal_m(position.accuracy_h),
        vertical_m=vertical_m(position.accuracy_v),
        on_ground={"Ground": 1, "Airborne": 0, "Emergency": 0}.get(
            (moving.operational_status or "") if moving else "", 2
        ),
    )


def _told(value: float | None, unknown: float) -> float:
    return math.nan if value is None or value == unknown else value


def _time_us(time: Time | str) -> int:
    """µs since 1970; `NEVER` if it is no time, or has no offset from UTC."""
    try:
        when = datetime.fromisoformat(time if isinstance(time, str) else time.value)
        if when.tzinfo is None:
            return NEVER
        return int(when.replace(microsecond=0).timestamp()) * 1_000_000 + when.microsecond
    except (ValueError, OverflowError):
        return NEVER
