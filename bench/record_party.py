"""A party's record: signed appends, opening a long one, proofs from it, and what it takes on disk.

    python -m bench.record_party [--seconds 3] [--entries 1000000] [--keep DIRECTORY]

"append" is the whole way: canonical JSON, signature, leaf, rows and indexes beside the log,
checkpoint, one durable commit a batch. The disk's own pace is told beside it: commits of one row of
the same size, with nothing else. The long log is filled by the code that appends, 1,000 entries a
batch; it is kept in DIRECTORY if that is given, and used again.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import resource
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw
import uvloop

from detente.node import TileSource
from detente.record import (
    CosignatureVerifier,
    Draft,
    Ed25519Signer,
    Member,
    PartyRecord,
    Policy,
    RecordPlace,
    Terms,
    TileDirectory,
    generate_key,
    leaf_hash,
    verify_inclusion,
)

BATCHES = (1, 50, 500)
TARGETS = {1: 700, 50: 3000, 500: 4000}
FILL_BATCH = 1000
PROOFS = 5000
TILES = 70_000
_KEYS = Path("keys")


class Parties:
    """An agreement of two, with keys that are kept beside the record."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.log = self._key("a.example/log/bench")
        self.node = self._key("a.example/node")
        a = self._member("a", self.log, self.node)
        b = self._member("b", self._key("b.example/log/bench"), self._key("b.example/node"))
        policies = {
            mine.origin: Policy.build(mine.log, {other.id: other.witness}, {}).to_text()
            for mine, other in ((a, b), (b, a))
        }
        self.terms = Terms("bench", "0" * 64, 1, (a, b), (), policies)

    def _key(self, name: str) -> Ed25519Signer:
        path = self._directory / name.replace("/", "_")
        if not path.exists():
            path.write_text(generate_key(name).to_line())
            path.chmod(0o600)
        return Ed25519Signer.from_line(path.read_text())

    def _member(self, party: str, log: Ed25519Signer, node: Ed25519Signer) -> Member:
        witness = CosignatureVerifier.of(self._key(f"{party}.example/witness"))
        return Member(party, {"en": f"Party {party}"}, log.verifier, witness, (node.verifier,))

    async def create(self, place: RecordPlace) -> PartyRecord:
        """A new record of A."""
        return await PartyRecord.create(
            place,
            self.terms,
            "a",
            signers=[self.log, self.node],
            clock=_now,
            random=secrets.token_bytes,
        )

    async def open(self, place: RecordPlace) -> PartyRecord:
        """The same again."""
        return await PartyRecord.open(
            place,
            self.terms,
            "a",
            signers=[self.log, self.node],
            clock=_now,
            random=secrets.token_bytes,
        )


def _now() -> datetime:
    return datetime.now(UTC)


def draft(number: int) -> Draft:
    """An announcement of about 600 bytes as a payload."""
    return Draft(
        "message",
        f"line-{number % 7}",
        ("b",),
        {
            "text": "Two aircraft will cross the northern sector between 2,000 and 3,000 ft.",
            "number": number,
            "volume": {"lower_m": 610, "upper_m": 914, "from": "12:00", "until": "12:40"},
            "flights": [f"FLIGHT-{number % 1000}", f"FLIGHT-{(number + 1) % 1000}"],
        },
    )


async def appends(record: PartyRecord, batch: int, seconds: float) -> tuple[float, float]:
    """Entries a second, and the median of one batch in ms."""
    numbers = itertools.count()
    times: list[float] = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        drafts = [(draft(next(numbers)), None) for _ in range(batch)]
        start = time.perf_counter()
        await record.append(drafts)
        times.append(time.perf_counter() - start)
    wall_s = time.perf_counter() - begin
    return batch * len(times) / wall_s, statistics.median(times) * 1e3


def disk(directory: Path, seconds: float) -> float:
    """Commits of one row of 1.5 kB a second."""
    db = apsw.Connection(str(directory / "pace.sqlite"))
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "FULL")
    db.execute("CREATE TABLE rows (body BLOB)")
    done = 0
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        db.execute("INSERT INTO rows VALUES (?)", (bytes(1500),))
        done += 1
    rate = done / (time.perf_counter() - begin)
    db.close()
    return rate


async def filled(parties: Parties, place: RecordPlace, entries: int) -> None:
    """Make the record as long as that."""
    record = await (
        parties.open(place) if (place.directory / "log.sqlite").exists() else parties.create(place)
    )
    begin, start = time.perf_counter(), record.head.size
    while record.head.size < entries:
        count = FILL_BATCH - record.head.size % FILL_BATCH
        numbers = range(record.head.size, record.head.size + count)
        await record.append([(draft(number), None) for number in numbers])
    if record.head.size > start:
        rate = (record.head.size - start) / (time.perf_counter() - begin)
        print(f"filled: {rate:,.0f} entries/s, 1,000 a batch\n", flush=True)
    await record.close()


def timed(call: Callable[[int], object], arguments: list[int]) -> str:
    """Median and 99th percentile in microseconds."""
    times = []
    for argument in arguments:
        start = time.perf_counter()
        call(argument)
        times.append((time.perf_counter() - start) * 1e6)
    times.sort()
    return f"{statistics.median(times):.1f} | {times[int(len(times) * 0.99)]:.1f}"


async def long_log(parties: Parties, place: RecordPlace) -> None:
    """Opening, proofs and sizes."""
    opening = []
    for _ in range(3):
        start = time.perf_counter()
        record = await parties.open(place)
        opening.append(time.perf_counter() - start)
        await record.close()
    record = await parties.open(place)
    size, root = record.head.size, record.head.root
    print(f"a log of {size:,} entries\n")
    print("| what | median | 99 % | target |\n|---|---|---|---|")
    print(f"| opened, s | {statistics.median(opening):.3f} | {max(opening):.3f} | < 3 |")
    rng = random.Random(7)  # not a secret
    indices = [rng.randrange(size) for _ in range(PROOFS)]
    made = timed(lambda index: record.inclusion(index, size), indices)
    print(f"| inclusion proof, us | {made} | < 200 |")
    proofs = {index: record.inclusion(index, size) for index in indices}
    entries = {index: leaf_hash((await record.leaves(index, 1))[0]) for index in indices[:500]}
    checked = timed(
        lambda index: _must(verify_inclusion(index, size, entries[index], proofs[index], root)),
        indices[:500],
    )
    print(f"| verified, us | {checked} | < 40 |")
    made = timed(lambda index: record.consistency(index, size), indices)
    print(f"| consistency proof, us | {made} | |")
    start = time.perf_counter()
    for index in indices[:300]:
        await record.entry(index)
    reading_us = (time.perf_counter() - start) / 300 * 1e6
    print(f"| entry read and parsed, us | {reading_us:.0f} | | |")
    print(f"| longest proof, hashes | {max(map(len, proofs.values()))} | | |\n")
    await sizes(record, place)
    await record.close()


async def sizes(record: PartyRecord, place: RecordPlace) -> None:
    """Bytes an entry."""
    size = record.head.size
    stored = sum(
        path.stat().st_size for path in place.directory.glob("log.sqlite*") if path.is_file()
    )
    entries = await record.entries(size - 100, 100)
    payload = statistics.mean(len(e.envelope.payload) for e in entries if e.envelope)
    wire = statistics.mean(len(e.envelope.to_json()) for e in entries if e.envelope)
    leaf = statistics.mean(len(entry.leaf) for entry in entries)
    print("| stored | bytes an entry |\n|---|---|")
    print(f"| payload; envelope on the wire; leaf | {payload:.0f}; {wire:.0f}; {leaf:.0f} |")
    print(f"| database, payload and leaf included | {stored / size:.0f} |")
    print(f"| file of hashes | {place.nodes.stat().st_size / size:.0f} |")
    with tempfile.TemporaryDirectory() as scratch:
        count = max(each for each in (1000, TILES) if each <= size)
        hashes, bodies = await tile_bytes(record, count, Path(scratch))
        print(f"| tiles of hashes, of {count:,} entries | {hashes / count:.1f} |")
        print(f"| tiles of entries | {bodies / count:.0f} |")
    print(f"\nmost memory held: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


async def tile_bytes(record: PartyRecord, count: int, directory: Path) -> tuple[int, int]:
    """Bytes of the tiles of hashes and of those of entries."""
    await TileDirectory(directory).publish_async(
        TileSource(record), (await record.checkpoint_at(count)).note
    )
    return await asyncio.to_thread(_lengths, directory)


def _lengths(directory: Path) -> tuple[int, int]:
    hashes = bodies = 0
    for path in directory.rglob("*"):
        if path.is_file() and "tile" in path.parts:
            if "entries" in path.parts:
                bodies += path.stat().st_size
            else:
                hashes += path.stat().st_size
    return hashes, bodies


def _must(good: bool) -> None:
    if not good:
        raise RuntimeError("a proof does not hold")


async def run(seconds: float, entries: int, keep: Path | None) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        parties = Parties(directory / _KEYS)
        print(f"the disk alone: {disk(directory, seconds):,.0f} commits/s\n", flush=True)
        print("| entries a batch | durable entries/s | p50 ms | target |\n|---|---|---|---|")
        record = await parties.create(RecordPlace(directory / "short"))
        for batch in BATCHES:
            rate, p50_ms = await appends(record, batch, seconds)
            target = f"{TARGETS[batch]:,}"
            print(f"| {batch} | {rate:,.0f} | {p50_ms:.2f} | {target} |", flush=True)
        await record.close()
        print(f"\nthe disk alone, again: {disk_again(directory, seconds):,.0f} commits/s\n")
        base = keep or directory
        parties = Parties(base / _KEYS)
        place = RecordPlace(base / "long")
        await filled(parties, place, entries)
        await long_log(parties, place)


def disk_again(directory: Path, seconds: float) -> float:
    """The disk's pace may change meanwhile."""
    (directory / "pace.sqlite").unlink()
    return disk(directory, seconds)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.record_party")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, default=None)
    options = parser.parse_args()
    uvloop.run(run(options.seconds, options.entries, options.keep))


if __name__ == "__main__":
    main()
