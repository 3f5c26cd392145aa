"""Files of a segment that is being written: small pieces, made one when it ends. Blocking.

A piece is a whole Parquet file, durable when it has its name, so that a node that is killed loses
nothing that it has written.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import polars as pl

from detente.errors import DetenteError
from detente.feeds import Reports, frame_of, joined, read_reports
from detente.record import BlobStore
from detente.record.keys import sync_directory

FOLDER: Final = "tracks"
MEDIA_TYPE: Final = "application/vnd.apache.parquet"
_SUFFIX: Final = ".parquet"
_PART: Final = ".part"
_WHOLE: Final = "whole" + _PART
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A segment as one file.

    Attributes:
        sha256: of the file, hexadecimal.
        bytes: of it.
        rows: reports in it, in the order in which they were received.
        aircraft: how many different ones.
        first, last: when its first and last report were received.
        feeds: names of their feeds.
        unreadable: pieces that could not be read, and are not in it.
    """

    sha256: str
    bytes: int
    rows: int
    aircraft: int
    first: datetime
    last: datetime
    feeds: tuple[str, ...]
    unreadable: int


class Pieces:
    """Segments that are being written, each in a folder named by the id that its entry will have.

    Args:
        directory: of the node.
    """

    def __init__(self, directory: Path) -> None:
        self._folder = directory / FOLDER

    def begin(self, segment: UUID) -> None:
        """Make its folder, durably: what is lost of it can be told from then on.

        Raises:
            OSError: the disk refuses.
        """
        folder = self._folder / str(segment)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_directory(self._folder)
        sync_directory(self._folder.parent)

    def write(self, segment: UUID, number: int, reports: Reports) -> int:
        """Write the next reports as a piece, durably; gives its bytes.

        Raises:
            OSError: the disk refuses.
        """
        folder = self._folder / str(segment)
        path = folder / f"{number:06d}{_SUFFIX}"
        part = path.with_suffix(_PART)
        size = _written(reports, part)
        part.rename(path)
        sync_directory(folder)
        return size

    def begun(self) -> list[UUID]:
        """Segments whose folders are there, the oldest first."""
        if not self._folder.is_dir():
            return []
        found = []
        for path in self._folder.iterdir():
            try:
                found.append(UUID(path.name))
            except ValueError:
                continue
        return sorted(found)

    def seal(self, segment: UUID, blobs: BlobStore) -> Sealed | None:
        """Make one file of its pieces, and keep it by its hash; None if there is no report.

        Raises:
            OSError, BlobUnusable: the disk refuses.
        """
        folder = self._folder / str(segment)
        batches: list[Reports] = []
        unreadable = 0
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            try:
                batches += list(read_reports(path, "parquet"))
            except DetenteError:
                unreadable += 1
        reports = joined(batches)
        if not len(reports):
            return None
        whole = folder / _WHOLE
        size = _written(reports, whole)
        with whole.open("rb") as file:
            sha256 = blobs.put(file)
        return Sealed(
            sha256=sha256,
            bytes=size,
            rows=len(reports),
            aircraft=len(reports.identities),
            first=_at(int(reports.received_us.min())),
            last=_at(int(reports.received_us.max())),
            feeds=tuple(sorted({each.name for each in reports.sources})),
            unreadable=unreadable,
        )

    def forget(self, segment: UUID) -> None:
        """Delete its pieces: it is in the record.

        Raises:
            OSError: the disk refuses.
        """
        shutil.rmtree(self._folder / str(segment))
        sync_directory(self._folder)


def names_in(blobs: BlobStore, sha256: str) -> frozenset[str]:
    """Aircraft in a segment. Blocking.

    Raises:
        BlobUnusable: it is not here.
    """
    with blobs.open(sha256) as file:
        column = pl.read_parquet(file, columns=["aircraft"])["aircraft"]
    return frozenset(column.cast(pl.String).unique().to_list())


def _written(reports: Reports, path: Path) -> int:
    with path.open("wb") as file:
        try:
            frame_of(reports).write_parquet(file, compression="zstd")
        except pl.exceptions.PolarsError as error:  # it has errors of its own for full disks
            raise OSError(str(error)) from error
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _at(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)
