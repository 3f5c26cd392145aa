"""An agreement: the document, its files, its keys, its signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detente.agreement.document import Document
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.manifest import manifest_of, terms_of
from detente.agreement.outline import AreaOutline
from detente.agreement.rules import RulesRegistry
from detente.agreement.signed import Signed
from detente.record import Terms


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
        previous: `previous.dsse.json`: the signed manifest that this version replaces.
        registry: sections of rules that were known when it was read.
    """

    document: Document
    rules: Mapping[str, Any]
    area: tuple[AreaOutline, ...]
    keys: Mapping[str, tuple[EnrolledKey, ...]]
    files: Mapping[str, bytes]
    signed: Signed | None
    previous: Signed | None
    registry: RulesRegistry

    @property
    def id(self) -> str:
        """Name of the agreement."""
        return self.document.id

    def manifest(self) -> bytes:
        """What is signed: canonical JSON over everything in it."""
        return manifest_of(self.document, self.keys, self.files)

    @property
    def sha256(self) -> str:
        """The agreement's hash, 64 hexadecimal digits."""
        return hashlib.sha256(self.manifest()).hexdigest()

    def terms(self) -> Terms:
        """What the record must know of it."""
        return terms_of(self.document, self.keys, self.sha256)
