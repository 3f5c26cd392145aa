"""The line between two real nodes on this machine: how fast, how much at once, how soon missed.

    python -m bench.line [--messages 1000] [--queued 5000] [--rounds 5]

Both nodes are `detente node run` processes with SQLite on the disk, as parties run them: TLS 1.3 on
both ends, every request signed, every entry signed and durable before anybody is told of it. Times
are taken by a client of both interfaces, with one clock. "Naive" is the same program without one of
its ideas, in the same run (`bench/line_naive.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.nodes import NodeUnderTest, until
from tests.support.tcp_proxy import HalfOpen

from bench.line_pair import (
    Client,
    Stream,
    measure,
    message,
    nodes,
    pid_of,
    quantile,
    relayed,
    token_of,
)
from bench.servers import cpu_s

RECEIPT_P50_MS = 15.0
RECEIPT_P99_MS = 60.0
BACKLOG_S = 5.0
NOTICED_S = 3.5
CLIENTS = 16
GONE = frozenset({"down-there", "down-here", "peer-silent"})


def load() -> str:
    """Of the machine, over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def verdict(met: bool) -> str:
    """In a table."""
    return "met" if met else "NOT MET"


# --- one message --------------------------------------------------------------------------------


async def one_by_one(root: Path, count: int, *, without: str | None = None) -> list[list[float]]:
    """Milliseconds of one message after another: accepted, receipt, shown, acknowledged."""
    async with nodes(root, without=without) as net:
        await asyncio.gather(*(node.start() for node in net.nodes.values()))
        await net.up()
        at_a, at_b = await token_of(net["a"], "durand"), await token_of(net["b"], "nowak")
        a, b, events = Client(net["a"], at_a), Client(net["b"], at_b), Stream(net["a"], at_a)
        await events.open()
        pids = [pid_of(net[party]) for party in "ab"]
        rows: list[list[float]] = []
        began = cpu_s(pids)
        for number in range(count):
            sent = time.perf_counter()
            identity = (await a.call("POST", MESSAGES, message(f"message {number}")))["id"]
            accepted = time.perf_counter()
            receipt = await events.told("receipt", identity)
            row = [accepted - sent, receipt - accepted, receipt - sent]
            if without is None:
                for what, body in (("shown", None), ("acknowledgement", {})):
                    asked = time.perf_counter()
                    await b.call("POST", f"{MESSAGES}/{identity}/{what}", body)
                    row.append(await events.told(what, identity) - asked)
            rows.append([each * 1000 for each in row])
        used = (cpu_s(pids) - began) / count * 1000
        await events.close()
        a.close()
        b.close()
    if without is None:
        print(f"CPU of both nodes for a message with all of this: {used:.1f} ms\n", flush=True)
    return [list(column) for column in zip(*rows, strict=True)]


MESSAGES = "/api/v1/line/messages"


async def latencies(scratch: Path, count: int) -> None:
    """Print how long a message takes."""
    print(f"One message after another, {count:,} of them; load {load()}:\n")
    columns = await one_by_one(scratch / "as-it-is", count)
    (naive,) = (await one_by_one(scratch / "polled", max(20, count // 25), without="waking"))[1:2]
    names = (
        "A's node has it on disk and answers 201",
        "from then until A's officers see B's receipt",
        "both together",
        "B's officer states that it is shown, until A's officers see it",
        "B's officer acknowledges, until A's officers see it",
    )
    print("| what | p50 ms | p99 ms | most | target |\n|---|---|---|---|---|")
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        p50, p99 = quantile(column, 0.5), quantile(column, 0.99)
        met = p50 < RECEIPT_P50_MS and p99 < RECEIPT_P99_MS
        target = f"p50 < {RECEIPT_P50_MS:.0f}, p99 < {RECEIPT_P99_MS:.0f}: **{verdict(met)}**"
        print(
            f"| {name} | {p50:.1f} | {p99:.1f} | {max(column):.1f} | "
            f"{target if number == 1 else ''} |"
        )
    slow, quick = quantile(naive, 0.5), quantile(columns[1], 0.5)
    print(
        f"| naive: links look into the record once a second; receipt after the 201 | {slow:.1f} | "
        f"{quantile(naive, 0.99):.1f} | {max(naive):.1f} | x {slow / quick:.0f} |\n",
        flush=True,
    )


# --- many at once -------------------------------------------------------------------------------


async def backlog(root: Path, count: int, *, without: str | None = None) -> list[float]:
    """Seconds: accepting so many, B's start, B ready to the last receipt; and both nodes' CPU."""
    async with nodes(root, without=without) as net:
        await net["a"].start()
        at_a = await token_of(net["a"], "durand")
        numbers = iter(range(count))
        began = time.perf_counter()

        async def officer() -> None:
            client = Client(net["a"], at_a)
            for number in numbers:
                await client.call("POST", MESSAGES, message(f"message {number}"))
            client.close()

        await asyncio.gather(*(officer() for _ in range(CLIENTS)))
        accepted = time.perf_counter()
        events = Stream(net["a"], at_a)
        await events.open()
        returning = time.perf_counter()
        await net["b"].start()
        ready = time.perf_counter()
        pids = [pid_of(net[party]) for party in "ab"]
        used = cpu_s(pids)
        done = await events.count("receipt", count)
        used = cpu_s(pids) - used
        await events.close()
    return [accepted - began, ready - returning, done - ready, used]


async def backlogs(scratch: Path, count: int) -> None:
    """Print how long a backlog takes."""
    fewer = max(50, count // 10)
    print(f"Messages that were queued while B's node was away; load {load()}:\n")
    print(
        "| messages | queueing s | B's start s | from B's readiness to the last receipt s | "
        "both nodes' CPU s | target |\n|---|---|---|---|---|---|"
    )
    rates = []
    for number, without in ((count, None), (fewer, None), (fewer, "batches")):
        queued, start, took, used = await backlog(
            scratch / f"{number}-{without}", number, without=without
        )
        name = f"{number:,}" + (", naive: one request a message" if without else "")
        met = took <= BACKLOG_S
        target = f"≤ {BACKLOG_S:.0f} s: **{verdict(met)}**" if number == count else ""
        rates.append(number / took)
        if without:
            target = f"x {rates[1] / rates[2]:.1f} slower"
        print(
            f"| {name} | {queued:.1f} | {start:.1f} | {took:.2f} ({number / took:,.0f}/s) | "
            f"{used:.2f} | {target} |",
            flush=True,
        )
    print()


# --- a line that is dead ------------------------------------------------------------------------


async def noticed(node: NodeUnderTest, began: float) -> float:
    """Seconds until a node's own status says that the line is out."""
    async with node.client() as http:

        async def out() -> bool:
            links = (await http.get("/api/v1/links")).json()["links"]
            return links[0]["state"] in GONE

        await until(out, every_s=0.01)
        return time.perf_counter() - began


async def dead_lines(root: Path, rounds: int) -> None:
    """Print how soon both sides notice."""
    chance = random.Random(7)
    print(f"A line that is dead without a word, {rounds} times each; load {load()}:\n")
    print("| what | noticed by | least s | most s | target |\n|---|---|---|---|---|")
    async with nodes(root, direct=False) as net, relayed(net) as proxies:
        await asyncio.gather(*(node.start() for node in net.nodes.values()))
        await net.up()
        swallowed: dict[str, list[float]] = {"a": [], "b": []}
        for _ in range(rounds):
            await asyncio.sleep(chance.random())  # at any moment between two beats
            began = time.perf_counter()
            for proxy in proxies.values():
                proxy.fault = HalfOpen()
            found = await asyncio.gather(*(noticed(net[party], began) for party in "ab"))
            for party, after in zip("ab", found, strict=True):
                swallowed[party].append(after)
            for proxy in proxies.values():
                proxy.fault = None
            await net.up()
        for party, times in swallowed.items():
            _dead("both directions are swallowed, connections stay open", party, times)
        stopped: list[float] = []
        after_it: list[float] = []
        for _ in range(rounds):
            await asyncio.sleep(chance.random())
            began = time.perf_counter()
            net["b"].freeze()
            stopped.append(await noticed(net["a"], began))
            await asyncio.sleep(max(0.0, 4.0 - (time.perf_counter() - began)))
            net["b"].thaw()
            began = time.perf_counter()
            await net.up()
            after_it.append(time.perf_counter() - began)
        _dead("B's process stands still (SIGSTOP)", "a", stopped)
        print(
            f"| it goes on (SIGCONT), until both say that the line is up | both | "
            f"{min(after_it):.2f} | {max(after_it):.2f} | |\n",
            flush=True,
        )


def _dead(what: str, party: str, times: Sequence[float]) -> None:
    met = max(times) < NOTICED_S
    print(
        f"| {what} | {party.upper()} | {min(times):.2f} | {max(times):.2f} | "
        f"< {NOTICED_S} s: **{verdict(met)}** |",
        flush=True,
    )


async def run(messages: int, queued: int, rounds: int) -> None:
    """All of it."""
    with tempfile.TemporaryDirectory(dir=".cache", prefix="line-") as scratch:
        await latencies(Path(scratch, "one"), messages)
        await backlogs(Path(scratch, "many"), queued)
        await dead_lines(Path(scratch, "dead"), rounds)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.line")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--queued", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measure(run(options.messages, options.queued, options.rounds))


if __name__ == "__main__":
    main()
