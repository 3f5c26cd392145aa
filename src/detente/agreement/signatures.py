"""Who has signed what: `agreement.dsse.json`, and `previous.dsse.json` of the version before.

A version is signed by every party of it. If it replaces another, every party of that one signs,
too, with a key of that one: otherwise somebody could enter new keys for a party and sign with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from detente import formats
from detente.agreement.enrolment import EnrolledKey, verifier_type
from detente.agreement.faults import Faults
from detente.agreement.folder import PREVIOUS, SIGNATURES
from detente.record import DsseMalformed, Envelope, JsonMalformed, JsonValue, KeyInvalid, parse_json

if TYPE_CHECKING:
    from detente.agreement.agreement import Agreement

SIGNATURES_BYTES_MAX: Final = 2 * formats.PAYLOAD_BYTES_MAX
SIGNING: Final = ("signing", "officer")
"""Purposes of the keys that sign in a party's name."""

_AGAIN: Final = (
    f"If the change is meant, move {SIGNATURES} away and have everybody sign anew; "
    "if not, restore the files."
)


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


@dataclass(frozen=True, slots=True)
class PartySignature:
    """Whether a party has signed.

    Attributes:
        party: its id.
        key: the key of its signature; None if it has not signed.
        joining: it is not in the version before.
        leaving: it is in the version before only.
    """

    party: str
    key: EnrolledKey | None
    joining: bool = False
    leaving: bool = False


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


def keys_that_sign(agreement: Agreement) -> dict[str, tuple[EnrolledKey, ...]]:
    """For every party whose signature is needed, the keys of which one must have signed."""
    before = agreement.previous.parties if agreement.previous else {}
    wanted = {**agreement.keys, **before}
    return {
        party: tuple(key for key in keys if key.purpose in SIGNING)
        for party, keys in wanted.items()
    }


def party_signatures(
    agreement: Agreement, envelope: Envelope | None = None
) -> tuple[PartySignature, ...]:
    """Every party whose signature is needed, and whether it is there.

    Args:
        agreement: the agreement.
        envelope: what to look at instead of the directory's own signatures.
    """
    if envelope is None:
        envelope = agreement.signed.envelope if agreement.signed else None
    if envelope is not None and envelope.payload != agreement.manifest():
        envelope = None
    before = agreement.previous.parties if agreement.previous else None
    return tuple(
        PartySignature(
            party,
            _signer(envelope, keys),
            joining=before is not None and party not in before,
            leaving=party not in agreement.keys,
        )
        for party, keys in keys_that_sign(agreement).items()
    )


def _signer(envelope: Envelope | None, keys: tuple[EnrolledKey, ...]) -> EnrolledKey | None:
    if envelope is None:
        return None
    message = envelope.pae()
    for signature in envelope.signatures:
        for key in keys:
            if key.name == signature.keyid and key.verify(message, signature.sig):
                return key
    return None


def wrong_signatures(agreement: Agreement, envelope: Envelope) -> list[str]:
    """Names of the keys whose signatures in an envelope are wrong, or that nobody knows."""
    before = agreement.previous.parties if agreement.previous else {}
    known = [
        key
        for keys in (*agreement.keys.values(), *before.values())
        for key in keys
        if key.purpose in SIGNING
    ]
    message = envelope.pae()
    return [
        signature.keyid
        for signature in envelope.signatures
        if not any(
            key.name == signature.keyid and key.verify(message, signature.sig) for key in known
        )
    ]


def signed_faults(agreement: Agreement, faults: Faults) -> None:
    """Note what is wrong with the version before and with the signatures."""
    if agreement.document.version > 1:
        _check_previous(agreement, faults)
    if agreement.signed is None:
        return
    if agreement.signed.envelope.payload != agreement.manifest():
        changed = _changed(agreement, agreement.signed)
        what = f"Changed since: {', '.join(changed)}. " if changed else ""
        faults.add(
            SIGNATURES,
            0,
            "signature.text",
            f"What was signed is not what lies here now. {what}".strip(),
            _AGAIN,
        )
        return
    for name in wrong_signatures(agreement, agreement.signed.envelope):
        faults.add(
            SIGNATURES,
            0,
            "signature.wrong",
            f"The signature by {name[:120]} is wrong, or by a key that may not sign.",
            "Have that party sign again, with a key that it has enrolled.",
        )


def _changed(agreement: Agreement, signed: Signed) -> list[str]:
    now = {name: hashlib.sha256(data).hexdigest() for name, data in agreement.files.items()}
    return sorted(name for name in {*now, *signed.files} if now.get(name) != signed.files.get(name))


def _check_previous(agreement: Agreement, faults: Faults) -> None:
    document, previous = agreement.document, agreement.previous
    if previous is None:
        message = f"{PREVIOUS} is not there: who must sign cannot be told without it."
    elif previous.sha256 != document.previous:
        message = f"{PREVIOUS} has the hash {previous.sha256}, not the one of `previous`."
    elif previous.agreement != document.id or previous.version != document.version - 1:
        message = f"{PREVIOUS} is version {previous.version} of {previous.agreement[:60]}."
    elif previous.version == 1 and not all(
        _signer(previous.envelope, tuple(key for key in keys if key.purpose in SIGNING))
        for keys in previous.parties.values()
    ):
        # Later versions may be signed with keys that only the one before them names.
        message = f"{PREVIOUS} was not signed by all of its parties."
    else:
        return
    faults.add(
        PREVIOUS,
        0,
        "version.previous",
        message,
        "Copy agreement.dsse.json of the version that is in force to this name.",
    )
