"""What is measured, scenario by scenario; each yields the rows of one table."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.postgres import PostgresServer

from bench import seeding, servers, wire
from bench.cell import cell
from bench.load import Measured, Stream
from bench.running import Bench, Row, demand
from bench.servers import Instance, Scan
from bench.world import Crowd, World
from detente.record import PostgresLog

CROWDS: tuple[Crowd, ...] = ("quiet", "crowded", "crowded-all")
SCANS: tuple[Scan, ...] = ("plain", "vectorised")
NEIGHBOURHOOD = {
    "quiet": "5 relevant neighbours, 5 subscriptions bumped",
    "crowded": "200 relevant neighbours in the key, 12 subscriptions bumped",
    "crowded-all": "200 relevant neighbours in the key, all 200 subscriptions bumped",
}


# --- durable PUTs ------------------------------------------------------------------------------


def embedded(bench: Bench) -> Iterator[Row]:
    """PUTs to an embedded instance."""
    place = bench.plan.middle
    source = seeding.seeded(place)
    for crowd in CROWDS:
        with servers.embedded(bench.keys, source) as instance:
            requests = wire.puts(place, crowd, bench.keys.tokens, crowd)
            rows = list(_series(bench, "embedded", crowd, requests, [instance]))
        for scan in SCANS:
            with servers.embedded(bench.keys, source, scan=scan) as instance:
                requests = wire.puts(place, crowd, bench.keys.tokens, crowd)
                _beside(bench, rows, scan, requests, [instance])
        demand(rows[-1], 4000 if crowd == "quiet" else 2000, 50)
        yield from rows


def pool(bench: Bench) -> Iterator[Row]:
    """PUTs to two instances on one PostgreSQL; everything shares both cores."""
    place = bench.plan.middle
    source = seeding.seeded(place)
    with _every_core(), _postgres() as server:
        for crowd in CROWDS:
            requests = wire.puts(place, crowd, bench.keys.tokens, crowd)
            with server.database() as database:
                bench.say("    storing the same in PostgreSQL")
                asyncio.run(_fill(database, source))
                with _two(bench, database, None) as instances:
                    also = servers.children(server.pid)
                    rows = list(_series(bench, "pool", crowd, requests, instances, also))
                with _two(bench, database, "plain") as instances:
                    _beside(bench, rows, "plain", requests, instances)
            demand(rows[-1], 3000 if crowd == "quiet" else 2000)
            yield from rows


def _series(
    bench: Bench,
    group: str,
    crowd: Crowd,
    requests: Iterator[bytes],
    instances: Sequence[Instance],
    also: Sequence[int] = (),
) -> Iterator[Row]:
    for clients in bench.plan.clients:
        jobs = [Stream(requests, 201) for _ in range(clients)]
        result = bench.run(instances, jobs, bench.plan.seconds, also=also)
        yield bench.row(group, NEIGHBOURHOOD[crowd], bench.plan.middle.size, clients, result)


def _beside(
    bench: Bench,
    rows: Sequence[Row],
    scan: Scan,
    requests: Iterator[bytes],
    instances: Sequence[Instance],
) -> None:
    for row in rows:
        jobs = [Stream(requests, 201) for _ in range(row.clients)]
        measured, _ = bench.run(instances, jobs, bench.plan.naive_s, warm_s=0.2)
        row.naive_per_s[scan] = measured.rate_per_s
        bench.say(f"      {scan} scan, {row.clients} clients: {measured.rate_per_s:,.1f}/s")


@contextmanager
def _two(bench: Bench, database: str, scan: Scan | None) -> Iterator[list[Instance]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(servers.pooled(bench.keys, database, name, scan=scan))
            for name in ("a", "b")
        ]


@contextmanager
def _postgres() -> Iterator[PostgresServer]:
    # Set by name: what the tests' server saves on durability must not flatter these figures.
    server = PostgresServer(
        settings={
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "shared_buffers": "256MB",
        }
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


async def _fill(database: str, source: Path) -> None:
    log = await PostgresLog.open(database)
    try:
        await seeding.copy_log(source, log)
    finally:
        await log.close()


@contextmanager
def _every_core() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# --- growth ------------------------------------------------------------------------------------


def growth(bench: Bench) -> Iterator[Row]:
    """Latency with little and with much stored, in turns; time to start; memory."""
    plan = bench.plan
    small, large = seeding.seeded(plan.small), seeding.seeded(plan.large)
    rows: list[Row] = []
    with ExitStack() as stack:
        two = [
            stack.enter_context(servers.embedded(bench.keys, source)) for source in (small, large)
        ]
        places = (plan.small, plan.large)
        start_s = two[1].start_s
        memory = [servers.rss_bytes(instance.pid) for instance in two]
        bench.say(f"    start with {plan.large.size:,} stored: {start_s:.1f} s")
        streams = [wire.puts(place, "quiet", bench.keys.tokens, "growth") for place in places]
        for k in (0, 1):
            # What grows by leaps after a start has made its first one then.
            bench.run([two[k]], [Stream(streams[k], 201) for _ in range(16)], 1.0, warm_s=0.2)
        for clients in (1, 16):
            totals = [Measured(), Measured()]
            cpus = [0.0, 0.0]
            for _ in range(plan.rounds):
                for k in (0, 1):
                    jobs = [Stream(streams[k], 201) for _ in range(clients)]
                    measured, cpu = bench.run([two[k]], jobs, 1.0, warm_s=0.2)
                    totals[k].add(measured)
                    cpus[k] += cpu
            pair = [
                bench.row(
                    "growth",
                    "PUT, 5 neighbours; rounds of 1 s in turns",
                    places[k].size,
                    clients,
                    (totals[k], cpus[k]),
                )
                for k in (0, 1)
            ]
            ratios = [
                getattr(pair[1], name) / getattr(pair[0], name) for name in ("p50_ms", "p99_ms")
            ]
            pair[1].value = f"p50 x {ratios[0]:.2f}, p99 x {ratios[1]:.2f}"
            pair[1].target = "≤ x 1.5"
            pair[1].met = max(ratios) <= 1.5
            bench.say(f"      {pair[1].value}")
            rows += pair
    for source, place, row in ((small, plan.small, rows[0]), (large, plan.large, rows[1])):
        with servers.embedded(bench.keys, source, scan="plain") as instance:
            jobs = [Stream(wire.puts(place, "quiet", bench.keys.tokens, "naive"), 201)]
            seconds = plan.naive_s + 2e-6 * place.size
            measured, _ = bench.run([instance], jobs, seconds, warm_s=0.0)
        row.naive_per_s["plain"] = measured.rate_per_s
        bench.say(f"      plain scan, {place.size:,} stored: {measured.rate_per_s:,.1f}/s")
    yield from rows
    yield _start_row(bench, plan.large, start_s)
    each = (memory[1] - memory[0]) / (plan.large.size - plan.small.size)
    yield Row(
        "growth",
        "memory of a stored intent with its implicit subscription and all indexes",
        0,
        plan.large.size,
        value=f"{each:,.0f} bytes",
        note=f"resident: {memory[1] / 1e6:,.0f} MB with {plan.large.size:,} stored, "
        f"{memory[0] / 1e6:,.0f} MB with {plan.small.size:,}",
    )
    bench.say(f"    memory: {each:,.0f} bytes per stored intent")


def _start_row(bench: Bench, place: World, start_s: float) -> Row:
    without = []
    for snapshots in (True, False):
        source = seeding.seeded(bench.plan.middle)
        with servers.embedded(bench.keys, source, snapshots=snapshots) as instance:
            without.append(instance.start_s)
    bench.say(
        f"    start with {bench.plan.middle.size:,}: {without[0]:.1f} s, replay {without[1]:.1f} s"
    )
    return Row(
        "growth",
        "start, from the snapshot to the first answer possible",
        0,
        place.size,
        value=f"{start_s:.1f} s",
        target="< 30 s",
        met=start_s < 30,
        note=f"with {bench.plan.middle.size:,} stored: {without[0]:.1f} s, and {without[1]:.1f} s "
        "when the log is replayed from its first entry, without a snapshot",
    )


# --- reads -------------------------------------------------------------------------------------


def reads(bench: Bench) -> Iterator[Row]:
    """GETs and queries."""
    plan, place = bench.plan, bench.plan.middle
    source = seeding.seeded(place)
    tokens = bench.keys.tokens
    kinds: list[tuple[str, Callable[[], Iterator[bytes]]]] = [
        ("GET of an intent", lambda: wire.gets(place, tokens)),
        ("query that finds 5", lambda: wire.queries(place, "quiet", tokens)),
        ("query that finds 200", lambda: wire.queries(place, "crowded", tokens)),
    ]
    rows: list[Row] = []
    with servers.embedded(bench.keys, source) as instance:
        for what, stream in kinds:
            requests = stream()
            jobs = [Stream(requests, 200) for _ in range(64)]
            rows.append(
                bench.row("reads", what, place.size, 64, bench.run([instance], jobs, plan.seconds))
            )
    for scan in SCANS:
        with servers.embedded(bench.keys, source, scan=scan) as instance:
            for row, (_, stream) in zip(rows, kinds, strict=True):
                requests = stream()
                jobs = [Stream(requests, 200) for _ in range(64)]
                measured, _ = bench.run([instance], jobs, plan.naive_s, warm_s=0.2)
                row.naive_per_s[scan] = measured.rate_per_s
    yield from rows


SCENARIOS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "embedded": embedded,
    "cell": cell,
    "pool": pool,
    "growth": growth,
    "reads": reads,
}
