"""Streams on real sockets: clients that leave, that read slowly, or not at all, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.tls import certificate

from detente.http import (
    EVENT_STREAM,
    Caller,
    ConnectionLimits,
    Endpoint,
    Limits,
    Outcome,
    Request,
    RequestHead,
    Response,
    ServerOptions,
    Stream,
    build_app,
    serve,
    sse_event,
)

pytestmark = pytest.mark.anyio

KILOBYTE = 1024


class Names:
    """A caller is whoever it says; `until` is when its session ends."""

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        lasts_s = float(request.headers.get("x-lasts", "0"))
        until_us = now_us + int(lasts_s * 1e6) if lasts_s else 0
        return Caller(request.headers.get("x-name", "one"), frozenset(), "", until_us)


class Seen:
    def __init__(self, changed: asyncio.Event) -> None:
        self.outcomes: list[Outcome] = []
        self._changed = changed

    def started(self) -> None:
        pass

    def finished(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self._changed.set()

    def span(self, endpoint: Endpoint, headers: Any) -> None:
        pass


class Service:
    """One application with a stream of each kind, and what became of them."""

    def __init__(self, **limits: Any) -> None:
        self.open = 0
        self.changed = asyncio.Event()
        self.given: dict[str, int] = {}
        self.go = asyncio.Event()
        self.seen = Seen(self.changed)
        offered = {
            "/events": (self.events, EVENT_STREAM),
            "/silence": (self.silence, EVENT_STREAM),
            "/flood": (self.flood, EVENT_STREAM),
            "/broken": (self.broken, b"application/octet-stream"),
            "/clumsy": (self.clumsy, b"application/octet-stream"),
            "/finite": (self.finite, b"application/octet-stream"),
        }
        endpoints = [self._endpoint(path, chunks, kind) for path, (chunks, kind) in offered.items()]
        endpoints.append(
            Endpoint(
                method="GET",
                path="/plain",
                handler=self.plain,
                operation_id="plain",
                summary="",
                responses={200: None},
            )
        )
        self.app = build_app(
            endpoints, authenticator=Names(), limits=Limits(**limits), observer=self.seen
        )

    def _endpoint(self, path: str, chunks: Any, kind: bytes) -> Endpoint:
        async def handler(request: Request[None]) -> Stream:
            return Stream(200, self.counted(chunks(), request.caller.sub), content_type=kind)

        return Endpoint(
            method="GET",
            path=path,
            handler=handler,
            operation_id=path,
            summary="",
            responses={200: None},
            stream=kind.decode(),
        )

    async def counted(self, chunks: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
        self.open += 1
        self.changed.set()
        try:
            async for chunk in chunks:
                self.given[name] = self.given.get(name, 0) + len(chunk)
                self.changed.set()
                yield chunk
        finally:
            self.open -= 1
            self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that a stream brings about."""
        async with asyncio.timeout(60):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def until_quiet(self) -> None:
        """Wait until nothing has been taken from any stream for a moment."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.changed.clear()
                async with asyncio.timeout(0.1):
                    await self.changed.wait()

    async def plain(self, request: Request[None]) -> Response:
        return Response(200, b"{}")

    async def events(self) -> AsyncIterator[bytes]:
        for number in range(3):
            yield sse_event(f"line {number}\nsecond", event="news", id=str(number))
        await asyncio.Event().wait()

    async def silence(self) -> AsyncIterator[bytes]:
        await self.go.wait()
        yield sse_event("at last")

    async def flood(self) -> AsyncIterator[bytes]:
        while True:
            yield b"data: " + b"x" * 16 * KILOBYTE + b"\n\n"

    async def broken(self) -> AsyncIterator[bytes]:
        yield b"good"
        await self.go.wait()
        raise RuntimeError("secret")

    async def clumsy(self) -> AsyncIterator[bytes]:
        try:
            yield b"good"
            await self.go.wait()
        finally:
            raise RuntimeError("secret")

    async def finite(self) -> AsyncIterator[bytes]:
        for number in range(100):
            yield bytes([number]) * 10_000


QUICK = ConnectionLimits(write_timeout_s=0.5)


@asynccontextmanager
async def running(
    service: Service, connections: ConnectionLimits = QUICK, **options: Any
) -> AsyncIterator[str]:
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(
            service.app,
            ServerOptions(connections=connections, **options),
            stop=stop,
            on_ready=url.set_result,
        )
    )
    try:
        yield await url
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


def client_of(url: str, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=5, **more)


class Deaf(asyncio.Protocol):
    """A client that asks and reads nothing."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)
        transport.pause_reading()


async def deaf(
    url: str, path: str, name: str, tls: ssl.SSLContext | None = None
) -> Callable[[], None]:
    """Connects one, and gives what ends it."""
    place = httpx.URL(url)
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KILOBYTE)
    found.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(found, (place.host, place.port))
    request = f"GET {path} HTTP/1.1\r\nhost: x\r\nx-name: {name}\r\n\r\n".encode()
    transport, _ = await loop.create_connection(
        lambda: Deaf(request), sock=found, ssl=tls, server_hostname="localhost" if tls else None
    )
    return transport.abort


async def test_events_come_one_by_one_and_the_iterator_ends_with_the_client() -> None:
    service = Service()
    async with running(service) as url, client_of(url) as client:
        async with client.stream("GET", "/events") as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            assert answer.headers["cache-control"] == "no-store"
            got = ""
            async for text in answer.aiter_text():
                got += text
                if got.count("\n\n") == 3:
                    break
            assert got.startswith("event: news\nid: 0\ndata: line 0\ndata: second\n\n")
            assert len(service.app.streams) == 1
            assert service.open == 1
        await service.until(lambda: bool(service.seen.outcomes))
        assert (service.open, len(service.app.streams)) == (0, 0)
        outcome = service.seen.outcomes[0]
        assert (outcome.status, outcome.streamed, outcome.route) == (200, True, "/events")


async def test_silence_is_filled_with_comments() -> None:
    service = Service(heartbeat_s=0.05)
    async with running(service) as url, client_of(url) as client:
        async with client.stream("GET", "/silence") as answer:
            got = ""
            async for text in answer.aiter_text():
                got += text
                if got.count(":\n\n") == 3:
                    service.go.set()
        assert got.endswith("data: at last\n\n")
        assert re.fullmatch(r"(:\n\n){3,}data: at last\n\n", got)


async def test_a_large_body_arrives_whole_and_the_connection_is_kept() -> None:
    service = Service()
    async with running(service) as url, client_of(url) as client:
        for _ in range(2):
            answer = await client.get("/finite")
            assert answer.content == b"".join(bytes([n]) * 10_000 for n in range(100))
        assert service.seen.outcomes[0].bytes_out == 1_000_000
        head = await client.head("/finite")
        assert (head.status_code, head.content) == (200, b"")
        assert len(service.app.streams) == 0


async def test_a_failure_in_the_middle_is_no_end(caplog: pytest.LogCaptureFixture) -> None:
    service = Service()
    async with running(service) as url, client_of(url) as client:
        with pytest.raises(httpx.TransportError):
            async with client.stream("GET", "/broken") as answer:
                async for data in answer.aiter_bytes():
                    assert data == b"good"
                    service.go.set()
        assert (await client.get("/plain")).status_code == 200
    assert service.seen.outcomes[0].code == "http.internal"
    assert len(service.app.streams) == 0
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [RuntimeError]


async def test_a_failure_after_the_client_has_left_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service()
    async with running(service) as url, client_of(url) as client:
        async with client.stream("GET", "/clumsy") as answer:
            async for _ in answer.aiter_bytes():
                break
        await service.until(lambda: bool(service.seen.outcomes))
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [RuntimeError]


async def test_a_stream_ends_with_the_session_of_its_caller() -> None:
    service = Service()
    async with running(service) as url, client_of(url) as client:
        started = time.monotonic()
        answer = await client.get("/silence", headers={"x-lasts": "0.2"})
        assert answer.content == b""
        assert 0.15 < time.monotonic() - started < 2
        await service.until(lambda: service.open == 0)


async def test_places_are_counted_and_given_back() -> None:
    service = Service(max_streams=3, max_streams_per_client=2)
    async with running(service) as url, client_of(url) as client:
        async with contextlib.AsyncExitStack() as held:
            for name in ("one", "one", "two"):
                stream = client.stream("GET", "/silence", headers={"x-name": name})
                assert (await held.enter_async_context(stream)).status_code == 200
                if name == "one" and len(service.app.streams) == 2:
                    refused = await client.get("/silence")
                    assert (refused.status_code, refused.json()["code"]) == (
                        429,
                        "http.rate_limited",
                    )
            refused = await client.get("/silence", headers={"x-name": "three"})
            assert (refused.status_code, refused.json()["code"]) == (503, "http.overloaded")
            assert (await client.get("/plain")).status_code == 200
            service.go.set()
        await service.until(lambda: len(service.app.streams) == 0)
        assert (await client.get("/silence")).content == b"data: at last\n\n"


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "tls"])
async def test_a_client_that_takes_nothing_is_cut(tmp_path: Path, with_tls: bool) -> None:
    service = Service()
    options: dict[str, Any] = {}
    tls = None
    if with_tls:
        certificate_path, key_path = certificate(tmp_path)
        options = {"tls_cert": certificate_path, "tls_key": key_path}
        tls = ssl.create_default_context(cafile=str(certificate_path))
    async with running(service, **options) as url:
        leave = await deaf(url, "/flood", "deaf", tls)
        started = time.monotonic()
        await service.until(lambda: service.open == 1)
        await service.until(lambda: service.open == 0)
        assert time.monotonic() - started < 3
        leave()


async def test_two_hundred_slow_readers_hurt_nobody() -> None:
    service = Service()
    limits = ConnectionLimits(write_timeout_s=1.5)
    async with running(service, limits) as url, client_of(url) as client:
        readers = [await deaf(url, "/flood", f"deaf{number}") for number in range(220)]
        await service.until(lambda: service.open == len(readers))
        waits = []
        for _ in range(50):
            started = time.monotonic()
            assert (await client.get("/plain")).status_code == 200
            waits.append(time.monotonic() - started)
        # A live stream goes on beside them.
        async with client.stream("GET", "/events", headers={"x-name": "live"}) as answer:
            async for text in answer.aiter_text():
                if "line 2" in text:
                    break
        assert sorted(waits)[45] < 0.2
        # What was taken from each iterator is what fits into its buffers, and no more.
        assert max(service.given.values()) < 700 * KILOBYTE
        await service.until(lambda: service.open == 0)
        for leave in readers:
            leave()


async def test_the_end_of_the_server_ends_all_streams_at_once() -> None:
    service = Service()
    long = ConnectionLimits(write_timeout_s=60)
    async with client_of("http://none") as client:
        async with running(service, long, shutdown_timeout_s=60) as url:
            leave = await deaf(url, "/flood", "deaf")
            answers = [
                asyncio.create_task(client.get(f"{url}/silence", headers={"x-name": str(n)}))
                for n in range(20)
            ]
            await service.until(lambda: service.open == 21)
            await service.until_quiet()  # the buffers are full
            started = time.monotonic()
        assert time.monotonic() - started < 2
        assert [(await answer).content for answer in answers] == [b""] * 20
        assert service.open == 0
        assert len(service.app.streams) == 0
        leave()
