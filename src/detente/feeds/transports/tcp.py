"""A feed over TCP or TLS, of which we are the client."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Final

from .address import FeedAddress
from .connection import Clock, Connection, Piece, Transport
from .errors import FeedBroken, FeedTlsFailed, FeedUnreachable
from .tls import FeedTls

_READ_BYTES: Final = 1 << 18
_CLOSE_S: Final = 1.0
# The other side may vanish without a word: asked after 30 s of silence, three times.
_KEEP_ALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


class TcpTransport(Transport):
    """A stream of bytes from one host and port.

    Args:
        address: `tcp` or `tls`.
        clock: when pieces came.
        tls: for `tls`.
        connect_s: for name, connection and handshake together.
    """

    def __init__(
        self,
        address: FeedAddress,
        clock: Clock,
        *,
        tls: FeedTls | None = None,
        connect_s: float = 10.0,
    ) -> None:
        self._address = address
        self._clock = clock
        self._tls = tls
        self._connect_s = connect_s

    @property
    def where(self) -> str:
        """The address."""
        return str(self._address)

    async def open(self) -> Connection:
        """Connect; see `Transport`."""
        address, tls = self._address, self._tls
        try:
            async with asyncio.timeout(self._connect_s):
                reader, writer = await asyncio.open_connection(
                    address.host,
                    address.port,
                    limit=_READ_BYTES,
                    ssl=tls.context if tls else None,
                    server_hostname=(tls.server_name or address.host) if tls else None,
                )
        except TimeoutError:
            raise FeedUnreachable(
                f"There is no connection after {self._connect_s:g} s.", where=self.where
            ) from None
        except ssl.SSLError as error:
            raise FeedTlsFailed(
                f"The TLS handshake fails: {error.reason or error}.", where=self.where
            ) from None
        except OSError as error:
            raise FeedUnreachable(
                f"There is no connection: {error.strerror or error}.", where=self.where
            ) from None
        connection = _TcpConnection(reader, writer, self._clock, self.where)
        try:
            if tls is not None:
                made: ssl.SSLObject = writer.get_extra_info("ssl_object")
                tls.check(made.getpeercert(binary_form=True), self.where)
            _keep_alive(writer)
        except BaseException:
            await connection.close()
            raise
        return connection


class _TcpConnection(Connection):
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock, where: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._where = where

    async def receive(self) -> Sequence[Piece]:
        try:
            data = await self._reader.read(_READ_BYTES)
        except OSError as error:  # ssl.SSLError is one
            raise FeedBroken(
                f"The connection broke: {error.strerror or error}.", where=self._where
            ) from None
        if not data:
            raise FeedBroken("The other side ended the connection.", where=self._where)
        return (Piece(data, self._clock()),)

    async def send(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise FeedBroken(
                f"The connection broke: {error.strerror or error}.", where=self._where
            ) from None

    async def close(self) -> None:
        self._writer.close()
        # A goodbye that is not answered must not hold us.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._writer.wait_closed()


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    made: socket.socket = writer.get_extra_info("socket")
    for level, name, value in _KEEP_ALIVE:
        made.setsockopt(level, name, value)
