"""An agreement as it lies in a directory: the document, its files, its keys, its signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.agreement.area import AreaOutline
from detente.agreement.document import Document
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.faults import Fault
from detente.agreement.rules import RULES, RulesRegistry
from detente.record import Signer


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement without faults; whether it is in force is another question (`standing`).

    Attributes:
        document: `agreement.toml`.
        rules: sections of rules by name, as the structs that capabilities registered.
        area: the polygons of its area.
        keys: enrolled keys by party, in the order of the document.
        files: every file that is signed, by name, as bytes.
        signed: `agreement.dsse.json`, if there is one.
    """

    document: Document
    rules: Mapping[str, Any]
    area: tuple[AreaOutline, ...]
    keys: Mapping[str, tuple[EnrolledKey, ...]]
    files: Mapping[str, bytes]
    signed: bytes | None

    @property
    def id(self) -> str:
        """Name of the agreement."""
        return self.document.id

    def manifest(self) -> bytes:
        """What is signed: canonical JSON over everything in it."""
        raise NotImplementedError

    @property
    def sha256(self) -> str:
        """The agreement's hash, 64 hexadecimal digits."""
        raise NotImplementedError


def load_agreement(directory: Path, *, rules: RulesRegistry = RULES) -> Agreement:
    """Read an agreement.

    Raises:
        AgreementUnusable: it has faults; all of them are with the error.
    """
    raise NotImplementedError


def check(directory: Path, *, rules: RulesRegistry = RULES) -> list[Fault]:
    """Everything that is wrong with an agreement, by file and line."""
    raise NotImplementedError


def sign(directory: Path, signer: Signer, party: str, *, previous: Path | None = None) -> str:
    """Add a party's signature to `agreement.dsse.json`; the hash that was signed.

    Raises:
        AgreementUnusable: it has faults, and nothing with faults is signed.
        AgreementRefused: the key is not one of the party's, or something else was signed here.
        AgreementNotWritten: the file cannot be written.
    """
    raise NotImplementedError
