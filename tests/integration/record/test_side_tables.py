from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
from tests.support.postgres import PostgresServer
from tests.support.records import append, ledger

from detente.record import (
    Head,
    HeadMoved,
    LogIncompatible,
    LogReadOnly,
    MemoryLog,
    PostgresLog,
    PostgresSettings,
    SqliteLog,
    SqlLog,
    Statement,
    StatementFailed,
    TableSet,
    leaf_hash,
)

ONE = "CREATE TABLE t_words (n bigint PRIMARY KEY, word text NOT NULL, raw bytea);\n"
TWO = "ALTER TABLE t_words ADD COLUMN more text;\nCREATE INDEX t_index ON t_words (word);\n"
WORDS = TableSet("t", (ONE,))
INSERT = "INSERT INTO t_words (n, word, raw) VALUES (?, ?, ?)"

Open = Callable[..., Awaitable[SqlLog]]


@pytest.fixture(params=["sqlite", "postgres"])
async def opened(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Open]:
    """Opens the same log again and again, one at a time."""
    schema = f"t{secrets.token_hex(6)}"
    last: list[SqlLog] = []

    async def open_it(*tables: TableSet, read_only: bool = False) -> SqlLog:
        while last and not read_only:
            await last.pop().close()
        if request.param == "sqlite":
            log: SqlLog = await SqliteLog.open(tmp_path, tables=tables, read_only=read_only)
        else:
            server = cast(PostgresServer, request.getfixturevalue("postgres"))
            log = await PostgresLog.open(
                server.url(), PostgresSettings(schema=schema), tables=tables, read_only=read_only
            )
        last.append(log)
        return log

    yield open_it
    for log in last:
        await log.close()


async def add(log: SqlLog, bodies: Sequence[bytes], also: Sequence[Statement]) -> Head:
    book = ledger(log)
    await book.catch_up()
    async with book.writing() as writing:
        return await writing.append(bodies, also)


async def test_rows_are_written_with_the_entries(opened: Open) -> None:
    log = await opened(WORDS)
    rows = [(1, "one ? 100 %", b"\0\xff"), (2, "zwei", None)]

    head = await add(log, [b"x"], [Statement(INSERT, rows)])

    assert head.size == 1
    assert await log.query("SELECT n, word, raw FROM t_words ORDER BY n") == rows
    found = await log.query("SELECT word FROM t_words WHERE n > ? AND word LIKE ?", (0, "%100%"))
    assert found == [("one ? 100 %",)]
    again = await opened(WORDS)
    assert await again.query("SELECT count(*) FROM t_words") == [(2,)]


@pytest.mark.parametrize(
    "bad",
    [
        Statement(INSERT, [(7, None, None)]),
        Statement(INSERT, [(7, "twice", None), (7, "twice", None)]),
        Statement("INSERT INTO t_nowhere VALUES (?)", [(1,)]),
        Statement("INSERT INTO t_words (n, word) VALUES (?, ?)", [("no number", "x")]),
    ],
)
async def test_what_a_table_refuses_takes_the_entries_with_it(opened: Open, bad: Statement) -> None:
    log = await opened(WORDS)
    book = ledger(log)
    good = Statement(INSERT, [(1, "one", None)])

    with pytest.raises(StatementFailed):
        async with book.writing() as writing:
            await writing.append([b"x"], [good, bad])

    assert writing.landed is False
    assert await log.query("SELECT * FROM t_words") == []
    assert (await log.head()).size == 0
    async with book.writing() as writing:
        assert (await writing.append([b"y"], [good])).size == 1


async def test_rows_do_not_go_ahead_of_entries_that_cannot(opened: Open) -> None:
    log = await opened(WORDS)
    async with log.writing(0) as writing:
        with pytest.raises(HeadMoved):
            await writing.append(
                5, [b"x"], [leaf_hash(b"x")], Head(6, bytes(32), "note"),
                [Statement(INSERT, [(1, "one", None)])],
            )  # fmt: skip

    assert await log.query("SELECT * FROM t_words") == []
    await append(ledger(log), b"x")


async def test_statements_alone_are_all_or_nothing(opened: Open) -> None:
    log = await opened(WORDS)
    good = Statement(INSERT, [(1, "one", None)])

    with pytest.raises(StatementFailed):
        await log.execute([good, Statement(INSERT, [(1, "again", None)])])
    assert await log.query("SELECT * FROM t_words") == []
    await log.execute([good, Statement("UPDATE t_words SET word = ? WHERE n = ?", [("uno", 1)])])

    assert await log.query("SELECT word FROM t_words") == [("uno",)]
    with pytest.raises(StatementFailed):
        await log.query("SELECT nothing FROM t_words")
    await log.scrub(["t_words"])
    assert await log.query("SELECT word FROM t_words") == [("uno",)]


async def test_tables_are_brought_up_to_date(opened: Open) -> None:
    log = await opened(WORDS)
    await log.execute([Statement(INSERT, [(1, "one", None)])])
    newer = TableSet("t", (ONE, TWO))

    with pytest.raises(LogIncompatible, match="version 1, not 2"):
        await opened(newer, read_only=True)
    log = await opened(newer)
    assert await log.query("SELECT n, word, more FROM t_words") == [(1, "one", None)]

    with pytest.raises(LogIncompatible, match="version 2, not 1"):
        await opened(WORDS)
    again = await opened(newer)
    assert await again.query("SELECT count(*) FROM t_words") == [(1,)]


async def test_a_reader_cannot_change_tables(opened: Open) -> None:
    log = await opened(WORDS)
    await log.execute([Statement(INSERT, [(1, "one", None)])])

    reader = await opened(WORDS, read_only=True)

    assert await reader.query("SELECT word FROM t_words") == [("one",)]
    with pytest.raises(LogReadOnly):
        await reader.execute([Statement(INSERT, [(2, "two", None)])])
    with pytest.raises(LogReadOnly):
        await reader.scrub(["t_words"])


async def test_a_log_in_memory_has_no_tables(anyio_backend: str) -> None:
    book = ledger(MemoryLog())
    async with book.writing() as writing:
        with pytest.raises(StatementFailed):
            await writing.append([b"x"], [Statement("SELECT 1")])
    assert writing.landed is False
    await append(book, b"x")


@pytest.mark.parametrize("name", ["", "Words", "a b", "1a"])
def test_sets_of_tables_have_plain_names(name: str) -> None:
    with pytest.raises(ValueError, match="set of tables"):
        TableSet(name, (ONE,))
