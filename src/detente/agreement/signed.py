"""A signed manifest, as it was found: `agreement.dsse.json`, or the one of the version before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from detente import formats
from detente.agreement.enrolment import EnrolledKey, verifier_type
from detente.agreement.faults import Faults
from detente.record import DsseMalformed, Envelope, JsonMalformed, JsonValue, KeyInvalid, parse_json

SIGNATURES_BYTES_MAX: Final = 2 * formats.PAYLOAD_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed manifest, as it was found; of its signatures nothing is believed yet.

    Attributes:
        envelope: the DSSE envelope.
        agreement: id of the agreement.
        version: of the agreement.
        parties: keys by party, which are usable keys; no proofs are looked at.
        files: hash of each file by name.
    """

    envelope: Envelope
    agreement: str
    version: int
    parties: Mapping[str, tuple[EnrolledKey, ...]]
    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Hash of that version."""
        return hashlib.sha256(self.envelope.payload).hexdigest()


def read_signed(name: str, data: bytes, faults: Faults) -> Signed | None:
    """A signed manifest; None, and a fault, where it is none."""
    try:
        envelope = Envelope.from_json(data)
        if envelope.payload_type != formats.AGREEMENT_TYPE:
            raise DsseMalformed(f"It is of the type {envelope.payload_type[:80]!r}.")
        return _signed(envelope, parse_json(envelope.payload))
    except (DsseMalformed, JsonMalformed, KeyInvalid) as error:
        faults.add(
            name,
            0,
            "signature.unusable",
            f"It is not a signed agreement: {error}",
            "Get the file again from the other party, or move it away and sign anew.",
        )
        return None


def _signed(envelope: Envelope, value: JsonValue) -> Signed:
    manifest = _mapping(value)
    agreement, version = manifest.get("agreement"), manifest.get("version")
    if not isinstance(agreement, str) or not isinstance(version, int) or version < 1:
        raise DsseMalformed("The manifest does not name agreement and version.")
    parties: dict[str, tuple[EnrolledKey, ...]] = {}
    for item in _list(manifest.get("parties")):
        party = _mapping(item)
        keys = tuple(_key(_mapping(key)) for key in _list(party.get("keys")))
        parties[_text(party.get("id"))] = keys
    files = {
        _text(_mapping(item).get("name")): _text(_mapping(item).get("sha256"))
        for item in _list(manifest.get("files"))
    }
    return Signed(envelope, agreement, version, parties, files)


def _key(value: Mapping[str, JsonValue]) -> EnrolledKey:
    purpose, vkey = _text(value.get("purpose")), _text(value.get("vkey"))
    made = verifier_type(purpose).from_vkey(vkey)
    return EnrolledKey(purpose, vkey, _text(value.get("holder")), made.name, made.public_key)


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise DsseMalformed("The manifest has not the form of one.")
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise DsseMalformed("The manifest has not the form of one.")
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise DsseMalformed("The manifest has not the form of one.")
    return value
