"""Tables of positions, as reports: whatever file they come from."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.words import Words

from . import _table_rows
from .archive_options import ArchiveOptions
from .decoding import Counts
from .quality import NACP_M, NIC_M, WORST_M
from .reports import NEVER, Basis, Reports, Source, empty, of_columns
from .tables_columns import Layout, layout_of
from .tables_kinds import with_single_values
from .tables_names import LastNames, NameColumn
from .tables_times import TimeColumn

Floats: TypeAlias = npt.NDArray[np.float64]

_REASONS: Final = {
    _table_rows.NO_TIME: "no-time",
    _table_rows.NO_AIRCRAFT: "no-aircraft",
    _table_rows.NO_POSITION: "no-position",
}
_ADDRESS: Final = re.compile(r"~?[0-9a-f]{6}")
_SHORT: Final = re.compile(r"[0-9a-f]{1,5}")


class TableReader:
    """Makes reports of a table's frames, one after the other.

    What a row lacks is counted: `no-time`, `no-aircraft`, `no-position`. A time that cannot be read
    among others that can is none.

    Args:
        columns: of the table.
        options: see there.
        source: of the reports.
        counts: added to.
        where: names the table in errors.

    Raises:
        ColumnUnclear: see `layout_of`.
    """

    def __init__(
        self,
        columns: list[str],
        options: ArchiveOptions,
        source: Source,
        counts: Counts,
        where: str,
    ) -> None:
        self.layout: Layout = layout_of(columns, options, where)
        self._utc = options.times_are_utc
        self._source = source
        self._counts = counts
        self._where = where
        self._aircraft = NameColumn(_naming(self.layout))
        self._callsigns = NameColumn(str.strip)
        self._called = LastNames()
        self._times: dict[str, TimeColumn] = {}
        self._rows = 0
        self._untimed: tuple[Words, ...] = ()

    @property
    def assumptions(self) -> tuple[Words, ...]:
        """What a reader of the results must know; complete when all has been read."""
        return (*self.layout.assumptions, *self._untimed)

    def reports(self, frame: pl.DataFrame) -> Reports:
        """The reports of the next rows.

        Raises:
            ColumnUnclear: the times could mean many things, or a column holds no single values.
        """
        layout = self.layout
        frame = with_single_values(frame, layout.needed, self._where)
        self._counts.messages += frame.height
        if not frame.height:
            return empty()
        columns: dict[str, npt.NDArray[np.generic]] = {}
        time_us = self._instants(frame, layout.time)
        if layout.position_time is not None:
            columns["received_us"] = time_us
            measured = self._instants(frame, layout.position_time)
            time_us = np.where(measured == NEVER, time_us, measured)
        columns["time_us"] = time_us
        self._note_untimed(frame[layout.time], time_us)
        aircraft = self._aircraft.numbers(_cells(frame[layout.aircraft], layout))
        columns["aircraft"] = aircraft
        for ours, column in layout.numbers.items():
            values = numbers_of(frame[column.name])
            columns[ours] = values if column.factor == 1.0 else values * column.factor
        if layout.on_ground is not None:
            columns["on_ground"] = _grounded(frame[layout.on_ground])
        self._add_quality(frame, columns)
        told = None if layout.callsign is None else self._callsigns.numbers(frame[layout.callsign])
        names = self._aircraft.names
        callsigns = self._called.after(aircraft, self._callsigns, told, len(names))
        columns = self._usable(columns)
        count = len(columns["time_us"])
        self._counts.reports += count
        return of_columns(count, names, callsigns, (self._source,), **columns)

    def _instants(self, frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
        series = frame[name]
        column = self._times.get(name)
        if column is None:
            column = TimeColumn.of(series, self._where, utc=self._utc)
            if column is None:
                return np.full(frame.height, NEVER, dtype=np.int64)
            self._times[name] = column
        return column.instants(series).fill_null(NEVER).to_numpy(writable=True)

    def _note_untimed(self, told: pl.Series, time_us: npt.NDArray[np.int64]) -> None:
        """Name the first row that tells no time."""
        if not self._untimed and (untimed := time_us == NEVER).any():
            first = int(np.argmax(untimed))
            cell = "" if told[first] is None else str(told[first]).strip()[:60]
            row = self._rows + first + 1
            self._untimed = (
                Words(
                    f"{self._where}: row {row:,} tells no time that can be read"
                    f"{f' ({cell})' if cell else ''}; such rows are left out, and counted.",
                    f"{self._where} : la ligne {row} n’indique pas d’heure lisible"
                    f"{f' ({cell})' if cell else ''} ; de telles lignes sont omises et comptées.",
                ),
            )
        self._rows += len(time_us)

    def _add_quality(
        self, frame: pl.DataFrame, columns: dict[str, npt.NDArray[np.generic]]
    ) -> None:
        """What ADS-B's codes say, where the table has no metres."""
        layout = self.layout
        nic = None if layout.nic is None else numbers_of(frame[layout.nic])
        if nic is not None and "containment_m" not in columns:
            columns["containment_m"] = _looked_up(nic, NIC_M)
        if layout.nac_p is not None and "horizontal_m" not in columns:
            columns["horizontal_m"] = _looked_up(numbers_of(frame[layout.nac_p]), NACP_M)
        if "containment_m" not in columns:
            return
        # Half the containment, as in DO-260 for its own categories; a category of 0 is no silence.
        derived = columns["containment_m"].astype(np.float64) / 2
        if nic is not None:
            derived = np.where(np.isnan(derived) & (nic == 0), WORST_M, derived)
        stated = columns.get("horizontal_m", np.full(frame.height, np.nan)).astype(np.float64)
        missing = np.isnan(stated)
        columns["horizontal_m"] = np.where(missing, derived, stated)
        columns["basis"] = np.where(missing, Basis.DERIVED, Basis.STATED).astype(np.uint8)

    def _usable(
        self, columns: dict[str, npt.NDArray[np.generic]]
    ) -> dict[str, npt.NDArray[np.generic]]:
        used = np.empty(len(columns["time_us"]), dtype=np.bool_)
        counts = np.zeros(_table_rows.FATES, dtype=np.int64)
        _table_rows.sort_out(
            columns["time_us"].astype(np.int64, copy=False),
            columns["aircraft"].astype(np.int32, copy=False),
            columns["lat_deg"].astype(np.float64, copy=False),
            columns["lng_deg"].astype(np.float64, copy=False),
            used,
            counts,
        )
        if counts[_table_rows.USED] == len(used):
            return columns
        for fate, reason in _REASONS.items():
            if counts[fate]:
                self._counts.dropped[reason] += int(counts[fate])
        return {name: column[used] for name, column in columns.items()}


def numbers_of(series: pl.Series) -> Floats:
    """Float64; NaN where there is no number."""
    if series.dtype == pl.Float64 and not series.null_count():
        return series.to_numpy(writable=True)
    if not series.dtype.is_numeric():
        series = series.cast(pl.String).str.strip_chars()
    values = series.cast(pl.Float64, strict=False).fill_null(np.nan)
    return values.to_numpy(writable=True)


def _looked_up(values: Floats, table: Floats) -> Floats:
    known = (values >= 0) & (values < len(table))
    codes = np.where(known, values, 0).astype(np.int64)
    return np.where(known, table[codes], np.nan)


def _grounded(series: pl.Series) -> npt.NDArray[np.uint8]:
    if series.dtype == pl.String or isinstance(series.dtype, pl.Categorical | pl.Enum):
        lowered = series.cast(pl.String).str.to_lowercase().str.strip_chars()
        series = (
            pl.select(
                pl.when(lowered.is_in(["true", "t", "1", "yes"]))
                .then(1)
                .when(lowered.is_in(["false", "f", "0", "no"]))
                .then(0)
            )
        ).to_series()
    return series.cast(pl.UInt8, strict=False).fill_null(2).clip(0, 2).to_numpy(writable=True)


def _cells(series: pl.Series, layout: Layout) -> pl.Series:
    """Addresses may be stored as numbers."""
    if layout.aircraft_is_address and series.dtype.is_integer():
        unique = series.drop_nulls().unique()
        names = [f"{each:06x}" for each in unique.to_list()]
        return series.replace_strict(unique, names, return_dtype=pl.String, default=None)
    return series


def _naming(layout: Layout) -> Callable[[str], str]:
    if not layout.aircraft_is_address:
        kind = "callsign" if layout.aircraft == layout.callsign else "track"

        def named(text: str) -> str:
            stripped = text.strip()
            return f"{kind}:{stripped}" if stripped else ""

        return named

    def addressed(text: str) -> str:
        address = text.strip().lower().removeprefix("0x")
        if _ADDRESS.fullmatch(address):
            return address
        if _SHORT.fullmatch(address):
            return address.zfill(6)
        return f"track:{text.strip()}" if address else ""

    return addressed
