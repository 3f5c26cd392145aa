"""Parquet of any size, in frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from .archive_options import ArchiveError


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
        except (pl.exceptions.PolarsError, OSError) as problem:
            raise ArchiveError(f"The file is damaged: {problem}", where=str(path)) from problem

    def frames(self, needed: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
        """So many rows at a time, in their order; others are neither unpacked nor kept.

        Raises:
            ArchiveError: the file is damaged.
        """
        wanted = self._scan.select(needed)
        for first in range(0, self.rows, rows):
            try:
                yield wanted.slice(first, rows).collect()
            except (pl.exceptions.PolarsError, OSError) as problem:
                raise ArchiveError(
                    f"The file is damaged: {problem}", where=f"{self._path}, row {first + 1}"
                ) from problem
