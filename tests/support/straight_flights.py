"""Straight flights near the equator, and the positions that are received of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detente.feeds import Reports, Source, of_columns

BEGIN_US = 1_800_000_000_000_000
LAT_M, LNG_M = 110_574.3, 111_319.5
"""Metres a degree there."""


@dataclass(frozen=True)
class Flight:
    """A straight one along the equator's neighbourhood: metres east and north, m/s."""

    name: str
    x: float
    y: float
    vx: float
    vy: float
    altitude: float = 5000.0
    climb: float = 0.0
    begin: float = 0.0
    end: float = 300.0
    accuracy: float = 10.0
    tells_motion: bool = True

    def rows(self, step: float) -> list[tuple[float, ...]]:
        found: list[tuple[float, ...]] = []
        for k in range(round((self.end - self.begin) / step) + 1):
            t = self.begin + k * step
            found.append(
                (
                    t,
                    (self.y + self.vy * t) / LAT_M,
                    (self.x + self.vx * t) / LNG_M,
                    self.altitude + self.climb * t,
                    math.hypot(self.vx, self.vy) if self.tells_motion else math.nan,
                    math.degrees(math.atan2(self.vx, self.vy)) % 360,
                    self.climb,
                    self.accuracy,
                )
            )
        return found


def reports_of(flights: Sequence[Flight], step: float = 1.0) -> Reports:
    """Positions of all, in the order of their times."""
    rows = sorted(
        (row[0], number, row) for number, each in enumerate(flights) for row in each.rows(step)
    )
    columns = np.array([row for _, _, row in rows]).T
    time_us = BEGIN_US + np.round(columns[0] * 1e6).astype(np.int64)
    return of_columns(
        len(rows),
        tuple(each.name for each in flights),
        ("",) * len(flights),
        (Source("test", "test"),),
        time_us=time_us,
        received_us=time_us,
        aircraft=np.array([number for _, number, _ in rows], dtype=np.int32),
        lat_deg=columns[1],
        lng_deg=columns[2],
        altitude_m=columns[3],
        speed_m_s=columns[4],
        track_deg=columns[5],
        climb_m_s=columns[6],
        horizontal_m=columns[7],
        vertical_m=np.full(len(rows), 10.0),
        on_ground=np.zeros(len(rows), dtype=np.uint8),
    )
