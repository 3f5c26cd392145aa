"""Small flights for tests."""

from __future__ import annotations

import numpy as np

from detente.geo import Polygon, Volume4D
from detente.operations import Corridor, Flight, Track, corridor_volumes

START_US = 1_777_626_000_000_000  # 2026-05-01T09:00:00Z
CORRIDOR = Corridor(1852.0, 152.4, 60.0)


def straight(
    lat: float = 46.0,
    lng: float = 7.0,
    *,
    north_deg: float = 0.0,
    east_deg: float = 0.5,
    altitude_m: float = 3000.0,
    climb_m: float = 0.0,
    seconds: int = 600,
    start_s: float = 0.0,
    points: int = 61,
) -> Track:
    part = np.linspace(0, 1, points)
    return Track(
        (START_US + (start_s + part * seconds) * 1e6).astype(np.int64),
        lat + part * north_deg,
        lng + part * east_deg,
        altitude_m + part * climb_m,
    )


def flight(
    name: str, party: str, track: Track | None = None, volumes: tuple[Volume4D, ...] | None = None
) -> Flight:
    if volumes is None:
        volumes = corridor_volumes(track, CORRIDOR) if track is not None else ()
    return Flight(name, name, party, volumes, track)


def box(lat: float, lng: float, *, low: float = 0.0, high: float = 120.0) -> Volume4D:
    ring = ((lat, lng), (lat, lng + 0.01), (lat + 0.01, lng + 0.01), (lat + 0.01, lng))
    return Volume4D(Polygon(ring), low, high, START_US, START_US + 600_000_000)
