"""What each aircraft did since its last position, batch by batch, with the state that needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from detente.feeds import NEVER
from detente.kernels import BorderIndex
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag

from . import _scan
from ._calm import COLUMNS, NOT_CALM
from ._scan import CHANGED, MAY_CROSS, Codes, Floats, Ints, Small, grouped, scan

_BITS: Final = int(Flag.JUMP), int(Flag.INCONSISTENT), int(Flag.SETTLED), int(Flag.FIRST)


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A batch and how its positions continue the tracks of their aircraft.

    Attributes:
        tracked: the batch.
        sets: number of the set of areas that hold each position.
        radius: that holds 95 %, as far as it is believed: no less than what the track shows.
        link: codes of `_scan`.
        odometer: way flown so far, metres.
        noted: rows of positions of which more is told: those at which the set changed, or the
            track begins anew, or before which a border may have been crossed; or all of them.
        changed: rows at which the set changed, or the track begins anew.
        may_cross: which of `noted` are such that a border may have been crossed before them.
        from_lat, from_lng: of noted ones, the position before; the same place where nothing links
            them.
        before: radius and altitude of the position before.
        came: time of the position before; `NEVER`: none.
        way: since the position before.
        counted: positions before this one; of them doubtful, derived and assumed ones.
    """

    tracked: Tracked
    sets: Codes
    radius: Floats
    link: Small
    odometer: Floats
    noted: Ints
    changed: Ints
    may_cross: npt.NDArray[np.intp]
    from_lat: Floats
    from_lng: Floats
    before: Floats
    came: Ints
    way: Floats
    counted: Ints

    def by_aircraft(self, wanted: Small) -> ByAircraft:
        """Positions by aircraft.

        Args:
            wanted: 1 for the number of each aircraft whose positions are asked for.
        """
        return ByAircraft(*grouped(self.tracked.reports.aircraft, self.link, wanted))


class ByAircraft(NamedTuple):
    """Positions of some aircraft: see `grouped`."""

    rows: Ints
    starts: Ints
    where: Ints


class FollowingState(Struct, frozen=True):
    """What `Following` remembers, as bytes of its arrays."""

    places: bytes
    counts: bytes


class Following:
    """The last position of each aircraft and what it has flown.

    Memory: 128 bytes an aircraft; while a batch is looked at 17 a position, and 100 a noted one.

    Args:
        gap_us: the longest silence within one track.
        speed_max_m_s: no aircraft is faster.
        doubt_max: a position of an aircraft that had more breaks lately is doubtful.
        containment_max_m: a report whose integrity bound is wider is doubtful.
    """

    def __init__(
        self, gap_us: int, speed_max_m_s: float, doubt_max: float, containment_max_m: float
    ) -> None:
        self._limits = gap_us, float(speed_max_m_s), float(doubt_max), float(containment_max_m)
        self.places: Floats = np.zeros((0, _scan.PLACES))
        self.counts: Ints = np.zeros((0, _scan.COUNTS), dtype=np.int64)

    @property
    def aircraft(self) -> int:
        """For how many there is room: their numbers are below that."""
        return len(self.counts)

    def take(
        self, tracked: Tracked, sets: Codes, cells: Codes | None = None, *, everything: bool = True
    ) -> Followed:
        """Follow the aircraft of a batch.

        Args:
            tracked: the batch.
            sets: number of the set of areas that hold each position.
            cells: that it is in, see `_calm`; None: not known.
            everything: whether all positions are noted, or only those at which something changes.
        """
        reports = tracked.reports
        self._grow(len(reports.identities))
        n = len(reports)
        radius, odometer = np.empty(n), np.empty(n)
        link, why = np.empty(n, dtype=np.uint8), np.empty(n, dtype=np.uint8)
        noted, came = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        moved, counted = np.empty((n, 5)), np.empty((n, _scan.COUNTED), dtype=np.int64)
        count = scan(
            reports.aircraft,
            reports.time_us,
            reports.lat_deg,
            reports.lng_deg,
            reports.horizontal_m,
            reports.altitude_m,
            reports.speed_m_s,
            reports.basis,
            reports.containment_m,
            tracked.flags,
            tracked.residual_m,
            tracked.doubt,
            sets,
            np.full(n, NOT_CALM, dtype=np.int32) if cells is None else cells,
            COLUMNS,
            _BITS,
            self._limits,
            everything,
            self.places,
            self.counts,
            radius,
            link,
            odometer,
            noted,
            why,
            came,
            moved,
            counted,
        )
        noted, why, moved = noted[:count], why[:count], moved[:count]
        return Followed(
            tracked, sets, radius, link, odometer, noted, noted[(why & CHANGED) != 0],
            np.flatnonzero(why & MAY_CROSS),
            moved[:, 0], moved[:, 1], moved[:, 2:4], came[:count], moved[:, 4], counted[:count],
        )  # fmt: skip

    def another(self, before: Sequence[str], now: Sequence[str]) -> None:
        """Numbers go to other aircraft: nothing links what these do to what was before.

        Args:
            before, now: identities by number.
        """
        if before is now or before == now[: len(before)]:
            return
        changed = [each for each, (a, b) in enumerate(zip(before, now, strict=False)) if a != b]
        self.counts[changed, _scan.SINCE] = _scan.ANOTHER

    def state(self) -> FollowingState:
        """All that it remembers."""
        return FollowingState(self.places.tobytes(), self.counts.tobytes())

    def restore(self, state: FollowingState, index: BorderIndex) -> None:
        """Go on from there.

        Args:
            state: what was remembered.
            index: of the same areas; it may number its sets otherwise than the one before.
        """
        self.places = np.frombuffer(state.places).reshape(-1, _scan.PLACES).copy()
        self.counts = np.frombuffer(state.counts, dtype=np.int64).reshape(-1, _scan.COUNTS).copy()
        known = self.counts[:, _scan.TIME] != NEVER
        last = self.places[known]
        self.counts[known, _scan.SET] = index.claimants(last[:, _scan.LAT], last[:, _scan.LNG])
        self.counts[:, _scan.CELL] = NOT_CALM

    def _grow(self, aircraft: int) -> None:
        old = len(self.counts)
        if aircraft <= old:
            return
        more = max(aircraft, 2 * old, 64) - old
        counts = np.zeros((more, _scan.COUNTS), dtype=np.int64)
        counts[:, _scan.TIME] = NEVER
        counts[:, _scan.SET] = counts[:, _scan.CELL] = NOT_CALM
        self.places = np.concatenate((self.places, np.zeros((more, _scan.PLACES))))
        self.counts = np.concatenate((self.counts, counts))
