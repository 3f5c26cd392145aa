"""One HTTP exchange of the F3548-21 API after another: sent, awaited, read, told of.

Every answer is decoded strictly into its type; whatever is no success becomes an error that carries
the status and what the other side said. Nothing is retried here: who calls knows what may be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from detente.errors import DetenteError
from detente.f3548 import types as wire

T = TypeVar("T")

Http: TypeAlias = httpx.AsyncClient | httpx.AsyncBaseTransport
"""Carries requests. A transport alone is several times quicker than a client around it, which
keeps cookies, follows redirects and knows other things that nobody wants here."""

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""More is not read of an exchange, which may list a whole country."""
USS_ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
"""More is not read of a USS, which may be anybody: ten thousand vertices (OPIN0020) are less."""
_READ_AT_ONCE_BYTES: Final = 256 * 1024
"""A larger answer is decoded in a thread."""
SAID_MAX: Final = 1000
"""Characters of a refusal's reason that are passed on: to operators, logs and the record."""

_OWN_HEADERS: Final[Mapping[str, str]] = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
}
_WAITS: Final[Mapping[str, float | None]] = {
    "connect": 3.0,
    "pool": 5.0,
    "read": None,
    "write": None,
}
"""Seconds, by what is waited for; the deadline of the whole counts besides."""
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,
)


class TokenSource(Protocol):
    """Gives bearer tokens; expected to remember them while they last."""

    async def token(self, audience: str, scope: str) -> str:
        """A token for a host, with one scope or several separated by spaces."""
        ...


class PeerUnreachable(DetenteError):
    """The other side did not answer, or not in time.

    Attributes:
        sent: whether the request may have arrived all the same.
    """

    code = "peer.unreachable"

    def __init__(self, message: str, *, where: str, sent: bool = True) -> None:
        super().__init__(message, where=where)
        self.sent = sent


class PeerRefused(DetenteError):
    """The other side answered with an error.

    Attributes:
        status: of the HTTP answer.
    """

    code = "peer.refused"

    def __init__(self, message: str, *, status: int, where: str) -> None:
        super().__init__(message, where=where)
        self.status = status


class PeerNonsense(DetenteError):
    """The other side's answer is not what F3548-21 says."""

    code = "peer.nonsense"


class AirspaceConflict(DetenteError):
    """The DSS names entities whose OVNs the key lacks.

    Attributes:
        intents: references of operational intents, without their OVNs.
        constraints: references of constraints.
    """

    code = "peer.airspace_conflict"

    def __init__(self, message: str, found: wire.AirspaceConflictResponse) -> None:
        super().__init__(message)
        self.intents = found.missing_operational_intents
        self.constraints = found.missing_constraints


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One exchange of messages, as this side saw it.

    Attributes:
        method, url: of the request.
        request_headers: with the token: whoever keeps them takes it out.
        request_body: as sent.
        request_time_us, response_time_us: when it was sent, and when its answer was whole, µs
            since 1970; None: there was no whole answer.
        response_code, response_headers, response_body: the answer, as far as it came.
        problem: what was wrong with it; "" if it was what the API says, a refusal included.
    """

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    request_time_us: int
    response_time_us: int | None = None
    response_code: int | None = None
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""
    problem: str = ""


Seen = Callable[[Exchanged], None]
"""Told of every exchange, before its result is given to who asked."""


def nobody(exchanged: Exchanged) -> None:
    """Keeps nothing."""


def _now_us() -> int:
    return time.time_ns() // 1000


class Caller:
    """One HTTP exchange after another with one host."""

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        http: Http,
        deadline_s: float | None = None,
        seen: Seen = nobody,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> None:
        self._answer_bytes_max = answer_bytes_max
        self._base_url = base_url.rstrip("/")
        self._deadline_s = deadline_s
        self._audience = _host(base_url)
        self._tokens = tokens
        self._http = http
        self._seen = seen

    async def ask(
        self,
        method: str,
        path: str,
        scope: str,
        read: Callable[[httpx.Response], T],
        body: msgspec.Struct | None = None,
    ) -> T:
        """Send, wait for the whole answer, and read it.

        Raises:
            PeerUnreachable: there is none.
            DetenteError: what `read` raises.
        """
        wrong = _wrong_with(self._base_url)
        if wrong:
            raise PeerUnreachable(
                f"not called: {wrong}", where=f"{method} {self._base_url}", sent=False
            )
        token = await self._tokens.token(self._audience, scope)
        headers = {"authorization": f"Bearer {token}"}
        content = b""
        if body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(body)
        url = self._base_url + path
        sent = tuple(headers.items())
        begun_us = _now_us()

        def told(problem: str, response: httpx.Response | None = None) -> None:
            if response is None:
                self._seen(Exchanged(method, url, sent, content, begun_us, problem=problem))
                return
            self._seen(
                Exchanged(
                    method,
                    url,
                    sent,
                    content,
                    begun_us,
                    _now_us(),
                    response.status_code,
                    tuple(response.headers.multi_items()),
                    response.content,
                    problem,
                )
            )

        try:
            response = await self._send(method, url, headers, content if body is not None else None)
        except (PeerUnreachable, PeerNonsense) as error:
            told(error.message)
            raise
        except asyncio.CancelledError:
            told("given up before an answer")
            raise
        try:
            if len(response.content) > _READ_AT_ONCE_BYTES:
                found = await asyncio.to_thread(read, response)
            else:
                found = read(response)
        except PeerNonsense as error:
            told(error.message, response)
            raise
        except DetenteError:
            told("", response)
            raise
        told("", response)
        return found

    async def call(
        self,
        method: str,
        path: str,
        scope: str,
        answer: type[T],
        body: msgspec.Struct | None = None,
    ) -> T:
        """Send; the answer of a success as its type."""

        def read(response: httpx.Response) -> T:
            expect_success(response)
            return decode(response, answer)

        return await self.ask(method, path, scope, read, body)

    async def tell(
        self, method: str, path: str, scope: str, body: msgspec.Struct | None = None
    ) -> None:
        """Send; any success will do."""
        await self.ask(method, path, scope, expect_success, body)

    async def _send(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None
    ) -> httpx.Response:
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                self._response(method, url, content, headers) as response,
            ):
                data = await _read(response, self._answer_bytes_max)
        except TimeoutError:
            raise PeerUnreachable(
                f"no whole answer within {self._deadline_s:g} s", where=f"{method} {url}"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            # UnicodeError: a host name that IDNA does not know.
            reason = str(error) or type(error).__name__
            raise PeerUnreachable(
                f"no answer: {reason}",
                where=f"{method} {url}",
                sent=not isinstance(error, _NEVER_SENT),
            ) from error
        # What it was packed in is undone, and says nothing of the bytes any more.
        kept = [
            (name, value)
            for name, value in response.headers.multi_items()
            if name.lower() not in ("content-encoding", "content-length", "transfer-encoding")
        ]
        return httpx.Response(
            response.status_code, headers=kept, content=data, request=response.request
        )

    @asynccontextmanager
    async def _response(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """The head of the answer; its body is still to come."""
        if isinstance(self._http, httpx.AsyncClient):
            async with self._http.stream(method, url, content=content, headers=headers) as response:
                yield response
            return
        request = httpx.Request(
            method,
            url,
            headers={**_OWN_HEADERS, **headers},
            content=content,
            extensions={"timeout": _WAITS},
        )
        response = await self._http.handle_async_request(request)
        try:
            response.request = request
            yield response
        finally:
            await response.aclose()


def expect_success(response: httpx.Response) -> None:
    """Raises:
    PeerRefused: it is none.
    """
    if not response.is_success:
        raise refusal(response)


def _host(base_url: str) -> str:
    try:
        return urlsplit(base_url).hostname or ""
    except ValueError:  # no URL at all: sending will say so
        return ""


def _wrong_with(base_url: str) -> str:
    """Why a URL that others registered is no base URL; "" if it may be one."""
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return ""  # sending will say so
    if "@" in parts.netloc:
        return "the base URL has a user name, which would take the place of our token"
    if "?" in base_url or "#" in base_url:
        return "the base URL has a query or a fragment"
    return ""


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > most_bytes:
            raise PeerNonsense(
                f"the answer is larger than {most_bytes >> 20} MiB", where=_place(response)
            )
    return bytes(data)


def decode(response: httpx.Response, answer: type[T]) -> T:
    """The body of a response as its type.

    Raises:
        PeerNonsense: it is not of that type.
    """
    try:
        return msgspec.json.decode(response.content, type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PeerNonsense(
            f"the answer is no {answer.__name__}: {error}", where=_place(response)
        ) from error


def refusal(response: httpx.Response) -> PeerRefused:
    """The error that a response without success means."""
    try:
        said = msgspec.json.decode(response.content, type=wire.ErrorResponse).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = response.text[:200]
    return PeerRefused(
        f"answered {response.status_code}: {said[:SAID_MAX]}",
        status=response.status_code,
        where=_place(response),
    )


def _place(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url}"


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")
