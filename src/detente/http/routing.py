"""Typed endpoints become an ASGI application.

One request passes, in this order: path and method (404, 405), guard, token (401), rate (429),
scopes (403), body size and time (413, 408), digest, nesting, JSON and types (400), admission (503),
handler. Errors are answered in JSON, whatever happens; what nobody expected becomes a 500 that
tells only a request id, under which the log holds the traceback.

This is plain ASGI: a router and middleware from a framework cost more than all the work done here
(`bench/http_overhead.py`). Anything that is not an endpoint, such as files, goes to `fallback`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from detente.errors import DetenteError
from detente.http.endpoint import ANONYMOUS, Caller, Endpoint, Request, Response
from detente.http.errors import (
    HandlerTimeout,
    HttpError,
    InternalError,
    MethodNotAllowed,
    Overloaded,
)
from detente.http.head import RequestHead, Scope
from detente.http.lanes import Lanes, network_of
from detente.http.limits import Bodies, Limits, RateLimiter, Receive, Send
from detente.http.matching import PathTable
from detente.http.outcome import Known, Observer
from detente.http.reading import (
    BoundEndpoint,
    DecHook,
    check_digest,
    decode_body,
    parse_query,
    pick_headers,
)
from detente.http.refusals import Refusals
from detente.http.streams import Stream, Streams, close_chunks

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
EncHook = Callable[[Any], Any]
Guard = Callable[[RequestHead], None]
"""Looks at each request for an endpoint, public or not, and raises if it is not to be answered."""

logger = logging.getLogger(__name__)

# A larger body is decoded in a thread: nobody else is answered in these milliseconds otherwise.
_DECODED_AT_ONCE_BYTES = 256 * 1024

_EVENT_HEADERS = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))


class Authenticator(Protocol):
    """Turns the head of a request into a caller."""

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling at `now_us`, microseconds since the Unix epoch.

        Raises:
            Unauthorized: what would tell is missing or does not hold.
        """
        ...


def now_us() -> int:
    """The wall clock: microseconds since the Unix epoch, UTC."""
    return time.time_ns() // 1000


class Application:
    """The ASGI application made by `build_app`."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        authenticator: Authenticator | None,
        limits: Limits,
        observer: Observer,
        statuses: Mapping[type[DetenteError], int],
        clock: Callable[[], int],
        lifespan: Callable[[], AbstractAsyncContextManager[None]],
        fallback: ASGIApp | None,
        dec_hook: DecHook | None,
        enc_hook: EncHook | None,
        guard: Guard | None,
        headers: Sequence[tuple[bytes, bytes]],
        lanes: Lanes | None,
    ) -> None:
        if authenticator is None and not all(endpoint.public for endpoint in endpoints):
            msg = "endpoints that are not public need an authenticator"
            raise ValueError(msg)
        for endpoint in endpoints:
            if endpoint.lane and (lanes is None or endpoint.lane not in lanes):
                msg = f"{endpoint.operation_id}: there is no lane {endpoint.lane}"
                raise ValueError(msg)
        self.endpoints = tuple(endpoints)
        self.streams = Streams(limits)
        self._guard = guard
        self._headers = tuple((name.lower(), value) for name, value in headers)
        self._lanes = lanes
        self._authenticator = authenticator
        self._limits = limits
        self._observer = observer
        self._clock = clock
        self.lifespan = lifespan
        self._fallback = fallback
        self._encode = msgspec.json.Encoder(enc_hook=enc_hook).encode
        self._refusals = Refusals(statuses, self._encode)
        self._table: PathTable[BoundEndpoint] = PathTable(
            (endpoint.method, endpoint.path, BoundEndpoint(endpoint, dec_hook))
            for endpoint in endpoints
        )
        self._in_flight = 0
        self._bodies = Bodies(limits)
        self._rate: RateLimiter | None = None
        if limits.rate_per_s is not None:
            self._rate = RateLimiter(limits.rate_per_s, limits.rate_burst, limits.max_rate_clients)
        self._id_prefix = secrets.token_hex(4)
        self._id_count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection scope."""
        kind = scope["type"]
        if kind == "http":
            await self._serve(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        elif self._fallback is not None:
            await self._fallback(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_ns = time.perf_counter_ns()
        received_us = self._clock()
        self._id_count += 1
        request_id = f"{self._id_prefix}-{self._id_count:x}"
        method: str = scope["method"]
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        # The callee leaves here what is known when an error ends it.
        known = Known()
        self._observer.started()
        try:
            if self._fallback is not None and await self._falls_through(method, raw_path):
                await self._fallback(scope, receive, send)
                return
            try:
                response = await self._answer(
                    scope, receive, method, raw_path, received_us, request_id, known
                )
                if type(response) is Stream:
                    payload = b""
                else:
                    body = response.body
                    if body is None:
                        payload = b""
                    elif type(body) is bytes:
                        payload = body
                    else:
                        payload = self._encode(body)
            except DetenteError as error:
                response, payload = self._refusals.refuse(error, request_id)
            except Exception as error:  # noqa: BLE001 - a fault must still become an answer
                response, payload = self._refusals.fail(error, request_id)
            headers = [(b"x-request-id", request_id.encode()), *response.headers]
            if self._headers:
                given = {name.lower() for name, _ in response.headers}
                headers += [field for field in self._headers if field[0] not in given]
            if type(response) is Stream:
                await self._stream(response, headers, scope, receive, send, request_id, known)
                return
            if payload:
                headers.append((b"content-type", response.content_type))
            if response.status != 204:
                headers.append((b"content-length", b"%d" % len(payload)))
            await send(
                {"type": "http.response.start", "status": response.status, "headers": headers}
            )
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else payload})
            known.status, known.code, known.bytes_out = response.status, response.code, len(payload)
        finally:
            if known.stream_client is not None:
                self.streams.leave(known.stream_client)
            self._observer.finished(
                known.outcome(
                    method,
                    (time.perf_counter_ns() - started_ns) * 1e-9,
                    request_id,
                    received_us,
                )
            )

    async def _stream(
        self,
        stream: Stream,
        headers: list[tuple[bytes, bytes]],
        scope: Scope,
        receive: Receive,
        send: Send,
        request_id: str,
        known: Known,
    ) -> None:
        """Send a stream; known is told how it went."""
        given = {name.lower() for name, _ in headers}
        headers.append((b"content-type", stream.content_type))
        if stream.is_events:
            headers += [field for field in _EVENT_HEADERS if field[0] not in given]
        await send({"type": "http.response.start", "status": stream.status, "headers": headers})
        known.status = stream.status
        if scope["method"] == "HEAD":
            await close_chunks(stream.chunks)
            await send({"type": "http.response.body", "body": b""})
            return
        known.streamed = True
        connection = RequestHead(scope).connection
        end_us = known.expires_us
        lasts_s = (end_us - self._clock()) * 1e-6 if end_us else None
        try:
            known.bytes_out = await self.streams.send(
                stream, receive, send, connection=connection, lasts_s=lasts_s
            )
        except Exception as error:
            known.code = InternalError.code
            if connection is None:
                raise  # any server closes the connection then
            logger.error("the stream of request %s failed", request_id, exc_info=error)
            connection.cut()
            while (await receive())["type"] != "http.disconnect":
                pass

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        method: str,
        raw_path: bytes,
        received_us: int,
        request_id: str,
        known: Known,
    ) -> Response | Stream:
        if method == "OPTIONS":
            return Response(204, headers=((b"allow", self._table.methods(raw_path)),))
        bound, path = self._find(method, raw_path)
        endpoint = bound.endpoint
        known.route = endpoint.path
        authorization: bytes | None = None
        declared_bytes = -1
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"content-length":
                declared_bytes = int(value) if value.isdigit() else -1
        head = RequestHead(scope, authorization)
        if self._guard is not None:
            self._guard(head)
        caller = ANONYMOUS
        if self._authenticator is not None and not endpoint.public:
            caller = await self._authenticator.authenticate(head, received_us)
            known.sub = caller.sub
            known.expires_us = caller.expires_us
            if self._rate is not None:
                self._rate.take(caller.sub, time.monotonic())
            bound.authorise(caller)
        takes_body = bound.decode is not None or bound.raw
        payer = caller.sub
        lane = endpoint.lane
        lanes = self._lanes if lane else None
        if lanes is not None:
            payer = caller.sub or network_of(head.address)
            now_s = time.monotonic()
            lanes.charge(lane, payer, declared_bytes if takes_body else 0, now_s)
        headers = pick_headers(head, bound) if bound.headers else None
        body: Any = None
        if takes_body:
            body = await self._bodies.read(receive, declared_bytes, lane, payer)
            known.bytes_in = len(body)
            if lanes is not None and declared_bytes < 0:
                lanes.charge_bytes(lane, payer, len(body), time.monotonic())
            if endpoint.digest:
                check_digest(head.headers.get("content-digest"), body)
        if bound.decode is not None:
            depth_max = self._limits.max_json_depth
            if len(body) > _DECODED_AT_ONCE_BYTES:
                body = await asyncio.to_thread(decode_body, body, bound.decode, depth_max)
            else:
                body = decode_body(body, bound.decode, depth_max)
        query = parse_query(scope.get("query_string", b""), bound)
        request = Request(path, query, body, caller, received_us, request_id, headers, head)
        if endpoint.stream is not None:
            client = caller.sub or network_of(head.address)
            self.streams.enter(client)
            known.stream_client = client
        # Only what is complete and allowed counts: nobody holds a place by sending slowly.
        if lanes is not None:
            place = lanes.enter(lane, payer, time.monotonic())
            try:
                return await self._traced(bound, request, scope["headers"])
            finally:
                lanes.leave(lane, payer, place)
        if endpoint.public:
            return await self._traced(bound, request, scope["headers"])
        most = self._limits.max_in_flight
        if most is not None and self._in_flight >= most:
            raise Overloaded("Too many requests are in work; try again in a moment.")
        self._in_flight += 1
        try:
            return await self._traced(bound, request, scope["headers"])
        finally:
            self._in_flight -= 1

    async def _traced(
        self, bound: BoundEndpoint, request: Request[Any], headers: Sequence[tuple[bytes, bytes]]
    ) -> Response | Stream:
        span = self._observer.span(bound.endpoint, headers)
        if span is None:
            return await self._handle(bound, request)
        with span as current:
            status: int | None = None
            try:
                response = await self._handle(bound, request)
                status = response.status
            except DetenteError as error:
                status = self._refusals.status(error)
                raise
            finally:
                current.answered(status or 500)
            return response

    async def _handle(self, bound: BoundEndpoint, request: Request[Any]) -> Response | Stream:
        timeout_s = self._limits.handler_timeout_s
        if timeout_s is None or bound.endpoint.public:
            response = await bound.handler(request)
        else:
            deadline = asyncio.timeout(timeout_s)
            try:
                async with deadline:
                    response = await bound.handler(request)
            except TimeoutError:
                if not deadline.expired():
                    raise  # the handler's own
                raise HandlerTimeout(
                    f"No answer within {timeout_s:g} seconds; "
                    "the outcome of the request is not known.",
                    advice="Read the entity before trying again.",
                ) from None
        if type(response) is Stream and bound.endpoint.stream is None:
            msg = f"{bound.endpoint.operation_id} gives a stream and does not declare it"
            raise TypeError(msg)
        return response

    def _find(self, method: str, raw_path: bytes) -> tuple[BoundEndpoint, dict[str, str]]:
        try:
            return self._table.find(method, raw_path)
        except MethodNotAllowed:
            if method != "HEAD":
                raise
            return self._table.find("GET", raw_path)

    async def _falls_through(self, method: str, raw_path: bytes) -> bool:
        try:
            self._find(method, raw_path)
        except MethodNotAllowed:
            return False
        except HttpError as error:
            return error.status == 404
        return False

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            # The server needs the message to stop with; it would see a silent task otherwise.
            logger.error("start or shutdown failed: %s", error, exc_info=error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})
