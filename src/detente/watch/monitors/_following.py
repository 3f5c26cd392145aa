"""What each aircraft did since its last position, batch by batch, with the state that needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from detente.feeds import NEVER
from detente.kernels import BorderIndex
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag

from ._scan import Codes, Floats, Ints, Small, grouped, scan


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A batch and, for each position, how it continues the track of its aircraft.

    Attributes:
        tracked: the batch.
        sets: number of the set of areas that hold each position.
        radius: that holds 95 %, as far as it is believed: no less than what the track shows.
        from_lat, from_lng: the position before; the same place where nothing links them.
        before: radius and altitude of the position before.
        came: time (`NEVER`: none) and row (-1: of an earlier batch) of the position before.
        link: codes of `_scan`.
        odometer: way flown so far, metres.
        way: of it since the position before.
        counted: positions before this one; of them doubtful, derived and assumed ones.
        marked: whether the set changed or the track begins anew.
        rows, starts, where: positions by aircraft, see `grouped`.
    """

    tracked: Tracked
    sets: Codes
    radius: Floats
    from_lat: Floats
    from_lng: Floats
    before: Floats
    came: Ints
    link: Small
    odometer: Floats
    way: Floats
    counted: Ints
    marked: Small
    rows: Ints
    starts: Ints
    where: Ints


class FollowingState(Struct, frozen=True):
    """What `Following` remembers, as bytes of its arrays."""

    times: bytes
    places: bytes
    counts: bytes


class Following:
    """The last position of each aircraft and what it has flown.

    Memory: 100 bytes an aircraft, and 170 a position while a batch is looked at.

    Args:
        gap_us: the longest silence within one track.
        speed_max_m_s: no aircraft is faster.
        doubt_max: a position of an aircraft that had more breaks lately is doubtful.
        containment_max_m: a report whose integrity bound is wider is doubtful.
    """

    def __init__(
        self, gap_us: int, speed_max_m_s: float, doubt_max: float, containment_max_m: float
    ) -> None:
        self._gap_us = gap_us
        self._speed_max_m_s = speed_max_m_s
        self._doubt_max = doubt_max
        self._containment_max_m = containment_max_m
        self.times: Ints = np.empty(0, dtype=np.int64)
        self.places: Floats = np.empty((0, 6))
        self.counts: Ints = np.empty((0, 5), dtype=np.int64)
        self.set_of: Codes = np.empty(0, dtype=np.int32)

    def take(self, tracked: Tracked, sets: Codes) -> Followed:
        """Follow the aircraft of a batch.

        Args:
            tracked: the batch.
            sets: number of the set of areas that hold each position.
        """
        reports, flags = tracked.reports, tracked.flags
        self._grow(len(reports.identities))
        contradicts = (flags & Flag.INCONSISTENT) != 0
        radius = reports.horizontal_m
        if contradicts.any():
            radius = np.where(contradicts, np.fmax(radius, tracked.residual_m), radius)
        n = len(reports)
        from_lat, from_lng = np.empty(n), np.empty(n)
        odometer, way = np.empty(n), np.empty(n)
        before = np.empty((n, 2))
        came = np.empty((n, 2), dtype=np.int64)
        counted = np.empty((n, 4), dtype=np.int64)
        link, marked = np.empty(n, dtype=np.uint8), np.empty(n, dtype=np.uint8)
        scan(
            reports.aircraft,
            reports.time_us,
            reports.lat_deg,
            reports.lng_deg,
            radius,
            reports.altitude_m,
            reports.speed_m_s,
            flags,
            int(Flag.JUMP),
            int(Flag.INCONSISTENT),
            int(Flag.SETTLED),
            int(Flag.FIRST),
            contradicts
            | (tracked.doubt > self._doubt_max)
            | (reports.containment_m > self._containment_max_m),
            reports.basis,
            sets,
            self._gap_us,
            self._speed_max_m_s,
            self.times,
            self.places,
            self.counts,
            self.set_of,
            from_lat,
            from_lng,
            before,
            link,
            odometer,
            way,
            counted,
            came,
            marked,
        )
        rows, starts, where = grouped(reports.aircraft, link, len(self.times))
        return Followed(
            tracked, sets, radius, from_lat, from_lng, before, came, link,
            odometer, way, counted, marked,
            rows, starts, where,
        )  # fmt: skip

    def state(self) -> FollowingState:
        """All that it remembers."""
        return FollowingState(
            self.times.tobytes(),
            self.places.tobytes(),
            self.counts.tobytes(),
        )

    def restore(self, state: FollowingState, index: BorderIndex) -> None:
        """Go on from there.

        Args:
            state: what was remembered.
            index: of the same areas; it may number its sets otherwise than the one before.
        """
        self.times = np.frombuffer(state.times, dtype=np.int64).copy()
        self.places = np.frombuffer(state.places).reshape(-1, 6).copy()
        self.counts = np.frombuffer(state.counts, dtype=np.int64).reshape(-1, 5).copy()
        known = self.times != NEVER
        self.set_of = np.full(len(known), -1, dtype=np.int32)
        self.set_of[known] = index.claimants(self.places[known, 0], self.places[known, 1])

    def _grow(self, aircraft: int) -> None:
        old = len(self.times)
        if aircraft <= old:
            return
        more = max(aircraft, 2 * old, 64) - old
        self.times = np.concatenate((self.times, np.full(more, NEVER, dtype=np.int64)))
        self.places = np.concatenate((self.places, np.zeros((more, 6))))
        self.counts = np.concatenate((self.counts, np.zeros((more, 5), dtype=np.int64)))
        self.set_of = np.concatenate((self.set_of, np.full(more, -1, dtype=np.int32)))
