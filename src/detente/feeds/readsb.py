"""readsb's `aircraft.json` (and of tar1090, dump1090-fa and services like them), as polled."""

from __future__ import annotations

from math import isnan
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from .json_decoding import UNREADABLE, JsonDecoder
from .quality import FT_M, KT_M_S
from .readsb_columns import QUALITY, Accuracy, address, feet, grounds, relay_of, table
from .readsb_types import Aircraft, Listing, Snapshot, without_nulls
from .relays import relayed
from .reports import NEVER, Floats, Ints, Reports, Source, empty, of_columns

_S: Final = 1_000_000
_AHEAD_US: Final = 2 * _S
_JITTER_US: Final = 250_000
_MILLISECONDS: Final = 1e11
"""A `now` above this counts milliseconds: in seconds it would be the year 5138."""
_LATEST_S: Final = 1e10
_OLDEST_S: Final = 86_400.0
_LINES: Final = 100_000

_table: Final = table(
    ("lat", "lon", "seen_pos", "alt_geom", "gs", "track", "baro_rate", "geom_rate", *QUALITY)
)
_quick: Final = msgspec.json.Decoder(Snapshot)
_patient: Final = msgspec.json.Decoder(Listing)


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
            now, aircraft = self._read(text)
        except UNREADABLE:
            self.counts.dropped["unreadable"] += 1
            return empty()
        self.counts.messages += len(aircraft)
        now_us = _moment(now)
        if now_us is None:
            if aircraft:
                self.counts.dropped["no-time"] += len(aircraft)
            return empty()
        return self._reports(aircraft, now_us, received_us)

    def _read(self, text: bytes) -> tuple[float | None, list[Aircraft]]:
        try:
            snapshot = _quick.decode(text)
        except msgspec.ValidationError:
            return self._read_patiently(text)
        listed = snapshot.aircraft if snapshot.aircraft is not None else snapshot.ac
        if listed is None:
            listed = [snapshot] if snapshot.hex else []
        return snapshot.now, listed

    def _read_patiently(self, text: bytes) -> tuple[float | None, list[Aircraft]]:
        """Aircraft by aircraft: one with a value that cannot be does not hide the others."""
        listing = _patient.decode(text)
        listed = listing.aircraft if listing.aircraft is not None else listing.ac
        if listed is None:
            one = without_nulls(text, Aircraft)
            return listing.now, [one] if one.hex else []
        found: list[Aircraft] = []
        for each in listed:
            try:
                found.append(without_nulls(each, Aircraft))
            except UNREADABLE:
                self.counts.messages += 1
                self.counts.dropped["bad-field"] += 1
        return listing.now, found

    def _reports(self, aircraft: list[Aircraft], now_us: int, received_us: int) -> Reports:
        named = [(address(each.hex), each) for each in aircraft if _placed(each)]
        if len(named) < len(aircraft):
            self.counts.noted["no-position"] += len(aircraft) - len(named)
        kept = [each for name, each in named if name]
        names = [name for name, _ in named if name]
        if len(kept) < len(named):
            self.counts.dropped["no-identity"] += len(named) - len(kept)
        if not kept:
            return empty()
        numbers = _table(kept)
        age_s = np.nan_to_num(numbers["seen_pos"])
        fine = (np.abs(numbers["lat"]) <= 90) & (np.abs(numbers["lon"]) <= 360)
        fine &= (age_s >= 0) & (age_s <= _OLDEST_S)
        time_us = now_us - np.round(np.where(fine, age_s, 0.0) * _S).astype(np.int64)
        new = self._new(names, time_us, numbers, fine, alone=len(aircraft) == 1)
        for reason, count in (("out-of-range", ~fine), ("repeated", fine & ~new)):
            if count.any():
                self.counts.dropped[reason] += int(count.sum())
        rows = np.flatnonzero(new)
        self.counts.reports += len(rows)
        if not len(rows):
            return empty()
        return self._columns(
            [kept[row] for row in rows.tolist()],
            [names[row] for row in rows.tolist()],
            {name: column[rows] for name, column in numbers.items()},
            time_us[rows],
            received_us,
        )

    def _new(
        self,
        names: list[str],
        time_us: Ints,
        numbers: dict[str, Floats],
        fine: npt.NDArray[np.bool_],
        *,
        alone: bool,
    ) -> npt.NDArray[np.bool_]:
        """Which positions were not told before; those of this snapshot are kept for the next."""
        last: dict[str, tuple[int, float, float]] = {}
        new = fine.copy()
        for row, (name, *now) in enumerate(
            zip(
                names,
                time_us.tolist(),
                numbers["lat"].tolist(),
                numbers["lon"].tolist(),
                strict=True,
            )
        ):
            if not fine[row]:
                continue
            before = self._last.get(name)
            if before and before[1:] == (now[1], now[2]) and abs(before[0] - now[0]) < _JITTER_US:
                new[row] = False
                last[name] = before
            else:
                last[name] = (now[0], now[1], now[2])
        if not alone:
            self._last = last
            return new
        # One line of a stream: what the lines of other aircraft said is still of use.
        if len(self._last) >= _LINES:
            self._last.clear()
        self._last |= last
        return new

    def _columns(
        self,
        kept: list[Aircraft],
        names: list[str],
        numbers: dict[str, Floats],
        time_us: Ints,
        received_us: int,
    ) -> Reports:
        if received_us != NEVER:
            ahead = int((time_us > received_us + _AHEAD_US).sum())
            if ahead:
                self.counts.noted["ahead"] += ahead
        order: dict[str, int] = {}
        callsigns: dict[str, str] = {}
        for name, each in zip(names, kept, strict=True):
            order.setdefault(name, len(order))
            callsigns[name] = (each.flight or "").strip() or callsigns.get(name, "")
        relay = np.array([relay_of(each) for each in kept], dtype=np.uint8)
        quality = Accuracy(numbers, relay)
        altitudes = [each.alt_baro for each in kept]
        climb = np.where(np.isnan(numbers["baro_rate"]), numbers["geom_rate"], numbers["baro_rate"])
        return of_columns(
            len(kept),
            tuple(order),
            [callsigns[each] for each in order],
            self._sources,
            time_us=time_us,
            received_us=np.full(len(kept), received_us, dtype=np.int64),
            aircraft=np.array([order[each] for each in names], dtype=np.int32),
            source=relay,
            lat_deg=numbers["lat"],
            lng_deg=(numbers["lon"] + 180.0) % 360.0 - 180.0,
            altitude_m=numbers["alt_geom"] * FT_M,
            pressure_m=feet(altitudes) * FT_M,
            speed_m_s=numbers["gs"] * KT_M_S,
            track_deg=numbers["track"],
            climb_m_s=climb * (FT_M / 60),
            horizontal_m=quality.horizontal_m,
            vertical_m=quality.vertical_m,
            containment_m=quality.containment_m,
            basis=quality.basis,
            on_ground=grounds(altitudes),
        )


def _placed(aircraft: Aircraft) -> bool:
    return not (isnan(aircraft.lat) or isnan(aircraft.lon))


def _moment(now: float | None) -> int | None:
    """µs since 1970 UTC; None if it is no time of ours."""
    if now is None or not 0 < now < _LATEST_S * 1000:
        return None
    return round(now * (1000 if now > _MILLISECONDS else _S))
