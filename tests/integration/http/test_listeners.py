"""Several listeners in one process, and mutual TLS: who is on the other side."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from detente.http import (
    Application,
    Caller,
    CannotListen,
    Endpoint,
    PeerCertificate,
    Request,
    RequestHead,
    Response,
    ServerOptions,
    Unauthorized,
    build_app,
    serve_all,
)

pytestmark = pytest.mark.anyio


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Party:
    """A party with a signing key, its anchor, and a transport certificate made with the key."""

    def __init__(self, party: str, folder: Path) -> None:
        self.id = party
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw()
        self.anchor = folder / f"{party}-anchor.pem"
        self.anchor.write_bytes(
            self._certificate(party, self.key.public_key(), True).public_bytes(
                serialization.Encoding.PEM
            )
        )
        transport = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certificate(f"node.{party}.example", transport.public_key(), False)
        self.file = folder / f"{party}.pem"
        self.file.write_bytes(
            self.certificate.public_bytes(serialization.Encoding.PEM)
            + transport.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def _certificate(self, subject: str, key: Any, anchor: bool) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder(
                name(self.id),
                name(subject),
                key,
                x509.random_serial_number(),
                now - dt.timedelta(hours=1),
                now + dt.timedelta(hours=1),
            )
            .add_extension(x509.BasicConstraints(anchor, None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
        )
        if anchor:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        else:
            usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            hosts = [x509.DNSName(subject), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        return builder.sign(self.key, None)

    def server(self, *trusted: Party) -> ssl.SSLContext:
        return self._context(ssl.PROTOCOL_TLS_SERVER, trusted)

    def client(self, *trusted: Party) -> ssl.SSLContext:
        return self._context(ssl.PROTOCOL_TLS_CLIENT, trusted)

    def _context(self, protocol: int, trusted: Sequence[Party]) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.file)
        context.verify_mode = ssl.CERT_REQUIRED
        for party in trusted:
            context.load_verify_locations(party.anchor)
        return context


class Who(msgspec.Struct):
    party: str
    subject: str
    hosts: list[str]
    sha256: str
    address: str
    sub: str


class ByCertificate:
    """Callers by the key that made their certificate."""

    def __init__(self, *parties: Party) -> None:
        self._parties = {party.id: party for party in parties}

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        peer = request.peer
        if peer is None or not peer.signed_by(self._parties[peer.issuer].public):
            raise Unauthorized("No certificate of a peer.")
        return Caller(peer.issuer, frozenset(), "", peer.not_after_us)


def application(authenticator: Any = None, **more: Any) -> Application:
    async def who(request: Request[None]) -> Response:
        peer = request.peer
        if peer is None:
            return Response(200, Who("", "", [], "", request.address, request.caller.sub))
        return Response(
            200,
            Who(
                peer.issuer,
                peer.subject,
                list(peer.hosts),
                peer.sha256,
                request.address,
                request.caller.sub,
            ),
        )

    endpoint = Endpoint(
        method="GET",
        path="/who",
        handler=who,
        operation_id="who",
        summary="",
        responses={200: Who},
        public=authenticator is None,
    )
    return build_app([endpoint], authenticator=authenticator, **more)


@asynccontextmanager
async def running(*listeners: tuple[Application, ServerOptions]) -> AsyncIterator[Sequence[str]]:
    stop = asyncio.Event()
    ready: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve_all(listeners, stop=stop, on_ready=ready.set_result))
    both: list[asyncio.Future[Any]] = [task, ready]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield await ready
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


@pytest.fixture
def parties(tmp_path: Path) -> dict[str, Party]:
    return {party: Party(party, tmp_path) for party in ("a", "b", "c")}


async def ask(url: str, tls: ssl.SSLContext | bool = False) -> Who:
    async with httpx.AsyncClient(verify=tls, trust_env=False) as client:
        answer = await client.get(f"{url}/who")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Who)


async def test_the_peer_is_known_by_the_key_that_certified_it(parties: dict[str, Party]) -> None:
    a, b, c = parties["a"], parties["b"], parties["c"]
    peers = (application(ByCertificate(a, c)), ServerOptions(tls=b.server(a, c)))
    async with running(peers, (application(), ServerOptions())) as (mutual, plain):
        assert mutual.startswith("https://127.0.0.1:")
        assert plain.startswith("http://127.0.0.1:")
        for party in (a, c):
            der = party.certificate.public_bytes(serialization.Encoding.DER)
            assert await ask(mutual, party.client(b)) == Who(
                party.id,
                f"node.{party.id}.example",
                [f"node.{party.id}.example", "127.0.0.1"],
                hashlib.sha256(der).hexdigest(),
                "127.0.0.1",
                party.id,
            )
        assert await ask(plain) == Who("", "", [], "", "127.0.0.1", "")


async def test_a_stranger_and_the_nameless_are_not_let_in(
    parties: dict[str, Party], tmp_path: Path
) -> None:
    a, b = parties["a"], parties["b"]
    folder = tmp_path / "false"
    folder.mkdir()
    false_a = Party("a", folder)  # the name of a, another key
    nameless = ssl.create_default_context(cafile=str(b.anchor))
    async with running((application(ByCertificate(a)), ServerOptions(tls=b.server(a)))) as (url,):
        for context in (false_a.client(b), parties["c"].client(b), nameless):
            with pytest.raises(httpx.TransportError):
                await ask(url, context)
        assert (await ask(url, a.client(b))).party == "a"


def test_a_certificate_tells_whose_it_is(parties: dict[str, Party]) -> None:
    a, b = parties["a"], parties["b"]
    peer = PeerCertificate(a.certificate.public_bytes(serialization.Encoding.DER))
    assert peer.signed_by(a.public)
    assert not peer.signed_by(b.public)
    assert not peer.signed_by(b"short")
    expected = x509.SubjectKeyIdentifier.from_public_key(a.key.public_key())
    assert peer.issuer_key_id == expected.digest
    assert abs(peer.not_after_us * 1e-6 - dt.datetime.now(dt.UTC).timestamp() - 3600) < 60


async def test_one_life_for_an_application_at_two_places() -> None:
    lived: list[str] = []

    def life(text: str) -> Any:
        @asynccontextmanager
        async def lifespan() -> AsyncIterator[None]:
            lived.append(f"{text} begins")
            yield
            lived.append(f"{text} ends")

        return lifespan

    one, two = application(lifespan=life("one")), application(lifespan=life("two"))
    options = ServerOptions()
    async with running((one, options), (two, options), (one, options)) as urls:
        assert len(set(urls)) == 3
        for url in urls:
            await ask(url)
    assert lived == ["one begins", "two begins", "two ends", "one ends"]


async def test_nobody_listens_if_one_place_is_taken(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    async with running((application(), ServerOptions())) as (url,):
        taken = httpx.URL(url).port or 0
        with pytest.raises(CannotListen):
            async with running(
                (application(), ServerOptions(port_file=port_file)),
                (application(), ServerOptions(port=taken)),
            ):
                pass
        assert not port_file.exists()


async def test_all_end_if_one_cannot_begin(tmp_path: Path) -> None:
    bad = ServerOptions(port_file=tmp_path / "missing" / "port")
    with pytest.raises(CannotListen):
        async with asyncio.timeout(5):
            await serve_all([(application(), ServerOptions()), (application(), bad)])
