"""The node's own secret: what it seals, and what it marks so that it knows it again.

It is 32 random bytes in a file that only the node's user may read, beside the private keys. Keys
for each purpose are derived from it (HKDF-SHA-256, RFC 5869). Whoever has the tables without the
file has no second factor and no recovery code.
"""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from detente.errors import DetenteError
from detente.record import Random

SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class VaultUnusable(DetenteError):
    """The file of the node's secret cannot be read, is open to others, or is not one."""

    code: ClassVar[str] = "vault.file"


class SealBroken(DetenteError):
    """What is to be opened was sealed with another secret, for another use, or was changed."""

    code: ClassVar[str] = "vault.seal"


class Vault:
    """Seals and marks with keys derived from one secret.

    Args:
        secret: 32 random bytes.
        random: gives nonces.
    """

    def __init__(self, secret: bytes, random: Random = secrets.token_bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise VaultUnusable(f"The secret has {len(secret)} bytes, not {SECRET_BYTES}.")
        self._secret = secret
        self._random = random
        self._keys: dict[str, bytes] = {}

    def seal(self, purpose: str, about: str, data: bytes) -> bytes:
        """Encrypted (AES-256-GCM), and bound to what it is about."""
        nonce = self._random(_NONCE_BYTES)
        return nonce + AESGCM(self._key(purpose)).encrypt(nonce, data, about.encode())

    def open(self, purpose: str, about: str, sealed: bytes) -> bytes:
        """Inverse of `seal`.

        Raises:
            SealBroken: it was not sealed so.
        """
        nonce, data = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key(purpose)).decrypt(nonce, data, about.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(
                "It was sealed with another secret, or changed.",
                where=purpose,
                advice="The file of the node's secret belongs to its tables; give both or neither.",
            ) from None

    def mark(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA-256 over the parts, in their order; 32 bytes."""
        data = b"".join(len(raw := part.encode()).to_bytes(4, "big") + raw for part in parts)
        return hmac.digest(self._key(purpose), data, "sha256")

    def same(self, purpose: str, mark: bytes, *parts: str) -> bool:
        """Whether it is the mark of these parts."""
        return hmac.compare_digest(mark, self.mark(purpose, *parts))

    def _key(self, purpose: str) -> bytes:
        key = self._keys.get(purpose)
        if key is None:
            info = f"detente/{purpose}/1".encode()
            key = HKDF(SHA256(), 32, salt=None, info=info).derive(self._secret)
            self._keys[purpose] = key
        return key


def open_vault(path: Path, random: Random = secrets.token_bytes) -> Vault:
    """The vault of a file, which is made if it is not there.

    Raises:
        VaultUnusable: it cannot be read or made, others may read it, or it is something else.
    """
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if path.stat().st_mode & 0o077:
                raise VaultUnusable(
                    "Others may read it.", where=str(path), advice="`chmod 600` it."
                ) from None
        else:
            with os.fdopen(handle, "wb") as file:
                file.write(random(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
        secret = path.read_bytes()
    except OSError as error:
        raise VaultUnusable(f"It cannot be used: {error.strerror}.", where=str(path)) from None
    if len(secret) != SECRET_BYTES:
        raise VaultUnusable("It is not the secret of a node.", where=str(path))
    return Vault(secret, random)


def to_text(data: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Inverse of `to_text`.

    Raises:
        ValueError: it is something else.
    """
    raw = text.encode("ascii", "strict")
    data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    if to_text(data) != text:
        raise ValueError("not base64url")
    return data
