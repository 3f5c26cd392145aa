"""A small authorisation server on this machine, over TLS: client credentials, and a JWKS document.

    async with token_server(tmp_path) as server:
        … --oauth-token-url {server.url}/token --jwks-url {server.url}/keys --uss-ca {server.ca}

The tokens that it gives are signed with the tests' key, which the tests' exchange believes; the
JWKS document holds another key, that callers of a node sign with.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote_plus

from joserfc.jwk import RSAKey
from tests.support.instance import HOST, SCOPES, key_pair
from tests.support.tls import certificate

from detente.http import (
    Endpoint,
    Request,
    Response,
    ServerOptions,
    TokenSigner,
    build_app,
    new_key_pair,
    serve,
)
from detente.http.endpoint import HeaderParameter

CLIENT, SECRET = "party-a", "s3cret:with & signs"


class CallersKey:
    """A key that callers' tokens are signed with, by the authorisation server's word."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        private, public = new_key_pair()
        self._signer = TokenSigner(private)
        self.jwk = RSAKey.import_key(public).as_dict(private=False) | {"kid": kid, "use": "sig"}

    def token(self, sub: str, audience: str = HOST) -> str:
        """A token of a caller, with every scope."""
        return self._signer.issue(
            sub=sub, audience=audience, scopes=SCOPES, now_s=time.time(), kid=self.kid
        )


@dataclass
class TokenServer:
    """The server; what it does can be changed while it runs.

    Attributes:
        url: of it.
        ca: PEM file with its certificate.
        sub: whose tokens it gives.
        life_s: of the tokens.
        refuses: the status that it answers instead of tokens.
        answering: requests wait until this is set.
        keys: what the JWKS document holds.
        asked: forms that came, with `client`.
        reached: set whenever a request for a token has come.
    """

    url: str
    ca: Path
    sub: str = "a"
    life_s: int = 3600
    refuses: int | None = None
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    keys: list[CallersKey] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def endpoints(self) -> list[Endpoint]:
        """`/token` and `/keys`."""
        return [
            Endpoint(
                method="POST",
                path="/token",
                handler=self._token,
                operation_id="token",
                summary="A token for who knows the secret.",
                responses={200: None},
                body=bytes,
                headers=(HeaderParameter(name="authorization", help=""),),
                public=True,
            ),
            Endpoint(
                method="GET",
                path="/keys",
                handler=self._keys,
                operation_id="keys",
                summary="The keys of callers' tokens.",
                responses={200: None},
                public=True,
            ),
        ]

    async def _token(self, request: Request[bytes]) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        shown = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        client, _, secret = shown.partition(":")
        self.asked.append(form | {"client": client})
        self.reached.set()
        await self.answering.wait()
        known = (client, unquote_plus(secret)) == (CLIENT, SECRET)
        if self.refuses is not None or not known or form["grant_type"] != "client_credentials":
            return Response(self.refuses or 401, b'{"error":"invalid_client"}')
        token = TokenSigner(key_pair()[0]).issue(
            sub=self.sub,
            audience=form["audience"],
            scopes=form["scope"].split(),
            now_s=time.time(),
            lifetime_s=self.life_s,
        )
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.life_s}
        return Response(200, json.dumps(answer).encode())

    async def _keys(self, request: Request[None]) -> Response:
        return Response(200, json.dumps({"keys": [each.jwk for each in self.keys]}).encode())


@asynccontextmanager
async def token_server(directory: Path) -> AsyncIterator[TokenServer]:
    """A server that listens while the block runs.

    Args:
        directory: for its certificate.
    """
    made, key = certificate(directory)
    server = TokenServer("", made)
    server.answering.set()
    stop = asyncio.Event()
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    options = ServerOptions(tls_cert=made, tls_key=key)
    task = asyncio.create_task(
        serve(build_app(server.endpoints()), options, stop=stop, on_ready=found.set_result)
    )
    try:
        port = (await found).rpartition(":")[2].rstrip("/")
        server.url = f"https://localhost:{port}"
        yield server
    finally:
        server.answering.set()
        stop.set()
        await task
