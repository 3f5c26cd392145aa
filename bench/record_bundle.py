"""How long a bundle takes to write and to verify, and how large it is.

    python -m bench.record_bundle [--entries 70000]

A record of messages both ways with a receipt for each, kept in memory; everything is exported, then
verified by `detente.verify` in processes of its own, on one core and on two.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from tests.support.evidence import B, ListRecord

ENTRIES = 70_000
TARGET_S = 15.0


def build(entries: int) -> ListRecord:
    """A conversation of so many entries, the agreement included; the custody entry comes last."""
    record = ListRecord()
    while len(record.stored) < entries - 1:
        number = len(record.stored)
        entry = record.message(
            f"Sector {number % 40}: two aircraft, FL{number % 400:03}", "ab"[number % 2]
        )
        if len(record.stored) < entries - 1:
            record.receipt(entry)
    return record


def verify_s(path: Path, workers: int) -> float:
    """Seconds for one run of the verifier, its start included."""
    command = [sys.executable, "-m", "detente.verify", "--workers", str(workers), str(path)]
    start_s = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken_s = time.perf_counter() - start_s
    if done.returncode != 0:
        raise SystemExit(f"the verifier refuses the bundle:\n{done.stdout}{done.stderr}")
    return taken_s


def verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def measure(entries: int, directory: Path) -> None:
    """Print everything."""
    start_s = time.perf_counter()
    record = build(entries)
    print(f"record made in {time.perf_counter() - start_s:.1f} s", flush=True)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = directory / "bundle.zip"

    async def settle(_: int) -> None:
        record.sign(B.witness)

    start_s = time.perf_counter()
    done = asyncio.run(record.export(path, settle=settle))
    export_s = time.perf_counter() - start_s
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    print(f"| what | figure |\n|---|---|\n| entries | {done.size:,} |")
    print(
        f"| export | {export_s:.1f} s |\n"
        f"| memory that it took beside the record | {grown_mb:.0f} MB |"
    )
    one_s = verify_s(path, 1)
    print(
        f"| verified on one core | {one_s:.1f} s: "
        f"target {TARGET_S:.0f} s {verdict(one_s < TARGET_S)} |"
    )
    if len(os.sched_getaffinity(0)) > 1:
        two_s = verify_s(path, 2)
        near = verdict(two_s < 0.65 * one_s)
        print(f"| verified on two cores | {two_s:.1f} s, {two_s / one_s:.0%}: near half {near} |")
    print(f"| bundle | {done.bytes / 1e6:.1f} MB, {done.bytes / done.size:,.0f} bytes an entry |")
    with zipfile.ZipFile(path) as file:
        parts: Counter[str] = Counter()
        for info in file.infolist():
            parts[part_of(info.filename)] += info.file_size
        count = len(file.infolist())
    for name, size in parts.most_common(6):
        print(f"| of that {name} | {size / 1e6:.2f} MB |")
    print(f"| files in it | {count:,} |")


def part_of(path: str) -> str:
    """Which part of a bundle a file belongs to."""
    if path.startswith("tile/"):
        return "tile/entries" if path.startswith("tile/entries/") else "tiles of hashes"
    return path.partition("/")[0]


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.record_bundle")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    with tempfile.TemporaryDirectory() as directory:
        measure(parser.parse_args().entries, Path(directory))


if __name__ == "__main__":
    main()
