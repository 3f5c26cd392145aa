"""Remote ID and telemetry: what is sent is read back; whatever comes harms nothing."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from detente.feeds import BroadcastDecoder, NetworkDecoder, Source, TelemetryDecoder

SOURCE = Source("rid", "remote-id", 185.2, 45.0)
NOW_US = 1_764_000_000_000_000


def coded(
    lat: float, lng: float, altitude_m: float, speed_m_s: float, track_deg: float, climb_m_s: float
) -> bytes:
    """A pack that names a drone and tells this, coded as F3411-22a has it."""
    coarse = speed_m_s > 63.75
    speed = round((speed_m_s - 63.75) / 0.75) if coarse else round(speed_m_s / 0.25)
    west = track_deg >= 180
    location = struct.pack(
        "<BBBBbiiHHHBBHBB",
        0x12,
        2 << 4 | (2 if west else 0) | coarse,
        round(track_deg) - (180 if west else 0),
        speed,
        round(climb_m_s / 0.5),
        round(lat * 1e7),
        round(lng * 1e7),
        0,
        round((altitude_m + 1000) / 0.5),
        0,
        0x4A,
        0,
        36_000 // 2,
        0,
        0,
    )
    return b"\xf2\x19\x02" + b"\x02\x12" + b"S1".ljust(23, b"\0") + location


@given(
    lat=st.floats(-90, 90),
    lng=st.floats(-180, 180),
    altitude_m=st.floats(-999, 31_000),
    speed_m_s=st.floats(0, 254),
    track_deg=st.floats(0, 359),
    climb_m_s=st.floats(-62, 62),
)
def test_what_a_drone_tells_is_read_back(
    lat: float,
    lng: float,
    altitude_m: float,
    speed_m_s: float,
    track_deg: float,
    climb_m_s: float,
) -> None:
    decoder = BroadcastDecoder(SOURCE)
    data = coded(lat, lng, altitude_m, speed_m_s, track_deg, climb_m_s)
    reports = decoder.feed(data, NOW_US)
    if round(lat * 1e7) == round(lng * 1e7) == 0:
        assert decoder.counts.dropped == {"no-position": 1}
        return
    assert reports.identities == ("serial:S1",)
    assert abs(reports.lat_deg[0] - lat) < 1e-7
    assert abs((reports.lng_deg[0] - lng + 180) % 360 - 180) < 1e-7
    assert abs(reports.altitude_m[0] - altitude_m) <= 0.25
    assert abs(reports.speed_m_s[0] - speed_m_s) <= 0.375
    assert abs(reports.track_deg[0] - track_deg) <= 0.5
    assert abs(reports.climb_m_s[0] - climb_m_s) <= 0.25


@settings(max_examples=200)
@given(pieces=st.lists(st.binary(max_size=260), max_size=6))
def test_advertisements_of_any_content_harm_nothing(pieces: list[bytes]) -> None:
    decoder = BroadcastDecoder(SOURCE)
    for piece in pieces:
        for data in (piece, bytes([0xF2, 25, len(piece) // 25 % 16]) + piece):
            reports = decoder.hear(data, NOW_US, "sender")
            assert (abs(reports.lat_deg) <= 90).all()
            assert (abs(reports.time_us - NOW_US) <= 1_800_000_000).all()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
POSITION: dict[str, Any] = {"lat": 46.5, "lng": 7.25, "alt": 100.0, "latitude": 1, "longitude": 2}


@settings(max_examples=200)
@given(data=st.data(), telemetry=st.booleans())
def test_answers_of_any_content_harm_nothing(data: st.DataObject, telemetry: bool) -> None:
    name = data.draw(st.sampled_from([*POSITION, "accuracy_h", "extrapolated", "altitude"]))
    position = {**POSITION, name: data.draw(values)}
    time = data.draw(
        st.sampled_from(["2025-11-24T16:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31", "x"])
        | values
    )
    state = {"timestamp": {"value": time}, "position": position, "track": data.draw(values)}
    told = {"time_measured": {"value": time, "format": "RFC3339"}, "position": position}
    document = (
        {"operational_intent_id": "x", "telemetry": told}
        if telemetry
        else {"flights": [{"id": "f", "current_state": state}]}
    )
    decoder: TelemetryDecoder | NetworkDecoder
    decoder = TelemetryDecoder(SOURCE) if telemetry else NetworkDecoder(SOURCE)
    text = json.dumps(document).encode()
    if data.draw(st.booleans()):
        at = data.draw(st.integers(1, len(text) - 2))
        damaged = text[:at] + bytes([data.draw(st.integers(0, 255))]) + text[at + 1 :]
        for broken in (damaged, text.replace(b"x", b"\xff"), text.replace(b"f", b"\xff")):
            decoder.feed(broken, NOW_US)
            decoder.close()
        decoder = type(decoder)(SOURCE)
    cut = data.draw(st.integers(0, len(text)))
    reports = [decoder.feed(text[:cut], NOW_US), decoder.feed(text[cut:], NOW_US)]
    assert sum(map(len, reports)) + sum(decoder.counts.dropped.values()) == 1
    for each in reports:
        assert all(math.isfinite(lat) and abs(lat) <= 90 for lat in each.lat_deg)
