"""Feeds for tests: a decoder of plain lines, and servers on this machine that send them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from detente.feeds import Decoder, Reports, empty, joined

from .reported import reported

LINE_MAX = 200
Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LineDecoder(Decoder):
    """Lines `NAME LATITUDE LONGITUDE`; others are counted as `framing`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self._held = b""

    def feed(self, data: bytes, received_us: int) -> Reports:
        self.counts.bytes += len(data)
        *lines, self._held = (self._held + data).split(b"\n")
        if len(self._held) > LINE_MAX:
            self._held = b""
            self.counts.dropped["too-long"] += 1
        found = [each for each in map(self._read, lines) if each is not None]
        self.counts.reports += len(found)
        return joined(found) if found else empty()

    def close(self) -> Reports:
        self.begun += 1
        if self._held:
            self.counts.dropped["framing"] += 1
        self._held = b""
        return empty()

    def _read(self, line: bytes) -> Reports | None:
        try:
            name, lat, lng = line.decode().split()
            return reported([{"s": 0, "aircraft": name, "lat": float(lat), "lng": float(lng)}])
        except ValueError:
            self.counts.dropped["framing"] += 1
            return None


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on 127.0.0.1 that treats each connection so; gives its port."""

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass  # the test has hung up
        finally:
            writer.close()

    server = await asyncio.start_server(treat, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
