"""A log in an SQLite file, for one owner.

The data directory holds `log.sqlite` (WAL, synchronous=FULL: a commit is on disk when it returns),
`log.lock` (held by the process that may write) and `snapshots/`. Any number of other processes may
read it meanwhile. All SQLite calls are made by one thread of their own, so that the event loop
never waits for the disk; snapshot files have another, so that a large one does not hold up an
append.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar, cast
from urllib.parse import quote

import apsw

from . import snapshot_files
from .backend import (
    check_append,
    check_body,
    check_expected,
    contiguous,
    each_chunk,
    schema,
    unstoppable,
)
from .keys import sync_directory
from .log import (
    SNAPSHOT_CHUNK_MAX,
    AppendUnknown,
    Chunks,
    Head,
    LogDamaged,
    LogIncompatible,
    LogInUse,
    LogReadOnly,
    LogUnavailable,
    SnapshotDamaged,
    SnapshotInfo,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
)
from .merkle import EMPTY_ROOT

P = ParamSpec("P")
T = TypeVar("T")

_SCHEMA_VERSION = 1
_APPLICATION_ID = 0x44544E54
_WAL_PAGES_MAX = 4000


class SqliteLog:
    """A log in a data directory. Made by `open`."""

    def __init__(self, store: _Store, calls: ThreadPoolExecutor, lock: int | None) -> None:
        self._store = store
        self._calls = calls
        self._files = ThreadPoolExecutor(1, thread_name_prefix="snapshot-files")
        self._snapshots = store.directory / "snapshots"
        self._lock = lock
        self._turn = asyncio.Lock()
        self._known_head: Head | None = None
        self._closed = False

    @classmethod
    async def open(cls, directory: Path, *, read_only: bool = False) -> SqliteLog:
        """Open the log in a directory, making both if needed; `read_only` takes no ownership.

        Raises:
            LogInUse: another process, or another part of this one, owns it.
            LogIncompatible: a newer version made it, or it is something else.
            LogUnavailable: the directory or the file cannot be used.
            LogDamaged: SQLite finds the file corrupt.
        """
        calls = ThreadPoolExecutor(1, thread_name_prefix="sqlite-log")
        loop = asyncio.get_running_loop()
        lock: int | None = None
        try:
            if not read_only:
                lock = await loop.run_in_executor(calls, _own, directory)
            store = await loop.run_in_executor(calls, _Store, directory, read_only)
        except BaseException:
            if lock is not None:
                os.close(lock)
            calls.shutdown(wait=False)
            raise
        log = cls(store, calls, lock)
        if not read_only:
            await loop.run_in_executor(log._files, snapshot_files.sweep, log._snapshots)
        return log

    async def head(self) -> Head:
        """See `Log.head`."""
        return await self._call(self._store.head)

    async def read(self, since: int, limit: int) -> list[bytes]:
        """See `Log.read`."""
        return (await self._call(self._store.tail, since, limit)).bodies

    async def tail(self, since: int, limit: int) -> Tail:
        """See `Log.tail`."""
        return await self._call(self._store.tail, since, limit)

    async def entries(self, since: int, limit: int) -> list[StoredEntry]:
        """See `Log.entries`."""
        return await self._call(self._store.entries, since, limit)

    @asynccontextmanager
    async def writing(self, since: int | None = None) -> AsyncIterator[Writing]:
        """See `Log.writing`."""
        if self._lock is None:
            raise LogReadOnly("The log was opened for reading.")
        async with self._turn:
            # Nobody else can move the head while the lock is ours.
            yield _SqliteWriting(self, self._known_head or await self.head())

    async def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        """See `Log.checkpoints`."""
        return await self._call(self._store.checkpoints, since, limit)

    async def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        """See `Log.checkpoint_at_or_before`."""
        return await self._call(self._store.checkpoint_at_or_before, size)

    async def save_snapshot(
        self, size: int, root: bytes, frontier: bytes, chunks: Chunks
    ) -> SnapshotInfo:
        """See `Log.save_snapshot`. Possible for a reader, too: the files are not the log."""
        directory = self._snapshots
        writer = await self._file_call(
            snapshot_files.SnapshotWriter, directory, size, root, frontier
        )
        try:
            async for chunk in each_chunk(chunks):
                await self._file_call(writer.write, chunk)
            return await self._file_call(writer.finish)
        finally:
            await self._file_call(writer.abandon)

    async def snapshots(self) -> list[SnapshotInfo]:
        """See `Log.snapshots`."""
        return await self._file_call(snapshot_files.list_snapshots, self._snapshots)

    async def load_snapshot(self, info: SnapshotInfo) -> AsyncIterator[bytes]:
        """See `Log.load_snapshot`."""
        sha256, length = hashlib.sha256(), 0
        try:
            file = await self._file_call(snapshot_files.open_body, self._snapshots, info)
            try:
                while chunk := await self._file_call(file.read, SNAPSHOT_CHUNK_MAX):
                    sha256.update(chunk)
                    length += len(chunk)
                    yield chunk
            finally:
                file.close()
        except LogUnavailable as error:
            raise SnapshotDamaged(error.message, where=f"snapshot {info.key}") from error
        check_body(info, length, sha256.digest())

    async def drop_snapshot(self, info: SnapshotInfo) -> None:
        """See `Log.drop_snapshot`."""
        await self._file_call(snapshot_files.delete_snapshot, self._snapshots, info)

    async def close(self) -> None:
        """See `Log.close`."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        try:
            await unstoppable(_awaited(loop.run_in_executor(self._calls, self._store.close)))
        finally:
            self._calls.shutdown(wait=False)
            self._files.shutdown(wait=False)
            if self._lock is not None:
                os.close(self._lock)

    async def _call(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._in(self._calls, call, *args, **kwargs)

    async def _file_call(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._in(self._files, call, *args, **kwargs)
        except OSError as error:
            raise LogUnavailable(
                f"A snapshot cannot be read or written: {error}.", where=str(self._snapshots)
            ) from error

    async def _in(
        self, executor: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._closed:
            raise LogUnavailable("The log has been closed.")
        loop = asyncio.get_running_loop()
        # What a thread has begun cannot be called back, so nobody may go on as if it had been.
        return await unstoppable(
            _awaited(loop.run_in_executor(executor, lambda: call(*args, **kwargs)))
        )


class _SqliteWriting:
    def __init__(self, log: SqliteLog, head: Head) -> None:
        self._log = log
        self._used = False
        self.head = head

    async def read(self, since: int, limit: int) -> list[bytes]:
        return await self._log.read(since, limit)

    async def append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
    ) -> None:
        check_append(self._used, expected_size, bodies, leaf_hashes, head)
        self._used = True
        self._log._known_head = None
        await self._log._call(self._log._store.append, expected_size, bodies, leaf_hashes, head)
        self._log._known_head = head


class _Store:
    """The SQLite calls. Used by one thread only."""

    def __init__(self, directory: Path, read_only: bool) -> None:
        self.directory = directory
        self._path = directory / "log.sqlite"
        if read_only and not self._path.exists():
            raise LogUnavailable("There is no log.", where=str(directory))
        with self._translated():
            self._db = _connect(self._path, read_only)
            try:
                self._prepare(read_only)
            except BaseException:
                self._db.close()
                raise

    def head(self) -> Head:
        with self._translated():
            row = self._db.execute("SELECT size, root, checkpoint FROM head").fetchone()
        if row is None:
            raise LogDamaged("The row that says where the log ends is missing.", where="head")
        size, root, checkpoint = cast(tuple[int, bytes, str], row)
        return Head(size, root, checkpoint)

    def tail(self, since: int, limit: int) -> Tail:
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
        with self._translated():
            rows = self._db.execute(
                "SELECT position, leaf_hash, body FROM entries WHERE position >= ? "
                "ORDER BY position LIMIT ?",
                (since, limit),
            ).fetchall()
        return [StoredEntry(*row) for row in cast(list[tuple[int, bytes, bytes]], rows)]

    def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        with self._translated():
            rows = self._db.execute(
                "SELECT size, note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT ?",
                (since, limit),
            ).fetchall()
        return [StoredCheckpoint(*row) for row in cast(list[tuple[int, str]], rows)]

    def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        with self._translated():
            row = self._db.execute(
                "SELECT size, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1",
                (size,),
            ).fetchone()
        return None if row is None else StoredCheckpoint(*cast(tuple[int, str], row))

    def append(
        self, expected_size: int, bodies: Sequence[bytes], leaf_hashes: Sequence[bytes], head: Head
    ) -> None:
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
                db.execute("COMMIT")
        except BaseException as error:
            self._undo(expected_size, error)
            raise

    def close(self) -> None:
        with contextlib.suppress(apsw.Error):
            self._db.close()

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
        return apsw.Connection(str(path))
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    name = f"file:{quote(str(path.resolve()))}"
    wal = path.with_name(path.name + "-wal")
    if not os.access(path.parent, os.W_OK) and not wal.exists():
        # On read-only media SQLite cannot make the files that readers share; nobody writes either.
        name += "?immutable=1"
    return apsw.Connection(name, flags=flags)


def _own(directory: Path) -> int:
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


async def _awaited(future: asyncio.Future[T]) -> T:
    return await future
