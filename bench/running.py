"""A run of the benchmarks: how much is stored and measured, and the rows that come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import uvloop

from bench import load, servers
from bench.load import Job, Measured
from bench.servers import Instance, Keys
from bench.world import World


class Row(msgspec.Struct):
    """One figure with what belongs to it. Rates are of whole jobs per second."""

    group: str
    what: str
    clients: int
    stored: int
    per_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    cpu_us: float | None = None
    jobs: int = 0
    failures: dict[str, int] = {}
    value: str = ""
    target: str = ""
    met: bool | None = None
    naive_per_s: dict[str, float] = {}
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is stored and how long is measured."""

    middle: World
    small: World
    large: World
    seconds: float
    warm_s: float
    naive_s: float
    rounds: int
    clients: tuple[int, ...]


FULL = Plan(
    middle=World(960, 10, 10),
    small=World(100),
    large=World(10_000),
    seconds=4.0,
    warm_s=1.0,
    naive_s=2.0,
    rounds=6,
    clients=(1, 16, 64),
)
QUICK = Plan(
    middle=World(180, 5, 5),
    small=World(100),
    large=World(1000),
    seconds=1.5,
    warm_s=0.5,
    naive_s=0.5,
    rounds=2,
    clients=(64,),
)


@dataclass(slots=True)
class Bench:
    """A run: what is common to all scenarios."""

    plan: Plan
    keys: Keys
    say: Callable[[str], None]
    failures: list[str] = field(default_factory=list)

    def run(
        self,
        instances: Sequence[Instance],
        jobs: Sequence[Job],
        seconds: float,
        *,
        also: Sequence[int] = (),
        warm_s: float | None = None,
    ) -> tuple[Measured, float]:
        """Drive jobs; with the CPU time that the servers (and processes `also`) used, seconds."""
        pids = [*(instance.pid for instance in instances), *also]
        at: list[float] = []

        def note() -> None:
            at.append(servers.cpu_s(pids))

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measured = runner.run(
                load.drive(
                    [instance.port for instance in instances],
                    jobs,
                    warm_s=self.plan.warm_s if warm_s is None else warm_s,
                    seconds=seconds,
                    at_begin=note,
                    at_end=note,
                )
            )
        if measured.exhausted:
            measured.failures["the scenario ran out of requests"] += 1
        for what, count in measured.failures.items():
            self.failures.append(f"{count} x {what}")
            self.say(f"      FAILED {count} x {what[:150]}")
        return measured, at[1] - at[0]

    def row(
        self, group: str, what: str, stored: int, clients: int, result: tuple[Measured, float]
    ) -> Row:
        """A row of latencies and rates."""
        measured, cpu = result
        row = Row(
            group,
            what,
            clients,
            stored,
            per_s=measured.rate_per_s,
            p50_ms=measured.quantile_ms(0.5),
            p99_ms=measured.quantile_ms(0.99),
            p999_ms=measured.quantile_ms(0.999),
            cpu_us=cpu / max(1, measured.count) * 1e6,
            jobs=measured.count,
            failures=dict(measured.failures),
        )
        self.say(
            f"    {what}, {clients} clients: {row.per_s:,.0f}/s, p50 {row.p50_ms:.2f} ms, "
            f"p99 {row.p99_ms:.1f} ms, p99.9 {row.p999_ms:.1f} ms, {row.cpu_us:.0f} µs CPU"
        )
        return row


def demand(row: Row, per_s: float, p99_ms: float | None = None) -> Row:
    """Set a row's target."""
    row.target = f"≥ {per_s:,.0f}/s"
    row.met = row.per_s is not None and row.per_s >= per_s and not row.failures
    if p99_ms is not None:
        row.target += f", p99 < {p99_ms:g} ms"
        row.met = row.met and row.p99_ms is not None and row.p99_ms < p99_ms
    return row
