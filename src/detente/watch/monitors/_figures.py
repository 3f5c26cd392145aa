"""From passages to events: every figure with its interval, for all passages at once. Pure.

The definitions are those of docs/watch-definitions.md. Of the spreads, that of the boundary is
common to all points of one passage: where it enters two points that are subtracted from one another
it counts in full at both. Those of positions at entry and exit are independent of each other. The
deepest point is picked out of many: its low end allows for that (`intervals.extreme`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detente.boundaries import Boundary, BoundarySet
from detente.geo import projection
from detente.watch.crossing_rules import CrossingRules
from detente.watch.event_ids import event_id
from detente.watch.events import Event, EventKind, Grade, Ground, Interval, Place
from detente.watch.grading import Evidence, decide
from detente.watch.intervals import ONE_WAY, extreme
from detente.watch.motion import off_the_lines_m

from ._depth import STEP_M, Deepest, Node
from ._ends import Crossed, least_m, over_both
from ._passage import Counted, Passage
from ._scan import Floats


class Seen(NamedTuple):
    """A passage, as far as it is known.

    Attributes:
        passage: itself.
        callsign: of its aircraft.
        now: where that was last, if it is still inside.
        counted: positions of the aircraft up to there.
    """

    passage: Passage
    callsign: str
    now: Node
    counted: Counted


def passage_events(
    seen: Sequence[Seen], boundaries: BoundarySet, rules: CrossingRules
) -> list[Event]:
    """What passages come to, in their order.

    Args:
        seen: the passages.
        boundaries: what was crossed.
        rules: what is assumed.
    """
    if not seen:
        return []
    deepest = [_deepest_of(each.passage) for each in seen]
    line_m = _line_m(seen, deepest, boundaries)
    inside = [_inside(each) for each in seen]
    depth = _Depths(seen, deepest, line_m, rules)
    over_m = np.array([each.way_m for each in inside])
    over_s = np.array([each.time_s for each in inside])
    entry = Crossed([each.passage.entry for each in seen], depth, over_m, rules)
    leaving = Crossed([each.passage.exit for each in seen], depth, over_m, rules)
    early_s, spread_s = over_both(entry.time_s, leaving.time_s)
    early_m, spread_m = over_both(entry.way_m, leaving.way_m)
    open_ended = ~(entry.known & leaving.known)
    longest_s = np.array([each.whole_s for each in inside])
    longest_m = np.maximum(over_m, np.where(open_ended, 0, leaving.odometer - entry.odometer))
    high_s = np.where(open_ended, np.inf, longest_s + spread_s)
    high_m = np.where(open_ended, np.inf, longest_m + spread_m)
    surely = depth.low > 0  # if not, it may have been inside for no time and on no way
    duration = _intervals(surely * np.maximum(over_s - early_s, 0), over_s, high_s, "s")
    along = depth.odometer - entry.odometer
    along = np.maximum(along, 0)
    along = np.where(entry.known & depth.placed, along, 0)
    alongs = _intervals(
        np.minimum(np.maximum(depth.low, 0), along), along, np.maximum(along, high_m), "m"
    )
    chord = np.zeros(len(seen))
    both = np.flatnonzero(~open_ended)
    chord[both] = projection.inverse(
        entry.lat[both], entry.lng[both], leaving.lat[both], leaving.lng[both]
    )[1]
    apart = np.hypot(entry.radius, leaving.radius)
    chords = _intervals(surely * np.maximum(chord - apart, 0), chord, chord + apart, "m")
    radius = np.maximum(np.maximum(entry.circle, leaving.circle), depth.circle)
    straight = least_m(over_m, np.array([each.counted.reports + 1 for each in inside]), radius)
    shortest = np.maximum(straight, np.where(open_ended, 0, chord - apart)) - early_m
    length = _intervals(surely * np.clip(shortest, 0, over_m), over_m, high_m, "m")
    nearest = _intervals(depth.low, depth.value, depth.high, "m")
    entries, exits = entry.places(), leaving.places()
    places = depth.places(rules)
    events = []
    for i, each in enumerate(seen):
        passage, count = each.passage, inside[i].counted
        boundary = boundaries.boundaries[passage.area]
        evidence = Evidence(
            nearest[i], depth.low_noise_m[i], depth.aside_m[i], line_m[i],
            count.reports, count.doubtful, count.derived, count.assumed,
            passage.distrusted(each.now.time_us, round(rules.distrust_s * 1e6)),
            passage.nearest_jump_s(each.now.time_us), rules.distrust_s, rules.doubtful_share,
            deepest[i].look, passage.number,
        )  # fmt: skip
        grade, grounds = decide(evidence, boundary)
        told = _Told(
            grade, grounds + _marks(passage, deepest[i], count, rules), entries[i], exits[i],
            places[i], duration[i], length[i], nearest[i],
            alongs[i] if passage.entry is not None and deepest[i].node is not None else None,
            None if open_ended[i] else chords[i],
        )  # fmt: skip
        events.append(_event(each, boundary, count, told))
    return events


class _Told(NamedTuple):
    """What was worked out about a passage."""

    grade: Grade
    grounds: tuple[Ground, ...]
    entry: Place | None
    exit: Place | None
    deepest: Place | None
    duration: Interval
    length: Interval
    nearest: Interval
    along: Interval | None
    chord: Interval | None


def _event(seen: Seen, boundary: Boundary, count: Counted, told: _Told) -> Event:
    passage = seen.passage
    return Event(
        id=event_id(EventKind.CROSSING, passage.aircraft, boundary.id, passage.began_us),
        kind=EventKind.CROSSING,
        grade=told.grade,
        aircraft=passage.aircraft,
        callsign=seen.callsign,
        boundary=boundary.id,
        claimant=boundary.claimant,
        began_us=passage.began_us,
        ended_us=passage.ended_us,
        entry=told.entry,
        exit=told.exit,
        deepest=told.deepest,
        duration_s=told.duration,
        length_m=told.length,
        depth_nearest_m=told.nearest,
        depth_along_m=told.along,
        depth_chord_m=told.chord,
        grounds=told.grounds,
        reports=count.reports,
        sources=passage.sources,
        boundary_source=boundary.source.id,
        basis="assumed" if count.assumed else "derived" if count.derived else "stated",
    )


class _Inside(NamedTuple):
    """What was spent inside: way, time, time from first entry to last exit, positions."""

    way_m: float
    time_s: float
    whole_s: float
    counted: Counted


def _inside(seen: Seen) -> _Inside:
    passage, now = seen.passage, seen.now
    way_m, time_us, counted = passage.inside_m, passage.inside_us, passage.counted
    if passage.ended_us is not None:
        whole_us = max(time_us, passage.ended_us - passage.began_us)
        return _Inside(way_m, time_us / 1e6, whole_us / 1e6, counted)
    way_m += now.odometer_m - passage.part.odometer_m
    time_us += now.time_us - passage.part.time_us
    counted += seen.counted - passage.part_counted
    return _Inside(way_m, time_us / 1e6, time_us / 1e6, counted)


def _deepest_of(passage: Passage) -> Deepest:
    return passage.deepest or Deepest(0.0, passage.first, 0.0, 0.0, 0.0, 0.0, -1)


def _line_m(
    seen: Sequence[Seen], deepest: Sequence[Deepest], boundaries: BoundarySet
) -> list[float]:
    """How far the borders that depths are measured from may be from the true ones."""
    area = np.array([each.passage.area for each in seen], dtype=np.int32)
    edge = np.array([each.edge for each in deepest], dtype=np.int64)
    found = boundaries.uncertainty_m(area, edge).tolist()
    return [
        boundaries.boundaries[each.passage.area].uncertainty_m if deep.edge < 0 else line
        for each, deep, line in zip(seen, deepest, found, strict=True)
    ]


class _Depths:
    """Greatest distances to the nearest border, and their spreads."""

    def __init__(
        self,
        seen: Sequence[Seen],
        deepest: Sequence[Deepest],
        line_m: Sequence[float],
        rules: CrossingRules,
    ) -> None:
        self._deepest = deepest
        columns = np.array(
            [
                (
                    deep.depth_m, deep.elapsed_s, deep.share, deep.length_m, deep.step_m,
                    each.passage.first.radius_m if deep.node is None else deep.node.radius_m,
                    0.0 if deep.node is None else deep.node.odometer_m,
                )
                for each, deep in zip(seen, deepest, strict=True)
            ]
        ).T  # fmt: skip
        self.value, elapsed, share, length, step, radius, self.odometer = columns
        self.placed = np.array([each.node is not None for each in deepest])
        aside = off_the_lines_m(
            elapsed, share, length, rules.acceleration_m_s2, rules.speed_max_m_s
        )
        noise = ONE_WAY * radius
        shared = np.hypot(aside, np.array(line_m))
        spread = np.hypot(noise, shared)
        middle, rest = np.array(
            [
                extreme(deep.look, each.passage.number)
                for each, deep in zip(seen, deepest, strict=True)
            ]
        ).T
        low = self.value - middle * noise - np.hypot(rest * noise, shared)
        self.low = np.where(self.placed, low, np.maximum(low, 0.0))
        sampled = np.maximum(step, STEP_M) / 2
        self.high = np.where(self.placed, self.value + spread + sampled, np.inf)
        self.circle = radius
        self._radius = np.hypot(radius, aside).tolist()
        self.low_noise_m, self.aside_m = ((middle + rest) * noise).tolist(), aside.tolist()

    def places(self, rules: CrossingRules) -> list[Place | None]:
        return [
            None
            if each.node is None
            else Place(each.node.lat, each.node.lng, None, each.node.time_us, radius, rules.time_s)
            for each, radius in zip(self._deepest, self._radius, strict=True)
        ]


def _intervals(low: Floats, value: Floats, high: Floats, unit: str) -> list[Interval]:
    """Told to the millimetre or microsecond."""
    digits = 6 if unit == "s" else 3
    columns = [(np.round(each, digits) + 0.0).tolist() for each in (value, low, high)]
    return [Interval(a, b, c, unit) for a, b, c in zip(*columns, strict=True)]


def _marks(
    passage: Passage, deepest: Deepest, count: Counted, rules: CrossingRules
) -> tuple[Ground, ...]:
    """What else somebody has to know who reads the figures."""
    found = []
    if count.reports == 0:
        found.append(Ground("between-reports"))
    if passage.entry is None:
        found.append(Ground("began-inside"))
    if passage.ended_us is not None and passage.exit is None:
        found.append(Ground("ended-inside"))
    if deepest.node is None:
        found.append(Ground("deeper-than-told", {"limit_m": rules.depth_max_m}))
    return tuple(found)
