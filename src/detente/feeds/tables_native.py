"""Reports as a table and back, without loss: for Parquet that we write ourselves.

Names are enumerations, which Parquet keeps as dictionaries, so that a row costs a number for each
of them, in the file and in reading it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from .archive_options import ArchiveError
from .decoding import Counts
from .reports import COLUMNS, NEVER, Basis, Reports, Source, of_columns
from .tables_kinds import check_kind, with_single_values
from .tables_names import NOBODY, LastNames, NameColumn

_CALLSIGN: Final = "callsign"
_ALWAYS: Final = ("time_us", "aircraft", "source", "lat_deg", "lng_deg")
_TIMES: Final = ("time_us", "received_us")
_CODES: Final = ("aircraft", "source")
_UNTOLD: Final = 2
"""In `on_ground`."""
_UNTOLD_CODES: Final = {"basis": int(Basis.ASSUMED), "on_ground": _UNTOLD}


def frame_of(reports: Reports) -> pl.DataFrame:
    """One row for each report, with the columns of `Reports` in which there is anything.

    A column that is left out says nothing: accuracies are then the source's assumptions. Times that
    were not told are null. `callsign` stands beside them. A source is JSON: name, format, assumed
    metres.
    """
    columns: list[pl.Series] = []
    silent = _silent(reports)
    for name in COLUMNS:
        values = getattr(reports, name)
        if name == "aircraft":
            columns.append(_enumerated(name, reports.identities, values))
        elif name == "source":
            columns.append(_enumerated(name, [_source_text(e) for e in reports.sources], values))
        elif name not in silent:
            series = pl.Series(name, values)
            if name in _TIMES and len(values) and int(values.min()) == NEVER:
                series = series.set(series == NEVER, None)
            columns.append(series)
    if any(reports.callsigns[each] for each in np.unique(reports.aircraft).tolist()):
        names, codes = np.unique(np.array(reports.callsigns, dtype=object), return_inverse=True)
        columns.append(
            _enumerated(
                _CALLSIGN, [str(each) for each in names], np.asarray(codes)[reports.aircraft]
            )
        )
    return pl.DataFrame(columns)


def native_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Those of a table that are read, if it is one that `frame_of` made; else none."""
    if not set(_ALWAYS) <= set(columns):
        return ()
    return tuple(each for each in (*COLUMNS, _CALLSIGN) if each in columns)


class NativeReader:
    """Makes reports of frames as `frame_of` makes them.

    Args:
        counts: added to.
        where: names the table in errors.
    """

    def __init__(self, counts: Counts, where: str) -> None:
        self._counts = counts
        self._where = where
        self._aircraft = NameColumn(str)
        self._callsigns = NameColumn(str)
        self._sources = NameColumn(str)
        self._called = LastNames()

    def reports(self, frame: pl.DataFrame) -> Reports:
        """The reports of the next rows.

        Raises:
            ArchiveError: a column is not as it is written here.
        """
        named = [each for each in (*_CODES, _CALLSIGN) if each in frame.columns]
        frame = with_single_values(frame, named, self._where)
        aircraft = self._aircraft.numbers(frame["aircraft"])
        source = self._sources.numbers(frame["source"])
        if min(aircraft.min(initial=0), source.min(initial=0)) == NOBODY:
            raise ArchiveError("A report has no aircraft or no source.", where=self._where)
        # Writable: kernels are compiled once more for columns that are not.
        columns: dict[str, npt.NDArray[np.generic]] = {"aircraft": aircraft, "source": source}
        for name in set(frame.columns) - {*_CODES, _CALLSIGN}:
            kind, nothing = _kind(name)
            check_kind(frame[name], kind, self._where)
            series = frame[name].cast(kind).fill_null(nothing)
            columns[name] = series.to_numpy(writable=True)
        told = self._callsigns.numbers(frame[_CALLSIGN]) if _CALLSIGN in frame.columns else None
        names = self._aircraft.names
        callsigns = self._called.after(aircraft, self._callsigns, told, len(names))
        self._counts.messages += frame.height
        self._counts.reports += frame.height
        sources = [_source(each, self._where) for each in self._sources.names]
        return of_columns(frame.height, names, callsigns, sources, **columns)


def _kind(name: str) -> tuple[pl.DataType, float]:
    """Of a column, and what stands for nothing in it."""
    if name in _TIMES:
        return pl.Int64(), NEVER
    if name in _UNTOLD_CODES:
        return pl.UInt8(), _UNTOLD_CODES[name]
    return pl.Float64(), np.nan


def _silent(reports: Reports) -> set[str]:
    """Columns that tell nothing but what is told anyway."""
    silent = {
        name
        for name in COLUMNS
        if (values := getattr(reports, name)).dtype == np.float64 and np.isnan(values).all()
    } - set(_ALWAYS)
    if (reports.received_us == NEVER).all():
        silent.add("received_us")
    if (reports.on_ground == _UNTOLD).all():
        silent.add("on_ground")
    if not reports.sources:
        return silent
    assumed = np.array([(e.assumed_horizontal_m, e.assumed_vertical_m) for e in reports.sources])
    horizontal, vertical = assumed[reports.source].T
    all_assumed = (reports.basis == Basis.ASSUMED).all()
    if all_assumed and np.array_equal(reports.horizontal_m, horizontal):
        silent |= {"horizontal_m", "basis"}
    if np.array_equal(reports.vertical_m, vertical):
        silent.add("vertical_m")
    return silent


def _source_text(source: Source) -> str:
    return msgspec.json.encode(
        (source.name, source.format, source.assumed_horizontal_m, source.assumed_vertical_m)
    ).decode()


def _enumerated(name: str, names: Sequence[str], codes: npt.NDArray[np.generic]) -> pl.Series:
    return pl.Series(name, codes.astype(np.uint32)).cat.to(pl.Enum(list(names)))


def _source(text: str, where: str) -> Source:
    try:
        return Source(*msgspec.json.decode(text, type=tuple[str, str, float, float]))
    except msgspec.MsgspecError as problem:
        raise ArchiveError(f"A source is not as it is written here: {problem}", where=where) from (
            problem
        )
