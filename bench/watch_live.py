"""Live, end to end: from a line that a receiver sends to the alert that it raises.

    python -m bench.watch_live [--aircraft 20000] [--rate 100000] [--seconds 30]

A process of its own sends BaseStation lines over TCP (`bench.watch_live_sender`); here is what a
node runs: the feed, tracks, the default boundaries, the distances from a line of an example
agreement, separation between two parties, raw tracks, alerts in a signed record on the disk. Each
line carries the wall clock of the moment that it tells of. The time of an alert is counted from the
report that raised it; of an approach, which is looked for at moments, from the newest report of the
two before that moment. The first seconds, in which a whole fleet appears at once, stand apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import secrets
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

import numpy as np
import numpy.typing as npt
from tests.support.party_records import create
from tests.support.stand_off import LINE, agreement_of

from bench.line import load, verdict
from bench.line_pair import quantile
from bench.watch_live_sender import CHUNK_S, FIRST_ADDRESS
from detente.boundaries import load_boundaries
from detente.feeds import Reports
from detente.http import AddressPolicy
from detente.node.context import NodeContext
from detente.node.home import Home
from detente.node.pauses import collect_only_what_is_new, short_turns
from detente.node.settings import NodeSettings
from detente.node.watch.alert_tables import ALERT_PROJECTION
from detente.node.watch.alerting import Alerting
from detente.node.watch.feeds_running import made_feed
from detente.node.watch.live import LiveWatch
from detente.node.watch.places import LastPlaces
from detente.node.watch.segment_tables import SEGMENT_PROJECTION
from detente.node.watch.segments import Segments
from detente.node.watch.warming import warm_up
from detente.node.watch.watch_file import PRIVATE, FeedPart, TracksPart
from detente.record import RecordPlace
from detente.watch import (
    AlertRules,
    Engine,
    Event,
    EventKind,
    Grade,
    WatchSetup,
    read_rules,
    stand_off_rules,
)

SETTLE_S: Final = 10.0
TARGET_MS: Final = 200.0
BEHIND_S: Final = 5.0
"""How far behind the feed a run may be at its end."""
_KEPT: Final = 60
"""Batches that are remembered, to find the report before a moment."""


def now_us() -> int:
    """The wall clock: µs since 1970 UTC."""
    return time.time_ns() // 1000


def most_mib() -> float:
    """Memory of this process, the most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(eq=False)
class Watched:
    """An engine, and which report raised each of its events."""

    engine: Engine
    began_us: int = 0
    raised_us: dict[str, int] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    _batches: deque[Reports] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def __post_init__(self) -> None:
        take = self.engine.take

        def timed(reports: Reports) -> list[Event]:
            self.began_us = self.began_us or now_us()
            began = time.perf_counter()
            events = take(reports)
            self.took_s.append(time.perf_counter() - began)
            self._batches.append(reports)
            for event in events:
                if event.id not in self.raised_us:
                    self.raised_us[event.id] = self._raised(event, reports)
            return events

        self.engine.take = timed  # type: ignore[method-assign]  # measured where it stands

    def _raised(self, event: Event, reports: Reports) -> int:
        """When the report was made that raised an event; 0: none did."""
        if event.kind is not EventKind.APPROACH:
            found = _times(reports, event.aircraft)
            return int(found[0]) if len(found) else 0
        newest = 0
        for name in (event.aircraft, event.other):
            for batch in reversed(self._batches):
                found = _times(batch, name)
                found = found[found <= event.began_us]
                if len(found):
                    newest = max(newest, int(found[-1]))
                    break
        return newest


def _times(reports: Reports, name: str) -> npt.NDArray[np.int64]:
    if name not in reports.identities:
        return np.zeros(0, dtype=np.int64)
    rows = reports.aircraft == reports.identities.index(name)
    return np.asarray(reports.time_us[rows], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Told:
    """An alert: what about, whether in the first seconds, ms until the node had it and wrote it."""

    kind: EventKind
    first: bool
    given_ms: float
    written_ms: float


@asynccontextmanager
async def context(root: Path) -> AsyncIterator[NodeContext]:
    """A node's record and agreement."""
    agreement = agreement_of(LINE, root / "agreement")
    record = await create(
        RecordPlace(root / "record"),
        clock=lambda: datetime.now(UTC),
        projections=[ALERT_PROJECTION, SEGMENT_PROJECTION],
    )
    home = cast(Home, None)  # watching does not ask for it
    try:
        yield NodeContext(
            record.party, record, lambda: agreement, lambda: datetime.now(UTC),
            secrets.token_bytes, home, NodeSettings(),
        )  # fmt: skip
    finally:
        await record.close()


def rules(root: Path, aircraft: int) -> Path:
    """Whose the fleet is: one half each party's; and that its aircraft are compared."""
    first, half, last = (FIRST_ADDRESS + n for n in (0, aircraft // 2, aircraft - 1))
    path = root / "aircraft.toml"
    path.write_text(
        f"""
[separation]
[[aircraft]]
aircraft = "{first:06x}-{half - 1:06x}"
party = "a"
class = "fixed-wing-unarmed"
[[aircraft]]
aircraft = "{half:06x}-{last:06x}"
party = "b"
class = "fixed-wing-unarmed"
"""
    )
    return path


async def watched(options: argparse.Namespace, root: Path) -> None:
    """One run, and its table."""
    arguments = (str(options.aircraft), str(options.rate), str(SETTLE_S + options.seconds))
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.watch_live_sender", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert sender.stdout is not None
    try:
        async with context(root) as node:
            setup = replace(
                read_rules(
                    [rules(root, options.aircraft)], boundaries=load_boundaries([]), live=True
                ),
                stand_off=stand_off_rules(node.agreement()),
            )
            warm_up(setup, {"sbs"})
            port = int(await sender.stdout.readline())
            told, live, watch, cost = await _run(node, setup, root, port, options)
            sent = json.loads(await sender.stdout.readline() or "{}")
            _table(options, told, live, watch, cost, sent)
    finally:
        if sender.returncode is None:
            sender.terminate()
        await sender.wait()


async def _run(
    node: NodeContext, setup: WatchSetup, root: Path, port: int, options: argparse.Namespace
) -> tuple[list[Told], LiveWatch, Watched, tuple[float, float]]:
    watch = Watched(setup.engine())
    places = LastPlaces()
    segments = Segments(node.record, root, TracksPart(), node.clock, node.random)
    alerting = Alerting(node, AlertRules(), setup.declarations.of, places.of)
    told: list[Told] = []
    known: set[str] = set()

    async def on_events(events: Sequence[Event]) -> None:
        given_us = now_us()
        await alerting.on_events(events)
        written_us = now_us()
        for event in events:
            raised_us = watch.raised_us[event.id]
            if event.id in known or not raised_us or event.grade is Grade.REFUTED:
                continue
            known.add(event.id)
            told.append(
                Told(
                    event.kind,
                    raised_us < watch.began_us + SETTLE_S * 1e6,
                    (given_us - raised_us) / 1000,
                    (written_us - raised_us) / 1000,
                )
            )

    everything, home = asyncio.Event(), asyncio.get_running_loop()
    left = (
        round((SETTLE_S + options.seconds) / (options.aircraft / options.rate)) * options.aircraft
    )

    def counted(reports: Reports) -> None:
        nonlocal left
        left -= len(reports)
        if left <= 0:
            home.call_soon_threadsafe(everything.set)

    part = FeedPart(name="fleet", format="sbs", address=f"tcp://127.0.0.1:{port}")
    policy = AddressPolicy.of(PRIVATE)
    live = LiveWatch(
        watch.engine,
        lambda waiting: [made_feed(part, root, policy, waiting, now_us)],
        on_events,
        [places.take, segments.take, counted],
        now_us,
    )
    await alerting.start()
    before = most_mib()
    began_s = time.process_time()
    live.start()
    async with asyncio.TaskGroup() as group:
        works = (alerting.run, segments.run, collect_only_what_is_new)
        running = [group.create_task(each()) for each in works]
        with suppress(TimeoutError):  # then the table says that it was not met
            async with asyncio.timeout(SETTLE_S + options.seconds + BEHIND_S):
                await everything.wait()
        cpu_s = time.process_time() - began_s
        for each in running:
            each.cancel()
    await live.stop()
    await segments.close()
    return told, live, watch, (cpu_s, before)


def _table(
    options: argparse.Namespace,
    told: list[Told],
    live: LiveWatch,
    watch: Watched,
    cost: tuple[float, float],
    sent: dict[str, float],
) -> None:
    health = live.health()
    steady = [each for each in told if not each.first]
    took_s = sent.get("took_s", SETTLE_S + options.seconds + BEHIND_S)
    rate = health.taken / took_s
    print(f"{options.aircraft:,} aircraft, {rate:,.0f} reports/s for {took_s:.0f} s over TCP, sent")
    print(f"in pieces of {CHUNK_S * 1000:g} ms; load {load()}.\n")
    print("| alerts | number | at the node, p50 / p99 (ms) | in the record, p50 / p99 (ms) |")
    print("|---|---|---|---|")
    for what, some in (
        ("all", steady),
        *((str(kind), [each for each in steady if each.kind is kind]) for kind in EventKind),
        (f"in the first {SETTLE_S:g} s", [each for each in told if each.first]),
    ):
        if some:
            given, written = (
                f"{quantile(column, 0.5):,.0f} / {quantile(column, 0.99):,.0f}"
                for column in ([e.given_ms for e in some], [e.written_ms for e in some])
            )
            print(f"| {what} | {len(some):,} | {given} | {written} |")
    met = bool(steady) and quantile([each.given_ms for each in steady], 0.99) < TARGET_MS
    print(f"\n{options.rate:,.0f} reports/s: **{verdict(rate > 0.99 * options.rate)}**; ", end="")
    print(f"p99 < {TARGET_MS:g} ms: **{verdict(met)}**.\n")
    took, late_ms = watch.took_s, sent.get("late_s", np.nan) * 1000
    print(
        f"The node's process took {cost[0] / took_s:.0%} of a core. {len(took):,} batches, of which"
    )
    print(f"the engine's p50 and p99 are {quantile(took, 0.5) * 1000:.0f} and ", end="")
    print(
        f"{quantile(took, 0.99) * 1000:.0f} ms. Given up: {sum(health.shed.values()):,}; ", end=""
    )
    print(f"taken out: {sum(health.taken_out.values()):,}.")
    print(f"The sender was {late_ms:.0f} ms late at most. ", end="")
    print(f"Most memory of the node's process: {most_mib():,.0f} MiB, ", end="")
    print(f"of which {cost[1]:,.0f} before the first report.")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_live")
    parser.add_argument("--aircraft", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=100_000)
    parser.add_argument("--seconds", type=float, default=30, help="after the first ten")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, short_turns():
        asyncio.run(watched(options, Path(place)))


if __name__ == "__main__":
    main()
