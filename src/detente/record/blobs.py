"""Bytes kept by their SHA-256, one file each, never changed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from detente import formats
from detente.errors import DetenteError

from .keys import sync_directory

_PIECE: Final = 1 << 20
_NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TEMPORARY: Final = ".new-"


class BlobUnusable(DetenteError):
    """A blob is missing, damaged, too large, or cannot be written."""

    code: ClassVar[str] = "blob.unusable"


class BlobStore:
    """A directory of blobs. Names are hexadecimal SHA-256.

    Blocking calls, from any thread. Only its owner writes; what a crash left half written is
    swept by `sweep`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, data: bytes | BinaryIO) -> str:
        """Keep bytes, durably when it returns; gives their SHA-256. What is there already stays,
        and counts as put now (see `put_before`).

        Raises:
            BlobUnusable: too large, or the disk refuses.
        """
        source = BytesIO(data) if isinstance(data, bytes) else data
        try:
            if isinstance(data, bytes):
                sha256 = hashlib.sha256(data).hexdigest()
                if self.touch(sha256) == len(data):
                    return sha256
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._put(source)
        except OSError as error:
            raise BlobUnusable(
                f"It cannot be written: {error}.", where=str(self._directory)
            ) from error

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, for reading in pieces, after they have been checked whole.

        Raises:
            BlobUnusable: it is missing, or its bytes have another hash.
        """
        where = f"blob {sha256}"
        path = self._path(sha256)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise BlobUnusable("It is missing.", where=where) from None
        except OSError as error:
            raise BlobUnusable(f"It cannot be read: {error}.", where=where) from error
        try:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
        except OSError as error:
            file.close()
            raise BlobUnusable(f"It cannot be read: {error}.", where=where) from error
        if found != sha256:
            file.close()
            raise BlobUnusable(
                f"Its bytes have the hash {found}: the file was changed.", where=where
            )
        return file

    def read(self, sha256: str) -> bytes:
        """The bytes, checked.

        Raises:
            BlobUnusable: it is missing, or its bytes have another hash.
        """
        with self.open(sha256) as file:
            return file.read()

    def size(self, sha256: str) -> int | None:
        """Its length in bytes; None if it is not there."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def touch(self, sha256: str) -> int | None:
        """As `size`; it counts as put now, if it is there."""
        try:
            os.utime(self._path(sha256))
        except FileNotFoundError:
            return None
        return self.size(sha256)

    def put_before(self, moment: datetime) -> list[str]:
        """Names of those that were last put before a moment, sorted."""
        names = (path.name for path in self._directory.glob("??/*"))
        return sorted(name for name in names if _NAME.fullmatch(name) and self._old(name, moment))

    def delete_put_before(self, sha256: str, moment: datetime) -> bool:
        """Forget it unless it was put at the moment or later; whether it was forgotten.

        Raises:
            BlobUnusable: it cannot be deleted.
        """
        if not self._old(sha256, moment):
            return False
        self.delete(sha256)
        return True

    def delete(self, sha256: str) -> None:
        """Forget it, durably; no error if it is gone already.

        Raises:
            BlobUnusable: it cannot be deleted.
        """
        path = self._path(sha256)
        try:
            path.unlink()
            sync_directory(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise BlobUnusable(f"It cannot be deleted: {error}.", where=f"blob {sha256}") from error

    def sweep(self) -> None:
        """Delete what a crash left half written. Only while nobody puts anything."""
        for path in self._directory.glob(f"{_TEMPORARY}*"):
            path.unlink(missing_ok=True)

    def _put(self, source: BinaryIO) -> str:
        temporary = self._directory / f"{_TEMPORARY}{secrets.token_hex(8)}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        sha256, length = hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb") as file:
                while piece := source.read(_PIECE):
                    length += len(piece)
                    if length > formats.BUNDLE_MEMBER_BYTES_MAX:
                        raise BlobUnusable(
                            f"A blob has at most {formats.BUNDLE_MEMBER_BYTES_MAX} bytes."
                        )
                    sha256.update(piece)
                    file.write(piece)
                file.flush()
                path = self._path(sha256.hexdigest())
                if path.exists() and path.stat().st_size == length:
                    os.utime(path)
                    return sha256.hexdigest()
                os.fsync(file.fileno())
            path.parent.mkdir(mode=0o700, exist_ok=True)
            # Replaces a damaged file of that name, should there be one.
            temporary.rename(path)
            sync_directory(path.parent)
            sync_directory(self._directory)
        finally:
            temporary.unlink(missing_ok=True)
        return sha256.hexdigest()

    def _old(self, sha256: str, moment: datetime) -> bool:
        try:
            return self._path(sha256).stat().st_mtime < moment.timestamp()
        except FileNotFoundError:
            return False

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise BlobUnusable("The name of a blob is its SHA-256, in lower-case hexadecimal.")
        return self._directory / sha256[:2] / sha256
