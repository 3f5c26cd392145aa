"""Boundaries, tracks and what monitors make of them, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from detente.boundaries import Boundary, BoundarySet, BoundarySource, Kind, Ring
from detente.feeds import Reports, Source, of_columns
from detente.watch import Event, Monitor, Tracks

T0_US = 1_700_000_000_000_000
"""Noon on some day."""
SOURCE = Source("field", "csv")
SURE = BoundarySource("sure", "Surveyed", "1", "CC0-1.0", "0" * 64, 1.0, "measured")
PICTURE = BoundarySource("picture", "Picture", "1", "CC0-1.0", "0" * 64, 2000.0, "none", False)


def ring(*corners: tuple[float, float]) -> Ring:
    """A closed ring of (latitude, longitude) corners."""
    return np.array([(lng, lat) for lat, lng in (*corners, corners[0])])


def box(south: float, west: float, north: float, east: float) -> Ring:
    """A rectangle, counter-clockwise."""
    return ring((south, west), (south, east), (north, east), (north, west))


def boundary(
    name: str, outline: Ring, *, source: BoundarySource = SURE, uncertainty_m: float | None = None
) -> Boundary:
    """One area that somebody claims."""
    line_m = source.uncertainty_m if uncertainty_m is None else uncertainty_m
    return Boundary(
        f"{source.id}/{name}", name, Kind.LAND, name, source, ((outline,),),
        uncertainty_m=line_m, open_uncertainty_m=line_m,
    )  # fmt: skip


def claimed(*boundaries: Boundary) -> BoundarySet:
    """Several, with their index."""
    return BoundarySet.build(boundaries)


def flight(
    points: Sequence[tuple[float, float, float]],
    *,
    aircraft: str = "3c0001",
    radius_m: float = 10.0,
    speed_m_s: float = float("nan"),
    track_deg: float = float("nan"),
    altitude_m: float = float("nan"),
    courses_deg: Sequence[float] | None = None,
) -> Reports:
    """A track of (seconds, latitude, longitude), each with its own course if these are given."""
    columns = np.array(points, dtype=np.float64).reshape(-1, 3)
    n = len(columns)
    return of_columns(
        n, (aircraft,), ("",), (SOURCE,),
        time_us=T0_US + np.round(columns[:, 0] * 1e6).astype(np.int64),
        lat_deg=columns[:, 1],
        lng_deg=columns[:, 2],
        horizontal_m=np.full(n, radius_m),
        speed_m_s=np.full(n, speed_m_s),
        track_deg=np.full(n, track_deg) if courses_deg is None else np.array(courses_deg),
        altitude_m=np.full(n, altitude_m),
    )  # fmt: skip


def watched(monitor: Monitor, batches: Iterable[Reports]) -> dict[str, Event]:
    """The last event of each id."""
    tracks = Tracks()
    told: dict[str, Event] = {}
    for each in batches:
        told |= {event.id: event for event in monitor.take(tracks.take(each))}
    return told | {event.id: event for event in monitor.close()}
