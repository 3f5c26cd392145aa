"""Where aircraft were last."""

from __future__ import annotations

from typing import Final

import numpy as np

from detente.feeds import Reports
from detente.watch import Place

AIRCRAFT_MAX: Final = 200_000


class LastPlaces:
    """The newest position of each aircraft.

    Written on one thread, read on any.

    Args:
        most: aircraft that are remembered; those not heard for longest are forgotten.
    """

    def __init__(self, most: int = AIRCRAFT_MAX) -> None:
        self._most = most
        self._places: dict[str, Place] = {}

    def take(self, reports: Reports) -> None:
        """The next positions."""
        _, last = np.unique(reports.aircraft[::-1], return_index=True)
        for row in (len(reports) - 1 - last).tolist():
            altitude = float(reports.altitude_m[row])
            identity = reports.identities[int(reports.aircraft[row])]
            self._places.pop(identity, None)  # the newest stand last
            self._places[identity] = Place(
                float(reports.lat_deg[row]),
                float(reports.lng_deg[row]),
                None if np.isnan(altitude) else altitude,
                int(reports.time_us[row]),
                float(reports.horizontal_m[row]),
                0.0,
            )
        for _ in range(len(self._places) - self._most):
            del self._places[next(iter(self._places))]

    def of(self, identity: str) -> Place | None:
        """Where an aircraft was last; None if it was not heard."""
        return self._places.get(identity)
