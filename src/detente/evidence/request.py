"""What is asked of an export, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from detente.errors import DetenteError

Scope = Literal["full", "subset"]
Grade = Literal["single", "timestamped", "third-party", "bilateral"]

Progress = Callable[[int, int], None]
"""Called with the number of entries done and their total."""

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of indices, ascending, with gaps between them."""


class ExportRefused(DetenteError):
    """A bundle cannot be made as asked."""

    code: ClassVar[str] = "evidence.refused"


class ExportFailed(DetenteError):
    """A bundle could not be written, or the record is not fit to be shown."""

    code: ClassVar[str] = "evidence.failed"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries to show; an entry must meet every part that is given.

    Attributes:
        ranges: inclusive ranges of indices; empty for any.
        ids: ids of entries; empty for any.
        channels: channels; empty for any.
        kinds: kinds; empty for any.
        since: created at or after this time.
        until: created before this time.
    """

    ranges: Ranges = ()
    ids: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What a bundle shall show.

    Attributes:
        by: names of the officers who ask for it; they stand in the custody entry.
        purpose: why, in words; it stands in the custody entry.
        selection: None for the whole log (scope "full").
        withhold: SHA-256 of blobs that are left out; the bundle lists them.
        single_items: at most so many entries also get files that other people's tools read one by
            one: a Sigstore bundle and a tlog-proof.
        tsa_pem: certificates of the authority whose RFC 3161 timestamps the record holds. None
            leaves the timestamps out.
        overwrite: replace the target if it is there.
        settle: awaited with the size of the log after the custody entry; it may have the newest
            checkpoint cosigned, so that the bundle's own custody entry is covered, too.
    """

    by: tuple[str, ...]
    purpose: str
    selection: Selection | None = None
    withhold: frozenset[str] = frozenset()
    single_items: int = 1000
    tsa_pem: bytes | None = None
    overwrite: bool = False
    settle: Callable[[int], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An export whose custody entry is recorded.

    Attributes:
        export: its id (UUIDv7).
        custody_index: where the custody entry is.
        size: of the log when the items were chosen.
        items: the entries chosen.
        asked_for: those of them that were asked for by themselves, as far as known.
        by: names of those who asked.
        purpose: why.
    """

    export: str
    custody_index: int
    size: int
    items: Ranges
    asked_for: Ranges
    by: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that was written.

    Attributes:
        path: where it is.
        sha256: of the whole file, in hex.
        bytes: its size.
        export: id of the export (UUIDv7), as in the custody entry.
        custody_index: where the custody entry is.
        size: size of the tree that the bundle's checkpoint states.
        scope: "full" or "subset".
        items: the entries shown.
        single_items: those that have files of their own.
        grade: the lowest grade of the items.
        withheld_blobs: hashes of blobs that are named by items and left out.
        missing_blobs: those of them that the record does not hold.
        left_out_timestamps: sizes of the checkpoints whose timestamps were left out, as nobody gave
            the authority's certificates.
    """

    path: Path
    sha256: str
    bytes: int
    export: str
    custody_index: int
    size: int
    scope: Scope
    items: Ranges
    single_items: Ranges
    grade: Grade
    withheld_blobs: tuple[str, ...] = ()
    missing_blobs: tuple[str, ...] = ()
    left_out_timestamps: tuple[int, ...] = ()
