"""A receiver that tells of one aircraft, over TCP, as SBS lines: for nodes that watch."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

HOST = "127.0.0.1"
EVERY_S = 0.2
_DEGREE_M = 111_320.0


class Receiver:
    """Serves whoever connects; the aircraft flies on whether somebody listens or not.

    Attributes:
        port: where it listens.
        connections: so far.
        course_deg, speed_m_s: of the aircraft; may be changed in flight.
        heard: whether the aircraft is; it flies on in any case.
    """

    def __init__(self, lat: float, lng: float, *, address: str = "4B1234") -> None:
        self.lat, self.lng = lat, lng
        self.address = address
        self.course_deg = 270.0
        self.speed_m_s = 250.0
        self.port = 0
        self.connections = 0
        self.heard = True
        self.noise = b""
        """Sent before each pair of lines."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._connected = asyncio.Condition()

    def lines(self) -> bytes:
        """Where it is now, and how it moves."""
        now = datetime.now(UTC)
        at = f"{now:%Y/%m/%d},{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
        head = f"1,1,{self.address},1,{at},{at}"
        knots = self.speed_m_s / 0.514444
        return (
            f"MSG,4,{head},,,{knots:.1f},{self.course_deg:.1f},,,0,,,,,\r\n"
            f"MSG,3,{head},,12000,,,{self.lat:.6f},{self.lng:.6f},,,0,0,0,0\r\n"
        ).encode()

    async def connected(self, number: int, *, within_s: float = 20.0) -> None:
        """Wait for that many connections, all told."""
        async with asyncio.timeout(within_s), self._connected:
            await self._connected.wait_for(lambda: self.connections >= number)

    def cut(self, rest: bytes = b"") -> None:
        """End all connections, after the first bytes of a line."""
        for writer in self._writers:
            if rest:
                writer.write(rest)
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One listener."""
        async with self._connected:
            self.connections += 1
            self._connected.notify_all()
        self._writers.add(writer)
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def fly(self) -> None:
        """Move, and tell."""
        while True:
            way_m = self.speed_m_s * EVERY_S
            course = math.radians(self.course_deg)
            self.lat += way_m * math.cos(course) / _DEGREE_M
            self.lng += way_m * math.sin(course) / _DEGREE_M / math.cos(math.radians(self.lat))
            for writer in self._writers:
                writer.write(self.noise + (self.lines() if self.heard else b""))
            await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def receiver(lat: float, lng: float) -> AsyncIterator[Receiver]:
    """A receiver at work."""
    made = Receiver(lat, lng)
    server = await asyncio.start_server(made.serve, HOST, 0)
    made.port = server.sockets[0].getsockname()[1]
    flying = asyncio.create_task(made.fly())
    try:
        yield made
    finally:
        flying.cancel()
        await asyncio.gather(flying, return_exceptions=True)
        server.close()
        made.cut()
