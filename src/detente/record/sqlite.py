"""A log in an SQLite file, for one owner.

The data directory holds `log.sqlite` (WAL, synchronous=FULL: a commit is on disk when it returns),
`log.lock` (held by the process that may write) and `snapshots/`. Any number of other processes may
read it meanwhile. All SQLite calls are made by one thread of their own, so that the event loop
never waits for the disk; snapshot files have another, so that a large one does not hold up an
append.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from . import snapshot_files
from .backend import check_append, check_body, each_chunk, unstoppable
from .log import (
    SNAPSHOT_CHUNK_MAX,
    Chunks,
    Head,
    LogReadOnly,
    LogUnavailable,
    SnapshotDamaged,
    SnapshotInfo,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
)
from .sqlite_store import Store, own
from .statements import SqlRow, SqlValue, Statement, TableSet

P = ParamSpec("P")
T = TypeVar("T")


class SqliteLog:
    """A log in a data directory. Made by `open`."""

    def __init__(self, store: Store, calls: ThreadPoolExecutor, lock: int | None) -> None:
        self._store = store
        self._calls = calls
        self._files = ThreadPoolExecutor(1, thread_name_prefix="snapshot-files")
        # Two, so that a long question does not hold up the short ones of a message on its way.
        self._questions = ThreadPoolExecutor(2, thread_name_prefix="sqlite-queries")
        self._readers: list[Store] = []
        """Connections that nobody uses now."""
        self._snapshots = store.directory / "snapshots"
        self._lock = lock
        self._turn = asyncio.Lock()
        self._known_head: Head | None = None
        self._closed = False

    @classmethod
    async def open(
        cls, directory: Path, *, read_only: bool = False, tables: Sequence[TableSet] = ()
    ) -> SqliteLog:
        """Open the log in a directory, making both if needed; `read_only` takes no ownership.

        `tables` are kept beside it, and made or brought up to date.

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
                lock = await loop.run_in_executor(calls, own, directory)
            store = await loop.run_in_executor(calls, Store, directory, read_only, tables)
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

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        """See `SqlLog.query`. On other connections, so that no append waits for it."""
        return await self._in(self._questions, self._ask, sql, values)

    async def execute(self, statements: Sequence[Statement]) -> None:
        """See `SqlLog.execute`."""
        if self._lock is None:
            raise LogReadOnly("The log was opened for reading.")
        await self._call(self._store.execute, statements)

    async def scrub(self, tables: Sequence[str]) -> None:
        """See `SqlLog.scrub`. All tables are in one file, so all are done."""
        if self._lock is None:
            raise LogReadOnly("The log was opened for reading.")
        await self._call(self._store.scrub)

    async def close(self) -> None:
        """See `Log.close`."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        try:
            await unstoppable(_awaited(loop.run_in_executor(self._calls, self._end_questions)))
            await unstoppable(_awaited(loop.run_in_executor(self._calls, self._store.close)))
        finally:
            self._calls.shutdown(wait=False)
            self._files.shutdown(wait=False)
            if self._lock is not None:
                os.close(self._lock)

    def _ask(self, sql: str, values: Sequence[SqlValue]) -> list[SqlRow]:
        try:
            reader = self._readers.pop()
        except IndexError:
            reader = Store(self._store.directory, read_only=True)
        try:
            return reader.query(sql, values)
        finally:
            self._readers.append(reader)

    def _end_questions(self) -> None:
        self._questions.shutdown()
        for reader in self._readers:
            reader.close()

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
        also: Sequence[Statement] = (),
    ) -> None:
        check_append(self._used, expected_size, bodies, leaf_hashes, head)
        self._used = True
        self._log._known_head = None
        await self._log._call(
            self._log._store.append, expected_size, bodies, leaf_hashes, head, also
        )
        self._log._known_head = head


async def _awaited(future: asyncio.Future[T]) -> T:
    return await future
