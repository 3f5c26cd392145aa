"""Access tokens: RS256 JWTs, one issuer for everybody in a test."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Collection
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SC = "utm.strategic_coordination"
CM = "utm.constraint_management"
CP = "utm.constraint_processing"
CMSA = "utm.conformance_monitoring_sa"
AA = "utm.availability_arbitration"
_LIFE_S = 3600
_LEEWAY_S = 5


class NotAllowed(Exception):
    """Who asks is not known (401), or may not (403)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Tokens:
    """Issues this USS's tokens and reads those of others."""

    def __init__(self, private_pem: str, public_pem: str, sub: str, audience: str) -> None:
        private = load_pem_private_key(private_pem.encode(), None)
        public = load_pem_public_key(public_pem.encode())
        assert isinstance(private, RSAPrivateKey)
        assert isinstance(public, RSAPublicKey)
        self._private, self._public = private, public
        self.sub, self._audience = sub, audience
        self._issued: dict[tuple[str, str], tuple[float, str]] = {}
        self._read: dict[str, dict[str, Any]] = {}

    def issue(self, audience: str, scope: str) -> str:
        """A token for one host (the bare name) and these scopes, space between them."""
        until, token = self._issued.get((audience, scope), (0.0, ""))
        now = time.time()
        if now < until:
            return token
        claims = {
            "iss": "small",
            "sub": self.sub,
            "aud": audience,
            "scope": scope,
            "iat": int(now) - 1,
            "nbf": int(now) - 1,
            "exp": int(now) + _LIFE_S,
            "jti": str(uuid.uuid4()),
        }
        signed = f"{_coded({'alg': 'RS256', 'typ': 'JWT'})}.{_coded(claims)}"
        signature = self._private.sign(signed.encode(), PKCS1v15(), SHA256())
        token = f"{signed}.{_b64(signature)}"
        self._issued[audience, scope] = (now + _LIFE_S / 2, token)
        return token

    def caller(self, authorization: str, scopes: Collection[str]) -> str:
        """Who asks with this header, having one of the scopes.

        Raises:
            NotAllowed: nobody, or somebody who may not.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAllowed(401, "no bearer token")
        claims = self._read.get(token)
        if claims is None:
            claims = self._read[token] = self._verified(token)
        now = time.time()
        if not now - _LEEWAY_S <= float(claims.get("exp", 0)) <= now + _LIFE_S + _LEEWAY_S:
            raise NotAllowed(401, "exp")
        if max(float(claims.get(c, 0)) for c in ("nbf", "iat")) > now + _LEEWAY_S:
            raise NotAllowed(401, "not yet")
        aud = claims.get("aud", [])
        if self._audience not in ([aud] if isinstance(aud, str) else aud):
            raise NotAllowed(401, f"aud is {aud!r}")
        sub = claims.get("sub")
        if not isinstance(sub, str) or not sub or not claims.get("iss"):
            raise NotAllowed(401, "sub or iss")
        if not set(str(claims.get("scope", "")).split()) & set(scopes):
            raise NotAllowed(403, f"needs one of {', '.join(sorted(scopes))}")
        return sub

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            head, payload, signature = token.split(".")
            if json.loads(_bytes(head)).get("alg") != "RS256":
                raise NotAllowed(401, "alg")
            self._public.verify(
                _bytes(signature), f"{head}.{payload}".encode(), PKCS1v15(), SHA256()
            )
            claims = json.loads(_bytes(payload))
        except (ValueError, InvalidSignature, AttributeError):
            raise NotAllowed(401, "not a token of ours") from None
        if not isinstance(claims, dict):
            raise NotAllowed(401, "claims")
        return claims


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _coded(value: dict[str, Any]) -> str:
    return _b64(json.dumps(value).encode())
