"""Measure everything that the documentation claims.

    python -m bench [--quick] [--only NAME]

A full run writes `bench/results.json` and `docs/benchmarks.md`. The exit code is 1 when a request
failed, whatever the figures.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench import report
from bench.report import Part, Results
from bench.running import FULL, QUICK, Bench, Row
from bench.scenarios import SCENARIOS
from bench.seeding import CACHE, seeded
from bench.servers import Keys

ROOT = Path(__file__).parent.parent

# Programs of this directory that print figures of their own: arguments of a full and a quick run.
PARTS: dict[str, tuple[list[str], list[str]]] = {
    "http_overhead": ([], ["--requests", "4000"]),
    "geo_index": ([], ["--sizes", "10000,100000"]),
    "geo_shapes": ([], []),
    "record_log": ([], []),
    "record_party": ([], ["--seconds", "1", "--entries", "20000"]),
    "record_bundle": ([], ["--entries", "5000"]),
    "line": ([], ["--messages", "100", "--queued", "1000", "--rounds", "1"]),
    "plan_geometry": ([], ["--rounds", "5"]),
    "watch_archive": ([], ["--rows", "2000000", "--rounds", "1"]),
    "watch_approach": ([], ["--rounds", "5"]),
    "watch_live": ([], ["--seconds", "5"]),
    "watch_feeds": ([], ["--rounds", "3"]),
    "watch_feeds_surveillance": ([], ["--rounds", "3"]),
    "watch_tracks": ([], ["--rows", "500000", "--rounds", "2"]),
    "plan_filing": ([], ["--places", "4", "--seconds", "2"]),
    "watch_boundaries": ([], ["--vertices", "50000"]),
    "watch_kernels": ([], ["--positions", "500000", "--checked", "100000", "--rounds", "3"]),
    "node": ([], ["--events", "20", "--messages", "500", "--entries", "4000"]),
}


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Détente.")
    parser.add_argument("--quick", action="store_true", help="one to two minutes, less precise")
    parser.add_argument(
        "--only", action="append", choices=[*SCENARIOS, *PARTS], help="one table (repeatable)"
    )
    parser.add_argument(
        "--update", action="store_true", help="write the parts measured into the tree's page"
    )
    options = parser.parse_args()
    if options.update and (options.quick or set(options.only or SCENARIOS) & set(SCENARIOS)):
        parser.error("--update goes with --only and the name of a part, and without --quick")
    # Whoever ends this program ends the servers that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = options.only or [*SCENARIOS, *PARTS]
    began_s = time.monotonic()
    results = Results(
        report.now(),
        "python -m bench",
        report.machine(),
        report.versions(),
        [],
        [],
        os.getloadavg()[0],
    )

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began_s:5.0f} s] {text}", flush=True)

    plan = QUICK if options.quick else FULL
    CACHE.mkdir(parents=True, exist_ok=True)
    parts = [name for name in chosen if name in PARTS]
    for name in parts:
        say(f"{name}")
        results.parts.append(_part(name, PARTS[name][options.quick]))
    os.sched_setaffinity(0, {min(1, (os.cpu_count() or 1) - 1)})
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        if len(parts) < len(chosen):
            for place in (plan.small, plan.middle, plan.large):
                say(f"storing {place.size:,} intents, unless that was done before")
                seeded(place)
        for name in chosen:
            if name in SCENARIOS:
                say(name)
                bench = Bench(plan, Keys(Path(scratch)), say)
                results.rows += SCENARIOS[name](bench)
                failures += bench.failures
    results.seconds = time.monotonic() - began_s
    for row in results.rows:
        if row.target:
            say(_verdict(row))
    if options.update:
        results = _updated(results)
    _write(results, to_tree=options.update or not (options.quick or options.only))
    if failures:
        say(f"{len(failures)} kinds of failure")
    return 1 if failures else 0


def _part(name: str, arguments: list[str]) -> Part:
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()  # in order: it may have started processes itself
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    print(output, flush=True)
    return Part(" ".join(["python", *command[1:]]), output)


def _updated(new: Results) -> Results:
    """The tree's results, with the parts that were measured now in place of the former ones."""
    known = msgspec.json.decode((ROOT / "bench" / "results.json").read_bytes(), type=Results)
    for part in new.parts:
        part.measured = f"{new.date}, load before {new.load_before:.1f}"
        known.parts = [old for old in known.parts if old.command != part.command] + [part]
    return known


def _verdict(row: Row) -> str:
    rate = "" if row.per_s is None else f"{row.per_s:,.0f}/s "
    return (
        f"{'met    ' if row.met else 'NOT MET'} {row.target}: {rate}{row.value} "
        f"({row.group}, {row.what}, {row.clients} clients, {row.stored:,} stored)"
    )


def _write(results: Results, *, to_tree: bool) -> None:
    encoded = msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"
    page = report.document(results)
    if to_tree:
        (ROOT / "bench" / "results.json").write_bytes(encoded)
        (ROOT / "docs" / "benchmarks.md").write_text(page, encoding="utf-8")
        print("written: bench/results.json, docs/benchmarks.md")
    else:
        (CACHE / "results.json").write_bytes(encoded)
        (CACHE / "benchmarks.md").write_text(page, encoding="utf-8")
        print(f"written: {CACHE}/results.json, {CACHE}/benchmarks.md")


if __name__ == "__main__":
    sys.exit(main())
