"""The last report of each aircraft at a moment of the stream's own time.

Positions wait until the stream is so far on that none before that moment is to be expected; the
moments are multiples of a step since 1970. What is looked at thus depends on the order in which
positions come, and on nothing else: not on batches, not on the clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from detente.feeds import NEVER
from detente.watch.events import Place
from detente.watch.motion import carried_on
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Rows: TypeAlias = npt.NDArray[np.intp]

HEIGHT_MAX_M: Final = 100_000.0
CLIMB_MAX_M_S: Final = 1000.0
SPREAD_MAX_M: Final = 20_000_000.0
"""Half round the Earth: an accuracy that is no number, or worse, is this."""
DOUBT_MAX: Final = 1.0
"""A track that broke more often than this lately proves nothing; see `Tracked.doubt`."""
_GAP_US: Final = 30_000_000
_DEGREE_M: Final = 111_195.0
_DOUBTFUL: Final = int(Flag.JUMP | Flag.INCONSISTENT)

PRESSURE, SATELLITES, NO_REFERENCE = 0, 1, 2

_KINDS: Final[dict[str, type[np.generic]]] = {
    "time_us": np.int64,
    "aircraft": np.int32,
    "source": np.int32,
    "lat_deg": np.float64,
    "lng_deg": np.float64,
    "height_m": np.float64,
    "reference": np.uint8,
    "east_m_s": np.float64,
    "north_m_s": np.float64,
    "climb_m_s": np.float64,
    "horizontal_m": np.float64,
    "vertical_m": np.float64,
    "basis": np.uint8,
    "grounded": np.bool_,
    "doubtful": np.bool_,
}


@dataclass(slots=True, eq=False)
class Columns:
    """Reports as one looks at them; one row is a report, or the last one of an aircraft.

    Attributes:
        height_m: by pressure where that is told, else by satellites.
        reference: which of both, or none.
        east_m_s, north_m_s: as told, else from the position before; NaN if neither is there.
        grounded: it says that it is on the ground.
        doubtful: it cannot have been flown from the one before, or not with the motion told, or
            its track broke more than once lately.
    """

    time_us: Ints
    aircraft: npt.NDArray[np.int32]
    source: npt.NDArray[np.int32]
    lat_deg: Floats
    lng_deg: Floats
    height_m: Floats
    reference: npt.NDArray[np.uint8]
    east_m_s: Floats
    north_m_s: Floats
    climb_m_s: Floats
    horizontal_m: Floats
    vertical_m: Floats
    basis: npt.NDArray[np.uint8]
    grounded: npt.NDArray[np.bool_]
    doubtful: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, rows: Rows | npt.NDArray[np.bool_] | slice) -> Columns:
        """Some rows."""
        return Columns(**{name: getattr(self, name)[rows] for name in _KINDS})

    def put(self, rows: Rows, other: Columns) -> None:
        """Overwrite rows by those of another; of a row that is named twice the later one stays."""
        for name in _KINDS:
            getattr(self, name)[rows] = getattr(other, name)

    def packed(self) -> dict[str, bytes]:
        """All columns as bytes."""
        return {name: getattr(self, name).tobytes() for name in _KINDS}


def unpacked(packed: dict[str, bytes]) -> Columns:
    """Columns from their bytes."""
    return Columns(
        **{name: np.frombuffer(packed[name], dtype=kind).copy() for name, kind in _KINDS.items()}
    )


def joined(parts: list[Columns]) -> Columns:
    """Several one after another."""
    return Columns(
        **{name: np.concatenate([getattr(each, name) for each in parts]) for name in _KINDS}
    )


def empty(count: int = 0) -> Columns:
    """Rows of nothing, never heard."""
    columns = {name: np.zeros(count, dtype=kind) for name, kind in _KINDS.items()}
    columns["time_us"][:] = NEVER
    return Columns(**columns)


def _within(values: Floats, most: float) -> Floats:
    """Numbers that can be; NaN for the others."""
    return np.where(np.abs(values) <= most, values, np.nan)


def spread_of(values: Floats) -> Floats:
    """Accuracies that can be: not below zero, nor of more than `SPREAD_MAX_M`."""
    return np.where(values >= 0, np.minimum(values, SPREAD_MAX_M), SPREAD_MAX_M)


class LatestState(Struct):
    """What `Latest` remembers."""

    last: dict[str, bytes]
    seen: dict[str, bytes]
    waiting: dict[str, bytes]
    reports: bytes
    newest_us: int
    next_us: int
    looked_us: int
    late: int


class Latest:
    """Reports in, moments out, each with the last report of every aircraft.

    Memory: 190 bytes an aircraft, and 90 a report that waits.

    Args:
        step_us: between moments.
        lateness_us: how far the stream must be on.
        speed_max_m_s: what is said to fly faster is not carried on, and proves nothing.
    """

    def __init__(self, step_us: int, lateness_us: int, speed_max_m_s: float) -> None:
        self._speed_max_m_s = speed_max_m_s
        self._step_us = step_us
        self._lateness_us = lateness_us
        self.last = empty()
        self.reports: Ints = np.zeros(0, dtype=np.int64)
        """How many reports each aircraft has given up to the moment."""
        self._seen = empty()
        self._waiting: list[Columns] = []
        self._newest_us = NEVER
        self._next_us = NEVER
        self._looked_us = NEVER
        self.late = 0

    def moments(self, tracked: Tracked, busy: Callable[[int], bool]) -> Iterator[int]:
        """Take reports; give each moment that is due, when `last` holds what was known then.

        Args:
            tracked: the next reports.
            busy: whether the moment after one has to be looked at even if nobody was heard for a
                step; what lies between long silences is left out.
        """
        rows = self._columns(tracked)
        if not len(rows):
            return
        newest = np.maximum.accumulate(np.maximum(rows.time_us, self._newest_us))
        position = 0
        if self._next_us == NEVER:
            self._next_us = self._after(int(rows.time_us[0]) - 1)
        while True:
            due = int(np.searchsorted(newest, self._next_us + self._lateness_us))
            self._wait(rows.take(slice(position, due)))
            position = due
            if due == len(rows):
                break
            yield from self._look(int(rows.time_us[due]), busy)
        self._newest_us = int(newest[-1])

    def rest(self, busy: Callable[[int], bool]) -> Iterator[int]:
        """The moments that are left when there are no more reports."""
        while self._waiting and self._newest_us >= self._next_us:
            yield from self._look(self._newest_us, busy)

    def _look(self, coming_us: int, busy: Callable[[int], bool]) -> Iterator[int]:
        now = self._next_us
        self._settle(now)
        self._looked_us = now
        yield now
        following = now + self._step_us
        if not busy(now):
            ahead = [int(each.time_us.min()) for each in self._waiting]
            following = max(following, self._after(min([coming_us, *ahead]) - 1))
        self._next_us = following

    def _after(self, time_us: int) -> int:
        return (time_us // self._step_us + 1) * self._step_us

    def _wait(self, rows: Columns) -> None:
        if not len(rows):
            return
        if self._looked_us != NEVER:
            self.late += int(np.count_nonzero(rows.time_us <= self._looked_us))
        self._waiting.append(rows)

    def _settle(self, now: int) -> None:
        if not self._waiting:
            return
        waiting = joined(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        ripe = waiting.time_us <= now
        if not ripe.any():
            self._waiting = [waiting]
            return
        rows = waiting.take(ripe)
        np.add.at(self.reports, rows.aircraft, 1)
        self.last.put(rows.aircraft.astype(np.intp), rows)
        left = waiting.take(~ripe)
        self._waiting = [left] if len(left) else []

    def _columns(self, tracked: Tracked) -> Columns:
        reports, flags = tracked.reports, tracked.flags
        self._grow(len(reports.identities))
        pressure = ~np.isnan(reports.pressure_m)
        height = _within(np.where(pressure, reports.pressure_m, reports.altitude_m), HEIGHT_MAX_M)
        reference = np.where(pressure, PRESSURE, SATELLITES).astype(np.uint8)
        reference[np.isnan(height)] = NO_REFERENCE
        course = np.radians(_within(reports.track_deg, 360.0))
        speed = _within(reports.speed_m_s, self._speed_max_m_s)
        columns = Columns(
            time_us=reports.time_us,
            aircraft=reports.aircraft,
            source=reports.source,
            lat_deg=reports.lat_deg,
            lng_deg=reports.lng_deg,
            height_m=height,
            reference=reference,
            east_m_s=speed * np.sin(course),
            north_m_s=speed * np.cos(course),
            climb_m_s=_within(reports.climb_m_s, CLIMB_MAX_M_S),
            horizontal_m=spread_of(reports.horizontal_m),
            vertical_m=spread_of(reports.vertical_m),
            basis=reports.basis,
            grounded=(reports.on_ground == 1) | ((flags & Flag.GROUND) != 0),
            doubtful=((flags & _DOUBTFUL) != 0)
            | (tracked.doubt > DOUBT_MAX)
            | (np.abs(reports.speed_m_s) > self._speed_max_m_s),
        )
        self._derive(columns, tracked)
        fast = np.hypot(columns.east_m_s, columns.north_m_s) > self._speed_max_m_s
        if fast.any():
            columns.doubtful = columns.doubtful | fast
            columns.east_m_s[fast] = columns.north_m_s[fast] = np.nan
        # the last row of each aircraft is the one that stays
        self._seen.put(columns.aircraft.astype(np.intp), columns)
        return columns

    def _derive(self, columns: Columns, tracked: Tracked) -> None:
        """Where no motion is told, it is that since the report before."""
        rows = np.flatnonzero(np.isnan(columns.east_m_s))
        if not len(rows):
            return
        before = tracked.previous[rows]
        inside = before >= 0
        came = self._seen.take(columns.aircraft[rows].astype(np.intp))
        came.put(np.flatnonzero(inside), columns.take(before[inside].astype(np.intp)))
        first = (tracked.flags[rows] & Flag.FIRST) != 0
        elapsed = columns.time_us[rows] - np.where(came.time_us == NEVER, 0, came.time_us)
        usable = (
            (came.time_us != NEVER)
            & ~first
            & (elapsed > 0)
            & (elapsed <= _GAP_US)
            & (np.abs(columns.lat_deg[rows]) < 89.0)
        )
        rows, came, seconds = rows[usable], came.take(usable), elapsed[usable] / 1e6
        lat = columns.lat_deg[rows]
        east = (columns.lng_deg[rows] - came.lng_deg + 180) % 360 - 180
        columns.east_m_s[rows] = east * _DEGREE_M * np.cos(np.radians(lat)) / seconds
        columns.north_m_s[rows] = (lat - came.lat_deg) * _DEGREE_M / seconds

    def _grow(self, aircraft: int) -> None:
        if aircraft <= len(self.last):
            return
        more = max(aircraft, 2 * len(self.last), 64) - len(self.last)
        self.last = joined([self.last, empty(more)])
        self._seen = joined([self._seen, empty(more)])
        self.reports = np.concatenate((self.reports, np.zeros(more, dtype=np.int64)))

    def place(self, aircraft: int, time_us: int, velocity_m_s: float, time_s: float) -> Place:
        """Where an aircraft is at some time, if it goes on as it was last heard.

        Args:
            aircraft: its number.
            time_us: when.
            velocity_m_s: how far its velocity may be off, 95 %.
            time_s: how far its times may be off, 95 %.
        """
        last = self.last
        seconds = (time_us - int(last.time_us[aircraft])) / 1e6
        north, east = float(last.north_m_s[aircraft]), float(last.east_m_s[aircraft])
        lat, lng = float(last.lat_deg[aircraft]), float(last.lng_deg[aircraft])
        height, climb = float(last.height_m[aircraft]), float(last.climb_m_s[aircraft])
        if not math.isnan(north):
            after, across = carried_on(
                np.array([lat]),
                np.array([lng]),
                np.array([math.hypot(north, east)]),
                np.array([math.degrees(math.atan2(east, north))]),
                np.array([seconds]),
            )
            lat, lng = float(after[0]), float(across[0])
        if not math.isnan(climb):
            height += climb * seconds
        radius = math.hypot(float(last.horizontal_m[aircraft]), velocity_m_s * seconds)
        return Place(
            round(lat, 7),
            round(lng, 7),
            None if math.isnan(height) else round(height, 3),
            time_us,
            round(radius, 3),
            time_s,
        )

    def state(self) -> LatestState:
        """All that it remembers."""
        waiting = joined(self._waiting) if self._waiting else empty()
        return LatestState(
            self.last.packed(),
            self._seen.packed(),
            waiting.packed(),
            self.reports.tobytes(),
            int(self._newest_us),
            int(self._next_us),
            int(self._looked_us),
            self.late,
        )

    def restore(self, state: LatestState) -> None:
        """Go on from there."""
        self.last = unpacked(state.last)
        self._seen = unpacked(state.seen)
        waiting = unpacked(state.waiting)
        self._waiting = [waiting] if len(waiting) else []
        self.reports = np.frombuffer(state.reports, dtype=np.int64).copy()
        self._newest_us = state.newest_us
        self._next_us = state.next_us
        self._looked_us = state.looked_us
        self.late = state.late
