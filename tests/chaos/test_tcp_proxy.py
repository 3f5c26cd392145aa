"""The proxy between the nodes fails as it is told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from tests.support.tcp_proxy import HOST, Cut, Delay, HalfOpen, OneWay, TcpProxy, Throttle, Way

pytestmark = pytest.mark.anyio

NOTHING_WITHIN_S = 0.15
PATIENCE_S = 10.0


class Echo:
    """Sends back what it gets; `heard` is all of it."""

    def __init__(self) -> None:
        self.heard = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                self.heard += data
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


class Line:
    """A proxy in front of an echo, and a connection through it."""

    def __init__(self, proxy: TcpProxy, port: int, echo: Echo) -> None:
        self.proxy = proxy
        self.echo = echo
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        self._writers.append(writer)
        return reader, writer

    async def works(self, within_s: float = PATIENCE_S) -> bool:
        """Whether a new connection brings back what is sent."""
        try:
            reader, writer = await self.connect()
            writer.write(b"works?")
            async with asyncio.timeout(within_s):
                return await reader.readexactly(6) == b"works?"
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            return False

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    echo = Echo()
    server = await asyncio.start_server(echo, HOST, 0)
    target = server.sockets[0].getsockname()[1]
    proxy = TcpProxy(lambda: target)
    made = Line(proxy, await proxy.start(), echo)
    yield made
    made.hang_up()
    await proxy.close()
    server.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_it_passes_everything_on(line: Line) -> None:
    reader, writer = await line.connect()
    data = bytes(range(256)) * 4000
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    assert line.proxy.open == 1


async def test_a_cut_ends_connections_and_takes_no_new_ones(line: Line) -> None:
    reader, writer = await line.connect()
    writer.write(b"x")
    await reader.readexactly(1)
    line.proxy.fault = Cut()
    assert await ended(reader)
    assert not await line.works(NOTHING_WITHIN_S)
    line.proxy.fault = None
    assert await line.works()


async def test_a_reset_ends_connections_and_takes_new_ones(line: Line) -> None:
    reader, writer = await line.connect()
    writer.write(b"x")
    await reader.readexactly(1)
    line.proxy.reset()
    assert await ended(reader)
    assert await line.works()


async def test_half_open_swallows_and_ends_what_has_lost_bytes(line: Line) -> None:
    reader, writer = await line.connect()
    writer.write(b"x")
    await reader.readexactly(1)
    line.proxy.fault = HalfOpen()
    writer.write(b"lost")
    assert not await line.works(NOTHING_WITHIN_S), "accepted, and swallowed"
    assert line.echo.heard == b"x"
    assert not reader.at_eof(), "nobody was told"
    line.proxy.fault = None
    assert await ended(reader)
    assert await line.works()


@pytest.mark.parametrize("way", list(Way))
async def test_one_way_is_lost_and_the_other_works(line: Line, way: Way) -> None:
    line.proxy.fault = OneWay(way)
    assert not await line.works(NOTHING_WITHIN_S)
    assert line.echo.heard == (b"" if way is Way.THERE else b"works?")
    line.proxy.fault = None
    assert await line.works()


async def test_a_slow_and_a_narrow_line_lose_nothing(line: Line) -> None:
    for fault, size, least_s in ((Delay(0.1), 10, 0.2), (Throttle(20_000), 2_000, 0.1)):
        line.proxy.fault = fault
        reader, writer = await line.connect()
        data = b"0123456789" * (size // 10)
        began = time.monotonic()
        writer.write(data)
        assert await reader.readexactly(size) == data
        assert time.monotonic() - began >= least_s * 0.9
