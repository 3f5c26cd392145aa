"""The load: clients in a closed loop on connections that stay open, at little cost of their own.

Requests are bytes that exist before their clock starts; answers are looked at for their status and
length, and read only by a `Job` that wants to. The status of every answer is checked.
"""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

import numpy as np

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_OPEN_MAX_S = 30.0


class Job(Protocol):
    """What one client does."""

    def begin(self) -> bytes | None:
        """The next request; None when there is nothing left to do."""
        ...

    def answered(self, status: int, body: bytes) -> tuple[bool, bytes | None]:
        """Whether the answer was as it should be, and a request that follows from it at once."""
        ...


class Stream:
    """A client that takes requests from a stream that all clients share."""

    def __init__(self, requests: Iterator[bytes], expected: int) -> None:
        self._requests = requests
        self._expected = expected

    def begin(self) -> bytes | None:
        return next(self._requests, None)

    def answered(self, status: int, body: bytes) -> tuple[bool, bytes | None]:
        return status == self._expected, None


@dataclass(slots=True)
class Measured:
    """What came of it. Latencies are those of whole jobs: with what followed from an answer."""

    seconds: float = 0.0
    latencies_ns: array[int] = field(default_factory=lambda: array("q"))
    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    exhausted: bool = False

    @property
    def count(self) -> int:
        """Jobs done within the time measured."""
        return len(self.latencies_ns)

    @property
    def rate_per_s(self) -> float:
        """Jobs done per second."""
        return self.count / self.seconds if self.seconds else 0.0

    def quantile_ms(self, share: float) -> float:
        """Latency that this share of the jobs did not exceed."""
        if not self.count:
            return float("nan")
        return float(np.quantile(np.frombuffer(self.latencies_ns, np.int64), share)) / 1e6

    def add(self, other: Measured) -> None:
        """Take in another round."""
        self.seconds += other.seconds
        self.latencies_ns.extend(other.latencies_ns)
        self.requests += other.requests
        self.failures.update(other.failures)
        self.exhausted |= other.exhausted


class _Run:
    def __init__(self, clients: int) -> None:
        self.measured = Measured()
        self.counting = False
        self.stopping = False
        self.left = clients
        self.idle = asyncio.Event()

    def done(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.idle.set()

    def fail(self, what: str) -> None:
        self.measured.failures[what] += 1


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: _Run, job: Job) -> None:
        self._run = run
        self._job = job
        self._transport: asyncio.Transport | None = None
        self._began_ns = 0
        self._buffer = b""
        self._wanted = 0
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended:
            self._run.fail("connection lost")
            self._end()

    def next(self) -> None:
        """Begin the next job, or end."""
        run = self._run
        request = None
        if not run.stopping:
            request = self._job.begin()
            if request is None:
                run.measured.exhausted = True
        if request is None:
            self._end()
            return
        self._began_ns = time.perf_counter_ns()
        self._send(request)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if len(data) < self._wanted:
            self._buffer = data
            return
        head = data.find(_HEAD_END)
        if head < 0:
            self._buffer = data
            return
        at = data.find(_LENGTH, 0, head + 2)
        length = 0
        if at >= 0:
            length = int(data[at + len(_LENGTH) : data.find(b"\r", at + 2)])
        self._wanted = head + 4 + length
        if len(data) < self._wanted:
            self._buffer = data
            return
        self._buffer, self._wanted = b"", 0
        self._answered(int(data[9:12]), data[head + 4 :])

    def _answered(self, status: int, body: bytes) -> None:
        run = self._run
        good, request = self._job.answered(status, body)
        if run.counting:
            run.measured.requests += 1
        if not good:
            run.fail(f"{status} {body[:200].decode(errors='replace')}")
        elif request is not None:
            self._send(request)
            return
        elif run.counting:
            run.measured.latencies_ns.append(time.perf_counter_ns() - self._began_ns)
        self.next()

    def _send(self, request: bytes) -> None:
        assert self._transport is not None
        self._transport.write(request)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            if self._transport is not None:
                self._transport.close()
            self._run.done()


async def drive(
    ports: Sequence[int],
    jobs: Sequence[Job],
    *,
    warm_s: float,
    seconds: float,
    at_begin: Callable[[], None] = lambda: None,
    at_end: Callable[[], None] = lambda: None,
) -> Measured:
    """Let each job have a client of its own, spread over the ports, for some time.

    Args:
        ports: where servers listen on 127.0.0.1.
        jobs: one for each client.
        warm_s: time before the measurement begins.
        seconds: how long to measure; less if the jobs run out of requests.
        at_begin: called when the measurement begins.
        at_end: called when it ends, before answers still on their way are awaited.
    """
    loop = asyncio.get_running_loop()
    run = _Run(len(jobs))
    clients: list[Client] = []
    for number, job in enumerate(jobs):
        port = ports[number % len(ports)]
        client = Client(run, job)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    gc.collect()
    gc.disable()
    try:
        for client in clients:
            client.next()
        await _for(run, warm_s)
        at_begin()
        run.counting = True
        began_ns = time.perf_counter_ns()
        await _for(run, seconds)
        run.counting = False
        run.measured.seconds = (time.perf_counter_ns() - began_ns) / 1e9
        at_end()
        run.stopping = True
        try:
            await asyncio.wait_for(run.idle.wait(), _OPEN_MAX_S)
        except TimeoutError:
            run.fail(f"no answer within {_OPEN_MAX_S:g} s")
    finally:
        gc.enable()
    return run.measured


async def _for(run: _Run, seconds: float) -> None:
    try:
        await asyncio.wait_for(run.idle.wait(), seconds)
    except TimeoutError:
        return
