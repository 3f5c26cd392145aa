"""The form of a backup: one tar file, first `manifest.json`, which has the hashes of all others.

Equal contents give equal bytes: files are sorted, and carry neither times nor owners. Encrypted,
the tar file is the content of an age file (age-encryption.org/v1).
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, Final

import msgspec

from detente.errors import DetenteError
from detente.record import JsonMalformed, canonical_json, parse_object

from .age import BEGIN, Identity, NotDecrypted, Recipient, decrypt, encrypt

FORMAT: Final = "detente-backup/1"
MANIFEST: Final = "manifest.json"
MANIFEST_BYTES_MAX: Final = 64 << 20
_CHUNK: Final = 1 << 20
_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ @+-]*(?:/[A-Za-z0-9_][A-Za-z0-9._ @+-]*)*")

Bytes = Callable[[int, int], None]
"""Told how many bytes of how many are done."""


class BackupFailed(DetenteError):
    """A backup cannot be made; there is none of that name, or the one that was there still is."""

    code: ClassVar[str] = "backup.failed"


class BackupUnusable(DetenteError):
    """A file is no backup, is damaged, or cannot be decrypted; nothing was restored."""

    code: ClassVar[str] = "backup.unusable"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup.

    Attributes:
        path: in the record's directory; below `keys/` and `witness/` in those.
        size: in bytes.
        sha256: of its content, hexadecimal.
    """

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself.

    Attributes:
        format: `detente-backup/1`.
        party: whose record it is.
        agreement: its id.
        origin: name of its log.
        size: entries.
        root: tree hash over them, hexadecimal.
        checkpoint: the log's own one.
        created: when it was made, by the clock of the machine (RFC 3339).
        keys: whether private keys and the witness are in it.
        absent: files that entries name and the record had not: kept back, or erased just then.
        files: all others.
    """

    format: str
    party: str
    agreement: str
    origin: str
    size: int
    root: str
    checkpoint: str
    created: str
    keys: bool
    absent: list[str]
    files: list[Part]

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(msgspec.to_builtins(self))

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """From its bytes.

        Raises:
            BackupUnusable: it is none, or names a path that leads elsewhere.
        """
        try:
            manifest = msgspec.convert(parse_object(data, depth_max=8), cls)
        except (JsonMalformed, msgspec.ValidationError) as error:
            raise BackupUnusable(f"It cannot be read: {error}.", where=MANIFEST) from None
        if manifest.format != FORMAT:
            raise BackupUnusable(
                f"Its format is {manifest.format!r}.",
                where=MANIFEST,
                advice="Use the version of the program that made it, or a later one.",
            )
        paths = [each.path for each in manifest.files]
        if paths != sorted(set(paths)) or MANIFEST in paths:
            raise BackupUnusable("Its files are not sorted, or one is there twice.", where=MANIFEST)
        for path in paths:
            if not _PATH.fullmatch(path):
                raise BackupUnusable("It names a path that cannot be restored.", where=repr(path))
        return manifest


def check_path(path: str) -> None:
    """Raises `BackupFailed` for a path that a backup cannot hold."""
    if not _PATH.fullmatch(path):
        raise BackupFailed("A file of this name cannot be in a backup.", where=repr(path))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that goes into a backup.

    Attributes:
        part: as the manifest has it.
        path: where it is; None if `data` is it.
        data: its bytes.
    """

    part: Part
    path: Path | None
    data: bytes = b""

    @classmethod
    def of_bytes(cls, path: str, data: bytes) -> Source:
        """From memory."""
        check_path(path)
        return cls(Part(path, len(data), hashlib.sha256(data).hexdigest()), None, data)

    @classmethod
    def of_file(cls, path: str, file: Path) -> Source:
        """From a file, which is hashed."""
        check_path(path)
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            return cls(Part(path, opened.tell(), digest), file)


def write(
    target: IO[bytes],
    manifest: Manifest,
    sources: Sequence[Source],
    recipients: Sequence[Recipient],
    progress: Bytes | None,
) -> None:
    """Write a backup.

    Raises:
        BackupFailed: a file has changed since it was hashed.
        OSError: it cannot be read or written.
    """
    if not recipients:
        _write_tar(target, manifest, sources, progress)
        return
    # age pulls, tar pushes: they meet in a pipe, so that nothing readable lies on a disk.
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def push() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe:
                _write_tar(pipe, manifest, sources, progress)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits for this one
            failed.append(error)

    pushing = threading.Thread(target=push, name="backup-tar")
    pushing.start()
    try:
        with os.fdopen(reading, "rb") as pipe:
            encrypt(pipe, target, recipients)
    except BaseException as error:
        pushing.join()
        if not failed or isinstance(failed[0], BrokenPipeError):
            raise error
    pushing.join()
    if failed:
        raise failed[0]


@contextmanager
def opened(
    path: Path, keys: Sequence[Identity], spool: Path
) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    """A backup's manifest, and its tar file placed behind it.

    Args:
        path: the backup.
        keys: that may decrypt it.
        spool: directory for the decrypted tar file, which has no name there.

    Raises:
        BackupUnusable: it is none, or cannot be decrypted.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(len(BEGIN))
            file.seek(0)
            if begin != BEGIN:
                with _tar(file) as found:
                    yield found
                return
            if not keys:
                raise BackupUnusable(
                    "It is encrypted.", where=str(path), advice="Give the file with an identity."
                )
            handle = os.open(spool, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w+b") as plain:
                try:
                    decrypt(file, plain, keys)
                except NotDecrypted as error:
                    raise BackupUnusable(
                        f"It cannot be decrypted: {error}.", where=str(path)
                    ) from None
                plain.seek(0)
                with _tar(plain) as found:
                    yield found
    except tarfile.TarError as error:
        raise BackupUnusable(f"It is damaged: {error}.", where=str(path)) from None
    except OSError as error:
        raise BackupUnusable(f"It cannot be read: {error}.", where=str(path)) from error


def extract(
    manifest: Manifest, tar: tarfile.TarFile, directory: Path, progress: Bytes | None
) -> None:
    """Write a backup's files below a directory, each checked against the manifest.

    Raises:
        BackupUnusable: one is missing, too much, or not what the manifest says.
    """
    total, done = sum(each.size for each in manifest.files), 0
    for part in manifest.files:
        member = tar.next()
        if member is None or member.name != part.path or not member.isreg():
            raise BackupUnusable("It is missing, or something else stands there.", where=part.path)
        if member.size != part.size:
            raise BackupUnusable(f"It has {member.size} bytes.", where=part.path)
        source = tar.extractfile(member)
        path = directory / part.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = hashlib.sha256()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as target:
            while source is not None and (piece := source.read(_CHUNK)):
                target.write(piece)
                digest.update(piece)
                done += len(piece)
                if progress is not None:
                    progress(done, total)
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != part.sha256:
            raise BackupUnusable("Its bytes have another hash.", where=part.path)
    if tar.next() is not None:
        raise BackupUnusable("It has more files than its manifest names.")


def _write_tar(
    target: IO[bytes], manifest: Manifest, sources: Sequence[Source], progress: Bytes | None
) -> None:
    total, done = sum(each.part.size for each in sources), 0
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        data = manifest.to_bytes()
        tar.addfile(_info(MANIFEST, len(data)), io.BytesIO(data))
        for each in sources:
            hashing = _Hashing(io.BytesIO(each.data) if each.path is None else each.path.open("rb"))
            with hashing:
                tar.addfile(_info(each.part.path, each.part.size), hashing)
                if hashing.digest.hexdigest() != each.part.sha256:
                    raise BackupFailed("It was changed meanwhile.", where=each.part.path)
            done += each.part.size
            if progress is not None:
                progress(done, total)


def _info(path: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o600
    return info


class _Hashing(io.RawIOBase):
    """A file that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
        super().close()


@contextmanager
def _tar(file: IO[bytes]) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    with tarfile.open(fileobj=file, mode="r:") as tar:
        member = tar.next()
        if member is None or member.name != MANIFEST or not member.isreg():
            raise BackupUnusable("It is no backup: there is no manifest.")
        if member.size > MANIFEST_BYTES_MAX:
            raise BackupUnusable(f"Its manifest has {member.size} bytes.")
        held = tar.extractfile(member)
        yield Manifest.read(b"" if held is None else held.read()), tar
