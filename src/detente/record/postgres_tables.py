"""Tables beside a log in PostgreSQL, on a connection of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

import psycopg
from psycopg import sql

from .backend import check_tables, unstoppable
from .log import AppendUnknown, LogReadOnly, LogUnavailable, StatementFailed
from .postgres_schema import ATTEMPTS, RACED_CREATION
from .postgres_session import (
    Connection,
    PostgresSettings,
    Session,
    SharedSession,
    pause,
    reason,
    unavailable,
)
from .statements import SqlRow, SqlValue, Statement, TableSet, for_postgres

_SCRUB_S: Final = 600.0
_OUTCOME_UNKNOWN: Final = "40003"
_BAD_STATEMENT: Final = ("22", "23", "42")  # values, constraints, syntax


class PostgresTables:
    """Questions about tables beside the log, and changes that do not go with an append."""

    def __init__(
        self,
        conninfo: str,
        settings: PostgresSettings,
        tables: Sequence[TableSet],
        *,
        read_only: bool,
    ) -> None:
        self._schema = settings.schema
        self._tables = tuple(tables)
        self._read_only = read_only
        self._reader = SharedSession(conninfo, settings, read_only=read_only)
        self._writer = Session(conninfo, settings, read_only=read_only, writer=True)
        self._turn = asyncio.Lock()
        patient = replace(settings, answer_s=_SCRUB_S, head_wait_s=_SCRUB_S)
        self._scrubber = Session(conninfo, patient, read_only=read_only, writer=True)

    async def prepare(self) -> None:
        """Make the tables, or bring them up to date.

        Raises:
            LogUnavailable: the database cannot be reached, or refuses.
            LogIncompatible: a newer version made them, or there are none to read.
        """
        if not self._tables:
            return
        if not self._read_only:
            await self._reader.run(_make, self._tables)
        found = await self._reader.run(_versions)
        check_tables(self._tables, found, f"schema {self._schema}")

    async def query(self, statement: str, values: Sequence[SqlValue]) -> list[SqlRow]:
        """See `SqlLog.query`."""
        try:
            rows = await self._reader.rows(for_postgres(statement), tuple(values))
        except LogUnavailable as error:
            cause = error.__cause__
            if isinstance(cause, psycopg.Error) and _is_bad_statement(cause):
                raise StatementFailed(error.message, where=statement) from cause
            raise
        return cast(list[SqlRow], rows)

    async def execute(self, statements: Sequence[Statement]) -> None:
        """See `SqlLog.execute`."""
        if self._read_only:
            raise LogReadOnly("The log was opened for reading.")
        await unstoppable(self._execute(statements))

    async def scrub(self, tables: Sequence[str]) -> None:
        """See `SqlLog.scrub`. Only writing a table anew leaves nothing between its rows."""
        if self._read_only:
            raise LogReadOnly("The log was opened for reading.")
        names = sql.SQL(", ").join(sql.Identifier(name) for name in tables)

        async def work(connection: Connection) -> None:
            await connection.execute(sql.SQL("VACUUM (FULL) {}").format(names), prepare=False)

        async with self._turn:
            try:
                await self._scrubber.run_again(work)
            except psycopg.Error as error:
                raise unavailable(error) from error
            finally:
                await self._scrubber.discard()

    async def close(self) -> None:
        """Close the connections for good."""
        async with self._turn:
            await self._writer.close()
            await self._scrubber.close()
        await self._reader.close()

    async def _execute(self, statements: Sequence[Statement]) -> None:
        sent = False

        async def work(connection: Connection) -> None:
            nonlocal sent
            sent = False
            await connection.execute("BEGIN")
            async with connection.pipeline():
                await carry_out(connection, statements)
            sent = True
            await connection.execute("COMMIT")

        async with self._turn:
            for attempt in range(ATTEMPTS):
                try:
                    await self._writer.run(work)
                    return
                except psycopg.Error as error:
                    lost = not self._writer.alive or error.sqlstate == _OUTCOME_UNKNOWN
                    if lost and sent:
                        raise AppendUnknown(
                            f"The commit was sent, but its answer was lost: {reason(error)}"
                        ) from error
                    await self._writer.discard()
                    # A connection that died while nobody used it says nothing about the database.
                    if error.sqlstate not in ("40001", "40P01") and (attempt or not lost):
                        raise failed(error) from error
                    await pause(attempt)
        raise LogUnavailable(f"It could not be written in {ATTEMPTS} attempts.")


async def carry_out(connection: Connection, statements: Sequence[Statement]) -> None:
    """Execute statements within a transaction that the caller has begun."""
    for statement in statements:
        cursor = connection.cursor()
        await cursor.executemany(for_postgres(statement.sql).encode(), statement.rows)


def failed(error: psycopg.Error) -> LogUnavailable | StatementFailed:
    """The error for a database that answers, but did not do what it was told."""
    if _is_bad_statement(error):
        return StatementFailed(f"The database refuses: {reason(error)} ({error.sqlstate})")
    return unavailable(error)


def _is_bad_statement(error: psycopg.Error) -> bool:
    return (error.sqlstate or "").startswith(_BAD_STATEMENT)


async def _make(connection: Connection, tables: Sequence[TableSet]) -> None:
    """Another instance may be doing the same: then its results count."""
    for attempt in range(ATTEMPTS):
        try:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS table_sets "
                "(name text PRIMARY KEY, version bigint NOT NULL)"
            )
            for table_set in tables:
                async with connection.transaction():
                    await _bring_up_to_date(connection, table_set)
        except psycopg.Error as error:
            if error.sqlstate not in RACED_CREATION or attempt == ATTEMPTS - 1:
                raise
            await pause(attempt)
        else:
            return


async def _bring_up_to_date(connection: Connection, table_set: TableSet) -> None:
    await connection.execute(
        "INSERT INTO table_sets (name, version) VALUES (%s, 0) ON CONFLICT (name) DO NOTHING",
        (table_set.name,),
    )
    cursor = await connection.execute(
        "SELECT version FROM table_sets WHERE name = %s FOR UPDATE", (table_set.name,)
    )
    row = await cursor.fetchone()
    found = 0 if row is None else cast(int, row[0])
    if found >= table_set.version:
        return
    for statement in table_set.statements(found):
        await connection.execute(statement.encode(), prepare=False)
    await connection.execute(
        "UPDATE table_sets SET version = %s WHERE name = %s",
        (table_set.version, table_set.name),
    )


async def _versions(connection: Connection) -> dict[str, int]:
    cursor = await connection.execute("SELECT to_regclass('table_sets')")
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return {}
    cursor = await connection.execute("SELECT name, version FROM table_sets")
    return dict(cast(list[tuple[str, int]], await cursor.fetchall()))
