"""A log as a directory of plain files, and checking such a directory without any database.

    README.txt        says what the files are and how to check them by hand
    entries.jsonl     one line an entry: {"leaf_hash": hex, "position": number, "body": text}
    checkpoints.txt   the signed notes, smallest first, with a line of dashes after each
    head.json         size, root and checkpoint of the head

A body that is not UTF-8 is given as "body_base64" instead of "body".
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TextIO

import msgspec

from detente.errors import DetenteError

from .backend import packaged
from .checkpoint import NoteMalformed, read_checkpoint
from .keys import Verifier, sync_directory
from .log import Head, Log, LogDamaged, StoredCheckpoint, StoredEntry
from .verify import Progress, VerifyReport, verify_stream

_PAGE = 1000
_END_OF_NOTE = "-" * 20
_LINE_BYTES_MAX = 64 << 20


class ExportUnusable(DetenteError):
    """An export cannot be written, or a directory is not one that can be read."""

    code: ClassVar[str] = "log.export"


class _Line(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    position: int
    leaf_hash: str
    body: str | None = None
    body_base64: str | None = None


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    size: int
    root: str
    checkpoint: str


async def export_log(log: Log, directory: Path, progress: Progress | None = None) -> Head:
    """Write a log up to its present head into a new directory, and return that head.

    Entries are written as they are stored, damaged ones included: `verify_export` finds them.

    Raises:
        ExportUnusable: the directory exists and is not empty, or cannot be written.
        LogUnavailable: the log could not be read.
        LogDamaged: an entry is missing.
    """
    head = await log.head()
    with _explained(directory):
        _make_empty(directory)
        with (directory / "entries.jsonl").open("x", encoding="utf-8", newline="\n") as file:
            await _write_entries(log, head, file, progress)
        with (directory / "checkpoints.txt").open("x", encoding="utf-8", newline="\n") as file:
            async for stored in _checkpoints_of(log, head.size):
                file.write(f"{stored.note}{_END_OF_NOTE}\n")
            _flush(file)
        described = _Head(head.size, head.root.hex(), head.checkpoint)
        for name, text in (
            ("head.json", msgspec.json.format(msgspec.json.encode(described)).decode() + "\n"),
            ("README.txt", packaged("export_readme.txt")),
        ):
            with (directory / name).open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                _flush(file)
        sync_directory(directory)
    return head


async def verify_export(
    directory: Path,
    verifiers: Sequence[Verifier] = (),
    progress: Progress | None = None,
    origin: str | None = None,
) -> VerifyReport:
    """As `verify_log`, for a directory that `export_log` has written.

    Raises:
        ExportUnusable: a file is missing or not in its format.
    """
    with _explained(directory):
        path = directory / "head.json"
        try:
            described = msgspec.json.decode(path.read_bytes(), type=_Head)
            head = Head(described.size, bytes.fromhex(described.root), described.checkpoint)
        except (msgspec.DecodeError, ValueError) as error:
            raise ExportUnusable(f"It is not a head: {error}.", where=str(path)) from error
        return await verify_stream(
            head,
            _read_entries(directory / "entries.jsonl"),
            _read_checkpoints(directory / "checkpoints.txt"),
            verifiers,
            progress,
            origin,
        )


def _make_empty(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise ExportUnusable("The directory is not empty.", where=str(directory))


async def _write_entries(log: Log, head: Head, file: TextIO, progress: Progress | None) -> None:
    encoder = msgspec.json.Encoder()
    position = 0
    while position < head.size:
        page = await log.entries(position, min(_PAGE, head.size - position))
        for entry in page:
            if entry.position != position:
                break
            file.write(encoder.encode(_line(entry)).decode() + "\n")
            position += 1
        else:
            if page:
                if progress is not None:
                    progress(position, head.size)
                continue
        raise LogDamaged("The entry is missing.", where=f"entry {position}")
    _flush(file)


async def _checkpoints_of(log: Log, size: int) -> AsyncIterator[StoredCheckpoint]:
    since = 0
    while page := await log.checkpoints(since, _PAGE):
        for stored in page:
            if stored.size > size:
                return
            yield stored
        since = page[-1].size + 1


async def _read_entries(path: Path) -> AsyncIterator[StoredEntry]:
    decoder = msgspec.json.Decoder(_Line)
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LINE_BYTES_MAX):
            number += 1
            try:
                yield _entry(decoder.decode(line))
            except (msgspec.DecodeError, ValueError, binascii.Error) as error:
                raise ExportUnusable(
                    f"It is not an entry: {error}.", where=f"{path} line {number}"
                ) from error


async def _read_checkpoints(path: Path) -> AsyncIterator[StoredCheckpoint]:
    with path.open(encoding="utf-8", newline="\n") as file:
        lines: list[str] = []
        for number, line in enumerate(file, start=1):
            if line != f"{_END_OF_NOTE}\n":
                lines.append(line)
                continue
            note = "".join(lines)
            lines = []
            try:
                size = read_checkpoint(note).size
            except NoteMalformed as error:
                raise ExportUnusable(
                    f"It is not a checkpoint: {error}", where=f"{path} line {number}"
                ) from error
            yield StoredCheckpoint(size, note)
        if lines:
            raise ExportUnusable("The last checkpoint is cut short.", where=str(path))


def _line(entry: StoredEntry) -> _Line:
    try:
        return _Line(entry.position, entry.leaf_hash.hex(), body=entry.body.decode())
    except UnicodeDecodeError:
        data = base64.b64encode(entry.body).decode()
        return _Line(entry.position, entry.leaf_hash.hex(), body_base64=data)


def _entry(line: _Line) -> StoredEntry:
    if (line.body is None) == (line.body_base64 is None):
        raise ValueError("it needs either body or body_base64")
    body = (
        base64.b64decode(line.body_base64, validate=True)
        if line.body_base64 is not None
        else (line.body or "").encode()
    )
    return StoredEntry(line.position, bytes.fromhex(line.leaf_hash), body)


def _flush(file: TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _explained(directory: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise ExportUnusable("A file is not UTF-8.", where=str(directory)) from error
    except OSError as error:
        raise ExportUnusable(f"It cannot be used: {error}.", where=str(directory)) from error
