"""The HTTP/1.1 protocol of a connection, with a deadline wherever a client can stall.

uvicorn's protocol parses and answers. What is added: headers must be complete in time and small; a
request must be complete in time even if nobody reads its body; an answer must be taken in time; and
when all places are taken, the connection that has been idle longest makes room. Deadlines are noted
per connection and looked at by one sweeping task, so they cost next to nothing per request.

What follows the headers is a body and nothing else: trailers are no headers, and no connection goes
on after a request that asked to change the protocol, because where its body ends cannot be told.

Who is answered while still sending gets to see the answer. Closed at once, the connection would be
reset by what is on its way to us, and the reset overtakes the answer. So only our half is closed
(TLS has no halves), and what comes is thrown away until the client closes the other, pauses, or has
sent too much or for too long (RFC 9112 section 9.6).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import Any

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from detente.http.errors import ErrorResponse
from detente.http.head import EXTENSION, PeerCertificate

_NEVER = float("inf")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Bounds on one connection, and on their number.

    `max_drained_bytes` may still come from a client after an answer that ends its connection.
    """

    header_timeout_s: float = 10.0
    max_header_bytes: int = 32 * 1024
    message_timeout_s: float = 20.0
    write_timeout_s: float = 30.0
    keep_alive_s: float = 75.0
    max_drained_bytes: int = 64 * 1024 * 1024
    max_connections: int = 4096


class Connections:
    """All connections of a server; closes those whose deadline has passed."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.refused = 0
        self.expired = 0
        # No more are taken: the server is ending. One whose TLS handshake ends only now would not
        # be among those that it closes.
        self.ending = False
        self.open: set[GuardedProtocol] = set()
        # Those between requests, still sending headers, or sending a body that nobody reads; the
        # one that began first comes first.
        self.idle: dict[GuardedProtocol, None] = {}
        # Those that were told why they were closed and may still send; a few beyond the limit.
        self.draining: set[GuardedProtocol] = set()

    def admit(self) -> bool:
        """Whether there is a place for one more, made by closing the idlest if need be."""
        if len(self.open) < self.limits.max_connections:
            return True
        if not self.idle:
            self.refused += 1
            return False
        oldest = next(iter(self.idle))
        oldest.expire()
        return True

    def may_drain(self, connection: GuardedProtocol) -> bool:
        """Whether a connection may stay for a moment after our last word."""
        if len(self.draining) >= _DRAINING_MAX:
            return False
        self.draining.add(connection)
        return True

    def sweep(self, now_s: float) -> None:
        """Close every connection whose deadline lies before `now_s` (the loop's time)."""
        for connection in [c for c in self.open if c.deadline_s < now_s]:
            self.expired += 1
            connection.expire()

    async def sweep_for_ever(self) -> None:
        """`sweep`, often enough that a deadline is missed by little; to be run as a task."""
        limits = self.limits
        shortest_s = min(
            limits.header_timeout_s,
            limits.message_timeout_s,
            limits.write_timeout_s,
            limits.keep_alive_s,
        )
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, shortest_s / 4))
            try:
                self.sweep(loop.time())
            except Exception as error:  # without sweeping nobody has a deadline
                logger.error("a connection could not be closed", exc_info=error)


class GuardedProtocol(HttpToolsProtocol):
    """One connection; requests find it as the `Connection` of their head."""

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = connections
        self._limits = connections.limits
        self._header_bytes = 0
        self._in_headers = False
        self._in_body = False
        self._bytes_since_body = 0
        self._upgrading = False
        self._draining = False
        self._drained_bytes = 0
        self._drained_by_s = _NEVER
        self._read_deadline_s = _NEVER
        self._write_deadline_s = _NEVER
        self.deadline_s = _NEVER
        self._extensions: dict[str, Any] = {EXTENSION: self}
        self._peer: PeerCertificate | None = None
        # The keep-alive deadline is one of ours; uvicorn's timer would be one more per request.
        self.timeout_keep_alive = _FAR_AHEAD_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, or refuse."""
        super().connection_made(transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None and tls.context.verify_mode != ssl.CERT_NONE:
            shown = tls.getpeercert(binary_form=True)
            self._peer = PeerCertificate(shown) if shown else None
        if self._all.ending:
            self.transport.abort()
            return
        if not self._all.admit():
            self._send_and_close(503, "http.overloaded", "All connections are taken.")
            return
        self._all.open.add(self)
        self._wait(self._limits.header_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._all.open.discard(self)
        self._all.idle.pop(self, None)
        self._all.draining.discard(self)
        super().connection_lost(exc)
        if self.cycle is not None:
            self.cycle.transport = self.transport  # or the two would hold one another

    def data_received(self, data: bytes) -> None:
        """Parse; refuse headers that do not end, and trailers and the like that do not."""
        if self._draining:
            self._drain(len(data))
            return
        if self.transport.is_closing():
            return
        self._header_bytes = len(data) + (self._header_bytes if self._in_headers else 0)
        self._bytes_since_body += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > self._limits.max_header_bytes:
            self._send_and_close(431, "http.headers_too_large", "The headers are too large.")
        elif self._in_body and self._bytes_since_body > self._limits.max_header_bytes:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._in_headers = True
        self._in_body = False
        if not self._answering():
            self._wait(self._limits.header_timeout_s)
        else:  # pipelined: the request before this one must not lose its connection
            patience_s = self._limits.header_timeout_s + self._limits.write_timeout_s
            self._set_read_deadline(self.loop.time() + patience_s)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Trailers come by this way, too; they are dropped (RFC 9110 section 6.5.1)."""
        if self._in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request is known; its body may still come."""
        self._in_headers = False
        self._in_body = True
        self._bytes_since_body = 0
        self._all.idle.pop(self, None)
        self._set_read_deadline(self.loop.time() + self._limits.message_timeout_s)
        super().on_headers_complete()
        self.cycle.transport = _Outgoing(self)
        self._upgrading = self.parser.should_upgrade()
        if self._upgrading:
            # The parser would take the body, if there is one, for the next request.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._bytes_since_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing more is awaited from the client until it is answered."""
        self._in_body = False
        super().on_message_complete()
        if self.cycle.response_complete:
            self._wait(self._limits.keep_alive_s)
        else:
            self._set_read_deadline(_NEVER)

    def on_response_complete(self) -> None:
        """The answer is written, the next request may come."""
        if self._draining:
            self.server_state.total_requests += 1
            return
        super().on_response_complete()
        self._unset_keepalive_if_required()
        if self._in_headers:
            self._wait(self._limits.header_timeout_s)
        elif self.cycle.response_complete:
            if self.cycle.more_body:
                # The rest of a body that nobody reads takes no place that others need.
                self._all.idle[self] = None
            else:
                self._wait(self._limits.keep_alive_s)

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._write_deadline_s = self.loop.time() + self._limits.write_timeout_s
        self.deadline_s = min(self._read_deadline_s, self._write_deadline_s)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._write_deadline_s = _NEVER
        self.deadline_s = self._read_deadline_s

    def expire(self) -> None:
        """Close now; say why if the client was in the middle of its headers."""
        self._all.open.discard(self)
        self._all.idle.pop(self, None)
        if self._draining:
            self._end_draining()
        elif self._in_headers and not self._answering() and not self.transport.is_closing():
            self._send_and_close(408, "http.header_timeout", "The headers took too long.")
        else:
            self.transport.abort()

    def answered(self) -> None:
        """Close after what was written, once what is left of the request has come."""
        unfinished = self._in_body or self._upgrading
        closing = self._all.ending or self.transport.is_closing()
        if not unfinished or self._answering() or closing:
            self.transport.close()
            return
        # It keeps its place, but is the first to make room that has been idle for longest.
        self._all.idle[self] = None
        self._begin_draining()
        self._drained_by_s = self.loop.time() + self._limits.write_timeout_s
        self._drain(0)

    @property
    def peer(self) -> PeerCertificate | None:
        """The certificate that the client showed, verified; None if none was asked for."""
        return self._peer

    @property
    def stalled(self) -> bool:
        """Whether the client does not take what was written."""
        return self.flow.write_paused

    def streaming(self, *, small: bool) -> None:
        """A stream begins; small ones shall not wait for long where no deadline sees them."""
        found: socket.socket | None = self.transport.get_extra_info("socket")
        if found is None:
            return
        timeout_ms = int(self._limits.write_timeout_s * 1000)
        # Neither is essential: a socket that has not these options is served without them.
        with contextlib.suppress(OSError):
            if found.family in (socket.AF_INET, socket.AF_INET6):
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
            if small:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _STREAM_SEND_BYTES)

    def cut(self) -> None:
        """Close at once; what was not sent is lost."""
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed is answered in JSON like all else."""
        self._send_and_close(400, "http.malformed", "This is not an HTTP/1.1 request.")

    def _answering(self) -> bool:
        # uvicorn declares the attribute narrower than it is: None before the first request.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self, timeout_s: float) -> None:
        # Being re-inserted puts a connection at the end of the queue of idle ones.
        self._all.idle.pop(self, None)
        self._all.idle[self] = None
        self._set_read_deadline(self.loop.time() + timeout_s)

    def _set_read_deadline(self, deadline_s: float) -> None:
        self._read_deadline_s = deadline_s
        self.deadline_s = min(deadline_s, self._write_deadline_s)

    def _send_and_close(self, status: int, code: str, message: str) -> None:
        body = msgspec.json.encode(ErrorResponse(message, code))
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        if not self._answering() and self._all.may_drain(self):
            self._begin_draining()
            self.loop.call_later(_LAST_WORDS_S, self._end_draining)
        else:
            self.transport.close()
            self.loop.call_later(_LAST_WORDS_S, self.transport.abort)

    def _begin_draining(self) -> None:
        self._draining = True
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _drain(self, count: int) -> None:
        self._drained_bytes += count
        if self._drained_bytes > self._limits.max_drained_bytes:
            self.transport.abort()
            return
        taken = self.transport.get_write_buffer_size() == 0
        patience_s = _LAST_WORDS_S if taken else self._limits.write_timeout_s
        self._set_read_deadline(min(self.loop.time() + patience_s, self._drained_by_s))

    def _end_draining(self) -> None:
        if self.transport.can_write_eof():
            self.transport.abort()
        else:
            self.transport.close()  # TLS has a goodbye, which is bounded in time


class _Outgoing(asyncio.Transport):
    """What an answer is written to; its end is not always the connection's."""

    __slots__ = ("_connection",)

    def __init__(self, connection: GuardedProtocol) -> None:
        super().__init__()
        self._connection = connection

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.answered()


_FAR_AHEAD_S = 86_400
_LAST_WORDS_S = 1.0
_DRAINING_MAX = 256
_STREAM_SEND_BYTES = 64 * 1024
