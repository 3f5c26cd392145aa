"""Backups: made while the record is in use, and restored whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import secrets
import signal
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyrage  # type: ignore[import-untyped]  # it has none
import pytest
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture
from tests.support.two_records import Two, begun

from detente.errors import DetenteError
from detente.node import backup as making
from detente.node import restore
from detente.node.age import BackupKeyUnusable, Recipient, read_identities
from detente.node.backup import create_backup
from detente.node.backup_format import BackupFailed, BackupUnusable
from detente.node.home import Home, find
from detente.node.restore import Restored, read_backup, restore_backup
from detente.record import (
    Blob,
    Draft,
    JsonValue,
    PartyRecord,
    Query,
    RecordPlace,
    Statement,
    TableSet,
    canonical_json,
    parse_object,
)

pytestmark = pytest.mark.anyio

SESSIONS = TableSet.from_sql(
    "desk",
    "CREATE TABLE desk_people (name text PRIMARY KEY, photo bytea, height double precision);\n"
    "CREATE TABLE desk_sessions (id text PRIMARY KEY, since bigint);\n",
)


def clock() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
async def two(tmp_path: Path, anyio_backend: str) -> Two:
    return await begun(tmp_path)


class Kept:
    """A's record, with something in it."""

    def __init__(self, two: Two, place: RecordPlace | None = None) -> None:
        self.root = two.world.root
        self.home = find(two.record("a"))
        if place is not None:
            self.home = replace(self.home, database=place.database)

    async def open(self) -> PartyRecord:
        return await PartyRecord.open(
            self.home.place,
            self.home.terms(),
            "a",
            signers=self.home.signers(),
            clock=clock,
            random=secrets.token_bytes,
            tables=[SESSIONS],
        )

    async def fill(self, record: PartyRecord) -> str:
        sha256 = record.blobs.put(b"a file" * 1000)
        blob = Blob(bytes.fromhex(sha256), 6000, "text/plain")
        await record.append([(Draft("message", "line/b", ("b",), {"n": 1}, (), (blob,)), None)])
        await record.append([(Draft("message", "line/b", ("b",), {"n": 2}), None)])
        await record.execute(
            [
                Statement(
                    "INSERT INTO desk_people (name, photo, height) VALUES (?, ?, ?)",
                    [("x", b"\0\xff", 1.5), ("y", None, None)],
                ),
                Statement("INSERT INTO desk_sessions (id, since) VALUES (?, ?)", [("s", 1)]),
            ]
        )
        return sha256

    async def filled(self) -> str:
        record = await self.open()
        try:
            return await self.fill(record)
        finally:
            await record.close()

    async def restored(self, backup: Path, name: str = "new", **more: object) -> Restored:
        return await restore_backup(
            backup,
            self.root / name / "record",
            keys=self.home.keys,
            witness=self.home.witness,
            **more,  # type: ignore[arg-type]
        )


async def same(home: Home, kept: Kept) -> None:
    """All that the one has the other has."""
    async with kept.home.opened(write=False) as old, home.opened(write=False) as new:
        assert new.head == old.head
        assert await new.entries(0, 100) == await old.entries(0, 100)
        assert await new.verify() == []
        for entry in await old.entries(0, 100):
            for blob in () if entry.payload is None else entry.payload.blobs:
                assert new.blobs.read(blob.sha256.hex()) == old.blobs.read(blob.sha256.hex())


async def test_a_backup_has_all_that_the_record_has(two: Two) -> None:
    kept = Kept(two)
    blob = await kept.filled()
    (kept.home.directory / "node.toml").write_text('language = "en"\n')
    target = kept.root / "a.backup"
    made = await create_backup(kept.home, target, clock=clock)

    manifest = await read_backup(target)
    assert manifest == made.manifest
    assert (manifest.party, manifest.size, manifest.keys) == ("a", 3, False)
    assert manifest.created == "2026-11-23T00:00:00.000000Z"
    assert made.bytes == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    paths = [each.path for each in manifest.files]
    assert {"log.sqlite", "node.toml", f"blobs/{blob[:2]}/{blob}"} < set(paths)
    assert not any("key" in path or "witness" in path for path in paths if "agree" not in path)

    restored = await kept.restored(target)
    await same(restored.home, kept)
    assert (restored.home.directory / "node.toml").read_text() == 'language = "en"\n'
    assert find(restored.home.directory) == restored.home
    async with restored.home.opened(write=False) as record:
        assert record.state.name == "held"
        rows = await record.query("SELECT name, photo, height FROM desk_people ORDER BY name")
        assert rows == [("x", b"\0\xff", 1.5), ("y", None, None)]
    assert not list(kept.home.directory.glob(".backup-*"))
    assert not list(restored.home.directory.parent.glob(".*"))


async def test_equal_records_give_equal_backups(two: Two) -> None:
    kept = Kept(two)
    await kept.filled()
    first, second = kept.root / "1", kept.root / "2"
    await create_backup(kept.home, first, clock=clock)
    await create_backup(kept.home, second, clock=clock)
    assert first.read_bytes() == second.read_bytes()


async def test_a_backup_is_of_one_moment_while_the_record_is_written_to(two: Two) -> None:
    kept = Kept(two)
    record = await kept.open()
    await kept.fill(record)
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            drafts = [Draft("message", "line/b", ("b",), {"n": number + n}) for n in range(20)]
            await record.append([(draft, None) for draft in drafts])
            number += 20

    writing = asyncio.create_task(write())
    sizes = []
    for number in range(3):
        target = kept.root / f"{number}.backup"
        sizes.append((await create_backup(kept.home, target)).manifest.size)
        await record.wait_beyond(sizes[-1])
    stop.set()
    await writing
    await record.close()
    assert sizes == sorted(sizes)
    for number, size in enumerate(sizes):
        restored = await kept.restored(kept.root / f"{number}.backup", f"new{number}")
        async with restored.home.opened(write=False) as copy:
            assert copy.head.size == size  # it was checked whole by `restore_backup`


async def test_an_encrypted_backup_with_keys_makes_another_machine_the_same(two: Two) -> None:
    kept = Kept(two)
    await kept.filled()
    (kept.home.keys / "officers.secret").write_bytes(b"sealed")
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    target = kept.root / "a.age"
    with pytest.raises(BackupFailed, match="encrypted backups only"):
        await create_backup(kept.home, target, include_keys=True)
    recipients = [Recipient(str(each.to_public())) for each in (identity, other)]
    await create_backup(kept.home, target, recipients=recipients, include_keys=True)
    data = target.read_bytes()
    assert data.startswith(b"age-encryption.org/v1")
    assert b"detente-backup" not in data

    with pytest.raises(BackupUnusable, match="encrypted"):
        await read_backup(target)
    stranger = read_identities(str(pyrage.x25519.Identity.generate()).encode())
    with pytest.raises(BackupUnusable, match="cannot be decrypted"):
        await read_backup(target, stranger)
    for key in (identity, other):
        keys = read_identities(f"# created: today\n{key}\n".encode())
        place = kept.root / f"machine-{key is other}"
        restored = await restore_backup(
            target,
            place / "record",
            keys=place / "keys",
            witness=place / "witness",
            identities=keys,
        )
        await same(restored.home, kept)
        assert {each.name for each in restored.home.signers()} == {
            each.name for each in kept.home.signers()
        }
        assert (place / "keys" / "officers.secret").read_bytes() == b"sealed"
        assert all(path.stat().st_mode & 0o077 == 0 for path in (place / "keys").rglob("*.key"))
        async with restored.home.opened(write=False) as record:
            with restored.home.witnessing(record) as witness:
                assert not any(witness.is_confirmed(origin) for origin in witness.origins)
    with pytest.raises(BackupFailed, match="already"):  # keys are never overwritten
        await restore_backup(
            target,
            kept.root / "third" / "record",
            keys=kept.home.keys,
            witness=kept.root / "third" / "witness",
            identities=read_identities(str(identity).encode()),
        )
    assert not (kept.root / "third" / "record").exists()


@pytest.mark.parametrize("text", ["age1nonsense", "", "ssh-ed25519 AAAA"])
def test_a_recipient_that_is_none(text: str) -> None:
    with pytest.raises(BackupKeyUnusable):
        Recipient(text)


@pytest.mark.parametrize("data", [b"", b"AGE-SECRET-KEY-1\n", b"\xff", b"-----BEGIN X"])
def test_an_identity_that_is_none(data: bytes) -> None:
    with pytest.raises(BackupKeyUnusable):
        read_identities(data)


async def test_nothing_is_overwritten(two: Two) -> None:
    kept = Kept(two)
    await kept.filled()
    target = kept.root / "a.backup"
    target.write_bytes(b"mine")
    with pytest.raises(BackupFailed, match="already"):
        await create_backup(kept.home, target)
    assert target.read_bytes() == b"mine"
    await create_backup(kept.home, target, overwrite=True)
    pipe = kept.root / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BackupFailed, match="no file"):
        await create_backup(kept.home, pipe, overwrite=True)
    assert pipe.is_fifo()
    (kept.root / "new" / "record").mkdir(parents=True)
    await kept.restored(target)  # an empty directory is none
    for full in (kept.root / "new" / "record", target):
        with pytest.raises(BackupFailed, match="already") as refused:
            await restore_backup(target, full, keys=kept.home.keys, witness=kept.home.witness)
        assert refused.value.code == "backup.restore"


Files = dict[str, bytes]


def files_of(data: bytes) -> Files:
    """What a backup holds, the manifest first."""
    files: Files = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            files[member.name] = b"" if file is None else file.read()
    return files


def tar_of(files: Files, link: str = "") -> bytes:
    """A tar file of them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if name == link:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                tar.addfile(info)
            else:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


def said(files: Files, before: bytes, after: bytes) -> bytes:
    """With another manifest."""
    manifest = files["manifest.json"]
    assert before in manifest
    return tar_of({**files, "manifest.json": manifest.replace(before, after)})


def remade(files: Files, path: str, name: str | None, data: bytes) -> bytes:
    """With another file in the place of one, and a manifest that says so."""
    rest = {each: content for each, content in files.items() if each != path}
    manifest = parse_object(rest.pop("manifest.json"))
    if name is not None:
        rest[name] = data
    ordered = dict(sorted(rest.items()))
    parts: list[JsonValue] = [
        {"path": each, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for each, content in ordered.items()
    ]
    manifest["files"] = parts
    return tar_of({"manifest.json": canonical_json(manifest), **ordered})


def damaged(data: bytes, outside: Path) -> Iterator[tuple[str, bytes]]:
    """A good backup, made bad in many ways; one of them names a path outside."""
    files = files_of(data)
    blob = next(name for name in files if name.startswith("blobs"))
    log, settings = files["log.sqlite"], files["node.toml"]
    yield "empty", b""
    yield "text", b"hello" * 1000
    yield "cut", data[: len(data) // 2]
    yield "cut at the end of a file", data[: data.rfind(b"log.sqlite")]
    yield "a bit of a file", data.replace(b"a filea file", b"a filea fila", 1)
    yield "a missing file", tar_of({n: d for n, d in files.items() if n != blob})
    yield "a file too much", tar_of({**files, "zzz": b""})
    yield "another order", tar_of({"manifest.json": b"", **dict(reversed(files.items()))})
    yield "another name", tar_of({("../../x" if n == blob else n): d for n, d in files.items()})
    yield "no manifest", tar_of({n: d for n, d in files.items() if n != "manifest.json"})
    yield "no JSON", tar_of({**files, "manifest.json": b"{"})
    yield "another format", said(files, b"backup/1", b"backup/9")
    yield "another party", said(files, b'"party":"a"', b'"party":"b"')
    yield "another size", said(files, b'"size":3}', b'"size":4}')
    yield "more than is known", said(files, b'"keys":false', b'"keys":false,"more":1')
    yield "a link", tar_of(files, link="log.sqlite")
    yield "a path outside", remade(files, "node.toml", "../x", settings)
    yield "an absolute path", remade(files, "node.toml", str(outside), settings)
    yield "a hidden path", remade(files, "node.toml", ".x/y", settings)
    yield "no log", remade(files, "log.sqlite", None, b"")
    yield "a log that is none", remade(files, "log.sqlite", "log.sqlite", b"SQLite format 3\0" * 99)
    other = log.replace(b'"n":2', b'"n":3')
    assert other != log
    yield "another entry", remade(files, "log.sqlite", "log.sqlite", other)


async def test_a_damaged_backup_is_refused_and_leaves_nothing(two: Two) -> None:
    kept = Kept(two)
    await kept.filled()
    (kept.home.directory / "node.toml").write_text("x = 1\n")
    target = kept.root / "a.backup"
    await create_backup(kept.home, target)
    for what, bad in damaged(target.read_bytes(), kept.root / "outside"):
        target.write_bytes(bad)
        try:
            await kept.restored(target)
        except BackupUnusable:
            assert not (kept.root / "new" / "record").exists(), what
            assert not list((kept.root / "new").glob(".*")), what
            assert not (kept.root / "x").exists(), what
            assert not (kept.root / "outside").exists(), what
        else:
            pytest.fail(f"{what} was restored")


async def test_one_that_is_killed_leaves_nothing_that_looks_whole(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(two)
    await kept.filled()
    target = kept.root / "a.backup"
    await create_backup(kept.home, target)
    for name in ("extract", "_hold", "_check", "_put_in_place", "describe", "copy_out"):
        pid = os.fork()
        if pid == 0:
            # Dies as by SIGKILL, right before that step.
            def die(*_: object, **__: object) -> None:
                os.kill(os.getpid(), signal.SIGKILL)

            try:
                setattr(making if name == "copy_out" else restore, name, die)
                if name == "copy_out":
                    asyncio.run(create_backup(kept.home, kept.root / "b.backup"))
                else:
                    asyncio.run(kept.restored(target))
            finally:
                os._exit(1)
        _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        assert os.WIFSIGNALED(status), (name, status)
        assert not (kept.root / "new" / "record").exists()
        assert not (kept.root / "b.backup").exists()
    restored = await kept.restored(target)
    await same(restored.home, kept)
    assert not list(restored.home.directory.parent.glob(".*"))
    await create_backup(kept.home, kept.root / "b.backup")
    assert not list(kept.home.directory.glob(".backup-*"))


async def test_a_file_that_was_changed_stops_a_backup_and_one_that_is_gone_is_named(
    two: Two,
) -> None:
    kept = Kept(two)
    blob = await kept.filled()
    path = kept.home.place.blobs / blob[:2] / blob
    path.write_bytes(b"other")
    with pytest.raises(BackupFailed, match="was changed"):
        await create_backup(kept.home, kept.root / "a.backup")
    assert not (kept.root / "a.backup").exists()
    path.unlink()
    made = await create_backup(kept.home, kept.root / "a.backup")
    assert made.manifest.absent == [blob]
    assert (await kept.restored(kept.root / "a.backup")).manifest.absent == [blob]


async def test_sessions_do_not_survive(two: Two) -> None:
    kept = Kept(two)
    await kept.filled()
    await create_backup(kept.home, kept.root / "a.backup")
    restored = await kept.restored(
        kept.root / "a.backup", forget=("desk_sessions", "desk_never_there")
    )
    async with restored.home.opened(write=False) as record:
        assert await record.query("SELECT COUNT(*) FROM desk_sessions") == [(0,)]
        assert await record.query("SELECT COUNT(*) FROM desk_people") == [(2,)]


async def test_a_directory_that_cannot_be_written(two: Two) -> None:
    kept = Kept(two)
    await kept.filled()
    with pytest.raises(DetenteError):
        await create_backup(kept.home, kept.root / "none" / "a.backup")


async def test_between_sqlite_and_postgresql(two: Two, postgres: PostgresServer) -> None:
    kept = Kept(two)
    await kept.filled()
    first = kept.root / "a.backup"
    await create_backup(kept.home, first)
    with postgres.database() as url:
        restored = await kept.restored(first, "pg", database=url, tables=[SESSIONS])
        assert not (restored.home.directory / "log.sqlite").exists()
        await same(restored.home, kept)
        async with restored.home.opened(write=False) as record:
            assert record.state.name == "held"
            rows = await record.query("SELECT name, photo, height FROM desk_people ORDER BY name")
            assert rows == [("x", b"\0\xff", 1.5), ("y", None, None)]
            found = await record.search(Query(kinds=("message",)))
            assert len(found.entries) == 2

        with pytest.raises(DetenteError, match="would not have"):
            await create_backup(restored.home, kept.root / "b.backup")
        second = kept.root / "b.backup"
        made = await create_backup(restored.home, second, tables=[SESSIONS])
        assert made.manifest.size == 3
        with pytest.raises(DetenteError, match="a record already"):
            await kept.restored(second, "pg2", database=url, tables=[SESSIONS])
        assert not (kept.root / "pg2" / "record").exists()
        back = await kept.restored(second, "back")
        await same(back.home, kept)
        async with back.home.opened(write=False) as record:
            rows = await record.query("SELECT name, photo, height FROM desk_people ORDER BY name")
            assert rows == [("x", b"\0\xff", 1.5), ("y", None, None)]
