"""Snapshots as files: written beside, made durable, then given their name.

A file is a block of 4096 bytes that describes it, with a checksum of its own, and the body.
Blocking calls only; the caller provides the thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import struct
from pathlib import Path
from typing import BinaryIO

from .keys import sync_directory
from .log import SNAPSHOTS_KEPT, SnapshotInfo

_MAGIC = b"DTSNAP01"
_HEADER_BYTES = 4096
_FIXED = struct.Struct(">8sQQ32s32sH")
_SUFFIX = ".snapshot"
_TEMPORARY = ".writing-"


class SnapshotWriter:
    """A snapshot that is being written; nobody sees it before `finish`."""

    def __init__(self, directory: Path, size: int, root: bytes, frontier: bytes) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._size, self._root, self._frontier = size, root, frontier
        self._key = f"{size:016d}-{secrets.token_hex(4)}"
        self._path = directory / f"{_TEMPORARY}{self._key}"
        self._sha256 = hashlib.sha256()
        self._length = 0
        self._file: BinaryIO = self._path.open("xb")
        # Tells a file that is being written from one that a crash left behind.
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file.write(bytes(_HEADER_BYTES))

    def write(self, chunk: bytes) -> None:
        """Add to the body."""
        self._file.write(chunk)
        self._sha256.update(chunk)
        self._length += len(chunk)

    def finish(self) -> SnapshotInfo:
        """Make it durable and visible, and delete all but the newest two."""
        info = SnapshotInfo(
            self._key,
            self._size,
            self._root,
            self._frontier,
            self._length,
            self._sha256.digest(),
        )
        self._file.seek(0)
        self._file.write(_encode(info))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.rename(_path(self._directory, self._key))
        self._file.close()
        sync_directory(self._directory)
        for path in _newest_first(self._directory)[SNAPSHOTS_KEPT:]:
            path.unlink(missing_ok=True)
        return info

    def abandon(self) -> None:
        """Leave no trace, unless it was finished."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def list_snapshots(directory: Path) -> list[SnapshotInfo]:
    """What is there, newest first; what cannot be used says so in `fault`."""
    return [_describe(path) for path in _newest_first(directory)]


def open_body(directory: Path, info: SnapshotInfo) -> BinaryIO:
    """The file, at the beginning of the body."""
    file = _path(directory, info.key).open("rb")
    file.seek(_HEADER_BYTES)
    return file


def delete_snapshot(directory: Path, info: SnapshotInfo) -> None:
    """Delete the file if it is there."""
    _path(directory, info.key).unlink(missing_ok=True)


def sweep(directory: Path) -> None:
    """Delete what crashes left half written."""
    if not directory.is_dir():
        return
    for path in directory.glob(f"{_TEMPORARY}*"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except OSError:
            continue  # being written by another process, or gone


def _path(directory: Path, key: str) -> Path:
    return directory / f"{key}{_SUFFIX}"


def _newest_first(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    found: list[tuple[int, int, Path]] = []
    for path in directory.glob(f"*{_SUFFIX}"):
        size = path.name.partition("-")[0]
        with contextlib.suppress(FileNotFoundError):
            modified_ns = path.stat().st_mtime_ns
            found.append((int(size) if size.isdecimal() else -1, modified_ns, path))
    return [path for _, _, path in sorted(found, reverse=True)]


def _encode(info: SnapshotInfo) -> bytes:
    fixed = _FIXED.pack(_MAGIC, info.size, info.length, info.sha256, info.root, len(info.frontier))
    data = fixed + info.frontier
    return (data + hashlib.sha256(data).digest()).ljust(_HEADER_BYTES, b"\x00")


def _describe(path: Path) -> SnapshotInfo:
    key = path.name.removesuffix(_SUFFIX)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            length_found = os.fstat(file.fileno()).st_size - _HEADER_BYTES
    except OSError as error:
        return _unusable(key, f"It cannot be read: {error}.")
    if len(header) < _HEADER_BYTES:
        return _unusable(key, "It is cut short.")
    magic, size, length, sha256, root, frontier_length = _FIXED.unpack_from(header)
    end = _FIXED.size + frontier_length
    checksum = hashlib.sha256(header[:end]).digest()
    if magic != _MAGIC or end + 32 > _HEADER_BYTES or header[end : end + 32] != checksum:
        return _unusable(key, "The description at its beginning is damaged.")
    fault = ""
    if length_found != length:
        fault = f"Its body has {length_found} bytes instead of {length}."
    frontier = header[_FIXED.size : end]
    return SnapshotInfo(key, size, root, frontier, length, sha256, fault)


def _unusable(key: str, fault: str) -> SnapshotInfo:
    size = key.partition("-")[0]
    return SnapshotInfo(key, int(size) if size.isdecimal() else 0, b"", b"", 0, b"", fault)
