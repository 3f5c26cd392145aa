"""A TCP proxy that fails the way lines fail.

    proxy = TcpProxy(lambda: port)
    port_in_front = await proxy.start()
    proxy.fault = Cut()
    ...
    proxy.fault = None

It passes bytes on until it is given a fault; what a fault means for connections that are open
already is said with each one. Everything runs in one event loop, on 127.0.0.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

HOST = "127.0.0.1"
_CHUNK = 65_536


class Way(Enum):
    """A direction through the proxy."""

    THERE = "there"
    """From whoever connects to the target."""
    BACK = "back"
    """From the target to whoever has connected."""


@dataclass(frozen=True)
class Cut:
    """Connections are reset, and new ones are, too."""


@dataclass(frozen=True)
class HalfOpen:
    """Connections stay, new ones are accepted, and whatever is sent is swallowed.

    What was swallowed is gone: when the fault ends, connections that lost bytes are reset.
    """


@dataclass(frozen=True)
class OneWay:
    """What goes in one direction is swallowed, the other direction works.

    As with `HalfOpen`, connections that lost bytes are reset when the fault ends.
    """

    dropped: Way


@dataclass(frozen=True)
class Delay:
    """Each piece arrives so many seconds later; their order stays."""

    seconds: float


@dataclass(frozen=True)
class Throttle:
    """So many bytes a second pass in each direction of each connection."""

    bytes_per_s: float


Fault = Cut | HalfOpen | OneWay | Delay | Throttle


class TcpProxy:
    """Listens on a port of its own and passes connections on.

    Args:
        target: gives the port to pass them on to; None if there is nobody now.
    """

    def __init__(self, target: Callable[[], int | None]) -> None:
        self._target = target
        self._fault: Fault | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, end everything."""
        if self._server is not None:
            self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the line now; None if nothing is."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        self._fault = fault
        for connection in set(self._connections):
            if isinstance(fault, Cut) or (connection.lost and not swallows(fault)):
                connection.abort()

    def reset(self) -> None:
        """Reset every connection once; new ones are taken as the fault allows."""
        for connection in set(self._connections):
            connection.abort()

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._connections)

    # --- inside ------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = _Connection(writer)
        self._connections.add(connection)
        try:
            port = self._target()
            if isinstance(self._fault, Cut):
                return
            if isinstance(self._fault, HalfOpen):
                # Nobody is called: a line that is dead behind its first metre.
                connection.lost = True
                while await reader.read(_CHUNK):
                    pass
                return
            if port is None:
                return
            there, back = await asyncio.open_connection(HOST, port)
            connection.other = back
            await asyncio.gather(
                self._pass(reader, back, Way.THERE, connection),
                self._pass(there, writer, Way.BACK, connection),
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            connection.abort()
            self._connections.discard(connection)
            self._tasks.discard(task)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        way: Way,
        connection: _Connection,
    ) -> None:
        while data := await reader.read(_CHUNK):
            match self._fault:
                case HalfOpen():
                    connection.lost = True
                    continue
                case OneWay(dropped) if dropped is way:
                    connection.lost = True
                    continue
                case Delay(seconds):
                    await asyncio.sleep(seconds)
                case Throttle(bytes_per_s):
                    await self._trickle(data, writer, bytes_per_s)
                    continue
                case _:
                    pass
            if connection.lost:
                break
            writer.write(data)
            await writer.drain()
        if not swallows(self._fault):
            connection.abort()

    async def _trickle(self, data: bytes, writer: asyncio.StreamWriter, bytes_per_s: float) -> None:
        piece = max(1, int(bytes_per_s / 20))
        for begin in range(0, len(data), piece):
            if isinstance(self._fault, Throttle):
                await asyncio.sleep(min(piece, len(data) - begin) / bytes_per_s)
            writer.write(data[begin : begin + piece])
            await writer.drain()


class _Connection:
    """One connection on both of its sides. `lost`: bytes of it were swallowed."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.other: asyncio.StreamWriter | None = None
        self.lost = False

    def abort(self) -> None:
        """Reset it on both sides."""
        self.writer.transport.abort()
        if self.other is not None:
            self.other.transport.abort()


def swallows(fault: Fault | None) -> bool:
    """Whether bytes are swallowed while this lasts."""
    return isinstance(fault, HalfOpen | OneWay)
