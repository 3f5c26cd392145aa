"""readsb's `aircraft.json` (and of tar1090, dump1090 and services derived from them), as polled."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from .json_decoding import UNREADABLE, JsonDecoder
from .quality import FT_M, KT_M_S
from .readsb_columns import Accuracy, address, floats, relay_of
from .readsb_types import Aircraft, QuickSnapshot, Snapshot
from .relays import relayed
from .reports import NEVER, Reports, Source, empty, of_columns

_S: Final = 1_000_000
_AHEAD_US: Final = 2 * _S
_JITTER_US: Final = 250_000
_MILLISECONDS: Final = 1e11
"""A `now` above this counts milliseconds: in seconds it would be the year 5138."""
_EARTH_S: Final = 1e10

_quick: Final = msgspec.json.Decoder(QuickSnapshot)
_patient: Final = msgspec.json.Decoder(Snapshot)
_single: Final = msgspec.json.Decoder(Aircraft)


class ReadsbDecoder(JsonDecoder):
    """Documents `{"now": …, "aircraft": […]}`, or lines with one aircraft and its `now`.

    A position is dated `now` less `seen_pos`. Altitude above the ellipsoid is `alt_geom`, pressure
    altitude `alt_baro`.

    Dropped, besides what `JsonDecoder` counts: `no-time`, `no-identity`, `repeated` (the position
    of the snapshot before, once more), `bad-field` (aircraft with a value of the wrong type),
    `out-of-range` (no such place on earth). Noted: `no-position`, `ahead` (dated more than 2 s
    after the receipt).

    Memory: besides that of `JsonDecoder`, the last position of each aircraft of the last snapshot.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._sources = relayed(source)
        self._last: dict[str, tuple[int, float, float]] = {}

    def _document(self, text: bytes, received_us: int) -> Reports:
        try:
            snapshot: QuickSnapshot | Snapshot = _quick.decode(text)
        except msgspec.ValidationError:
            try:
                snapshot = _patient.decode(text)
            except UNREADABLE:
                self.counts.dropped["unreadable"] += 1
                return empty()
        except UNREADABLE:
            self.counts.dropped["unreadable"] += 1
            return empty()
        aircraft = self._aircraft(snapshot)
        self.counts.messages += len(aircraft)
        now_us = _moment(snapshot.now)
        if now_us is None:
            if aircraft:
                self.counts.dropped["no-time"] += len(aircraft)
            return empty()
        return self._reports(aircraft, now_us, received_us)

    def _aircraft(self, snapshot: QuickSnapshot | Snapshot) -> list[Aircraft]:
        listed = snapshot.aircraft if snapshot.aircraft is not None else snapshot.ac
        if listed is None:
            return [snapshot] if snapshot.hex else []
        found: list[Aircraft] = []
        for each in listed:
            if isinstance(each, Aircraft):
                found.append(each)
                continue
            try:
                found.append(_single.decode(each))
            except UNREADABLE:
                self.counts.messages += 1
                self.counts.dropped["bad-field"] += 1
        return found

    def _reports(self, aircraft: list[Aircraft], now_us: int, received_us: int) -> Reports:
        identities: list[str] = []
        times: list[int] = []
        kept: list[Aircraft] = []
        last: dict[str, tuple[int, float, float]] = {}
        for each in aircraft:
            lat, lng = each.lat, each.lon
            if lat is None or lng is None:
                self.counts.noted["no-position"] += 1
                continue
            name = address(each.hex)
            if name is None:
                self.counts.dropped["no-identity"] += 1
                continue
            age_s = each.seen_pos or 0.0
            if not (abs(lat) <= 90 and abs(lng) <= 360 and 0 <= age_s <= 86_400):
                self.counts.dropped["out-of-range"] += 1
                continue
            time_us = now_us - round(age_s * _S)
            before = self._last.get(name)
            last[name] = (time_us, lat, lng)
            if before and before[1:] == (lat, lng) and abs(before[0] - time_us) < _JITTER_US:
                last[name] = before
                self.counts.dropped["repeated"] += 1
                continue
            identities.append(name)
            times.append(time_us)
            kept.append(each)
        if len(aircraft) == 1:
            # One line of a stream: what others sent is still of use.
            if len(self._last) >= _LINES:
                self._last.clear()
            self._last |= last
        else:
            self._last = last
        if not kept:
            return empty()
        self.counts.reports += len(kept)
        return self._columns(kept, identities, times, received_us)

    def _columns(
        self, kept: list[Aircraft], names: list[str], times: list[int], received_us: int
    ) -> Reports:
        time_us = np.array(times, dtype=np.int64)
        if received_us != NEVER:
            ahead = int((time_us > received_us + _AHEAD_US).sum())
            if ahead:
                self.counts.noted["ahead"] += ahead
        numbers: dict[str, int] = {}
        callsigns: dict[str, str] = {}
        for name, each in zip(names, kept, strict=True):
            numbers.setdefault(name, len(numbers))
            callsigns[name] = (each.flight or "").strip() or callsigns.get(name, "")
        relay = np.array([relay_of(each) for each in kept], dtype=np.uint8)
        quality = Accuracy(list(kept), relay)
        ground = [each.alt_baro == "ground" for each in kept]
        climb = floats(
            each.baro_rate if each.baro_rate is not None else each.geom_rate for each in kept
        )
        return of_columns(
            len(kept),
            tuple(numbers),
            [callsigns[each] for each in numbers],
            self._sources,
            time_us=time_us,
            received_us=np.full(len(kept), received_us, dtype=np.int64),
            aircraft=np.array([numbers[each] for each in names], dtype=np.int32),
            source=relay,
            lat_deg=floats(each.lat for each in kept),
            lng_deg=(floats(each.lon for each in kept) + 180.0) % 360.0 - 180.0,
            altitude_m=floats(each.alt_geom for each in kept) * FT_M,
            pressure_m=floats(each.alt_baro for each in kept) * FT_M,
            speed_m_s=floats(each.gs for each in kept) * KT_M_S,
            track_deg=floats(each.track for each in kept),
            climb_m_s=climb * (FT_M / 60),
            horizontal_m=quality.horizontal_m,
            vertical_m=quality.vertical_m,
            containment_m=quality.containment_m,
            basis=quality.basis,
            on_ground=np.where(
                ground, 1, np.where([each.alt_baro is None for each in kept], 2, 0)
            ).astype(np.uint8),
        )


_LINES: Final = 100_000


def _moment(now: float | None) -> int | None:
    """µs since 1970 UTC; None if it is no time of ours."""
    if now is None or not 0 < now < _EARTH_S * 1000:
        return None
    return round(now * (1000 if now > _MILLISECONDS else _S))
