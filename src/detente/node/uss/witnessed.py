"""What other USSs say to us and what we answer: recorded whole, and answered with our signature.

It stands around the application of the listener for other USSs, and sees what really came and went.
Who shows no token that holds is nobody: of such requests, and of those that are turned away because
there are too many (429, 503), only so many are recorded each minute, so that nobody can fill a
disk; the rest are counted, and the count is told with the next that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from detente.http import Authenticator, Caller, sign_response
from detente.http.head import RequestHead
from detente.http.limits import Receive, Send
from detente.http.routing import ASGIApp
from detente.http.signatures import RequestSigner
from detente.planning import ExchangeSeen, headers_of
from detente.record import Clock

NOBODY_PER_MINUTE: Final = 60
"""Requests without a good token that are recorded."""
KEPT_BYTES_MAX: Final = 4 << 20
"""Of a request's body that are recorded: the listener takes no larger ones."""
_TURNED_AWAY: Final = frozenset({429, 503})


class KeepsExchanges(Protocol):
    """What is told of exchanges of messages: `Recorder`."""

    def exchange(self, seen: ExchangeSeen, identity: str | None = None) -> str:
        """Record one with the next batch; gives its entry's id at once."""
        ...

    def next_id(self) -> str:
        """A fresh id, for an exchange that is not over yet."""
        ...

    async def room(self) -> None:
        """Wait while too much waits to be written."""
        ...


@dataclass(slots=True)
class Current:
    """The exchange of messages that is being answered.

    Attributes:
        id: that its entry will have.
        party: who asks, by its token; "" as long as none was found good.
        about: ids of entities that it is about, besides those in it.
        problem: what is wrong with it, by what its handler has found.
    """

    id: str
    party: str = ""
    about: list[str] = field(default_factory=list)
    problem: str = ""


_CURRENT: ContextVar[Current | None] = ContextVar("detente_uss_exchange", default=None)


def current() -> Current:
    """The exchange that is being answered; a fresh one, recorded nowhere, outside of any."""
    return _CURRENT.get() or Current("")


class NamedCallers:
    """An authenticator around another one, that notes who it has found.

    Args:
        authenticator: decides.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling; see `Authenticator`."""
        caller = await self._authenticator.authenticate(request, now_us)
        current().party = caller.sub
        return caller


class WitnessedApp:
    """An ASGI application around another one; see the module.

    Args:
        app: answers.
        recorder: is told of every exchange.
        signer: the node's signing key now; None: answers are not signed.
        clock: the wall clock.
        quiet: beginnings of paths that are no business between USSs, such as health checks.
    """

    def __init__(
        self,
        app: ASGIApp,
        recorder: KeepsExchanges,
        signer: Callable[[], RequestSigner | None],
        clock: Clock,
        *,
        quiet: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._recorder = recorder
        self._signer = signer
        self._clock = clock
        self._quiet = quiet
        self._minute = 0
        self._of_nobody = 0
        self._passed_over = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection scope."""
        if scope["type"] != "http" or scope["path"].startswith(self._quiet):
            await self._app(scope, receive, send)
            return
        await self._recorder.room()
        seen = _Seen(RequestHead(scope), receive, send, self._signed, _now_us)
        now = Current(self._recorder.next_id())
        held = _CURRENT.set(now)
        try:
            await self._app(scope, seen.receive, seen.send)
        finally:
            _CURRENT.reset(held)
            self._keep(seen, now)

    def _signed(self, head: RequestHead, status: int, body: bytes) -> dict[str, str]:
        signer = self._signer()
        if signer is None:
            return {}
        return sign_response(head.method, head.path, status, body, signer, now=self._clock())

    def _keep(self, seen: _Seen, now: Current) -> None:
        problem = now.problem
        if seen.too_long:
            problem += f" Only the first {KEPT_BYTES_MAX} bytes of the body were kept."
        if not now.party or seen.status in _TURNED_AWAY:
            minute = int(time.monotonic() // 60)
            if minute != self._minute:
                self._minute, self._of_nobody = minute, 0
            self._of_nobody += 1
            if self._of_nobody > NOBODY_PER_MINUTE:
                self._passed_over += 1
                return
        if self._passed_over:
            problem += (
                f" {self._passed_over} requests without a good token, or beyond the quota of who "
                "brought one, were not recorded."
            )
            self._passed_over = 0
        told = ExchangeSeen(
            url=seen.head.target_uri,
            method=seen.head.method,
            role="Server",
            request_time_us=seen.begun_us,
            response_time_us=seen.ended_us,
            request_headers=headers_of(seen.head.headers),
            request_body=bytes(seen.request_body),
            response_code=seen.status,
            response_body=bytes(seen.response_body),
            problem=problem.strip(),
            party=now.party,
            about=tuple(now.about),
        )
        self._recorder.exchange(told, now.id)


class _Seen:
    """One exchange, as its messages pass."""

    def __init__(
        self,
        head: RequestHead,
        receive: Receive,
        send: Send,
        sign: Callable[[RequestHead, int, bytes], dict[str, str]],
        now_us: Callable[[], int],
    ) -> None:
        self.head = head
        self.begun_us = now_us()
        self.ended_us: int | None = None
        self.status: int | None = None
        self.request_body = bytearray()
        self.too_long = False
        self.response_body = bytearray()
        self._receive = receive
        self._send = send
        self._sign = sign
        self._now_us = now_us
        self._start: MutableMapping[str, Any] | None = None

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        if message["type"] == "http.request":
            room = KEPT_BYTES_MAX - len(self.request_body)
            part = message.get("body", b"")
            self.request_body += part[:room]
            self.too_long = self.too_long or len(part) > room
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._start = message  # its headers sign the body, which comes after it
            return
        if message["type"] == "http.response.body":
            self.response_body += message.get("body", b"")
            if message.get("more_body", False):
                return
            await self._send(self._with_signature())
            self.ended_us = self._now_us()
            await self._send({"type": "http.response.body", "body": bytes(self.response_body)})
            return
        await self._send(message)

    def _with_signature(self) -> MutableMapping[str, Any]:
        start = self._start
        if start is None or self.status is None:
            raise RuntimeError("a body without a beginning")
        signed = self._sign(self.head, self.status, bytes(self.response_body))
        headers = [(name.encode(), value.encode("latin-1")) for name, value in signed.items()]
        return {**start, "headers": [*start.get("headers", []), *headers]}


def _now_us() -> int:
    return time.time_ns() // 1000
