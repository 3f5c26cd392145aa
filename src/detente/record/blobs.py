"""Bytes kept by their SHA-256, one file each, never changed."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, ClassVar

from detente.errors import DetenteError


class BlobUnusable(DetenteError):
    """A blob is missing, damaged, too large, or cannot be written."""

    code: ClassVar[str] = "blob.unusable"


class BlobStore:
    """A directory of blobs. Names are hexadecimal SHA-256."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, data: bytes | BinaryIO) -> str:
        """Keep bytes, durably when it returns; gives their SHA-256. What is there already stays.

        Raises:
            BlobUnusable: too large, or the disk refuses.
        """
        raise NotImplementedError

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, for reading in pieces, after they have been checked whole.

        Raises:
            BlobUnusable: it is missing, or its bytes have another hash.
        """
        raise NotImplementedError

    def read(self, sha256: str) -> bytes:
        """The bytes, checked.

        Raises:
            BlobUnusable: it is missing, or its bytes have another hash.
        """
        raise NotImplementedError

    def size(self, sha256: str) -> int | None:
        """Its length in bytes; None if it is not there."""
        raise NotImplementedError

    def delete(self, sha256: str) -> None:
        """Forget it, durably; no error if it is gone already."""
        raise NotImplementedError
