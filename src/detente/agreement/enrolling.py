"""Enrolling a party: from its private keys to `enrolments/<party>.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from detente.agreement.document import Document, Party
from detente.agreement.enrolment import (
    ENROLMENT_BYTES_MAX,
    EnrolledKey,
    KeyOffer,
    read_enrolment,
    write_enrolment,
)
from detente.agreement.examine import examine
from detente.agreement.faults import AgreementRefused, AgreementUnusable, Faults
from detente.agreement.folder import ENROLMENTS, locked, write_file
from detente.agreement.rules import RULES, RulesRegistry


def request_enrolment(
    directory: Path,
    party: str,
    offers: Sequence[KeyOffer],
    *,
    out: Path | None = None,
    rules: RulesRegistry = RULES,
) -> tuple[Path, tuple[EnrolledKey, ...]]:
    """Write a party's enrolment: where, and what is in it.

    Args:
        directory: of the agreement.
        party: whose keys they are.
        offers: the keys; each signs its proof. Officers that the document does not name are an
            error, so that nobody is enrolled by oversight.
        out: a file to send to who keeps the directory; by default it goes into the directory.
        rules: sections of rules that are known.

    Raises:
        AgreementUnusable: the document has faults, or the enrolment would have.
        AgreementRefused: there is no such party.
        AgreementNotWritten: there is an enrolment already, or it cannot be written.
    """
    document, found = _party(directory, party, rules)
    data = write_enrolment(document.id, party, offers)
    keys = _read(data, document, found, f"{ENROLMENTS}/{party}.json", directory)
    target = out or directory / ENROLMENTS / f"{party}.json"
    write_file(target, data, replace=False)
    return target, keys


def accept_enrolment(
    directory: Path, file: Path, party: str, *, rules: RulesRegistry = RULES
) -> tuple[EnrolledKey, ...]:
    """Verify the enrolment that another party sent, and put it into the directory.

    Raises:
        AgreementUnusable: the document or the enrolment has faults; nothing was written.
        AgreementRefused: there is no such party, or the file cannot be read.
        AgreementNotWritten: the party is enrolled already, or the file cannot be written.
    """
    document, found = _party(directory, party, rules)
    try:
        with file.open("rb") as opened:
            data = opened.read(ENROLMENT_BYTES_MAX + 1)
    except OSError as error:
        raise AgreementRefused(f"It cannot be read: {error.strerror}.", where=str(file)) from None
    if len(data) > ENROLMENT_BYTES_MAX:
        raise AgreementRefused("It is too large for an enrolment.", where=str(file))
    keys = _read(data, document, found, file.name, file.parent)
    target = directory / ENROLMENTS / f"{party}.json"
    with locked(directory):
        write_file(target, data, replace=False)
        # Only with the others' can it be told that no key stands here twice.
        faults = examine(directory, rules, keys_needed=False)[1]
        if len(faults):
            target.unlink()
            raise AgreementUnusable(faults.sorted(), str(directory))
    return keys


def _party(directory: Path, party: str, rules: RulesRegistry) -> tuple[Document, Party]:
    parts, faults = examine(directory, rules, keys_needed=False)
    if len(faults) or parts.document is None:
        raise AgreementUnusable(faults.sorted(), str(directory))
    found = parts.document.party(party)
    if found is None:
        names = ", ".join(each.id for each in parts.document.parties)
        raise AgreementRefused(f"There is no party {party[:60]!r}.", advice=f"Parties: {names}.")
    return parts.document, found


def _read(
    data: bytes, document: Document, party: Party, name: str, directory: Path
) -> tuple[EnrolledKey, ...]:
    faults = Faults()
    keys = read_enrolment(name, data, document, party, faults)
    if len(faults):
        raise AgreementUnusable(faults.sorted(), str(directory))
    return keys
