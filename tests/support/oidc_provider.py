"""A small OpenID provider on 127.0.0.1: discovery, authorize, token with PKCE, keys.

It logs everybody in as `subject` without asking. What it says can be bent, to see who notices.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from detente.http import (
    ConnectionLimits,
    Endpoint,
    QueryParameter,
    Request,
    Response,
    ServerOptions,
    build_app,
    serve,
)
from detente.http.endpoint import HeaderParameter

CLIENT, SECRET = "détente node", "a secret: with & signs"
_AUTHORIZE = ("client_id", "redirect_uri", "state", "nonce", "code_challenge", "max_age", "prompt")
Key = RSAKey | ECKey


def new_key(algorithm: str = "ES256") -> Key:
    if algorithm == "RS256":
        return RSAKey.generate_key(2048, auto_kid=True)
    return ECKey.generate_key("P-256", auto_kid=True)


@dataclass
class OidcProvider:
    """One provider; `claims` are added to each token, None takes one away."""

    now_s: Callable[[], float]
    issuer: str = ""
    subject: str = "person-17"
    algorithm: str = "ES256"
    key: Key = field(default_factory=new_key)
    claims: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    confused: bool = False
    """Signs with HS256, the bytes of the public key being the secret."""
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def honest(self) -> None:
        """Say again what is so."""
        self.claims, self.discovery, self.header = {}, {}, {}
        self.subject = OidcProvider.subject
        self.asked.clear()

    def use(self, algorithm: str) -> None:
        """Sign with a new key of another kind from now on."""
        self.algorithm, self.key = algorithm, new_key(algorithm)

    def token(self, nonce: str) -> str:
        now_s = int(self.now_s())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now_s,
            "exp": now_s + 300,
            "auth_time": now_s,
            "nonce": nonce,
            "amr": ["pwd", "otp", "mfa"],
        } | self.claims
        payload = json.dumps({name: v for name, v in claims.items() if v is not None})
        header = {"alg": self.algorithm, "kid": self.key.kid} | self.header
        if self.confused:
            signed = _joined(json.dumps({"alg": "HS256"}).encode(), payload.encode())
            secret = self.key.as_pem(private=False)
            return f"{signed}.{_text(hmac.digest(secret, signed.encode(), 'sha256'))}"
        if header["alg"] == "none" or "crit" in header:
            return _joined(json.dumps(header).encode(), payload.encode(), b"")
        found: str = jws.serialize_compact(
            header, payload, self.key, algorithms=[str(header["alg"])]
        )
        return found

    def endpoints(self) -> list[Endpoint]:
        def get(path: str, handler: Any, name: str, **rest: Any) -> Endpoint:
            return Endpoint(
                method="GET",
                path=path,
                handler=handler,
                operation_id=name,
                summary=name,
                responses={200: None},
                public=True,
                **rest,
            )

        return [
            get("/.well-known/openid-configuration", self._discover, "discover"),
            get(
                "/authorize",
                self._authorize,
                "authorize",
                query=[QueryParameter(name=name, help="", required=False) for name in _AUTHORIZE],
            ),
            get("/keys", self._jwks, "keys"),
            Endpoint(
                method="POST",
                path="/token",
                handler=self._token,
                operation_id="token",
                summary="token",
                responses={200: None},
                body=bytes,
                headers=(HeaderParameter(name="authorization", help=""),),
                public=True,
            ),
        ]

    async def _discover(self, request: Request[None]) -> Response:
        self.asked.append("discovery")
        return _json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
            | self.discovery
        )

    async def _authorize(self, request: Request[None]) -> Response:
        query = request.query
        code = secrets.token_urlsafe(16)
        self._codes[code] = dict(query)
        back = {"code": code, "state": query["state"], "iss": self.issuer}
        location = f"{query['redirect_uri']}?{urlencode(back)}"
        return Response(303, headers=((b"location", location.encode()),))

    async def _jwks(self, request: Request[None]) -> Response:
        self.asked.append("keys")
        return _json({"keys": [self.key.as_dict(private=False) | {"use": "sig"}]})

    async def _token(self, request: Request[bytes]) -> Response:
        self.asked.append("token")
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        known = self._codes.pop(form.get("code", ""), None)
        told = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        client = parse_qs("client=" + told.replace(":", "&secret=", 1))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            known is None
            or client != {"client": [CLIENT], "secret": [SECRET]}
            or known["code_challenge"] != challenge
            or known["redirect_uri"] != form.get("redirect_uri")
            or form.get("grant_type") != "authorization_code"
        ):
            return Response(400, b'{"error":"invalid_grant"}')
        answer = {
            "id_token": self.token(known["nonce"]),
            "token_type": "Bearer",
            "access_token": "x",
        }
        return _json(answer)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _joined(*parts: bytes) -> str:
    return ".".join(map(_text, parts))


def _json(value: dict[str, Any]) -> Response:
    return Response(200, json.dumps(value).encode())


@asynccontextmanager
async def provider(now_s: Callable[[], float]) -> AsyncIterator[OidcProvider]:
    """A provider that listens while the block runs."""
    made = OidcProvider(now_s)
    stop = asyncio.Event()
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    options = ServerOptions(connections=ConnectionLimits())
    task = asyncio.create_task(
        serve(build_app(made.endpoints()), options, stop=stop, on_ready=found.set_result)
    )
    try:
        made.issuer = await found
        yield made
    finally:
        stop.set()
        await task
