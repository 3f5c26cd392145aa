"""Bounds on what a client may make this server hold, read or do."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from detente.http.errors import BodyTimeout, BodyTooDeep, BodyTooLarge, RateLimited

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A body up to this many times the limit is read and thrown away, so that the client, which usually
# sends everything before it listens, gets to see the 413 instead of a reset connection.
_DISCARD_FACTOR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server allows. None switches a limit off.

    `handler_timeout_s` bounds the whole work of a handler; a request that runs into it is answered
    503 with an unknown outcome. `max_in_flight` counts requests that need a token, of all clients,
    from when they are complete; `max_bodies_per_client` those of one client that are not.
    `rate_per_s` and `rate_burst` make a token bucket for each client (`sub`).

    `max_streams` and `max_streams_per_client` count streams that are open, apart from requests; up
    to `stream_buffer_bytes` wait for a client that reads slowly, and one chunk in any case. An
    event stream without events gets a comment each `heartbeat_s`.
    """

    max_body_bytes: int = 4 * 1024 * 1024
    max_json_depth: int = 32
    body_timeout_s: float = 10.0
    handler_timeout_s: float | None = 30.0
    max_in_flight: int | None = 1024
    max_bodies_per_client: int = 128
    rate_per_s: float | None = None
    rate_burst: int = 100
    max_rate_clients: int = 10_000
    max_streams: int = 512
    max_streams_per_client: int = 16
    stream_buffer_bytes: int = 64 * 1024
    heartbeat_s: float = 15.0


async def read_body(receive: Receive, declared_bytes: int, limits: Limits) -> bytes:
    """The whole body of a request.

    Args:
        receive: the ASGI callable.
        declared_bytes: Content-Length, or -1 if the client did not say.
        limits: size and deadline.

    Raises:
        BodyTooLarge: more came, or was announced, than `max_body_bytes`.
        BodyTimeout: it was not complete `body_timeout_s` after this call, or the client left.
    """
    limit = limits.max_body_bytes
    if declared_bytes > limit * _DISCARD_FACTOR:
        raise BodyTooLarge(limit, close=True)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                body: bytes = message.get("body", b"")
                if len(body) > limit:
                    raise BodyTooLarge(limit, close=False)
                return body
            return await _read_rest(receive, message, limit)
    except TimeoutError:
        raise BodyTimeout(
            f"The body was not complete after {limits.body_timeout_s:g} seconds."
        ) from None


async def _read_rest(receive: Receive, message: MutableMapping[str, Any], limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise BodyTimeout("The client left before its body was complete.")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > limit * _DISCARD_FACTOR:
            raise BodyTooLarge(limit, close=True)
        else:
            chunks.clear()
        if not message.get("more_body", False):
            break
        message = await receive()
    if size > limit:
        raise BodyTooLarge(limit, close=False)
    return b"".join(chunks)


class Bodies:
    """Request bodies on their way; one client may have so many in a lane at one time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pending: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        """How many clients have any, counted in each lane."""
        return len(self._pending)

    async def read(self, receive: Receive, declared_bytes: int, lane: str, client: str) -> bytes:
        """The whole body of a request of a client. Arguments and errors are those of `read_body`.

        Raises:
            RateLimited: too many of this client are on their way.
        """
        key = (lane, client)
        pending = self._pending.get(key, 0)
        if pending >= self._limits.max_bodies_per_client:
            raise RateLimited(
                f"{pending} request bodies of this client are on their way already.",
                retry_after_s=1,
            )
        self._pending[key] = pending + 1
        try:
            return await read_body(receive, declared_bytes, self._limits)
        finally:
            if self._pending[key] == 1:
                del self._pending[key]
            else:
                self._pending[key] -= 1


_STEP = np.zeros(256, np.int8)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1
_NEITHER_BRACKET_NOR_QUOTE = bytes(b for b in range(256) if b not in b'[]{}"')


def check_depth(body: bytes, max_depth: int) -> None:
    """Refuse JSON text that nests deeper than `max_depth`, before anything parses it.

    Only brackets and quotes are kept, those in strings are blanked, and the running sum of what
    opens and closes is taken: each is one pass outside of Python. Where the text ceases to be JSON
    the count means nothing, but the parser ends there as well.

    Raises:
        BodyTooDeep: more than `max_depth` arrays and objects lie inside one another.
    """
    if body.count(b"{") + body.count(b"[") <= max_depth:
        return
    if b"\\" in body:
        # In a run of backslashes the pairs go from the left; one that is left over escapes a quote.
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = np.frombuffer(body.translate(None, _NEITHER_BRACKET_NOR_QUOTE), dtype=np.uint8)
    in_string = (marks == ord('"')).cumsum(dtype=np.uint8) & 1
    steps = np.where(in_string, np.int8(0), _STEP[marks])
    if steps.size and int(steps.cumsum(dtype=np.int32).max()) > max_depth:
        raise BodyTooDeep(f"The body nests deeper than the {max_depth} levels this server accepts.")


class RateLimiter:
    """A token bucket for each client; at most `max_clients` are remembered, the idlest go first.

    Forgetting a client gives it a full bucket, so a client gains nothing from crowding the table
    but what fresh names would give it anyway; names cost a signed token each.
    """

    def __init__(self, rate_per_s: float, burst: int, max_clients: int) -> None:
        if rate_per_s <= 0 or burst < 1 or max_clients < 1:
            msg = "rate_per_s must be positive, burst and max_clients at least 1"
            raise ValueError(msg)
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._max_clients = max_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, client: str, now_s: float) -> None:
        """Take one token for `client` at the monotonic time `now_s`.

        Raises:
            RateLimited: the bucket is empty; the error says when it will hold a token again.
        """
        level, since_s = self._buckets.get(client, (self._burst, now_s))
        level = min(self._burst, level + max(0.0, now_s - since_s) * self._rate_per_s)
        if level < 1.0:
            wait_s = (1.0 - level) / self._rate_per_s
            self._put(client, level, now_s)
            raise RateLimited(
                f"More than {self._rate_per_s:g} requests a second.", retry_after_s=ceil(wait_s)
            )
        self._put(client, level - 1.0, now_s)

    def _put(self, client: str, level: float, now_s: float) -> None:
        self._buckets[client] = (level, now_s)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
