"""An agreement as it lies in a directory: the document, its files, its keys, its signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.agreement.document import Document
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.examine import Parts, examine
from detente.agreement.faults import AgreementUnusable, Fault
from detente.agreement.manifest import manifest_of, terms_of
from detente.agreement.outline import AreaOutline
from detente.agreement.rules import RULES, RulesRegistry
from detente.agreement.signatures import Signed, signed_faults
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
        return manifest_of(self)

    @property
    def sha256(self) -> str:
        """The agreement's hash, 64 hexadecimal digits."""
        return hashlib.sha256(self.manifest()).hexdigest()

    def terms(self) -> Terms:
        """What the record must know of it."""
        return terms_of(self, self.sha256)


def load_agreement(
    directory: Path, *, rules: RulesRegistry = RULES, judge_area: bool = True
) -> Agreement:
    """Read an agreement.

    `judge_area` is off for a copy that was judged when it was made: its area is not read then,
    and no geometry is loaded.

    Raises:
        AgreementUnusable: it has faults; all of them are with the error.
    """
    agreement, faults = read_agreement(directory, rules=rules, judge_area=judge_area)
    if agreement is None or faults:
        raise AgreementUnusable(faults, str(directory))
    return agreement


def check(directory: Path, *, rules: RulesRegistry = RULES) -> list[Fault]:
    """Everything that is wrong with an agreement, by file and line; empty if nothing is."""
    return read_agreement(directory, rules=rules)[1]


def read_agreement(
    directory: Path, *, rules: RulesRegistry = RULES, judge_area: bool = True
) -> tuple[Agreement | None, list[Fault]]:
    """An agreement and its faults: the one is there without the other, or with faults of the
    signatures only."""
    parts, faults = examine(directory, rules, judge_area=judge_area)
    agreement = None if len(faults) else _assemble(parts, rules)
    if agreement is not None:
        signed_faults(agreement, faults)
    return agreement, faults.sorted()


def _assemble(parts: Parts, rules: RulesRegistry) -> Agreement:
    if parts.document is None:
        raise AssertionError("a document without faults is a document")
    return Agreement(
        document=parts.document,
        rules=parts.rules,
        area=parts.area,
        keys=parts.keys,
        files=dict(sorted(parts.files.items())),
        signed=parts.signed,
        previous=parts.previous,
        registry=rules,
    )
