"""Who has signed what: `agreement.dsse.json`, and `previous.dsse.json` of the version before.

A version is signed by every party of it. If it replaces another, every party of that one signs,
too, with a key of that one: otherwise somebody could enter new keys for a party and sign with them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from detente.agreement.agreement import Agreement
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.faults import Faults
from detente.agreement.folder import PREVIOUS, SIGNATURES
from detente.agreement.signed import Signed
from detente.record import Envelope

SIGNING: Final = ("signing", "officer")
"""Purposes of the keys that sign in a party's name."""

_AGAIN: Final = (
    f"If the change is meant, move {SIGNATURES} away and have everybody sign anew; "
    "if not, restore the files."
)


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
