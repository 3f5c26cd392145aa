"""Moving a whole plan in time, in altitude or aside: how little is enough?

For two volumes whose outlines meet, the times by which one may not be moved are an interval, and
so are the altitudes; aside, they are some intervals a direction. The smallest free value beyond
their union is the answer. Bounds are compared as they will stand in the plan, so an answer in time
or altitude is exact; aside, intervals are known to some decimetres, and what lies within that is
looked at exactly.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.geo import (
    Prepared,
    Sheet,
    Volume4D,
    candidate_pairs,
    conflicting_pairs,
    outlines_meet,
    prepare,
)
from detente.planning.costs import Limits

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

GAP_M: Final = 0.02
"""Aside, more than this is kept clear: others may reckon to a centimetre (GEN0500)."""
_FAR_US: Final = 1 << 61
_TRIES: Final = 200
"""Directions and distances looked at exactly."""


@dataclass(frozen=True, slots=True)
class Climbing:
    """Which bounds of altitude move when a plan goes up, or down.

    Attributes:
        lower, upper: of each volume.
    """

    lower: Bools
    upper: Bools

    def of(self, volumes: Sequence[Volume4D], climb_m: float) -> tuple[Volume4D, ...]:
        """The volumes, so much higher."""
        return tuple(
            replace(
                each,
                altitude_lower_m=_raised(each.altitude_lower_m, climb_m if low else 0.0),
                altitude_upper_m=_raised(each.altitude_upper_m, climb_m if high else 0.0),
            )
            for each, low, high in zip(
                volumes, self.lower.tolist(), self.upper.tolist(), strict=True
            )
        )


def _raised(altitude_m: float | None, climb_m: float) -> float | None:
    return None if altitude_m is None else altitude_m + climb_m


def climbing(
    volumes: Sequence[Volume4D], limits: Limits, now_us: int | None
) -> tuple[Climbing, Climbing]:
    """What moves when going up, and when going down.

    Volumes that stand on the ground keep standing on it: going up they grow, going down they stay.
    With `now_us` the aircraft is in the air: what is over stays, and the volumes it is in grow, so
    that it climbs or descends within them.
    """
    own = prepare(volumes)
    moves = np.ones(len(own), np.bool_)
    inside = np.zeros(len(own), np.bool_)
    if now_us is not None:
        moves = own.time_end_us > now_us
        inside = moves & (own.time_start_us <= now_us)
    ground = np.zeros(len(own), np.bool_)
    if limits.lowest_m is not None:
        ground = own.altitude_lower_m <= limits.lowest_m
    return (
        Climbing(moves & ~ground & ~inside, moves),
        Climbing(moves & ~ground, moves & ~ground & ~inside),
    )


class Ground:
    """The pairs of own and others' volumes whose outlines meet: time and altitude as columns.

    Attributes:
        first, second: positions of the pairs.
    """

    def __init__(self, own: Prepared, others: Prepared, limits: Limits) -> None:
        self.own, self.others = own, others
        first, second = candidate_pairs(own, others, time=False, altitude=False)
        self._take(first, second)
        near = (self.time_low <= limits.delay_max_s * 1_000_000) & (
            self.time_high >= -limits.advance_max_s * 1_000_000
        )
        high = limits.climb_max_m
        near &= own.altitude_lower_m[first] - high <= others.altitude_upper_m[second]
        near &= own.altitude_upper_m[first] + high >= others.altitude_lower_m[second]
        first, second = first[near], second[near]
        meets = outlines_meet(own, others, first, second)
        self._take(first[meets], second[meets])

    def _take(self, first: Ints, second: Ints) -> None:
        self.first, self.second = first, second
        own, others = self.own, self.others
        self.time_low: Ints = _near(others.time_start_us[second]) - _near(own.time_end_us[first])
        self.time_high: Ints = _near(others.time_end_us[second]) - _near(own.time_start_us[first])

    def at_altitude(self, climb_m: float, climbs: Climbing) -> Bools:
        """Which pairs overlap in altitude when the plan is so much higher."""
        first, second = self.first, self.second
        lower = self.own.altitude_lower_m[first] + np.where(climbs.lower[first], climb_m, 0.0)
        upper = self.own.altitude_upper_m[first] + np.where(climbs.upper[first], climb_m, 0.0)
        meets: Bools = (lower <= self.others.altitude_upper_m[second]) & (
            upper >= self.others.altitude_lower_m[second]
        )
        return meets

    def at_time(self, shift_us: int) -> Bools:
        """Which pairs overlap in time when the plan is so much later."""
        meets: Bools = (self.time_low <= shift_us) & (shift_us <= self.time_high)
        return meets

    def clearing(self, sign: int, climbs: Climbing) -> Floats:
        """By how much each pair must climb (sign 1) or descend (-1) to be clear; inf: it cannot."""
        first, second = self.first, self.second
        if sign > 0:
            away = self.others.altitude_upper_m[second] - self.own.altitude_lower_m[first]
            return np.where(climbs.lower[first], away, np.inf)
        away = self.own.altitude_upper_m[first] - self.others.altitude_lower_m[second]
        return np.where(climbs.upper[first], away, np.inf)


def _near(time_us: Ints) -> Ints:
    """Open bounds brought so near that differences of them fit."""
    return np.clip(time_us, -_FAR_US, _FAR_US)


Span: TypeAlias = tuple[int, int]


def smallest_shift(
    low: Ints, high: Ints, sign: int, step_us: int, allowed: Sequence[Span]
) -> int | None:
    """The smallest shift in time that is in none of the closed intervals low..high.

    Args:
        sign: 1 for later, -1 for earlier.
        allowed: closed intervals in which it must be, signed as it is.

    Returns:
        A multiple of the step other than 0, signed; None if there is none.
    """
    if sign < 0:
        low, high = -high, -low
        allowed = [(-end, -begin) for begin, end in allowed]
    shift = step_us
    while True:
        later = [max(begin, shift) for begin, end in allowed if end >= shift]
        if not later:
            return None
        # whole steps, not before the next span that is allowed
        nearest = -(-min(later) // step_us) * step_us
        if nearest > shift:
            shift = nearest
            continue
        hit = (low <= shift) & (shift <= high)
        if not hit.any():
            return sign * shift
        shift = (int(high[hit].max()) // step_us + 1) * step_us


def smallest_climb(
    ground: Ground, among: Bools, sign: int, climbs: Climbing, step_m: float, most_m: float
) -> float | None:
    """The smallest climb (sign 1) or descent (-1) at which none of some pairs overlaps in altitude.

    A multiple of the step, at most `most_m`, signed; None if there is none.
    """
    clearing = ground.clearing(sign, climbs)
    steps = 1
    while steps * step_m <= most_m:
        climb = sign * steps * step_m
        hit = among & ground.at_altitude(climb, climbs)
        if not hit.any():
            return climb
        needed = float(clearing[hit].max())
        if not math.isfinite(needed):
            return None
        # one less than seems needed: rounding must not skip the smallest
        steps = max(steps + 1, math.floor(needed / step_m))
    return None


def climbs_worth(
    ground: Ground, among: Bools, sign: int, climbs: Climbing, step_m: float, most_m: float
) -> Iterator[float]:
    """The climbs at which one pair more is clear, the smallest first: no others can be best."""
    clearing = ground.clearing(sign, climbs)[among]
    steps = np.floor(clearing[np.isfinite(clearing) & (clearing >= 0)] / step_m).astype(np.int64)
    wanted = np.unique(np.concatenate((np.ones(1, np.int64), steps, steps + 1)))
    for each in wanted.tolist():
        if 0 < each * step_m <= most_m:
            yield sign * each * step_m


@dataclass(frozen=True, slots=True)
class Push:
    """Moving aside: `azimuth_deg` at the middle of the plan, and how far."""

    azimuth_deg: float
    distance_m: float


def smallest_push(
    sheet: Sheet,
    others: Prepared,
    azimuths_deg: Sequence[float],
    step_m: float,
    most_m: float,
) -> Push | None:
    """The shortest push along one of the directions after which nothing meets.

    Args:
        sheet: the plan's volumes.
        azimuths_deg: the first of equally short ones wins.
        step_m, most_m: pushes are multiples of the step and at most so long.
    """
    first, second = candidate_pairs(sheet.prepared, others, place=False)
    own = sheet.prepared
    apart = own.ball_m[first] - others.ball_m[second]
    reach = own.ball_radius_m[first] + others.ball_radius_m[second] + most_m * 1.01 + 1.0
    near = np.einsum("ij,ij->i", apart, apart) <= reach * reach
    first, second = first[near], second[near]
    direction, pair, ends, wrong = sheet.obstructions(others, first, second, azimuths_deg, most_m)
    of = [np.flatnonzero(direction == k) for k in range(len(azimuths_deg))]
    sure = [(ends[rows, 0] + wrong[rows], ends[rows, 1] - wrong[rows]) for rows in of]
    queue: list[tuple[int, int]] = []

    def put(k: int, steps: int) -> None:
        low, high = sure[k]
        while steps * step_m <= most_m:
            hit = (low <= steps * step_m) & (steps * step_m <= high)
            if not hit.any():
                heapq.heappush(queue, (steps, k))
                return
            farthest = float(high[hit].max())
            if not math.isfinite(farthest):
                return
            steps = max(steps + 1, math.floor(farthest / step_m))

    for k in range(len(azimuths_deg)):
        put(k, 1)
    for _ in range(_TRIES):
        if not queue:
            return None
        steps, k = heapq.heappop(queue)
        push = Push(azimuths_deg[k], steps * step_m)
        rows = of[k]
        doubtful = np.unique(
            pair[
                rows[
                    (ends[rows, 0] - wrong[rows] <= push.distance_m)
                    & (push.distance_m <= ends[rows, 1] + wrong[rows])
                ]
            ]
        )
        sure_enough = _clear(sheet, others, first[doubtful], second[doubtful], push)
        if sure_enough and _all_clear(sheet, others, push):
            return push
        put(k, steps + 1)
    return None


def _clear(sheet: Sheet, others: Prepared, first: Ints, second: Ints, push: Push) -> bool:
    """Whether none of some pairs meets on the ground after the push."""
    if len(first) == 0:
        return True
    which, place = np.unique(first, return_inverse=True)
    moved = prepare(sheet.pushed(push.azimuth_deg, push.distance_m, which.tolist()))
    return not outlines_meet(moved, others, place.astype(np.int64), second, GAP_M).any()


def _all_clear(sheet: Sheet, others: Prepared, push: Push) -> bool:
    """Whether nothing at all meets after the push."""
    moved = prepare(sheet.pushed(push.azimuth_deg, push.distance_m))
    return len(conflicting_pairs(moved, others)[0]) == 0
