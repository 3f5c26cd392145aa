"""From rows to `bench/results.json` and `docs/benchmarks.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from bench.running import Row

_PACKAGES = (
    "detente", "apsw", "httptools", "msgspec", "numba", "numpy", "psycopg", "uvicorn", "uvloop",
)  # fmt: skip

_GROUPS = {
    "embedded": (
        "Announcing: one instance, SQLite",
        "Durable creations of operational intents, each with an implicit subscription. The server "
        "has core 0 for itself, the clients core 1. Each target counts at the most clients. "
        "The 200 neighbours are those of ten crowded places.",
    ),
    "cell": (
        "All flights in one cell",
        "A circle of 550 m, flights of 100 m and 60 s spread over four hours. Nobody knows who is "
        "there: a flight is filed without a key, the 409 tells what is missing, and it is filed "
        "again. Counted are flights; the latency is that of a flight from its first request to its "
        "creation.",
    ),
    "pool": (
        "Announcing: two instances, one PostgreSQL",
        "The same with a pool. Both instances, PostgreSQL (18, fsync on) and the clients share the "
        "two cores; the CPU time is that of both instances and PostgreSQL together.",
    ),
    "growth": (
        "With more stored",
        "Two instances that hold little and much, asked in turns of one second.",
    ),
    "reads": ("Reading", "From the same embedded instance."),
}


class Part(msgspec.Struct):
    """What another program of this directory printed.

    Attributes:
        measured: when and under which load, where it was measured apart from the rest.
    """

    command: str
    output: str
    measured: str = ""


class Results(msgspec.Struct):
    """The content of `bench/results.json`."""

    date: str
    command: str
    machine: dict[str, str]
    versions: dict[str, str]
    rows: list[Row]
    parts: list[Part]
    load_before: float
    seconds: float = 0.0


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": cpu,
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Of the packages that matter."""
    return {name: metadata.version(name) for name in _PACKAGES}


def now() -> str:
    """The date, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def document(results: Results) -> str:
    """`docs/benchmarks.md`."""
    lines = [
        "# Benchmarks",
        "",
        "<!-- Written by `python -m bench`; do not edit. -->",
        "",
        f"Measured {results.date} by `make bench` (`{results.command}`), which takes "
        f"{results.seconds / 60:.0f} minutes and writes this page and `bench/results.json`; "
        "`python -m bench --quick` takes about four minutes, `--only NAME` measures one table, "
        "and neither writes them; `--only NAME --update` renews a part of this page, and says so "
        "there.",
        "",
        *_machine(results),
        "",
        "## How it is measured",
        "",
        "* Real HTTP/1.1 over TCP on the loopback interface, connections kept open, real RS256 "
        "tokens (eight clients' tokens, reused). Each client waits for its answer before it asks "
        "again; the status of every answer is checked.",
        "* Every 201 is durable when it is answered: SQLite with WAL and `synchronous=FULL`, "
        "PostgreSQL with `fsync` and `synchronous_commit` on.",
        "* The instance runs as in production, with metrics on and one log line a request, written "
        "to a file.",
        "* What a new intent meets is fixed: each has a place and a time of its own, where it "
        "meets the stored neighbours named in the table and no other new intent. A request that "
        "met any other would be refused for its key, and failures are counted and shown.",
        "* *CPU* is user and system time of the server divided by requests; it tells more than "
        "the rate on a machine that does other work.",
        "* *Naive* is the same program without its two ideas, in the same run: it looks for "
        "neighbours by a linear scan and commits after each request (`bench/naive.py`). *Plain* "
        "asks the exact predicate of each stored extent, *vectorised* compares all bounding boxes "
        "with numpy first. In brackets: how many times faster Détente is.",
        "",
        *_tables(results.rows),
    ]
    if results.parts:
        lines += ["## Parts", ""]
    for part in results.parts:
        apart = f", measured apart: {part.measured}" if part.measured else ""
        lines += [f"`{part.command}`{apart}", "", "```", part.output.strip("\n"), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _machine(results: Results) -> Iterable[str]:
    known = results.machine
    yield (
        f"{known['cores']} cores ({known['cpu']}), {known['memory']} memory, {known['system']}, "
        f"Python {known['python']}; "
        + ", ".join(f"{name} {version}" for name, version in results.versions.items())
        + f". Load of the machine before the run: {results.load_before:.1f}."
    )


def _tables(rows: Sequence[Row]) -> Iterable[str]:
    for group, (title, text) in _GROUPS.items():
        own = [row for row in rows if row.group == group]
        if not own:
            continue
        scans = list(dict.fromkeys(scan for row in own for scan in row.naive_per_s))
        yield from (f"## {title}", "", text, "", f"`python -m bench --only {group}`", "")
        head = ["what", "stored", "clients", "per s", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs"]
        head += [f"naive, {scan}: per s" for scan in scans] + ["", "target"]
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        for row in own:
            yield "| " + " | ".join(_cells(row, scans)) + " |"
        notes = [row for row in own if row.note]
        if notes:
            yield ""
        for row in notes:
            yield f"* {row.what}: {row.note}."
        yield ""


def _cells(row: Row, scans: Sequence[str]) -> Iterable[str]:
    yield row.what
    yield f"{row.stored:,}"
    yield str(row.clients) if row.clients else ""
    yield _number(row.per_s, 0)
    yield _number(row.p50_ms, 2)
    yield _number(row.p99_ms, 1)
    yield _number(row.p999_ms, 1)
    yield _number(row.cpu_us, 0)
    for scan in scans:
        rate = row.naive_per_s.get(scan)
        if rate is None or row.per_s is None:
            yield ""
        elif rate == 0:
            yield "none in time"
        else:
            yield f"{rate:,.1f} (x {row.per_s / rate:,.{0 if row.per_s > 10 * rate else 1}f})"
    failed = f"{sum(row.failures.values())} failed" if row.failures else ""
    yield ", ".join(text for text in (row.value, failed) if text)
    yield f"{row.target}: **{'met' if row.met else 'not met'}**" if row.target else ""


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
