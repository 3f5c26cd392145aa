"""Instants of a table's column: µs since 1970 UTC, from date-times, text or numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from .archive_options import ColumnUnclear

_NO_ZONE: Final = "If they are UTC, say so."
_ISO: Final = "%Y-%m-%dT%H:%M:%S%.f%z"
# Between 2001 and 2286 the magnitude of a number tells its unit: µs per unit, least, most.
_MAGNITUDES: Final = (
    ("_s", 1e6, 1e9, 1e10),
    ("_ms", 1e3, 1e12, 1e13),
    ("_us", 1.0, 1e15, 1e16),
    ("_ns", 1e-3, 1e18, 1e19),
)
_STRAY_SHARE: Final = 0.01
"""Numbers of another magnitude than the others', up to which they are odd ones out."""


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """How a column tells instants. Found out once for a file, so that it holds for all of it.

    Attributes:
        name: of the column.
        unit_us: µs for each unit of a number; None for text and date-times.
        utc: whether times without a zone are UTC.
        least, most: numbers from and below which are times.
    """

    name: str
    unit_us: float | None
    utc: bool = False
    least: float = -math.inf
    most: float = math.inf

    @classmethod
    def of(cls, series: pl.Series, where: str, *, utc: bool = False) -> TimeColumn | None:
        """Find out from some values; None if none of them tells anything.

        Args:
            series: the column.
            where: names the table in errors.
            utc: whether times without a zone are UTC.

        Raises:
            ColumnUnclear: numbers that could be many things, or times without a zone.
        """
        dtype = series.dtype
        if isinstance(dtype, pl.Datetime):
            if dtype.time_zone is None and not utc:
                raise ColumnUnclear(
                    "The times have no zone.", where=f"{where}, {series.name}", advice=_NO_ZONE
                )
            return cls(series.name, None, utc)
        if dtype.is_numeric():
            return cls._of_numbers(series, where)
        texts = series.drop_nulls()
        if texts.is_empty():
            return None
        times = _parsed(texts, utc=utc)
        if times.null_count() == len(texts):
            raise ColumnUnclear(
                f'"{str(texts[0])[:60]}" is no time with its zone.',
                where=f"{where}, {series.name}",
                advice="Write times like 2026-05-01T09:00:00Z, or as seconds since 1970. "
                f"{_NO_ZONE}",
            )
        return cls(series.name, None, utc)

    @classmethod
    def _of_numbers(cls, series: pl.Series, where: str) -> TimeColumn | None:
        name = series.name
        for suffix, factor, _, _ in _MAGNITUDES:
            if name.endswith(suffix) and name.startswith(("timestamp_", "time_")):
                return cls(name, factor)
        known = series.cast(pl.Float64).fill_nan(None).drop_nulls()
        if known.is_empty():
            return None
        numbers = known.to_numpy()
        # How many could be seconds, milliseconds and so on; the others are odd ones out.
        found = sorted(
            (int(np.count_nonzero((least <= numbers) & (numbers < most))), factor, least, most)
            for _, factor, least, most in _MAGNITUDES
        )
        (others, *_), (count, factor, least, most) = found[-2:]
        if count and others <= _STRAY_SHARE * count:
            return cls(name, factor, least=least, most=most)
        raise ColumnUnclear(
            f"The numbers from {numbers.min():g} to {numbers.max():g} could be many things; they "
            "are not seconds, milli-, micro- or nanoseconds since 1970 between 2001 and 2286.",
            where=f"{where}, {name}",
            advice="Name the column timestamp_s, timestamp_ms or timestamp_us.",
        )

    def instants(self, series: pl.Series) -> pl.Series:
        """Int64, null where nothing is told that can be read."""
        if isinstance(series.dtype, pl.Datetime):
            return series.cast(pl.Datetime("us", series.dtype.time_zone)).cast(pl.Int64)
        if self.unit_us is None:
            return _parsed(series, utc=self.utc)
        told = series.is_between(self.least, self.most, closed="left")
        if not told.all():
            series = pl.select(pl.when(told).then(series)).to_series()
        if series.dtype.is_integer():
            whole = series.cast(pl.Int64)
            return whole * int(self.unit_us) if self.unit_us >= 1 else whole // 1000
        numbers = series.cast(pl.Float64, strict=False).fill_nan(None)
        instants = (numbers * self.unit_us).round(0)
        return instants.cast(pl.Int64, strict=False)


def _parsed(texts: pl.Series, *, utc: bool) -> pl.Series:
    written = texts.cast(pl.String).str.strip_chars().str.replace(" ", "T", literal=True)
    zoned = written.str.replace(r"(?i)z$", "+00:00")
    if utc:
        zoned = zoned.str.replace(r"(T\d\d:\d\d:\d\d(?:\.\d+)?)$", "${1}+00:00")
    times = zoned.str.to_datetime(_ISO, time_unit="us", time_zone="UTC", strict=False)
    return times.cast(pl.Int64)
