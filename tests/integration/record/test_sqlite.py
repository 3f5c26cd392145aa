# ruff: noqa: ASYNC240  # a test may wait for the disk
"""What only a log in SQLite files has to cope with."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.integration.record.test_crashes import start
from tests.support.records import VERIFIERS, append, collect, fill, ledger

from detente.record import (
    LogDamaged,
    LogIncompatible,
    LogInUse,
    LogReadOnly,
    LogUnavailable,
    SqliteLog,
    restore_newest,
    verify_log,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    made = await SqliteLog.open(tmp_path / "data")
    yield made
    await made.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_a_directory_has_one_owner(log: SqliteLog, data: Path) -> None:
    with pytest.raises(LogInUse, match=f"Process {os.getpid()} is using"):
        await SqliteLog.open(data)
    await log.close()
    await (await SqliteLog.open(data)).close()


async def test_the_owner_may_be_another_process_until_it_is_killed(data: Path) -> None:
    process = await start(f"sqlite:{data}", "one")
    with pytest.raises(LogInUse, match=f"Process {process.pid} is using"):
        await SqliteLog.open(data)
    process.kill()
    await process.wait()
    log = await SqliteLog.open(data)
    assert (await verify_log(log, VERIFIERS)).good
    await log.close()


async def test_others_may_read_while_the_owner_writes(data: Path) -> None:
    process = await start(f"sqlite:{data}", "one")
    reader = await SqliteLog.open(data, read_only=True)
    book = ledger(reader, None)
    seen = 0
    while seen < 200:
        seen += len(await book.catch_up())
    report = await verify_log(reader, VERIFIERS)
    assert report.good
    assert report.size >= 200
    with pytest.raises(LogReadOnly):
        async with reader.writing():
            pass
    process.kill()
    await process.wait()
    await reader.close()


async def test_a_reader_may_make_the_owners_snapshots(log: SqliteLog, data: Path) -> None:
    await fill(ledger(log), [[b"a"], [b"b"]])
    reader = await SqliteLog.open(data, read_only=True)
    book = ledger(reader, None)
    await book.catch_up()
    await book.save_snapshot(book.size, book.frontier, [b"state"])
    await reader.close()
    restored = await restore_newest(log, collect, lambda damage: None, VERIFIERS)
    assert restored is not None
    assert (restored.state, restored.info.size) == (b"state", 2)


async def test_a_killed_owners_log_can_be_read_without_owning_it(data: Path) -> None:
    process = await start(f"sqlite:{data}", "one", 50)
    await process.wait()
    process = await start(f"sqlite:{data}", "one")
    assert process.stdout is not None
    await process.stdout.readline()
    process.kill()
    await process.wait()
    reader = await SqliteLog.open(data, read_only=True)
    assert (await verify_log(reader, VERIFIERS)).good
    await reader.close()


async def test_reading_makes_nothing(data: Path) -> None:
    with pytest.raises(LogUnavailable, match="no log"):
        await SqliteLog.open(data, read_only=True)
    assert not data.exists()


async def test_evidence_on_read_only_media_can_be_read(
    log: SqliteLog, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(ledger(log), b"a")
    await log.close()
    before = sorted(data.iterdir())
    assert data / "log.sqlite-wal" not in before
    # For root everything is writable, so the answer has to be made up.
    monkeypatch.setattr(os, "access", lambda *_: False)
    reader = await SqliteLog.open(data, read_only=True)
    assert await reader.read(0, 9) == [b"a"]
    await reader.close()
    assert sorted(data.iterdir()) == before


async def test_commits_are_synchronous(log: SqliteLog) -> None:
    async with log.writing():
        assert log._store._db.pragma("journal_mode") == "wal"
        assert log._store._db.pragma("synchronous") == 2


async def test_another_program_s_database_is_left_alone(data: Path) -> None:
    data.mkdir()
    other = apsw.Connection(str(data / "log.sqlite"))
    other.execute("CREATE TABLE precious (x)")
    other.close()
    for read_only in (False, True):
        with pytest.raises(LogIncompatible, match="not a log"):
            await SqliteLog.open(data, read_only=read_only)


async def test_a_newer_format_is_refused(log: SqliteLog, data: Path) -> None:
    await log.close()
    other = apsw.Connection(str(data / "log.sqlite"))
    other.pragma("user_version", 2)
    other.close()
    for read_only in (False, True):
        with pytest.raises(LogIncompatible, match=r"format is 2.*knows 1"):
            await SqliteLog.open(data, read_only=read_only)


async def test_a_file_that_is_no_database_is_damage(data: Path) -> None:
    data.mkdir()
    (data / "log.sqlite").write_bytes(b"not a database " * 1000)
    with pytest.raises(LogDamaged, match=r"log\.sqlite"):
        await SqliteLog.open(data)


async def test_torn_pages_are_damage(log: SqliteLog, data: Path) -> None:
    await fill(ledger(log), [[b"x" * 3000] * 50])
    await log.close()
    path = data / "log.sqlite"
    content = bytearray(path.read_bytes())
    content[20_000:90_000] = bytes(70_000)
    path.write_bytes(content)
    again = await SqliteLog.open(data)
    with pytest.raises(LogDamaged):
        await ledger(again).catch_up()
    await again.close()


async def test_a_lost_head_is_damage(log: SqliteLog, data: Path) -> None:
    await log.close()
    other = apsw.Connection(str(data / "log.sqlite"))
    other.execute("DELETE FROM head")
    other.close()
    again = await SqliteLog.open(data)
    with pytest.raises(LogDamaged, match="where the log ends"):
        await again.head()
    await again.close()


async def test_a_path_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LogUnavailable, match="file"):
        await SqliteLog.open(tmp_path / "file" / "data")


async def test_a_full_disk_refuses_the_append_and_nothing_else(log: SqliteLog) -> None:
    book = ledger(log)
    await append(book, b"a")
    before = book.head
    log._store._db.pragma("max_page_count", log._store._db.pragma("page_count"))
    with pytest.raises(LogUnavailable, match="full"):
        await append(book, *[b"x" * 4000] * 10)
    assert book.head == before == await log.head()
    assert not book.uncertain
    log._store._db.pragma("max_page_count", 1 << 30)
    await append(book, b"b")
    assert await log.read(0, 9) == [b"a", b"b"]
    assert (await verify_log(log, VERIFIERS)).good


async def test_a_commit_that_fails_is_undone(log: SqliteLog) -> None:
    book = ledger(log)
    await append(book, b"a")
    log._store._db.set_commit_hook(lambda: True)  # turns the COMMIT into an error and a rollback
    with pytest.raises(LogUnavailable):
        await append(book, b"b")
    log._store._db.set_commit_hook(None)
    assert not book.uncertain
    await append(book, b"c")
    assert await log.read(0, 9) == [b"a", b"c"]


async def test_snapshots_left_half_written_are_swept(log: SqliteLog, data: Path) -> None:
    snapshots = data / "snapshots"
    snapshots.mkdir()
    (snapshots / ".writing-dead").write_bytes(b"x" * 5000)
    alive = snapshots / ".writing-alive"
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another process is writing it
        assert await log.snapshots() == []
        await log.close()
        again = await SqliteLog.open(data)
        assert [path.name for path in snapshots.iterdir()] == [alive.name]
        await again.close()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "cut short"),
        (b"x" * 4000, "cut short"),
        (b"x" * 4096, "description"),
        (b"DTSNAP01" + b"\xff" * 5000, "description"),
    ],
)
async def test_files_that_are_no_snapshots_are_reported(
    log: SqliteLog, data: Path, content: bytes, fault: str
) -> None:
    await append(ledger(log), b"a")
    (data / "snapshots").mkdir()
    (data / "snapshots" / "0000000000000001-0badf00d.snapshot").write_bytes(content)
    damages: list[str] = []
    found = await restore_newest(
        log, collect, lambda damage: damages.append(str(damage)), VERIFIERS
    )
    assert found is None
    assert len(damages) == 1
    assert damages[0].startswith("snapshot 0000000000000001-0badf00d: ")
    assert fault in damages[0]


async def test_every_flipped_byte_of_a_snapshot_is_noticed(log: SqliteLog, data: Path) -> None:
    book = ledger(log)
    await fill(book, [[b"a", b"b", b"c"]])
    info = await book.save_snapshot(book.size, book.frontier, [b"the state"])
    path = data / "snapshots" / f"{info.key}.snapshot"
    good = path.read_bytes()
    used = 8 + 8 + 8 + 32 + 32 + 2 + len(info.frontier) + 32
    for at in [*range(used), *range(4096, len(good))]:
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])
        damages: list[object] = []
        assert await restore_newest(log, collect, damages.append, VERIFIERS) is None, at
        assert len(damages) == 1


async def test_a_snapshot_directory_that_cannot_be_made_is_an_error(
    log: SqliteLog, data: Path
) -> None:
    (data / "snapshots").touch()
    book = ledger(log)
    with pytest.raises(LogUnavailable, match="snapshot"):
        await book.save_snapshot(0, book.frontier, [b""])


def test_the_lock_is_not_inherited(tmp_path: Path) -> None:
    """A child that outlives the owner must not keep the log locked."""
    code = (
        "import asyncio, os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from detente.record import SqliteLog\n"
        "async def main():\n"
        "    await SqliteLog.open(Path(sys.argv[1]))\n"
        "    quiet = {'close_fds': False, 'stdout': subprocess.DEVNULL}\n"
        "    print(subprocess.Popen(['sleep', '30'], **quiet).pid, flush=True)\n"
        "    os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, check=True
    )
    child = int(done.stdout)
    try:

        async def open_again() -> None:
            await (await SqliteLog.open(tmp_path)).close()

        asyncio.run(open_again())
    finally:
        os.kill(child, 9)
