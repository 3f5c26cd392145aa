"""Whatever comes, decoders of Mode S, SBS and JSON neither fail nor grow; all of it is counted."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import squitters
from tests.support.squitters import avr, beast

from detente.feeds import (
    COLUMNS,
    NEVER,
    Decoder,
    DecoderSettings,
    ModeSSettings,
    Reports,
    Source,
    decoder_for,
    joined,
)
from detente.feeds.documents import Documents

NOW_US = 1_763_882_000_000_000
FORMATS = ("beast", "avr", "sbs", "readsb", "readsb-trace", "opensky")


def frames() -> list[bytes]:
    made = []
    for number in range(40):
        lat, lng = 47 + number / 500, 8 - number / 300
        made += [
            squitters.extended(0x4840D6, squitters.airborne(lat, lng, number % 2)),
            squitters.extended(0x4840D6, squitters.velocity(300, -200, above_25=3)),
            squitters.extended(0x1A1A1A, squitters.surface(lat, lng, number % 2)),
            squitters.extended(0x4840D6, squitters.status(2)),
            squitters.reply(4, 0x4840D6, squitters.q_code(30_000)),
            squitters.all_call(0x1A001A),
        ]
    return made


def sbs() -> bytes:
    day = "2025/11/23,07:13:20.500"
    return b"".join(
        f"MSG,3,1,1,4840D6,1,{day},{day},,3{k:02}00,,,47.{k:03},8.5,,,0,0,0,0\r\n"
        f"MSG,4,1,1,4840D6,1,{day},{day},DET12A,,450.5,{k},,,-64,,,,,0\n".encode()
        for k in range(60)
    )


AIRCRAFT = {"hex": "4840d6", "lat": 47.4, "lon": 8.5, "alt_baro": 35000, "seen_pos": 0.5, "rc": 8}
GOOD = {
    "beast": b"".join(beast(each, 12_000 * k) for k, each in enumerate(frames())),
    "avr": b"".join(avr(each, 12_000 * k) for k, each in enumerate(frames())),
    "sbs": sbs(),
    "readsb": b"\n".join(
        json.dumps({"now": NOW_US / 1e6 + k, "aircraft": [AIRCRAFT | {"lat": k}]}).encode()
        for k in range(60)
    ),
    "readsb-trace": json.dumps(
        {
            "icao": "4840d6",
            "timestamp": NOW_US / 1e6,
            "trace": [[k, 47, 8, "ground", 1, 2, 0, 0, AIRCRAFT, "mlat", 5] for k in range(60)],
        }
    ).encode(),
    "opensky": json.dumps(
        {
            "time": 1,
            "states": [
                [f"4840{k}", "A", "B", 5, 6, 8, 47, 5, None, 5, 6, 7] for k in range(10, 99)
            ],
        }
    ).encode(),
}


def decoder_of(name: str) -> Decoder:
    chosen = DecoderSettings(mode_s=ModeSSettings(began_us=NOW_US))
    decoder = decoder_for(name, Source("fuzz", name), chosen)
    if hasattr(decoder, "_documents"):
        decoder._documents = Documents(longest=100_000)
    return decoder


def check(decoder: Decoder, batches: list[Reports]) -> None:
    counts = decoder.counts
    assert sum(map(len, batches)) == counts.reports <= counts.messages
    assert min(counts.dropped.values(), default=1) > 0
    for each in batches:
        assert np.isfinite(each.lat_deg).all()
        assert (np.abs(each.lat_deg) <= 90).all()
        assert ((each.lng_deg >= -180) & (each.lng_deg < 180)).all()
        assert np.isfinite(each.horizontal_m).all()
        assert np.isfinite(each.vertical_m).all()
        assert (each.time_us != NEVER).all()
        assert (each.aircraft < len(each.identities)).all()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FORMATS), st.lists(st.binary(max_size=300), max_size=20))
def test_rubbish(name: str, pieces: list[bytes]) -> None:
    decoder = decoder_of(name)
    batches = [decoder.feed(each, NOW_US) for each in pieces]
    batches.append(decoder.close())
    check(decoder, batches)
    assert decoder.counts.bytes == sum(map(len, pieces))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMATS), st.integers(0, 1 << 32))
def test_good_input_with_faults(name: str, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(GOOD[name])
    for _ in range(rng.randrange(30)):
        at = rng.randrange(len(data))
        fault = rng.randrange(4)
        if fault == 0:
            data[at] = rng.randrange(256)
        elif fault == 1:
            del data[at : at + rng.randrange(40)]
        elif fault == 2:
            data[at:at] = rng.randbytes(rng.randrange(20))
        else:
            data[at:at] = data[at : at + rng.randrange(60)]
    decoder = decoder_of(name)
    batches = []
    at = 0
    while at < len(data):
        width = rng.choice([1, 10, 100, 1000, 10_000])
        batches.append(decoder.feed(bytes(data[at : at + width]), NOW_US + at * 1000))
        at += width
        if rng.random() < 0.02:
            batches.append(decoder.close())
    batches.append(decoder.close())
    check(decoder, batches)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(FORMATS), st.lists(st.integers(1, 4000), min_size=1, max_size=20))
def test_where_input_is_cut_makes_no_difference(name: str, widths: list[int]) -> None:
    when = NEVER if name in {"beast", "avr"} else NOW_US
    whole, pieces = decoder_of(name), decoder_of(name)
    expected = whole.feed(GOOD[name], when)
    assert len(expected) >= 20
    found, at = [], 0
    while at < len(GOOD[name]):
        width = widths[at % len(widths)]
        found.append(pieces.feed(GOOD[name][at : at + width], when))
        at += width
    assert pieces.counts == whole.counts
    together = joined(found)
    for column in set(COLUMNS) - {"aircraft", "source"}:
        mine, theirs = getattr(together, column), getattr(expected, column)
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), column


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "rubbish",
    [
        lambda rng: rng.randbytes(1 << 16),
        lambda rng: b"\x1a" * (1 << 16),
        lambda rng: b"\x1a3" * (1 << 15),
        lambda rng: b"{" * (1 << 16),
        lambda rng: b'{"a":"' + b"x" * (1 << 16),
        lambda rng: b"*" * (1 << 16),
        lambda rng: b"*8d4840d6" * (1 << 13),
        lambda rng: b"MSG," * (1 << 14),
        lambda rng: b"\n" * (1 << 16),
        lambda rng: rng.choice(list(GOOD.values())),
    ],
)
def test_a_flood_grows_nothing(name: str, rubbish: Callable[[random.Random], bytes]) -> None:
    rng = random.Random(5)
    decoder = decoder_of(name)
    for _ in range(4):
        decoder.feed(rubbish(rng), NOW_US)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(12):
            decoder.feed(rubbish(rng), NOW_US)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 400_000
