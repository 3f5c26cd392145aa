"""Aircraft that are nearer to a line than the parties agreed for their class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from detente.watch.declarations import Declarations
from detente.watch.events import Event
from detente.watch.intervals import ONE_WAY
from detente.watch.stand_off_rules import Floats, Limit, StandOffRules, grade_of
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag

from ._breaches import (
    Passing,
    Position,
    begun,
    event_of,
    gone_off,
    gone_on,
    is_too_near,
    judged,
)
from ._latest import DOUBT_MAX, spread_of
from .base import Monitor

Rows: TypeAlias = npt.NDArray[np.intp]

_PLACES: Final = 1e7
"""Positions are judged in 10⁻⁷ degrees, a centimetre, as F3411 sends them."""
_SPEED_M_S: Final = 250.0
"""Assumed of an aircraft that tells no speed that can be, for what its time may be off."""
_SPEED_MAX_M_S: Final = 10_000.0
_DOUBTFUL: Final = int(Flag.JUMP | Flag.INCONSISTENT)
_GROUND: Final = int(Flag.GROUND)
_FIRST: Final = int(Flag.FIRST)


class _Open(Struct):
    limit: int
    aircraft: int
    passing: Passing


class _Last(Struct):
    limit: int
    aircraft: int
    position: Position


class _Earlier(Struct):
    limit: int
    aircraft: int
    last_us: int
    occasion: int


class _Snapshot(Struct):
    open: list[_Open]
    last: list[_Last]
    earlier: list[_Earlier]
    unknown: int


class StandOffMonitor(Monitor):
    """Judges each position of each declared aircraft by the limits that bind it.

    An aircraft whose party or class is not declared is bound by no limit; its positions are
    counted. On the ground nobody is too near. A breach is one event until the aircraft has kept
    away for `StandOffRules.clear_s`, or was not heard for `gap_s`.

    Memory: 300 bytes for each aircraft that came within 25 km of a limit, 1 kB a breach, and 200
    bytes for each aircraft and limit that it did not keep.

    Args:
        rules: the limits.
        declarations: what is known of aircraft.
    """

    def __init__(self, rules: StandOffRules, declarations: Declarations | None = None) -> None:
        self.rules = rules
        self._declarations = declarations or Declarations()
        self._identities: tuple[str, ...] = ()
        self._callsigns: tuple[str, ...] = ()
        self._sources: tuple[str, ...] = ()
        self._bound: npt.NDArray[np.bool_] = np.zeros((len(rules.limits), 0), dtype=np.bool_)
        self._declared: npt.NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self._open: dict[tuple[int, int], Passing] = {}
        self._last: dict[tuple[int, int], Position] = {}
        self._earlier: dict[tuple[int, int], tuple[int, int]] = {}
        self._unknown = 0

    @property
    def counts(self) -> Counter[str]:
        """Positions of aircraft whose party or class nobody has declared."""
        return Counter(undeclared=self._unknown)

    def declare(self, declarations: Declarations) -> None:
        """What is known has changed, as when an errand is announced; counts from now on."""
        self._declarations = declarations
        self._identities = ()

    def take(self, tracked: Tracked) -> list[Event]:
        """See `Monitor`."""
        self._know(tracked)
        reports = tracked.reports
        found: list[tuple[int, int, Event]] = []
        bound = self._bound[:, reports.aircraft]
        self._unknown += int(np.count_nonzero(~self._declared[reports.aircraft]))
        lat = np.rint(reports.lat_deg * _PLACES) / _PLACES
        lng = np.rint(reports.lng_deg * _PLACES) / _PLACES
        for number, limit in enumerate(self.rules.limits):
            rows = np.flatnonzero(bound[number])
            if len(rows):
                distance_m = self.rules.distance_m(limit, lat[rows], lng[rows])
                for row, event in self._judged(number, tracked, rows, distance_m, lat, lng):
                    found.append((row, number, event))
        return [event for _, _, event in sorted(found, key=lambda each: each[:2])]

    def close(self) -> list[Event]:
        """See `Monitor`."""
        order = sorted(self._open, key=lambda key: (self._open[key].began_us, key))
        events = [self._event(*key, self._open[key], over=False) for key in order]
        self._open.clear()
        self._last.clear()
        return events

    def snapshot(self) -> bytes:
        """See `Monitor`."""
        return msgspec.msgpack.encode(
            _Snapshot(
                [_Open(*key, each) for key, each in self._open.items()],
                [_Last(*key, each) for key, each in self._last.items()],
                [_Earlier(*key, *each) for key, each in self._earlier.items()],
                self._unknown,
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """See `Monitor`."""
        state = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        self._open = {(each.limit, each.aircraft): each.passing for each in state.open}
        self._last = {(each.limit, each.aircraft): each.position for each in state.last}
        self._earlier = {
            (each.limit, each.aircraft): (each.last_us, each.occasion) for each in state.earlier
        }
        self._unknown = state.unknown

    def _know(self, tracked: Tracked) -> None:
        reports = tracked.reports
        self._callsigns = reports.callsigns
        self._sources = tuple(each.name for each in reports.sources)
        old, new = self._identities, reports.identities
        if new is old:
            return
        limits, known = self._bound.shape
        if len(new) > known:
            more = np.zeros((limits, len(new) - known), dtype=np.bool_)
            self._bound = np.concatenate((self._bound, more), axis=1)
            self._declared = np.concatenate((self._declared, np.zeros(more.shape[1], np.bool_)))
        for slot, identity in enumerate(new):
            if slot >= len(old) or old[slot] != identity:
                declared = self._declarations.of(identity)
                self._declared[slot] = bool(declared.party) and declared.kind is not None
                self._bound[:, slot] = False
                self._bound[list(self.rules.of(declared)), slot] = True
        self._identities = new

    def _judged(
        self,
        number: int,
        tracked: Tracked,
        rows: Rows,
        distance_m: Floats,
        lat: Floats,
        lng: Floats,
    ) -> list[tuple[int, Event]]:
        """Follow those that are, or just were, too near; of others keep the last position."""
        aircraft = tracked.reports.aircraft[rows]
        limit = self.rules.limits[number]
        concerned = np.zeros(len(self._identities), dtype=np.bool_)
        concerned[aircraft[np.rint(distance_m * 10) < limit.distance_dm]] = True
        for key in self._open:
            concerned[key[1]] |= key[0] == number
        followed = concerned[aircraft]
        found: list[tuple[int, Event]] = []
        for row, slot, position, begins, grounded in self._positions(
            limit, tracked, rows[followed], distance_m[followed], lat, lng
        ):
            told = self._followed(number, slot, position, begins, grounded)
            found += [(row, each) for each in told]
        # Of the others the last position counts, if it is so near that it could be needed.
        last = np.full(len(self._identities), -1, dtype=np.intp)
        last[aircraft[~followed]] = np.flatnonzero(~followed)  # of several, numpy keeps the last
        near = distance_m <= limit.looked_for_dm / 10
        for key in [key for key in self._last if key[0] == number]:
            if last[key[1]] >= 0 and not near[last[key[1]]]:
                del self._last[key]
        kept = last[last >= 0]
        kept = kept[near[kept]]
        for _, slot, position, _, grounded in self._positions(
            limit, tracked, rows[kept], distance_m[kept], lat, lng
        ):
            if grounded:
                self._last.pop((number, slot), None)
            else:
                self._last[number, slot] = position
        return found

    def _positions(
        self,
        limit: Limit,
        tracked: Tracked,
        rows: Rows,
        distance_m: Floats,
        lat: Floats,
        lng: Floats,
    ) -> Iterator[tuple[int, int, Position, bool, bool]]:
        """Row, aircraft, position, whether a track begins with it, whether it is on the ground."""
        if not len(rows):
            return
        reports, flags = tracked.reports, tracked.flags[rows]
        radius_m = spread_of(reports.horizontal_m[rows])
        speed = reports.speed_m_s[rows]
        told_speed = (speed >= 0) & (speed <= _SPEED_MAX_M_S)
        late_m = np.where(told_speed, speed, _SPEED_M_S) * self.rules.time_s
        noise_m = ONE_WAY * radius_m
        shared_m = np.hypot(late_m, limit.uncertainty_dm / 10)
        known = distance_m <= limit.looked_for_dm / 10
        distance_dm = np.rint(np.where(known, distance_m, 0.0) * 10).astype(np.int64)
        doubtful = ((flags & _DOUBTFUL) != 0) | (tracked.doubt[rows] > DOUBT_MAX)
        grounded = (reports.on_ground[rows] == 1) | ((flags & _GROUND) != 0)
        for row, slot, told, *rest, begins, on_ground in zip(
            rows.tolist(),
            reports.aircraft[rows].tolist(),
            known.tolist(),
            reports.time_us[rows].tolist(),
            lat[rows].tolist(),
            lng[rows].tolist(),
            reports.altitude_m[rows].tolist(),
            distance_dm.tolist(),
            np.ceil(np.hypot(noise_m, shared_m) * 10).astype(np.int64).tolist(),
            np.ceil(noise_m * 10).astype(np.int64).tolist(),
            np.ceil(shared_m * 10).astype(np.int64).tolist(),
            radius_m.tolist(),
            doubtful.tolist(),
            reports.basis[rows].tolist(),
            reports.source[rows].tolist(),
            ((flags & _FIRST) != 0).tolist(),
            grounded.tolist(),
            strict=True,
        ):
            if not told:
                rest[4] = None
            yield row, slot, Position(*rest), begins, on_ground

    def _followed(
        self, number: int, aircraft: int, position: Position, begins: bool, grounded: bool
    ) -> list[Event]:
        """One more position of an aircraft."""
        key, limit = (number, aircraft), self.rules.limits[number]
        events: list[Event] = []
        before = self._last.pop(key, None)
        gap_us = round(self.rules.gap_s * 1e6)
        if before is not None and (begins or position.time_us - before.time_us > gap_us):
            before = None
            events += self._ended(key)
        passing = self._open.get(key)
        if not grounded and is_too_near(limit, position):
            if passing is None:
                passing = self._open[key] = begun(before, position, limit, self._earlier.get(key))
            gone_on(passing, position, limit, self._sources[position.source])
            notices = self._declarations.notices_of(self._identities[aircraft])
            breach, excuse, _ = judged(passing, limit, notices)
            grade = grade_of(limit, breach, excuse)
            if grade != passing.told:
                passing.told = grade
                events.append(self._event(number, aircraft, passing, over=False))
        elif passing is not None:
            if passing.left is None and before is not None and not grounded:
                gone_off(passing, before, position, limit)
            clear_us = round(self.rules.clear_s * 1e6)
            if grounded or position.time_us - passing.last_us >= clear_us:
                events += self._ended(key)
        if key in self._open or (position.distance_dm is not None and not grounded):
            self._last[key] = position
        return events

    def _ended(self, key: tuple[int, int]) -> list[Event]:
        passing = self._open.pop(key, None)
        if passing is None:
            return []
        self._earlier[key] = passing.last_us, passing.occasion
        return [self._event(*key, passing, over=True)]

    def _event(self, number: int, aircraft: int, passing: Passing, *, over: bool) -> Event:
        identity = self._identities[aircraft]
        return event_of(
            passing,
            self.rules.limits[number],
            identity,
            self._callsigns[aircraft],
            self._declarations.of(identity),
            self._declarations.notices_of(identity),
            over=over,
        )
