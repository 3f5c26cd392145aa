"""Connections to one place, kept and used again: for many small requests, one after another.

HTTP/1.1, one request at a time on each connection. httpx's own pool looks at every connection and
polls its socket several times for each request; this one is told by the event loop when the other
side closes or says what nobody asked, and costs a fifth. What it raises is httpx's.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

import httptools
import httpx

HEAD_BYTES_MAX: Final = 100 * 1024
"""Of an answer's status line and headers."""
_AHEAD_BYTES_MAX: Final = 256 * 1024
"""Of an answer that waits to be read while more is taken."""
_END_S: Final = 1.0
_PATH: Final = re.compile(rb"[\x21-\x7e]+")
_NAME: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(rb"[^\x00\r\n]*")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request is sent, if that is not what its URL says.

    Attributes:
        host: address or name.
        port: of TCP.
        name: that the certificate must be for.
    """

    host: str
    port: int
    name: str


class Connections:
    """Connections to one host, whatever addresses it has.

    Args:
        context: for https.
        most: connections at one time; further requests wait.
        keep_s: how long one that is not used stays open.
    """

    def __init__(self, context: ssl.SSLContext, *, most: int = 8, keep_s: float = 60.0) -> None:
        self._context = context
        self._keep_s = keep_s
        self._room = asyncio.Semaphore(most)
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()

    async def request(
        self, request: httpx.Request, target: Destination | None = None
    ) -> httpx.Response:
        """Send a request; the response's body is still to come, and the response is to be closed.

        Raises:
            httpx.TransportError: there is no answer; the subclass tells why.
        """
        url = request.url
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol(f"{url.scheme}: nothing is called by it")
        if target is None:
            port = url.port or (443 if url.scheme == "https" else 80)
            target = Destination(url.host, port, url.host)
        head, body = _head(request), await request.aread()
        limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
        await self._turn(limits.get("pool"))
        try:
            connection = self._kept(target) or await self._connect(
                target, url.scheme == "https", limits.get("connect")
            )
            try:
                await connection.ask(head, body, limits.get("read"))
            except BaseException:
                connection.abort()
                raise
        except BaseException:
            self._room.release()
            raise
        return httpx.Response(
            connection.status,
            headers=connection.headers,
            stream=_Body(self, connection, limits.get("read")),
            request=request,
        )

    async def aclose(self) -> None:
        """End all connections, also those in use."""
        open_ = list(self._all)
        self._idle.clear()
        for connection in open_:
            connection.abort()
        if open_:
            await asyncio.wait([each.lost for each in open_], timeout=_END_S)

    def give_back(self, connection: _Connection) -> None:
        """An answer was read, or is not wanted any more."""
        if connection.reusable:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.abort()
        self._room.release()

    async def _turn(self, within_s: float | None) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(within_s):
                await self._room.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are in use") from None

    def _kept(self, target: Destination) -> _Connection | None:
        """An open connection to there; the newest, so that those not needed grow old."""
        oldest = time.monotonic() - self._keep_s
        kept, found = [], None
        for each in self._idle:
            if not each.reusable or each.idle_since < oldest:
                each.abort()
            else:
                kept.append(each)
        for each in reversed(kept):
            if each.target == target:
                found = each
                kept.remove(each)
                break
        self._idle = kept
        return found

    async def _connect(
        self, target: Destination, secure: bool, within_s: float | None
    ) -> _Connection:
        loop = asyncio.get_running_loop()
        end = None if within_s is None else loop.time() + within_s
        failure: Exception = OSError("the name has no address")
        try:
            async with asyncio.timeout_at(end):
                found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            for tried, (_, _, _, _, place) in enumerate(found):
                # One that swallows packets must leave time for the others.
                share = None if end is None else (end - loop.time()) / (len(found) - tried)
                try:
                    async with asyncio.timeout(share):
                        _, connection = await loop.create_connection(
                            lambda: _Connection(target, self._all),
                            str(place[0]),
                            target.port,
                            ssl=self._context if secure else None,
                            server_hostname=target.name if secure else None,
                        )
                        return connection
                except OSError as error:  # TimeoutError and ssl.SSLError among them
                    failure = error
        except (OSError, UnicodeError) as error:
            failure = error
        if isinstance(failure, TimeoutError):
            raise httpx.ConnectTimeout("no connection in time") from failure
        raise httpx.ConnectError(str(failure) or type(failure).__name__) from failure


class _Connection(asyncio.Protocol):
    """One connection, and the answer that comes on it.

    Args:
        target: where it leads.
        among: the connections that are open.

    Attributes:
        status, headers: of the answer, once `ask` has returned.
        idle_since: when it was last used.
        lost: done when it has ended.
    """

    def __init__(self, target: Destination, among: set[_Connection]) -> None:
        self.target = target
        self.idle_since = 0.0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._among = among
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[None] | None = None
        self._failure: httpx.TransportError | None = None
        self._lasts = True
        self._paused = False
        self._begin(asked=False)

    def _begin(self, *, asked: bool) -> None:
        self._asked = asked
        self._has_head = self._whole = self._length_known = False
        self._parts: deque[bytes] = deque()
        self._ahead = self._beside = 0
        self.headers = []

    # --- asking ------------------------------------------------------------------------------

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent on it: nothing is open, nothing was unasked for."""
        open_ = self._transport is not None and not self._transport.is_closing()
        return open_ and self._lasts and not self._paused and (self._whole or not self._asked)

    async def ask(self, head: bytes, body: bytes, within_s: float | None) -> None:
        """Send a request, and wait for the head of its answer. Raises httpx.TransportError."""
        if self._transport is None or self._transport.is_closing():
            raise httpx.ConnectError("the connection was closed at once")  # nothing was sent
        self._begin(asked=True)
        self._transport.write(head + body)
        while not self._has_head:
            await self._wait(within_s)

    async def part(self, within_s: float | None) -> bytes:
        """The next piece of the answer's body; empty at its end. Raises httpx.TransportError."""
        while not self._parts:
            if self._whole:
                return b""
            await self._wait(within_s)
        found = self._parts.popleft()
        self._ahead -= len(found)
        if self._paused and self._ahead <= _AHEAD_BYTES_MAX and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return found

    def abort(self) -> None:
        """End it now."""
        self._lasts = False
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self, within_s: float | None) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            if within_s is None:
                await self._waiting
            else:
                async with asyncio.timeout(within_s):
                    await self._waiting
        except TimeoutError:
            raise httpx.ReadTimeout(f"nothing came within {within_s:g} s") from None
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # --- what the event loop tells -----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._among.add(self)

    def data_received(self, data: bytes) -> None:
        if self._parser is None or not self._asked or self._whole:
            self._lasts = False  # nobody has asked for it
            self.abort()
            return
        ahead = self._ahead
        try:
            whole = self._fed(self._parser, data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"the answer is no HTTP: {error}"))
            return
        # Heads, trailers and the like: what is no body must come to an end.
        self._beside = 0 if self._ahead > ahead else self._beside + len(data)
        if self._beside > HEAD_BYTES_MAX and not whole:
            self._fail(httpx.RemoteProtocolError("the head of the answer is too long"))
        elif self._ahead > _AHEAD_BYTES_MAX and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if self._has_head:
            self._wake()

    def _fed(self, parser: httptools.HttpResponseParser, data: bytes) -> bool:
        """Whether the answer is whole by now."""
        parser.feed_data(data)
        return self._whole

    def connection_lost(self, error: Exception | None) -> None:
        self._among.discard(self)
        self._lasts = False
        self._parser = None  # it refers to this
        if not self.lost.done():
            self.lost.set_result(None)
        if self._asked and not self._whole:
            if self._has_head and not self._length_known and error is None:
                self._whole = True  # the end of the connection is the end of the body
                self._wake()
            elif error is not None:
                self._fail(httpx.ReadError(str(error) or type(error).__name__))
            else:
                self._fail(httpx.RemoteProtocolError("the connection was closed before the end"))

    def _fail(self, error: httpx.TransportError) -> None:
        if self._failure is None:
            self._failure = error
        self.abort()
        self._wake()

    # --- what the parser tells ---------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._whole:
            self._lasts = False  # a second one to a single request

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody needs."""
        if not self._has_head and not self._whole:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._whole or self._parser is None:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = []  # not the answer yet
            return
        self._has_head = True
        self._length_known = any(
            name.lower() == b"content-length"
            or (name.lower() == b"transfer-encoding" and b"chunked" in value.lower())
            for name, value in self.headers
        )

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if not self._whole and data:
            self._parts.append(data)
            self._ahead += len(data)

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only one on the way to it."""
        if self._has_head and not self._whole and self._parser is not None:
            self._whole = True
            if not self._parser.should_keep_alive():
                self._lasts = False


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it comes; closing it gives the connection back."""

    def __init__(self, of: Connections, connection: _Connection, within_s: float | None) -> None:
        self._of = of
        self._connection = connection
        self._within_s = within_s
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self._connection.part(self._within_s):
            yield part

    async def aclose(self) -> None:
        """Nothing more is read."""
        if not self._closed:
            self._closed = True
            self._of.give_back(self._connection)


def _head(request: httpx.Request) -> bytes:
    """The request line and the headers, as they are sent."""
    method, path = request.method.encode("ascii"), request.url.raw_path
    if method == b"HEAD" or not _NAME.fullmatch(method) or not _PATH.fullmatch(path):
        raise httpx.LocalProtocolError("the request cannot be sent as it is")
    lines = [b"%b %b HTTP/1.1" % (method, path)]
    for name, value in request.headers.raw:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise httpx.LocalProtocolError(f"the header {name!r} cannot be sent as it is")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n\r\n"
