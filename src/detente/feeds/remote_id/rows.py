"""Reports from formats that come a few at a time: one row after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detente.feeds.reports import NEVER, Basis, Reports, Source, empty, of_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One report, as `Reports` has it; NaN where not told."""

    identity: str
    time_us: int
    received_us: int = NEVER
    lat_deg: float
    lng_deg: float
    callsign: str = ""
    altitude_m: float = math.nan
    pressure_m: float = math.nan
    speed_m_s: float = math.nan
    track_deg: float = math.nan
    climb_m_s: float = math.nan
    horizontal_m: float = math.nan
    vertical_m: float = math.nan
    on_ground: int = 2


_NUMBERS = (
    "lat_deg",
    "lng_deg",
    "altitude_m",
    "pressure_m",
    "speed_m_s",
    "track_deg",
    "climb_m_s",
    "horizontal_m",
    "vertical_m",
)


def placed(lat_deg: float, lng_deg: float) -> bool:
    """Whether this is a place on Earth."""
    return abs(lat_deg) <= 90 and abs(lng_deg) <= 180


def reports_of(rows: Sequence[Row], source: Source) -> Reports:
    """Rows as reports, in their order. Accuracy that is told counts as stated."""
    if not rows:
        return empty()
    numbered: dict[str, int] = {}
    callsigns: dict[str, str] = {}
    for row in rows:
        numbered.setdefault(row.identity, len(numbered))
        if row.callsign or row.identity not in callsigns:
            callsigns[row.identity] = row.callsign
    columns = {name: np.array([getattr(row, name) for row in rows]) for name in _NUMBERS}
    columns["lng_deg"] = np.where(columns["lng_deg"] == 180.0, -180.0, columns["lng_deg"])
    return of_columns(
        len(rows),
        list(numbered),
        [callsigns[each] for each in numbered],
        (source,),
        time_us=np.array([row.time_us for row in rows], dtype=np.int64),
        received_us=np.array([row.received_us for row in rows], dtype=np.int64),
        aircraft=np.array([numbered[row.identity] for row in rows], dtype=np.int32),
        basis=np.full(len(rows), Basis.STATED, dtype=np.uint8),
        on_ground=np.array([row.on_ground for row in rows], dtype=np.uint8),
        **columns,
    )
