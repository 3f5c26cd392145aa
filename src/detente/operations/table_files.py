"""Tables from files of bounded size: their bytes, unpacked, and JSON as pandas writes it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from detente.errors import DetenteError

MAX_BYTES: Final = 1 << 30


class TrajectoryError(DetenteError):
    """A file of trajectories that cannot be understood."""

    code = "trajectory.invalid"


def file_bytes(path: Path) -> bytes:
    """All of a file, unpacked if its name ends in .gz.

    Raises:
        TrajectoryError: it is too large, or its compression is damaged.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise TrajectoryError(f"The file is larger than {MAX_BYTES >> 20} MiB.", where=str(path))
    if not path.name.lower().endswith(".gz"):
        return path.read_bytes()
    try:
        with gzip.open(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise TrajectoryError(
            f"The compression is damaged: {problem}", where=str(path)
        ) from problem
    if len(data) > MAX_BYTES:
        raise TrajectoryError(
            f"The file unpacks to more than {MAX_BYTES >> 20} MiB.", where=str(path)
        )
    return data


def read_json_table(path: Path, wanted: Collection[str] | None = None) -> pl.DataFrame:
    """A table from a list of records, or from an object of columns keyed by row numbers.

    Args:
        path: see `file_bytes`.
        wanted: columns that are kept, where they exist; all of them if not given.

    Raises:
        TrajectoryError: it holds no table.
        OSError: it cannot be read.
    """
    try:
        data: Any = msgspec.json.decode(file_bytes(path))
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise TrajectoryError(f"This is not JSON: {problem}", where=str(path)) from problem
    except RecursionError as problem:
        raise TrajectoryError("This JSON nests deeper than a table.", where=str(path)) from problem
    columns: dict[str, list[Any]] = {}
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        names = dict.fromkeys(name for row in data for name in row)
        columns = {name: [row.get(name) for row in data] for name in names}
    elif isinstance(data, dict) and all(isinstance(column, dict) for column in data.values()):
        rows = dict.fromkeys(row for column in data.values() for row in column)
        columns = {n: [column.get(row) for row in rows] for n, column in data.items()}
    if not columns:
        raise TrajectoryError(
            "This JSON holds no table: neither a list of records nor an object of columns.",
            where=str(path),
        )
    return pl.DataFrame(
        [_series(n, v) for n, v in columns.items() if wanted is None or n in wanted]
    )


def _series(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        # Mixed kinds (1 and 1.5, or text among numbers): numbers if all are, text otherwise.
        if all(v is None or isinstance(v, int | float) for v in values):
            return pl.Series(name, values, dtype=pl.Float64, strict=False)
        return pl.Series(name, [None if v is None else str(v) for v in values])
