"""The seam between what a log means and where it is kept.

A `Log` stores one append-only sequence of byte strings, the head that describes it, the checkpoint
of every batch, and snapshots made by its users. It knows bytes, not meanings: it computes no hash
and checks no signature. `Ledger` does that, over any backend.

What every backend promises:
* `Writing.append` is durable when it returns, whole or not at all.
* Between entering `writing()` and leaving it nobody else can append; leaving without `append`
  changes nothing, and so does a cancelled task. Leaving raises nothing of its own.
* Readers see only what is durable.
* An error says whether something may have been written: `AppendUnknown` is the only one after which
  that is open.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from detente.errors import DetenteError

from .merkle import EMPTY_ROOT
from .statements import SqlRow, SqlValue, Statement


class LogUnavailable(DetenteError):
    """The log cannot be reached or used now; the call that raised this wrote nothing."""

    code: ClassVar[str] = "log.unavailable"


class AppendUnknown(DetenteError):
    """A commit was sent and its answer was lost: only the log itself can tell whether it
    happened."""

    code: ClassVar[str] = "log.append_unknown"


class HeadMoved(DetenteError):
    """Somebody else has appended since the caller looked; nothing was written."""

    code: ClassVar[str] = "log.head_moved"


class LogDamaged(DetenteError):
    """The stored log contradicts itself or what this program has seen of it."""

    code: ClassVar[str] = "log.damaged"


class LogInUse(DetenteError):
    """Another process owns this log's data directory."""

    code: ClassVar[str] = "log.in_use"


class LogIncompatible(DetenteError):
    """The stored log was made by a newer version, or is something else altogether."""

    code: ClassVar[str] = "log.incompatible"


class LogReadOnly(DetenteError):
    """Something was to be written through a log or ledger that was opened for reading."""

    code: ClassVar[str] = "log.read_only"


class StatementFailed(DetenteError):
    """The database refuses a statement on the tables beside a log, by itself or for its values."""

    code: ClassVar[str] = "log.statement"


class SnapshotDamaged(DetenteError):
    """A snapshot is not what was saved, or does not belong to this log; it can be skipped."""

    code: ClassVar[str] = "log.snapshot_damaged"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest durable state of a log.

    Attributes:
        size: number of entries.
        root: RFC 9162 tree hash over them, 32 bytes.
        checkpoint: signed note over both; empty while the log is.
    """

    size: int
    root: bytes
    checkpoint: str


EMPTY_HEAD = Head(0, EMPTY_ROOT, "")


@dataclass(frozen=True, slots=True)
class Tail:
    """A head, and the entries that lead up to it from where somebody stood."""

    head: Head
    bodies: list[bytes]


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry exactly as stored, for those who look for damage."""

    position: int
    leaf_hash: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """The signed note that was stored with the batch that made the log `size` entries long."""

    size: int
    note: str


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """What is known about a stored snapshot without reading its body.

    Attributes:
        key: names it within its log.
        size: number of entries it stands for.
        root: the log's root at that size.
        frontier: `Frontier.to_bytes()` at that size.
        length: bytes in the body.
        sha256: of the body.
        fault: why it cannot be used, when that shows without reading the body.
    """

    key: str
    size: int
    root: bytes
    frontier: bytes
    length: int
    sha256: bytes
    fault: str = ""


SNAPSHOTS_KEPT = 2
SNAPSHOT_CHUNK_MAX = 1 << 20

Chunks = AsyncIterable[bytes] | Iterable[bytes]


class Writing(Protocol):
    """The head, held: nobody else can append until the context that gave this is left."""

    @property
    def head(self) -> Head:
        """The head at the moment it was taken."""

    async def read(self, since: int, limit: int) -> list[bytes]:
        """Bodies of the entries from position `since`, at most `limit`.

        Raises:
            LogUnavailable: the log could not be read.
            LogDamaged: an entry below the head is missing.
        """

    async def append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
        also: Sequence[Statement] = (),
    ) -> None:
        """Add the entries, replace the head and keep its checkpoint, durably and all together;
        then, in the same transaction, execute the statements on the tables beside the log.

        May be called once. A caller that is cancelled meanwhile does not stop the commit.

        Raises:
            HeadMoved: the log does not have `expected_size` entries.
            LogUnavailable: nothing was written.
            StatementFailed: a statement could not be executed; nothing was written.
            AppendUnknown: it may or may not have been written.
        """


class Log(Protocol):
    """Storage of one append-only log."""

    async def head(self) -> Head:
        """The newest durable head.

        Raises:
            LogUnavailable: the log could not be read.
        """

    async def read(self, since: int, limit: int) -> list[bytes]:
        """Bodies of the entries from position `since`, at most `limit`, none beyond the head.

        Raises:
            LogUnavailable: the log could not be read.
            LogDamaged: an entry below the head is missing.
        """

    async def tail(self, since: int, limit: int) -> Tail:
        """The head and the first `limit` entries from `since`, in one look.

        Raises:
            LogUnavailable: the log could not be read.
            LogDamaged: an entry below the head is missing.
        """

    async def entries(self, since: int, limit: int) -> list[StoredEntry]:
        """Whatever is stored from position `since`, with gaps if there are any, at most `limit`.

        Raises:
            LogUnavailable: the log could not be read.
        """

    def writing(self, since: int | None = None) -> AbstractAsyncContextManager[Writing]:
        """Hold the head. `since` names the first entry that the caller has not seen, to save a
        trip.

        Raises:
            LogUnavailable: the log cannot be reached, or somebody else holds the head too long.
            LogReadOnly: the log was opened for reading.
            LogDamaged: an entry below the head is missing.
        """

    async def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        """Stored checkpoints of at least `since` entries, smallest first.

        Raises:
            LogUnavailable: the log could not be read.
        """

    async def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        """The newest stored checkpoint of at most `size` entries, if there is one.

        Raises:
            LogUnavailable: the log could not be read.
        """

    async def save_snapshot(
        self, size: int, root: bytes, frontier: bytes, chunks: Chunks
    ) -> SnapshotInfo:
        """Keep a snapshot of the state after `size` entries; it becomes visible when complete.

        Only the newest two are kept.

        Raises:
            LogUnavailable: it could not be stored; what was there before still is.
        """

    async def snapshots(self) -> list[SnapshotInfo]:
        """Stored snapshots, newest first, unusable ones included (see `SnapshotInfo.fault`).

        Raises:
            LogUnavailable: they could not be listed.
        """

    def load_snapshot(self, info: SnapshotInfo) -> AsyncIterator[bytes]:
        """The body in chunks. Nothing made of them may be used before the iterator has ended.

        Raises:
            SnapshotDamaged: at the latest at the end, if the body is not what was saved.
            LogUnavailable: it could not be read.
        """

    async def drop_snapshot(self, info: SnapshotInfo) -> None:
        """Forget a snapshot; no error if it is gone already.

        Raises:
            LogUnavailable: it could not be deleted.
        """

    async def close(self) -> None:
        """Give everything back. An append under way is finished first."""


class SqlLog(Log, Protocol):
    """A log in a database that keeps tables beside it; `TableSet`s are named when it is opened."""

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        """The rows of a SELECT, with a `?` for each value. Sees only what is durable.

        Raises:
            LogUnavailable: the database could not be asked.
            StatementFailed: it does not understand the question.
        """

    async def execute(self, statements: Sequence[Statement]) -> None:
        """Execute statements in a transaction of their own, durably.

        Raises:
            LogUnavailable: nothing was written.
            LogReadOnly: the log was opened for reading.
            StatementFailed: a statement could not be executed; nothing was written.
            AppendUnknown: it may or may not have been written.
        """

    async def scrub(self, tables: Sequence[str]) -> None:
        """Overwrite what was deleted from these tables, wherever the database's own files have it.

        Replicas, backups and archived write-ahead logs are beyond reach, and so are blocks that a
        file system or disk has freed.

        Raises:
            LogUnavailable: it could not be done; try again.
        """


def missing_entry(position: int, head_size: int) -> LogDamaged:
    """The error for a position that the head counts and the storage does not have."""
    return LogDamaged(
        f"The entry is missing, although the head counts {head_size} entries.",
        where=f"entry {position}",
        advice="Restore the log from a backup or a replica; do not renumber it.",
    )
