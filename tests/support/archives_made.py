"""Archives of made-up flights around made-up borders, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tests.support.watched import boundary, claimed, flight, ring

from detente.feeds import Reports, frame_of, joined
from detente.watch import CrossingRules, Engine, Event, WatchSetup

CLAIMS = claimed(
    boundary("A", ring((46.0, 7.0), (46.0, 7.2), (46.13, 7.25), (46.06, 7.1), (46.12, 7.02))),
    boundary("B", ring((46.03, 6.95), (46.0, 7.12), (46.09, 7.17), (46.1, 7.0))),
)
AFTERWARDS = CrossingRules(look_ahead_s=0.0, provisional=False)
SETUP = WatchSetup(boundaries=CLAIMS, crossing=AFTERWARDS)


def wandering(seed: int, aircraft: int, reports: int) -> list[Reports]:
    """Tracks of aircraft that fly about at 100 m/s, told every few seconds."""
    rng = np.random.default_rng(seed)
    tracks = []
    for number in range(aircraft):
        gaps = rng.choice([1.0, 5.0, 10.0], size=reports, p=[0.4, 0.4, 0.2])
        course = np.cumsum(rng.normal(0, 4.0, reports) * gaps) + rng.uniform(0, 360)
        north = np.cumsum(100 * gaps * np.cos(np.radians(course))) / 111_195
        east = np.cumsum(100 * gaps * np.sin(np.radians(course))) / 77_000
        at = np.cumsum(gaps) + rng.uniform(0, 100)
        points = np.column_stack(
            (at, 46.05 + rng.normal(0, 0.03) + north, 7.1 + rng.normal(0, 0.03) + east)
        )
        tracks.append(flight([tuple(each) for each in points.tolist()], aircraft=f"3c{number:04x}"))
    return tracks


def in_time(tracks: Sequence[Reports]) -> Reports:
    """All of them in the order of time."""
    whole = joined(tracks)
    return whole.take(np.argsort(whole.time_us, kind="stable"))


def written(path: Path, reports: Reports, rows: int = 64) -> Path:
    """Reports as a Parquet file of small parts."""
    frame_of(reports).write_parquet(path, row_group_size=rows)
    return path


def at_once(reports: Reports, engine: Engine | None = None) -> list[Event]:
    """What one engine finds in one batch, by beginning and id."""
    engine = engine or SETUP.engine()
    found = {each.id: each for each in engine.take(reports)}
    found |= {each.id: each for each in engine.close()}
    return in_order(found.values())


def in_order(events: Iterable[Event]) -> list[Event]:
    """By beginning and id."""
    return sorted(events, key=lambda each: (each.began_us, each.id))
