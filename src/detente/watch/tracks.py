"""Tracks: reports sorted out by aircraft, each judged by those before it. What all monitors take.

A report is taken out only where nothing can be made of it (see `Fate`), and it is counted. One that
cannot be true, but could be part of what happened, stays and is flagged: whether a crossing rests
on it is for the monitors to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds import Reports, Source

from . import _track_pass as judging
from .tracks_belief import believed
from .tracks_flags import Fate, Flag
from .tracks_numbers import AircraftNumbers
from .tracks_rules import TrackRules
from .tracks_snapshot import Array, Remembered, SnapshotUnusable, packed, unpacked

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.uint16]

_FIRST_ROOM: Final = 1024
_LEAST_PART: Final = 4096
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """Kept reports in the order of their arrival, and what is to be said of them, row by row.

    Of each aircraft, every report is later than the one before it, unless it is flagged `FIRST`.

    Attributes:
        reports: `aircraft` and `source` are numbers that stay the same from batch to batch, so that
            they may index what others keep of an aircraft. The number of an aircraft that is long
            silent may go to another, whose first report is flagged `FIRST`.
        flags: uint16, see `Flag`.
        previous: int64, the row in this batch of the report before, of the same aircraft; -1 if it
            was in another batch, or there was none.
        residual_m: float64, how far the way from the report before differs from the mean of the
            velocities that both state; NaN if that cannot be said.
        allowed_m: float64, how much of that accuracies, the spread of times and turns explain.
        doubt: float64, how many breaks (`BREAKS`, contested instants) the aircraft had lately; one
            is half forgotten after `TrackRules.doubt_s`. 0: none.
    """

    reports: Reports
    flags: Flags
    previous: Ints
    residual_m: Floats
    allowed_m: Floats
    doubt: Floats

    def __len__(self) -> int:
        return len(self.flags)


@dataclass(frozen=True, slots=True)
class TrackCounts:
    """What became of a source's reports. Each is kept, or in one of the counts of `taken_out`.

    Attributes:
        kept: reports that went on to the monitors.
        taken_out: by `Fate.words`.
        flagged: kept ones, by the name of the flag, such as `jump`; one may have several.
        least_delay_s, greatest_delay_s: between a report's time and its receipt; None if no receipt
            was told. A least delay below zero: the source's clock is ahead of ours by that much.
    """

    kept: int
    taken_out: Mapping[str, int]
    flagged: Mapping[str, int]
    least_delay_s: float | None
    greatest_delay_s: float | None


class Tracks:
    """Sorts out reports, batch after batch; the answers do not depend on how they were cut.

    Memory: 250 bytes for each aircraft that is remembered, `TrackRules.aircraft_max` at most.
    """

    def __init__(self, rules: TrackRules | None = None) -> None:
        self.rules = rules or TrackRules()
        self._limits = _limits(self.rules)
        self._numbers = AircraftNumbers(self.rules.aircraft_max)
        self._sources: dict[Source, int] = {}
        self._source_table: tuple[Source, ...] = ()
        self._state = _unknown(0)
        self._anchor = np.zeros((0, judging.ANCHORS))
        self._fates = np.zeros((0, judging.FATES), dtype=np.int64)
        self._flagged = np.zeros((0, judging.FLAGS), dtype=np.int64)
        self._clocks = np.zeros((0, 2))
        self._kept = 0
        self._newest_us = -np.inf

    def take(self, reports: Reports) -> Tracked:
        """Judge the next reports. Where all are kept, their columns are handed on uncopied."""
        reports = believed(reports)
        count = len(reports)
        source = self._numbered_sources(reports.sources)[reports.source]
        aircraft = self._numbered(reports)[reports.aircraft]
        self._grow()
        rows, previous = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        flags = np.empty(count, dtype=np.uint16)
        residual_m, allowed_m, doubt = np.empty(count), np.empty(count), np.empty(count)
        kept, newest = judging.judge(
            reports.time_us,
            reports.received_us,
            aircraft,
            source,
            reports.lat_deg,
            reports.lng_deg,
            reports.altitude_m,
            reports.pressure_m,
            reports.speed_m_s,
            reports.track_deg,
            reports.horizontal_m,
            reports.vertical_m,
            reports.on_ground,
            self._state,
            self._anchor,
            self._kept,
            self._limits,
            self._fates,
            self._flagged,
            self._clocks,
            rows,
            previous,
            flags,
            residual_m,
            allowed_m,
            doubt,
        )
        self._kept += kept
        self._newest_us = max(self._newest_us, newest)
        known = replace(
            reports,
            aircraft=aircraft,
            source=source,
            identities=self._numbers.identities,
            callsigns=self._numbers.callsigns,
            sources=self._source_table,
        )
        if kept < count:
            known = known.take(rows[:kept])
        return Tracked(
            known, flags[:kept], previous[:kept], residual_m[:kept], allowed_m[:kept], doubt[:kept]
        )

    @property
    def counts(self) -> Mapping[Source, TrackCounts]:
        """What became of the reports so far, by source."""
        return {
            source: TrackCounts(
                kept=int(self._fates[number, Fate.KEPT]),
                taken_out={
                    fate.words: int(self._fates[number, fate])
                    for fate in Fate
                    if fate is not Fate.KEPT and self._fates[number, fate]
                },
                flagged={
                    str(flag.name).lower(): int(self._flagged[number, bit])
                    for bit, flag in enumerate(Flag)
                    if self._flagged[number, bit]
                },
                least_delay_s=_delay(self._clocks[number, 0]),
                greatest_delay_s=_delay(self._clocks[number, 1]),
            )
            for source, number in self._sources.items()
        }

    @property
    def taken_out(self) -> Counter[str]:
        """How many reports were taken out so far, by `Fate.words`."""
        totals = self._fates.sum(axis=0)
        return Counter(
            {
                fate.words: int(totals[fate])
                for fate in Fate
                if fate is not Fate.KEPT and totals[fate]
            }
        )

    def snapshot(self) -> bytes:
        """All that is known, for `restore`."""
        names, callsigns, free = self._numbers.table()
        remembered = Remembered(
            version=_VERSION,
            names=names,
            callsigns=callsigns,
            free=free,
            sources=tuple(
                (each.name, each.format, each.assumed_horizontal_m, each.assumed_vertical_m)
                for each in self._sources
            ),
            kept=self._kept,
            newest_us=self._newest_us if np.isfinite(self._newest_us) else None,
        )
        return packed(remembered, {name: getattr(self, f"_{name}") for name in _ARRAYS})

    def restore(self, snapshot: bytes) -> None:
        """Go on where `snapshot` was made; the rules must be the same.

        Raises:
            SnapshotUnusable: it is damaged, or of another version.
        """
        remembered, arrays = unpacked(snapshot, _VERSION)
        for name, columns in _ARRAYS.items():
            if name not in arrays or arrays[name].ndim != 2 or arrays[name].shape[1] != columns:
                raise SnapshotUnusable(f"The snapshot of tracks lacks its {name}.")
        self._numbers = AircraftNumbers.of_table(
            self.rules.aircraft_max, remembered.names, remembered.callsigns, remembered.free
        )
        self._sources = {Source(*each): i for i, each in enumerate(remembered.sources)}
        self._source_table = tuple(self._sources)
        self._kept = remembered.kept
        self._newest_us = -np.inf if remembered.newest_us is None else remembered.newest_us
        self._state, self._anchor = _floats(arrays["state"]), _floats(arrays["anchor"])
        self._clocks = _floats(arrays["clocks"])
        self._fates, self._flagged = _ints(arrays["fates"]), _ints(arrays["flagged"])

    @property
    def identities(self) -> tuple[str, ...]:
        """Of the aircraft that are remembered, by number."""
        return self._numbers.identities

    def parts(self, reports: Reports) -> Iterator[Reports]:
        """Reports in pieces, each to be taken before the next: where they name more aircraft than
        there is room for, those silent for long can make room for others in between."""
        few = len(reports.identities) <= self._numbers.room or len(reports) <= _LEAST_PART
        if few or len(self._lacking(reports)) <= self._numbers.room:
            yield reports
            return
        half = len(reports) // 2
        yield from self.parts(reports.take(slice(0, half)))
        yield from self.parts(reports.take(slice(half, None)))

    def _lacking(self, reports: Reports) -> npt.NDArray[np.intp]:
        return self._numbers.lacking(reports.identities, partial(_present, reports))

    def _numbered(self, reports: Reports) -> npt.NDArray[np.int32]:
        if len(self._lacking(reports)) > self._numbers.room:
            # Whoever is silent for longer than a gap would begin anew in any case.
            silent = self._state[:, judging.TIME_US] < self._newest_us - self.rules.gap_s * 1e6
            given_up = np.flatnonzero(silent)
            self._numbers.free(given_up)
            self._state[given_up] = _unknown(len(given_up))
        return self._numbers.numbers(
            reports.identities, reports.callsigns, partial(_present, reports)
        )

    def _numbered_sources(self, sources: tuple[Source, ...]) -> npt.NDArray[np.int32]:
        new = [each for each in sources if each not in self._sources]
        if new:
            for each in new:
                self._sources.setdefault(each, len(self._sources))
            self._source_table = tuple(self._sources)
            more = len(self._sources) - len(self._fates)
            self._fates = np.vstack((self._fates, np.zeros((more, judging.FATES), np.int64)))
            self._flagged = np.vstack((self._flagged, np.zeros((more, judging.FLAGS), np.int64)))
            self._clocks = np.vstack((self._clocks, np.tile([np.inf, -np.inf], (more, 1))))
        return np.array([self._sources[each] for each in sources], dtype=np.int32)

    def _grow(self) -> None:
        room, wanted = len(self._state), len(self._numbers)
        if wanted <= room:
            return
        more = max(_FIRST_ROOM, wanted, min(2 * room, self.rules.aircraft_max)) - room
        self._state = np.vstack((self._state, _unknown(more)))
        self._anchor = np.vstack((self._anchor, np.zeros((more, judging.ANCHORS))))


_ARRAYS: Final = {
    "state": judging.STATES,
    "anchor": judging.ANCHORS,
    "fates": judging.FATES,
    "flagged": judging.FLAGS,
    "clocks": 2,
}
"""What is kept in arrays, and how many columns each has."""


def _present(reports: Reports) -> npt.NDArray[np.bool_]:
    """Which identities of its table have reports."""
    present = np.zeros(len(reports.identities), dtype=np.bool_)
    present[reports.aircraft] = True
    return present


def _floats(array: Array) -> Floats:
    return np.ascontiguousarray(array, dtype=np.float64)


def _ints(array: Array) -> Ints:
    return np.ascontiguousarray(array, dtype=np.int64)


def _unknown(count: int) -> Floats:
    state = np.zeros((count, judging.STATES))
    state[:, judging.TIME_US] = np.nan
    return state


def _delay(seconds: float) -> float | None:
    return float(seconds) if np.isfinite(seconds) else None


def _limits(rules: TrackRules) -> judging.Limits:
    return judging.Limits(
        speed_max=float(rules.speed_max_m_s),
        climb_max=float(rules.climb_max_m_s),
        acceleration=float(rules.acceleration_m_s2),
        time_spread=float(rules.time_spread_s),
        compare_max=float(rules.compare_max_s),
        doubt_for=float(rules.doubt_s),
        gap=float(rules.gap_s),
        frozen_m=float(rules.frozen_m),
        repeat=float(rules.repeat_s),
        stale=float(rules.stale_s),
        ahead=float(rules.ahead_s),
        ahead_max=float(rules.ahead_max_s),
        set_back=float(rules.set_back_s),
        set_back_reports=float(rules.set_back_reports),
    )
