"""A plan from the officer's request to its acceptance, and a peer asking for details meanwhile.

    python -m bench.plan_filing [--places 30] [--seconds 8]

Two nodes and an exchange are the real programs. At each place one party has twenty plans that the
other one's is between: relevant to it, and nowhere in conflict. The first plan at a place must ask
the exchange who is there and the peer for twenty details, compare exactly, put twenty OVNs into
the key, and tell the peer; for the second the details are known. What nodes ask of each other and
of the exchange goes through this program, and everything shares two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import tempfile
import time
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Any

from tests.support.instance import token
from tests.support.nodes import HOST
from tests.support.planners import Planners, Volume, circle, planners

from bench.line import load, verdict
from bench.line_pair import UNHURRIED, Client, measure, pid_of, quantile, token_of
from bench.servers import cpu_s

NEIGHBOURS = 20
FILED_P50_MS = 60.0
DETAILS_P99_MS = 20.0
RATE_PER_S = 150.0
PLANS = "/api/v1/plans?ways_out=0"
_DEGREE_M = 111_200.0


def ring(place: int, neighbour: int) -> list[Volume]:
    """Two circles on opposite sides of a place; a line between them runs through it."""

    lat, lng = middle(place)
    turn = pi * neighbour / NEIGHBOURS
    north, east = 600 * sin(turn) / _DEGREE_M, 600 * cos(turn) / _DEGREE_M
    wide = cos(radians(lat))
    times = {"start_s": 600.0, "end_s": 3000.0, "radius_m": 20.0}
    return [
        circle(lat + north, lng + east / wide, **times),
        circle(lat - north, lng - east / wide, **times),
    ]


def middle(place: int) -> tuple[float, float]:
    """Places are 11 km apart."""
    return 46.0 + 0.1 * (place % 20), 7.0 + 0.15 * (place // 20)


def inside(place: int, *, low_m: float = 500.0) -> list[Volume]:
    """A plan between the neighbours."""
    lat, lng = middle(place)
    return [circle(lat, lng, start_s=900.0, end_s=2400.0, low_m=low_m, high_m=low_m + 40)]


async def file(client: Client, volumes: list[Volume]) -> tuple[str, float, int]:
    """File a plan: its id, milliseconds until accepted, how many neighbours were considered."""
    began = time.perf_counter()
    outcome: dict[str, Any] = await client.call("POST", PLANS, {"volumes": volumes})
    took = (time.perf_counter() - began) * 1000
    if outcome["result"] != "done":
        raise RuntimeError(json.dumps(outcome)[:2000])
    return outcome["plan"]["id"], took, outcome["neighbours"]


class Asking:
    """A peer that asks for details at an even rate, whatever becomes of its requests."""

    def __init__(self, there: Planners, plans: list[str]) -> None:
        self._port = there["b"].uss.target
        self._plans = plans
        self._head = f"Host: {HOST}\r\nAuthorization: Bearer {token('watcher')}\r\n\r\n"
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.took_ms: list[float] = []

    async def for_some_time(self, seconds: float) -> None:
        """Milliseconds from when each was due."""
        began = time.perf_counter()
        asked: list[asyncio.Task[None]] = []
        for number in range(round(seconds * RATE_PER_S)):
            due = began + number / RATE_PER_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked.append(asyncio.create_task(self._ask(number, due)))
        await asyncio.gather(*asked)
        for _, writer in self._free:
            writer.transport.abort()

    async def _ask(self, number: int, due: float) -> None:
        path = f"/uss/v1/operational_intents/{self._plans[number % len(self._plans)]}"
        streams = self._free.pop() if self._free else None
        if streams is None:
            streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = streams
        writer.write(f"GET {path} HTTP/1.1\r\n{self._head}".encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        content = await reader.readexactly(
            int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
        )
        if answer.split(b" ", 2)[1] != b"200":
            raise RuntimeError(f"{path}: {answer.decode()}{content[:500].decode()}")
        self.took_ms.append((time.perf_counter() - due) * 1000)
        self._free.append(streams)


async def run(places: int, seconds: float) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory(dir=".cache", prefix="plans-") as scratch:
        async with planners(Path(scratch), settings=UNHURRIED) as there:
            a = Client(there["a"].node, await token_of(there["a"].node, there["a"].officer))
            b = Client(there["b"].node, await token_of(there["b"].node, there["b"].officer))
            theirs: list[str] = []
            for place in range(places):
                theirs += [(await file(b, ring(place, number)))[0] for number in range(NEIGHBOURS)]
            print(f"Plans of A, among {NEIGHBOURS} of B's; load {load()}:\n")
            print("| what | p50 ms | p90 ms | A's CPU ms a plan | target |\n|---|---|---|---|---|")
            await file(a, inside(places + 1))
            gc.collect()  # this program's own pauses are not to be measured as the nodes'
            gc.freeze()
            pid = pid_of(there["a"].node)
            for what, low_m in (("details to be asked for", 500.0), ("details known", 545.0)):
                used = cpu_s([pid])
                took = []
                for place in range(places):
                    _, ms, considered = await file(a, inside(place, low_m=low_m))
                    if considered < NEIGHBOURS:
                        raise RuntimeError(f"only {considered} neighbours at place {place}")
                    took.append(ms)
                used = (cpu_s([pid]) - used) / places * 1000
                p50 = quantile(took, 0.5)
                print(
                    f"| a plan accepted, {what} | {p50:.1f} | {quantile(took, 0.9):.1f} | "
                    f"{used:.1f} | p50 < {FILED_P50_MS:g}: **{verdict(p50 < FILED_P50_MS)}** |",
                    flush=True,
                )
            print(
                f"\nDetails of B's plans, asked for {RATE_PER_S:.0f} times a second while B files "
                f"plans of its own; load {load()}:\n"
            )
            print("| answers | p50 ms | p99 ms | p99.9 ms | target |\n|---|---|---|---|---|")
            asking = Asking(there, theirs)
            ended = asyncio.create_task(asking.for_some_time(seconds))
            place = places + 2
            while not ended.done():
                await file(b, inside(place))
                place += 1
            await ended
            p99 = quantile(asking.took_ms, 0.99)
            print(
                f"| {len(asking.took_ms):,} | {quantile(asking.took_ms, 0.5):.1f} | {p99:.1f} | "
                f"{quantile(asking.took_ms, 0.999):.1f} | p99 < {DETAILS_P99_MS:g}: "
                f"**{verdict(p99 < DETAILS_P99_MS)}** |"
            )
            a.close()
            b.close()


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.plan_filing")
    parser.add_argument("--places", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    measure(run(options.places, options.seconds))


if __name__ == "__main__":
    main()
