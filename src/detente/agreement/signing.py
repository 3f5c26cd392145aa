"""Signing an agreement, and bringing signatures together that were made on copies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from detente import formats
from detente.agreement.agreement import Agreement
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.faults import AgreementRefused, AgreementUnusable, Faults
from detente.agreement.folder import SIGNATURES, locked, write_file
from detente.agreement.loading import load_agreement
from detente.agreement.rules import RULES, RulesRegistry
from detente.agreement.signatures import keys_that_sign, wrong_signatures
from detente.agreement.signed import SIGNATURES_BYTES_MAX, read_signed
from detente.record import Envelope, Signature, Signer


def sign(directory: Path, signer: Signer, party: str, *, rules: RulesRegistry = RULES) -> str:
    """Add a party's signature to `agreement.dsse.json`; the hash that was signed.

    Signatures of others stay; to sign again changes nothing.

    Raises:
        AgreementUnusable: it has faults, and nothing with faults is signed.
        AgreementRefused: the key is not one of the party's that sign.
        AgreementNotWritten: the file cannot be written.
    """
    with locked(directory):
        agreement = load_agreement(directory, rules=rules)
        key = _key_of(agreement, signer, party)
        envelope = _envelope(agreement)
        made = Signature(key.name, signer.sign(envelope.pae()))
        # A signer may be a separate device: what it gave is looked at before others rely on it.
        if not key.verify(envelope.pae(), made.sig):
            raise AgreementRefused("The signer gave a signature that is wrong.", where=key.name)
        _store(directory, envelope, (made,))
        return agreement.sha256


def merge(directory: Path, other: Path, *, rules: RulesRegistry = RULES) -> tuple[str, ...]:
    """Take signatures from another copy of `agreement.dsse.json`; names of the keys that are new.

    Raises:
        AgreementUnusable: the agreement here has faults, or the other file is unreadable.
        AgreementRefused: it is of another text, or holds a signature that is wrong.
        AgreementNotWritten: the file cannot be written.
    """
    with locked(directory):
        agreement = load_agreement(directory, rules=rules)
        theirs = _read(other)
        if theirs.payload != agreement.manifest():
            raise AgreementRefused(
                "The other file signs another text.",
                where=str(other),
                advice="Compare the two directories with `detente agreement diff`.",
            )
        wrong = wrong_signatures(agreement, theirs)
        if wrong:
            raise AgreementRefused(
                f"The signature by {wrong[0][:120]} is wrong, or by a key that may not sign.",
                where=str(other),
                advice="Nothing was taken over.",
            )
        envelope = _envelope(agreement)
        known = {signature.keyid for signature in envelope.signatures}
        _store(directory, envelope, theirs.signatures)
        return tuple(s.keyid for s in theirs.signatures if s.keyid not in known)


def _key_of(agreement: Agreement, signer: Signer, party: str) -> EnrolledKey:
    keys = keys_that_sign(agreement)
    if party not in keys:
        raise AgreementRefused(
            f"There is no party {party!r}.", advice=f"Parties: {', '.join(keys)}."
        )
    for key in keys[party]:
        if key.name == signer.name and key.public_key == signer.public_key:
            return key
    names = ", ".join(key.name for key in keys[party])
    advice = f"Keys that sign for {party}: {names}."
    if agreement.previous and party in agreement.previous.parties and party in agreement.keys:
        advice += " Who was in the version before signs with a key of that version."
    raise AgreementRefused(
        f"The key {signer.name} does not sign for party {party} here.", advice=advice
    )


def _envelope(agreement: Agreement) -> Envelope:
    if agreement.signed is not None:
        return agreement.signed.envelope
    return Envelope(agreement.manifest(), formats.AGREEMENT_TYPE, ())


def _store(directory: Path, envelope: Envelope, more: Sequence[Signature]) -> None:
    # Sorted, so that copies merged in any order become the same file.
    by_key = {(s.keyid, s.sig): s for s in (*envelope.signatures, *more)}
    signatures = tuple(by_key[at] for at in sorted(by_key))
    if signatures == envelope.signatures:
        return
    made = Envelope(envelope.payload, envelope.payload_type, signatures)
    write_file(directory / SIGNATURES, made.to_json(), replace=True)


def _read(path: Path) -> Envelope:
    faults = Faults()
    try:
        with path.open("rb") as file:
            data = file.read(SIGNATURES_BYTES_MAX + 1)
    except OSError as error:
        raise AgreementRefused(f"It cannot be read: {error.strerror}.", where=str(path)) from None
    signed = read_signed(path.name, data, faults)
    if signed is None:
        raise AgreementUnusable(faults.sorted(), str(path))
    return signed.envelope
