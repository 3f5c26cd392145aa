from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from detente.record import (
    SPKI_PREFIX,
    Ed25519Signer,
    Envelope,
    Leaf,
    LeafMalformed,
    Signature,
    leaf_of,
    pae,
    read_leaf,
)

SIGNER = Ed25519Signer("a.example/node", bytes(range(32)))
TYPE = "application/vnd.detente.note.v1+json"
ENVELOPE = Envelope(b"{}", TYPE, (Signature(SIGNER.name, SIGNER.sign(pae(TYPE, b"{}"))),))
LEAF = leaf_of(ENVELOPE, SIGNER.public_key)


def test_a_leaf_is_canonical_json_with_hash_signature_and_key() -> None:
    read = json.loads(LEAF)
    assert json.dumps(read, sort_keys=True, separators=(",", ":")).encode() == LEAF
    assert (read["apiVersion"], read["kind"]) == ("0.0.2", "dsse")
    spec = read["spec"]["dsseV002"]
    assert spec["payloadHash"] == {
        "algorithm": "SHA2_256",
        "digest": base64.b64encode(hashlib.sha256(b"{}").digest()).decode(),
    }
    (signature,) = spec["signatures"]
    assert base64.b64decode(signature["content"]) == ENVELOPE.signatures[0].sig
    assert signature["verifier"]["keyDetails"] == "PKIX_ED25519"
    der = base64.b64decode(signature["verifier"]["publicKey"]["rawBytes"])
    assert der == SPKI_PREFIX + SIGNER.public_key
    # Another library takes the key from it and finds the signature good.
    key = load_der_public_key(der)
    key.verify(base64.b64decode(signature["content"]), pae(TYPE, b"{}"))  # type: ignore[union-attr,call-arg]


def test_what_was_made_is_read() -> None:
    assert read_leaf(LEAF) == Leaf(
        hashlib.sha256(b"{}").digest(), ENVELOPE.signatures[0].sig, SIGNER.public_key
    )
    assert read_leaf(LEAF).to_bytes() == LEAF


def test_nothing_of_what_was_said_is_in_it() -> None:
    secret = Envelope(b"a secret sentence", TYPE, ENVELOPE.signatures)
    assert b"secret" not in leaf_of(secret, SIGNER.public_key)
    assert SIGNER.name.encode() not in LEAF


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        LEAF + b"\n",
        b" " + LEAF,
        LEAF.replace(b"0.0.2", b"0.0.1"),
        LEAF.replace(b"SHA2_256", b"SHA2_512"),
        LEAF.replace(b"PKIX_ED25519", b"PKIX_ED25518"),
        LEAF.replace(b'"kind":"dsse",', b""),
        LEAF.replace(b"MCow", b"MCox"),
        LEAF.replace(b'=="', b'="'),
    ],
)
def test_anything_else_is_refused(changed: bytes) -> None:
    with pytest.raises(LeafMalformed):
        read_leaf(changed)


def test_spare_bits_of_base64_are_refused() -> None:
    digest = base64.b64encode(hashlib.sha256(b"{}").digest())
    spare = digest[:-2] + bytes([digest[-2] + 1]) + b"="
    assert base64.b64decode(spare) == hashlib.sha256(b"{}").digest()
    with pytest.raises(LeafMalformed, match="canonical"):
        read_leaf(LEAF.replace(digest, spare))


def test_a_leaf_has_one_signature_and_a_whole_key() -> None:
    for signatures in ((), ENVELOPE.signatures * 2, (Signature("a", bytes(63)),)):
        with pytest.raises(LeafMalformed):
            leaf_of(Envelope(b"{}", TYPE, signatures), SIGNER.public_key)
    with pytest.raises(LeafMalformed):
        leaf_of(ENVELOPE, bytes(31))
