"""Leaves: what the tree hashes of an envelope, and all that stays when its content is erased.

A leaf is a Sigstore Rekor `dsse` 0.0.2 entry in canonical JSON: the hash of the payload, the
signature and the key, but nothing of what was said. It always has the same length.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import ClassVar

from detente.errors import DetenteError

from .dsse import Envelope

SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What DER puts before the 32 bytes of an Ed25519 public key (RFC 8410)."""

_START = (
    b'{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":'
    b'{"payloadHash":{"algorithm":"SHA2_256","digest":"'
)
_SIGNATURE = b'"},"signatures":[{"content":"'
_KEY = b'","verifier":{"keyDetails":"PKIX_ED25519","publicKey":{"rawBytes":"'
_END = b'"}}}]}}}'
_PATTERN = re.compile(
    re.escape(_START)
    + rb"([A-Za-z0-9+/]{43}=)"
    + re.escape(_SIGNATURE)
    + rb"([A-Za-z0-9+/]{86}==)"
    + re.escape(_KEY)
    + rb"([A-Za-z0-9+/]{59}=)"
    + re.escape(_END)
)


class LeafMalformed(DetenteError):
    """An entry of the log is not a leaf as this program makes them."""

    code: ClassVar[str] = "record.leaf"


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf says.

    Attributes:
        payload_sha256: 32 bytes.
        signature: the author's, over the PAE, 64 bytes.
        public_key: the author's, 32 bytes.
    """

    payload_sha256: bytes
    signature: bytes
    public_key: bytes

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return b"".join(
            (
                _START,
                b64encode(self.payload_sha256),
                _SIGNATURE,
                b64encode(self.signature),
                _KEY,
                b64encode(SPKI_PREFIX + self.public_key),
                _END,
            )
        )


def leaf_of(envelope: Envelope, public_key: bytes) -> bytes:
    """The leaf of an envelope whose author has this key.

    Raises:
        LeafMalformed: the envelope has not exactly one signature of 64 bytes, or the key not 32
            bytes.
    """
    if len(envelope.signatures) != 1 or len(envelope.signatures[0].sig) != 64:
        raise LeafMalformed("A leaf has exactly one Ed25519 signature.")
    if len(public_key) != 32:
        raise LeafMalformed("An Ed25519 public key has 32 bytes.")
    digest = hashlib.sha256(envelope.payload).digest()
    return Leaf(digest, envelope.signatures[0].sig, public_key).to_bytes()


def read_leaf(data: bytes) -> Leaf:
    """Inverse of `Leaf.to_bytes`. Form only: the key may be unusable, the signature wrong.

    Raises:
        LeafMalformed: anything else than the bytes of such a leaf.
    """
    found = _PATTERN.fullmatch(data)
    if found is None:
        raise LeafMalformed("It is not a leaf of a DSSE envelope.")
    digest, signature, spki = (b64decode(part) for part in found.groups())
    if not spki.startswith(SPKI_PREFIX):
        raise LeafMalformed("The key is not an Ed25519 key.")
    leaf = Leaf(digest, signature, spki[len(SPKI_PREFIX) :])
    # Base64 has bits to spare at its end.
    if leaf.to_bytes() != data:
        raise LeafMalformed("Its base64 is not canonical.")
    return leaf
