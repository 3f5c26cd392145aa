"""A feed that is asked for again and again: `aircraft.json` and the like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from typing import Final, TypeAlias, cast

import httpx

from detente.errors import DetenteError
from detente.http import AddressPolicy, AddressRefused, PeerClient, Resolver, SystemResolver

from .address import FeedAddress, Scheme
from .connection import Clock, Connection, Piece, Transport
from .errors import FeedAddressUnusable, FeedBroken, FeedUnreachable

Fetch: TypeAlias = Callable[[], Awaitable[bytes]]
"""Asks once. Raises `TransportError` if there is no answer that can be used."""
Pause: TypeAlias = Callable[[float], Awaitable[None]]

DOCUMENT_BYTES_MAX: Final = 32 << 20


class PollingTransport(Transport):
    """Documents, one every so often.

    Args:
        fetch: see `egress_fetch` and `local_fetch`.
        where: for messages.
        clock: when documents came.
        every_s: from one answer to the next question.
        pause: waits.
    """

    def __init__(
        self,
        fetch: Fetch,
        where: str,
        clock: Clock,
        *,
        every_s: float = 1.0,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._fetch = fetch
        self._where = where
        self._clock = clock
        self._every_s = every_s
        self._pause = pause

    @property
    def where(self) -> str:
        """The address."""
        return self._where

    async def open(self) -> Connection:
        """Nothing is asked before `receive`."""
        return _Polling(self._fetch, self._clock, self._every_s, self._pause)


class _Polling(Connection):
    def __init__(self, fetch: Fetch, clock: Clock, every_s: float, pause: Pause) -> None:
        self._fetch = fetch
        self._clock = clock
        self._every_s = every_s
        self._pause = pause
        self._asked = False

    async def receive(self) -> Sequence[Piece]:
        if self._asked:
            await self._pause(self._every_s)
        self._asked = True
        data = await self._fetch()
        return (Piece(data, self._clock(), whole=True),)

    async def close(self) -> None:
        """Connections are the fetcher's."""


def egress_fetch(client: PeerClient, path: str, *, deadline_s: float = 10.0) -> Fetch:
    """Ask over https, through the one way out to peers (`detente.http.Egress`)."""

    async def fetch() -> bytes:
        try:
            answer = await client.request(
                "GET", path, deadline_s=deadline_s, max_bytes=DOCUMENT_BYTES_MAX
            )
        except DetenteError as error:
            raise FeedUnreachable(error.message, where=error.where, advice=error.advice) from error
        return _document(answer.status, answer.body, client.url_of(path))

    return fetch


def local_fetch(
    address: FeedAddress,
    policy: AddressPolicy,
    *,
    resolver: Resolver | None = None,
    deadline_s: float = 10.0,
) -> Fetch:
    """Ask a receiver of one's own over plain http: at addresses that the policy allows only.

    No redirects, no proxies, nothing compressed, a deadline on the whole, a limit on the answer; a
    connection for each question.

    Raises:
        FeedAddressUnusable: it is not of the scheme `http`.
    """
    if address.scheme is not Scheme.HTTP:
        raise FeedAddressUnusable("This is no address of plain http.", where=str(address))
    names = resolver or SystemResolver()
    where = str(address)

    async def fetch() -> bytes:
        try:
            async with asyncio.timeout(deadline_s):
                found = await names.resolve(address.host)
                checked = [str(policy.check(each, address.host)) for each in found]
                if not checked:
                    raise FeedUnreachable("The name has no address.", where=where)
                async with httpx.AsyncHTTPTransport(trust_env=False, http2=False) as lane:
                    return await _ask(lane, checked[0], address)
        except AddressRefused as error:
            raise FeedUnreachable(error.message, where=where, advice=error.advice) from error
        except TimeoutError:
            raise FeedUnreachable(
                f"There is no answer after {deadline_s:g} s.", where=where
            ) from None
        except (httpx.HTTPError, OSError) as error:
            raise FeedUnreachable(
                f"There is no answer: {str(error) or type(error).__name__}.", where=where
            ) from error

    return fetch


async def _ask(lane: httpx.AsyncHTTPTransport, place: str, address: FeedAddress) -> bytes:
    host = f"[{place}]" if ":" in place else place
    request = httpx.Request(
        "GET",
        f"http://{host}:{address.port}{address.path}",
        headers={"host": f"{address.host}:{address.port}", "accept-encoding": "identity"},
    )
    response = await lane.handle_async_request(request)
    data = bytearray()
    try:
        async for chunk in cast(AsyncIterable[bytes], response.stream):
            data += chunk
            if len(data) > DOCUMENT_BYTES_MAX:
                raise FeedBroken(
                    f"The answer is larger than {DOCUMENT_BYTES_MAX >> 20} MiB.", where=str(address)
                )
    finally:
        await response.aclose()
    return _document(response.status_code, bytes(data), str(address))


def _document(status: int, body: bytes, where: str) -> bytes:
    if status != 200:
        raise FeedBroken(f"It answers {status}.", where=where)
    return body
