"""Whether an aircraft is where its operational intent says, and what follows if it is not. Pure.

A flight that leaves its volumes is Nonconforming at once. If it is not back within a minute it is
Contingent, and stays so (F3548-21, MaxRecoverableTimeInNonconformingState). While it is out, the
area where it may be is published around where it was last, and again whenever it has left that.

A flight that has told where it is and does so no more is *lost*: whether it keeps to its volumes is
not known. Its operator is told; it is declared Nonconforming if the party wants that. Of a flight
that never told a position only its operator can say how it flies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from detente.f3548 import uss_types as uss
from detente.geo import Circle, Volume4D, conflicting_pairs
from detente.planning.entry_forms import Flown, Judged
from detente.planning.intents import Intent, State

_S: Final = 1_000_000
_POINT_M: Final = 0.001
_GAP_MAX_US: Final = 30 * _S
"""Between positions that are further apart nobody knows where the aircraft was."""


@dataclass(frozen=True, slots=True)
class ConformanceRules:
    """What is done when an aircraft is not where it should be; seconds and metres.

    Attributes:
        recoverable_s: until a flight that has left its volumes must be back.
        settled_s: how long it must have been back before it conforms again.
        excursion_max_s: an excursion that lasts longer is a long one (OiMaxDurationPerExcursion).
        radius_min_m: of the area where it may be.
        reach_s: for how long it may fly on at its speed, in that area.
        height_m: below and above it.
        lasts_s: for how long that area is published, from now.
        again_s: how often the area is published anew at most.
        lost_s: after so long without a new position a flight is lost; 0: never.
        declare_lost: whether a lost flight is declared Nonconforming.
    """

    recoverable_s: float = 60.0
    settled_s: float = 3.0
    excursion_max_s: float = 10.0
    radius_min_m: float = 300.0
    reach_s: float = 60.0
    height_m: float = 100.0
    lasts_s: float = 600.0
    again_s: float = 4.0
    lost_s: float = 30.0
    declare_lost: bool = False


class Step(StrEnum):
    """What must be done now."""

    NONCONFORMING = "nonconforming"
    """Declare it, or publish anew where it may be."""
    CONTINGENT = "contingent"
    CONFORM = "conform"


@dataclass(frozen=True, slots=True)
class Watched:
    """How a flight has kept to its volumes so far; microseconds since 1970, by its own clock.

    Attributes:
        last_us: of the newest position; 0: there was none.
        inside: whether it lay inside; None: nobody could say.
        outside_since_us, inside_since_us: since when without a break; None: it is not there.
        long_counted: whether the present excursion was counted as a long one.
        declared_us: when an area was published last.
        lost: whether it tells no position any more.
    """

    last_us: int = 0
    inside: bool | None = None
    outside_since_us: int | None = None
    inside_since_us: int | None = None
    long_counted: bool = False
    declared_us: int = 0
    lost: bool = False


def measured_us(telemetry: uss.VehicleTelemetry) -> int:
    """When a position was measured."""
    moment = telemetry.time_measured.value
    return int(moment.timestamp()) * _S + moment.microsecond


def inside(volumes: Sequence[Volume4D], telemetry: uss.VehicleTelemetry) -> bool | None:
    """Whether a position lies in one of some volumes at its time; None without a position.

    Without an altitude only place and time count.
    """
    position = telemetry.position
    if position is None:
        return None
    altitude = None if position.altitude is None else position.altitude.value
    at_us = measured_us(telemetry)
    point = Volume4D(
        Circle(position.latitude, position.longitude, _POINT_M), altitude, altitude, at_us, at_us
    )
    return len(conflicting_pairs(list(volumes), [point])[0]) > 0


def follow(
    watched: Watched, judged: Iterable[Judged], rules: ConformanceRules
) -> tuple[Watched, Flown]:
    """How a flight goes on by some positions, and what is to be counted.

    Positions that are older than the newest known count for nothing; the others may come in any
    order.
    """
    flown = Flown()
    for each in sorted(judged, key=lambda one: measured_us(one.telemetry)):
        at_us = measured_us(each.telemetry)
        if at_us <= watched.last_us or each.inside is None:
            continue
        watched, more = _next(watched, at_us, rules, inside_now=each.inside)
        flown += more
    return watched, flown


def _next(
    watched: Watched, at_us: int, rules: ConformanceRules, *, inside_now: bool
) -> tuple[Watched, Flown]:
    gap_us = at_us - watched.last_us if watched.last_us else 0
    flown_us = gap_us if 0 < gap_us <= _GAP_MAX_US else 0
    # Between two positions it counts as where it was at the first.
    outside_us = flown_us if watched.inside is False else 0
    if inside_now:
        since = watched.inside_since_us if watched.inside_since_us is not None else at_us
        later = replace(
            watched,
            last_us=at_us,
            inside=True,
            outside_since_us=None,
            inside_since_us=since,
            long_counted=False,
            lost=False,
        )
        # It may have become long between two positions.
        ended = watched.outside_since_us
        long_now = (
            ended is not None
            and not watched.long_counted
            and at_us - ended > rules.excursion_max_s * _S
        )
        return later, Flown(flown_us, outside_us, 0, int(long_now))
    begins = watched.outside_since_us is None
    since = at_us if watched.outside_since_us is None else watched.outside_since_us
    long_now = not watched.long_counted and at_us - since > rules.excursion_max_s * _S
    later = replace(
        watched,
        last_us=at_us,
        inside=False,
        outside_since_us=since,
        inside_since_us=None,
        long_counted=watched.long_counted or long_now,
        lost=False,
    )
    return later, Flown(flown_us, outside_us, int(begins), int(long_now))


def lost(watched: Watched) -> Watched:
    """A flight that tells no position any more: that it was inside says nothing now."""
    inside_now = False if watched.inside is False else None
    return replace(watched, lost=True, inside=inside_now, inside_since_us=None)


def step_due(
    intent: Intent,
    watched: Watched,
    last: uss.VehicleTelemetry | None,
    now_us: int,
    rules: ConformanceRules,
    *,
    nonconforming_since_us: int | None,
) -> Step | None:
    """What must be done now about a flight; None: nothing.

    Args:
        intent: as accepted.
        watched: how it has kept to its volumes.
        last: its newest position.
        now_us: our clock.
        rules: what is done.
        nonconforming_since_us: since when it is Nonconforming by our clock; None: it is not.
    """
    if intent.ended:
        return None
    if intent.state is State.ACTIVATED:
        astray = watched.inside is False or (watched.lost and rules.declare_lost)
        return Step.NONCONFORMING if astray else None
    if intent.state is State.NONCONFORMING:
        back = watched.inside_since_us
        if back is not None and watched.last_us - back >= rules.settled_s * _S:
            return Step.CONFORM
        since = nonconforming_since_us
        if since is not None and now_us - since >= rules.recoverable_s * _S:
            return Step.CONTINGENT
        return Step.NONCONFORMING if _must_tell(intent, watched, last, now_us, rules) else None
    if intent.state is State.CONTINGENT:
        return Step.CONTINGENT if _must_tell(intent, watched, last, now_us, rules) else None
    return None


def _must_tell(
    intent: Intent,
    watched: Watched,
    last: uss.VehicleTelemetry | None,
    now_us: int,
    rules: ConformanceRules,
) -> bool:
    """Whether it has left the area that was published, or that ends soon."""
    if last is None or last.position is None:
        return False
    if now_us - watched.declared_us < rules.again_s * _S:
        return False
    area = intent.details.off_nominal_volumes
    ends = [each.time_end_us for each in area if each.time_end_us is not None]
    if ends and max(ends) - now_us < rules.reach_s * _S:
        return True
    return inside([*intent.details.volumes, *area], last) is False


def whereabouts(
    intent: Intent, last: uss.VehicleTelemetry | None, now_us: int, rules: ConformanceRules
) -> tuple[Volume4D, ...]:
    """Where an aircraft may be that is not where it should be: to be published.

    Around where it was last; if nobody knows, where it was meant to be.
    """
    until_us = now_us + int(rules.lasts_s * _S)
    if last is None or last.position is None:
        known = intent.details.all_volumes
        return tuple(
            replace(each, time_start_us=now_us, time_end_us=max(until_us, each.time_end_us or 0))
            for each in known
            if each.time_end_us is None or each.time_end_us > now_us
        ) or tuple(replace(each, time_start_us=now_us, time_end_us=until_us) for each in known)
    position = last.position
    speed = 0.0 if last.velocity is None else max(0.0, last.velocity.speed)
    age_s = max(0.0, (now_us - measured_us(last)) / _S)
    radius_m = max(rules.radius_min_m, speed * (rules.reach_s + min(age_s, rules.reach_s)))
    if position.altitude is None:
        lows = [each.altitude_lower_m or 0.0 for each in intent.details.all_volumes]
        highs = [each.altitude_upper_m or 0.0 for each in intent.details.all_volumes]
        low, high = min(lows, default=0.0), max(highs, default=0.0)
    else:
        low = high = position.altitude.value
    return (
        Volume4D(
            Circle(position.latitude, position.longitude, radius_m),
            low - rules.height_m,
            high + rules.height_m,
            min(now_us, measured_us(last)),
            until_us,
        ),
    )


# --- the aggregate -----------------------------------------------------------------------------

AGGREGATE_DAYS: Final = 7
AGGREGATE_HOURS: Final = 10.0
CONFORMANCE_MIN: Final = 0.95
EXCURSIONS_PER_HOUR_MAX: Final = 18.0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """How well a party's flights keep to their volumes (ACM0005, AggConfMonEvaluation).

    Attributes:
        flown: of all flights, over `AGGREGATE_DAYS`.
    """

    flown: Flown

    @property
    def hours(self) -> float:
        """Flown."""
        return self.flown.flown_us / _S / 3600

    @property
    def conformance(self) -> float:
        """Share of the time inside; 1 if nothing was flown."""
        if self.flown.flown_us == 0:
            return 1.0
        return 1 - self.flown.outside_us / self.flown.flown_us

    @property
    def excursions_per_hour(self) -> float:
        """How often an aircraft leaves its volumes."""
        return self.flown.excursions / self.hours if self.hours else 0.0

    @property
    def counts(self) -> bool:
        """Whether enough was flown to say anything."""
        return self.hours >= AGGREGATE_HOURS

    @property
    def good(self) -> bool:
        """Whether it is as the standard wants: OiMinConformance, OiMaxExcursionsPerFlightHour."""
        return (
            self.conformance >= CONFORMANCE_MIN
            and self.excursions_per_hour <= EXCURSIONS_PER_HOUR_MAX
            and self.flown.long_excursions == 0
        )
