"""Development tokens: an RSA key pair and RS256 tokens signed with it.

A real pool has an authorisation server; this is for a first try, for tests and for demonstrations.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from detente.http.keys import BadKey


def new_key_pair(bits: int = 2048) -> tuple[bytes, bytes]:
    """A fresh RSA key pair as PEM texts: private (PKCS #8) and public."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


class TokenSigner:
    """Signs development tokens with one private key.

    Raises:
        BadKey: `private_pem` is not an RSA private key.
    """

    def __init__(self, private_pem: bytes, source: str = "") -> None:
        try:
            key = RSAKey.import_key(private_pem)
        except (JoseError, ValueError, TypeError):
            key = None
        if key is None or not key.is_private:
            raise BadKey(
                "This is not an RSA private key in PEM form.",
                where=source or None,
                advice="Make one with `detente keys new`.",
            )
        self._key = key

    @classmethod
    def from_file(cls, path: Path) -> TokenSigner:
        """Read the key from a PEM file.

        Raises:
            BadKey: the file cannot be read or holds something else.
        """
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise BadKey(
                f"The key file cannot be read: {error.strerror}.", where=str(path)
            ) from None

    def issue(
        self,
        *,
        sub: str,
        audience: str | Sequence[str],
        scopes: Sequence[str],
        now_s: float,
        issuer: str = "detente-development",
        lifetime_s: int = 3600,
        kid: str | None = None,
    ) -> str:
        """One signed token, valid from a second ago for `lifetime_s` from `now_s`."""
        start_s = int(now_s)
        header = {"alg": "RS256"} | ({"kid": kid} if kid else {})
        claims = {
            "iss": issuer,
            "sub": sub,
            "aud": audience if isinstance(audience, str) else list(audience),
            "scope": " ".join(scopes),
            "iat": start_s,
            "nbf": start_s - 1,
            "exp": start_s + lifetime_s,
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(header, claims, self._key, algorithms=["RS256"])
