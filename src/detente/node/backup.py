"""A copy of a record in one file, made while the node runs. What is in it: docs/backup.md."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from detente.record import (
    Clock,
    TableSet,
    copy_out,
    format_time,
    read_checkpoint,
)
from detente.record.keys import sync_directory

from .age import Recipient
from .backup_format import (
    FORMAT,
    BackupFailed,
    Bytes,
    Manifest,
    Source,
    write,
)
from .home import Home, key_files, now
from .kept_agreement import AGREEMENTS

KEYS: Final = "keys"
WITNESS: Final = "witness"
LOG: Final = "log.sqlite"
SETTINGS: Final = "node.toml"
SECRET: Final = "officers.secret"  # noqa: S105 - a file's name


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    Attributes:
        path: the file.
        bytes: its size.
        manifest: what it says of itself.
        encrypted: whether it is.
    """

    path: Path
    bytes: int
    manifest: Manifest
    encrypted: bool


async def create_backup(
    home: Home,
    target: Path,
    *,
    recipients: Sequence[Recipient] = (),
    include_keys: bool = False,
    tables: Sequence[TableSet] = (),
    overwrite: bool = False,
    clock: Clock = now,
    progress: Bytes | None = None,
) -> Backup:
    """Make a backup of a record; it may be written to meanwhile, by this process or another one.

    Args:
        home: the record.
        target: the file; it appears when it is whole and durable.
        recipients: encrypt it for these; any one of them can decrypt it.
        include_keys: put private keys, the officers' secret and the witness into it as well.
            A witness that is restored from a copy must not be used beside the first one.
        tables: the node's own tables beside the log, such as its officers'.
        overwrite: replace a file of that name.
        clock: the time that it states.
        progress: told how many bytes of how many are written.

    Raises:
        BackupFailed: it cannot be made: the message says why.
        LogUnavailable, LogDamaged, LogIncompatible: see `copy_out`.
    """
    if include_keys and not recipients:
        raise BackupFailed(
            "Private keys go into encrypted backups only.",
            where=str(target),
            advice="Name a recipient of age, or leave the keys out and keep them elsewhere.",
        )
    return await asyncio.to_thread(
        _create, home, target, recipients, include_keys, tables, overwrite, clock, progress
    )


def _create(
    home: Home,
    target: Path,
    recipients: Sequence[Recipient],
    include_keys: bool,
    tables: Sequence[TableSet],
    overwrite: bool,
    clock: Clock,
    progress: Bytes | None,
) -> Backup:
    if target.exists() and not overwrite:
        raise BackupFailed(
            "There is a file already.", where=str(target), advice="Choose another name."
        )
    try:
        for left in home.directory.glob(".backup-*"):  # by an attempt that was killed
            _remove(left)
        # On the record's own disk: what is not encrypted yet goes nowhere else.
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=home.directory) as held:
            scratch = Path(held)
            head = copy_out(home.place, scratch, tables)
            blobs, absent = _blobs(scratch / LOG, home.place.blobs)
            sources = [
                Source.of_file(LOG, scratch / LOG),
                *blobs,
                *_files(home),
                *(_secrets(home, scratch) if include_keys else ()),
            ]
            sources.sort(key=lambda each: each.part.path)
            agreement = home.terms()[0].agreement
            manifest = Manifest(
                FORMAT,
                home.party,
                agreement,
                read_checkpoint(head.checkpoint).origin,
                head.size,
                head.root.hex(),
                head.checkpoint,
                format_time(clock()),
                include_keys,
                absent,
                [each.part for each in sources],
            )
            size = _write(target, manifest, sources, recipients, overwrite, progress)
    except OSError as error:
        raise BackupFailed(f"It cannot be made: {error}.", where=str(target)) from error
    return Backup(target, size, manifest, bool(recipients))


def _write(
    target: Path,
    manifest: Manifest,
    sources: Sequence[Source],
    recipients: Sequence[Recipient],
    overwrite: bool,
    progress: Bytes | None,
) -> int:
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            write(file, manifest, sources, recipients, progress)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        if overwrite:
            if target.exists() and not target.is_file():  # it would take a device's place
                raise OSError(errno.EINVAL, "it is there, and is no file")
            temporary.replace(target)
        else:
            # A link, because a rename would overwrite a file that is there.
            os.link(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(target.parent)
    return size


def _blobs(log: Path, directory: Path) -> tuple[list[Source], list[str]]:
    """The files that the copy's entries name, and those of them that are not there."""
    with closing(apsw.Connection(str(log), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        names = [
            bytes(sha256).hex()
            for (sha256,) in database.execute("SELECT DISTINCT sha256 FROM party_blobs")
        ]
    sources, absent = [], []
    for name in sorted(names):
        try:
            source = Source.of_file(f"blobs/{name[:2]}/{name}", directory / name[:2] / name)
        except FileNotFoundError:
            absent.append(name)  # kept back by its author, or erased a moment ago
            continue
        if source.part.sha256 != name:
            raise BackupFailed(
                "Its bytes have another hash: the file was changed.",
                where=f"blob {name}",
                advice="Ask the other party for its copy, or take it from an older backup.",
            )
        sources.append(source)
    return sources, absent


def _files(home: Home) -> Iterator[Source]:
    folder = home.directory / AGREEMENTS
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(home.directory)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield Source.of_bytes(str(inside), path.read_bytes())
    settings = home.directory / SETTINGS
    if settings.exists():
        yield Source.of_bytes(SETTINGS, settings.read_bytes())


def _secrets(home: Home, scratch: Path) -> Iterator[Source]:
    for path in key_files(home.keys):
        yield Source.of_bytes(f"{KEYS}/{path.relative_to(home.keys)}", path.read_bytes())
    secret = home.keys / SECRET
    if secret.exists():
        yield Source.of_bytes(f"{KEYS}/{SECRET}", secret.read_bytes())
    copy = scratch / WITNESS
    try:
        with (
            closing(
                apsw.Connection(str(home.witness_file), flags=apsw.SQLITE_OPEN_READONLY)
            ) as old,
            closing(apsw.Connection(str(copy))) as new,
        ):
            old.set_busy_timeout(5000)
            with new.backup("main", old, "main") as copying:
                while not copying.done:
                    copying.step(-1)
    except apsw.Error as error:
        raise BackupFailed(
            f"The witness cannot be copied: {error}.", where=str(home.witness_file)
        ) from error
    yield Source.of_file(f"{WITNESS}/{home.witness_file.name}", copy)


def _remove(directory: Path) -> None:
    for path in directory.glob("*"):
        path.unlink(missing_ok=True)
    directory.rmdir()
