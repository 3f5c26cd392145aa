"""A zip file with one spelling: stored, sorted, without anything that may differ or hide.

Members come in any order and size; they go into a spool (a file without a name), and `finish`
writes them sorted into a temporary file beside the target, makes it durable and gives it its name.
A process that dies before that leaves nothing that could be taken for a bundle.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from detente.formats import BUNDLE_MEMBER_BYTES_MAX, BUNDLE_MEMBERS_MAX
from detente.record.keys import sync_directory

from .request import ExportFailed, ExportRefused

_PATH = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
_DATE_1980 = 0x0021
"""The first of January 1980, as MS-DOS writes it; the time is 0."""
_VERSION = 20
_VERSION_64 = 45
_UNIX = 3 << 8
_ATTRIBUTES = 0o100644 << 16
_CHUNK = 1 << 20
_LIMIT_16 = 0xFFFF
_LIMIT_32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive.

    Attributes:
        path: its name.
        sha256: of its content, in hex.
        size: in bytes.
        crc: CRC-32.
        at: where the content begins in the spool.
    """

    path: str
    sha256: str
    size: int
    crc: int
    at: int


class Archive:
    """Collects members and becomes a file.

    Args:
        directory: where the spool is made; the target's, so that the disk is the same.

    Raises:
        ExportFailed: the directory cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self._members: dict[str, Member] = {}
        try:
            self._spool: IO[bytes] = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
        except OSError as error:
            raise ExportFailed(f"Nothing can be written: {error}.", where=str(directory)) from error
        self._at = 0

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def __contains__(self, path: str) -> bool:
        return path in self._members

    def members(self) -> list[Member]:
        """What was added so far, sorted by path."""
        return sorted(self._members.values(), key=lambda member: member.path.encode())

    def add(self, path: str, data: bytes | Iterable[bytes]) -> Member:
        """Add a file.

        Raises:
            ExportFailed: the path is no good or taken, the file or the archive too large, or the
                disk refuses it.
        """
        if _PATH.fullmatch(path) is None or {".", ".."} & set(path.split("/")):
            raise ExportFailed("This is no path for a bundle.", where=path)
        if path in self._members:
            raise ExportFailed("The file would stand in the bundle twice.", where=path)
        if len(self._members) >= BUNDLE_MEMBERS_MAX:
            raise ExportFailed(
                f"A bundle has at most {BUNDLE_MEMBERS_MAX:,} files.",
                advice="Show fewer entries, or lower the number of single items.",
            )
        digest, crc, begin = hashlib.sha256(), 0, self._at
        try:
            for part in (data,) if isinstance(data, bytes) else data:
                self._spool.write(part)
                digest.update(part)
                crc = zlib.crc32(part, crc)
                self._at += len(part)
        except OSError as error:
            raise ExportFailed(f"It cannot be written: {error}.", where=path) from error
        size = self._at - begin
        if size > BUNDLE_MEMBER_BYTES_MAX:
            raise ExportFailed(
                f"A file of a bundle has at most {BUNDLE_MEMBER_BYTES_MAX:,} bytes.",
                where=path,
                advice="Withhold the blob, and hand it over beside the bundle.",
            )
        member = Member(path, digest.hexdigest(), size, crc, begin)
        self._members[path] = member
        return member

    def finish(self, target: Path, *, overwrite: bool) -> tuple[str, int]:
        """Write the archive; SHA-256 in hex and size of the file.

        Raises:
            ExportRefused: the target is there, and is not to be overwritten.
            ExportFailed: it cannot be written.
        """
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        digest, size = hashlib.sha256(), 0
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    for part in self._parts():
                        file.write(part)
                        digest.update(part)
                        size += len(part)
                    file.flush()
                    os.fsync(file.fileno())
                _name(temporary, target, overwrite=overwrite)
            finally:
                temporary.unlink(missing_ok=True)
            sync_directory(target.parent)
        except FileExistsError:
            raise ExportRefused(
                "There is a file already.",
                where=str(target),
                advice="Choose another name, or allow it to be overwritten.",
            ) from None
        except OSError as error:
            raise ExportFailed(f"It cannot be written: {error}.", where=str(target)) from error
        return digest.hexdigest(), size

    def _parts(self) -> Iterator[bytes]:
        directory: list[bytes] = []
        offset = 0
        for member in self.members():
            name = member.path.encode("ascii")
            common = struct.pack(
                "<HHHHLLLHH",
                0,
                0,
                0,
                _DATE_1980,
                member.crc,
                member.size,
                member.size,
                len(name),
                0,
            )
            header = b"PK\x03\x04" + struct.pack("<H", _VERSION) + common + name
            directory.append(_central(name, common, offset))
            yield header
            yield from self._content(member)
            offset += len(header) + member.size
        yield from directory
        yield _end(len(directory), sum(map(len, directory)), offset)

    def _content(self, member: Member) -> Iterator[bytes]:
        self._spool.seek(member.at)
        left = member.size
        while left:
            part = self._spool.read(min(left, _CHUNK))
            if not part:
                raise OSError(errno.EIO, "the spool is cut short")
            left -= len(part)
            yield part


def _central(name: bytes, common: bytes, offset: int) -> bytes:
    """A central directory header; the only extra field there can be is a large offset's (Zip64)."""
    extra = b"" if offset < _LIMIT_32 else struct.pack("<HHQ", 1, 8, offset)
    version = _VERSION_64 if extra else _VERSION
    fixed = common[:-2] + struct.pack("<H", len(extra))
    return (
        b"PK\x01\x02"
        + struct.pack("<HH", _UNIX | version, version)
        + fixed
        + struct.pack("<HHHLL", 0, 0, 0, _ATTRIBUTES, min(offset, _LIMIT_32))
        + name
        + extra
    )


def _end(count: int, size: int, offset: int) -> bytes:
    """The end record, with Zip64's two before it where a number does not fit."""
    before = b""
    if count >= _LIMIT_16 or size >= _LIMIT_32 or offset >= _LIMIT_32:
        record = struct.pack(
            "<QHHLLQQQQ", 44, _UNIX | _VERSION_64, _VERSION_64, 0, 0, count, count, size, offset
        )
        locator = struct.pack("<LQL", 0, offset + size, 1)
        before = b"PK\x06\x06" + record + b"PK\x06\x07" + locator
    short = min(count, _LIMIT_16)
    last = struct.pack(
        "<HHHHLLH", 0, 0, short, short, min(size, _LIMIT_32), min(offset, _LIMIT_32), 0
    )
    return before + b"PK\x05\x06" + last


def _name(temporary: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        if target.exists() and not target.is_file():  # it would take a device's place
            raise OSError(errno.EINVAL, "It is there, and is no file", str(target))
        temporary.replace(target)
    else:
        # A link, because a rename would overwrite a file that is there.
        os.link(temporary, target)
