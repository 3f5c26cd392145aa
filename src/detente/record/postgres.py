"""A log in PostgreSQL, or in anything that speaks its protocol, for many instances.

Whoever wants to append locks the one row of `head`. That serialises all instances: between taking
the row and committing, an instance sees every entry there is, and nobody can add one. It takes two
round trips: one to lock the head and read what is new, one to add the batch, move the head and
commit.

Plain SQL only. Reads have a connection of their own and never wait for the row; snapshots a third.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

import psycopg

from .backend import check_append, check_expected, contiguous, unstoppable
from .log import (
    AppendUnknown,
    Chunks,
    Head,
    HeadMoved,
    LogDamaged,
    LogIncompatible,
    LogReadOnly,
    LogUnavailable,
    SnapshotInfo,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
)
from .postgres_schema import SCHEMA_VERSION, create, schema_version
from .postgres_session import (
    Connection,
    PostgresSettings,
    Session,
    SharedSession,
    pause,
    reason,
    unavailable,
)
from .postgres_snapshots import PostgresSnapshots
from .postgres_tables import PostgresTables, carry_out, failed
from .statements import SqlRow, SqlValue, Statement, TableSet

_PREFETCH = 2000
_ATTEMPTS = 10

_TRY_AGAIN = frozenset({"40001", "40P01"})  # serialisation failure, deadlock
_HEAD_HELD = "55P03"  # lock not available
_ENDED_IDLE = "25P03"  # idle-in-transaction time-out: the session ended while it waited for us
_OUTCOME_UNKNOWN = "40003"
_DUPLICATE = "23505"
_ZERO_DIVISION = "22012"

_HEAD = "SELECT size, root, checkpoint FROM head WHERE id = 1"
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TAKE_HEAD = f"{_HEAD} FOR UPDATE"
_UNSEEN = (
    "SELECT position, body FROM entries WHERE position >= {since} ORDER BY position LIMIT {limit}"
)
_TAIL = """
    SELECT h.size, h.root, h.checkpoint, e.position, e.body
    FROM head AS h LEFT JOIN LATERAL (
        SELECT position, body FROM entries
        WHERE position >= %s AND position < h.size ORDER BY position LIMIT %s
    ) AS e ON TRUE
    WHERE h.id = 1 ORDER BY e.position"""
_ENTRIES = """
    SELECT position, leaf_hash, body FROM entries WHERE position >= %s ORDER BY position LIMIT %s"""
_CHECKPOINTS = "SELECT size, note FROM checkpoints WHERE size >= %s ORDER BY size LIMIT %s"
_CHECKPOINT = "SELECT size, note FROM checkpoints WHERE size <= %s ORDER BY size DESC LIMIT 1"
# All of it hangs on the head being where it is expected: if it is not, nothing is written.
_APPEND = """
    WITH moved AS (
        UPDATE head SET size = %s, root = %s, checkpoint = %s WHERE id = 1 AND size = %s
        RETURNING id
    ), noted AS (
        INSERT INTO checkpoints (size, note) SELECT %s::bigint, %s::text FROM moved
    )
    INSERT INTO entries (position, leaf_hash, body)
    SELECT added.position, added.leaf_hash, added.body
    FROM moved, unnest(%b::bigint[], %b::bytea[], %b::bytea[])
        AS added (position, leaf_hash, body)"""

_HEAD_MUST_BE = "SELECT 1 / count(*) FROM head WHERE id = 1 AND size = %s AND root = %s"


class PostgresLog:
    """A log in a database. Made by `open`."""

    def __init__(
        self,
        conninfo: str,
        settings: PostgresSettings,
        *,
        read_only: bool,
        tables: Sequence[TableSet] = (),
    ) -> None:
        self._settings = settings
        self._read_only = read_only
        self._tables = PostgresTables(conninfo, settings, tables, read_only=read_only)
        self._writer = Session(conninfo, settings, read_only=read_only, writer=True)
        self._turn = asyncio.Lock()
        self._reader = SharedSession(conninfo, settings, read_only=read_only)
        self._snapshots = PostgresSnapshots(SharedSession(conninfo, settings, read_only=read_only))

    @classmethod
    async def open(
        cls,
        conninfo: str,
        settings: PostgresSettings | None = None,
        *,
        read_only: bool = False,
        tables: Sequence[TableSet] = (),
    ) -> PostgresLog:
        """Connect, and make the tables if there are none (unless `read_only`).

        Args:
            conninfo: a `postgresql://` URL or libpq connection string.
            tables: are kept beside the log, and made or brought up to date.

        Raises:
            LogUnavailable: the database cannot be reached, or refuses.
            LogIncompatible: a newer version made the tables, or there are none to read.
        """
        log = cls(conninfo, settings or PostgresSettings(), read_only=read_only, tables=tables)
        try:
            await log._prepare()
        except BaseException:
            await log.close()
            raise
        return log

    async def head(self) -> Head:
        """See `Log.head`."""
        rows = await self._reader.rows(_HEAD, ())
        return _head(rows[0] if rows else None)

    async def read(self, since: int, limit: int) -> list[bytes]:
        """See `Log.read`."""
        return (await self.tail(since, limit)).bodies

    async def tail(self, since: int, limit: int) -> Tail:
        """See `Log.tail`."""
        rows = await self._reader.rows(_TAIL, (since, limit))
        head = _head(rows[0][:3] if rows else None)
        found = cast(list[tuple[int, bytes]], [row[3:] for row in rows if row[3] is not None])
        return Tail(head, contiguous(found, since, limit, head.size))

    async def entries(self, since: int, limit: int) -> list[StoredEntry]:
        """See `Log.entries`."""
        rows = await self._reader.rows(_ENTRIES, (since, limit))
        return [StoredEntry(*row) for row in cast(list[tuple[int, bytes, bytes]], rows)]

    @asynccontextmanager
    async def writing(self, since: int | None = None) -> AsyncIterator[Writing]:
        """See `Log.writing`."""
        if self._read_only:
            raise LogReadOnly("The log was opened for reading.")
        async with self._turn:
            taking = asyncio.ensure_future(self._take_head(since))
            try:
                yield await asyncio.shield(taking)
            finally:
                if not taking.done():
                    self._writer.abort()
                await unstoppable(self._leave(taking))

    async def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        """See `Log.checkpoints`."""
        rows = await self._reader.rows(_CHECKPOINTS, (since, limit))
        return [StoredCheckpoint(*row) for row in cast(list[tuple[int, str]], rows)]

    async def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        """See `Log.checkpoint_at_or_before`."""
        rows = await self._reader.rows(_CHECKPOINT, (size,))
        return StoredCheckpoint(*cast(tuple[int, str], rows[0])) if rows else None

    async def save_snapshot(
        self, size: int, root: bytes, frontier: bytes, chunks: Chunks
    ) -> SnapshotInfo:
        """See `Log.save_snapshot`."""
        return await self._snapshots.save(size, root, frontier, chunks)

    async def snapshots(self) -> list[SnapshotInfo]:
        """See `Log.snapshots`."""
        return await self._snapshots.list()

    def load_snapshot(self, info: SnapshotInfo) -> AsyncIterator[bytes]:
        """See `Log.load_snapshot`."""
        return self._snapshots.load(info)

    async def drop_snapshot(self, info: SnapshotInfo) -> None:
        """See `Log.drop_snapshot`."""
        await self._snapshots.drop(info)

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        """See `SqlLog.query`. On a connection of its own."""
        return await self._tables.query(sql, values)

    async def execute(self, statements: Sequence[Statement]) -> None:
        """See `SqlLog.execute`."""
        await self._tables.execute(statements)

    async def scrub(self, tables: Sequence[str]) -> None:
        """See `SqlLog.scrub`. Locks the tables while it writes them anew."""
        await self._tables.scrub(tables)

    async def close(self) -> None:
        """See `Log.close`. All connections, even if the caller is cancelled meanwhile."""
        await unstoppable(self._close())

    async def _close(self) -> None:
        async with self._turn, AsyncExitStack() as each:
            for part in (self._snapshots, self._reader, self._tables, self._writer):
                each.push_async_callback(part.close)

    async def _take_head(self, since: int | None) -> _PostgresWriting:
        # One message with several statements, each with its own view of the data: the entries are
        # looked up after the head was waited for. Not a psycopg pipeline: that ends with a flush,
        # at which PostgreSQL forgets the idle-in-transaction limit, and a stalled instance would
        # hold the head for ever.
        statements = [_BEGIN, _TAKE_HEAD]
        if since is not None:
            statements.append(_UNSEEN.format(since=int(since), limit=_PREFETCH))

        async def work(connection: Connection) -> tuple[Head, list[bytes]]:
            cursor = await connection.execute("; ".join(statements).encode(), prepare=False)
            cursor.nextset()
            head = _head(await cursor.fetchone())
            if not cursor.nextset():
                return head, []
            rows = cast(list[tuple[int, bytes]], await cursor.fetchall())
            return head, contiguous(rows, since or 0, _PREFETCH, head.size)

        for attempt in range(_ATTEMPTS):
            try:
                head, unseen = await self._writer.run_again(work)
            except psycopg.Error as error:
                await self._roll_back()
                if error.sqlstate in _TRY_AGAIN:
                    await pause(attempt)
                    continue
                if error.sqlstate == _HEAD_HELD:
                    raise LogUnavailable(
                        "Another instance has held the head for more than "
                        f"{self._settings.head_wait_s:g} s."
                    ) from error
                raise unavailable(error) from error
            return _PostgresWriting(self, head, since, unseen)
        raise LogUnavailable(f"The head could not be taken in {_ATTEMPTS} attempts.")

    async def _append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
        also: Sequence[Statement],
    ) -> None:
        positions = list(range(expected_size, head.size))
        values = (
            *(head.size, head.root, head.checkpoint, expected_size),
            *(head.size, head.checkpoint),
            *(positions, list(leaf_hashes), list(bodies)),
        )

        async def work(connection: Connection) -> tuple[int, str | None]:
            added, ended = connection.cursor(), connection.cursor()
            async with connection.pipeline():
                await added.execute(_APPEND, values)
                if also:
                    # They must not go ahead alone: division by zero ends it, if the head moved.
                    await connection.execute(_HEAD_MUST_BE, (head.size, head.root))
                    await carry_out(connection, also)
                await ended.execute("COMMIT")
            return added.rowcount, ended.statusmessage

        for attempt in range(_ATTEMPTS):
            if not self._writer.still_in_transaction():
                raise self._taken_away()
            try:
                added, ended = await self._writer.run(work)
            except psycopg.Error as error:
                await self._after_failed_append(error, expected_size)
                await pause(attempt)
                check_expected(expected_size, (await self._take_head(None)).head.size)
                continue
            if added == 0 and ended == "COMMIT":
                raise HeadMoved("The head is not where it was.", where=f"entry {expected_size}")
            if added != len(bodies) or ended != "COMMIT":
                raise AppendUnknown(f"The database answered {ended!r} after {added} entries.")
            return
        raise LogUnavailable(f"The entries could not be added in {_ATTEMPTS} attempts.")

    def _taken_away(self) -> LogUnavailable:
        return LogUnavailable(
            "The head was taken away before anything was sent.",
            advice=f"It may be held for {self._settings.head_hold_s:g} s without a word.",
        )

    async def _after_failed_append(self, error: psycopg.Error, expected_size: int) -> None:
        """Returns if the append may be tried again, else raises what has become of it."""
        if error.sqlstate == _ENDED_IDLE:
            raise self._taken_away() from error
        if not self._writer.alive or error.sqlstate == _OUTCOME_UNKNOWN:
            raise AppendUnknown(
                f"The commit was sent, but its answer was lost: {reason(error)}"
            ) from error
        await self._roll_back()
        if error.sqlstate in _TRY_AGAIN:
            return
        if error.sqlstate == _ZERO_DIVISION:
            raise HeadMoved("The head is not where it was.", where=f"entry {expected_size}")
        if error.sqlstate == _DUPLICATE and _is_of_the_log(error):
            raise LogDamaged(
                "There are entries or checkpoints beyond the head.", where=f"entry {expected_size}"
            ) from error
        raise failed(error) from error

    async def _leave(self, taking: asyncio.Future[_PostgresWriting]) -> None:
        """Whatever happened, hold nothing any more."""
        await asyncio.wait({taking})
        if not taking.cancelled():
            taking.exception()  # marks it as seen
        await self._roll_back()

    async def _roll_back(self) -> None:
        if not self._writer.in_transaction:
            return
        try:
            await self._writer.run(_roll_back)
        except psycopg.Error:
            # A session that cannot even roll back is ended, which does it.
            await self._writer.discard()

    async def _prepare(self) -> None:
        found = await self._reader.run(schema_version, self._settings.schema)
        if found is None and not self._read_only:
            await self._reader.run(create, self._settings.schema)
            found = await self._reader.run(schema_version, self._settings.schema)
        where = f"schema {self._settings.schema}"
        if found is None:
            raise LogIncompatible("There is no log in the database.", where=where)
        if found > SCHEMA_VERSION:
            raise LogIncompatible(
                f"Its format is {found}; this version of the program knows {SCHEMA_VERSION}.",
                where=where,
                advice="Use the version that made it, or a later one.",
            )
        await self._tables.prepare()


class _PostgresWriting:
    def __init__(
        self, log: PostgresLog, head: Head, since: int | None, unseen: list[bytes]
    ) -> None:
        self._log = log
        self._since = since
        self._unseen = unseen
        self._used = False
        self.head = head

    async def read(self, since: int, limit: int) -> list[bytes]:
        if since == self._since and (self._unseen or since >= self.head.size):
            return self._unseen[:limit]
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
        check_expected(expected_size, self.head.size)
        self._used = True
        await unstoppable(self._log._append(expected_size, bodies, leaf_hashes, head, also))


def _is_of_the_log(error: psycopg.Error) -> bool:
    return error.diag.table_name in ("entries", "checkpoints")


async def _roll_back(connection: Connection) -> None:
    await connection.execute("ROLLBACK")


def _head(row: tuple[object, ...] | None) -> Head:
    if row is None:
        raise LogDamaged("The row that says where the log ends is missing.", where="head")
    size, root, checkpoint = cast(tuple[int, bytes, str], row)
    return Head(size, root, checkpoint)
