"""Mode S, SBS and readsb: how many messages a core turns into position reports.

    python -m bench.watch_feeds [--rounds 7]

One process on one core, seconds of its own time. Two hundred aircraft circle for a minute; a
receiver hears their squitters and replies. Naive is the loop that people write, in the same run, on
fewer messages: rs1090 (Rust, to dicts), lines split at commas, json.loads.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from tests.support import squitters
from tests.support.squitters import extended

from bench.line import load, verdict
from detente.feeds import (
    NEVER,
    AvrDecoder,
    BeastDecoder,
    Counts,
    Decoder,
    Frames,
    ModeSReader,
    ModeSSettings,
    ReadsbDecoder,
    SbsDecoder,
    Source,
    frames_of_hex,
)
from detente.feeds.modes import read_messages

T0_US = 1_764_000_000_000_000
LAP_S = 60
AIRCRAFT = 200
SOURCE = Source("bench", "bench")
SETTINGS = ModeSSettings(began_us=T0_US)
Heard = list[tuple[float, bytes]]


def circling(icao: int, rng: random.Random) -> Heard:
    """What one aircraft sends while it flies one circle: seconds, frame."""
    lat, lng, phase = rng.uniform(44, 50), rng.uniform(4, 12), rng.uniform(0, 6.28)
    feet = rng.randrange(5_000, 40_000, 25)
    sent: Heard = []
    for half in range(2 * LAP_S):
        at = half / 2 + rng.uniform(-0.1, 0.1)
        angle = phase + 2 * math.pi * at / LAP_S
        place = lat + 0.02 * math.sin(angle), lng + 0.03 * math.cos(angle)
        east, north = -round(450 * math.sin(angle)), round(450 * math.cos(angle))
        velocity = squitters.velocity(east, north, above_25=8)
        sent.append((at, extended(icao, squitters.airborne(*place, half % 2, feet=feet))))
        sent.append((at + 0.2, extended(icao, velocity)))
        if half % 5 == 0:
            sent.append((at + 0.3, extended(icao, squitters.status(2, nac_p=10))))
            sent.append((at + 0.3, squitters.reply(5, icao, 0o1234)))
        if half % 10 == 0:
            sent.append((at + 0.4, extended(icao, squitters.identification(f"DET{icao % 1000}"))))
        sent.append((at + 0.1, squitters.all_call(icao)))
        sent.append((at + 0.15, squitters.reply(4, icao, squitters.q_code(feet))))
        sent.append((at + 0.25, squitters.reply(0, icao, squitters.q_code(feet))))
    return sent


def heard() -> Heard:
    """What a receiver hears in one lap, in order."""
    rng = random.Random(1)
    sent = [each for number in range(AIRCRAFT) for each in circling(0x4B0000 + number, rng)]
    return sorted((at % LAP_S, frame) for at, frame in sent)


def laps(lap: Heard, count: int) -> Frames:
    """The same lap after lap, as columns."""
    times = np.array([T0_US + round(at * 1e6) for at, _ in lap], dtype=np.int64)
    one = frames_of_hex([frame.hex() for _, frame in lap], times, times)
    shifted = np.concatenate([times + n * LAP_S * 1_000_000 for n in range(count)])
    return replace(
        one,
        octets=np.tile(one.octets, (count, 1)),
        lengths=np.tile(one.lengths, count),
        time_us=shifted,
        received_us=shifted,
        multilaterated=np.tile(one.multilaterated, count),
    )


def written(lap: Heard, count: int, write: Callable[[bytes, int], bytes]) -> bytes:
    """The same lap after lap, as a receiver writes it."""
    return b"".join(
        write(frame, round((at + n * LAP_S) * 12e6) + 1) for n in range(count) for at, frame in lap
    )


def sbs_lines(count: int) -> list[bytes]:
    """Positions and velocities in turn."""
    rng = random.Random(2)
    made = []
    for number in range(count):
        day = datetime.fromtimestamp(T0_US / 1e6 + number / 200, UTC)
        when = f"{day:%Y/%m/%d,%H:%M:%S}.{day.microsecond // 1000:03}"
        head = f",1,1,{0x4B0000 + number // 2 % 500:06X},1,{when},{when},"
        if number % 2:
            what = f"MSG,4{head},,{rng.uniform(100, 500):.1f},{rng.uniform(0, 359):.1f},,,-64,,,,,0"
        else:
            lat, lng = rng.uniform(44, 50), rng.uniform(4, 12)
            what = f"MSG,3{head},{rng.randrange(400) * 100},,,{lat:.5f},{lng:.5f},,,0,0,0,0"
        made.append(what.encode() + b"\r\n")
    return made


def naive_sbs(lines: list[bytes]) -> int:
    """Positions of lines split at commas."""
    found = 0
    for each in lines:
        fields = each.decode().strip().split(",")
        datetime.strptime(fields[6] + fields[7], "%Y/%m/%d%H:%M:%S.%f").replace(tzinfo=UTC)
        if fields[14]:
            float(fields[11]), float(fields[14]), float(fields[15])
            found += 1
        elif fields[12]:
            float(fields[12]), float(fields[13]), float(fields[16])
    return len(lines)


def snapshots(count: int) -> list[bytes]:
    """`aircraft.json` of a thousand aircraft, as readsb writes it."""
    rng = random.Random(3)
    return [
        json.dumps(
            {
                "now": T0_US / 1e6 + second,
                "messages": second * 1000,
                "aircraft": [
                    {
                        "hex": f"{0x4B0000 + number:06x}", "type": "adsb_icao",
                        "flight": f"DET{number:<5}", "alt_baro": 35_000, "alt_geom": 35_300,
                        "gs": round(rng.uniform(100, 500), 1), "track": 91.51, "baro_rate": -64,
                        "squawk": "1000", "category": "A3", "nav_qnh": 1013.6,
                        "lat": round(rng.uniform(44, 50), 6), "lon": round(rng.uniform(4, 12), 6),
                        "nic": 8, "rc": 186, "seen_pos": 0.41, "version": 2, "nic_baro": 1,
                        "nac_p": 10, "nac_v": 2, "sil": 3, "sil_type": "perhour", "gva": 2,
                        "sda": 2, "alert": 0, "spi": 0, "mlat": [], "tisb": [], "messages": 123,
                        "seen": 0.1, "rssi": -12.3,
                    }
                    for number in range(1000)
                ],
            }
        ).encode()
        for second in range(count)
    ]  # fmt: skip


def naive_snapshots(documents: list[bytes]) -> int:
    """Positions by json.loads."""
    found = 0
    for each in documents:
        document = json.loads(each)
        for aircraft in document["aircraft"]:
            if "lat" in aircraft:
                _ = aircraft["lat"], aircraft["lon"], document["now"] - aircraft["seen_pos"]
                found += 1
    return found


def naive_mode_s(lap: Heard) -> int:
    """rs1090, with positions."""
    rs1090: Any = importlib.import_module("rs1090")
    texts = [frame.hex() for _, frame in lap]
    return len(rs1090.decode(texts, [T0_US / 1e6 + at for at, _ in lap]))


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
    """How many messages a stream has, fed in pieces, all but a few of them good."""
    decoder = make()
    for begin in range(0, len(data), piece):
        decoder.feed(data[begin : begin + piece], NEVER)
    counts = decoder.counts
    assert counts.reports
    assert sum(counts.dropped.values()) <= 2 * AIRCRAFT, counts
    return counts.messages


def followed(frames: Frames) -> int:
    """Frames in, reports out."""
    counts = Counts()
    ModeSReader(SOURCE, SETTINGS, counts).take(frames)
    assert sum(counts.dropped.values()) <= 2 * AIRCRAFT, counts
    return len(frames)


def memory(work: Callable[[], object]) -> float:
    """MiB at most while something is done, beyond what was there."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (1 << 20)


def row(what: str, got: float, naive: tuple[str, float], mib: float, target: float | None) -> None:
    """Print one line of the table."""
    wanted = "" if target is None else f"> {target:,.0f}: **{verdict(got > target)}**"
    print(
        f"| {what} | {got:,.0f} | {naive[0]}: {naive[1]:,.0f} (x {got / naive[1]:,.0f}) | "
        f"{mib:.1f} | {wanted} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_feeds")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    lap = heard()
    frames = laps(lap, 10)
    print(f"Messages per second on one core; load {load()}:\n")
    print("| what | now | naive loop | MiB | target |\n|---|---|---|---|---|")

    slow = "rs1090", rate(lambda: naive_mode_s(lap[:10_000]), 3)
    row(
        f"Mode S frames to reports, {AIRCRAFT} aircraft", rate(lambda: followed(frames), rounds),
        slow, memory(lambda: followed(frames)), 5e6,
    )  # fmt: skip

    def messages() -> int:
        return len(read_messages(frames)[0])

    row("of that: what each message says", rate(messages, rounds), slow, memory(messages), None)
    for name, write, kind in (
        ("Beast", squitters.beast, BeastDecoder),
        ("AVR with times", squitters.avr, AvrDecoder),
    ):
        data = written(lap, 5, write)

        def make(kind: type[BeastDecoder | AvrDecoder] = kind) -> Decoder:
            return kind(SOURCE, SETTINGS)

        for size, target in (("1 MiB", 5e6 if name == "Beast" else None), ("1,400 octets", None)):
            piece = 1 << 20 if size == "1 MiB" else 1400

            def stream(
                make: Callable[[], Decoder] = make, data: bytes = data, piece: int = piece
            ) -> int:
                return fed(make, data, piece)

            row(
                f"{name} to reports, in pieces of {size}",
                rate(stream, rounds), slow, memory(stream), target,
            )  # fmt: skip
    lines = sbs_lines(50_000)
    text = b"".join(lines) * 4

    def sbs() -> int:
        return fed(lambda: SbsDecoder(SOURCE), text, 1 << 20)

    slow = "split", rate(lambda: naive_sbs(lines), 3)
    row("SBS lines to reports", rate(sbs, rounds), slow, memory(sbs), None)
    documents = snapshots(20)

    def readsb() -> int:
        decoder = ReadsbDecoder(SOURCE)
        for each in documents:
            decoder.feed(each, T0_US + 1_000_000_000)
        return decoder.counts.reports

    slow = "json.loads", rate(lambda: naive_snapshots(documents), 3)
    row("readsb aircraft.json, aircraft", rate(readsb, rounds), slow, memory(readsb), None)


if __name__ == "__main__":
    main()
