"""One exchange over one checked address: connections by lane, and what exactly went wrong.

The work is httpx's and httpcore's. Their trace tells how far a call came, and that is what makes
"nobody there", "somebody else there" and "there, but silent" three different errors.
"""

from __future__ import annotations

import asyncio
import enum
import ssl
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import httpx

from detente.http.egress_errors import (
    AnswerTooLarge,
    AnswerUnreadable,
    ConnectionBroken,
    EgressError,
    LaneBusy,
    RedirectRefused,
)
from detente.http.failures import Stage, explain, timed_out

# What httpcore tells, and how far the call is then.
_STAGES: Final[Mapping[str, Stage]] = {
    "connection.connect_tcp.started": "connecting",
    "connection.start_tls.started": "tls",
    "http11.send_request_headers.started": "taking",
    "http11.send_request_body.complete": "answer",
    "http11.receive_response_headers.complete": "rest",
}


class CallLane(enum.Enum):
    """What a call is for. Each lane has its own connections."""

    BULK = "bulk"
    BEAT = "beat"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Place:
    """A checked IP address and a TCP port."""

    address: str
    port: int

    @property
    def authority(self) -> str:
        """As it stands in a URL."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class _Closable(Protocol):
    async def aclose(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One try of one request, and how far it came.

    Attributes:
        url: for messages.
        target: path and query of the request line.
        host: the name that the certificate must be for.
        end: loop time of the deadline.
        stage: what is waited for.
        fresh: whether the connection was made for this attempt.
        sent: whether a part of the request may have left.
        bare: the connection while it is not secure yet.
    """

    method: str
    url: str
    target: str
    host: str
    headers: Mapping[str, str]
    body: bytes
    max_bytes: int
    lane: CallLane
    end: float
    stage: Stage = "waiting"
    fresh: bool = False
    sent: bool = False
    bare: _Closable | None = None

    def was_stale(self, error: EgressError) -> bool:
        """Whether a kept connection turned out to be closed, and no answer had begun."""
        return isinstance(error, ConnectionBroken) and not self.fresh and self.stage != "rest"

    def may_go_elsewhere(self, error: EgressError) -> bool:
        """Whether another address may be tried: there was no connection, and nothing has left."""
        return not self.sent and not isinstance(error, LaneBusy)

    async def trace(self, event: str, told: Mapping[str, object]) -> None:
        """What httpcore calls at each step."""
        if event == "connection.connect_tcp.complete":
            self.bare = cast(_Closable, told["return_value"])
        elif event == "connection.start_tls.complete":
            self.bare = None
        stage = _STAGES.get(event)
        if stage is not None:
            self.stage = stage
            self.fresh = self.fresh or stage == "connecting"
            self.sent = self.sent or stage == "taking"


@dataclass(slots=True)
class Wire:
    """The connections of a client under one TLS context.

    Args:
        context: for all of them.
        connections: how many each lane may have.
        keep_s: how long an unused one stays.
    """

    context: ssl.SSLContext
    connections: Mapping[CallLane, int]
    keep_s: float
    _lanes: dict[CallLane, httpx.AsyncHTTPTransport] = field(init=False)
    _busy: int = field(default=0, init=False)
    _retired: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._lanes = {
            lane: httpx.AsyncHTTPTransport(
                verify=self.context,
                trust_env=False,
                http1=True,
                http2=False,
                limits=httpx.Limits(
                    max_connections=number,
                    max_keepalive_connections=number,
                    keepalive_expiry=self.keep_s,
                ),
            )
            for lane, number in self.connections.items()
        }

    async def exchange(
        self, attempt: Attempt, place: Place, connect_s: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer.

        Raises:
            EgressError: the subclass tells why there is none.
        """
        self._busy += 1
        try:
            async with asyncio.timeout_at(attempt.end):
                return await self._exchange(attempt, place, connect_s)
        except TimeoutError:
            raise timed_out(attempt.stage, attempt.url, attempt.fresh) from None
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise explain(
                error, attempt.stage, attempt.url, sent=attempt.sent, fresh=attempt.fresh
            ) from error
        finally:
            if attempt.bare is not None:
                # A handshake that is cancelled leaves its connection open (httpcore 1.0).
                await attempt.bare.aclose()
            self._busy -= 1
            if self._retired and not self._busy:
                await self._end()

    async def _exchange(
        self, attempt: Attempt, place: Place, connect_s: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        request = httpx.Request(
            attempt.method,
            f"https://{place.authority}{attempt.target}",
            headers={"accept-encoding": "identity", **attempt.headers},
            content=attempt.body,
            extensions={
                "sni_hostname": attempt.host,
                "target": attempt.target.encode("ascii"),
                "timeout": {"connect": connect_s},
                "trace": attempt.trace,
            },
        )
        response = await self._lanes[attempt.lane].handle_async_request(request)
        try:
            _check(response, attempt)
            body = await _read(response, attempt)
        finally:
            await response.aclose()
        fields: dict[str, str] = {}
        for name, value in response.headers.multi_items():
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return response.status_code, fields, body

    async def retire(self) -> None:
        """End the connections once nothing is under way on them."""
        self._retired = True
        if not self._busy:
            await self._end()

    async def close(self) -> None:
        """End the connections now."""
        self._retired = True
        await self._end()

    async def _end(self) -> None:
        for transport in self._lanes.values():
            await transport.aclose()


def _check(response: httpx.Response, attempt: Attempt) -> None:
    if 300 <= response.status_code < 400:
        raise RedirectRefused(
            f"It answers {response.status_code}, a redirect; it is not followed.",
            where=attempt.url,
            sent=True,
        )
    if response.status_code < 200 or response.headers.get("content-encoding", "identity") not in (
        "",
        "identity",
    ):
        raise AnswerUnreadable(
            "It changes the protocol, or compresses though told not to.",
            where=attempt.url,
            sent=True,
        )


async def _read(response: httpx.Response, attempt: Attempt) -> bytes:
    data = bytearray()
    # The bytes as they come: what was compressed could grow beyond the limit before it is counted.
    async for chunk in cast(AsyncIterable[bytes], response.stream):
        data += chunk
        if len(data) > attempt.max_bytes:
            raise AnswerTooLarge(
                f"The answer is larger than {attempt.max_bytes} bytes.",
                where=attempt.url,
                sent=True,
            )
    return bytes(data)
