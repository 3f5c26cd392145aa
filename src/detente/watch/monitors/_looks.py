"""One look at the sky: who comes too close to whom, and between which bounds, pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.kernels import (
    WELL_CLEAR,
    Motions,
    Sky,
    Traffic,
    WellClear,
    approaches,
    closest_s,
    cylinder_spans,
    losses,
    well_clear_spans,
)
from detente.watch.intervals import ONE_WAY, extreme
from detente.watch.separation_rules import SeparationRules

from ._latest import NO_REFERENCE, Columns, Floats

_JUST_BELOW_M: Final = 1e-6
"""Exactly a level apart is not nearer than a level, whatever the last digit of a float says."""

Slots: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]


class Counted(NamedTuple):
    """How often two aircraft were looked at, by positions of both; see `intervals.extreme`.

    Attributes:
        seen: since the encounter was first seen to come.
        inside: since they were first too close.
        occasion: which encounter of theirs it is.
    """

    seen: int
    inside: int
    occasion: int


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What one moment shows of pairs; row i of each column is one pair.

    Attributes:
        first, second: numbers of the aircraft.
        enters_s, leaves_s: when they are too close, while one looks ahead; inf, -inf: never.
        near: whether an encounter goes on, by the wider measure of the hysteresis.
        inside: whether they are too close at some instant of this step.
        sure, maybe: whether they are so at the far, or the near, end of every uncertainty.
        sure_ahead: whether they will be so, at the far end, if both go on.
        closest_s: when they are closest while one looks ahead.
        distance_m, distance_spread_m, height_m, height_spread_m: then, with 95 %; heights are NaN
            where they are not known.
        at_s: when they are closest in this step.
        distance_now_m, distance_now_spread_m, height_now_m, height_now_spread_m: then.
        distance_now_far_m, height_now_far_m: what these may be more, if this look is picked out as
            the closest of all.
        closing_m_s, speed_m_s: how fast they come nearer, and move towards each other.
    """

    first: Slots
    second: Slots
    enters_s: Floats
    leaves_s: Floats
    near: Flags
    inside: Flags
    sure: Flags
    maybe: Flags
    sure_ahead: Flags
    closest_s: Floats
    distance_m: Floats
    distance_spread_m: Floats
    height_m: Floats
    height_spread_m: Floats
    at_s: Floats
    distance_now_m: Floats
    distance_now_spread_m: Floats
    height_now_m: Floats
    height_now_spread_m: Floats
    distance_now_far_m: Floats
    height_now_far_m: Floats
    closing_m_s: Floats
    speed_m_s: Floats

    def __len__(self) -> int:
        return len(self.first)


class Cylinder:
    """Too close is what is nearer than two distances at once."""

    def __init__(self, rules: SeparationRules) -> None:
        self.horizontal_m = rules.horizontal_m
        self.vertical_m = rules.vertical_m
        self.tau_s = 0.0
        self.name = f"{rules.horizontal_m:g}m-{rules.vertical_m:g}m"

    def found(self, traffic: Traffic, ahead_s: float, most: int) -> tuple[Slots, Slots, bool]:
        """Pairs that will be too close, and whether that is all of them."""
        seen = approaches(
            traffic,
            ahead_s,
            self.horizontal_m - _JUST_BELOW_M,
            self.vertical_m - _JUST_BELOW_M,
            pairs_max=most,
        )
        return seen.first, seen.second, seen.complete

    def spans(
        self, motions: Motions, ahead_s: float, wider_m: Floats, higher_m: Floats
    ) -> tuple[Floats, Floats]:
        """From when to when, with distances so much greater."""
        return cylinder_spans(
            motions,
            ahead_s,
            self.horizontal_m - _JUST_BELOW_M + wider_m,
            self.vertical_m - _JUST_BELOW_M + higher_m,
        )


class Volume:
    """Too close is what is not well clear."""

    def __init__(self, volume: WellClear) -> None:
        self._volume = volume
        self.horizontal_m = volume.distance_m
        self.vertical_m = volume.height_m
        self.tau_s = volume.tau_s
        self.name = volume.name

    def found(self, traffic: Traffic, ahead_s: float, most: int) -> tuple[Slots, Slots, bool]:
        """Pairs that will not be well clear, and whether that is all of them."""
        seen = losses(traffic, ahead_s, self._volume, pairs_max=most)
        return seen.first, seen.second, seen.complete

    def spans(
        self, motions: Motions, ahead_s: float, wider_m: Floats, higher_m: Floats
    ) -> tuple[Floats, Floats]:
        """From when to when, with distances so much greater."""
        return well_clear_spans(motions, ahead_s, self._volume, wider_m, higher_m)


def criterion(rules: SeparationRules) -> Cylinder | Volume:
    """What counts as too close."""
    return Volume(WELL_CLEAR[rules.well_clear]) if rules.well_clear else Cylinder(rules)


class Looking:
    """Looks at the last reports of all aircraft, moment after moment."""

    def __init__(self, rules: SeparationRules) -> None:
        self.rules = rules
        self.criterion: Final = criterion(rules)
        # what comes within the step must be seen now: the next look is after it
        self._ahead_s = max(rules.look_ahead_s, rules.step_s)
        self.reach_s = self._ahead_s + self.criterion.tau_s + rules.age_max_s
        """For how long an aircraft may be carried on, at most."""

    def look(
        self,
        last: Columns,
        slots: Slots,
        party: Slots,
        now_us: int,
        open_pairs: list[tuple[int, int]],
        counted: Callable[[int, int], Counted],
    ) -> tuple[Looks | None, bool]:
        """See who is, or will be, too close.

        Args:
            last: last reports by aircraft.
            slots: aircraft that are in the air and were heard lately, rising.
            party: of those.
            now_us: the moment.
            open_pairs: numbers of pairs that have to be looked at in any case.
            counted: how often a pair has been looked at, this time included.

        Returns:
            Those pairs whose aircraft are both among `slots`, and new ones, None if there are none;
            and whether all new ones are there.
        """
        rules = self.rules
        seen = last.take(slots.astype(np.intp))
        age_s = (now_us - seen.time_us) / 1e6
        traffic = Traffic(
            seen.lat_deg, seen.lng_deg, seen.height_m, seen.east_m_s, seen.north_m_s,
            seen.climb_m_s, age_s, party,
        )  # fmt: skip
        ahead_s = self._ahead_s
        one, two, complete = self.criterion.found(traffic, ahead_s, rules.pairs_max)
        if open_pairs:
            one, two = _with(one, two, slots, open_pairs)
        if not len(one):
            return None, complete
        first, second = slots[one], slots[two]
        motions = Sky(traffic, ahead_s).motions(one, two)
        still = np.zeros(len(one))
        enters, leaves = self.criterion.spans(motions, ahead_s, still, still)
        wide = rules.hysteresis - 1
        near = self._within(
            motions,
            ahead_s,
            still + wide * self.criterion.horizontal_m,
            still + wide * self.criterion.vertical_m,
        )
        horizontal_m, vertical_m = self.criterion.horizontal_m, self.criterion.vertical_m
        step = still + rules.step_s
        at = closest_s(motions, still, step, horizontal_m, vertical_m)
        closest = closest_s(motions, still, still + ahead_s, horizontal_m, vertical_m)
        flat_now, steep_now = _spreads(seen, one, two, age_s, at, rules)
        flat, steep = _spreads(seen, one, two, age_s, closest, rules)
        counts = [counted(*pair) for pair in zip(first.tolist(), second.tolist(), strict=True)]
        coming = _extremes([(each.seen, each.occasion) for each in counts])
        within = _extremes([(each.inside, each.occasion) for each in counts])
        looks = Looks(
            first=first,
            second=second,
            enters_s=enters,
            leaves_s=leaves,
            near=near,
            inside=self._within(motions, rules.step_s, still, still),
            sure=self._within(
                motions, rules.step_s, -flat_now.far_m(within), -steep_now.far_m(within)
            ),
            maybe=self._within(motions, rules.step_s, flat_now.one_m, steep_now.one_m),
            sure_ahead=self._within(motions, ahead_s, -flat.far_m(coming), -steep.far_m(coming)),
            closest_s=closest,
            distance_m=motions.horizontal_m(closest),
            distance_spread_m=flat.one_m,
            height_m=motions.vertical_m(closest),
            height_spread_m=steep.one_m,
            at_s=at,
            distance_now_m=motions.horizontal_m(at),
            distance_now_spread_m=flat_now.one_m,
            height_now_m=motions.vertical_m(at),
            height_now_spread_m=steep_now.one_m,
            distance_now_far_m=flat_now.far_m(coming),
            height_now_far_m=steep_now.far_m(coming),
            closing_m_s=motions.closing_m_s,
            speed_m_s=motions.speed_m_s,
        )
        return looks, complete

    def _within(self, motions: Motions, ahead_s: float, wider_m: Floats, higher_m: Floats) -> Flags:
        enters, leaves = self.criterion.spans(motions, ahead_s, wider_m, higher_m)
        return enters <= leaves


def _with(
    one: Slots, two: Slots, slots: Slots, open_pairs: list[tuple[int, int]]
) -> tuple[Slots, Slots]:
    """The pairs that were found and the open ones, each once, sorted."""
    wanted = np.array(open_pairs, dtype=np.int32)
    places = np.searchsorted(slots, wanted)
    places[places == len(slots)] = 0
    there = (slots[places] == wanted).all(axis=1)
    both = np.concatenate((np.stack((one, two), axis=1), places[there].astype(np.int32)))
    both = np.unique(both, axis=0)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


class _Spread(NamedTuple):
    """What distances of pairs may be off, 95 %: by each look's own errors, and by shared ones."""

    own_m: Floats
    shared_m: Floats

    @property
    def one_m(self) -> Floats:
        """Of one look."""
        return np.hypot(self.own_m, self.shared_m)

    def far_m(self, extremes: tuple[Floats, Floats]) -> Floats:
        """Of looks that are picked out as the closest; see `intervals.picked_out`."""
        middle, rest = extremes
        return np.asarray(middle * self.own_m + np.hypot(rest * self.own_m, self.shared_m))


def _extremes(looks: list[tuple[int, int]]) -> tuple[Floats, Floats]:
    """`intervals.extreme` of many."""
    middle, rest = np.array([extreme(*each) for each in looks]).T
    return middle, rest


def _spreads(
    seen: Columns, one: Slots, two: Slots, age_s: Floats, after_s: Floats, rules: SeparationRules
) -> tuple[_Spread, _Spread]:
    """How far distances of pairs may be off after some time: along the ground, in height.

    Positions, times and velocities of both aircraft are taken as independent. A velocity is off for
    as long as it has been relied upon: since the report. What a report says of place and velocity
    has errors of its own; that of its time, and between references of height, they share.
    """
    own = np.zeros((2, len(one)))
    shared = np.zeros((2, len(one)))
    speed = np.nan_to_num(np.hypot(seen.east_m_s, seen.north_m_s))
    climb = np.nan_to_num(np.abs(seen.climb_m_s))
    for side in (one, two):
        relied = np.abs(age_s[side] + after_s)
        own[0] += (ONE_WAY * seen.horizontal_m[side]) ** 2 + (rules.velocity_m_s * relied) ** 2
        own[1] += seen.vertical_m[side] ** 2 + (rules.climb_m_s * relied) ** 2
        shared[0] += (speed[side] * rules.time_s) ** 2
        shared[1] += (climb[side] * rules.time_s) ** 2
    mixed = seen.reference[one] != seen.reference[two]
    unknown = (seen.reference[one] == NO_REFERENCE) | (seen.reference[two] == NO_REFERENCE)
    shared[1] += np.where(mixed & ~unknown, rules.references_m**2, 0.0)
    shared[1] = np.where(unknown, np.inf, shared[1])
    flat, steep = (_Spread(*np.sqrt(each)) for each in zip(own, shared, strict=True))
    return flat, steep
