"""A node with many officers, and with much on record: events, memory, how soon it is ready.

    python -m bench.node [--streams 200] [--events 100] [--messages 10000] [--entries 100000]

The node is the real program; every four streams belong to one officer's session. The client reads
all streams in one process on the same two cores, so its own work is in the delays. "Naive" is the
same program with one reader of the record for each listener.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.agreements import OFFICERS
from tests.support.nodes import HOST, Net, NodeUnderTest

from bench.line import CLIENTS, MESSAGES, load, verdict
from bench.line_pair import Client, Stream, measure, message, nodes, pid_of, quantile, token_of
from bench.node_filling import fill
from bench.servers import cpu_s, rss_bytes
from detente.node.roles import Role

LAST_P99_MS = 500.0
SCREENS = 4
"""Streams of one session: enrolling takes longer than measuring."""
_MIB = 2**20


class Crowd:
    """All listeners: knows when the last of them has been told of a message."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._left: dict[bytes, int] = {}
        self._done: dict[bytes, asyncio.Future[float]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def join(self, node: NodeUnderTest, authorization: str) -> None:
        """Open one stream."""
        reader, writer = await asyncio.open_connection(HOST, urlsplit(node.url).port)
        self._writers.append(writer)
        writer.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n"
            f"Authorization: {authorization}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"event: begin\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode())
        self._tasks.append(asyncio.create_task(self._read(reader)))

    def last(self, identity: str) -> asyncio.Future[float]:
        """When the last of them has been told of the message (`perf_counter`)."""
        return self._future(identity.encode())

    async def leave(self) -> None:
        """End all streams."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for writer in self._writers:
            writer.transport.abort()

    def _future(self, identity: bytes) -> asyncio.Future[float]:
        loop = asyncio.get_running_loop()
        return self._done.setdefault(identity, loop.create_future())

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if b'"kind":"message"' not in line:
                continue
            identity = line.split(b'"id":"', 1)[1].split(b'"', 1)[0]
            left = self._left.get(identity, self._size) - 1
            self._left[identity] = left
            if left == 0:
                self._future(identity).set_result(time.perf_counter())


async def listening(
    root: Path, officers: int, events: int, *, without: str | None = None
) -> list[float]:
    """Milliseconds until the last listener has an event: p50, p99; CPU ms a message; MiB."""
    names = [f"screen-{number:03}" for number in range(officers // SCREENS)]
    chief = dict.fromkeys(OFFICERS["a"], (Role.OFFICER, Role.DUTY_CHIEF))
    accounts = {"a": chief | dict.fromkeys(names, (Role.OBSERVER,))}
    async with nodes(root, without=without, accounts=accounts) as net:
        await asyncio.gather(*(node.start() for node in net.nodes.values()))
        await net.up()
        a = net["a"]
        pid = pid_of(a)
        client = Client(a, await token_of(a, "durand"))
        tokens = [await token_of(a, name) for name in names]
        await _say(client, 20)
        before = rss_bytes(pid)
        alone = await _cpu_of(client, pid, events)
        crowd = Crowd(officers)
        for number in range(officers):
            await crowd.join(a, tokens[number % len(tokens)])
        used = cpu_s([pid])
        delays = []
        for number in range(events):
            identity, sent = await _send(client, number)
            delays.append((await crowd.last(identity) - sent) * 1000)
        used = (cpu_s([pid]) - used) / events * 1000
        grown = (rss_bytes(pid) - before) / _MIB
        await crowd.leave()
        client.close()
    return [quantile(delays, 0.5), quantile(delays, 0.99), used, alone, grown]


async def _send(client: Client, number: int) -> tuple[str, float]:
    """Its id, and when it was sent."""
    sent = time.perf_counter()
    answer = await client.call("POST", MESSAGES, message(f"message {number}"))
    return answer["id"], sent


async def _say(client: Client, count: int) -> None:
    for number in range(count):
        await _send(client, number)


async def _cpu_of(client: Client, pid: int, count: int) -> float:
    used = cpu_s([pid])
    await _say(client, count)
    await asyncio.sleep(0.5)  # until the receipts have come
    return (cpu_s([pid]) - used) / count * 1000


async def crowds(scratch: Path, officers: int, events: int) -> None:
    """Print how listeners fare."""
    print(
        f"{officers} streams of events, {SCREENS} of each officer; {events} messages; "
        f"load {load()}:\n"
    )
    print(
        "| | the last of them has it, ms after it was sent: p50 | p99 | node's CPU ms a message | "
        "the same without listeners | memory of the streams MiB | target |\n"
        "|---|---|---|---|---|---|---|"
    )
    cpu = []
    for name, without in (("one reader for all", None), ("naive: one each", "shared-feed")):
        p50, p99, used, alone, grown = await listening(
            scratch / str(without), officers, events, without=without
        )
        cpu.append(used - alone)
        target = f"p99 < {LAST_P99_MS:.0f}: **{verdict(p99 < LAST_P99_MS)}**"
        if without:
            target = f"x {cpu[1] / max(cpu[0], 0.1):.1f} CPU for listening"
        print(
            f"| {name} | {p50:.0f} | {p99:.0f} | {used:.1f} | {alone:.1f} | {grown:.0f} | "
            f"{target} |",
            flush=True,
        )
    print()


async def much(scratch: Path, messages: int, entries: int) -> None:
    """Print memory and start times."""
    print(f"Memory and start of A's node; load {load()}:\n")
    print("| what | start s | memory MiB |\n|---|---|---|")
    async with nodes(scratch / "short") as net:
        a = net["a"]
        took = await _started(a)
        _row("a record that has just begun", took, a)
        await net["b"].start()
        await net.up()
        await _talk(net, messages)
        _row(f"after {messages:,} messages, all receipted", None, a)
    async with nodes(scratch / "long") as net:
        size = await fill(net, entries)
        a = net["a"]
        took = await _started(a)
        _row(f"a record of {size:,} entries, none of them published yet", took, a)
        await a.stop()
        _row("the same, started again", await _started(a), a)
        await net["b"].start()
        await net.up()
        _row("and with the line up", None, a)


async def _started(node: NodeUnderTest) -> float:
    began = time.perf_counter()
    await node.start()
    return time.perf_counter() - began


def _row(what: str, took: float | None, node: NodeUnderTest) -> None:
    start = "" if took is None else f"{took:.2f}"
    print(f"| {what} | {start} | {rss_bytes(pid_of(node)) / _MIB:.0f} |", flush=True)


async def _talk(net: Net, count: int) -> None:
    token = await token_of(net["a"], "durand")
    events = Stream(net["a"], token)
    await events.open()
    numbers = iter(range(count))

    async def officer() -> None:
        client = Client(net["a"], token)
        for number in numbers:
            await _send(client, number)
        client.close()

    await asyncio.gather(*(officer() for _ in range(CLIENTS)))
    await events.count("receipt", count)
    await events.close()


async def run(options: argparse.Namespace, parts: Sequence[str]) -> None:
    """What was asked for."""
    with tempfile.TemporaryDirectory(dir=".cache", prefix="node-") as scratch:
        if "officers" in parts:
            await crowds(Path(scratch, "crowd"), options.streams, options.events)
        if "size" in parts:
            await much(Path(scratch), options.messages, options.entries)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m bench.node")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--part", action="append", choices=("officers", "size"))
    options = parser.parse_args()
    measure(run(options, options.part or ("officers", "size")))


if __name__ == "__main__":
    main()
