"""Kept connections: what servers send, well-formed or not, and what becomes of the connection."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvloop
from tests.support.tls import certificate

from detente.http import Connections, Destination
from detente.http.connections import FIELD_BYTES_MAX

pytestmark = pytest.mark.anyio

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request by what the test says; counts connections."""

    def __init__(self) -> None:
        self.url = ""
        self.heads: list[bytes] = []
        self.connections = 0
        self.answers: list[bytes | None] = []
        self.let: asyncio.Event | None = None
        self.asked = asyncio.Semaphore(0)
        self.tasks: set[asyncio.Task[None]] = set()
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                if length:
                    head += await reader.readexactly(int(length))
                self.heads.append(head)
                self.asked.release()
                answer = self.answers.pop(0) if self.answers else OK
                if self.let is not None:
                    await self.let.wait()
                if answer is None:
                    return
                writer.write(answer)
                if b"x-end" in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def server(*answers: bytes | None) -> AsyncIterator[Server]:
    made = Server()
    made.answers = list(answers)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listening.close()
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)


def kept(most: int = 2) -> Connections:
    return Connections(ssl.create_default_context(), most=most)


class Over(httpx.AsyncBaseTransport):
    """httpx over one host's connections."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.connections.request(request)

    async def aclose(self) -> None:
        await self.connections.aclose()


@asynccontextmanager
async def client(most: int = 2) -> AsyncIterator[httpx.AsyncClient]:
    timeout = httpx.Timeout(None, connect=3.0, pool=0.05)
    async with httpx.AsyncClient(
        transport=Over(kept(most)), trust_env=False, timeout=timeout
    ) as http:
        yield http


async def test_one_connection_carries_one_request_after_another() -> None:
    async with server() as there, client() as http:
        for number in range(5):
            answer = await http.post(f"{there.url}/x?y={number}", content=b"body" * number)
            assert (answer.status_code, answer.content) == (200, b"ok")
        assert there.connections == 1
    assert there.heads[3].startswith(b"POST /x?y=3 HTTP/1.1\r\n")
    assert there.heads[3].endswith(b"\r\n\r\nbodybodybody")


@pytest.mark.parametrize(
    ("answer", "content", "lasts"),
    [
        pytest.param(OK, b"ok", True, id="length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\no\r\n1\r\nk\r\n0\r\nT: 1\r\n\r\n",
            b"ok",
            True,
            id="chunks and a trailer",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", True, id="no content"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + OK, b"ok", True, id="on the way"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx-end: 1\r\n\r\nuntil the end", b"until the end", False,
                     id="until the end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + OK[17:], b"ok", False,
                     id="close"),
        pytest.param(OK + OK.replace(b"ok", b"no"), b"ok", False, id="more than was asked for"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
            % (len(gzip.compress(b"ok", mtime=0)), gzip.compress(b"ok", mtime=0)),
            b"ok",
            True,
            id="packed",
        ),
    ],
)  # fmt: skip
async def test_answers_are_read_however_they_end(
    answer: bytes, content: bytes, lasts: bool
) -> None:
    async with server(answer) as there, client() as http:
        assert (await http.get(there.url)).content == content
        assert (await http.get(there.url)).content == b"ok"
        assert there.connections == (1 if lasts else 2)


@pytest.mark.parametrize(
    ("answer", "error", "why"),
    [
        (None, httpx.RemoteProtocolError, "closed before the end"),
        (b"SSH-2.0-x\r\n\r\n", httpx.RemoteProtocolError, "no HTTP"),
        (OK + b"junk", httpx.RemoteProtocolError, "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-end: 1\r\n\r\nok",
         httpx.RemoteProtocolError, "Not enough data"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-end: 1\r\n\r\n2\r\nok\r\n",
         httpx.RemoteProtocolError, "Not enough data"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * (FIELD_BYTES_MAX + 1) + b"\r\n",
         httpx.RemoteProtocolError, "more than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: "
         + b"x" * (2 * FIELD_BYTES_MAX), httpx.RemoteProtocolError, "more than"),
    ],
    ids=["nothing", "no HTTP", "junk after it", "short", "no last chunk", "endless head",
         "endless trailer"],
)  # fmt: skip
async def test_what_is_no_answer_is_an_error(
    answer: bytes | None, error: type[Exception], why: str
) -> None:
    async with server(answer) as there, client(most=1) as http:
        with pytest.raises(error, match=why):
            await http.get(there.url)
        assert (await http.get(there.url)).content == b"ok"
        assert there.connections == 2


async def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    connections = kept()
    async with server() as there:
        request = httpx.Request("GET", there.url)
        async with aclosing(await connections.request(request)) as answer:
            assert await answer.aread() == b"ok"
        there.writers[0].close()
        await asyncio.wait_for(asyncio.gather(*there.tasks, return_exceptions=True), 5)
        async with aclosing(await connections.request(request)) as answer:
            assert await answer.aread() == b"ok"
        assert there.connections == 2
        await connections.aclose()


async def test_no_more_connections_than_agreed_and_no_waiting_for_ever() -> None:
    async with server() as there, client(most=2) as http:
        there.let = asyncio.Event()
        first = [asyncio.create_task(http.get(there.url)) for _ in range(2)]
        await there.asked.acquire()
        await there.asked.acquire()
        with pytest.raises(httpx.PoolTimeout):
            await http.get(there.url)
        there.let.set()
        assert [each.content for each in await asyncio.gather(*first)] == [b"ok", b"ok"]
        assert len(await asyncio.gather(*(http.get(there.url) for _ in range(1)))) == 1
        assert there.connections == 2


async def test_who_stops_waiting_leaves_no_connection_and_takes_no_room() -> None:
    async with server() as there, client(most=1) as http:
        there.let = asyncio.Event()
        asked = asyncio.create_task(http.get(there.url))
        await there.asked.acquire()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        there.let.set()
        assert (await http.get(there.url)).content == b"ok"
        assert there.connections == 2


async def test_an_answer_that_is_not_read_is_held_back_and_can_be_left() -> None:
    size = 4 << 20
    big = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    async with server(big, big) as there, client(most=1) as http:
        async with http.stream("GET", there.url) as answer:
            async for _ in answer.aiter_raw():
                break
        read = 0
        async with http.stream("GET", there.url) as answer:
            async for part in answer.aiter_raw():
                read += len(part)
        assert read == size
        assert (await http.get(there.url)).content == b"ok"
        assert there.connections == 2


async def test_silence_ends_when_it_was_to_end() -> None:
    async with server() as there, client() as http:
        there.let = asyncio.Event()
        with pytest.raises(httpx.ReadTimeout):
            await http.get(there.url, timeout=httpx.Timeout(1.0, read=0.01))
        there.let.set()


@pytest.mark.parametrize(
    ("headers", "method"),
    [({"a": "b\r\nc: d"}, "GET"), ({"a": "b\x00"}, "GET"), ({"a b": "c"}, "GET"), ({}, "HEAD"),
     ({}, "GET /x HTTP/1.1\r\n")],
    ids=["line", "nul", "name", "HEAD", "method"],
)  # fmt: skip
async def test_what_cannot_be_sent_is_not(headers: dict[str, str], method: str) -> None:
    async with server() as there, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.request(method, there.url, headers=headers)
        assert there.heads == []


async def test_nobody_there_is_told() -> None:
    async with server() as there:
        pass
    async with client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(there.url)
        with pytest.raises(httpx.ConnectError):
            await http.get("http://no-such-host.invalid/")


async def test_another_destination_has_another_connection() -> None:
    async with server() as one, server() as other:
        connections = kept()
        request = httpx.Request("GET", "http://uss.example/x")
        for there in (one, other, one):
            port = httpx.URL(there.url).port
            assert port is not None
            answer = await connections.request(
                request, Destination("127.0.0.1", port, "uss.example")
            )
            assert await answer.aread() == b"ok"
        assert (one.connections, other.connections) == (1, 1)
        assert b"Host: uss.example\r\n" in one.heads[0]
        await connections.aclose()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_certificate_must_be_the_names_not_the_addresses(tmp_path: Path, loop: str) -> None:
    shown, key = certificate(tmp_path, "uss.example")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(shown, key)

    async def try_it() -> None:
        made = Server()
        listening = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=theirs)
        port = listening.sockets[0].getsockname()[1]
        request = httpx.Request("GET", "https://uss.example/x", content=b"x" * 300_000)
        connections = Connections(ssl.create_default_context(cafile=shown))
        for _ in range(2):
            answer = await connections.request(
                request, Destination("127.0.0.1", port, "uss.example")
            )
            assert await answer.aread() == b"ok"
        assert made.connections == 1
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await connections.request(request, Destination("127.0.0.1", port, "other.example"))
        unknowing = Connections(ssl.create_default_context())
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await unknowing.request(request, Destination("127.0.0.1", port, "uss.example"))
        await unknowing.aclose()
        await connections.aclose()
        listening.close()
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)

    with asyncio.Runner(
        loop_factory=uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    ) as runner:
        runner.run(try_it())


async def test_a_handshake_that_does_not_end_is_left() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        ended.set()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    request = httpx.Request(
        "GET", f"https://127.0.0.1:{port}/", extensions={"timeout": {"connect": 0.05}}
    )
    connections = kept(most=1)
    for _ in range(2):  # and its place is free again
        with pytest.raises(httpx.ConnectTimeout):
            await connections.request(request)
    await asyncio.wait_for(ended.wait(), 5)
    await connections.aclose()
    listening.close()
