"""What the columns of a table hold: one value a row, of a kind that can be what it is taken for."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from .archive_options import ColumnUnclear


def with_single_values(frame: pl.DataFrame, names: Iterable[str], where: str) -> pl.DataFrame:
    """With text for octets.

    Args:
        frame: some rows of the table.
        names: of the columns that are read.
        where: names the table in errors.

    Raises:
        ColumnUnclear: one holds several values a row, spans of time, or octets that are no text.
    """
    for name in names:
        kind = frame.schema[name]
        if kind.is_nested() or kind in (pl.Duration, pl.Object):
            raise ColumnUnclear(
                f"The column holds {kind}, not one number, text or time a row.",
                where=f"{where}, {name}",
                advice="Write one value a row.",
            )
        if kind == pl.Binary:
            try:
                frame = frame.with_columns(pl.col(name).cast(pl.String))
            except pl.exceptions.ComputeError:
                raise ColumnUnclear(
                    "The column holds octets that are no UTF-8.",
                    where=f"{where}, {name}",
                    advice="Write text, or hexadecimal digits.",
                ) from None
    return frame


def check_kind(series: pl.Series, kind: pl.DataType, where: str) -> None:
    """See that values are of the kind that this program writes, or nothing.

    Raises:
        ColumnUnclear: they are not.
    """
    if series.dtype not in (kind, pl.Null):
        raise ColumnUnclear(
            f"The column holds {series.dtype}, and in tables of this program {kind}.",
            where=f"{where}, {series.name}",
            advice="Give columns other names, or write the table anew.",
        )
