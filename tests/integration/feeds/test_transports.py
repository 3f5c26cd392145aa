"""Feeds over real sockets and files: connected, cut, silent, refused, and connected again."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.feeding import LineDecoder, serving
from tests.support.tls import certificate

from detente.feeds import Decoder, Reports
from detente.feeds.transports import (
    BackoffRules,
    Connection,
    Feed,
    FeedAddress,
    FeedAddressUnusable,
    FeedBroken,
    FeedRules,
    FeedState,
    FeedTls,
    FeedTlsFailed,
    FeedUnreachable,
    FollowingTransport,
    PollingTransport,
    TcpTransport,
    TlsFiles,
    Transport,
    UdpTransport,
    WaitingReports,
    egress_fetch,
    local_fetch,
)
from detente.http import AddressPolicy, ConnectTo, Egress

pytestmark = pytest.mark.anyio

DEADLINE_S = 10.0
_TICKS = itertools.count(1)


class Time:
    """A clock that the test moves, and pauses that last as long as the test wants."""

    def __init__(self) -> None:
        self.now_us = 1_700_000_000_000_000
        self.pauses: list[float] = []
        self.paused = asyncio.Event()
        self._go_on = asyncio.Semaphore(0)

    def __call__(self) -> int:
        return self.now_us

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.paused.set()
        await self._go_on.acquire()
        self.now_us += round(seconds * 1e6)

    def go_on(self) -> None:
        self.paused.clear()
        self._go_on.release()


class Running:
    """A feed at work."""

    def __init__(
        self, transport: Transport, time: Time, decoder: Decoder | None = None, **rules: float
    ) -> None:
        self.waiting = WaitingReports()
        self.time = time
        self.decoder = decoder or LineDecoder()
        self.feed = Feed(
            "receiver",
            transport,
            self.decoder,
            self.waiting,
            clock=time,
            random=lambda: 0.0,
            rules=FeedRules(**rules),
            backoff=BackoffRules(first_s=1.0, most_s=4.0, steady_s=60.0),
            pause=time.pause,
        )

    async def get(self) -> Reports:
        async with asyncio.timeout(DEADLINE_S):
            return await self.waiting.get()

    async def names(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            found += (await self.get()).identities
        return found

    async def failed(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            await self.time.paused.wait()


@asynccontextmanager
async def running(
    transport: Transport, time: Time, decoder: Decoder | None = None, **rules: float
) -> AsyncIterator[Running]:
    run = Running(transport, time, decoder, **rules)
    task = asyncio.create_task(run.feed.run())
    try:
        yield run
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert run.feed.health().state is FeedState.STOPPED


def tcp(port: int, time: Time, tls: FeedTls | None = None) -> TcpTransport:
    scheme = "tls" if tls else "tcp"
    return TcpTransport(FeedAddress.parse(f"{scheme}://127.0.0.1:{port}"), time, tls=tls)


async def test_a_feed_that_is_cut_in_the_middle_of_a_line_goes_on_with_the_next_connection() -> (
    None
):
    visits = itertools.count()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(visits)
        writer.write(f"first-{number} 1 2\nhalf-{number} 1".encode())
        await writer.drain()

    time = Time()
    async with serving(serve) as port, running(tcp(port, time), time) as run:
        for number in range(5):
            assert await run.names(1) == [f"first-{number}"]
            await run.failed()
            health = run.feed.health()
            assert health.state is FeedState.FAILING
            assert health.connections == health.failures == number + 1
            assert "feeds.broken" in health.last_failure
            time.go_on()
        assert run.decoder.counts.dropped["framing"] == 5
        # twice as long after each failure, up to the limit
        assert time.pauses[:5] == [1.0, 2.0, 4.0, 4.0, 4.0]


async def test_a_feed_is_starting_then_fresh_then_silent() -> None:
    speak, done = asyncio.Event(), asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one 1 2\n")
        await speak.wait()
        writer.write(b"two 1 2\n")
        await done.wait()

    time = Time()
    async with (
        serving(serve) as port,
        running(tcp(port, time), time, silent_s=10.0, give_up_s=3600.0) as run,
    ):
        assert run.feed.health().state is FeedState.STARTING
        await run.names(1)
        assert run.feed.health().state is FeedState.FRESH
        time.now_us += 11_000_000
        assert run.feed.health().state is FeedState.SILENT
        speak.set()
        await run.names(1)
        health = run.feed.health()
        assert health.state is FeedState.FRESH
        assert health.last_report_us == time.now_us
        assert health.counts.reports == 2
        done.set()


async def test_a_connection_on_which_nothing_comes_is_given_up_and_made_anew() -> None:
    visits = itertools.count()
    done = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(visits):
            writer.write(b"one 1 2\n")
        await done.wait()

    time = Time()
    async with serving(serve) as port, running(tcp(port, time), time, give_up_s=0.05) as run:
        await run.failed()
        assert "feeds.silent" in run.feed.health().last_failure
        time.go_on()
        assert await run.names(1) == ["one"]
        done.set()


async def test_garbage_and_floods_harm_nothing() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(200):
            writer.write(os.urandom(5000).replace(b"\n", b"x"))
            writer.write(f"\none-{number} 1 2\n".encode())
            await writer.drain()

    time = Time()
    async with serving(serve) as port, running(tcp(port, time), time) as run:
        names = await run.names(200)
        assert len(names) == 200
        await run.failed()
        counts = run.feed.health().counts
        assert counts.reports == 200
        assert counts.dropped["framing"] + counts.dropped["too-long"] >= 200


async def test_nobody_there_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        time = Time()
        async with running(tcp(taken.getsockname()[1], time), time) as run:
            await run.failed()
            health = run.feed.health()
            assert (health.connections, health.failures) == (0, 1)
            assert "feeds.unreachable" in health.last_failure


class Faulty(LineDecoder):
    """A decoder that has a fault."""

    def feed(self, data: bytes, received_us: int) -> Reports:
        if b"bad" in data:
            raise ZeroDivisionError("what nobody thought of")
        return super().feed(data, received_us)


async def test_a_fault_of_the_program_is_told_and_the_feed_goes_on() -> None:
    lines = iter([b"bad 1 2\n", b"one 1 2\n"])

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(lines, b""))
        await writer.drain()

    time = Time()
    async with serving(serve) as port, running(tcp(port, time), time, Faulty()) as run:
        await run.failed()
        assert run.feed.health().last_failure == "ZeroDivisionError: what nobody thought of"
        time.go_on()
        assert await run.names(1) == ["one"]


class Asking(LineDecoder):
    """A decoder that answers each line, until the other side has said that it stops."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = b""
        self.given_up = False

    def feed(self, data: bytes, received_us: int) -> Reports:
        self._answers += b"heard\n" * data.count(b"\n")
        return super().feed(data, received_us)

    def outgoing(self) -> bytes:
        answers, self._answers = self._answers, b""
        return answers

    def overdue(self, now_us: int) -> bool:
        return self.given_up


async def test_a_protocol_that_wants_answers_gets_them_and_may_give_up() -> None:
    heard = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one 1 2\n")
        assert await reader.readline() == b"heard\n"
        heard.set()
        decoder.given_up = True
        writer.write(b"two 1 2\n")
        await reader.read()

    decoder, time = Asking(), Time()
    async with serving(serve) as port, running(tcp(port, time), time, decoder) as run:
        async with asyncio.timeout(DEADLINE_S):
            await heard.wait()
        await run.failed()
        assert "did not answer" in run.feed.health().last_failure


def server_context(folder: Path, clients: Path | None = None) -> tuple[ssl.SSLContext, Path]:
    made, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context, made


async def one_line(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"one 1 2\n")
    await writer.drain()


def fingerprint(path: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(path.read_text())
    return ":".join(f"{each:02X}" for each in hashlib.sha256(der).digest())


async def test_tls_believes_the_authority_under_the_name_that_is_set(tmp_path: Path) -> None:
    context, made = server_context(tmp_path)
    time = Time()
    tls = FeedTls(TlsFiles(authorities=made, server_name="localhost"))
    async with serving(one_line, context) as port, running(tcp(port, time, tls), time) as run:
        assert await run.names(1) == ["one"]


@pytest.mark.parametrize("server_name", ["", "other.example"])
async def test_tls_refuses_a_certificate_of_another_name(tmp_path: Path, server_name: str) -> None:
    context, made = server_context(tmp_path)
    tls = FeedTls(TlsFiles(authorities=made, server_name=server_name))
    async with serving(one_line, context) as port:
        with pytest.raises(FeedTlsFailed, match="handshake"):
            await tcp(port, Time(), tls).open()


async def test_tls_refuses_who_is_signed_by_nobody_known(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path)
    async with serving(one_line, context) as port:
        with pytest.raises(FeedTlsFailed):
            await tcp(port, Time(), FeedTls(TlsFiles(server_name="localhost"))).open()


async def test_a_pinned_certificate_is_believed_whatever_its_name_and_no_other(
    tmp_path: Path,
) -> None:
    context, made = server_context(tmp_path)
    async with serving(one_line, context) as port:
        time = Time()
        tls = FeedTls(TlsFiles(fingerprint=fingerprint(made)))
        async with running(tcp(port, time, tls), time) as run:
            assert await run.names(1) == ["one"]
        other = FeedTls(TlsFiles(fingerprint="00" * 32))
        with pytest.raises(FeedTlsFailed, match=r"not the one that is set.*confirmed"):
            await tcp(port, time, other).open()


async def test_the_server_may_want_our_certificate(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    client, key = certificate(ours, "client")
    context, made = server_context(tmp_path, clients=client)
    files = TlsFiles(authorities=made, server_name="localhost", certificate=client, key=key)
    time = Time()
    async with serving(one_line, context) as port:
        async with running(tcp(port, time, FeedTls(files)), time) as run:
            assert await run.names(1) == ["one"]
        # With TLS 1.3 the client learns that it was refused when it reads.
        bare = FeedTls(TlsFiles(authorities=made, server_name="localhost"))
        with pytest.raises((FeedTlsFailed, FeedBroken)):
            connection = await tcp(port, time, bare).open()
            try:
                await connection.receive()
            finally:
                await connection.close()


def test_tls_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedAddressUnusable, match="cannot be used"):
        FeedTls(TlsFiles(authorities=tmp_path / "nothing.pem"))
    with pytest.raises(FeedAddressUnusable, match="64 hex digits"):
        FeedTls(TlsFiles(fingerprint="abc"))


def udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Noticing(Transport):
    """Tells when the socket is open."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._opened = asyncio.Event()

    @property
    def where(self) -> str:
        return self._inner.where

    async def open(self) -> Connection:
        connection = await self._inner.open()
        self._opened.set()
        return connection

    async def opened(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            await self._opened.wait()


async def test_datagrams_are_taken_one_by_one() -> None:
    time = Time()
    port = udp_port()
    transport = Noticing(UdpTransport(FeedAddress.parse(f"udp://127.0.0.1:{port}"), time))
    async with running(transport, time) as run:
        await transport.opened()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(50):
                sender.sendto(f"one-{number} 1 2\n".encode(), ("127.0.0.1", port))
            assert sorted(await run.names(50)) == sorted(f"one-{n}" for n in range(50))
        assert run.feed.health().lost_datagrams == 0


class ManyAtOnce(LineDecoder):
    """A decoder that takes datagrams together."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def feed_datagrams(self, datagrams: Sequence[bytes], received_us: Sequence[int]) -> Reports:
        assert len(datagrams) == len(received_us)
        self.sizes.append(len(datagrams))
        return self.feed(b"".join(datagrams), received_us[-1])


async def test_datagrams_that_wait_are_decoded_together_where_a_decoder_can() -> None:
    time, decoder = Time(), ManyAtOnce()
    port = udp_port()
    transport = Noticing(UdpTransport(FeedAddress.parse(f"udp://127.0.0.1:{port}"), time))
    async with running(transport, time, decoder) as run:
        await transport.opened()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(50):
                sender.sendto(f"one-{number} 1 2\n".encode(), ("127.0.0.1", port))
            await run.names(50)
        assert sum(decoder.sizes) == 50


async def test_a_multicast_group_is_joined_on_the_interface_that_is_named() -> None:
    time = Time()
    address = FeedAddress.parse(f"udp://239.192.7.{next(_TICKS)}:{udp_port()}?interface=127.0.0.1")
    assert address.is_multicast
    transport = Noticing(UdpTransport(address, time))
    async with running(transport, time) as run:
        await transport.opened()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            own = socket.inet_aton("127.0.0.1")
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
            sender.sendto(b"one 1 2\n", (address.host, address.port))
        assert await run.names(1) == ["one"]


async def test_more_datagrams_than_are_taken_are_lost_and_counted() -> None:
    time = Time()
    port = udp_port()
    connection = await UdpTransport(FeedAddress.parse(f"udp://127.0.0.1:{port}"), time).open()
    try:
        protocol: Callable[[bytes, tuple[str, int]], None] = connection.datagram_received  # type: ignore[attr-defined]
        for _ in range(200):
            protocol(b"x" * 60_000, ("127.0.0.1", 1))
        taken = await connection.receive()
        assert len(taken) + connection.lost == 200
        assert 0 < connection.lost < 200
        assert all(each.whole for each in taken)
    finally:
        await connection.close()


async def test_an_address_that_is_taken_is_said_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(FeedUnreachable, match="cannot be listened"):
            await UdpTransport(FeedAddress.parse(f"udp://127.0.0.1:{port}"), Time()).open()


LOOPBACK = AddressPolicy.of(["127.0.0.0/8"])


def answering(*answers: bytes) -> Callable[..., object]:
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert asked.startswith("GET /data/aircraft.json HTTP/1.1\r\n")
        body = left.pop(0) if left else b""
        status = b"200 OK" if body else b"503 Busy"
        head = b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: "
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return serve


async def test_a_receiver_on_the_local_network_is_asked_again_and_again() -> None:
    time = Time()
    serve = answering(b"one 1 2\n", b"two 1 2\n")
    async with serving(serve) as port:  # type: ignore[arg-type]
        address = FeedAddress.parse(f"http://localhost:{port}/data/aircraft.json")
        fetch = local_fetch(address, LOOPBACK, resolver=Localhost())
        transport = PollingTransport(fetch, str(address), time, every_s=1.0, pause=time.pause)
        async with running(transport, time) as run:
            assert await run.names(1) == ["one"]
            await run.failed()  # it waits until it asks again
            time.go_on()
            assert await run.names(1) == ["two"]
            await run.failed()
            time.go_on()
            await run.failed()
            assert "It answers 503" in run.feed.health().last_failure


class Localhost:
    """Knows one name."""

    async def resolve(self, host: str) -> tuple[str, ...]:
        return ("127.0.0.1",) if host == "localhost" else ()


async def test_https_is_asked_through_the_one_way_out(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made, key = certificate(tmp_path, "receiver.example")
    context.load_cert_chain(made, key)
    async with serving(answering(b"one 1 2\n"), context) as port:  # type: ignore[arg-type]
        host = f"receiver.example:{port}"
        egress = Egress(LOOPBACK, connect_to=[ConnectTo.parse(f"{host}=127.0.0.1:{port}")])
        base = f"https://{host}"
        client = egress.peer(base, [base], ssl.create_default_context(cafile=str(made)))
        fetch = egress_fetch(client, "/data/aircraft.json")
        try:
            assert await fetch() == b"one 1 2\n"
            with pytest.raises(FeedBroken, match="503"):
                await fetch()
        finally:
            await egress.close()
        with pytest.raises(FeedUnreachable):
            await egress_fetch(client, "/../secret")()


async def test_plain_http_goes_only_where_the_policy_allows() -> None:
    address = FeedAddress.parse("http://localhost:9/data/aircraft.json")
    fetch = local_fetch(address, AddressPolicy(), resolver=Localhost())
    with pytest.raises(FeedUnreachable, match=r"loopback"):
        await fetch()
    elsewhere = FeedAddress.parse("http://nowhere.example/data/aircraft.json")
    with pytest.raises(FeedUnreachable, match="no address"):
        await local_fetch(elsewhere, LOOPBACK, resolver=Localhost())()


async def test_a_file_is_followed_over_rotation_and_reopening(tmp_path: Path) -> None:
    path, time = tmp_path / "feed.txt", Time()
    path.write_bytes(b"old 1 2\n")
    transport = FollowingTransport(path, time, pause=time.pause)
    async with running(transport, time) as run:
        await run.failed()
        with path.open("ab") as file:
            file.write(b"one 1 2\ntwo 1")
        time.go_on()
        assert await run.names(1) == ["one"]
        await run.failed()
        with path.open("ab") as file:
            file.write(b" 2\n")
        time.go_on()
        assert await run.names(1) == ["two"]
        await run.failed()
        path.rename(tmp_path / "feed.1")
        path.write_bytes(b"three 1 2\n")
        time.go_on()
        await run.failed()
        time.go_on()
        assert await run.names(1) == ["three"]
        await run.failed()
        path.write_bytes(b"four 1\n")
        with path.open("wb") as file:
            file.write(b"5 1 2\n")
        time.go_on()
        await run.failed()
        time.go_on()
        assert await run.names(1) == ["5"]
    async with running(transport, time) as run:
        await run.failed()
        with path.open("ab") as file:
            file.write(b"six 1 2\n")
        time.go_on()
        assert await run.names(1) == ["six"]


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: None])
async def test_only_ordinary_files_are_followed(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(FeedUnreachable, match="file"):
        await FollowingTransport(path, Time()).open()
