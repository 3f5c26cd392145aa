"""Mode S: real flights; rs1090 agrees on every message and on every position."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.support.samples import sample
from tests.unit.feeds.test_mode_s_messages import differences

from detente.feeds import (
    BeastDecoder,
    Counts,
    Frames,
    ModeSReader,
    ModeSSettings,
    Reports,
    Source,
    frames_of_hex,
)
from detente.feeds.modes import read_messages

rs1090: Any = importlib.import_module("rs1090")

SOURCE = Source("roof", "mode-s")
PARIS = (49.0, 2.57)


@pytest.fixture(scope="module")
def flight() -> tuple[list[dict[str, Any]], Frames]:
    """A whole flight, from stand to stand: frames, and what rs1090 once made of them."""
    lines = sample("rs1090/full_flight_short.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    times = np.array([round(row["timestamp"] * 1e6) for row in rows])
    return rows, frames_of_hex([row["frame"] for row in rows], times, times)


def followed(frames: Frames) -> tuple[Reports, Counts]:
    counts = Counts()
    settings = ModeSSettings(receiver=PARIS, range_m=5e6)
    return ModeSReader(SOURCE, settings, counts).take(frames), counts


def test_rs1090_agrees_on_every_message(flight: tuple[list[dict[str, Any]], Frames]) -> None:
    rows, frames = flight
    messages, _ = read_messages(frames)
    theirs = rs1090.decode([row["frame"] for row in rows])
    unlike: Counter[str] = Counter()
    for mine, their in zip(messages, theirs, strict=True):
        unlike.update(
            f"{name}: {pair[0]} for {pair[1]}" for name, pair in differences(mine, their).items()
        )
    # rs1090 reads no height difference of 0 and no negative altitude in hundreds of feet.
    assert unlike == {"above: 0.0 for None": 88, "altitude: -100.0 for None": 1}


def test_every_position_is_that_of_rs1090(flight: tuple[list[dict[str, Any]], Frames]) -> None:
    rows, frames = flight
    reports, counts = followed(frames)
    theirs = {
        round(row["timestamp"] * 1e6): (row["latitude"], row["longitude"])
        for row in rows
        if row.get("latitude") is not None
    }
    mine = dict(
        zip(
            reports.time_us.tolist(),
            zip(reports.lat_deg.tolist(), reports.lng_deg.tolist(), strict=True),
            strict=True,
        )
    )
    assert mine.keys() <= theirs.keys()
    assert len(theirs) - len(mine) == counts.dropped["unpaired"] == 2
    for when, place in mine.items():
        assert place == pytest.approx(theirs[when], abs=1e-9)
    assert reports.identities == ("393322",)
    assert reports.callsigns == ("AFR34ZG",)


def test_a_flight_is_followed_with_what_it_says(
    flight: tuple[list[dict[str, Any]], Frames],
) -> None:
    reports, counts = followed(flight[1])
    assert counts.messages == len(flight[1]) == len(reports) + counts.noted["no-position"] + 2
    flying = reports.on_ground == 0
    assert 0 < (~flying).sum() < flying.sum()
    assert np.nanmax(reports.pressure_m) == pytest.approx(10_668, abs=50)
    above = reports.altitude_m - reports.pressure_m
    assert np.nanmax(np.abs(above[flying])) < 1000
    # Where both are told, the aircraft moved as it said.
    lat, lng, seconds = reports.lat_deg, reports.lng_deg, reports.time_us / 1e6
    steps = np.diff(seconds)
    north, east = np.diff(lat) * 111_120, np.diff(lng) * 111_320 * np.cos(np.radians(lat[1:]))
    near = flying[1:] & (steps > 2) & (steps < 20) & ~np.isnan(reports.speed_m_s[1:])
    flown = np.hypot(north, east)[near] / steps[near]
    assert np.median(np.abs(flown - reports.speed_m_s[1:][near])) < 3


def test_cutting_changes_nothing(flight: tuple[list[dict[str, Any]], Frames]) -> None:
    frames = flight[1]
    whole, counts = followed(frames)
    again = Counts()
    reader = ModeSReader(SOURCE, ModeSSettings(receiver=PARIS, range_m=5e6), again)
    pieces = [reader.take(frames.rows(at, at + 997)) for at in range(0, len(frames), 997)]
    assert again == counts
    assert sum(map(len, pieces)) == len(whole)
    for name in ("lat_deg", "speed_m_s", "altitude_m", "horizontal_m"):
        parts = np.concatenate([getattr(piece, name) for piece in pieces])
        assert np.array_equal(parts, getattr(whole, name), equal_nan=True)


def test_a_beast_capture_is_read() -> None:
    data = sample("dump1090/sample_dump1090.bin").read_bytes()
    decoder = BeastDecoder(SOURCE, ModeSSettings(began_us=1_700_000_000_000_000))
    reports = decoder.feed(data, -(1 << 63))
    assert not len(decoder.close())
    counts = decoder.counts
    assert counts.messages == 239
    assert not counts.dropped["framing"]
    assert not counts.dropped["parity"]
    assert counts.reports == len(reports) == 3
    assert sum(counts.dropped.values()) + counts.noted["no-position"] + 3 == 239
    assert reports.callsigns == ("TRA89M",)
    # Time goes on as the receiver's counter does.
    assert 0 < np.diff(reports.time_us).min() <= np.diff(reports.time_us).max() < 60_000_000


def split_by_hand(data: bytes) -> list[bytes]:
    """The data of Beast frames, read one octet after another."""
    found, at = [], 0
    while at < len(data):
        assert data[at] == 0x1A
        want = {0x31: 9, 0x32: 14, 0x33: 21}[data[at + 1]]
        at += 2
        body = bytearray()
        while len(body) < want and at < len(data):
            body.append(data[at])
            at += 2 if data[at] == 0x1A else 1
        if len(body) == want:
            found.append(bytes(body[7:]))
    return found


def test_rs1090_agrees_on_every_message_of_a_capture() -> None:
    texts = [
        each.hex()
        for each in split_by_hand(sample("dump1090/sample_dump1090.bin").read_bytes())
        if len(each) > 2
    ]
    times = np.arange(len(texts), dtype=np.int64)
    messages, _ = read_messages(frames_of_hex(texts, times, times))
    theirs = rs1090.decode(texts)
    compared = 0
    for mine, their in zip(messages, theirs, strict=True):
        if their is not None:
            assert not differences(mine, their)
            compared += 1
    assert compared > 200
