"""Signed envelopes: DSSE v1, as bytes that have one spelling.

    {"payload": <base64>, "payloadType": <text>, "signatures": [{"keyid": <name>, "sig": <base64>}]}

What is signed is the pre-authentication encoding of type and payload, never the JSON around it.
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from detente import formats
from detente.errors import DetenteError

ENVELOPE_BYTES_MAX = 2 * formats.PAYLOAD_BYTES_MAX
"""Enough for the largest payload in base64, and its signatures."""

SIGNATURE_SIZE = 64
_PAYLOAD_TYPE_CHARACTERS_MAX = 200


class DsseMalformed(DetenteError):
    """Bytes are not a DSSE envelope in its canonical spelling."""

    code: ClassVar[str] = "record.dsse"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of an envelope.

    Attributes:
        keyid: name of the key, a hint for finding it.
        sig: Ed25519 signature over the PAE, 64 bytes.
    """

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its signatures; nothing in it is believed yet.

    Attributes:
        payload: bytes, taken as they are.
        payload_type: media type of the payload.
        signatures: at least one.
    """

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def pae(self) -> bytes:
        """What is signed."""
        return pae(self.payload_type, self.payload)

    def to_json(self) -> bytes:
        """Canonical JSON (RFC 8785).

        Raises:
            DsseMalformed: a text in it is not Unicode.
        """
        wire = _Envelope(
            b64encode(self.payload).decode(),
            self.payload_type,
            [_Signature(each.keyid, b64encode(each.sig).decode()) for each in self.signatures],
        )
        try:
            return msgspec.json.encode(wire)
        except UnicodeEncodeError:
            raise DsseMalformed("A text has half of a surrogate pair.") from None

    @classmethod
    def from_json(cls, data: bytes) -> Envelope:
        """Inverse of `to_json`. Form only: no signature is checked.

        Raises:
            DsseMalformed: not an envelope, or spelled in any other way than `to_json` does.
        """
        if len(data) > ENVELOPE_BYTES_MAX:
            raise DsseMalformed(f"An envelope has at most {ENVELOPE_BYTES_MAX} bytes.")
        try:
            wire = _DECODER.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise DsseMalformed(f"It is not a DSSE envelope: {error}.") from None
        if not 1 <= len(wire.signatures) <= formats.LIST_MAX:
            raise DsseMalformed(f"An envelope has 1 to {formats.LIST_MAX} signatures.")
        if not 1 <= len(wire.payloadType) <= _PAYLOAD_TYPE_CHARACTERS_MAX:
            raise DsseMalformed("The payload type is empty or too long.", where="payloadType")
        made = cls(
            _decode(wire.payload, "payload"),
            wire.payloadType,
            tuple(Signature(each.keyid, _decode(each.sig, "sig")) for each in wire.signatures),
        )
        if any(len(each.sig) != SIGNATURE_SIZE for each in made.signatures):
            raise DsseMalformed("An Ed25519 signature has 64 bytes.", where="sig")
        if len(made.payload) > formats.PAYLOAD_BYTES_MAX:
            raise DsseMalformed(f"A payload has at most {formats.PAYLOAD_BYTES_MAX} bytes.")
        # One spelling: order, spaces, escapes, base64, and no name twice, all in one comparison.
        if made.to_json() != data:
            raise DsseMalformed("It is not in canonical JSON (RFC 8785).")
        return made


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding (DSSE v1): what a signature of an envelope covers."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class _Signature(msgspec.Struct, forbid_unknown_fields=True):
    keyid: str
    sig: str


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    payload: str
    payloadType: str  # noqa: N815  # the name on the wire
    signatures: list[_Signature]


_DECODER = msgspec.json.Decoder(_Envelope)


def _decode(text: str, where: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise DsseMalformed("It is not base64.", where=where) from None
