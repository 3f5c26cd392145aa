"""Events as a table: Parquet with nested figures, CSV with a column for each number."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from detente.errors import printable
from detente.interchange import harmless, rfc3339
from detente.words import Language

from .events import Event, Interval, Place
from .grading import sentence

_TIME: Final = pl.Datetime("us", "UTC")
_INTERVAL: Final = pl.Struct(
    {"value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "unit": pl.String}
)
_PLACE: Final = pl.Struct(
    {
        "lat_deg": pl.Float64,
        "lng_deg": pl.Float64,
        "altitude_m": pl.Float64,
        "time": _TIME,
        "radius_m": pl.Float64,
        "spread_s": pl.Float64,
    }
)
_FIGURE: Final = pl.Struct({"name": pl.String, "number": pl.Float64, "text": pl.String})
_GROUND: Final = pl.Struct({"code": pl.String, "figures": pl.List(_FIGURE)})
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
PLACES: Final = ("entry", "exit", "deepest")
PLACE_FIELDS: Final = ("lat_deg", "lng_deg", "altitude_m", "radius_m", "spread_s")
INTERVALS: Final = (
    "duration_s",
    "length_m",
    "depth_nearest_m",
    "depth_along_m",
    "depth_chord_m",
    "distance_m",
    "vertical_m",
    "time_to_s",
)
TEXTS: Final = (
    "id",
    "kind",
    "grade",
    "aircraft",
    "callsign",
    "party",
    "other",
    "boundary",
    "claimant",
    "rule",
)
SCHEMA: Final[dict[str, pl.DataType]] = {
    **dict.fromkeys(TEXTS, pl.String()),
    "began": _TIME,
    "ended": _TIME,
    **dict.fromkeys(PLACES, _PLACE),
    **dict.fromkeys(INTERVALS, _INTERVAL),
    "grounds": pl.List(_GROUND),
    "reports": pl.Int64(),
    "sources": pl.List(pl.String),
    "boundary_source": pl.String(),
    "basis": pl.String(),
}
"""Columns of the Parquet file; docs/watch.md tells what each means."""
_ROWS: Final = 20_000


def event_frame(events: Iterable[Event]) -> pl.DataFrame:
    """Events as a table with the columns of `SCHEMA`; bounds that do not exist are ±inf."""
    rest = iter(events)
    parts = []
    while some := [_row(each) for each in islice(rest, _ROWS)]:
        parts.append(pl.DataFrame(some, schema=SCHEMA, orient="row"))
    return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)


def write_parquet(events: Iterable[Event], path: Path) -> None:
    """A Parquet file with the columns of `SCHEMA`, zstd.

    Raises:
        OSError: it cannot be written.
    """
    frame = event_frame(events)
    try:
        frame.write_parquet(path, compression="zstd", statistics=True)
    except pl.exceptions.PolarsError as error:  # it has errors of its own for full disks
        raise OSError(str(error)) from None


def write_csv(events: Iterable[Event], path: Path) -> None:
    """A header and a row for each event (RFC 4180); what is not known is empty, times are RFC 3339.

    A figure has three columns: its value, and `_low` and `_high`, between which it lies with 95 %;
    empty where there is no bound. `why_en` and `why_fr` say the grounds in sentences. Texts that a
    spreadsheet would take for a formula begin with an apostrophe; what a terminal would obey is
    escaped.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(_csv_row(each) for each in events)


def told_bound(value: float) -> float | None:
    """A bound, or None if there is none: formats like JSON know no infinity."""
    return value if math.isfinite(value) else None


def _row(event: Event) -> tuple[Any, ...]:
    return (
        *(str(getattr(event, name)) for name in TEXTS),
        event.began_us,
        event.ended_us,
        *(_place(getattr(event, name)) for name in PLACES),
        *(_interval(getattr(event, name)) for name in INTERVALS),
        [
            {"code": each.code, "figures": [_figure(*item) for item in each.figures.items()]}
            for each in event.grounds
        ],
        event.reports,
        list(event.sources),
        event.boundary_source,
        event.basis,
    )


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    told = {name: getattr(place, name) for name in PLACE_FIELDS}
    return {**told, "time": place.time_us}


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else msgspec.structs.asdict(interval)


def _figure(name: str, value: float | str) -> dict[str, Any]:
    text = value if isinstance(value, str) else None
    return {"name": name, "number": None if text is not None else value, "text": text}


CSV_COLUMNS: Final = (
    *TEXTS,
    "began",
    "ended",
    *(f"{place}_{name}" for place in PLACES for name in ("time", *PLACE_FIELDS)),
    *(f"{name}{end}" for name in INTERVALS for end in ("", "_low", "_high")),
    "grounds",
    "why_en",
    "why_fr",
    "reports",
    "sources",
    "boundary_source",
    "basis",
)
"""Of the CSV file."""


def _csv_row(event: Event) -> list[str]:
    cells = [_cell(str(getattr(event, name))) for name in TEXTS]
    cells.append(rfc3339(event.began_us))
    cells.append("" if event.ended_us is None else rfc3339(event.ended_us))
    for name in PLACES:
        place: Place | None = getattr(event, name)
        if place is None:
            cells += [""] * (1 + len(PLACE_FIELDS))
        else:
            cells.append(rfc3339(place.time_us))
            cells += [_number(getattr(place, each)) for each in PLACE_FIELDS]
    for name in INTERVALS:
        interval: Interval | None = getattr(event, name)
        if interval is None:
            cells += ["", "", ""]
        else:
            cells += [_number(each) for each in (interval.value, interval.low, interval.high)]
    cells.append(" ".join(each.code for each in event.grounds))
    words = [sentence(each) for each in event.grounds]
    cells += [_cell(" ".join(each.to(language) for each in words)) for language in LANGUAGES]
    cells.append(str(event.reports))
    cells += [_cell(each) for each in (" ".join(event.sources), event.boundary_source)]
    cells.append(event.basis)
    return cells


def _cell(text: str) -> str:
    return harmless(printable(text))


def _number(value: float | None) -> str:
    return "" if value is None or told_bound(value) is None else repr(float(value))
