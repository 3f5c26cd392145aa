"""Making a record's directory of a backup, on whatever machine. What follows: `recovery`."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detente.agreement import load_agreement
from detente.errors import DetenteError
from detente.record import (
    PartyRecord,
    Progress,
    Random,
    RecordPlace,
    TableSet,
    copy_in,
    hold,
    new_suffix,
)
from detente.record.keys import sync_directory

from .age import Identity
from .backup import KEYS, LOG, WITNESS
from .backup_format import BackupFailed, BackupUnusable, Bytes, Manifest, extract, opened
from .home import Home, describe, now
from .kept_agreement import AGREEMENTS

_STAGE = ".restoring-"


class RestoreRefused(BackupFailed):
    """A backup is not restored into this place; nothing was written there."""

    code = "backup.restore"


@dataclass(frozen=True, slots=True)
class Restored:
    """A record that was restored, and is held.

    Attributes:
        home: where it is.
        manifest: of the backup.
        suffix: the segment that its channels will have; see `detente.record.channels`.
    """

    home: Home
    manifest: Manifest
    suffix: str


async def read_backup(source: Path, identities: Sequence[Identity] = ()) -> Manifest:
    """What a backup says of itself, with nothing checked but its form.

    Raises:
        BackupUnusable: it is none, or cannot be decrypted.
    """

    def read() -> Manifest:
        with opened(source, identities, Path(tempfile.gettempdir())) as (manifest, _):
            return manifest

    return await asyncio.to_thread(read)


async def restore_backup(
    source: Path,
    directory: Path,
    *,
    keys: Path,
    witness: Path,
    identities: Sequence[Identity] = (),
    database: str | None = None,
    tables: Sequence[TableSet] = (),
    forget: Sequence[str] = (),
    random: Random = secrets.token_bytes,
    progress: Bytes | None = None,
    checking: Progress | None = None,
) -> Restored:
    """Restore a backup into an empty directory. The record is held afterwards: see `recover`.

    Everything is checked beside the directory, and appears there as a whole at the end.

    Args:
        source: the backup.
        directory: does not exist, or is empty.
        keys: directory of the private keys; if the backup has them, they are written there, and
            it must not exist or be empty.
        witness: directory of the witness; likewise.
        identities: that may decrypt it.
        database: `postgresql://` URL with an empty schema that takes the log.
        tables: as for `create_backup`; needed with `database`.
        forget: tables that are emptied, such as those of sessions.
        random: fit for keys.
        progress: told how many bytes of how many are read.
        checking: told how many entries of how many are checked.

    Raises:
        RestoreRefused: something is there already.
        BackupUnusable: it is none, damaged, or contradicts itself; nothing was restored.
        BackupFailed: it cannot be written.
        LogUnavailable, PlaceUnusable: the database refuses.
    """
    try:
        stage = await asyncio.to_thread(
            _stage, source, directory, keys, witness, identities, progress
        )
        try:
            manifest = await asyncio.to_thread(_read_again, stage)
            suffix = new_suffix(random)
            await asyncio.to_thread(_hold, stage, suffix, forget)
            await _check(stage, manifest, checking)
            home = Home(directory, manifest.party, keys, witness, database)
            if database is not None:
                await copy_in(stage, RecordPlace(directory, database), tables)
            await asyncio.to_thread(_put_in_place, stage, home)
        finally:
            await asyncio.to_thread(shutil.rmtree, stage, ignore_errors=True)
    except OSError as error:
        raise BackupFailed(f"It cannot be written: {error}.", where=str(directory)) from error
    return Restored(home, manifest, suffix)


def _stage(
    source: Path,
    directory: Path,
    keys: Path,
    witness: Path,
    identities: Sequence[Identity],
    progress: Bytes | None,
) -> Path:
    """A directory beside the target, with all files of the backup, each with its hash."""
    _check_empty(directory)
    parent = directory.parent
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in parent.glob(f"{_STAGE}{directory.name}-*"):  # by an attempt that was killed
        shutil.rmtree(left, ignore_errors=True)
    stage = Path(tempfile.mkdtemp(prefix=f"{_STAGE}{directory.name}-", dir=parent))
    try:
        with opened(source, identities, parent) as (manifest, tar):
            if manifest.keys:
                _check_empty(keys)
                _check_empty(witness)
            extract(manifest, tar, stage, progress)
        (stage / ".manifest").write_bytes(manifest.to_bytes())
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return stage


def _read_again(stage: Path) -> Manifest:
    held = stage / ".manifest"
    manifest = Manifest.read(held.read_bytes())
    held.unlink()
    return manifest


def _hold(stage: Path, suffix: str, forget: Sequence[str]) -> None:
    try:
        hold(stage, suffix, forget)
    except DetenteError as error:
        raise BackupUnusable(f"Its log cannot be used: {error}") from error


async def _check(stage: Path, manifest: Manifest, checking: Progress | None) -> None:
    """The record in it is whole, and the one that the manifest names."""
    try:
        folders = await asyncio.to_thread(_agreements, stage)
        terms = [
            (await asyncio.to_thread(load_agreement, each, judge_area=False)).terms()
            for each in folders
        ]
        record = await PartyRecord.open(
            RecordPlace(stage), terms, manifest.party, clock=now, random=secrets.token_bytes
        )
        try:
            head = record.head
            found = record.origin, terms[0].agreement, head.size, head.root.hex(), head.checkpoint
            if found != (
                manifest.origin,
                manifest.agreement,
                manifest.size,
                manifest.root,
                manifest.checkpoint,
            ):
                raise BackupUnusable("Its log is not the one that its manifest names.")
            faults = await record.verify(checking)
        finally:
            await record.close()
    except BackupUnusable:
        raise
    except DetenteError as error:
        raise BackupUnusable(f"What it holds cannot be used: {error}") from error
    absent = tuple(f"blob {sha256}" for sha256 in manifest.absent)
    faults = [each for each in faults if not each.where.endswith(absent)] if absent else faults
    if faults:
        first = faults[0]
        raise BackupUnusable(
            f"The record in it has {len(faults)} faults; the first: {first.what}",
            where=first.where,
            advice="Use another backup. What is in this one may still help to find out what "
            "happened: keep it.",
        )


def _agreements(stage: Path) -> list[Path]:
    folder = stage / AGREEMENTS
    found = [path for path in folder.glob("*") if path.name.isdecimal()]
    if not found or not (stage / LOG).exists():
        raise BackupUnusable("It has no log or no agreement.")
    return sorted(found, key=lambda path: int(path.name))


def _put_in_place(stage: Path, home: Home) -> None:
    """Names only: keys, then the witness, then the record, which is found as one from then on."""
    if home.database is not None:
        (stage / LOG).unlink()
    for left in (f"{LOG}-wal", f"{LOG}-shm", "log.lock", "nodes"):
        (stage / left).unlink(missing_ok=True)
    for name, target in ((KEYS, home.keys), (WITNESS, home.witness)):
        if (stage / name).exists():
            _move_into(stage / name, target)
    describe(Home(stage, home.party, home.keys, home.witness, home.database))
    for path in (*stage.rglob("*"), stage):
        if path.is_dir():
            sync_directory(path)
    _check_empty(home.directory)
    stage.rename(home.directory)  # one that is empty gives way
    sync_directory(home.directory.parent)


def _move_into(made: Path, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(made.iterdir()):
        shutil.move(path, target / path.name)
    made.rmdir()
    for path in (target, *target.rglob("*")):
        if path.is_dir():
            sync_directory(path)


def _check_empty(directory: Path) -> None:
    try:
        full = directory.exists() and any(directory.iterdir())
    except NotADirectoryError:
        full = True
    if full:
        raise RestoreRefused(
            "Something is there already.",
            where=str(directory),
            advice="Name a directory that does not exist; nothing is ever restored over a record.",
        )
