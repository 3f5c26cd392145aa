"""A feed of datagrams, sent to us or to a group that we join."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final, cast

from .address import FeedAddress
from .connection import Clock, Connection, Piece, Transport
from .errors import FeedBroken, FeedUnreachable

_WAITING_BYTES_MAX: Final = 8 << 20
_KERNEL_BYTES: Final = 4 << 20
_OVERHEAD_BYTES: Final = 100


class UdpTransport(Transport):
    """Datagrams at an address and port; a multicast group is joined.

    What is sent to a group goes no farther than the next network (TTL 1).

    Args:
        address: `udp`.
        clock: when datagrams came.
    """

    def __init__(self, address: FeedAddress, clock: Clock) -> None:
        self._address = address
        self._clock = clock

    @property
    def where(self) -> str:
        """The address."""
        return str(self._address)

    async def open(self) -> Connection:
        """Listen, and join; see `Transport`."""
        loop = asyncio.get_running_loop()
        try:
            bound = _bound(self._address)
        except OSError as error:
            raise FeedUnreachable(
                f"It cannot be listened there: {error.strerror or error}.", where=self.where
            ) from None
        target = (self._address.host, self._address.port) if self._address.is_multicast else None
        connection = _UdpConnection(self._clock, self.where, target)
        try:
            await loop.create_datagram_endpoint(lambda: connection, sock=bound)
        except OSError as error:
            bound.close()
            raise FeedUnreachable(
                f"It cannot be listened there: {error.strerror or error}.", where=self.where
            ) from None
        return connection


class _UdpConnection(Connection, asyncio.DatagramProtocol):
    def __init__(self, clock: Clock, where: str, target: tuple[str, int] | None) -> None:
        self._clock = clock
        self._where = where
        self._target = target
        self._waiting: list[Piece] = []
        self._waiting_bytes = 0
        self._came = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = False
        self.lost = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _: tuple[str | object, int]) -> None:
        size = len(data) + _OVERHEAD_BYTES
        if self._waiting_bytes + size > _WAITING_BYTES_MAX:
            self.lost += 1
            return
        self._waiting_bytes += size
        self._waiting.append(Piece(data, self._clock(), whole=True))
        self._came.set()

    def error_received(self, _: Exception) -> None:
        """Somebody to whom we sent does not listen: of no matter to what we hear."""

    def connection_lost(self, _: Exception | None) -> None:
        self._closed = True
        self._came.set()

    async def receive(self) -> Sequence[Piece]:
        await self._came.wait()
        pieces, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not pieces and self._closed:
            raise FeedBroken("The socket was closed.", where=self._where)
        if not self._closed:
            self._came.clear()
        return pieces

    async def send(self, data: bytes) -> None:
        if self._transport is not None and self._target is not None:
            self._transport.sendto(data, self._target)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _bound(address: FeedAddress) -> socket.socket:
    host = ip_address(address.host)
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BYTES)
        if address.is_multicast:
            # Several programs of a machine may listen to one group.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.host, address.port))
        if address.is_multicast:
            _join(made, address)
    except BaseException:
        made.close()
        raise
    return made


def _join(made: socket.socket, address: FeedAddress) -> None:
    group = ip_address(address.host).packed
    if made.family == socket.AF_INET:
        own = ip_address(address.interface or "0.0.0.0").packed  # noqa: S104 - any interface
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + own)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        if address.interface:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("@I", 0))
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
