"""ASTERIX and Cursor on Target: how many records and events a core turns into reports.

    python -m bench.watch_feeds_surveillance [--rounds 7]

One process on one core, seconds of its own time. Naive is the loop that people write, in the same
run, on fewer records: libasterix record by record, ElementTree and takproto event by event. Both
make the same positions.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import statistics
import time
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bench.line import load, verdict
from detente.feeds.asterix import AsterixDecoder, AsterixSettings, RadarSite
from detente.feeds.cot import CotDecoder
from detente.feeds.decoding import Decoder
from detente.feeds.reports import Source

T0_US = 1_764_000_000_000_000
SOURCE = Source("bench", "bench")
SITES = (RadarSite(lat_deg=46.9, lng_deg=7.5, height_m=600.0),)


def asterix(category: int, count: int, rng: random.Random) -> bytes:
    """Data blocks of five full records each."""
    spec = {21: "Cat_021_2_6", 48: "Cat_048_1_32", 62: "Cat_062_1_20"}[category]
    kind = getattr(importlib.import_module("asterix.generated"), spec)
    distinct = []
    for number in range(200):
        tod = rng.randrange(40_000 * 128, 44_000 * 128)
        place = (rng.randrange(1 << 21) << 32) | rng.randrange(1 << 21)
        values: dict[int, dict[str, Any]] = {
            21: {
                "010": 0x1902, "040": ((0, 0, 0, 0, None),), "161": number, "071": tod,
                "130": ((place >> 32) << 24) | (place & 0xFFFFFF), "131": place,
                "080": 0x4B0000 + number,
                "073": tod, "074": 1 << 20, "140": 5000, "210": 2 << 3, "145": 1200,
                "090": ((0, 8, None), (0, 0, 9, None), (0, 0, 0, 2, None)), "155": 10, "157": 12,
                "160": (2000 << 16) | 9000, "077": tod, "170": 0x0420F1CB3DE0, "020": 3,
            },
            48: {
                "010": 0x1902, "140": tod, "020": ((5, 0, 0, 0, 0, None),),
                "040": (rng.randrange(60_000) << 16) | rng.randrange(65_536), "070": 0o1234,
                "090": 1200, "130": {"SRL": 1, "SRR": 2, "SAM": 3}, "220": 0x4B0000 + number,
                "240": 0x0420F1CB3DE0, "250": [0x0123456789ABCDEF, 0x1123456789ABCDEF],
                "161": number, "200": (2000 << 16) | 9000, "170": ((0, 0, 0, 0, 0, None),),
                "230": 0x2000,
            },
            62: {
                "010": 0x1902, "070": tod, "105": place, "100": 0, "185": (800 << 16) | 400,
                "060": 0o1234, "040": number, "080": ((0, 0, 0, 1, 0, None), (0,) * 7 + (None,)),
                "380": {"ADR": 0x4B0000 + number, "ID": 0x0420F1CB3DE0, "TAN": 1, "GS": 2},
                "136": 1200, "130": 5000, "220": 100, "290": {"TRK": 1, "SSR": 2, "ADS": 3},
                "500": {"APC": (60 << 16) | 60, "COV": 10, "AGA": 4, "ATV": 0},
            },
        }  # fmt: skip
        distinct.append(kind.cv_record.create(values[category]))
    blocks = [
        kind.create(distinct[begin : begin + 5]).unparse().to_bytes()
        for begin in range(0, len(distinct), 5)
    ]
    return b"".join(bytes(each) for each in blocks) * (count // 200)


def naive_asterix(category: int, data: bytes) -> int:
    """Positions by libasterix, record by record."""
    base = importlib.import_module("asterix.base")
    spec = {21: "Cat_021_2_6", 48: "Cat_048_1_32", 62: "Cat_062_1_20"}[category]
    kind = getattr(importlib.import_module("asterix.generated"), spec)
    item = {21: "131", 48: "040", 62: "105"}[category]
    first, second, unit = ("RHO", "THETA", "NM") if category == 48 else ("LAT", "LON", "°")
    found = 0
    for block in base.RawDatablock.parse(base.Bits.from_bytes(data)):
        for record in kind.cv_uap.parse(block.get_raw_records()):
            place = record.get_item(item).variation
            place.get_item(first).variation.content.as_quantity(unit)
            place.get_item(second).variation.content.as_quantity("°")
            found += 1
    return found


def events(count: int, rng: random.Random) -> list[bytes]:
    """Events as gateways of ADS-B write them, about 450 octets each."""
    made = []
    for number in range(count):
        lat, lng = rng.uniform(45, 48), rng.uniform(6, 11)
        made.append(
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<event version="2.0" '
            f'uid="ICAO-{0x4B0000 + number % 500:06X}" type="a-f-A-C-F" how="m-g" '
            f'time="2025-11-24T16:00:{number % 60:02}.{number % 1000:03}Z" '
            f'start="2025-11-24T16:00:00.000Z" stale="2025-11-24T16:02:00.000Z">'
            f'<point lat="{lat:.7f}" lon="{lng:.7f}" hae="{rng.uniform(500, 12_000):.1f}" '
            f'ce="9.5" le="9999999.0"/><detail><contact callsign="SWR{number % 500}"/>'
            f'<track course="{rng.uniform(0, 360):.2f}" speed="{rng.uniform(50, 250):.2f}"/>'
            f"<remarks>squawk 1000</remarks></detail></event>".encode()
        )
    return made


def naive_xml(all_events: list[bytes]) -> int:
    """Positions by ElementTree, event by event."""
    found = 0
    for each in all_events:
        root = ET.fromstring(each)
        point, track = root.find("point"), root.find("detail/track")
        assert point is not None
        assert track is not None
        datetime.fromisoformat(root.get("time") or "")
        for name in ("lat", "lon", "hae", "ce", "le"):
            float(point.get(name) or "nan")
        float(track.get("course") or "nan")
        float(track.get("speed") or "nan")
        found += 1
    return found


def naive_protobuf(messages: list[bytes]) -> int:
    """Positions by takproto, message by message."""
    takproto: Any = importlib.import_module("takproto")
    found = 0
    for each in messages:
        event = takproto.parse_proto(bytearray(each)).cotEvent
        _ = event.sendTime, event.lat, event.lon, event.hae, event.ce, event.le
        _ = event.detail.track.course, event.detail.track.speed, event.detail.contact.callsign
        found += 1
    return found


def rate(work: Callable[[], int], rounds: int) -> float:
    """Items per second of the processor, the median, once it has been done before."""
    work()
    took = []
    for _ in range(rounds):
        begin = time.process_time()
        count = work()
        took.append(count / (time.process_time() - begin))
    return statistics.median(took)


def fed(make: Callable[[], Decoder], data: bytes, piece: int) -> int:
    """How many reports a stream gives, fed in pieces."""
    decoder = make()
    count = sum(
        len(decoder.feed(data[begin : begin + piece], T0_US))
        for begin in range(0, len(data), piece)
    )
    assert not decoder.counts.dropped, decoder.counts
    return count


def memory(make: Callable[[], Decoder], data: bytes, piece: int) -> float:
    """MiB at most while a stream is fed, beyond what was there."""
    tracemalloc.start()
    fed(make, data, piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (1 << 20)


def row(
    what: str, got: float, small: float, naive: tuple[str, float], target: float, mib: float
) -> None:
    """Print one line of the table."""
    print(
        f"| {what} | {got:,.0f} | {small:,.0f} | {naive[0]}: {naive[1]:,.0f} "
        f"(x {got / naive[1]:,.0f}) | {mib:.1f} | > {target:,.0f}: **{verdict(got > target)}** |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_feeds_surveillance")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = random.Random(1)
    print(f"Per second on one core; load {load()}:\n")
    print("| what | in pieces of 1 MiB | of 1,400 octets | naive loop | MiB | target |")
    print("|---|---|---|---|---|---|")

    settings = AsterixSettings(sites=SITES)
    for category in (21, 48, 62):
        data = asterix(category, 100_000, rng)
        some = data[: len(data) // 500]

        def make() -> Decoder:
            return AsterixDecoder(SOURCE, settings)

        def slow(category: int = category, some: bytes = some) -> int:
            return naive_asterix(category, some)

        def whole(data: bytes = data) -> int:
            return fed(make, data, 1 << 20)

        def small(data: bytes = data) -> int:
            return fed(make, data, 1_400)

        row(
            f"ASTERIX {category:03}, records of {len(data) // 100_000} octets",
            rate(whole, rounds), rate(small, 3), ("libasterix", rate(slow, 3)), 500_000,
            memory(make, data, 1 << 20),
        )  # fmt: skip

    xml = events(20_000, rng)
    stream = b"".join(xml) * 3

    def tak() -> Decoder:
        return CotDecoder(SOURCE)

    row(
        f"CoT XML, events of {len(stream) // 60_000} octets",
        rate(lambda: fed(tak, stream, 1 << 20), rounds),
        rate(lambda: fed(tak, stream, 1_400), 3),
        ("ElementTree", rate(lambda: naive_xml(xml), 3)),
        150_000,
        memory(tak, stream, 1 << 20),
    )
    takproto: Any = importlib.import_module("takproto")
    messages = [
        bytes(takproto.xml2proto(each, takproto.TAKProtoVer.STREAM)) for each in xml[:5_000]
    ]
    stream = b"".join(messages) * 12
    row(
        f"CoT protobuf, messages of {len(stream) // 60_000} octets",
        rate(lambda: fed(tak, stream, 1 << 20), rounds),
        rate(lambda: fed(tak, stream, 1_400), 3),
        ("takproto", rate(lambda: naive_protobuf(messages), 3)),
        150_000,
        memory(tak, stream, 1 << 20),
    )


if __name__ == "__main__":
    main()
