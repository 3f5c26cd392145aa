"""Connections to one place, kept and used again: for many small requests, one after another.

aiohttp's connections behind httpx's requests, responses and errors: for a request and its answer of
some kilobytes they take a tenth of the time of httpx's own.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx
from yarl import URL

FIELD_BYTES_MAX: Final = 16 * 1024
"""Of one line of an answer's head."""
FIELDS_MAX: Final = 128
_AHEAD_BYTES_MAX: Final = 64 * 1024
"""Of an answer that waits to be read while more is taken."""
_NAME: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_METHOD: Final = re.compile("GET|POST|PUT|DELETE|PATCH")
_AUTOMATIC: Final = frozenset({"Accept", "Accept-Encoding", "User-Agent", "Content-Type"})


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
    """Connections to one host, whatever addresses it has. To be made where an event loop runs.

    Args:
        context: for https.
        most: connections at one time; further requests wait.
        keep_s: how long one that is not used stays open.
    """

    def __init__(self, context: ssl.SSLContext, *, most: int = 8, keep_s: float = 60.0) -> None:
        self._room = asyncio.Semaphore(most)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context, keepalive_timeout=keep_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_AHEAD_BYTES_MAX,
            max_line_size=FIELD_BYTES_MAX,
            max_field_size=FIELD_BYTES_MAX,
            max_headers=FIELDS_MAX,
        )
        # What was sent may have been taken: whether to say it again is for the caller to decide.
        self._session._retry_connection = False

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
        if not _METHOD.fullmatch(request.method):
            raise httpx.LocalProtocolError(f"{request.method!r} is no method")
        if any(not _NAME.fullmatch(name) for name, _ in request.headers.raw):
            raise httpx.LocalProtocolError("a header has no name of RFC 9110")
        there = URL(str(url), encoded=True)
        if target is not None:
            there = there.with_host(target.host).with_port(target.port)
        body = await request.aread()
        limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
        await self._turn(limits.get("pool"))
        try:
            with _as_httpx():
                answer = await self._session.request(
                    request.method,
                    there,
                    headers=[(_text(name), _text(value)) for name, value in request.headers.raw],
                    data=body or None,
                    skip_auto_headers=_AUTOMATIC,
                    allow_redirects=False,
                    server_hostname=None if target is None or url.scheme == "http" else target.name,
                    timeout=aiohttp.ClientTimeout(
                        sock_connect=limits.get("connect"), sock_read=limits.get("read")
                    ),
                )
        except BaseException:
            self._room.release()
            raise
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer, self._room),
            request=request,
        )

    async def aclose(self) -> None:
        """End all connections, also those in use."""
        await self._session.close()

    async def _turn(self, within_s: float | None) -> None:
        try:
            async with asyncio.timeout(within_s):
                await self._room.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are in use") from None


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it comes; closing it gives the connection back."""

    def __init__(self, answer: aiohttp.ClientResponse, room: asyncio.Semaphore) -> None:
        self._answer = answer
        self._room = room
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._answer.content.iter_any():
                yield part

    async def aclose(self) -> None:
        """Nothing more is read."""
        if not self._closed:
            self._closed = True
            if self._answer.content.at_eof():
                self._answer.release()
            else:
                self._answer.close()
            self._room.release()


def _text(header: bytes) -> str:
    return header.decode("latin-1")


@contextmanager
def _as_httpx() -> Iterator[None]:
    """What aiohttp raises, as what httpx would."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except (aiohttp.ServerTimeoutError, TimeoutError) as error:
        raise httpx.ReadTimeout("nothing came in time") from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except (aiohttp.InvalidURL, ValueError) as error:
        raise httpx.LocalProtocolError(f"the request cannot be sent as it is: {error}") from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as error:
        raise httpx.RemoteProtocolError(f"the answer is no HTTP: {error}") from error
    except aiohttp.ServerDisconnectedError as error:
        raise httpx.RemoteProtocolError("the connection was closed before the end") from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error) or type(error).__name__) from error
