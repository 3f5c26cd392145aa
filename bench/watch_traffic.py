"""Made-up world traffic for benchmarks: flights along great circles between large airports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.feeds import Reports, Source, frame_of, of_columns

HUBS: Final = np.array(
    [
        (33.64, -84.43), (41.98, -87.90), (32.90, -97.04), (39.86, -104.67), (33.94, -118.41),
        (40.64, -73.78), (25.79, -80.29), (37.62, -122.38), (47.45, -122.31), (43.68, -79.63),
        (19.44, -99.07), (4.70, -74.15), (-12.02, -77.11), (-23.43, -46.47), (-34.82, -58.54),
        (51.47, -0.45), (49.01, 2.55), (50.03, 8.57), (52.31, 4.76), (40.47, -3.56),
        (41.30, 2.08), (41.80, 12.24), (45.63, 8.73), (48.35, 11.79), (47.46, 8.55),
        (48.11, 16.57), (52.17, 20.97), (50.10, 14.26), (47.44, 19.26), (37.94, 23.94),
        (41.26, 28.74), (55.97, 37.41), (60.32, 24.96), (59.65, 17.92), (55.62, 12.65),
        (60.19, 11.10), (53.42, -6.27), (38.77, -9.13), (30.12, 31.41), (25.25, 55.36),
        (25.27, 51.61), (24.96, 46.70), (32.01, 34.89), (35.42, 51.15), (28.57, 77.10),
        (19.09, 72.87), (13.68, 100.75), (1.36, 103.99), (3.75, 101.71), (-6.13, 106.66),
        (22.31, 113.91), (31.14, 121.81), (40.08, 116.58), (37.46, 126.44), (35.77, 140.39),
        (14.51, 121.02), (-33.95, 151.18), (-37.67, 144.84), (-26.14, 28.25), (-1.32, 36.93),
        (9.01, 38.80), (6.58, 3.32), (33.37, -7.59), (36.69, 3.22), (36.85, 10.23),
    ]
)  # fmt: skip
"""Latitude and longitude of 65 large airports."""
_SPEED_M_S: Final = 230.0
_EARTH_M: Final = 6_371_008.8
_BEGAN_US: Final = 1_750_000_000_000_000
_SOURCE: Final = Source("made up", "parquet")

Floats = npt.NDArray[np.float64]


class Traffic:
    """Aircraft that fly from hub to hub, one leg after another, all told every `every_s`.

    Args:
        aircraft: how many.
        every_s: seconds between two reports of one aircraft.
        seed: of what is drawn.
        near_m: airports are chosen the less, the farther they are: by a factor of e for each so
            many metres. Infinite: all alike, so that most legs are long and lead over many borders.
    """

    def __init__(
        self, aircraft: int, every_s: float = 10.0, seed: int = 1, near_m: float = np.inf
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._near_m = near_m
        self._every_s = every_s
        self._count = aircraft
        self._identities = tuple(f"{0x3C0000 + number:06x}" for number in range(aircraft))
        self._from = self._rng.integers(0, len(HUBS), aircraft)
        self._to = self._other(self._from)
        self._flown = np.zeros(aircraft)
        self._length = np.zeros(aircraft)
        self._lay(np.ones(aircraft, dtype=np.bool_))
        self._flown = self._rng.uniform(0, 1, aircraft) * self._length
        self._offset_us = self._rng.integers(0, round(every_s * 1e6), aircraft)
        self._step = 0

    def steps(self, count: int) -> Reports:
        """The next so many reports of everybody, in the order of time."""
        parts = [self._one() for _ in range(count)]
        lat, lng, track, time_us = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(time_us, kind="stable")
        rows = len(order)
        aircraft = np.tile(np.arange(self._count, dtype=np.int32), count)
        return of_columns(
            rows,
            self._identities,
            ("",) * self._count,
            (_SOURCE,),
            time_us=time_us[order],
            aircraft=aircraft[order],
            lat_deg=lat[order],
            lng_deg=lng[order],
            pressure_m=np.full(rows, 10_668.0),
            speed_m_s=np.full(rows, _SPEED_M_S),
            track_deg=track[order],
        )

    def _one(self) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int64]]:
        self._flown += _SPEED_M_S * self._every_s
        landed = self._flown >= self._length
        if landed.any():
            self._from[landed] = self._to[landed]
            self._to = np.where(landed, self._other(self._from), self._to)
            self._flown[landed] = 0.0
            self._lay(landed)
        angle = self._flown / _EARTH_M
        at = self._here * np.cos(angle)[:, None] + self._there * np.sin(angle)[:, None]
        way = self._there * np.cos(angle)[:, None] - self._here * np.sin(angle)[:, None]
        lat, lng = np.degrees(np.arcsin(at[:, 2])), np.degrees(np.arctan2(at[:, 1], at[:, 0]))
        sine, cosine = np.sin(np.radians(lng)), np.cos(np.radians(lng))
        east = -sine * way[:, 0] + cosine * way[:, 1]
        track = np.degrees(np.arctan2(east, way[:, 2] / np.cos(np.radians(lat)))) % 360.0
        self._step += 1
        time_us = _BEGAN_US + round(self._step * self._every_s * 1e6) + self._offset_us
        return lat, lng, track, time_us.astype(np.int64)

    def _other(self, taken: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if np.isinf(self._near_m):
            return (taken + self._rng.integers(1, len(HUBS), len(taken))) % len(HUBS)
        places = _unit(HUBS)
        weights = np.exp(-np.arccos(np.clip(places @ places.T, -1, 1)) * _EARTH_M / self._near_m)
        np.fill_diagonal(weights, 0.0)
        until = np.cumsum(weights, axis=1)
        drawn = self._rng.uniform(0, 1, len(taken)) * until[taken, -1]
        chosen: npt.NDArray[np.int64] = (until[taken, :-1] <= drawn[:, None]).sum(axis=1)
        return chosen

    def _lay(self, which: npt.NDArray[np.bool_]) -> None:
        here, there = _unit(HUBS[self._from]), _unit(HUBS[self._to])
        cosine = np.sum(here * there, axis=1)
        across = there - here * cosine[:, None]
        across /= np.linalg.norm(across, axis=1)[:, None]
        length = np.arccos(np.clip(cosine, -1, 1)) * _EARTH_M
        if not hasattr(self, "_here"):
            self._here, self._there = here, across
        self._here = np.where(which[:, None], here, self._here)
        self._there = np.where(which[:, None], across, self._there)
        self._length = np.where(which, length, self._length)


def _unit(places: Floats) -> Floats:
    lat, lng = np.radians(places[:, 0]), np.radians(places[:, 1])
    return np.column_stack((np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat)))


def write_traffic(
    path: Path,
    rows: int,
    aircraft: int = 12_000,
    every_s: float = 10.0,
    near_m: float = np.inf,
) -> int:
    """An archive of about so many reports in the order of time; how many there are."""

    def frames() -> Iterator[pl.DataFrame]:
        traffic = Traffic(aircraft, every_s, near_m=near_m)
        steps = max(1, rows // aircraft)
        for first in range(0, steps, 50):
            yield frame_of(traffic.steps(min(50, steps - first)))

    whole = pl.concat(frames())
    whole.write_parquet(path, compression="zstd", row_group_size=1 << 19)
    return whole.height
