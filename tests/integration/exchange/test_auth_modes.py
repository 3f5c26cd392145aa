"""Whose tokens a real instance believes: PEM files, a JWKS document that changes, names."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.support.instance import HOST, Instance, believing, gone_afterwards, launch, uuid4_of
from tests.support.program import bearer, client

from detente.http import (
    Endpoint,
    Request,
    Response,
    ServerOptions,
    build_app,
    new_key_pair,
    serve,
)

OIR = "/dss/v1/operational_intent_references"

pytestmark = pytest.mark.anyio


@cache
def pair(name: str) -> tuple[bytes, bytes]:
    """The private and the public key of one issuer, in PEM."""
    return new_key_pair()


def jwk(name: str) -> dict[str, str]:
    """A public key as JWKS documents hold it; its id is its name."""
    key = load_pem_public_key(pair(name)[1])
    assert isinstance(key, RSAPublicKey)
    numbers = key.public_numbers()

    def text(value: int) -> str:
        data = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": name,
        "n": text(numbers.n),
        "e": text(numbers.e),
    }


class Issuer:
    """Publishes keys, changes them, falls ill."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.status = 200
        self.url = ""
        self._fetched = asyncio.Condition()

    async def document(self, request: Request[None]) -> Response:
        body = msgspec.json.encode({"keys": [jwk(name) for name in self.names]})
        async with self._fetched:
            self._fetched.notify_all()
        return Response(self.status, body if self.status == 200 else b'{"message": "ill"}')

    async def asked(self) -> None:
        """Wait until somebody asks for the keys."""
        async with self._fetched:
            await self._fetched.wait()

    async def fetched_again(self) -> None:
        """Wait until what is published now has been fetched and taken in."""
        await self.asked()
        await self.asked()  # who asks again has taken in the answer before

    @asynccontextmanager
    async def up(self, port: int = 0) -> AsyncIterator[int]:
        """Serve; gives the port."""
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        app = build_app(
            [
                Endpoint(
                    method="GET",
                    path="/jwks.json",
                    handler=self.document,
                    operation_id="getKeys",
                    summary="Keys.",
                    responses={200: None},
                    public=True,
                )
            ]
        )
        async with asyncio.TaskGroup() as group:
            options = ServerOptions(host=HOST, port=port)
            group.create_task(serve(app, options, stop=stop, on_ready=ready.set_result))
            base = await ready
            self.url = f"{base}/jwks.json"
            try:
                yield int(base.rpartition(":")[2])
            finally:
                stop.set()


@asynccontextmanager
async def exchange(directory: Path, *arguments: str) -> AsyncIterator[Instance]:
    """An instance that believes what the arguments say and nothing else."""
    own = ["--port", "0", "--data", str(directory / "data")]
    async with gone_afterwards(await launch(directory, [*own, *arguments])) as instance:
        yield instance
        assert await instance.stop() == 0


async def ask(http: httpx.AsyncClient, **token: Any) -> httpx.Response:
    """A question that is answered 404 to whom the instance believes."""
    headers = {"authorization": bearer(**token)}
    return await http.get(f"{OIR}/{uuid4_of(1)}", headers=headers)


async def status(http: httpx.AsyncClient, key: str, **token: Any) -> int:
    return (await ask(http, private_key=pair(key)[0], **token)).status_code


def from_url(url: str) -> Sequence[str]:
    return ("--audience", HOST, "--jwks-url", url, "--jwks-refresh", "1")


async def test_keys_change_without_a_restart(tmp_path: Path) -> None:
    issuer = Issuer("old")
    async with (
        issuer.up(),
        exchange(tmp_path, *from_url(issuer.url)) as instance,
        client(instance) as http,
    ):
        remembered = bearer(private_key=pair("old")[0], kid="old")
        path = f"{OIR}/{uuid4_of(1)}"
        assert (await http.get(path, headers={"authorization": remembered})).status_code == 404
        assert await status(http, "new", kid="new") == 401
        issuer.names = ("old", "new")
        async with asyncio.timeout(30):
            await issuer.fetched_again()
        assert await status(http, "new", kid="new") == 404
        assert await status(http, "old", kid="old") == 404
        assert await status(http, "new", kid="old") == 401
        issuer.names = ("new",)
        async with asyncio.timeout(30):
            await issuer.fetched_again()
        assert await status(http, "new", kid="new") == 404
        # Withdrawn is withdrawn, also for a token that was believed a moment ago.
        assert (await http.get(path, headers={"authorization": remembered})).status_code == 401


async def test_keys_outlive_an_issuer_that_is_away_but_not_for_ever(tmp_path: Path) -> None:
    issuer = Issuer("one")
    async with asyncio.timeout(60):
        async with issuer.up() as port:
            options = (*from_url(issuer.url), "--jwks-grace", "5")
            context = exchange(tmp_path, *options)
            instance = await context.__aenter__()
            http = client(instance)
            assert await status(http, "one", kid="one") == 404
            issuer.status = 500
            await issuer.asked()
            assert await status(http, "one", kid="one") == 404
        # Now nobody even answers. After the grace nothing is known of any token: no 401.
        seen = [await status(http, "one", kid="one")]
        while seen[-1] == 404:
            seen.append(await status(http, "one", kid="one"))
        assert set(seen[:-1]) <= {404}
        answer = await ask(http, private_key=pair("one")[0], kid="one")
        assert answer.status_code == 503
        assert answer.json()["code"] == "auth.keys_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        issuer.status = 200
        async with issuer.up(port):
            await issuer.fetched_again()
            assert await status(http, "one", kid="one") == 404
        await http.aclose()
        await context.__aexit__(None, None, None)


async def test_an_issuer_that_comes_later_than_the_exchange(tmp_path: Path) -> None:
    issuer = Issuer("one")
    async with issuer.up() as port:
        url = issuer.url
    async with exchange(tmp_path, *from_url(url)) as instance, client(instance) as http:
        answer = await ask(http, private_key=pair("one")[0], kid="one")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert (await http.get("/healthy")).status_code == 200
        async with issuer.up(port), asyncio.timeout(30):
            await issuer.fetched_again()
            assert await status(http, "one", kid="one") == 404


async def test_several_keys_issuers_and_audiences(tmp_path: Path) -> None:
    arguments: list[str] = []
    for name in ("first", "second"):
        (tmp_path / f"{name}.pem").write_bytes(pair(name)[1])
        arguments += ["--auth-public-key", str(tmp_path / f"{name}.pem")]
    arguments += ["--audience", "dss.example", "--audience", HOST]
    arguments += ["--issuer", "https://auth.example", "--issuer", "tests"]
    async with exchange(tmp_path, *arguments) as instance, client(instance) as http:
        assert await status(http, "first") == 404
        assert await status(http, "second") == 404
        assert await status(http, "second", kid="whatever") == 404
        assert await status(http, "third") == 401
        assert await status(http, "first", audience="dss.example") == 404
        assert await status(http, "first", audience=["other.example", "dss.example"]) == 404
        assert await status(http, "first", audience="other.example") == 401
        assert await status(http, "first", audience=f"http://{HOST}:{instance.port}") == 401
        assert await status(http, "first", issuer="https://auth.example") == 404
        refused = await ask(http, private_key=pair("first")[0], issuer="https://evil.example")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert "evil" not in refused.text


async def test_a_key_document_does_not_take_away_what_the_files_say(tmp_path: Path) -> None:
    issuer = Issuer("one")
    async with issuer.up():
        arguments = (*believing(tmp_path), *from_url(issuer.url)[2:])
        async with exchange(tmp_path, *arguments) as instance, client(instance) as http:
            assert await status(http, "one", kid="one") == 404
            assert (await ask(http)).status_code == 404
            assert (await ask(http, kid="one")).status_code == 401
