"""Telemetry of operational intents."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from detente.feeds.reports import Basis, Source
from detente.feeds.telemetry import TelemetryDecoder

T0_US = 1_764_000_000_000_000
SOURCE = Source("uss", "f3548", 185.2, 45.0)


def answer(**position: Any) -> bytes:
    place = {
        "latitude": 46.5,
        "longitude": 7.25,
        "accuracy_h": "HA3m",
        "accuracy_v": "VA10m",
        "extrapolated": False,
        "altitude": {"value": 1500.0, "reference": "W84", "units": "M"},
        **position,
    }
    return json.dumps(
        {
            "operational_intent_id": "2f8343be-6482-4d1b-a474-16847e01af1e",
            "telemetry": {
                "time_measured": {"value": "2025-11-24T16:00:00.5Z", "format": "RFC3339"},
                "position": place,
                "velocity": {"speed": 61.7, "units_speed": "MetersPerSecond", "track": 271.5},
            },
        }
    ).encode()


def test_telemetry_becomes_a_report() -> None:
    reports = TelemetryDecoder(SOURCE).feed(answer(), T0_US)
    assert reports.identities == ("intent:2f8343be-6482-4d1b-a474-16847e01af1e",)
    assert (reports.time_us[0], reports.received_us[0]) == (T0_US + 500_000, T0_US)
    assert (reports.lat_deg[0], reports.lng_deg[0], reports.altitude_m[0]) == (46.5, 7.25, 1500.0)
    assert (reports.speed_m_s[0], reports.track_deg[0]) == (61.7, 271.5)
    assert (reports.horizontal_m[0], reports.vertical_m[0]) == (3.0, 10.0)
    assert reports.basis[0] == Basis.STATED


def test_accuracy_that_is_not_told_is_assumed() -> None:
    for name in ("HAUnknown", None):
        reports = TelemetryDecoder(SOURCE).feed(answer(accuracy_h=name, altitude=None), T0_US)
        assert (reports.horizontal_m[0], reports.basis[0]) == (185.2, Basis.ASSUMED)
        assert math.isnan(reports.altitude_m[0])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (answer(extrapolated=True), "extrapolated"),
        (answer(latitude=91), "no-position"),
        (b'{"operational_intent_id": "x"}', "no-position"),
        (b'{"a": 1}', "unreadable"),
        (b'{"a": ' * 100_000 + b"}" * 100_000, "unreadable"),
        (answer(accuracy_h="HA1km"), "unreadable"),
    ],
)
def test_what_gives_no_report_is_counted(data: bytes, reason: str) -> None:
    decoder = TelemetryDecoder(SOURCE)
    assert len(decoder.feed(data, T0_US)) == 0
    assert decoder.counts.dropped == {reason: 1}
