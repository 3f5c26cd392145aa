"""What a verification says: facts first, then sentences in two languages made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import Finding

Names = Mapping[str, str]
"""A name by language tag."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same statement in both languages."""

    en: str
    fr: str


@dataclass(frozen=True, slots=True)
class PartyShown:
    """A party as the signed agreement names it.

    Attributes:
        id: its id in the agreement.
        names: by language.
        officers: key name and holder of each officer key.
        pinned: one of its keys, or the agreement, was given by the reader.
    """

    id: str
    names: Names
    officers: tuple[tuple[str, str], ...]
    pinned: bool


@dataclass(frozen=True, slots=True)
class ItemShown:
    """One entry that is shown, and what is proven about it.

    Attributes:
        index: position in the log.
        kind: of the payload; empty when erased.
        sender: party id, and `author`: the name of the key that signed.
        created: as the author states it.
        status: actual, exercise or test.
        receipts: (party id, log origin, index there) of each receipt.
        acknowledgements: (party id, key name, holder, index here) of each.
        believed: False when its key was revoked afterwards.
    """

    index: int
    id: str
    kind: str
    sender: str
    author: str
    holder: str
    channel: str
    created: str
    status: str
    payload_sha256: str
    grade: str
    receipts: tuple[tuple[str, str, int], ...] = ()
    acknowledgements: tuple[tuple[str, str, str, int], ...] = ()
    believed: bool = True


@dataclass(frozen=True, slots=True)
class CheckpointShown:
    """A checkpoint that was verified.

    Attributes:
        size: entries that it covers; `root`: hex.
        cosigners: (name, "party" or "neutral", POSIX seconds) of each good cosignature.
        quorum: whether the agreement's policy is met.
        timestamps: "checked <time> <authority>" or "not checked", one for each token.
    """

    size: int
    root: str
    cosigners: tuple[tuple[str, str, int], ...]
    quorum: bool
    timestamps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one verification.

    Attributes:
        proven: no finding refuses the bundle.
        exit_code: 0 proven, 1 refused.
        grade: lowest grade of the items, "" when none could be found.
        findings: at most `errors.FINDINGS_KEPT`; `finding_counts` counts all by code.
        first, last: created times of the earliest and latest item, as stated by their authors.
        items: the entries that are not of the record's own bookkeeping, at most
            `statements.ITEMS_SHOWN` of `message_count`.
        statements: what is proven; `limits`: what is not. Both languages.
    """

    bundle: str
    proven: bool
    exit_code: int
    grade: str
    accepted: str
    agreement_id: str
    agreement_sha256: str
    agreement_version: int
    agreement_title: Names
    pinned: bool
    origin: str
    party: str
    scope: str
    size: int
    item_count: int
    erased_count: int
    withheld_blobs: int
    kinds: Mapping[str, int]
    first: str
    last: str
    exported_at: str
    exported_by: tuple[str, ...]
    parties: tuple[PartyShown, ...]
    checkpoints: tuple[CheckpointShown, ...]
    items: tuple[ItemShown, ...]
    message_count: int
    findings: tuple[Finding, ...]
    finding_counts: Mapping[str, int]
    statements: tuple[Sentence, ...]
    limits: tuple[Sentence, ...]
