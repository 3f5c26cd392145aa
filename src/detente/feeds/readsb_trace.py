"""readsb's trace files (`trace_full_*.json`, `trace_recent_*.json`): where one aircraft was."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
import numpy as np

from .json_decoding import UNREADABLE, JsonDecoder
from .quality import FT_M, KT_M_S
from .readsb_columns import QUALITY, Accuracy, address, feet, floats, grounds, table
from .readsb_types import RELAY_BY_TYPE, Quality, Trace, without_nulls
from .relays import DIRECT, OTHER, relayed
from .reports import Reports, Source, empty, of_columns

_S: Final = 1_000_000
_STALE: Final = 1
_LEG: Final = 2
_GEOMETRIC_ALTITUDE: Final = 8
_QUALITY_S: Final = 120.0
"""So long the details of a point hold for those after it; readsb writes them with every fourth."""

_quality: Final = table(QUALITY)
_decoder: Final = msgspec.json.Decoder(Trace)


class Point(msgspec.Struct, array_like=True):
    """One point of a trace; see `Trace`. What readsb adds after these is passed over."""

    seconds: float
    lat: float
    lng: float
    altitude: float | str | None = None
    speed_kt: float | None = None
    track_deg: float | None = None
    flags: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    climb_ft_min: float | None = None
    details: Quality | None = None
    type: str | None = None
    geometric_ft: float | None = None


_point: Final = msgspec.json.Decoder(Point)


def _point_of(text: msgspec.Raw) -> Point:
    try:
        return _point.decode(text)
    except msgspec.ValidationError:
        return without_nulls(text, Point)


class ReadsbTraceDecoder(JsonDecoder):
    """Trace documents.

    A point after a gap ("stale") is where the aircraft was, but its motion may be from before: its
    speed, track and climb are not told. On the ground the track is a heading, so that is not told
    either. Dropped, besides what `JsonDecoder` counts: `no-identity`, `bad-field`, `out-of-range`.
    Noted: `stale`, `leg` (points that begin a flight, as readsb sees it).
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._sources = relayed(source)

    def _document(self, text: bytes, received_us: int) -> Reports:
        try:
            trace = _decoder.decode(text)
        except UNREADABLE:
            self.counts.dropped["unreadable"] += 1
            return empty()
        self.counts.messages += len(trace.trace)
        name = address(trace.icao)
        if name is None:
            self.counts.dropped["no-identity"] += len(trace.trace)
            return empty()
        points = self._points(trace)
        if not points:
            return empty()
        self.counts.reports += len(points)
        return self._columns(name, trace, points, received_us)

    def _points(self, trace: Trace) -> list[Point]:
        found: list[Point] = []
        if not 0 < trace.timestamp < 1e10:
            self.counts.dropped["no-time"] += len(trace.trace)
            return found
        for each in trace.trace:
            try:
                point = _point_of(each)
            except UNREADABLE:
                self.counts.dropped["bad-field"] += 1
                continue
            if abs(point.lat) <= 90 and abs(point.lng) <= 360 and 0 <= point.seconds <= 1e7:
                found.append(point)
            else:
                self.counts.dropped["out-of-range"] += 1
        for name, flag in (("stale", _STALE), ("leg", _LEG)):
            count = sum(bool(each.flags & flag) for each in found)
            if count:
                self.counts.noted[name] += count
        return found

    def _columns(self, name: str, trace: Trace, points: list[Point], received_us: int) -> Reports:
        count = len(points)
        flags = np.array([each.flags for each in points])
        seconds = floats(each.seconds for each in points)
        time_us = round(trace.timestamp * _S) + np.round(seconds * _S).astype(np.int64)
        altitudes = [each.altitude for each in points]
        on_ground = grounds(altitudes)
        altitude_m = feet(altitudes) * FT_M
        geometric = flags & _GEOMETRIC_ALTITUDE > 0
        stale = flags & _STALE > 0
        said, callsign = _details(points)
        relay = np.array(
            [RELAY_BY_TYPE.get(each.type, OTHER) if each.type else DIRECT for each in points],
            dtype=np.uint8,
        )
        quality = Accuracy(_quality(said), relay)
        return of_columns(
            count,
            (name,),
            (callsign or (trace.flight or "").strip(),),
            self._sources,
            time_us=time_us,
            received_us=np.full(count, received_us, dtype=np.int64),
            source=relay,
            lat_deg=floats(each.lat for each in points),
            lng_deg=(floats(each.lng for each in points) + 180.0) % 360.0 - 180.0,
            altitude_m=np.where(
                geometric, altitude_m, floats(each.geometric_ft for each in points) * FT_M
            ),
            pressure_m=np.where(geometric, np.nan, altitude_m),
            speed_m_s=np.where(stale, np.nan, floats(each.speed_kt for each in points) * KT_M_S),
            track_deg=np.where(
                stale | (on_ground == 1), np.nan, floats(each.track_deg for each in points)
            ),
            climb_m_s=np.where(
                stale, np.nan, floats(each.climb_ft_min for each in points) * (FT_M / 60)
            ),
            horizontal_m=quality.horizontal_m,
            vertical_m=quality.vertical_m,
            containment_m=quality.containment_m,
            basis=quality.basis,
            on_ground=on_ground,
        )


def _details(points: list[Point]) -> tuple[list[Quality], str]:
    """What each point's aircraft last said of itself, and its last callsign."""
    nothing = Quality()
    last, since_s, callsign = nothing, 0.0, ""
    said: list[Quality] = []
    for each in points:
        if each.details is not None:
            last, since_s = each.details, each.seconds
            callsign = (last.flight or "").strip() or callsign
        elif each.seconds - since_s > _QUALITY_S:
            last = nothing
        said.append(last)
    return said, callsign
