"""Two parties' nodes under measurement: real processes, and a client that costs little itself."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop
from tests.support.nodes import ADDRESSES, HOST, Net, NodeUnderTest, two_nodes
from tests.support.tcp_proxy import TcpProxy

from detente.node.roles import Role

UNHURRIED = ("--rate-limit", "1e6", "--rate-burst", "1000000", "--log-level", "warning")
"""Quotas are not what is measured."""

Accounts = Mapping[str, Mapping[str, Sequence[Role]]]


@asynccontextmanager
async def nodes(
    root: Path,
    *,
    without: str | None = None,
    direct: bool = True,
    accounts: Accounts | None = None,
    settings: Sequence[str] = (),
) -> AsyncIterator[Net]:
    """Nodes of A and B that are not started yet.

    Args:
        without: the idea that they lack (`bench.line_naive`).
        direct: they call each other without the tests' proxy in between.
    """
    async with two_nodes(
        root, start=(), settings=(*UNHURRIED, *settings), accounts=accounts
    ) as net:
        for party, node in net.nodes.items():
            node.program = ("-m", "detente", "node", "run")
            if without is not None:
                node.program = ("-m", "bench.line_naive", without)
            if direct:
                port = free_port()
                _replace(node.options, "--peer-port", str(port))
                for other in net.nodes.values():
                    host, there = ADDRESSES[party]
                    if other is not node:
                        _replace(other.options, "--connect-to", f"{host}:{there}={HOST}:{port}")
        yield net


@asynccontextmanager
async def relayed(net: Net) -> AsyncIterator[dict[str, TcpProxy]]:
    """A proxy that can swallow, in front of each node's line; before the nodes start."""
    proxies: dict[str, TcpProxy] = {}
    try:
        for party, node in net.nodes.items():
            proxies[party] = TcpProxy(partial(_line_port, node))
            port = await proxies[party].start()
            for other in net.nodes.values():
                host, there = ADDRESSES[party]
                if other is not node:
                    _replace(other.options, "--connect-to", f"{host}:{there}={HOST}:{port}")
        yield proxies
    finally:
        for proxy in proxies.values():
            await proxy.close()


def _line_port(node: NodeUnderTest) -> int | None:
    return node.proxy.target


def measure(work: Coroutine[Any, Any, None]) -> None:
    """Run it; whoever ends this program ends the nodes that it has started."""

    async def endable() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await work

    try:
        uvloop.run(endable())
    except asyncio.CancelledError:
        sys.exit(143)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _replace(options: list[str], name: str, value: str) -> None:
    options[options.index(name) + 1] = value


def pid_of(node: NodeUnderTest) -> int:
    """Of a node's process."""
    assert node.process is not None
    return node.process.pid


async def token_of(node: NodeUnderTest, account: str) -> str:
    """A session of an account."""
    async with await node.login(account) as http:
        return http.headers["authorization"]


class Client:
    """One kept connection to a node's interface, one request at a time."""

    def __init__(self, node: NodeUnderTest, authorization: str) -> None:
        self._port = urlsplit(node.url).port
        self._head = f"Host: {HOST}\r\nAuthorization: {authorization}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; everything but success is an error."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        data = b"" if body is None else json.dumps(body).encode()
        typed = "Content-Type: application/json\r\n" if data else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{typed}Content-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
        content = await reader.readexactly(length)
        if not answer.split(b" ", 2)[1].startswith(b"2"):
            raise RuntimeError(f"{method} {path}: {answer.decode()}{content[:500].decode()}")
        return json.loads(content)

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()


class Stream:
    """The events of a node, read as they come. `seen` tells when each entry was told."""

    def __init__(self, node: NodeUnderTest, authorization: str) -> None:
        self._node = node
        self._authorization = authorization
        self._waiting: dict[tuple[str, str], asyncio.Future[float]] = {}
        self.counts: dict[str, int] = defaultdict(int)
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, after: int | None = None) -> None:
        """Begin; returns when the node has begun to tell."""
        reader, self._writer = await asyncio.open_connection(HOST, urlsplit(self._node.url).port)
        last = "" if after is None else f"Last-Event-ID: {after}\r\n"
        self._writer.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n{last}"
            f"Authorization: {self._authorization}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode() + (await reader.read(500)).decode())
        await reader.readuntil(b"event: begin\n")
        self._task = asyncio.create_task(self._read(reader))

    def told(self, kind: str, of: str) -> asyncio.Future[float]:
        """When an entry of a kind about that message is told (`perf_counter`); ask beforehand."""
        return self._waiting.setdefault((kind, of), asyncio.get_running_loop().create_future())

    async def count(self, kind: str, number: int) -> float:
        """When so many entries of a kind have been told."""
        while self.counts[kind] < number:
            self._grown.clear()
            await self._grown.wait()
        return time.perf_counter()

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._writer is not None:
            self._writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if not line.startswith(b'data: {"index"'):
                continue
            at = time.perf_counter()
            event = json.loads(line[6:])
            kind = event.get("kind", "erased")
            self.counts[kind] += 1
            self._grown.set()
            if "of" in event or "id" in event:
                told = self.told(kind, event["of"] if "of" in event else event["id"])
                if not told.done():
                    told.set_result(at)


def message(words: str, to: str = "b") -> dict[str, Any]:
    """A message in free text."""
    return {"form": "text", "fields": {"text": {"text": words, "language": "en"}}, "to": to}


def quantile(values: Sequence[float], part: float) -> float:
    """Of some values; the nearest one from above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
