"""What a party's record gives and takes: entries, questions, answers, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from detente.errors import DetenteError

from .dsse import Envelope
from .payload import Payload

Clock = Callable[[], datetime]
"""Gives the time, aware, in UTC."""

Random = Callable[[int], bytes]
"""Gives so many random bytes, fit for keys."""

Progress = Callable[[int, int], None]
"""Told how many entries of how many are done."""

Grade = Literal["single", "timestamped", "third-party", "bilateral"]


class RecordRefused(DetenteError):
    """What was to be recorded breaks a rule of the record; nothing was written."""

    code: ClassVar[str] = "record.refused"


class EnvelopeUnverified(RecordRefused):
    """An envelope is not signed, alone and well, by a key that its sender may use now."""

    code: ClassVar[str] = "record.unverified"


class ChainBroken(RecordRefused):
    """An envelope does not follow the newest one of its sender in its channel.

    Attributes:
        expected: the sequence number that is next.
        previous: what its `prev` must be, hexadecimal; None for the first.
    """

    code: ClassVar[str] = "record.chain"

    def __init__(self, message: str, *, where: str, expected: int, previous: str | None) -> None:
        super().__init__(
            message, where=where, advice=f"Send from number {expected} on, in order, unchanged."
        )
        self.expected = expected
        self.previous = previous


class IdentityReused(RecordRefused):
    """An envelope has the id of another one that is not the same."""

    code: ClassVar[str] = "record.reused"


class BlobMissing(RecordRefused):
    """A payload names a blob that is not there, or has another size."""

    code: ClassVar[str] = "record.blob"


class ErasureRefused(RecordRefused):
    """An entry cannot be erased: it is needed to check the others, or is gone already."""

    code: ClassVar[str] = "record.erasure"


class NoSuchEntry(DetenteError):
    """The record has no entry or checkpoint of that number or id."""

    code: ClassVar[str] = "record.no_entry"


class PlaceUnusable(DetenteError):
    """A place holds the record of another party or agreement, or none, or one already."""

    code: ClassVar[str] = "record.place"


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a party's record of one agreement is kept.

    Attributes:
        directory: holds `log.sqlite`, `nodes`, `blobs/` and `tiles/`; owned by one process.
        database: a `postgresql://` URL that holds the log instead of `log.sqlite`.
        schema: the schema in that database; one record each.
    """

    directory: Path
    database: str | None = None
    schema: str = "detente_record"

    @property
    def nodes(self) -> Path:
        """The file of the tree's hashes; it can be made again from the log."""
        return self.directory / "nodes"

    @property
    def blobs(self) -> Path:
        """The directory of blobs."""
        return self.directory / "blobs"

    @property
    def tiles(self) -> Path:
        """Where tiles are published (C2SP tlog-tiles)."""
        return self.directory / "tiles"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a party's log.

    Attributes:
        index: its position.
        leaf: what the tree hashes.
        envelope: the signed envelope; None when erased.
        payload: what the envelope says; None when erased.
        erased_by: index of the entry that states the erasure, if there is one.
    """

    index: int
    leaf: bytes
    envelope: Envelope | None
    payload: Payload | None
    erased_by: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an envelope that was received.

    Attributes:
        entry: where it stands in our log.
        receipt: our receipt; None if it was a receipt itself: those get none.
        known: whether it had been received before.
    """

    entry: Entry
    receipt: Entry | None
    known: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for; whatever is None or empty matches everything.

    Attributes:
        kinds: any of these kinds.
        senders: from any of these parties.
        recipient: addressed to this party by name (broadcasts are not).
        channel: in this channel.
        status: `actual`, `exercise` or `test`.
        since: created at or after.
        until: created before.
        text: occurs in a text of the body, in whatever case.
        first: lowest index.
        last: highest index.
        newest_first: order of the results.
    """

    kinds: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    recipient: str | None = None
    channel: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    first: int = 0
    last: int | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some results of a search, and where to go on.

    Attributes:
        entries: in the order asked for.
        next: give this as `after` for the next page; None if there is none. A page may hold fewer
            entries than asked for, even none, and have a next one: a search looks at so many
            entries at a time.
    """

    entries: list[Entry]
    next: int | None


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """A checkpoint of the log, with everything gathered for it.

    Attributes:
        size: number of entries.
        root: tree hash over them.
        note: signed note with the log's line and those of all cosigners.
        cosigners: names of the witness keys that have cosigned it.
        grade: what they amount to.
        timestamp: RFC 3161 token over the note with the log's line only, if there is one.
    """

    size: int
    root: bytes
    note: str
    cosigners: tuple[str, ...]
    grade: Grade
    timestamp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A contradiction within the record.

    Attributes:
        where: `entry 12`, `checkpoint 40`, `blob …`.
        what: one sentence.
    """

    where: str
    what: str
