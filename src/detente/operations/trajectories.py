"""Recorded or planned trajectories from files: JSON as the `traffic` library writes it, CSV,
Parquet.

What is in the file is never changed silently: rows that cannot be used are counted by reason, and
flights are split, not joined, where the record falls silent or jumps. Columns and units are
described in docs/plan-files.md. A column whose unit is unclear is an error that names what it
could be.

Altitudes are taken as given. Those of ADS-B are pressure altitudes, which differ from heights above
the WGS-84 ellipsoid by up to some hundred metres; they differ alike for aircraft in the same air,
so comparing them with each other is sound, comparing them with terrain is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from detente.operations.flights import Flight
from detente.operations.instants import parse_instant
from detente.operations.table_files import TrajectoryError, file_bytes, read_json_table
from detente.operations.track_cleaning import ReadingReport, drop_unusable, split_flights
from detente.words import Words

AltitudeUnit = Literal["ft", "m"]
METRES: Final[dict[str, float]] = {"ft": 0.3048, "m": 1.0}
GAP_S: Final = 600.0

_LATITUDE: Final = ("latitude", "latitude_deg", "lat", "lat_deg")
_LONGITUDE: Final = ("longitude", "longitude_deg", "lon", "lon_deg", "lng", "lng_deg", "long")
_TIME: Final = ("timestamp", "time", "time_utc", "timestamp_s", "timestamp_ms", "timestamp_us")
_ALTITUDE: Final = ("altitude_ft", "altitude_m")
_ALTITUDE_BARE: Final = ("altitude", "alt", "height")
_ID: Final = ("flight_id", "icao24", "callsign", "flight")
_NAME: Final = ("name", "callsign", "flight", "flight_id", "icao24")
_PARTY: Final = ("party", "operator")
_WANTED: Final = frozenset(
    {*_LATITUDE, *_LONGITUDE, *_TIME, *_ALTITUDE, *_ALTITUDE_BARE, *_ID, *_NAME, *_PARTY}
    | {"onground"}
)


@dataclass(frozen=True, slots=True)
class Trajectories:
    """The flights of a file (without volumes yet) and how they were read."""

    flights: tuple[Flight, ...]
    report: ReadingReport
    altitude_assumption: Words
    columns: dict[str, str] = field(default_factory=dict)


def read_trajectories(
    path: Path,
    *,
    altitude_unit: AltitudeUnit | None = None,
    gap_s: float = GAP_S,
    party: str = "",
) -> Trajectories:
    """Read the flights of a file.

    Args:
        path: .json, .json.gz (records or columns, as pandas writes them), .csv, .csv.gz, .parquet.
        altitude_unit: the unit of a column that does not say it. JSON as `traffic` writes it means
            feet.
        gap_s: a silence longer than this ends a flight and begins another.
        party: who flies them, where the file does not say.

    Raises:
        TrajectoryError: naming the column or row at fault, and what to do.
    """
    name = path.name.lower()
    try:
        if name.endswith((".json", ".json.gz")):
            frame = read_json_table(path, _WANTED)
            altitude_unit = altitude_unit or "ft"
        elif name.endswith((".csv", ".csv.gz")):
            frame = pl.read_csv(file_bytes(path), infer_schema_length=None, try_parse_dates=False)
        elif name.endswith(".parquet"):
            frame = pl.read_parquet(path)
        else:
            raise TrajectoryError(
                f"Cannot tell the format of {path.name} from its name.",
                where=str(path),
                advice="Use .json, .json.gz, .csv, .csv.gz or .parquet.",
            )
    except OSError as problem:
        raise TrajectoryError(
            f"The file cannot be read: {problem.strerror or problem}.", where=str(path)
        ) from problem
    except pl.exceptions.PolarsError as problem:
        raise TrajectoryError(f"The file is damaged: {problem}", where=str(path)) from problem
    return flights_of(frame, str(path), altitude_unit=altitude_unit, gap_s=gap_s, party=party)


def flights_of(
    frame: pl.DataFrame,
    where: str,
    *,
    altitude_unit: AltitudeUnit | None = None,
    gap_s: float = GAP_S,
    party: str = "",
) -> Trajectories:
    """The flights of a table; see `read_trajectories`. `where` names the table in errors."""
    report = ReadingReport(rows=frame.height)
    latitude = _only(frame, _LATITUDE, "latitude", where)
    longitude = _only(frame, _LONGITUDE, "longitude", where)
    time = _only(frame, _TIME, "time", where)
    altitude, metres, assumption = _altitude(frame, altitude_unit, where)
    ids = [column for column in _ID[:1] if column in frame.columns] or [
        column for column in _ID[1:] if column in frame.columns
    ]
    if not ids:
        raise TrajectoryError(
            "There is no column that says which flight a row belongs to.",
            where=where,
            advice=f"Add one of: {', '.join(_ID)}.",
        )
    names = [column for column in _NAME if column in frame.columns]
    parties = [column for column in _PARTY if column in frame.columns]
    table = pl.DataFrame(
        {
            "row": np.arange(frame.height),
            "time_us": _instants(frame, time, where),
            "lat": _numbers(frame, latitude, where),
            "lng": _numbers(frame, longitude, where),
            "alt": _numbers(frame, altitude, where) * metres,
            "id": frame.select(
                pl.concat_str(
                    [pl.col(c).cast(pl.String).str.strip_chars() for c in ids],
                    separator=" ",
                    ignore_nulls=True,
                )
            ).to_series(),
            "name": (
                frame.select(
                    pl.coalesce(
                        pl.col(c).cast(pl.String).str.strip_chars().replace("", None) for c in names
                    )
                ).to_series()
            ),
            "party": (
                frame[parties[0]].cast(pl.String).fill_null(party)
                if parties
                else pl.repeat(party, frame.height, eager=True)
            ),
            "ground": (
                frame["onground"].cast(pl.Boolean).fill_null(value=False)
                if "onground" in frame.columns
                else pl.repeat(value=False, n=frame.height, eager=True)
            ),
        }
    )
    table = drop_unusable(table, report)
    flights = split_flights(table, report, gap_s)
    columns = {"time": time, "latitude": latitude, "longitude": longitude, "altitude": altitude}
    return Trajectories(flights, report, assumption, {**columns, "flight": " + ".join(ids)})


def _only(frame: pl.DataFrame, candidates: Sequence[str], what: str, where: str) -> str:
    found = [column for column in candidates if column in frame.columns]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(candidates)
    if not found:
        raise TrajectoryError(
            f"There is no column for the {what}; the columns are: {', '.join(frame.columns)}.",
            where=where,
            advice=f"Name it one of: {listed}.",
        )
    raise TrajectoryError(
        f"The {what} could be any of the columns {', '.join(found)}.",
        where=where,
        advice="Keep one of them.",
    )


def _altitude(
    frame: pl.DataFrame, unit: AltitudeUnit | None, where: str
) -> tuple[str, float, Words]:
    explicit = [column for column in _ALTITUDE if column in frame.columns]
    bare = [column for column in _ALTITUDE_BARE if column in frame.columns]
    if explicit:
        column = _only(frame, _ALTITUDE, "altitude", where)
        unit = "ft" if column == "altitude_ft" else "m"
    elif bare and unit is not None:
        column = bare[0]
    elif bare:
        raise TrajectoryError(
            f'The unit of the column "{bare[0]}" is unclear: it could be feet or metres.',
            where=where,
            advice="Rename it altitude_ft or altitude_m, or say --altitude-unit ft or m.",
        )
    else:
        column = _only(frame, _ALTITUDE, "altitude", where)
    said_en, said_fr = ("feet", "pieds") if unit == "ft" else ("metres", "mètres")
    assumption = Words(
        f'Altitudes are the column "{column}" in {said_en}, taken as given: if they are pressure '
        "altitudes they are not heights above the ellipsoid, and compare only with each other.",
        f"Les altitudes sont la colonne «\u202f{column}\u202f», en {said_fr}, prise telle quelle"
        "\u202f: si ce sont des altitudes-pression, ce ne sont pas des hauteurs au-dessus de "
        "l’ellipsoïde, et elles ne se comparent qu’entre elles.",
    )
    return column, METRES["ft" if unit == "ft" else "m"], assumption


def _numbers(frame: pl.DataFrame, column: str, where: str) -> pl.Series:
    series = frame[column]
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).fill_nan(None)
    cast = series.cast(pl.String).str.strip_chars().replace("", None)
    numbers = cast.cast(pl.Float64, strict=False)
    wrong = numbers.is_null() & cast.is_not_null()
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise TrajectoryError(
            f'"{str(cast[row])[:60]}" is not a number.', where=f"{where}, row {row + 1}, {column}"
        )
    return numbers.fill_nan(None)


def _instants(frame: pl.DataFrame, column: str, where: str) -> pl.Series:
    """Microseconds since 1970, from date-times, RFC 3339 text or numbers."""
    series = frame[column]
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            raise TrajectoryError(
                "The times have no zone.", where=f"{where}, {column}", advice="Store them as UTC."
            )
        return series.cast(pl.Datetime("us", dtype.time_zone)).cast(pl.Int64)
    if dtype.is_numeric():
        return _numeric_instants(series, column, where)
    times: list[int | None] = []
    for row, text in enumerate(series.cast(pl.String).to_list()):
        try:
            times.append(parse_instant(text.strip()) if text else None)
        except ValueError as problem:
            raise TrajectoryError(
                f'"{text[:60]}" is {problem}.', where=f"{where}, row {row + 1}, {column}"
            ) from None
    return pl.Series(column, times, dtype=pl.Int64)


# Between 2001 and 2286 the magnitude of a number tells its unit: µs per unit, least, most.
_MAGNITUDES: Final = (
    ("_s", 1e6, 1e9, 1e10),
    ("_ms", 1e3, 1e12, 1e13),
    ("_us", 1.0, 1e15, 1e16),
    ("_ns", 1e-3, 1e18, 1e19),
)


def _numeric_instants(series: pl.Series, column: str, where: str) -> pl.Series:
    values = series.cast(pl.Float64).fill_nan(None)
    known = values.drop_nulls()
    low, high = (0.0, 0.0) if known.is_empty() else (known.to_numpy().min(), known.to_numpy().max())
    for suffix, factor, least, most in _MAGNITUDES:
        said = column.endswith(suffix) and column.startswith("timestamp_")
        if said or (not column.startswith("timestamp_") and least <= low and high < most):
            if series.dtype.is_integer() and factor >= 1:
                return series.cast(pl.Int64) * int(factor)
            if series.dtype.is_integer():
                return series.cast(pl.Int64) // 1000
            return (values * factor).round(0).cast(pl.Int64)
    raise TrajectoryError(
        f"The numbers from {low:g} to {high:g} could be many things; they are not seconds, milli-, "
        "micro- or nanoseconds since 1970 between 2001 and 2286.",
        where=f"{where}, {column}",
        advice="Name the column timestamp_s, timestamp_ms or timestamp_us.",
    )
