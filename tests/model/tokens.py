"""Bearer tokens, right and wrong, signed with nothing but RSA: no JWT library judges itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.model.driver import TokenKind

AUDIENCE = "dss.example"
ISSUER = "tests"


@cache
def signing_key(name: str = "known") -> rsa.RSAPrivateKey:
    """One RSA key per name and test run; the DSS under test knows only "known"."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key_pem(name: str = "known") -> bytes:
    """PEM (SubjectPublicKeyInfo) of a signing key: what a DSS is configured with."""
    return (
        signing_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def authorization(
    kind: TokenKind, *, sub: str, scopes: Iterable[str], now_us: int, audience: str = AUDIENCE
) -> str | None:
    """Value of the Authorization header of the given kind; None when there must be no header."""
    return _authorization(kind, sub, frozenset(scopes), now_us // 1_000_000, audience)


@lru_cache(maxsize=4096)
def _authorization(
    kind: TokenKind, sub: str, scopes: frozenset[str], now_s: int, audience: str
) -> str | None:
    if kind == "none":
        return None
    if kind in {"empty", "basic", "garbage"}:
        return {"empty": "Bearer ", "basic": "Basic dXNzOnNlY3JldA==", "garbage": "Bearer abc"}[
            kind
        ]
    claims = _claims(kind, sub, scopes, now_s, audience)
    scheme = "bearer" if kind == "lower_case_scheme" else "Bearer"
    return f"{scheme} {_token(kind, claims)}"


def _claims(
    kind: TokenKind, sub: str, scopes: Iterable[str], now_s: int, audience: str
) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": sub,
        "aud": audience,
        "scope": " ".join(sorted(scopes)),
        "nbf": now_s - 1,
        "exp": now_s + 3600,
        "jti": "9e2b0f6e-2f0a-4d75-9d0b-5b4f8c1f2a01",
    }
    changes: dict[str, dict[str, Any]] = {
        "expired": {"nbf": now_s - 7200, "exp": now_s - 3600},
        "no_exp": {"exp": None},
        "too_long": {"exp": now_s + 7200},
        "not_yet": {"nbf": now_s + 600},
        "issued_ahead": {"iat": now_s + 600},
        "no_sub": {"sub": None},
        "empty_sub": {"sub": ""},
        "no_iss": {"iss": None},
        "empty_iss": {"iss": ""},
        "no_aud": {"aud": None},
        "wrong_aud": {"aud": "other.example"},
        "aud_array": {"aud": ["other.example", audience]},
        "one_second_over": {"exp": now_s + 3601},
    }
    claims |= changes.get(kind, {})
    return {name: value for name, value in claims.items() if value is not None}


def _token(kind: TokenKind, claims: dict[str, Any]) -> str:
    algorithm = {"unsigned": "none", "hmac": "HS256"}.get(kind, "RS256")
    head = _part({"alg": algorithm, "typ": "JWT"})
    signed = f"{head}.{_part(claims)}"
    if kind == "unsigned":
        return f"{signed}."
    if kind == "hmac":
        mac = hmac.new(public_key_pem(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_b64(mac)}"
    key = signing_key("unknown" if kind == "bad" else "known")
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    if kind == "tampered":
        signed = f"{head}.{_part(claims | {'sub': 'somebody_else'})}"
    return f"{signed}.{_b64(signature)}"


def _part(value: dict[str, Any]) -> str:
    return _b64(json.dumps(value).encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
