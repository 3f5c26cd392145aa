"""HTTP/1.1 over asyncio streams: just what one USS needs to say to another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

LIMIT = 1 << 20
_SAFE_TO_REPEAT = frozenset({"GET", "HEAD"})
_REASONS = {200: "OK", 201: "Created", 204: "No Content"}


@dataclass(frozen=True)
class Request:
    """What somebody asks of this USS."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body's value.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """An answer."""

    status: int
    body: bytes = b""

    def json(self) -> Any:
        """The body's value.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.body)


def answer(status: int, value: Any = None) -> Response:
    """An answer with a JSON body, or without any."""
    return Response(status, b"" if value is None else json.dumps(value).encode())


class NoAnswer(Exception):
    """Nobody answered, or not in time, or not in HTTP."""


Handler = Callable[[Request], Awaitable[Response]]


async def serve(handler: Handler, host: str, port: int) -> asyncio.Server:
    """Answer requests on this address; port 0 takes a free one."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while (request := await _read_request(reader)) is not None:
                    response = await handler(request)
                    reason = _REASONS.get(response.status, "See body")
                    writer.write(
                        f"HTTP/1.1 {response.status} {reason}\r\n"
                        "content-type: application/json\r\n"
                        f"content-length: {len(response.body)}\r\n\r\n".encode()
                        + response.body
                    )
                    await writer.drain()
        finally:
            writer.close()

    return await asyncio.start_server(connection, host, port, limit=LIMIT)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, headers = _head(head)
    method, target, _ = first.split(" ", 2)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), headers, body, dict(parse_qsl(parts.query)))


def _head(data: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = data.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in lines if line)
    return first, {name.strip().lower(): value.strip() for name, _, value in named}


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Calls others; keeps connections open to call them again."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Streams]] = {}

    async def call(
        self, method: str, url: str, token: str, value: Any = None, timeout_s: float = 5.0
    ) -> Response:
        """Ask, and wait for the answer.

        A request that changes nothing is sent again if a kept connection turns out to be closed.

        Raises:
            NoAnswer: there is none; whether the request had an effect is not known.
        """
        body = b"" if value is None else json.dumps(value).encode()
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or 80)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        message = (
            f"{method} {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ask(place, message, again=method in _SAFE_TO_REPEAT)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise NoAnswer(f"{method} {url}: {str(error) or type(error).__name__}") from None

    async def _ask(self, place: tuple[str, int], message: bytes, *, again: bool) -> Response:
        idle = self._idle.setdefault(place, [])
        while idle:
            streams = idle.pop()
            if streams[0].at_eof():
                streams[1].close()
                continue
            try:
                return await self._exchange(place, streams, message)
            except (OSError, EOFError):
                if not again:
                    raise
        return await self._exchange(place, await self._connect(place), message)

    async def _connect(self, place: tuple[str, int]) -> Streams:
        return await asyncio.open_connection(*place, limit=LIMIT)

    async def _exchange(self, place: tuple[str, int], streams: Streams, message: bytes) -> Response:
        reader, writer = streams
        try:
            writer.write(message)
            first, headers = _head(await reader.readuntil(b"\r\n\r\n"))
            status = int(first.split(" ", 2)[1])
            if headers.get("transfer-encoding", "").lower() == "chunked":
                body = await _chunks(reader)
            else:
                body = await reader.readexactly(int(headers.get("content-length", "0")))
        except BaseException:
            writer.close()
            raise
        if headers.get("connection", "").lower() == "close":
            writer.close()
        else:
            self._idle[place].append(streams)
        return Response(status, body)

    async def close(self) -> None:
        """Let go of all connections."""
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
