"""The SQLite calls of a log: blocking, for a thread of their own."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import quote

import apsw

from .backend import check_expected, check_tables, contiguous, schema
from .keys import sync_directory
from .log import (
    AppendUnknown,
    Head,
    LogDamaged,
    LogIncompatible,
    LogInUse,
    LogUnavailable,
    StatementFailed,
    StoredCheckpoint,
    StoredEntry,
    Tail,
)
from .merkle import EMPTY_ROOT
from .statements import SqlRow, SqlValue, Statement, TableSet, for_sqlite

_SCHEMA_VERSION = 1
_APPLICATION_ID = 0x44544E54
_WAL_PAGES_MAX = 4000


class Store:
    """One connection to the file. Used by one thread at a time.

    Args:
        directory: that of the log.
        read_only: whether the log itself must not be written.
        tables: what is kept beside it; made, or brought up to date, unless `read_only`.

    Raises:
        LogUnavailable: there is no log, or it cannot be used.
        LogIncompatible: a newer version made it, or it is something else.
        LogDamaged: SQLite finds the file corrupt.
    """

    def __init__(self, directory: Path, read_only: bool, tables: Sequence[TableSet] = ()) -> None:
        self.directory = directory
        self._path = directory / "log.sqlite"
        if read_only and not self._path.exists():
            raise LogUnavailable("There is no log.", where=str(directory))
        with self._translated():
            self._db = _connect(self._path, read_only)
            try:
                self._prepare(read_only)
                self._prepare_tables(read_only, tables)
            except BaseException:
                self._db.close()
                raise

    def head(self) -> Head:
        """The head."""
        with self._translated():
            row = self._db.execute("SELECT size, root, checkpoint FROM head").fetchone()
        if row is None:
            raise LogDamaged("The row that says where the log ends is missing.", where="head")
        size, root, checkpoint = cast(tuple[int, bytes, str], row)
        return Head(size, root, checkpoint)

    def tail(self, since: int, limit: int) -> Tail:
        """See `Log.tail`."""
        with self._translated(), self._one_look():
            head = self.head()
            end = min(head.size, since + limit)
            rows = self._db.execute(
                "SELECT position, body FROM entries WHERE position >= ? AND position < ? "
                "ORDER BY position",
                (since, end),
            ).fetchall()
        return Tail(head, contiguous(cast(list[tuple[int, bytes]], rows), since, limit, head.size))

    def entries(self, since: int, limit: int) -> list[StoredEntry]:
        """See `Log.entries`."""
        with self._translated():
            rows = self._db.execute(
                "SELECT position, leaf_hash, body FROM entries WHERE position >= ? "
                "ORDER BY position LIMIT ?",
                (since, limit),
            ).fetchall()
        return [StoredEntry(*row) for row in cast(list[tuple[int, bytes, bytes]], rows)]

    def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        """See `Log.checkpoints`."""
        with self._translated():
            rows = self._db.execute(
                "SELECT size, note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT ?",
                (since, limit),
            ).fetchall()
        return [StoredCheckpoint(*row) for row in cast(list[tuple[int, str]], rows)]

    def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        """See `Log.checkpoint_at_or_before`."""
        with self._translated():
            row = self._db.execute(
                "SELECT size, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1",
                (size,),
            ).fetchone()
        return None if row is None else StoredCheckpoint(*cast(tuple[int, str], row))

    def append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
        also: Sequence[Statement],
    ) -> None:
        """See `Writing.append`."""
        db = self._db
        try:
            with self._translated():
                db.execute("BEGIN IMMEDIATE")
                check_expected(expected_size, self.head().size)
                try:
                    db.executemany(
                        "INSERT INTO entries (position, leaf_hash, body) VALUES (?, ?, ?)",
                        zip(
                            range(expected_size, head.size),
                            leaf_hashes,
                            bodies,
                            strict=True,
                        ),
                    )
                    db.execute(
                        "INSERT INTO checkpoints (size, note) VALUES (?, ?)",
                        (head.size, head.checkpoint),
                    )
                except apsw.ConstraintError:
                    raise LogDamaged(
                        "There are entries or checkpoints beyond the head.",
                        where=f"entry {expected_size}",
                    ) from None
                db.execute(
                    "UPDATE head SET size = ?, root = ?, checkpoint = ?",
                    (head.size, head.root, head.checkpoint),
                )
                self._carry_out(also)
                db.execute("COMMIT")
        except BaseException as error:
            self._undo(expected_size, error)
            raise

    def query(self, sql: str, values: Sequence[SqlValue]) -> list[SqlRow]:
        """See `SqlLog.query`."""
        with self._translated():
            try:
                return cast(list[SqlRow], self._db.execute(sql, tuple(values)).fetchall())
            except apsw.SQLError as error:
                raise StatementFailed(f"SQLite reports: {error}.", where=sql) from error

    def execute(self, statements: Sequence[Statement]) -> None:
        """See `SqlLog.execute`."""
        db = self._db
        sent = False
        try:
            with self._translated():
                db.execute("BEGIN IMMEDIATE")
                self._carry_out(statements)
                sent = True
                db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(apsw.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
                    sent = False
            if sent and isinstance(error, LogUnavailable):
                raise AppendUnknown(
                    f"It is not known whether this was written: {error.message}",
                    where=str(self._path),
                ) from error
            raise

    def scrub(self) -> None:
        """See `SqlLog.scrub`: deleted content is overwritten at once, but the WAL has it still."""
        with self._translated():
            # A reader's statement may keep the WAL for a moment: the busy timeout waits for it.
            row = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if row is None or row[0] != 0:
            raise LogUnavailable(
                "Another process is reading, so the write-ahead log cannot be emptied.",
                where=str(self._path),
                advice="Try again when it has ended.",
            )

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(apsw.Error):
            self._db.close()

    def _carry_out(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            try:
                self._db.executemany(statement.sql, statement.rows)
            except (apsw.ConstraintError, apsw.SQLError, apsw.MismatchError) as error:
                raise StatementFailed(f"SQLite reports: {error}.", where=statement.sql) from error

    def _prepare_tables(self, read_only: bool, tables: Sequence[TableSet]) -> None:
        if not tables:
            return
        db = self._db
        if read_only:
            check_tables(tables, self._table_versions(), str(self._path))
            return
        # What is deleted beside the log was deleted because it must not be read any more.
        db.pragma("secure_delete", "ON")
        db.execute("BEGIN IMMEDIATE")
        try:
            db.execute(
                "CREATE TABLE IF NOT EXISTS table_sets "
                "(name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT"
            )
            found = self._table_versions()
            for table_set in tables:
                for statement in table_set.statements(found.get(table_set.name, 0)):
                    db.execute(for_sqlite(statement))
                if found.get(table_set.name, 0) < table_set.version:
                    db.execute(
                        "INSERT INTO table_sets (name, version) VALUES (?, ?) "
                        "ON CONFLICT (name) DO UPDATE SET version = excluded.version",
                        (table_set.name, table_set.version),
                    )
            check_tables(tables, self._table_versions(), str(self._path))
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def _table_versions(self) -> dict[str, int]:
        known = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'table_sets'").fetchone()
        if known is None:
            return {}
        rows = self._db.execute("SELECT name, version FROM table_sets").fetchall()
        return dict(cast(list[tuple[str, int]], rows))

    def _undo(self, expected_size: int, error: BaseException) -> None:
        """Make sure that a failed append left nothing, or say that this is not known."""
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            unchanged = self.head().size == expected_size
        except (apsw.Error, LogUnavailable, LogDamaged):
            unchanged = False
        if not unchanged and isinstance(error, LogUnavailable):
            raise AppendUnknown(
                f"It is not known whether the entries were written: {error.message}",
                where=str(self._path),
            ) from error

    def _prepare(self, read_only: bool) -> None:
        db = self._db
        db.set_busy_timeout(5000)
        application = db.pragma("application_id")
        version = db.pragma("user_version")
        empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
        if (empty and read_only) or (not empty and application != _APPLICATION_ID):
            raise LogIncompatible("It is not a log of this program.", where=str(self._path))
        if cast(int, version) > _SCHEMA_VERSION:
            raise LogIncompatible(
                f"Its format is {version}; this version of the program knows {_SCHEMA_VERSION}.",
                where=str(self._path),
                advice="Use the version that wrote it, or a later one.",
            )
        if read_only:
            return
        if db.pragma("journal_mode", "wal") != "wal":
            raise LogUnavailable(
                "The file system does not support write-ahead logging.",
                where=str(self._path),
                advice="Use a local disk.",
            )
        db.pragma("synchronous", "FULL")
        db.pragma("wal_autocheckpoint", _WAL_PAGES_MAX)
        if empty:
            with db:
                for statement in schema("sqlite_schema.sql").split(";\n"):
                    db.execute(statement)
                db.execute(
                    "INSERT INTO head (id, size, root, checkpoint) VALUES (1, 0, ?, '')",
                    (EMPTY_ROOT,),
                )
                db.pragma("application_id", _APPLICATION_ID)
                db.pragma("user_version", _SCHEMA_VERSION)
            sync_directory(self.directory)

    @contextmanager
    def _one_look(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise LogDamaged(
                f"SQLite cannot read the file: {error}.",
                where=str(self._path),
                advice="Keep a copy of the file, then restore it from a backup.",
            ) from error
        except apsw.Error as error:
            raise LogUnavailable(
                f"SQLite reports: {error} ({type(error).__name__}).", where=str(self._path)
            ) from error


def _connect(path: Path, read_only: bool) -> apsw.Connection:
    if not read_only:
        # SQLite would let everybody read it, and its other files take their mode from it.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return apsw.Connection(str(path))
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    name = f"file:{quote(str(path.resolve()))}"
    wal = path.with_name(path.name + "-wal")
    if not os.access(path.parent, os.W_OK) and not wal.exists():
        # On read-only media SQLite cannot make the files that readers share; nobody writes either.
        name += "?immutable=1"
    return apsw.Connection(name, flags=flags)


def own(directory: Path) -> int:
    """Become the one process that writes here. Returns the lock's file descriptor."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / "log.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LogUnavailable(f"It cannot be used: {error}.", where=str(directory)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(handle, 32, 0).decode(errors="replace").strip()
        os.close(handle)
        raise LogInUse(
            f"Process {owner or 'unknown'} is using this log.",
            where=str(directory),
            advice="Stop it, or give this program a data directory of its own.",
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle
