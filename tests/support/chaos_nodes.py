"""Nodes for hours of faults: started quickly, killed at any moment, with failing lines between.

Each is a process that runs `detente node run` with its own arguments; to start in a third of the
time it is forked from a process that has imported the program and done nothing else.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
from tests.support.forked import become_program, forking
from tests.support.instance import START_TIMEOUT_S, environment
from tests.support.nodes import ADDRESSES, HOST, NodeUnderTest, two_nodes
from tests.support.tcp_proxy import TcpProxy

SETTINGS = (
    *("--step-up", "1e6", "--session-max", "1e6", "--idle-lock", "1e6"),
    *("--rate-limit", "1e4", "--rate-burst", "10000", "--witness-every", "1"),
)
_NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class StartFailed(Exception):
    """A node ended instead of becoming ready; what it has logged last."""


def _run(arguments: list[str], variables: dict[str, str], out: Connection, log: str) -> None:
    """In the child: `detente` with these arguments, as a fresh interpreter would run it."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out.fileno(), 1)
    os.dup2(handle, 2)
    out.close()
    os.close(handle)
    become_program(arguments, None, variables)


class ChaosNode:
    """One party's node, and the lines by which others reach it."""

    def __init__(self, node: NodeUnderTest) -> None:
        self.party = node.party
        self.directory = node.directory
        self.starts = 0
        self.frozen = False
        self._node = node
        self._options = list(node.options)
        self._process: ForkServerProcess | None = None
        self._line_port: int | None = None
        self._lock = asyncio.Lock()

    @property
    def log(self) -> Path:
        """The file that it logs to, over all its starts."""
        return self.directory.parent / f"node-{self.party}.log"

    @property
    def line_port(self) -> int | None:
        """Where the other nodes would reach it now."""
        return self._line_port

    @property
    def url(self) -> str:
        """Of its officers' interface."""
        return self._node.url

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.exitcode is None

    def reach(self, party: str, port: int) -> None:
        """From its next start on, reach a party's node by that port."""
        host, told = ADDRESSES[party]
        prefix = f"{host}:{told}="
        self._options = [
            f"{prefix}{HOST}:{port}" if option.startswith(prefix) else option
            for option in self._options
        ]

    async def start(self) -> None:
        """Start it; returns when it is ready.

        Raises:
            StartFailed: it ended, or did not become ready in time.
        """
        async with self._lock:
            if self.runs:
                return
            reading, writing = multiprocessing.Pipe(duplex=False)
            arguments = ["node", "run", str(self.directory), *self._options]
            process = forking().Process(
                target=_run, args=(arguments, dict(environment(None)), writing, str(self.log))
            )
            await asyncio.to_thread(process.start)
            writing.close()
            self._process, self.frozen = process, False
            self.starts += 1
            try:
                async with asyncio.timeout(START_TIMEOUT_S):
                    line = await _first_line(reading)
            except TimeoutError:
                line = b""
            if not line:
                if self.log.exists():
                    raise StartFailed(f"{self.party}: {self.log.read_text()[-4000:]}")
                raise StartFailed(self.party)
            ready = json.loads(line)
            self._node.url = ready["url"]
            self._line_port = int(ready["line"].rpartition(":")[2])

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is flushed."""
        process = self._process
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.join)
        self._line_port = None

    async def stop(self) -> int | None:
        """SIGTERM, and wait for the orderly end; gives the exit code."""
        process = self._process
        if process is None:
            return None
        process.terminate()
        await asyncio.to_thread(process.join, 30.0)
        self._line_port = None
        return process.exitcode

    def freeze(self) -> None:
        """SIGSTOP: its connections stay open, and nothing moves."""
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    def fill_disk(self) -> None:
        """None of its files can grow any more, as if the disk were full (EFBIG)."""
        sizes = [path.stat().st_size for path in self.directory.glob("log.sqlite*")]
        self._limit_files(max(sizes))

    def free_disk(self) -> None:
        """Its files can grow again."""
        self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        if self._process is not None and self._process.pid is not None and self.runs:
            with suppress(ProcessLookupError):
                limits = (size, resource.RLIM_INFINITY)
                resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, limits)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.pid is not None and self.runs:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def login(self, account: str) -> str:
        """The token of a fresh session; it outlives restarts."""
        async with await self._node.login(account) as http:
            return http.headers["authorization"]

    def client(self, authorization: str, timeout_s: float = 5.0) -> httpx.AsyncClient:
        """A client of its officers' interface as it runs now."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": authorization},
            timeout=timeout_s,
            trust_env=False,
        )


async def _first_line(reading: Connection) -> bytes:
    """The first line from a pipe, or nothing if it ends before; the pipe is closed."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    file = os.fdopen(os.dup(reading.fileno()), "rb", buffering=0)
    reading.close()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    try:
        return await reader.readline()
    finally:
        transport.close()


class ChaosNet:
    """All nodes, and a failing line to each."""

    def __init__(self, nodes: Mapping[str, ChaosNode], lines: Mapping[str, TcpProxy]) -> None:
        self.nodes = dict(nodes)
        self.lines = dict(lines)

    def __getitem__(self, party: str) -> ChaosNode:
        return self.nodes[party]


@asynccontextmanager
async def chaos_net(root: Path) -> AsyncIterator[ChaosNet]:
    """Two nodes, begun and not started, with a `TcpProxy` in front of each. Gone afterwards."""
    async with two_nodes(root, start=(), settings=SETTINGS) as net:
        nodes = {party: ChaosNode(node) for party, node in net.nodes.items()}
        lines = {
            party: TcpProxy(lambda node=node: node.line_port)  # type: ignore[misc]  # bound now
            for party, node in nodes.items()
        }
        try:
            for party, line in lines.items():
                port = await line.start()
                for other, node in nodes.items():
                    if other != party:
                        node.reach(party, port)
            yield ChaosNet(nodes, lines)
        finally:
            for node in nodes.values():
                await node.kill()
            for line in lines.values():
                await line.close()
