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
from .reports import COLUMNS, NEVER, Reports, Source, of_columns
from .tables_names import NOBODY, LastNames, NameColumn

_CALLSIGN: Final = "callsign"
NATIVE_COLUMNS: Final = (*COLUMNS, _CALLSIGN)
_TIMES: Final = ("time_us", "received_us")
_CODES: Final = ("aircraft", "source")


def frame_of(reports: Reports) -> pl.DataFrame:
    """One row for each report, with all columns of `Reports` and `callsign`.

    Times that were not told are null, numbers NaN. A source is JSON: name, format, assumed metres.
    """
    sources = [
        msgspec.json.encode(
            (each.name, each.format, each.assumed_horizontal_m, each.assumed_vertical_m)
        ).decode()
        for each in reports.sources
    ]
    columns: list[pl.Series] = []
    for name in COLUMNS:
        values = getattr(reports, name)
        if name == "aircraft":
            columns.append(_enumerated(name, reports.identities, values))
        elif name == "source":
            columns.append(_enumerated(name, sources, values))
        else:
            series = pl.Series(name, values)
            if name in _TIMES and len(values) and int(values.min()) == NEVER:
                series = series.set(series == NEVER, None)
            columns.append(series)
    called = np.array(reports.callsigns, dtype=object)
    names, inverse = np.unique(called, return_inverse=True) if len(called) else ((), called)
    codes = np.asarray(inverse, dtype=np.int32)[reports.aircraft] if len(called) else called
    columns.append(_enumerated(_CALLSIGN, [str(each) for each in names], codes))
    return pl.DataFrame(columns)


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
        aircraft = self._aircraft.numbers(frame["aircraft"])
        source = self._sources.numbers(frame["source"])
        if min(aircraft.min(initial=0), source.min(initial=0)) == NOBODY:
            raise ArchiveError("A report has no aircraft or no source.", where=self._where)
        # Writable: kernels are compiled once more for columns that are not.
        columns: dict[str, npt.NDArray[np.generic]] = {"aircraft": aircraft, "source": source}
        for name in COLUMNS:
            if name in _TIMES:
                columns[name] = frame[name].fill_null(NEVER).to_numpy(writable=True)
            elif name not in _CODES:
                columns[name] = frame[name].to_numpy(writable=True)
        called = self._callsigns.numbers(frame[_CALLSIGN])
        names = self._aircraft.names
        callsigns = self._called.after(aircraft, self._callsigns, called, len(names))
        self._counts.messages += frame.height
        self._counts.reports += frame.height
        sources = [_source(each, self._where) for each in self._sources.names]
        return of_columns(frame.height, names, callsigns, sources, **columns)


def _enumerated(name: str, names: Sequence[str], codes: npt.NDArray[np.generic]) -> pl.Series:
    return pl.Series(name, codes.astype(np.uint32)).cat.to(pl.Enum(list(names)))


def _source(text: str, where: str) -> Source:
    try:
        return Source(*msgspec.json.decode(text, type=tuple[str, str, float, float]))
    except msgspec.MsgspecError as problem:
        raise ArchiveError(f"A source is not as it is written here: {problem}", where=where) from (
            problem
        )
