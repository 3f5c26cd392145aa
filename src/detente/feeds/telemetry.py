"""Telemetry of operational intents (ASTM F3548-21): what a USS tells of a flight that strayed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from detente.f3548 import InvalidMember, time_us
from detente.f3548.uss_types import GetOperationalIntentTelemetryResponse, VehicleTelemetry

from .decoding import Counts
from .json_decoding import UNREADABLE, JsonDecoder
from .remote_id.accuracy import horizontal_m, vertical_m
from .remote_id.rows import Row, placed, reports_of
from .reports import Reports, Source, empty

_DECODER: Final = msgspec.json.Decoder(GetOperationalIntentTelemetryResponse)


class TelemetryDecoder(JsonDecoder):
    """Telemetry: answers (JSON) one after the other.

    An aircraft is named `intent:` and the operational intent. Dropped besides what `JsonDecoder`
    drops: `no-position`, `no-time`, `extrapolated` (computed, not measured).
    """

    def _document(self, text: bytes, received_us: int) -> Reports:
        try:
            answer = _DECODER.decode(text)
        except UNREADABLE:
            self.counts.dropped["unreadable"] += 1
            return empty()
        self.counts.messages += 1
        if answer.telemetry is None:
            self.counts.dropped["no-position"] += 1
            return empty()
        told = [(answer.operational_intent_id, answer.telemetry, received_us)]
        return telemetry_reports(told, self._source, self.counts)


def telemetry_reports(
    told: Iterable[tuple[str, VehicleTelemetry, int]],
    source: Source,
    counts: Counts | None = None,
) -> Reports:
    """Telemetry as reports.

    Args:
        told: operational intent, telemetry, and when it came (µs since 1970 UTC).
        source: where it came from.
        counts: where to count what gives no report, and why.
    """
    counted = counts or Counts()
    rows: list[Row] = []
    for intent, telemetry, received_us in told:
        row = _row(intent, telemetry, received_us)
        if isinstance(row, str):
            counted.dropped[row] += 1
        else:
            rows.append(row)
    counted.reports += len(rows)
    return reports_of(rows, source)


def _row(intent: str, telemetry: VehicleTelemetry, received_us: int) -> Row | str:
    """A report, or why there is none."""
    position, velocity = telemetry.position, telemetry.velocity
    if position is None or not placed(position.latitude, position.longitude):
        return "no-position"
    if position.extrapolated:
        return "extrapolated"
    try:
        measured_us = time_us(telemetry.time_measured, "telemetry.time_measured")
    except InvalidMember:
        return "no-time"
    altitude = position.altitude
    track = velocity.track if velocity is not None else None
    return Row(
        identity=f"intent:{intent}",
        time_us=measured_us,
        received_us=received_us,
        lat_deg=position.latitude,
        lng_deg=position.longitude,
        altitude_m=altitude.value if altitude is not None else math.nan,
        speed_m_s=velocity.speed if velocity is not None else math.nan,
        track_deg=track % 360.0 if track is not None else math.nan,
        horizontal_m=horizontal_m(position.accuracy_h),
        vertical_m=vertical_m(position.accuracy_v),
    )
