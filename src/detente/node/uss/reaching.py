"""Where exchanges and other USSs are called: only hosts that are meant, only checked addresses.

What an exchange tells of others is theirs: a USS may register any URL, so as to make us call it.
Exchanges are named by our operator and called as they are named. Other USSs are called at hosts of
the agreement, over https, at addresses that the same policy allows as for the line; with
`peer-allow-any`, in tests, everywhere.
"""

from __future__ import annotations

import ssl
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import Final, cast
from urllib.parse import urlsplit

import httpx

from detente.errors import DetenteError
from detente.http import (
    AddressPolicy,
    Connections,
    ConnectTo,
    Destination,
    Resolver,
    SystemResolver,
)

HOSTS_MAX: Final = 200
"""Hosts whose connections are kept."""
_PORTS: Final = {"http": 80, "https": 443}
_CONNECTIONS: Final = 8
"""To one host at one time."""

Place = tuple[str, int]


class NotCalled(httpx.ConnectError):
    """A URL that an exchange tells is not one that may be called."""


def place_of(url: str) -> Place:
    """Host in small letters and port of a URL."""
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def look_for_sniffio_once() -> None:
    """Note that sniffio is not installed, if it is not.

    httpcore imports it at every step of every request, and Python goes through all directories for
    a module that is not there, each time anew: a sixth of the time of a plan with many neighbours.
    """
    if find_spec("sniffio") is None:
        cast(dict[str, ModuleType | None], sys.modules)["sniffio"] = None


class CheckedTransport(httpx.AsyncBaseTransport):
    """Carries requests to where they may go, one pool of connections for each host."""

    def __init__(
        self,
        *,
        named: Iterable[str],
        hosts: Callable[[], frozenset[str]],
        policy: AddressPolicy,
        connect_to: Sequence[ConnectTo] = (),
        allow_http: bool = False,
        allow_any: bool = False,
        context: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        """Args:
        named: URLs that the operator has named: exchanges, servers of tokens.
        hosts: of the other parties' USSs now.
        policy: which addresses of those may be called.
        connect_to: where such a host is reached instead.
        allow_http: whether USSs may be called without TLS.
        allow_any: whether any USS may be called.
        context: by which certificates are believed; the system's if not given.
        resolver: turns names into addresses; the system's if not given.
        """
        look_for_sniffio_once()
        # With the scheme: a USS may register http at the exchange's host and port, and a token
        # would go there for all to read.
        self._named = frozenset((urlsplit(url).scheme, place_of(url)) for url in named)
        self._hosts = hosts
        self._policy = policy
        self._connect_to = {(each.host, each.port): each for each in connect_to}
        self._allow_http = allow_http
        self._allow_any = allow_any
        self._context = context or ssl.create_default_context()
        self._resolver = resolver or SystemResolver()
        self._pools: OrderedDict[tuple[str, Place], Connections] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            NotCalled: its host or address must not be called.
            httpx.TransportError: there is no answer.
        """
        host = request.url.host.lower()
        port = request.url.port or _PORTS.get(request.url.scheme, 0)
        there = (host, port)
        pool = await self._pool(request.url.scheme, there)
        if (request.url.scheme, there) in self._named or (
            self._allow_any and there not in self._connect_to
        ):
            return await pool.request(request)
        address, at = await self._checked(request.url.scheme, there)
        # The certificate must be the name's, not the address's.
        return await pool.request(request, Destination(address, at, host))

    async def _checked(self, scheme: str, there: Place) -> Place:
        host, port = there
        if scheme != "https" and not self._allow_http:
            raise NotCalled(f"{host} is not called: its URL is not https")
        if not self._allow_any and host not in self._hosts():
            raise NotCalled(f"{host} is not called: it is no host of a party of the agreement")
        pinned = self._connect_to.get(there)
        try:
            if pinned is not None:
                found, port = [pinned.address], pinned.at
            else:
                found = list(await self._resolver.resolve(host))
            # All of them, before any is called: who answers both ways is up to something.
            checked = [str(self._policy.check(each, host)) for each in found]
        except DetenteError as error:
            raise NotCalled(f"{host} is not called: {error.message}") from error
        if not checked:
            raise NotCalled(f"{host} is not called: the name has no address")
        return checked[0], port

    async def _pool(self, scheme: str, there: Place) -> Connections:
        # One a host: connections must not be shared by names that share an address.
        found = self._pools.get((scheme, there))
        if found is None:
            found = Connections(self._context, most=_CONNECTIONS)
            self._pools[scheme, there] = found
            if len(self._pools) > HOSTS_MAX:
                _, oldest = self._pools.popitem(last=False)
                await oldest.aclose()
        else:
            self._pools.move_to_end((scheme, there))
        return found

    async def aclose(self) -> None:
        """End all connections."""
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.aclose()
