"""Calls to peers: only where the agreement says, only to addresses that were looked at.

A peer is authenticated and may be hostile. So: https only, hosts of the agreement only, each
address checked and the connection made to exactly that address, no redirects, no proxies, no
cookies, nothing compressed, a deadline on the whole and a limit on the answer.

Each lane has connections of its own: what is stuck in one delays nothing in another.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from detente.http.addresses import AddressPolicy, BaseUrl, ConnectTo, UrlRefused
from detente.http.dialling import Attempt, CallLane, Place, Wire
from detente.http.egress_errors import EgressError, NameNotResolved
from detente.http.resolving import Resolver, SystemResolver

ANSWER_BYTES_MAX: Final = 1024 * 1024
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

Sign = Callable[[str, str, bytes], Mapping[str, str]]
"""Gives headers for (method, URL, body), anew for each attempt: see `sign_request`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer answered. `headers` have names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressLimits:
    """Bounds on calls.

    Attributes:
        connect_s: for one address to take the connection; less if several must be tried.
        keep_s: how long an unused connection stays open.
        bulk, beat, emergency: connections of each lane.
    """

    connect_s: float = 3.0
    keep_s: float = 60.0
    bulk: int = 4
    beat: int = 2
    emergency: int = 2


class Egress:
    """The one way out to peers.

    Args:
        policy: which addresses may be called.
        resolver: turns names into addresses; the system's if not given.
        connect_to: hosts that are reached elsewhere than their names say; the policy still holds.
        limits: see there.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        resolver: Resolver | None = None,
        connect_to: Sequence[ConnectTo] = (),
        limits: EgressLimits = EgressLimits(),
    ) -> None:
        self._policy = policy
        self._resolver = resolver or SystemResolver()
        self._connect_to = {(each.host, each.port): each for each in connect_to}
        self._limits = limits
        self._clients: set[PeerClient] = set()

    def peer(
        self,
        base_url: str,
        allowed: Iterable[str],
        context: ssl.SSLContext,
        *,
        sign: Sign | None = None,
    ) -> PeerClient:
        """A client for one address of a peer. Nothing is called yet.

        Args:
            base_url: where its node is.
            allowed: addresses of that party in the agreement; `base_url` is one, or below one.
            context: see `TransportIdentity.client_context`.
            sign: adds headers to each request, those of RFC 9421 for example.

        Raises:
            UrlRefused: not under an allowed address, or not written plainly.
        """
        base = BaseUrl.parse(base_url)
        if not any(base.is_under(BaseUrl.parse(each)) for each in allowed):
            raise UrlRefused(
                "It is under no address of the party in the agreement; it is not called.",
                where=base.url,
            )
        client = PeerClient(self, base, context, sign)
        self._clients.add(client)
        return client

    async def places(self, base: BaseUrl) -> tuple[Place, ...]:
        """Where the host of a base URL is reached, every address checked. One bad spoils all.

        Raises:
            NameNotResolved: no address.
            AddressRefused: an address must not be called.
        """
        pinned = self._connect_to.get((base.host, base.port))
        if pinned is not None:
            found, port = [pinned.address], pinned.at
        else:
            found, port = list(await self._resolver.resolve(base.host)), base.port
        if not found:
            raise NameNotResolved("The name has no address.", where=base.host)
        # All of them, before any is called: who answers both ways is up to something.
        checked = [str(self._policy.check(address, base.host)) for address in found]
        return tuple(Place(address, port) for address in dict.fromkeys(checked))

    async def close(self) -> None:
        """End all connections of all clients."""
        await asyncio.gather(*(client.close() for client in tuple(self._clients)))

    @property
    def limits(self) -> EgressLimits:
        """Bounds on calls."""
        return self._limits

    def forget(self, client: PeerClient) -> None:
        """A client is closed."""
        self._clients.discard(client)


class PeerClient:
    """Calls to one address of a peer, over connections that are kept."""

    def __init__(
        self, egress: Egress, base: BaseUrl, context: ssl.SSLContext, sign: Sign | None
    ) -> None:
        self._egress = egress
        self._base = base
        self._sign = sign
        self._wire = self._make_wire(context)
        self._places: tuple[Place, ...] = ()
        self._locating = asyncio.Lock()

    @property
    def url(self) -> str:
        """Its base URL, without a final slash."""
        return self._base.url

    def url_of(self, path: str) -> str:
        """The whole URL of a path, as it is signed and called.

        Raises:
            UrlRefused: see `check_path`.
        """
        return f"https://{self._base.authority}{self._base.target(path)}"

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
        deadline_s: float = 10.0,
        max_bytes: int = ANSWER_BYTES_MAX,
        lane: CallLane = CallLane.BULK,
    ) -> Answer:
        """Ask, and wait for the whole answer. A status of 400 and above is an answer, too.

        A kept connection that the peer had closed meanwhile is replaced, once, if nothing of an
        answer had come: whatever is sent so must bear being sent twice. Nothing else is retried.

        Args:
            method: in capitals.
            path: below the base URL, with the query; escaped.
            body: all of it.
            headers: added to `host`, `content-length` and what `sign` gives.
            deadline_s: for all of it: name, connection, request and answer.
            max_bytes: of the answer's body.
            lane: whose connections are used.

        Raises:
            UrlRefused, AddressRefused: it must not be called.
            EgressError: there is no answer that can be used; the subclass tells why.
        """
        if not re.fullmatch(r"[A-Z]{1,16}", method):
            raise UrlRefused("A method is a word in capitals.", where=repr(method[:20]))
        url, target = self.url_of(path), self._base.target(path)
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s

        places = await self._located(end)
        wire = self._wire
        failure: EgressError | None = None
        for tried, place in enumerate(places):
            left = len(places) - tried
            connect_s = min(self._egress.limits.connect_s, (end - loop.time()) / left)
            for again in (False, True):
                attempt = Attempt(
                    method=method,
                    url=url,
                    target=target,
                    host=self._base.host,
                    headers=self._headers(method, url, body, headers),
                    body=body,
                    max_bytes=max_bytes,
                    lane=lane,
                    end=end,
                )
                try:
                    return Answer(*await wire.exchange(attempt, place, connect_s))
                except EgressError as error:
                    if again or not attempt.was_stale(error):
                        if not attempt.may_go_elsewhere(error):
                            raise
                        if failure is None or error.reached or not failure.reached:
                            failure = error
                        break
            self._last(place)
        self._places = ()  # asked for anew next time: the peer may have moved
        assert failure is not None  # noqa: S101 - there is at least one place
        raise failure

    def _headers(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        signed = self._sign(method, url, body) if self._sign is not None else {}
        fields = {**headers, **signed, "host": self._base.authority}
        for name, value in fields.items():
            if not (_TOKEN.fullmatch(name) and value.isascii() and value.isprintable()):
                raise UrlRefused("A header cannot be sent as it is.", where=repr(name[:80]))
        return fields

    async def _located(self, end: float) -> tuple[Place, ...]:
        try:
            async with asyncio.timeout_at(end), self._locating:
                if not self._places:
                    self._places = await self._egress.places(self._base)
                return self._places
        except TimeoutError:
            failure = NameNotResolved("No name server answers in time.", where=self._base.host)
            failure.side = "here"
            raise failure from None

    def _last(self, place: Place) -> None:
        """Others come first next time: the deadline may not have sufficed for them."""
        others = tuple(each for each in self._places if each != place)
        self._places = (*others, place) if len(others) < len(self._places) else self._places

    async def use(self, context: ssl.SSLContext) -> None:
        """Use another context from now on; requests under way end on the old connections."""
        old, self._wire = self._wire, self._make_wire(context)
        await old.retire()

    async def close(self) -> None:
        """End all connections."""
        self._egress.forget(self)
        await self._wire.close()

    def _make_wire(self, context: ssl.SSLContext) -> Wire:
        limits = self._egress.limits
        numbers = {
            CallLane.BULK: limits.bulk,
            CallLane.BEAT: limits.beat,
            CallLane.EMERGENCY: limits.emergency,
        }
        return Wire(context, numbers, limits.keep_s)
