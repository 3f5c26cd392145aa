"""Calls to a peer on a real socket: each way to fail is told apart, and lanes do not touch."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from detente.http import (
    AddressPolicy,
    AddressRefused,
    AnswerTimedOut,
    AnswerTooLarge,
    AnswerUnreadable,
    CallLane,
    ConnectionBroken,
    ConnectionRefused,
    ConnectTimedOut,
    ConnectTo,
    Egress,
    EgressError,
    EgressLimits,
    LaneBusy,
    NameNotResolved,
    PeerClient,
    RedirectRefused,
    TlsFailed,
    TransportIdentity,
    TrustAnchor,
    UrlRefused,
)
from detente.record import Ed25519Signer

pytestmark = pytest.mark.anyio

HOST = "node.b.example"
A, B, STRANGER = (Ed25519Signer(f"key{n}", bytes([n]) * 32) for n in (1, 2, 9))
LOOPBACK = AddressPolicy.of(["127.0.0.0/8"])
Script = Callable[["Visit"], Awaitable[None]]


def identity(
    party: str, host: str, signer: Ed25519Signer, other: str, believed: Ed25519Signer
) -> TransportIdentity:
    anchors = [TrustAnchor(other, believed.public_key)]
    return TransportIdentity(party, [host], signer, lambda: dt.datetime.now(dt.UTC), anchors)


@dataclass
class Visit:
    """One connection, as the peer has it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def take(self) -> bytes:
        """The head of a request, and its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return head + await self.reader.readexactly(int(line.split(b":")[1]))
        return head

    async def answer(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ok(self, body: bytes = b"{}", more: bytes = b"") -> None:
        length = str(len(body)).encode()
        await self.answer(
            b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n" + more + b"\r\n" + body
        )


@dataclass
class Peer:
    """A peer's node that does as it is told; `came` has an item for each connection."""

    port: int = 0
    connections: int = 0
    came: asyncio.Queue[None] = field(default_factory=asyncio.Queue)


@asynccontextmanager
async def peer(
    script: Script, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Peer]:
    """Serve a script on each connection, over mutual TLS unless told otherwise."""
    if context is None:
        context = identity("party-b", HOST, B, "party-a", A).server_context()
    found = Peer()
    visits: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        found.connections += 1
        found.came.put_nowait(None)
        try:
            await script(Visit(reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            visits.discard(task)

    server = await asyncio.start_server(visit, host, 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in tuple(visits):
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await server.wait_closed()


class Names:
    """A resolver that answers as it is told, one list after the other."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str) -> Sequence[str]:
        assert host == HOST
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@asynccontextmanager
async def client(
    port: int,
    *,
    names: Names | None = None,
    policy: AddressPolicy = LOOPBACK,
    believed: Ed25519Signer = B,
    key: Ed25519Signer = A,
    limits: EgressLimits | None = None,
) -> AsyncIterator[PeerClient]:
    url = f"https://{HOST}:{port}/x"
    egress = Egress(policy, names or Names(["127.0.0.1"]), limits=limits or EgressLimits())
    ours = identity("party-a", "node.a.example", key, "party-b", believed)
    try:
        yield egress.peer(url, [url], ours.client_context("party-b"))
    finally:
        await egress.close()


async def steadily(visit: Visit) -> None:
    while True:
        await visit.take()
        await visit.ok()


async def test_an_answer_comes_back_whole_and_the_connection_is_kept() -> None:
    heads = []

    async def script(visit: Visit) -> None:
        while True:
            heads.append(await visit.take())
            await visit.ok(b"hello", b"X-Two: a\r\nX-Two: b\r\nSet-Cookie: k=v\r\n")

    async with peer(script) as b, client(b.port) as ask:
        for _ in range(3):
            answer = await ask.request("POST", "/beat?n=1", body=b"{}", headers={"x-own": "1"})
            assert (answer.status, answer.body) == (200, b"hello")
            assert answer.headers["x-two"] == "a, b"
        assert b.connections == 1
    head = heads[-1].lower()
    assert head.startswith(b"post /x/beat?n=1 http/1.1\r\n")
    assert f"host: {HOST}:{b.port}\r\n".encode() in head
    assert b"accept-encoding: identity\r\n" in head
    assert b"x-own: 1\r\n" in head
    assert b"cookie" not in head
    assert head.endswith(b"\r\n\r\n{}")


async def test_errors_of_the_peer_are_answers() -> None:
    async def script(visit: Visit) -> None:
        await visit.take()
        await visit.answer(b"HTTP/1.1 424 X\r\nContent-Length: 2\r\n\r\n[]")

    async with peer(script) as b, client(b.port) as ask:
        assert (await ask.request("GET", "/")).status == 424


async def test_each_attempt_is_signed_anew_and_for_the_url_that_is_called() -> None:
    seen: list[tuple[str, str, bytes]] = []

    def sign(method: str, url: str, body: bytes) -> dict[str, str]:
        seen.append((method, url, body))
        return {"x-signed": str(len(seen))}

    async with peer(steadily) as b:
        url = f"https://{HOST}:{b.port}/x"
        egress = Egress(LOOPBACK, Names(["127.0.0.1"]))
        context = identity("party-a", "node.a.example", A, "party-b", B).client_context("party-b")
        ask = egress.peer(url, [url], context, sign=sign)
        await ask.request("PUT", "/a?b", body=b"1")
        assert seen == [("PUT", f"{url}/a?b", b"1")]
        assert ask.url_of("/a?b") == f"{url}/a?b"
        await egress.close()


async def test_the_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    async with peer(steadily) as b, client(b.port) as ask:
        assert (await ask.request("GET", "/")).status == 200


# What the peer's side of the network may be.


async def test_a_name_that_does_not_resolve() -> None:
    async with client(443, names=Names([])) as ask:
        with pytest.raises(NameNotResolved) as caught:
            await ask.request("GET", "/")
    assert not caught.value.reached


async def test_a_name_server_that_does_not_answer_is_our_own_trouble() -> None:
    class Dead(Names):
        async def resolve(self, host: str) -> Sequence[str]:
            await asyncio.Event().wait()
            return []

    async with client(443, names=Dead()) as ask:
        with pytest.raises(NameNotResolved) as caught:
            await ask.request("GET", "/", deadline_s=0.05)
    assert caught.value.side == "here"


async def test_no_connection_is_made_to_a_forbidden_address() -> None:
    async with peer(steadily) as b:
        async with client(b.port, policy=AddressPolicy()) as ask:
            with pytest.raises(AddressRefused, match="loopback"):
                await ask.request("GET", "/")
        # One of several is enough: who answers both ways is up to something.
        policy = AddressPolicy.of(["127.0.0.1/32"])
        async with client(b.port, names=Names(["127.0.0.1", "10.0.0.1"]), policy=policy) as ask:
            with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
                await ask.request("GET", "/")
        assert b.connections == 0


async def test_a_name_that_changes_its_mind_is_checked_each_time_it_is_asked() -> None:
    async with peer(steadily) as b:
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        async with client(b.port, names=names) as ask:
            await ask.request("GET", "/")
            await ask.request("GET", "/")
            assert names.asked == 1  # the address that was checked is the one that is called
        assert b.connections == 1
    async with client(b.port, names=names) as ask:
        with pytest.raises(AddressRefused):
            await ask.request("GET", "/")


async def test_a_peer_that_moved_is_found_again() -> None:
    names = Names(["127.0.0.3"], ["127.0.0.2"])
    async with peer(steadily, host="127.0.0.2") as b, client(b.port, names=names) as ask:
        with pytest.raises(ConnectionRefused):
            await ask.request("GET", "/")
        assert (await ask.request("GET", "/")).status == 200


async def test_every_address_of_a_name_is_tried() -> None:
    async with peer(steadily, host="127.0.0.2") as b:
        names = Names(["127.0.0.3", "127.0.0.2"])
        async with client(b.port, names=names) as ask:
            for _ in range(3):
                assert (await ask.request("GET", "/")).status == 200
        assert names.asked == 1


async def test_a_pinned_host_needs_no_name_server_and_a_good_address() -> None:
    async with peer(steadily) as b:
        url = f"https://{HOST}"
        pin = ConnectTo.parse(f"{HOST}:443=127.0.0.1:{b.port}")
        context = identity("party-a", "node.a.example", A, "party-b", B).client_context("party-b")
        for policy, good in ((LOOPBACK, True), (AddressPolicy(), False)):
            names = Names([])
            egress = Egress(policy, names, [pin])
            ask = egress.peer(url, [url], context)
            if good:
                assert (await ask.request("GET", "/")).status == 200
            else:
                with pytest.raises(AddressRefused):
                    await ask.request("GET", "/")
            assert names.asked == 0
            await egress.close()


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and no listen()
        async with client(taken.getsockname()[1]) as ask:
            with pytest.raises(ConnectionRefused) as caught:
                await ask.request("GET", "/")
    assert (caught.value.side, caught.value.reached, caught.value.sent) == ("there", True, False)


async def test_nobody_answers() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = []
        for _ in range(4):  # the queue is full: further connections are not answered
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(full.getsockname())
            others.append(other)
        async with client(full.getsockname()[1]) as ask:
            with pytest.raises(ConnectTimedOut) as caught:
                await ask.request("GET", "/", deadline_s=0.2)
        for other in others:
            other.close()
    assert (caught.value.side, caught.value.reached, caught.value.sent) == ("unknown", False, False)


async def test_an_ipv4_address_written_as_ipv6_is_called_as_what_it_is() -> None:
    async with peer(steadily) as b, client(b.port, names=Names(["::ffff:127.0.0.1"])) as ask:
        assert (await ask.request("GET", "/")).status == 200


async def test_somebody_else_answers() -> None:
    false_b = identity("party-b", HOST, STRANGER, "party-a", A).server_context()
    async with peer(steadily, false_b) as b, client(b.port) as ask:
        with pytest.raises(TlsFailed) as caught:
            await ask.request("POST", "/", body=b"secret")
    assert (caught.value.reason, caught.value.sent, caught.value.reached) == (
        "stranger",
        False,
        True,
    )


async def test_another_host_of_the_peer_answers() -> None:
    elsewhere = identity("party-b", "other.b.example", B, "party-a", A).server_context()
    async with peer(steadily, elsewhere) as b, client(b.port) as ask:
        with pytest.raises(TlsFailed) as caught:
            await ask.request("GET", "/")
    assert caught.value.reason == "name"


async def test_a_certificate_from_the_future_points_to_the_clocks() -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=20)
    ahead = TransportIdentity(
        "party-b", [HOST], B, lambda: later, [TrustAnchor("party-a", A.public_key)]
    )
    async with peer(steadily, ahead.server_context()) as b, client(b.port) as ask:
        with pytest.raises(TlsFailed) as caught:
            await ask.request("GET", "/")
    assert caught.value.reason == "clock"


async def test_the_peer_does_not_take_our_certificate() -> None:
    async with peer(steadily) as b, client(b.port, key=STRANGER) as ask:
        # A server of Python's closes without the word that it has for this.
        with pytest.raises(ConnectionBroken, match="does not take our certificate"):
            await ask.request("GET", "/")


async def test_what_answers_speaks_no_tls() -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.read(10)
        await visit.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        visit.writer.close()

    server = await asyncio.start_server(lambda r, w: script(Visit(r, w)), "127.0.0.1", 0)
    async with server, client(server.sockets[0].getsockname()[1]) as ask:
        with pytest.raises(TlsFailed) as caught:
            await ask.request("GET", "/")
    assert caught.value.reason == "protocol"


async def test_a_stopped_program_is_silent_from_the_handshake_on() -> None:
    with socket.socket() as stopped:
        stopped.bind(("127.0.0.1", 0))
        stopped.listen(5)  # the kernel accepts; nobody reads
        async with client(stopped.getsockname()[1]) as ask:
            with pytest.raises(AnswerTimedOut) as caught:
                await ask.request("GET", "/", deadline_s=0.2)
        taken, _ = stopped.accept()
        with taken:  # and the connection is not left open
            taken.settimeout(2)
            while taken.recv(65536):
                pass
    assert (caught.value.stage, caught.value.side, caught.value.sent) == ("tls", "there", False)


async def test_connected_but_silent() -> None:
    async def script(visit: Visit) -> None:
        await visit.take()
        await asyncio.Event().wait()

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(AnswerTimedOut) as caught:
            await ask.request("GET", "/", deadline_s=0.2)
    assert (caught.value.stage, caught.value.side, caught.value.sent) == ("answer", "there", True)


async def test_silence_on_a_kept_connection_proves_nothing_and_it_is_not_used_again() -> None:
    silent = True

    async def script(visit: Visit) -> None:
        await visit.take()
        await visit.ok()
        await visit.take()
        if not silent:
            await visit.ok()
        await asyncio.Event().wait()

    async with peer(script) as b, client(b.port) as ask:
        await ask.request("GET", "/")
        with pytest.raises(AnswerTimedOut) as caught:
            await ask.request("GET", "/", deadline_s=0.2)
        assert (caught.value.side, caught.value.reached) == ("unknown", False)
        assert (await ask.request("GET", "/")).status == 200
        assert b.connections == 2


async def test_a_request_that_is_not_taken() -> None:
    async def script(visit: Visit) -> None:
        await asyncio.Event().wait()

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(AnswerTimedOut) as caught:
            await ask.request("POST", "/", body=bytes(30_000_000), deadline_s=0.5)
    assert caught.value.stage == "taking"


async def test_an_answer_that_trickles_ends_at_the_deadline() -> None:
    async def script(visit: Visit) -> None:
        await visit.take()
        await visit.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await visit.answer(b".")
            await asyncio.sleep(0.01)

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(AnswerTimedOut) as caught:
            await ask.request("GET", "/", deadline_s=0.2)
    assert caught.value.stage == "rest"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
)
async def test_a_connection_that_ends_early(data: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.take()
        await visit.answer(data)

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(ConnectionBroken) as caught:
            await ask.request("GET", "/")
        assert b.connections == 1  # a new connection that breaks is not tried again
    assert caught.value.sent


async def test_a_connection_that_was_closed_meanwhile_is_replaced_once() -> None:
    visits = []

    async def script(visit: Visit) -> None:
        visits.append(visit)
        await visit.take()
        await visit.ok()
        await visit.take()  # the second request on a connection is never answered

    async with peer(script) as b, client(b.port) as ask:
        for _ in range(3):
            assert (await ask.request("POST", "/", body=b"x")).status == 200
        assert b.connections == 3


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 301 X\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 X\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 X\r\nLocation: http://evil.example\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 308 X\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_nothing_is_followed(head: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.take()
        await visit.answer(head)

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(RedirectRefused):
            await ask.request("GET", "/")
        assert b.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
)
async def test_what_is_no_answer_in_http(data: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.take()
        await visit.answer(data)
        await asyncio.Event().wait()

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(AnswerUnreadable):
            await ask.request("GET", "/", deadline_s=2)


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_answer_without_end_is_cut_at_the_limit(chunked: bool) -> None:
    sent = 0

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.take()
        how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 9000000000"
        await visit.answer(b"HTTP/1.1 200 OK\r\n" + how + b"\r\n\r\n")
        while True:
            await visit.answer(
                (b"10000\r\n" if chunked else b"") + bytes(65536) + (b"\r\n" if chunked else b"")
            )
            sent += 65536

    async with peer(script) as b, client(b.port) as ask:
        with pytest.raises(AnswerTooLarge):
            await ask.request("GET", "/", max_bytes=100_000)
    assert sent < 20_000_000


async def test_an_answer_of_exactly_the_limit_is_taken() -> None:
    async def script(visit: Visit) -> None:
        while True:
            await visit.take()
            await visit.ok(b"12345")

    async with peer(script) as b, client(b.port) as ask:
        assert (await ask.request("GET", "/", max_bytes=5)).body == b"12345"
        with pytest.raises(AnswerTooLarge):
            await ask.request("GET", "/", max_bytes=4)


# Lanes and lifetimes.


async def test_a_blocked_lane_delays_no_other() -> None:
    async def script(visit: Visit) -> None:
        while True:
            if b"bulk" in await visit.take():
                await asyncio.Event().wait()
            await visit.ok()

    limits = EgressLimits(bulk=2)
    async with peer(script) as b, client(b.port, limits=limits) as ask:
        stuck = [
            asyncio.create_task(ask.request("POST", "/bulk", body=b"x", deadline_s=30))
            for _ in range(5)
        ]
        for _ in range(2):
            await b.came.get()
        for lane in (CallLane.BEAT, CallLane.EMERGENCY):
            assert (
                await ask.request("POST", "/", body=b"x", lane=lane, deadline_s=2)
            ).status == 200
        with pytest.raises(LaneBusy) as caught:
            await ask.request("POST", "/", body=b"x", deadline_s=0.1)
        assert (caught.value.side, caught.value.sent) == ("here", False)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        # Those that were given up make room.
        assert (await ask.request("POST", "/", body=b"x", deadline_s=2)).status == 200


async def test_a_new_context_is_used_from_then_on_and_what_is_under_way_ends_well() -> None:
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        while True:
            if b"slow" in await visit.take():
                await go_on.wait()
            await visit.ok()

    server = identity("party-b", HOST, B, "party-a", A)
    async with peer(script, server.server_context()) as b, client(b.port) as ask:
        slow = asyncio.create_task(ask.request("GET", "/slow"))
        await b.came.get()
        server.renew(STRANGER)
        fresh = identity("party-a", "node.a.example", A, "party-b", STRANGER)
        await ask.use(fresh.client_context("party-b"))
        assert (await ask.request("GET", "/")).status == 200
        assert b.connections == 2
        go_on.set()
        assert (await slow).status == 200


async def test_closing_ends_what_is_under_way() -> None:
    taken = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.take()
        taken.set()
        await asyncio.Event().wait()

    async with peer(script) as b, client(b.port) as ask:
        waiting = asyncio.create_task(ask.request("GET", "/", deadline_s=30))
        await taken.wait()
        await ask.close()
        with pytest.raises(EgressError):
            await asyncio.wait_for(waiting, 2)


async def test_only_addresses_of_the_agreement_are_called() -> None:
    egress = Egress(LOOPBACK)
    context = identity("party-a", "node.a.example", A, "party-b", B).client_context("party-b")
    allowed = [f"https://{HOST}/x", f"https://{HOST}:8443"]
    for url in (f"https://{HOST}/x", f"https://{HOST}/x/y", f"https://{HOST}:8443/"):
        egress.peer(url, allowed, context)
    for url in (
        f"https://{HOST}",
        f"https://{HOST}/xy",
        "https://node.c.example/x",
        f"https://{HOST}:444/x",
    ):
        with pytest.raises(UrlRefused, match="agreement"):
            egress.peer(url, allowed, context)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("get", {}),
        ("GET /", {}),
        ("GET", {"x": "a\r\nb: c"}),
        ("GET", {"x\r\ny": "a"}),
        ("GET", {"x": "ä"}),
        ("GET", {"": "a"}),
    ],
)
async def test_nothing_can_be_smuggled_into_a_request(method: str, headers: dict[str, str]) -> None:
    async with peer(steadily) as b, client(b.port) as ask:
        with pytest.raises(UrlRefused):
            await ask.request(method, "/", headers=headers)
        assert b.connections == 0
