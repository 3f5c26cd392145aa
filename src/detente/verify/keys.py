"""Ed25519 public keys by name (C2SP signed-note "vkeys"), and what a key must be to be believed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

from detente.formats import ALGORITHM_COSIGNATURE, ALGORITHM_LOG

from .encodings import b64, unb64
from .errors import VerifyError

SPKI_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
"""DER of a SubjectPublicKeyInfo with an Ed25519 key (RFC 8410), up to the key itself."""

_BREAK: Final = re.compile(r"[\s+]")
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


def is_key_name(name: str) -> bool:
    """Printable, not empty, no space, no plus."""
    return bool(name) and name.isprintable() and _BREAK.search(name) is None


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether it is an Ed25519 signature of the message by the key (strict, as in libsodium)."""
    if len(signature) != 64 or len(public_key) != 32:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key under the name it signs with; `PublicKey.read` is the way to make one.

    Attributes:
        algorithm: 0x01 for logs, nodes and officers, 0x04 for witnesses.
    """

    name: str
    algorithm: int
    raw: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        head = self.name.encode() + b"\n" + bytes([self.algorithm])
        object.__setattr__(self, "key_id", hashlib.sha256(head + self.raw).digest()[:4])

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether it is this key's plain Ed25519 signature of the message."""
        return verifies(self.raw, message, signature)

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return SPKI_PREFIX + self.raw

    @property
    def vkey(self) -> str:
        """`<name>+<id>+<base64 of type and key>`."""
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.algorithm]) + self.raw)}"

    @classmethod
    def read(cls, vkey: str, where: str) -> PublicKey:
        """A key from its vkey.

        Raises:
            VerifyError: key.unusable; the vkey is malformed, or the key not a canonical point of
                the prime-order group: verifiers disagree about signatures by such keys, and with
                one of small order anybody can sign anything.
        """
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = unb64(encoded)
        if not is_key_name(name) or not _KEY_ID.fullmatch(key_id) or raw is None or len(raw) != 33:
            raise VerifyError("key.unusable", where, "not a vkey")
        if raw[0] not in (ALGORITHM_LOG, ALGORITHM_COSIGNATURE):
            raise VerifyError("key.unusable", where, f"signature type {raw[0]}")
        if not crypto_core_ed25519_is_valid_point(raw[1:]):
            raise VerifyError("key.unusable", where, "not a point of the prime-order group")
        key = cls(name, raw[0], raw[1:])
        if key.key_id.hex() != key_id:
            raise VerifyError("key.unusable", where, "the key id is not that of name and key")
        return key


def algorithm_of(purpose: str) -> int:
    """Signature type that a purpose's keys have."""
    return ALGORITHM_COSIGNATURE if purpose == "witness" else ALGORITHM_LOG
