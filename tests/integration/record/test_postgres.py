"""What only a log in PostgreSQL has to cope with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from tests.support.postgres import PostgresServer
from tests.support.records import ONE, TWO, VERIFIERS, append, ledger

from detente.record import (
    AppendUnknown,
    Head,
    HeadMoved,
    Ledger,
    LogIncompatible,
    LogReadOnly,
    LogUnavailable,
    PostgresLog,
    PostgresSettings,
    leaf_hash,
    verify_log,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def opened(url: str) -> AsyncIterator[list[PostgresLog]]:
    """Logs to be closed at the end."""
    logs: list[PostgresLog] = []
    yield logs
    for log in logs:
        await log.close()


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(b"SET search_path = detente")
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description is not None else []


def backend_of(url: str, state: str) -> int:
    """The process id of the one session in that state."""
    ((pid,),) = execute(
        url,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'detente' "
        f"AND datname = current_database() AND state = '{state}'",
    )
    assert isinstance(pid, int)
    return pid


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A server process of ours that does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_instances_that_start_at_once_all_succeed(
    url: str, opened: list[PostgresLog]
) -> None:
    opened += await asyncio.gather(*[PostgresLog.open(url) for _ in range(8)])
    assert len({(await log.head()).root for log in opened}) == 1
    assert execute(url, "SELECT version FROM schema_version") == [(1,)]


async def test_logs_in_different_schemas_are_different(url: str, opened: list[PostgresLog]) -> None:
    names = ("detente", 'odd "name"')
    opened += [await PostgresLog.open(url, PostgresSettings(schema=name)) for name in names]
    await append(ledger(opened[0]), b"a")
    assert (await opened[1].head()).size == 0


async def test_a_newer_format_is_refused(url: str) -> None:
    await (await PostgresLog.open(url)).close()
    execute(url, "UPDATE schema_version SET version = 2")
    with pytest.raises(LogIncompatible, match=r"format is 2.*knows 1"):
        await PostgresLog.open(url)


async def test_reading_needs_a_log_and_makes_none(url: str, opened: list[PostgresLog]) -> None:
    with pytest.raises(LogIncompatible, match="no log"):
        await PostgresLog.open(url, read_only=True)
    opened.append(await PostgresLog.open(url))
    await append(ledger(opened[0]), b"a")
    execute(url, "ALTER DATABASE " + url.split("/")[3].split("?")[0] + " "
            "SET default_transaction_read_only = on")  # fmt: skip
    reader = await PostgresLog.open(url, read_only=True)
    opened.append(reader)
    assert (await verify_log(reader, VERIFIERS)).good
    with pytest.raises(LogReadOnly):
        async with reader.writing():
            pass
    with pytest.raises(LogUnavailable):
        await PostgresLog.open(url)


@pytest.mark.parametrize(
    "conninfo", ["postgresql://[", "postgresql://nobody@/none?host=/nonexistent", "nonsense"]
)
async def test_what_cannot_be_reached_says_so(conninfo: str) -> None:
    with pytest.raises(LogUnavailable):
        await PostgresLog.open(conninfo)


async def test_acknowledged_means_flushed_whatever_the_default(
    url: str, opened: list[PostgresLog]
) -> None:
    name = url.split("/")[3].split("?")[0]
    execute(url, f"ALTER DATABASE {name} SET synchronous_commit = off")
    log = await PostgresLog.open(url)
    opened.append(log)

    async def show(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> object:
        return await (await connection.execute("SHOW synchronous_commit")).fetchone()

    async with log.writing():
        assert await log._writer.run(show) == ("on",)


# --- the head ----------------------------------------------------------------------------------


async def test_a_stalled_holder_loses_the_head(url: str, opened: list[PostgresLog]) -> None:
    settings = PostgresSettings(head_hold_s=0.2, head_wait_s=5.0)
    opened += [await PostgresLog.open(url, settings) for _ in range(2)]
    one, two = ledger(opened[0], ONE), ledger(opened[1], TWO)
    before = one.head
    async with one.writing() as writing:
        await append(two, b"two")  # waits until the server has ended the other session
        with pytest.raises(LogUnavailable, match="taken away"):
            await writing.append([b"one"])
        assert writing.landed is False
    assert one.head == before
    assert not one.uncertain
    assert await one.catch_up() == [b"two"]
    await append(one, b"one")
    assert await two.catch_up() == [b"one"]


async def test_waiting_for_the_head_has_an_end(url: str, opened: list[PostgresLog]) -> None:
    settings = PostgresSettings(head_hold_s=5.0, head_wait_s=0.1)
    opened += [await PostgresLog.open(url, settings) for _ in range(2)]
    async with opened[0].writing():
        with pytest.raises(LogUnavailable, match="Another instance has held the head"):
            async with opened[1].writing():
                pass
    await append(ledger(opened[1]), b"a")


async def test_a_cancelled_waiter_does_not_wait(url: str, opened: list[PostgresLog]) -> None:
    opened += [await PostgresLog.open(url) for _ in range(2)]
    await append(ledger(opened[1]), b"a")
    async with opened[0].writing():
        waiting = asyncio.ensure_future(append(ledger(opened[1]), b"never"))
        await asyncio.sleep(0.05)
        start_s = time.monotonic()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert time.monotonic() - start_s < 1.0
    book = ledger(opened[1])
    await book.catch_up()
    await append(book, b"b")
    assert await opened[0].read(0, 9) == [b"a", b"b"]


def fail_some(url: str, times: int, state: str = "40001") -> None:
    """Let the first inserts fail as a database does that resolves conflicts that way."""
    execute(url, "CREATE SEQUENCE attempts")
    execute(
        url,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('detente.attempts') <= {times} THEN "
        f"RAISE EXCEPTION 'try again' USING ERRCODE = '{state}'; END IF; RETURN NULL; END $$",
    )
    execute(
        url,
        "CREATE TRIGGER refusing AFTER INSERT ON entries FOR EACH STATEMENT "
        "EXECUTE FUNCTION refuse()",
    )


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_serialisation_failures_are_tried_again(
    url: str, opened: list[PostgresLog], state: str
) -> None:
    opened.append(await PostgresLog.open(url))
    fail_some(url, 3, state)
    book = ledger(opened[0])
    await append(book, b"a")
    await append(book, b"b")
    assert (await verify_log(opened[0], VERIFIERS)).good
    assert execute(url, "SELECT last_value FROM attempts") == [(5,)]


async def test_trying_again_has_an_end(url: str, opened: list[PostgresLog]) -> None:
    opened.append(await PostgresLog.open(url))
    fail_some(url, 1000)
    book = ledger(opened[0])
    with pytest.raises(LogUnavailable, match="10 attempts"):
        await append(book, b"a")
    assert not book.uncertain
    assert (await opened[0].head()).size == 0


async def test_who_comes_between_two_attempts_wins(
    url: str, opened: list[PostgresLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened += [await PostgresLog.open(url) for _ in range(2)]
    fail_some(url, 1)
    one, two = ledger(opened[0], ONE), ledger(opened[1], TWO)

    async def let_two_in(attempt: int) -> None:
        await append(two, b"two")

    monkeypatch.setattr("detente.record.postgres.pause", let_two_in)
    async with one.writing() as writing:
        with pytest.raises(HeadMoved):
            await writing.append([b"one"])
        assert writing.landed is False
    assert await one.catch_up() == [b"two"]


@pytest.mark.parametrize("state", ["53100", "57014", "P0001"])
async def test_other_refusals_are_refusals(url: str, opened: list[PostgresLog], state: str) -> None:
    opened.append(await PostgresLog.open(url))
    fail_some(url, 1, state)
    book = ledger(opened[0])
    with pytest.raises(LogUnavailable, match=f"try again.*{state}"):
        await append(book, b"a")
    assert not book.uncertain
    await append(book, b"b")
    assert await opened[0].read(0, 9) == [b"b"]


async def test_a_head_that_moved_under_the_lock_stops_everything(
    url: str, opened: list[PostgresLog]
) -> None:
    """No database should let this happen; if one does, nothing is written."""
    opened.append(await PostgresLog.open(url))
    log = opened[0]
    async with log.writing(0) as writing:
        await log._writer.run(_move_head)
        with pytest.raises(HeadMoved):
            await writing.append(0, [b"a"], [leaf_hash(b"a")], Head(1, b"r", "n"))
    assert await log.entries(0, 9) == []
    assert await log.checkpoints(0, 9) == []


async def _move_head(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    await connection.execute("UPDATE head SET size = 7")


# --- lost connections --------------------------------------------------------------------------


async def test_connections_that_died_idle_are_replaced_unnoticed(
    url: str, opened: list[PostgresLog]
) -> None:
    opened.append(await PostgresLog.open(url))
    book = ledger(opened[0])
    await append(book, b"a")
    await book.catch_up()
    execute(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'detente' AND datname = current_database()",
    )
    assert await book.catch_up() == []
    await append(book, b"b")
    assert await opened[0].snapshots() == []


async def test_a_server_that_is_gone_is_noticed_and_found_again() -> None:
    server = PostgresServer()
    server.start()
    try:
        log = await PostgresLog.open(server.url())
        book = ledger(log)
        await append(book, b"a")
        await asyncio.to_thread(server.kill)
        for _ in range(2):
            with pytest.raises(LogUnavailable):
                await log.head()
            with pytest.raises(LogUnavailable):
                await append(book, b"b")
        # Between two attempts, calls fail at once.
        while "a moment ago" not in await _complaint(log):
            pass
        start_s = time.monotonic()
        await _complaint(log)
        assert time.monotonic() - start_s < 0.1
        await asyncio.to_thread(server.start)
        assert await recovered(book) == []
        await append(book, b"b")
        assert await log.read(0, 9) == [b"a", b"b"]
        await log.close()
    finally:
        server.stop()


async def _complaint(log: PostgresLog) -> str:
    with pytest.raises(LogUnavailable) as caught:
        await log.head()
    return caught.value.message


async def recovered(book: Ledger) -> list[bytes]:
    """Catch up, as soon as that is possible."""
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(LogUnavailable):
                return await book.catch_up()
            await asyncio.sleep(0.02)


async def test_a_close_that_is_cancelled_closes_all_the_same(url: str) -> None:
    log = await PostgresLog.open(url)
    await append(ledger(log), b"a")
    slow = asyncio.create_task(log.query("SELECT pg_sleep(0.2)"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(log.close())
    await asyncio.sleep(0)
    for _ in range(2):
        closing.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await closing
    await slow
    async with await psycopg.AsyncConnection.connect(url) as other:
        async with asyncio.timeout(5):
            while await _ours(other):  # a server says goodbye in its own time
                await other.rollback()


async def _ours(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
    """Connections of ours to that database."""
    found = await connection.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'detente' AND datname = current_database()"
    )
    row = await found.fetchone()
    assert row is not None
    return int(str(row[0]))


async def test_a_reader_does_not_wait_for_ever(url: str, opened: list[PostgresLog]) -> None:
    opened.append(await PostgresLog.open(url, PostgresSettings(answer_s=0.3)))
    await opened[0].head()
    with stopped(backend_of(url, "idle")), pytest.raises(LogUnavailable):
        await opened[0].head()
    assert (await opened[0].head()).size == 0


@pytest.mark.parametrize("landed", [True, False])
async def test_a_commit_without_an_answer_is_settled_only_when_it_is_over(
    url: str, opened: list[PostgresLog], landed: bool
) -> None:
    # Where it does not land, the server ends the session for its silence.
    hold_s = 30.0 if landed else 0.2
    settings = PostgresSettings(answer_s=0.5, head_wait_s=0.3, head_hold_s=hold_s)
    opened.append(await PostgresLog.open(url, settings))
    book = ledger(opened[0])
    await append(book, b"known")
    with contextlib.ExitStack() as silence:
        async with book.writing() as writing:
            pid = backend_of(url, "idle in transaction")
            silence.enter_context(stopped(pid))
            with pytest.raises(AppendUnknown):
                await writing.append([b"unknown"])
        # The head can be read, and does not have the entry. But it may still come.
        assert (await opened[0].head()).size == 1
        with pytest.raises(LogUnavailable):
            await book.catch_up()
        assert book.uncertain
    assert await recovered(book) == ([b"unknown"] if landed else [])
    assert writing.landed is landed
    await append(book, b"next")
    assert (await verify_log(opened[0], VERIFIERS)).good


async def test_snapshots_that_a_crash_left_unfinished_are_never_seen_and_swept(
    url: str, opened: list[PostgresLog]
) -> None:
    opened.append(await PostgresLog.open(url))
    log = opened[0]
    for key, age in (("old", "7 hours"), ("young", "1 hour")):
        execute(
            url,
            "INSERT INTO snapshots (key, size, root, frontier, length, sha256, complete, saved_at) "
            f"VALUES ('{key}', 9, '', '', 0, '', FALSE, now() - interval '{age}')",
        )
        execute(url, f"INSERT INTO snapshot_chunks VALUES ('{key}', 0, 'x')")
    assert await log.snapshots() == []
    info = await log.save_snapshot(0, (await log.head()).root, bytes(8), [b"good"])
    assert await log.snapshots() == [info]
    assert execute(url, "SELECT key FROM snapshots ORDER BY key") == [(info.key,), ("young",)]
    assert execute(url, "SELECT count(*) FROM snapshot_chunks") == [(2,)]


async def test_a_snapshot_deleted_while_it_is_written_is_an_error(
    url: str, opened: list[PostgresLog]
) -> None:
    opened.append(await PostgresLog.open(url))
    log = opened[0]

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"
        execute(url, "DELETE FROM snapshots")

    with pytest.raises(LogUnavailable, match="deleted"):
        await log.save_snapshot(0, (await log.head()).root, bytes(8), chunks())
    assert execute(url, "SELECT count(*) FROM snapshot_chunks") == [(0,)]
