"""Comparing plans: which flights are in conflict with which, where, when, how closely, and why.

A conflict is an overlap of volumes, as F3548-21 has it. Volumes are wider than aircraft, so for
each conflict in which both tracks are known it is also told how close the aircraft really come,
and whether the conflict is a real closeness or comes from the width of the corridors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

import numpy as np

from detente.geo import Encounter, Prepared, conflicts, prepare
from detente.operations.approach import Approach, Closeness, closest_approach
from detente.operations.explain import explain
from detente.operations.flights import Flight, Ints
from detente.words import Words

Cause = Literal["closeness", "width", "unknown"]

ASSUMPTIONS: Final = (
    Words(
        "Altitudes are compared as given; between plans they must have the same reference.",
        "Les altitudes sont comparées telles quelles\u202f; d’un plan à l’autre, elles doivent "
        "avoir la même référence.",
    ),
    Words(
        "Between the points of a track the aircraft is taken to fly straight and at constant "
        "speed.",
        "Entre les points d’une trajectoire, l’aéronef est supposé voler en ligne droite et à "
        "vitesse constante.",
    ),
)


@dataclass(frozen=True, slots=True)
class FlightConflict:
    """Two flights whose volumes meet.

    Attributes:
        own, other: the flights.
        encounters: the pairs of volumes that meet; positions are those in `own.volumes` and
            `other.volumes`.
        time_start_us, time_end_us, altitude_lower_m, altitude_upper_m: what the encounters span;
            None where open.
        lat_deg, lng_deg: a place to point at: half way between the aircraft at their closest if the
            tracks are known, otherwise a point that both volumes of an encounter share.
        approach: the closest approach of the two aircraft; None if a track is unknown or they are
            never in the air at the same time.
        cause: "closeness" if the aircraft come close, "width" if only the volumes do, "unknown"
            without tracks.
        reason_en, reason_fr: the same as a sentence.
    """

    own: Flight
    other: Flight
    encounters: tuple[Encounter, ...]
    time_start_us: int | None
    time_end_us: int | None
    altitude_lower_m: float | None
    altitude_upper_m: float | None
    lat_deg: float
    lng_deg: float
    approach: Approach | None
    cause: Cause
    reason_en: str
    reason_fr: str

    @property
    def horizontal_m(self) -> float:
        """The aircraft's horizontal separation at their closest; 0, the volumes', if unknown."""
        return self.approach.horizontal_m if self.approach else 0.0

    @property
    def vertical_m(self) -> float:
        """The aircraft's vertical separation at their closest; 0, the volumes', if unknown."""
        return self.approach.vertical_m if self.approach else 0.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What comparing found, the closest first.

    Attributes:
        conflicts: ordered by how close the aircraft come; those without known tracks come before
            those that are known to come from the width of corridors, after those known to be
            close.
        own_flights, other_flights, own_volumes, other_volumes: how many were compared.
        closeness: what counted as close.
        assumptions: what the figures rest upon.
    """

    conflicts: tuple[FlightConflict, ...]
    own_flights: int
    other_flights: int
    own_volumes: int
    other_volumes: int
    closeness: Closeness
    assumptions: tuple[Words, ...] = ASSUMPTIONS

    def count(self, cause: Cause) -> int:
        """How many conflicts have this cause."""
        return sum(conflict.cause == cause for conflict in self.conflicts)


def check(
    own: Sequence[Flight],
    others: Sequence[Flight],
    *,
    within_own: bool = False,
    closeness: Closeness | None = None,
    assumptions: Sequence[Words] = (),
) -> CheckResult:
    """Compare own flights with others.

    Args:
        own, others: flights with valid volumes. A flight that is in both lists (same party, same
            id) is not compared with itself.
        within_own: whether own flights are compared with each other too.
        closeness: what counts as close; by default 2 NM and 1,000 ft, what two corridors of 1 NM
            and 500 ft to each side need.
        assumptions: further ones to carry along with the result.

    Raises:
        OutlineTooLarge: when outlines reach too far to be compared.
    """
    closeness = closeness or Closeness()
    mine, my_owner = _laid_out(own)
    theirs, their_owner = _laid_out(others)
    found = _compare(own, others, mine, theirs, my_owner, their_owner, closeness, same=False)
    if within_own:
        found += _compare(own, own, mine, mine, my_owner, my_owner, closeness, same=True)
    found.sort(key=_closest_first)
    return CheckResult(
        tuple(found),
        len(own),
        len(others),
        len(mine),
        len(theirs),
        closeness,
        (*ASSUMPTIONS, *assumptions),
    )


def _laid_out(flights: Sequence[Flight]) -> tuple[Prepared, Ints]:
    volumes = [volume for flight in flights for volume in flight.volumes]
    counts = np.array([len(flight.volumes) for flight in flights], np.int64)
    return prepare(volumes), np.repeat(np.arange(len(flights)), counts)


def _compare(
    own: Sequence[Flight],
    others: Sequence[Flight],
    mine: Prepared,
    theirs: Prepared,
    my_owner: Ints,
    their_owner: Ints,
    closeness: Closeness,
    *,
    same: bool,
) -> list[FlightConflict]:
    my_first = np.searchsorted(my_owner, np.arange(len(own)))
    their_first = np.searchsorted(their_owner, np.arange(len(others)))
    met: list[tuple[int, int, Encounter]] = []
    for encounter in conflicts(mine, theirs):
        i, j = int(my_owner[encounter.first]), int(their_owner[encounter.second])
        if same and i >= j:
            continue
        if not same and _is_same(own[i], others[j]):
            continue
        met.append((i, j, encounter))
    met.sort(key=lambda pair: pair[:2])
    return [
        _flight_conflict(
            own[i],
            others[j],
            tuple(
                _renumbered(encounter, int(my_first[i]), int(their_first[j]))
                for _, _, encounter in group
            ),
            closeness,
        )
        for (i, j), group in groupby(met, key=lambda pair: pair[:2])
    ]


def _is_same(a: Flight, b: Flight) -> bool:
    return a.flight_id == b.flight_id and a.party == b.party


def _renumbered(encounter: Encounter, first: int, second: int) -> Encounter:
    return Encounter(
        encounter.first - first,
        encounter.second - second,
        encounter.time_start_us,
        encounter.time_end_us,
        encounter.altitude_lower_m,
        encounter.altitude_upper_m,
        encounter.lat_deg,
        encounter.lng_deg,
        encounter.horizontal_m,
        encounter.vertical_m,
        encounter.time_gap_s,
    )


def _flight_conflict(
    own: Flight, other: Flight, encounters: tuple[Encounter, ...], closeness: Closeness
) -> FlightConflict:
    approach = None
    cause: Cause = "unknown"
    if own.track is not None and other.track is not None:
        approach = closest_approach(own.track, other.track, closeness)
        cause = "closeness" if approach is not None and approach.is_close else "width"
    shown = encounters[0] if approach is None else min(encounters, key=_distance_to(approach))
    lat, lng = shown.lat_deg, shown.lng_deg
    if approach is not None and approach.is_close:
        lat, lng = approach.lat_deg, approach.lng_deg
    reason_en, reason_fr = explain(own, other, approach, cause, closeness)
    starts = [e.time_start_us for e in encounters if e.time_start_us is not None]
    ends = [e.time_end_us for e in encounters if e.time_end_us is not None]
    lows = [e.altitude_lower_m for e in encounters if e.altitude_lower_m is not None]
    highs = [e.altitude_upper_m for e in encounters if e.altitude_upper_m is not None]
    n = len(encounters)
    return FlightConflict(
        own,
        other,
        encounters,
        min(starts) if len(starts) == n else None,
        max(ends) if len(ends) == n else None,
        min(lows) if len(lows) == n else None,
        max(highs) if len(highs) == n else None,
        lat,
        lng,
        approach,
        cause,
        reason_en,
        reason_fr,
    )


class _distance_to:  # noqa: N801 - reads as the function it is
    """How far an encounter's time is from that of an approach."""

    def __init__(self, approach: Approach) -> None:
        self.time_us = approach.time_us

    def __call__(self, encounter: Encounter) -> int:
        start = encounter.time_start_us
        end = encounter.time_end_us
        return max(
            0 if start is None else start - self.time_us,
            0 if end is None else self.time_us - end,
            0,
        )


_RANK: Final[dict[Cause, int]] = {"closeness": 0, "unknown": 1, "width": 2}


def _closest_first(conflict: FlightConflict) -> tuple[int, float, int, str, str]:
    ratio = conflict.approach.ratio if conflict.approach else float("inf")
    return (
        _RANK[conflict.cause],
        ratio,
        conflict.time_start_us or 0,
        conflict.own.flight_id,
        conflict.other.flight_id,
    )
