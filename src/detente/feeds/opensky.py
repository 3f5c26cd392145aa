"""State vectors of the OpenSky Network, as `/states/all` gives them.

Source: openskynetwork.github.io/opensky-api, "REST API": each state is an array of 17 or 18 values.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from .json_decoding import UNREADABLE, JsonDecoder
from .readsb_columns import address, floats
from .relays import DIRECT, MLAT, OTHER, relayed
from .reports import Basis, Reports, Source, empty, of_columns

_S: Final = 1_000_000
_RELAYS: Final = (DIRECT, OTHER, MLAT, OTHER)
"""By `position_source`: ADS-B, ASTERIX, multilateration, FLARM."""


class State(msgspec.Struct, array_like=True):
    """One aircraft: seconds since 1970 UTC, degrees, metres, metres a second."""

    icao24: str
    callsign: str | None
    origin_country: str | None
    time_position: float | None
    last_contact: float | None
    longitude: float | None
    latitude: float | None
    baro_altitude: float | None
    on_ground: bool | None
    velocity: float | None
    true_track: float | None
    vertical_rate: float | None
    sensors: list[int] | None = None
    geo_altitude: float | None = None
    squawk: str | None = None
    spi: bool | None = None
    position_source: int | None = None


class _Document(msgspec.Struct):
    time: float
    states: list[msgspec.Raw] | None = None


_documents: Final = msgspec.json.Decoder(_Document)
_state: Final = msgspec.json.Decoder(State)


class OpenSkyDecoder(JsonDecoder):
    """Documents `{"time": …, "states": [[…], …]}`.

    No accuracy is stated, and times are whole seconds: the source's assumption stands in, wider by
    what the aircraft flies in one second. Dropped, besides what `JsonDecoder` counts: `bad-field`,
    `no-identity`, `out-of-range`, `repeated` (the same position in the next document). Noted:
    `no-position`.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._sources = relayed(source)
        self._last: dict[str, float] = {}

    def _document(self, text: bytes, received_us: int) -> Reports:
        try:
            states = _documents.decode(text).states or []
        except UNREADABLE:
            self.counts.dropped["unreadable"] += 1
            return empty()
        self.counts.messages += len(states)
        kept: dict[str, State] = {}
        last: dict[str, float] = {}
        for raw in states:
            try:
                each = _state.decode(raw)
            except UNREADABLE:
                self.counts.dropped["bad-field"] += 1
                continue
            lat, lng, seconds = each.latitude, each.longitude, each.time_position
            if lat is None or lng is None or seconds is None:
                self.counts.noted["no-position"] += 1
                continue
            name = address(each.icao24)
            if name is None:
                self.counts.dropped["no-identity"] += 1
            elif not (abs(lat) <= 90 and abs(lng) <= 360 and 0 < seconds < 1e10):
                self.counts.dropped["out-of-range"] += 1
            elif self._last.get(name) == seconds or name in kept:
                last[name] = seconds
                self.counts.dropped["repeated"] += 1
            else:
                last[name] = seconds
                kept[name] = each
        self._last = last
        self.counts.reports += len(kept)
        return self._columns(kept, received_us) if kept else empty()

    def _columns(self, kept: dict[str, State], received_us: int) -> Reports:
        states = list(kept.values())
        count = len(states)
        relay = np.array([_relay(each.position_source) for each in states], dtype=np.uint8)
        speed = floats(each.velocity for each in states)
        assumed = np.array([each.assumed_horizontal_m for each in self._sources])
        return of_columns(
            count,
            tuple(kept),
            [(each.callsign or "").strip() for each in states],
            self._sources,
            time_us=np.round(floats(each.time_position for each in states) * _S).astype(np.int64),
            received_us=np.full(count, received_us, dtype=np.int64),
            aircraft=np.arange(count, dtype=np.int32),
            source=relay,
            lat_deg=floats(each.latitude for each in states),
            lng_deg=(floats(each.longitude for each in states) + 180.0) % 360.0 - 180.0,
            altitude_m=floats(each.geo_altitude for each in states),
            pressure_m=floats(each.baro_altitude for each in states),
            speed_m_s=speed,
            track_deg=floats(each.true_track for each in states),
            climb_m_s=floats(each.vertical_rate for each in states),
            horizontal_m=assumed[relay] + np.nan_to_num(np.abs(speed), nan=300.0),
            basis=np.full(count, Basis.ASSUMED, dtype=np.uint8),
            on_ground=np.array(
                [2 if each.on_ground is None else int(each.on_ground) for each in states],
                dtype=np.uint8,
            ),
        )


def _relay(source: int | None) -> int:
    if source is None:
        return DIRECT
    return _RELAYS[source] if 0 <= source < len(_RELAYS) else OTHER
