"""The server on a real socket: clients that stall, floods of connections, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.tls import certificate

from detente.http import (
    Caller,
    CannotListen,
    ConnectionLimits,
    Endpoint,
    Limits,
    Request,
    RequestHead,
    Response,
    ServerOptions,
    Unauthorized,
    build_app,
    serve,
)

pytestmark = pytest.mark.anyio


class Text(msgspec.Struct):
    text: str


class Tokens:
    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        if request.authorization != b"Bearer good":
            raise Unauthorized("no")
        return Caller("uss1", frozenset(), "issuer", 0)


async def echo(request: Request[Text]) -> Response:
    return Response(200, request.body)


async def large(request: Request[None]) -> Response:
    return Response(200, b'"' + b"x" * 20_000_000 + b'"')


def endpoint(method: str, path: str, handler: Any, **more: Any) -> Endpoint:
    return Endpoint(
        method=method,
        path=path,
        handler=handler,
        operation_id=path,
        summary="",
        responses={200: Text},
        **more,
    )


GUARDED = ConnectionLimits(
    header_timeout_s=0.4,
    message_timeout_s=0.8,
    write_timeout_s=0.4,
    keep_alive_s=0.6,
    max_header_bytes=4096,
    max_connections=50,
)


class Running:
    def __init__(self, url: str) -> None:
        self.url = url
        parsed = httpx.URL(url)
        self.host, self.port = parsed.host, parsed.port or 0

    async def open(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(data)
        await writer.drain()
        return reader, writer

    async def say(self, data: bytes) -> bytes:
        """Send, and read until the server closes."""
        reader, writer = await self.open(data)
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def running(
    connections: ConnectionLimits = GUARDED, **options: Any
) -> AsyncIterator[Running]:
    app = build_app(
        [
            endpoint("POST", "/echo", echo, body=Text),
            endpoint("GET", "/large", large),
            endpoint("DELETE", "/thing", large),
        ],
        authenticator=Tokens(),
        limits=Limits(body_timeout_s=0.4, max_body_bytes=100_000),
    )
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(
            app,
            ServerOptions(connections=connections, **options),
            stop=stop,
            on_ready=url.set_result,
        )
    )
    both: list[asyncio.Future[Any]] = [task, url]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield Running(await url)
    finally:
        stop.set()
        await task


def head(method: str = "POST", path: str = "/echo", **headers: object) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: x", "authorization: Bearer good"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def ask(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", json={"text": "hello"})
    assert answer.status_code == 200
    assert answer.json() == {"text": "hello"}


def client_of(server: Running, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=server.url, headers={"authorization": "Bearer good"}, trust_env=False, **more
    )


async def test_a_request_is_answered_and_the_connection_kept() -> None:
    async with running() as server, client_of(server) as client:
        for _ in range(3):
            await ask(client)


STALLS = {
    "says nothing": b"",
    "half a request line": b"POST /ec",
    "half the headers": head()[:-4],
    "no body": head(content_length=10),
    "half a body": head(content_length=10) + b'{"t',
    "chunks that end not": head(transfer_encoding="chunked") + b"2\r\n{}\r\n",
}


async def test_clients_that_stall_hold_nobody_and_are_closed() -> None:
    async with running() as server, client_of(server) as client:
        stalled = [await server.open(data) for data in STALLS.values() for _ in range(6)]
        for _ in range(20):
            await ask(client)
        async with asyncio.timeout(5):
            for reader, _ in stalled:
                await reader.read()
        for _, writer in stalled:
            writer.close()
        await ask(client)


@pytest.mark.parametrize(
    ("stall", "status"), [("half the headers", 408), ("no body", 408), ("half a body", 408)]
)
async def test_a_stalled_client_is_told_so(stall: str, status: int) -> None:
    async with running() as server:
        answer = await server.say(STALLS[stall])
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b'{"message":' in answer


async def test_dripping_headers_do_not_extend_the_deadline() -> None:
    async with running() as server:
        reader, writer = await server.open(b"GET / HTTP/1.1\r\n")
        loop = asyncio.get_running_loop()
        start = loop.time()

        async def drip() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(b"a: b\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.05)

        task = asyncio.create_task(drip())
        async with asyncio.timeout(5):
            answer = await reader.read()
        task.cancel()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert loop.time() - start < 2


GOES_ON = {
    "headers that drip": (b"GET / HTTP/1.1\r\n", b"a: b\r\n", 408),
    "headers too large": (b"GET / HTTP/1.1\r\nx: " + b"y" * 40_000, b"y", 431),
    "a body that drips": (head(content_length=90_000), b"x", 408),
    "a body too large": (head(content_length=900_000), b"x" * 10_000, 413),
    "chunks too large": (head(transfer_encoding="chunked"), b"4000\r\n%b\r\n" % bytes(0x4000), 413),
    "a last request": (head(path="/no", connection="close", content_length=9_000), b"x", 404),
    "a body after an upgrade": (head(connection="upgrade", upgrade="x"), b"x" * 100, 400),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("goes_on", GOES_ON)
async def test_who_goes_on_sending_sees_the_answer(
    goes_on: str, secure: bool, tmp_path: Path
) -> None:
    start, more, status = GOES_ON[goes_on]
    cert, key = certificate(tmp_path)
    options: dict[str, Any] = {"tls_cert": cert, "tls_key": key} if secure else {}
    trusting = ssl.create_default_context(cafile=cert) if secure else None
    # A machine that holds its breath between connecting and the first byte is no client that drips.
    header_timeout_s = 0.4 if goes_on == "headers that drip" else 10.0
    async with running(ConnectionLimits(header_timeout_s=header_timeout_s), **options) as server:
        reader, writer = await asyncio.open_connection(
            "localhost" if secure else server.host, server.port, ssl=trusting
        )
        writer.write(start)

        async def go_on() -> None:
            while True:
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0.001)

        task = asyncio.create_task(go_on())
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            # It goes on for a while before it listens again, as clients with a body to send do.
            await asyncio.sleep(0.1)
            assert not task.done()
            assert b'"message"' in await reader.readexactly(length)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.transport.abort()
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "start", [b"no http\r\n\r\n", head(content_length=900_000)], ids=["no http", "too large"]
)
async def test_who_goes_on_sending_after_its_answer_is_cut_off(start: bytes) -> None:
    async with running() as server:
        reader, writer = await server.open(start)
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 4")
            with pytest.raises(ConnectionError):
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.01)
        writer.close()


@pytest.mark.parametrize(
    "start", [b"no http\r\n\r\n", head(content_length=900_000)], ids=["no http", "too large"]
)
async def test_who_sends_much_after_its_answer_is_cut_off(start: bytes) -> None:
    patient = ConnectionLimits(max_drained_bytes=1_000_000)
    async with running(patient) as server:
        reader, writer = await server.open(start)
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 4")
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 50_000_000:
                    writer.write(b"x" * 100_000)
                    await writer.drain()
                    sent += 100_000
        assert 1_000_000 <= sent < 50_000_000
        writer.close()


async def test_a_body_nobody_reads_does_not_hold_the_connection() -> None:
    async with running() as server:
        refused = head(path="/nowhere", content_length=1_000_000)
        reader, writer = await server.open(refused + b"x")
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 404 ")


async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    async with running() as server, client_of(server) as client:
        reader, writer = await server.open(head("GET", "/large"))
        await asyncio.wait_for(reader.readexactly(10), 5)
        transport = writer.transport
        transport.pause_reading()  # type: ignore[attr-defined]
        await ask(client)
        # Once cut off, no more than what the kernel holds can still be read.
        await asyncio.sleep(1.2)
        transport.resume_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                assert len(await reader.read()) < 20_000_000
        writer.close()


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with running() as server:
        body = b'{"text":"x"}'
        reader, writer = await server.open(head(content_length=len(body)) + body)
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with running() as server:
        data = b"".join(
            head(content_length=len(body)) + body
            for body in (b'{"text":"one"}', b'{"text":"two"}', b'{"text":"three"}')
        )
        answer = await server.say(data)
        positions = [answer.index(f'"{word}"'.encode()) for word in ("one", "two", "three")]
        assert positions == sorted(positions)


async def test_a_flood_of_idle_connections_leaves_room_for_work() -> None:
    patient = ConnectionLimits(header_timeout_s=30, keep_alive_s=30, max_connections=50)
    async with running(patient) as server:
        flood = [await server.open(b"GET / HT") for _ in range(120)]
        async with client_of(server) as client:
            for _ in range(5):
                await ask(client)
        for _, writer in flood:
            writer.close()


async def test_a_trailer_is_no_header() -> None:
    async with running() as server:
        lines = (b"POST /echo HTTP/1.1", b"host: x", b"transfer-encoding: chunked")
        body = b"2\r\n{}\r\n0\r\nauthorization: Bearer good\r\n\r\n"
        answer = await server.say(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("endless", [b"x: y\r\n" * 1000, b"y" * 6000], ids=["many", "one"])
async def test_trailers_that_do_not_end_are_cut_off(endless: bytes) -> None:
    patient = ConnectionLimits(message_timeout_s=60, max_header_bytes=4096)
    async with running(patient) as server:
        chunked = head(path="/nowhere", transfer_encoding="chunked")
        reader, writer = await server.open(chunked + b"0\r\nx: ")
        sent = 0
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                while sent < 50_000_000:
                    writer.write(endless)
                    await writer.drain()
                    sent += len(endless)
        assert sent < 50_000_000
        writer.close()
        with contextlib.suppress(ConnectionError):
            await reader.read()


async def test_a_body_after_an_upgrade_is_not_the_next_request() -> None:
    async with running() as server:
        smuggled = head("GET", "/nowhere")
        length = len(smuggled)
        upgrade = head(connection="upgrade", upgrade="foo", content_length=length)
        reader, writer = await server.open(upgrade)
        start = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert b"connection: close" in start
        with contextlib.suppress(ConnectionError):
            writer.write(smuggled)
            await writer.drain()
            assert b"HTTP/1.1" not in await asyncio.wait_for(reader.read(), 5)
        writer.close()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_connections_with_bodies_nobody_reads_make_room(connection: str) -> None:
    patient = ConnectionLimits(message_timeout_s=60, max_connections=50)
    async with running(patient) as server:
        refused = head(path="/nowhere", content_length=1_000_000, connection=connection)
        flood = [await server.open(refused) for _ in range(60)]
        for reader, _ in flood[-40:]:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        async with client_of(server) as client, client_of(server) as other:
            for _ in range(5):
                await ask(client)
                await ask(other)
        for _, writer in flood:
            writer.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 10_000, 431),
        (b"GET /" + b"y" * 10_000, 431),
    ],
)
async def test_what_is_not_http_is_refused_in_json(data: bytes, status: int) -> None:
    async with running() as server:
        answer = await server.say(data)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert "message" in json.loads(answer.partition(b"\r\n\r\n")[2])


async def test_a_body_too_large_is_answered_before_the_connection_ends() -> None:
    async with running() as server, client_of(server) as client:
        answer = await client.post("/echo", content=b" " * 300_000)
        assert answer.status_code == 413
        await ask(client)


async def test_an_address_in_use_is_an_error_that_says_so() -> None:
    async with running() as server:
        with pytest.raises(CannotListen, match="in use") as caught:
            async with running(port=server.port):
                pass
        assert caught.value.where == f"127.0.0.1:{server.port}"


async def test_the_port_file_tells_the_port_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "port"
    async with running(port_file=path) as server:
        assert path.read_text() == f"{server.port}\n"
    assert not path.exists()


async def test_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    async with running(tls_cert=cert, tls_key=key) as server:
        assert server.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=cert)
        async with client_of(
            Running(f"https://localhost:{server.port}"), verify=trusting
        ) as client:
            await ask(client)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(cert)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        async with client_of(Running(f"https://localhost:{server.port}"), verify=old) as client:
            await ask(client)


async def test_tls_files_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    with pytest.raises(CannotListen, match="TLS"):
        async with running(tls_cert=cert, tls_key=cert):
            pass


PROGRAM = """
import asyncio, sys
from contextlib import asynccontextmanager
from pathlib import Path
from detente.http import *

async def slow(request):
    print("working", flush=True)
    await asyncio.sleep(0.3)
    return Response(200, b'"done"')

@asynccontextmanager
async def lifespan():
    yield
    print("left", flush=True)

app = build_app(
    [Endpoint(method="GET", path="/slow", handler=slow, operation_id="s", summary="",
              responses={200: None}, public=True)],
    lifespan=lifespan,
)
sys.exit(run(app, ServerOptions(port_file=Path(sys.argv[1])), program="test"))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_program_after_its_work(
    tmp_path: Path, number: signal.Signals
) -> None:
    port_file = tmp_path / "port"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(port_file), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
        assert ready["event"] == "ready"
        assert ready["pid"] == process.pid
        assert ready["url"] == f"http://127.0.0.1:{int(port_file.read_text())}"
        async with httpx.AsyncClient(base_url=ready["url"], trust_env=False) as client:
            request = asyncio.create_task(client.get("/slow"))
            assert await process.stdout.readline() == b"working\n"
            os.kill(process.pid, number)
            answer = await request
            assert answer.status_code == 200
        assert await process.stdout.readline() == b"left\n"
        assert await process.wait() == 0
    assert not port_file.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", httpx.URL(ready["url"]).port or 0))
