"""Where aircraft were last."""

from __future__ import annotations

import threading
from itertools import repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds import NEVER, Reports
from detente.watch import Place

AIRCRAFT_MAX: Final = 200_000
_FREE_SHARE: Final = 0.25
_NOBODY: Final = -1
_COLUMNS: Final = ("lat_deg", "lng_deg", "altitude_m", "horizontal_m")


class LastPlaces:
    """The newest position of each aircraft.

    Written on one thread, read on any. It looks at every report, so nothing is done in Python for
    each of them but to find an aircraft's row.

    Args:
        most: aircraft that are remembered; when there are more, a quarter of them, those not heard
            for longest, are forgotten.
    """

    def __init__(self, most: int = AIRCRAFT_MAX) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._rows: dict[str, int] = {}
        self._places = np.zeros((0, len(_COLUMNS)))
        self._times: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._heard: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._turn = 0

    def take(self, reports: Reports) -> None:
        """The next positions."""
        last = np.full(len(reports.identities), _NOBODY, dtype=np.intp)
        # Where an aircraft has several, numpy keeps the last.
        last[reports.aircraft] = np.arange(len(reports))
        heard = np.flatnonzero(last != _NOBODY)
        names = list(reports.identities)
        if len(heard) < len(names):
            names = [names[each] for each in heard.tolist()]
        newest = last[heard]
        with self._lock:
            self._turn += 1
            known = map(self._rows.get, names, repeat(_NOBODY))
            rows = np.fromiter(known, dtype=np.intp, count=len(names))
            for each in np.flatnonzero(rows == _NOBODY).tolist():
                rows[each] = self._rows.setdefault(names[each], len(self._rows))
            self._grow()
            self._places[rows] = np.column_stack(
                [getattr(reports, each)[newest] for each in _COLUMNS]
            )
            self._times[rows] = reports.time_us[newest]
            self._heard[rows] = self._turn
            if len(self._rows) > self._most:
                self._forget()

    def of(self, identity: str) -> Place | None:
        """Where an aircraft was last; None if it was not heard."""
        with self._lock:
            row = self._rows.get(identity)
            if row is None:
                return None
            lat, lng, altitude, radius = self._places[row].tolist()
            time_us = int(self._times[row])
        return Place(lat, lng, None if np.isnan(altitude) else altitude, time_us, radius, 0.0)

    def _grow(self) -> None:
        more = len(self._rows) - len(self._times)
        if more > 0:
            more = max(more, len(self._times))
            self._places = np.concatenate((self._places, np.zeros((more, len(_COLUMNS)))))
            self._times = np.concatenate((self._times, np.full(more, NEVER, dtype=np.int64)))
            self._heard = np.concatenate((self._heard, np.zeros(more, dtype=np.int64)))

    def _forget(self) -> None:
        names = list(self._rows)
        heard = self._heard[: len(names)]
        kept = np.sort(np.argsort(heard, kind="stable")[-int(self._most * (1 - _FREE_SHARE)) :])
        self._rows = {names[old]: new for new, old in enumerate(kept.tolist())}
        self._places, self._times = self._places[kept], self._times[kept]
        self._heard = self._heard[kept]
