"""A flight as it is planned: who, with which volumes, and along which track if that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from detente.geo import Volume4D

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Where an aircraft was or will be: columns of equal length, strictly ascending in time.

    Attributes:
        time_us: int64, µs since 1970 UTC.
        lat_deg, lng_deg: float64, WGS-84.
        altitude_m: float64, metres, taken as given: see `Trajectories.altitude_assumption`.
    """

    time_us: Ints
    lat_deg: Floats
    lng_deg: Floats
    altitude_m: Floats

    def __len__(self) -> int:
        return len(self.time_us)


@dataclass(frozen=True, slots=True)
class Flight:
    """One planned flight.

    Attributes:
        flight_id: names the flight within its file or exchange.
        name: what people call it: a callsign, or the id again.
        party: who flies it; "" if unknown.
        volumes: where it will be.
        track: its path, when known: lets `check` tell real closeness from wide corridors.
        priority: as in F3548-21; a higher number goes first.
    """

    flight_id: str
    name: str
    party: str
    volumes: tuple[Volume4D, ...]
    track: Track | None = None
    priority: int = 0
