"""Answers that go on: server-sent events and large bodies, piece by piece.

A stream has two sides. A task takes the chunks from the handler's iterator into a small buffer;
the request's own task sends what is there. A client that reads slowly fills the buffer, and the
iterator waits: nothing else does. A client that takes nothing for the connection's write timeout is
cut by the server. Whatever ends a stream (the iterator, the client, the end of the caller's
session, the end of the server), the iterator is closed, in the task that ran it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import final

from detente.http.errors import Overloaded, RateLimited
from detente.http.head import Connection
from detente.http.limits import Limits, Receive, Send

EVENT_STREAM = b"text/event-stream"

_HEARTBEAT = b":\n\n"

logger = logging.getLogger(__name__)


@final
class Stream:
    """An answer whose body is sent as it comes into being.

    The endpoint says so (`Endpoint.stream`). Of an event stream, each chunk is one or more whole
    events (`sse_event`); when none came for `Limits.heartbeat_s`, a comment is sent in between.
    `chunks` is closed when the client leaves, when the caller's `expires_us` has come, and when the
    server stops. If it raises, the connection is cut, so that nobody takes a part for the whole.
    """

    __slots__ = ("chunks", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        chunks: AsyncIterator[bytes],
        headers: Sequence[tuple[bytes, bytes]] = (),
        *,
        content_type: bytes = EVENT_STREAM,
    ) -> None:
        self.status = status
        self.chunks = chunks
        self.headers = headers
        self.content_type = content_type

    @property
    def is_events(self) -> bool:
        """Whether these are server-sent events."""
        return self.content_type.partition(b";")[0].strip().lower() == EVENT_STREAM


def sse_event(
    data: str | bytes,
    *,
    event: str = "",
    id: str | None = None,  # noqa: A002 - the standard's word
    retry_ms: int | None = None,
) -> bytes:
    """One server-sent event (HTML standard, section 9.2), ready to be a chunk of a `Stream`.

    Args:
        data: text, or UTF-8 bytes; its lines end in LF, CR or CRLF, and arrive ended by LF.
        event: its type; the client's default is `message`.
        id: what the client gives back as `Last-Event-ID` when it connects again.
        retry_ms: how long the client shall wait before it does.

    Raises:
        ValueError: `event` or `id` has a line break or NUL in it.
    """
    raw = data.encode() if isinstance(data, str) else data
    lines: list[bytes] = []
    for name, value in (("event", event or None), ("id", id)):
        if value is not None:
            if any(character in value for character in "\r\n\0"):
                msg = f"the {name} of an event has a line break or NUL in it"
                raise ValueError(msg)
            lines.append(f"{name}: {value}".encode())
    if retry_ms is not None:
        lines.append(b"retry: %d" % retry_ms)
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines += [b"data: " + line for line in raw.split(b"\n")]
    return b"\n".join(lines) + b"\n\n"


async def close_chunks(chunks: AsyncIterator[bytes]) -> None:
    """Let a generator run its `finally`; other iterators have nothing to close."""
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()


class Streams:
    """The streams of one application: so many in all, so many for each client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of_client: dict[str, int] = {}
        self._open: set[_Running] = set()
        self._taken = 0
        self._stopping = False

    def __len__(self) -> int:
        """How many places are taken."""
        return self._taken

    def enter(self, client: str) -> None:
        """Take a place, to be given back by `leave`.

        Raises:
            Overloaded: there is none, or the server is about to stop.
            RateLimited: this client has as many as it may.
        """
        if self._stopping:
            raise Overloaded("This server is stopping.")
        if self._taken >= self._limits.max_streams:
            raise Overloaded("Too many streams are open; try again in a moment.", retry_after_s=5)
        held = self._of_client.get(client, 0)
        if held >= self._limits.max_streams_per_client:
            raise RateLimited(f"{held} streams of this client are open already.", retry_after_s=5)
        self._of_client[client] = held + 1
        self._taken += 1

    def leave(self, client: str) -> None:
        """Give the place back."""
        self._taken -= 1
        if self._of_client[client] == 1:
            del self._of_client[client]
        else:
            self._of_client[client] -= 1

    def start(self) -> None:
        """Streams may begin: the server accepts connections."""
        self._stopping = False

    def stop(self) -> None:
        """End all streams now, and begin no more: the server stops."""
        self._stopping = True
        for running in self._open:
            running.stop()

    async def send(
        self,
        stream: Stream,
        receive: Receive,
        send: Send,
        *,
        connection: Connection | None,
        lasts_s: float | None,
    ) -> int:
        """Send the body to its end. Gives the bytes sent, heartbeats included.

        Args:
            stream: its status and headers were sent.
            receive, send: the ASGI callables.
            connection: what our own server knows of it, if it is ours.
            lasts_s: seconds after which the stream is ended, or None.

        Raises:
            Exception: whatever the iterator raises; the body was not ended.
        """
        if connection is not None:
            connection.streaming(small=stream.is_events)
        running = _Running(self._limits, stream, connection)
        self._open.add(running)
        try:
            if self._stopping:
                running.stop()
            return await running.run(receive, send, lasts_s)
        finally:
            self._open.discard(running)


class _Running:
    """One stream that is being sent."""

    def __init__(self, limits: Limits, stream: Stream, connection: Connection | None) -> None:
        self._stream = stream
        self._connection = connection
        self._heartbeat_s = limits.heartbeat_s if stream.is_events else None
        self._most_bytes = limits.stream_buffer_bytes
        self._buffer: deque[bytes] = deque()
        self._size = 0
        self._ended = False  # the iterator has no more
        self._stopped = False  # nothing more is to be sent
        self._gone = False  # nobody would take it
        self._something = asyncio.Event()
        self._room = asyncio.Event()

    def stop(self) -> None:
        """End, whatever waits; a client that does not read is not waited for."""
        self._stopped = True
        self._something.set()
        if self._connection is not None and self._connection.stalled:
            self._connection.cut()

    async def run(self, receive: Receive, send: Send, lasts_s: float | None) -> int:
        filling = asyncio.create_task(self._fill())
        watching = asyncio.create_task(self._watch(receive))
        timer = None
        if lasts_s is not None:
            timer = asyncio.get_running_loop().call_later(max(0.0, lasts_s), self.stop)
        try:
            sent = await self._drain(send)
            if self._ended and not self._stopped:
                await filling  # raises what the iterator raised
            if not self._gone:
                await send({"type": "http.response.body", "body": b""})
            return sent
        finally:
            if timer is not None:
                timer.cancel()
            filling.cancel()
            watching.cancel()
            ends = await asyncio.gather(filling, watching, return_exceptions=True)
            if self._stopped:  # else whoever runs it has been told
                for error in (each for each in ends if isinstance(each, Exception)):
                    logger.error("a stream failed while it was ended", exc_info=error)

    async def _drain(self, send: Send) -> int:
        sent = 0
        while True:
            data = await self._take()
            if not data:
                return sent
            sent += len(data)
            await send({"type": "http.response.body", "body": data, "more_body": True})

    async def _take(self) -> bytes:
        """All that waits; a heartbeat if nothing does for long; nothing at the end."""
        while not self._stopped:
            if self._buffer:
                data = b"".join(self._buffer)
                self._buffer.clear()
                self._size = 0
                self._room.set()
                return data
            if self._ended:
                break
            self._something.clear()
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    await self._something.wait()
            except TimeoutError:
                return _HEARTBEAT
        return b""

    async def _fill(self) -> None:
        chunks = self._stream.chunks
        try:
            async for chunk in chunks:
                while self._size and self._size + len(chunk) > self._most_bytes:
                    self._room.clear()
                    await self._room.wait()
                if chunk:
                    self._buffer.append(chunk)
                    self._size += len(chunk)
                    self._something.set()
        finally:
            self._ended = True
            self._something.set()
            await close_chunks(chunks)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = self._stopped = True
        self._something.set()
