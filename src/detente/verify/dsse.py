"""DSSE envelopes (v1) with one Ed25519 signature, and the leaf of the log that stands for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from detente.formats import LIST_MAX, PAYLOAD_TYPE_PREFIX, PAYLOAD_TYPE_SUFFIX

from .encodings import b64, unb64
from .errors import VerifyError
from .keys import SPKI_PREFIX, is_key_name
from .strictjson import Json

_KIND: Final = re.compile(
    re.escape(PAYLOAD_TYPE_PREFIX) + r"([a-z][a-z0-9-]*)" + re.escape(PAYLOAD_TYPE_SUFFIX), re.ASCII
)
_LEAF: Final = re.compile(
    re.escape(
        '{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":'
        '{"algorithm":"SHA2_256","digest":"HASH"},"signatures":[{"content":"SIGN","verifier":'
        '{"keyDetails":"PKIX_ED25519","publicKey":{"rawBytes":"KEY"}}}]}}}'
    )
    .replace("HASH", "([A-Za-z0-9+/]{43}=)")
    .replace("SIGN", "([A-Za-z0-9+/]{86}==)")
    .replace("KEY", "([A-Za-z0-9+/]{59}=)")
    .encode()
)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an envelope."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope, nothing of it believed yet."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    @property
    def pae(self) -> bytes:
        """What is signed."""
        return pae(self.payload_type, self.payload)


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry of the log."""

    payload_sha256: bytes
    signature: bytes
    public_key: bytes


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def kind_of(payload_type: str) -> str | None:
    """The kind that a payload type names, None if it is not one of ours."""
    match = _KIND.fullmatch(payload_type)
    return None if match is None else match[1]


def read_envelope(value: Json, where: str, code: str = "envelope.malformed") -> Envelope:
    """An envelope from parsed JSON: exactly its three members, one signature or more.

    Raises:
        VerifyError: `code`.
    """
    if not isinstance(value, dict) or value.keys() != {"payload", "payloadType", "signatures"}:
        raise VerifyError(code, where, "not an envelope")
    payload_text, payload_type, signed = (
        value["payload"],
        value["payloadType"],
        value["signatures"],
    )
    payload = unb64(payload_text) if isinstance(payload_text, str) else None
    if payload is None or not isinstance(payload_type, str):
        raise VerifyError(code, where, "payload")
    if not isinstance(signed, list) or not 0 < len(signed) <= LIST_MAX:
        raise VerifyError(code, where, "signatures")
    signatures: list[Signature] = []
    for one in signed:
        if not isinstance(one, dict) or one.keys() != {"keyid", "sig"}:
            raise VerifyError(code, where, "signatures")
        keyid, sig_text = one["keyid"], one["sig"]
        sig = unb64(sig_text) if isinstance(sig_text, str) else None
        if not isinstance(keyid, str) or not is_key_name(keyid) or sig is None or len(sig) != 64:
            raise VerifyError(code, where, "signatures")
        signatures.append(Signature(keyid, sig))
    return Envelope(payload, payload_type, tuple(signatures))


def read_leaf(leaf: bytes, where: str) -> Leaf:
    """What an entry of the log says.

    Raises:
        VerifyError: leaf.malformed; it is not byte for byte of the one form.
    """
    match = _LEAF.fullmatch(leaf)
    if match is None:
        raise VerifyError("leaf.malformed", where, "not of the form of an entry")
    digest, sig, key = (unb64(part.decode("ascii")) for part in match.groups())
    if digest is None or sig is None or key is None or not key.startswith(SPKI_PREFIX):
        raise VerifyError("leaf.malformed", where, "base64 or key")
    return Leaf(digest, sig, key[len(SPKI_PREFIX) :])


def leaf_of(payload: bytes, signature: bytes, public_key: bytes) -> bytes:
    """The entry that stands for an envelope."""
    return (
        '{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":'
        f'{{"algorithm":"SHA2_256","digest":"{b64(sha256(payload).digest())}"}},'
        f'"signatures":[{{"content":"{b64(signature)}","verifier":'
        '{"keyDetails":"PKIX_ED25519","publicKey":'
        f'{{"rawBytes":"{b64(SPKI_PREFIX + public_key)}"}}}}}}]}}}}}}'
    ).encode()
