"""How many entries a second the log makes durable, and what the obvious way would give.

    python -m bench.record_log [--seconds 2]

Entries of 900 bytes; each batch is hashed, signed and committed. "naive" commits every entry on its
own and computes the root from all entries each time, over a log that holds 2,000 entries at the
start.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from tests.support.postgres import PostgresServer

from detente.record import (
    Checkpoint,
    Frontier,
    Head,
    Ledger,
    Log,
    MemoryLog,
    PostgresLog,
    SqliteLog,
    generate_key,
    leaf_hash,
    root_of,
    sign_checkpoint,
)

ORIGIN = "bench.example/log"
ENTRY_BYTES = 900
NAIVE_START = 2000
BATCHES = (1, 16, 64)

KEYS = [generate_key("one.example"), generate_key("two.example")]
VERIFIERS = [key.verifier for key in KEYS]


class Row:
    """Batches done, with how long each took."""

    def __init__(self, name: str, batch: int) -> None:
        self.name = name
        self.batch = batch
        self.times_s: list[float] = []
        self.wall_s = 0.0

    def text(self) -> str:
        """A line of the table."""
        times = sorted(self.times_s)
        p50_ms = times[len(times) // 2] * 1e3
        p99_ms = times[int(len(times) * 0.99)] * 1e3
        rate = len(times) * self.batch / self.wall_s
        return f"| {self.name} | {self.batch} | {rate:,.0f} | {p50_ms:.2f} | {p99_ms:.2f} |"


def body(number: int) -> bytes:
    return b"%0*d" % (ENTRY_BYTES, number)


async def writer(ledger: Ledger, row: Row, seconds: float) -> None:
    number = 0
    end_s = time.perf_counter() + seconds
    while (start_s := time.perf_counter()) < end_s:
        bodies = [body(number + at) for at in range(row.batch)]
        number += row.batch
        async with ledger.writing() as writing:
            await writing.append(bodies)
        row.times_s.append(time.perf_counter() - start_s)


async def measure(name: str, logs: list[Log], batch: int, seconds: float) -> Row:
    """As many writers as logs, all on the same data."""
    row = Row(name, batch)
    ledgers = [
        Ledger(log, key, ORIGIN, verifiers=VERIFIERS) for log, key in zip(logs, KEYS, strict=False)
    ]
    for ledger in ledgers:
        async for _ in ledger.replay():
            pass
    start_s = time.perf_counter()
    await asyncio.gather(*[writer(ledger, row, seconds) for ledger in ledgers])
    row.wall_s = time.perf_counter() - start_s
    return row


async def naive(name: str, log: Log, seconds: float) -> Row:
    """One commit an entry, the whole tree each time."""
    row = Row(f"{name}, naive", 1)
    bodies = [body(number) for number in range(NAIVE_START)]
    await _append(log, [], bodies)
    start_s = time.perf_counter()
    while time.perf_counter() - start_s < seconds:
        one_s = time.perf_counter()
        new = body(len(bodies))
        await _append(log, bodies, [new])
        bodies.append(new)
        row.times_s.append(time.perf_counter() - one_s)
    row.wall_s = time.perf_counter() - start_s
    return row


async def _append(log: Log, old: list[bytes], new: list[bytes]) -> None:
    root = root_of([leaf_hash(entry) for entry in old + new])
    size = len(old) + len(new)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, root), KEYS[0])
    async with log.writing(len(old)) as writing:
        hashes = [leaf_hash(entry) for entry in new]
        await writing.append(len(old), new, hashes, Head(size, root, note))


def costs() -> list[str]:
    """What the arithmetic alone takes, without storage."""
    bodies = [body(number) for number in range(20_000)]
    start_s = time.perf_counter()
    tree = Frontier()
    tree.extend([leaf_hash(entry) for entry in bodies])
    hashing_us = (time.perf_counter() - start_s) / len(bodies) * 1e6
    checkpoint = Checkpoint(ORIGIN, tree.size, tree.root())
    start_s = time.perf_counter()
    for _ in range(2000):
        sign_checkpoint(checkpoint, KEYS[0])
    signing_us = (time.perf_counter() - start_s) / 2000 * 1e6
    return [
        f"hash and frontier: {hashing_us:.2f} us an entry",
        f"checkpoint signed: {signing_us:.1f} us a batch",
    ]


async def run(seconds: float) -> None:
    """Print the table."""
    print("| log | batch | entries/s | p50 ms | p99 ms |\n|---|---|---|---|---|", flush=True)
    server = PostgresServer(settings={"fsync": "on", "shared_buffers": "128MB"})
    server.start()
    try:
        with (
            tempfile.TemporaryDirectory() as directory,
            server.database() as url,
            server.database() as naive_url,
        ):
            await each(directory, url, naive_url, seconds)
    finally:
        server.stop()
    for line in costs():
        print(line)


async def each(directory: str, url: str, naive_url: str, seconds: float) -> None:
    """All rows, one after the other."""

    async def memory() -> Log:
        return MemoryLog()

    async def sqlite(name: str = "log") -> Log:
        return await SqliteLog.open(Path(directory) / name)

    async def postgres(where: str = url) -> Log:
        return await PostgresLog.open(where)

    kinds: list[tuple[str, list[Callable[[], Awaitable[Log]]]]] = [
        ("memory", [memory]),
        ("SQLite", [sqlite]),
        ("PostgreSQL", [postgres]),
        ("PostgreSQL, two instances", [postgres, postgres]),
    ]
    for name, openers in kinds:
        logs = [await opener() for opener in openers]
        for batch in BATCHES:
            print((await measure(name, logs, batch, seconds)).text(), flush=True)
        for log in logs:
            await log.close()
    for name, log in (
        ("SQLite", await sqlite("naive")),
        ("PostgreSQL", await postgres(naive_url)),
    ):
        print((await naive(name, log, seconds)).text(), flush=True)
        await log.close()


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.record_log")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each row")
    uvloop.run(run(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
