"""Parquet of any size, in frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from .archive_options import POLARS_ERRORS, ArchiveError


class ParquetTable:
    """A Parquet file.

    Args:
        path: where it is.

    Raises:
        ArchiveError: it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._scan = pl.scan_parquet(path, glob=False)
            self.columns: list[str] = self._scan.collect_schema().names()
            self.rows: int = self._scan.select(pl.len()).collect().item()
        except POLARS_ERRORS as problem:
            raise ArchiveError(f"The file is damaged: {problem}", where=str(path)) from problem

    def frames(self, needed: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
        """So many rows at a time, in their order; other columns are neither unpacked nor kept.

        What comes next is unpacked while this is looked at, a few frames ahead and no more.

        Raises:
            ArchiveError: the file is damaged.
        """
        frames = self._scan.select(needed).collect_batches(
            chunk_size=rows, maintain_order=True, lazy=True
        )
        done = 0
        while True:
            try:
                frame = next(frames, None)
            except POLARS_ERRORS as problem:
                raise ArchiveError(
                    f"The file is damaged: {problem}", where=f"{self._path}, row {done + 1}"
                ) from problem
            if frame is None:
                break
            yield frame
            done += frame.height
        if done != self.rows:
            raise ArchiveError(
                f"The file is damaged: of its {self.rows} rows {done} can be read.",
                where=str(self._path),
            )
