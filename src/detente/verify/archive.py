"""The zip archive, read by the rules of `detente-bundle/1` and no others.

Zip readers disagree about files that say two things: what stands in the directory and before the
member, two members of one name, bytes that belong to nobody. Here each byte of the file has one
meaning, or the file is refused (APPNOTE 6.3.10, sections 4.3 and 4.5.3).
"""

from __future__ import annotations

import mmap
import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detente.formats import BUNDLE_MEMBER_BYTES_MAX, BUNDLE_MEMBERS_MAX

from .errors import Unusable, VerifyError

PATH_BYTES_MAX: Final = 512

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_END64: Final = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR: Final = struct.Struct("<4sIQI")
_OFFSET64: Final = struct.Struct("<HHQ")

_LOCAL_SIGN: Final = b"PK\x03\x04"
_CENTRAL_SIGN: Final = b"PK\x01\x02"
_END_SIGN: Final = b"PK\x05\x06"
_END64_SIGN: Final = b"PK\x06\x06"
_LOCATOR_SIGN: Final = b"PK\x06\x07"

_VERSION: Final = 20
_VERSION64: Final = 45
_UNIX: Final = 3 << 8
_DATE_1980: Final = 0x21
_FILE_MODE: Final = 0o100644 << 16
_COUNT64: Final = 0xFFFF
_SIZE64: Final = 0xFFFFFFFF
_END_REACH: Final = 65_557
"""The end record with the longest comment."""

_PATH: Final = re.compile(rb"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's bytes stand."""

    path: str
    offset: int
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Tells whether a file is still the one that was opened."""

    device: int
    inode: int
    size: int
    modified_ns: int


class Archive:
    """A bundle's members, each read on demand; the file is mapped, never read whole.

    Args:
        directory: False for a second opening, where members are known from the first.

    Raises:
        Unusable: there is no such file, it cannot be read, or it is no zip archive.
        VerifyError: zip.malformed, zip.trick, zip.limit.
    """

    def __init__(self, path: Path, *, directory: bool = True) -> None:
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                self.identity = Identity(
                    status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
                )
                if status.st_size == 0:
                    raise Unusable(f"{path} is empty.")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise Unusable(f"{path} cannot be read: {reason}.") from None
        try:
            self.members = read_directory(self._map) if directory else {}
        except BaseException:
            self._map.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exc: object) -> None:
        self._map.close()

    def read(self, member: Member) -> bytes:
        """A member's bytes.

        Raises:
            VerifyError: zip.malformed; its checksum is wrong.
        """
        data = self._map[member.offset : member.offset + member.size]
        if zlib.crc32(data) != member.crc:
            raise VerifyError("zip.malformed", member.path, "wrong CRC-32")
        return data

    def get(self, path: str) -> bytes | None:
        """The bytes of the member of that name, None if there is none."""
        member = self.members.get(path)
        return None if member is None else self.read(member)


def read_directory(data: bytes | mmap.mmap) -> dict[str, Member]:
    """All members by path, in order.

    Raises:
        Unusable: it is not a zip archive.
        VerifyError: zip.malformed, zip.trick, zip.limit.
    """
    count, directory, end = _find_directory(data)
    members: dict[str, Member] = {}
    last = b""
    position = 0
    for number, entry in enumerate(_entries(data, directory, end, count)):
        where = f"zip entry {number}"
        name = entry.name
        _check_path(name, where)
        if name <= last:
            what = "a name twice" if name == last else "not sorted by path"
            raise VerifyError("zip.trick", where, what)
        if entry.offset != position:
            raise VerifyError("zip.trick", where, "members overlap, or bytes between them")
        start = _check_local(data, entry, directory, where)
        position = start + entry.size
        if position > directory:
            raise VerifyError("zip.malformed", where, "reaches into the directory")
        path = name.decode("ascii")
        members[path] = Member(path, start, entry.size, entry.crc)
        last = name
    if position != directory:
        raise VerifyError("zip.trick", "zip directory", "bytes before the directory")
    _check_no_file_is_folder(members)
    return members


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    crc: int
    size: int
    offset: int
    version: int


def _find_directory(data: bytes | mmap.mmap) -> tuple[int, int, int]:
    """Number of entries, where the directory begins, and where it ends."""
    length = len(data)
    at = length - _END.size
    if at < 0 or data[at : at + 4] != _END_SIGN:
        if data[max(0, length - _END_REACH) :].rfind(_END_SIGN) < 0:
            if data[:4] == _LOCAL_SIGN:
                raise VerifyError("zip.malformed", "zip end", "the end is missing: truncated")
            raise Unusable("It is not a zip archive: give the bundle as it came, the .zip file.")
        raise VerifyError("zip.trick", "zip end", "a comment, or bytes after the end record")
    _, disk, start_disk, here, count, size, offset, comment = _END.unpack(data[at:])
    if comment or disk or start_disk or here != count:
        raise VerifyError("zip.trick", "zip end", "a comment, or several disks")
    end = at
    wants64 = count == _COUNT64 or size == _SIZE64 or offset == _SIZE64
    if wants64:
        count, size, offset, end = _read_end64(data, at, (count, size, offset))
    if count > BUNDLE_MEMBERS_MAX:
        raise VerifyError("zip.limit", "zip end", f"more than {BUNDLE_MEMBERS_MAX} members")
    if offset + size != end:
        raise VerifyError(
            "zip.trick", "zip end", "bytes before the archive, or after the directory"
        )
    return count, offset, end


def _read_end64(
    data: bytes | mmap.mmap, at: int, small: tuple[int, int, int]
) -> tuple[int, int, int, int]:
    locator = at - _LOCATOR.size
    record = locator - _END64.size
    if record < 0:
        raise VerifyError("zip.malformed", "zip64 end", "missing")
    sign, disk, offset, disks = _LOCATOR.unpack(data[locator:at])
    if sign != _LOCATOR_SIGN or disk or disks != 1 or offset != record:
        raise VerifyError("zip.trick", "zip64 locator", "wrong")
    sign, length, made, needed, disk, start_disk, here, count, size, start = _END64.unpack(
        data[record:locator]
    )
    if (
        sign != _END64_SIGN
        or length != _END64.size - 12
        or made not in (_UNIX | _VERSION, _UNIX | _VERSION64)
        or needed != _VERSION64
        or disk
        or start_disk
        or here != count
    ):
        raise VerifyError("zip.trick", "zip64 end", "wrong")
    for large, stated, marker in zip(
        (count, size, start), small, (_COUNT64, _SIZE64, _SIZE64), strict=True
    ):
        # Each number stands once: in the old record if it fits, else in the new one.
        if stated != (large if large < marker else marker):
            raise VerifyError("zip.trick", "zip64 end", "the two end records disagree")
    return count, size, start, record


def _entries(data: bytes | mmap.mmap, start: int, end: int, count: int) -> Iterator[_Entry]:
    position = start
    for number in range(count):
        where = f"zip entry {number}"
        if position + _CENTRAL.size > end:
            raise VerifyError("zip.malformed", where, "the directory is too short")
        entry, position = _central(data, position, end, where)
        yield entry
    if position != end:
        raise VerifyError("zip.trick", "zip directory", "more bytes than entries")


def _central(data: bytes | mmap.mmap, position: int, end: int, where: str) -> tuple[_Entry, int]:
    (
        sign,
        made,
        needed,
        flags,
        method,
        time,
        date,
        crc,
        packed,
        size,
        name_length,
        extra_length,
        comment_length,
        disk,
        internal,
        external,
        offset,
    ) = _CENTRAL.unpack(data[position : position + _CENTRAL.size])
    if sign != _CENTRAL_SIGN:
        raise VerifyError("zip.malformed", where, "no directory entry")
    position += _CENTRAL.size
    name = data[position : position + name_length]
    position += name_length
    version = _VERSION
    if offset == _SIZE64:
        version = _VERSION64
        extra = data[position : position + extra_length]
        if extra_length != _OFFSET64.size or len(extra) != _OFFSET64.size:
            raise VerifyError("zip.trick", where, "extra field")
        kind, length, offset = _OFFSET64.unpack(extra)
        if kind != 1 or length != 8 or offset < _SIZE64:
            raise VerifyError("zip.trick", where, "extra field")
        position += extra_length
    elif extra_length:
        raise VerifyError("zip.trick", where, "extra field")
    if position > end:
        raise VerifyError("zip.malformed", where, "the directory is too short")
    wrong = (
        (flags != 0, "flags: encryption, data descriptor or other"),
        (method != 0 or packed != size, "compressed"),
        ((time, date) != (0, _DATE_1980), "a date other than 1980-01-01"),
        (comment_length != 0, "comment"),
        (disk != 0, "another disk"),
        (internal != 0 or external != _FILE_MODE, "not a plain file: link, folder or other"),
        (made != _UNIX | version or needed != version, "unexpected version"),
    )
    for is_wrong, what in wrong:
        if is_wrong:
            raise VerifyError("zip.trick", where, what)
    if size > BUNDLE_MEMBER_BYTES_MAX:
        raise VerifyError("zip.limit", where, f"more than {BUNDLE_MEMBER_BYTES_MAX} bytes")
    return _Entry(name, crc, size, offset, version), position


def _check_local(data: bytes | mmap.mmap, entry: _Entry, limit: int, where: str) -> int:
    """Where the member's bytes begin; its local header must repeat the directory's entry."""
    start = entry.offset + _LOCAL.size + len(entry.name)
    if start > limit:
        raise VerifyError("zip.malformed", where, "no local header")
    expected = (
        _LOCAL.pack(
            _LOCAL_SIGN,
            entry.version,
            0,
            0,
            0,
            _DATE_1980,
            entry.crc,
            entry.size,
            entry.size,
            len(entry.name),
            0,
        )
        + entry.name
    )
    if data[entry.offset : start] != expected:
        raise VerifyError("zip.trick", where, "local header and directory disagree")
    return start


def _check_path(name: bytes, where: str) -> None:
    if len(name) > PATH_BYTES_MAX:
        raise VerifyError("zip.limit", where, "path too long")
    if _PATH.fullmatch(name) is None or any(part in (b".", b"..") for part in name.split(b"/")):
        raise VerifyError("zip.trick", where, "path")


def _check_no_file_is_folder(members: dict[str, Member]) -> None:
    for path in members:
        folder = path
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if folder in members:
                raise VerifyError("zip.trick", folder, "both a file and a folder")
