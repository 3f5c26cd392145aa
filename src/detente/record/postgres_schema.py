"""Making the tables of a log in PostgreSQL, while other instances may be doing the same."""

from __future__ import annotations

from typing import Final, cast

import psycopg
from psycopg import sql

from .backend import schema
from .merkle import EMPTY_ROOT
from .postgres_session import Connection, pause

SCHEMA_VERSION: Final = 1
ATTEMPTS: Final = 10
RACED_CREATION: Final = frozenset({"42P06", "42P07", "42710", "23505", "XX000", "40001", "40P01"})
"""What a database answers when two make the same thing at once."""


async def schema_version(connection: Connection, name: str) -> int | None:
    """The version of the log in that schema, if there is one."""
    cursor = await connection.execute(
        "SELECT 1 FROM information_schema.tables "
        "WHERE table_schema = %s AND table_name = 'schema_version'",
        (name,),
    )
    if await cursor.fetchone() is None:
        return None
    cursor = await connection.execute("SELECT version FROM schema_version WHERE id = 1")
    row = await cursor.fetchone()
    return None if row is None else cast(int, row[0])


async def create(connection: Connection, name: str) -> None:
    """Make the log's tables. Another instance may be doing the same: then its results count."""
    statements: list[sql.Composed | bytes] = [
        sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)),
        *schema("postgres_schema.sql").encode().split(b";\n"),
    ]
    for attempt in range(ATTEMPTS):
        try:
            for statement in statements:
                await connection.execute(statement)
            await connection.execute(
                "INSERT INTO head (id, size, root, checkpoint) VALUES (1, 0, %s, '') "
                "ON CONFLICT (id) DO NOTHING",
                (EMPTY_ROOT,),
            )
            await connection.execute(
                "INSERT INTO schema_version (id, version) VALUES (1, %s) "
                "ON CONFLICT (id) DO NOTHING",
                (SCHEMA_VERSION,),
            )
        except psycopg.Error as error:
            if error.sqlstate not in RACED_CREATION or attempt == ATTEMPTS - 1:
                raise
            await pause(attempt)
        else:
            return
