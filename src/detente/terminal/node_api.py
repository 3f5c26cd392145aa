"""A node's interface for officers, called over HTTP: the seam between terminal and node."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

import httpx
import msgspec

from detente.errors import DetenteError
from detente.words import Words, same

from .answers import Difference, Refusal
from .typesetting import told

NO_ANSWER_IN_TIME: Final = told("It does not answer in time.", "Il ne répond pas à temps.")
TOO_LARGE: Final = told("The answer is too large.", "La réponse est trop longue.")

CALL_TIMEOUT_S: Final = 10.0
STREAM_SILENCE_S: Final = 40.0
"""A node that lives says something at least every 15 s on a stream of events."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024


class NodeAway(DetenteError):
    """The node does not answer: what is on the screen may not be true any more.

    Attributes:
        words: why, in both languages.
    """

    code: ClassVar[str] = "terminal.node_away"

    def __init__(
        self, words: Words, *, where: str | None = None, advice: str | None = None
    ) -> None:
        super().__init__(words.en, where=where, advice=advice)
        self.words = words


class NodeRefused(DetenteError):
    """The node has answered, and does not do it.

    Attributes:
        words: what it said.
        status: of HTTP.
        told: the code that the node gave.
        differences: between a read-back and its message.
    """

    code: ClassVar[str] = "terminal.refused"

    def __init__(self, status: int, refusal: Refusal, where: str) -> None:
        said = refusal.message or f"The node answered {status}."
        super().__init__(said, where=where)
        self.words = same(said)
        self.status = status
        self.told = refusal.code
        self.differences: list[Difference] = refusal.differences


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status of a success, and a body."""

    status: int
    body: bytes


class NodeApi(Protocol):
    """Calls one node."""

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> Answer:
        """One request.

        Raises:
            NodeAway: no answer.
            NodeRefused: an answer that is an error.
        """

    def stream(self, path: str, last_id: str | None) -> AsyncGenerator[bytes, None]:
        """A stream of events, in pieces; it ends when the node ends it.

        Raises:
            NodeAway: no answer, or nothing more.
            NodeRefused: an answer that is an error.
        """

    async def use_token(self, token: str) -> None:
        """Go on with another token, which the node has given in exchange for this one."""

    async def close(self) -> None:
        """Close what is open."""


class HttpNode:
    """A node over HTTP or HTTPS; see `NodeApi`."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        verify: ssl.SSLContext | bool = True,
        keep_token: TokenKept | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Args:
        url: of the node's interface for officers.
        token: of the session.
        verify: whom to trust.
        keep_token: told of a new token, to keep it for later commands.
        transport: instead of the network.
        """
        self.url = url.rstrip("/")
        self._keep_token = keep_token
        self._client = httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {token}", "user-agent": "detente-terminal"},
            timeout=CALL_TIMEOUT_S,
            verify=verify,
            trust_env=False,
            transport=transport,
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> Answer:
        """See `NodeApi`."""
        headers = {} if body is None else {"content-type": media_type}
        request = self._client.build_request(
            method, path, content=body, params=dict(query or {}), headers=headers
        )
        try:
            answer = await self._client.send(request, stream=True)
            try:
                received = bytearray()
                async for piece in answer.aiter_bytes():
                    received += piece
                    if len(received) > ANSWER_BYTES_MAX:
                        raise NodeAway(TOO_LARGE, where=self.url)
            finally:
                await answer.aclose()
                # The token is enough; a cookie beside it would be taken for a browser's.
                self._client.cookies.clear()
        except httpx.HTTPError as error:
            raise self._away(error) from None
        content = bytes(received)
        if answer.status_code >= 300:
            raise NodeRefused(answer.status_code, _refusal(content), f"{method} {path}")
        return Answer(answer.status_code, content)

    async def stream(self, path: str, last_id: str | None) -> AsyncGenerator[bytes, None]:
        """See `NodeApi`."""
        headers = {"accept": "text/event-stream"}
        if last_id is not None:
            headers["last-event-id"] = last_id
        timeout = httpx.Timeout(CALL_TIMEOUT_S, read=STREAM_SILENCE_S)
        try:
            async with self._client.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.status_code >= 400:
                    body = await answer.aread()
                    raise NodeRefused(answer.status_code, _refusal(body), f"GET {path}")
                async for piece in answer.aiter_raw():
                    yield piece
        except httpx.HTTPError as error:
            raise self._away(error) from None

    async def use_token(self, token: str) -> None:
        """See `NodeApi`."""
        self._client.headers["authorization"] = f"Bearer {token}"
        if self._keep_token is not None:
            self._keep_token(token)

    async def close(self) -> None:
        """See `NodeApi`."""
        await self._client.aclose()

    def _away(self, error: httpx.HTTPError) -> NodeAway:
        reason = str(error) or type(error).__name__
        words = (
            NO_ANSWER_IN_TIME
            if isinstance(error, httpx.TimeoutException)
            else told(
                f"The node cannot be reached: {reason}.", f"Le nœud est injoignable : {reason}."
            )
        )
        return NodeAway(
            words, where=self.url, advice="See whether the node runs, and whether --node is right."
        )


class TokenKept(Protocol):
    """Keeps a token for later."""

    def __call__(self, token: str, /) -> None:
        """Keep it."""


def _refusal(body: bytes) -> Refusal:
    try:
        return msgspec.json.decode(body, type=Refusal)
    except msgspec.MsgspecError:
        return Refusal()
