"""Remote ID: broadcast messages and network answers."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest

from detente.feeds.remote_id import BroadcastDecoder, NetworkDecoder
from detente.feeds.reports import NEVER, Basis, Source

SOURCE = Source("rid", "remote-id", 185.2, 45.0)
HOUR_US = 1_764_000_000_000_000 // 3_600_000_000 * 3_600_000_000


def basic(kind: int = 1, name: bytes = b"1581F4Q3231A00B12345") -> bytes:
    return bytes([0x02, kind << 4 | 2]) + name.ljust(20, b"\0") + b"\0" * 3


def location(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "flags": 2 << 4 | 0x02, "direction": 91, "speed": 40, "climb": -4,
        "lat": 465_000_000, "lng": -72_500_000, "pressure": 3_000, "geodetic": 3_100,
        "height": 2_100, "accuracy": 4 << 4 | 10, "speeds": 0x03, "tenths": 18_005,
    }  # fmt: skip
    values.update(changes)
    return struct.pack("<BBBBbiiHHHBBHBB", 0x12, *values.values(), 0x02, 0)


def pack(*messages: bytes) -> bytes:
    return bytes([0xF2, 25, len(messages)]) + b"".join(messages)


def test_a_pack_tells_who_and_where() -> None:
    decoder = BroadcastDecoder(SOURCE)
    system = bytes([0x42]) + b"\1" * 24
    reports = decoder.feed(pack(basic(), location(), system), HOUR_US + 1_800_000_000)
    assert reports.identities == ("serial:1581F4Q3231A00B12345",)
    assert reports.time_us.tolist() == [HOUR_US + 1_800_500_000]
    assert (reports.lat_deg[0], reports.lng_deg[0]) == (pytest.approx(46.5), pytest.approx(-7.25))
    assert (reports.altitude_m[0], reports.pressure_m[0]) == (550.0, 500.0)
    assert (reports.speed_m_s[0], reports.track_deg[0], reports.climb_m_s[0]) == (10.0, 271.0, -2.0)
    assert (reports.horizontal_m[0], reports.vertical_m[0]) == (10.0, 10.0)
    assert (reports.basis[0], reports.on_ground[0]) == (Basis.STATED, 0)
    assert decoder.counts.dropped == {"not-a-position": 1}
    assert decoder.counts.noted == {"identification": 1}


def test_single_messages_are_joined_by_their_sender() -> None:
    decoder = BroadcastDecoder(SOURCE)
    beacon = b"\x0d\x07"
    assert len(decoder.hear(beacon + location(), HOUR_US, "aa")) == 0
    assert len(decoder.hear(beacon + basic(), HOUR_US, "aa")) == 0
    assert len(decoder.hear(beacon + location(), HOUR_US, "bb")) == 0
    assert len(decoder.feed(beacon + location(), HOUR_US)) == 0
    reports = decoder.hear(beacon + location(), HOUR_US, "aa")
    assert reports.identities == ("serial:1581F4Q3231A00B12345",)
    assert decoder.counts.dropped == {"no-identity": 3}


@pytest.mark.parametrize(
    ("kind", "name", "identity"),
    [
        (2, b"CHE-abc", "registration:CHE-abc"),
        (3, bytes(range(1, 17)), "utm:0102030405060708090a0b0c0d0e0f10"),
        (4, b"\1\2", "session:0102"),
        (0, b"x", ""),
        (1, b"", ""),
        (1, b"\x1b[2J", ""),
    ],
)
def test_names(kind: int, name: bytes, identity: str) -> None:
    reports = BroadcastDecoder(SOURCE).feed(pack(basic(kind, name), location()), HOUR_US)
    assert reports.identities == ((identity,) if identity else ())


@pytest.mark.parametrize(
    ("received_us", "tenths", "time_us"),
    [
        (HOUR_US + 1_000_000, 35_990, HOUR_US - 1_000_000),
        (HOUR_US - 1_000_000, 10, HOUR_US + 1_000_000),
        (HOUR_US + 7, 0xFFFF, HOUR_US + 7),
    ],
)
def test_the_hour_is_the_one_that_is_nearest(received_us: int, tenths: int, time_us: int) -> None:
    reports = BroadcastDecoder(SOURCE).feed(pack(basic(), location(tenths=tenths)), received_us)
    assert reports.time_us.tolist() == [time_us]


def test_values_that_say_nothing() -> None:
    reports = BroadcastDecoder(SOURCE).feed(
        pack(
            basic(),
            location(direction=181, speed=255, climb=126, pressure=0, geodetic=0, accuracy=0),
        ),
        HOUR_US,
    )
    for name in ("track_deg", "speed_m_s", "climb_m_s", "pressure_m", "altitude_m"):
        assert math.isnan(getattr(reports, name)[0]), name
    assert (reports.horizontal_m[0], reports.vertical_m[0]) == (18_520.0, 45.0)
    fast = BroadcastDecoder(SOURCE).feed(pack(basic(), location(flags=0x21, speed=10)), HOUR_US)
    assert (fast.speed_m_s[0], fast.track_deg[0]) == (71.25, 91.0)
    failed = BroadcastDecoder(SOURCE).feed(pack(basic(), location(flags=0x40)), HOUR_US)
    assert failed.basis[0] == Basis.ASSUMED


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "framing"),
        (basic()[:-1], "framing"),
        (bytes([0xF2, 24, 1]) + b"\0" * 24, "framing"),
        (bytes([0xF2, 25, 10]) + b"\0" * 250, "framing"),
        (bytes([0xF2, 25, 2]) + b"\0" * 49, "framing"),
        (bytes([0x0F]) + b"\0" * 24, "version"),
        (bytes([0x72]) + b"\0" * 24, "framing"),
        (pack(basic(), location(lat=0, lng=0)), "no-position"),
        (pack(basic(), location(lat=910_000_000)), "no-position"),
    ],
)
def test_what_is_no_message_is_counted(data: bytes, reason: str) -> None:
    decoder = BroadcastDecoder(SOURCE)
    assert len(decoder.feed(data, HOUR_US)) == 0
    assert decoder.counts.dropped[reason] == 1


def flight(**state: Any) -> dict[str, Any]:
    position = {
        "lat": 46.5, "lng": 7.25, "alt": 550.0, "accuracy_h": "HA10m", "accuracy_v": "VA25m",
        "pressure_altitude": 500.0,
    }  # fmt: skip
    return {
        "id": "f-1",
        "aircraft_type": "Helicopter",
        "current_state": {
            "timestamp": {"value": "2025-11-24T16:00:00.5Z", "format": "RFC3339"},
            "operational_status": "Airborne",
            "position": position,
            "track": 271.0,
            "speed": 10.0,
            "vertical_speed": -2.0,
            **state,
        },
        "recent_positions": [
            {"time": {"value": "2025-11-24T15:59:59Z", "format": "RFC3339"}, "position": position}
        ],
    }


def test_an_answer_of_flights_is_read() -> None:
    decoder = NetworkDecoder(SOURCE)
    reports = decoder.feed(json.dumps({"flights": [flight()]}).encode(), HOUR_US)
    assert reports.identities == ("flight:f-1",)
    assert reports.time_us.tolist() == [1_763_999_999_000_000, 1_764_000_000_500_000]
    assert reports.horizontal_m.tolist() == [10.0, 10.0]
    assert reports.vertical_m.tolist() == [25.0, 25.0]
    assert (math.isnan(reports.speed_m_s[0]), reports.speed_m_s[1]) == (True, 10.0)
    assert reports.on_ground.tolist() == [2, 0]


def test_details_give_flights_their_names() -> None:
    decoder = NetworkDecoder(SOURCE)
    details = {"details": {"id": "f-1", "uas_id": {"serial_number": "S1"}, "operator_id": "o"}}
    data = json.dumps(details).encode() + json.dumps({"flights": [flight()]}).encode()
    assert len(decoder.feed(data[:-10], HOUR_US)) == 0
    reports = decoder.feed(data[-10:], HOUR_US)
    assert reports.identities == ("serial:S1",)
    assert decoder.counts.noted == {"details": 1}
    assert not decoder.counts.dropped


def test_the_older_version_writes_times_as_text() -> None:
    old = flight(timestamp="2025-11-24T16:00:00Z")
    old["recent_positions"] = []
    decoder = NetworkDecoder(SOURCE)
    reports = decoder.feed(json.dumps({"flights": [old]}).encode(), HOUR_US)
    assert reports.time_us.tolist() == [1_764_000_000_000_000]


def test_what_is_not_observed_is_counted() -> None:
    simulated = {**flight(), "simulated": True}
    bad_time = flight(timestamp="noon")
    bad_time["recent_positions"] = []
    stateless = {"id": "x"}
    decoder = NetworkDecoder(SOURCE)
    document = {"flights": [simulated, bad_time, stateless]}
    assert len(decoder.feed(json.dumps(document).encode(), HOUR_US)) == 0
    assert decoder.counts.dropped == {"simulated": 2, "no-time": 1, "no-position": 1}
    for data in (
        b'{"flights": [{"id": 1}]}',
        b'{"flights": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ):
        before = decoder.counts.dropped["unreadable"]
        decoder.feed(data, NEVER)
        assert decoder.counts.dropped["unreadable"] == before + 1
