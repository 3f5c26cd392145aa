"""TAK over real sockets: pytak sends, and a server offers, is asked, and goes over to protobuf."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.cot_events import OFFER, T0_US, answer, event
from tests.support.feeding import serving

from detente.feeds import CotDecoder, Decoder, Source, TakClient
from detente.feeds.transports import Feed, FeedAddress, TcpTransport, UdpTransport, WaitingReports

pytak: Any = importlib.import_module("pytak")
takproto: Any = importlib.import_module("takproto")

pytestmark = pytest.mark.anyio

SOURCE = Source("tak", "cot")
DEADLINE_S = 10.0


def clock() -> int:
    return T0_US


@contextlib.asynccontextmanager
async def fed(
    transport: TcpTransport | UdpTransport, decoder: Decoder
) -> AsyncIterator[WaitingReports]:
    """A feed at work, and what comes of it."""
    waiting = WaitingReports()
    feed = Feed("tak", transport, decoder, waiting, clock=clock, random=lambda: 0.0)
    task = asyncio.create_task(feed.run())
    try:
        yield waiting
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def names(waiting: WaitingReports, count: int) -> list[str]:
    """Whose reports come, so many aircraft."""
    found: list[str] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count:
            found += (await waiting.get()).identities
    return found


async def pytak_writer(url: str, protobuf: bool) -> Any:
    """A sender of pytak."""
    config = {"COT_URL": url, "TAK_PROTO": "1" if protobuf else "0"}
    _, writer = await pytak.protocol_factory(config)
    return pytak.TXWorker(asyncio.Queue(), config, writer)


def made(number: int) -> bytes:
    """An event as pytak makes it."""
    return bytes(pytak.gen_cot(lat=46.5, lon=7.25, ce=15, uid=f"p-{number}", cot_type="a-n-A-C-H"))


@pytest.mark.parametrize("protobuf", [False, True])
async def test_what_pytak_sends_over_udp_is_read(protobuf: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = FeedAddress.parse(f"udp://127.0.0.1:{port}")
    decoder = CotDecoder(SOURCE)
    async with fed(UdpTransport(address, clock), decoder) as waiting:
        writer = await pytak_writer(f"udp+wo://127.0.0.1:{port}", protobuf)
        async with asyncio.timeout(DEADLINE_S):
            # until the feed listens, nobody hears
            while not len(waiting):
                await writer.send_data(made(0))
                await asyncio.sleep(0)
        for number in range(20):
            await writer.send_data(made(number))
        found: set[str] = set()
        async with asyncio.timeout(DEADLINE_S):
            while len(found) < 20:
                found |= set((await waiting.get()).identities)
    assert found == {f"uid:p-{number}" for number in range(20)}
    assert not decoder.counts.dropped


@pytest.mark.parametrize("protobuf", [False, True])
async def test_what_pytak_sends_through_a_server_is_read(protobuf: bool) -> None:
    listening: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The first to connect listens, the second speaks."""
        if not listening.done():
            listening.set_result(writer)
            await reader.read()
            return
        while piece := await reader.read(97):
            listening.result().write(piece)

    async with serving(relay) as port:
        transport = TcpTransport(FeedAddress.parse(f"tcp://127.0.0.1:{port}"), clock)
        decoder = TakClient(CotDecoder(SOURCE))
        async with fed(transport, decoder) as waiting:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.shield(listening)
            writer = await pytak_writer(f"tcp://127.0.0.1:{port}", protobuf)
            for number in range(20):
                await writer.send_data(made(number))
            assert await names(waiting, 20) == [f"uid:p-{number}" for number in range(20)]
            writer.writer.close()
    assert not decoder.counts.dropped


async def test_a_server_is_asked_for_protobuf_when_it_offers_it() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(event("before") + OFFER)
        asked.append(await reader.readuntil(b"</event>"))
        message = bytes(takproto.xml2proto(event("after"), takproto.TAKProtoVer.STREAM))
        writer.write(answer("true") + message)
        await reader.read()

    async with serving(serve) as port:
        transport = TcpTransport(FeedAddress.parse(f"tcp://127.0.0.1:{port}"), clock)
        async with fed(transport, TakClient(CotDecoder(SOURCE))) as waiting:
            assert await names(waiting, 2) == ["uid:before", "uid:after"]
    assert b"t-x-takp-q" in asked[0]
    assert b"proto-1" in asked[0]
