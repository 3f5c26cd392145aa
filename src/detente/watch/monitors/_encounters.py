"""An encounter of two aircraft, from when it shows until it is over, and the event it makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from detente.watch.events import Event, EventKind, Grade, Ground, Interval, Place
from detente.watch.intervals import around, between, quadrature
from detente.watch.separation_rules import SeparationRules


class Manner(StrEnum):
    """How two aircraft are near each other; the code of an event's first ground."""

    CONVERGING = "converging"
    """They came nearer."""
    DIVERGING = "diverging"
    """When they were first seen they were near, and moved apart."""
    IN_COMPANY = "in-company"
    """When they were first seen they were near, and hardly moved towards each other."""
    FORMATION = "formation"
    """And stayed so."""
    JOINED = "joined"
    """They came nearer, and then stayed near and hardly moved towards each other."""


class Look(Struct, frozen=True):
    """What one moment shows of one pair: a row of `Looks`."""

    enters_s: float
    leaves_s: float
    near: bool
    inside: bool
    sure: bool
    maybe: bool
    sure_ahead: bool
    closest_s: float
    distance_m: float
    distance_spread_m: float
    height_m: float
    height_spread_m: float
    at_s: float
    distance_now_m: float
    distance_now_spread_m: float
    height_now_m: float
    height_now_spread_m: float
    distance_now_far_m: float
    height_now_far_m: float
    closing_m_s: float
    speed_m_s: float


class Who(Struct, frozen=True):
    """An aircraft of an encounter.

    Attributes:
        slot: its number.
        identity, callsign, party: as they are told.
        reports: how many it had given when the encounter began.
    """

    slot: int
    identity: str
    callsign: str
    party: str
    reports: int


class Closest(Struct):
    """The closest that two aircraft have been, and where the first of them was then.

    `_spread_m` is what one look may be off, `_far_m` what the closest of many may be more.
    """

    ratio: float = math.inf
    at_us: int = 0
    distance_m: float = math.nan
    distance_spread_m: float = math.nan
    height_m: float = math.nan
    height_spread_m: float = math.nan
    distance_far_m: float = math.nan
    height_far_m: float = math.nan
    place: Place | None = None


class Encounter(Struct, kw_only=True):
    """What is known of an encounter while it lasts.

    Attributes:
        one, other: the aircraft, by identity.
        occasion: which encounter of theirs it is of those that followed one another (`AGAIN_US`).
        reports_inside: how many reports both had given when they were first too close; -1: they
            were not yet.
        began_us: the moment at which it was first seen to come.
        near_us: the last moment at which it still was.
        entry, exit: where the first was when they became too close, and when that ended.
        closest: measured.
        ahead: as it would be if both went on, seen at `ahead_us`.
        sure_from_us, sure_until_us: first and last moment at which they were too close for certain.
        sure, maybe: whether they were too close at the far, and at the near, end of uncertainties.
        foreseen: whether they would have been so at the far end, had both gone on.
        doubted: whether they may have been too close by positions that prove nothing.
        company_us: since when they have hardly moved towards each other; None: they do.
        manner, grade: as last told.
        sources, basis: of both, all so far.
    """

    id: str
    one: Who
    other: Who
    occasion: int = 1
    reports_inside: int = -1
    began_us: int
    near_us: int
    manner: Manner
    grade: Grade = Grade.CANNOT_BE_TOLD
    entry: Place | None = None
    exit: Place | None = None
    closest: Closest
    ahead: Look
    ahead_us: int
    sure_from_us: int = 0
    sure_until_us: int = 0
    sure: bool = False
    maybe: bool = False
    foreseen: bool = False
    doubted: bool = False
    company_us: int | None = None
    sources: tuple[str, ...] = ()
    basis: int = 0


AGAIN_US: Final = 3_600_000_000
"""Two aircraft that come near each other again within this time do so once more of the same: all of
these encounters together have the 95 % that one has (`intervals.extreme`)."""
_BASIS: Final = ("stated", "derived", "assumed")


def manner_at_first(look: Look, rules: SeparationRules) -> Manner:
    """How a pair stands to each other that has not been near before."""
    if look.enters_s > 0:
        return Manner.CONVERGING
    if look.speed_m_s <= rules.company_m_s:
        return Manner.IN_COMPANY
    return Manner.CONVERGING if look.closing_m_s > 0 else Manner.DIVERGING


def go_on(
    encounter: Encounter,
    look: Look,
    now_us: int,
    rules: SeparationRules,
    place: Callable[[int], Place],
    *,
    doubtful: bool,
) -> None:
    """One more moment at which both aircraft were seen.

    Args:
        encounter: it.
        look: what the moment shows.
        now_us: when.
        rules: what counts as too close.
        place: where the first of them is at some time near this one.
        doubtful: whether the position of either contradicts its track: then nothing is proven by
            it, and nothing refuted.
    """
    if look.near:
        encounter.near_us = now_us
        encounter.ahead, encounter.ahead_us = look, now_us
        if look.sure_ahead and not doubtful:
            encounter.foreseen = True
    if look.sure and not doubtful:
        encounter.sure = True
        encounter.sure_from_us = encounter.sure_from_us or now_us
        encounter.sure_until_us = now_us
    encounter.maybe |= look.maybe
    encounter.doubted |= look.maybe and doubtful
    if look.inside:
        if encounter.entry is None:
            encounter.entry = place(now_us + round(look.enters_s * 1e6))
        encounter.exit = place(now_us + round(min(look.leaves_s, rules.step_s) * 1e6))
    flat = look.distance_now_m / rules.horizontal_m
    steep = 0.0 if math.isnan(look.height_now_m) else look.height_now_m / rules.vertical_m
    ratio = math.hypot(flat, steep)
    if ratio < encounter.closest.ratio:
        at_us = now_us + round(look.at_s * 1e6)
        encounter.closest = Closest(
            ratio,
            at_us,
            look.distance_now_m,
            look.distance_now_spread_m,
            look.height_now_m,
            look.height_now_spread_m,
            look.distance_now_far_m,
            look.height_now_far_m,
            place(at_us),
        )
    if not look.inside or look.speed_m_s > rules.company_m_s:
        encounter.company_us = None
    elif encounter.company_us is None:
        encounter.company_us = now_us
    since = encounter.company_us
    if since is not None and now_us - since >= rules.company_s * 1e6:
        together = encounter.manner in (Manner.IN_COMPANY, Manner.FORMATION)
        encounter.manner = Manner.FORMATION if together else Manner.JOINED


def grade_of(encounter: Encounter, *, over: bool) -> Grade:
    """How sure it is that they were, or will be, too close.

    While it lasts: shown, once they were so whatever the uncertainties, or would have been had both
    gone on; that stays, so that nobody is told by turns. When it is over only what was counts:
    refuted, if they were not so whatever the uncertainties.
    """
    if encounter.sure or (encounter.foreseen and not over):
        return Grade.SHOWN
    if over and not encounter.maybe:
        return Grade.REFUTED
    return Grade.CANNOT_BE_TOLD


def event_of(
    encounter: Encounter,
    rule: str,
    reports: int,
    place: Callable[[int], Place],
    *,
    ended_us: int | None,
    lost: bool,
) -> Event:
    """The event of an encounter as it stands.

    Args:
        encounter: it.
        rule: what was gone by.
        reports: how many positions of both it rests on.
        place: where the first of them will be at some time, if it goes on.
        ended_us: when it was over; None: it lasts.
        lost: whether it ended because one of them was not heard any more.
    """
    ahead, closest = encounter.ahead, encounter.closest
    measured = encounter.entry is not None or ended_us is not None
    shown: Look | Closest = ahead
    time_to, where = None, closest.place
    if measured:
        shown = closest
    else:
        where = place(encounter.ahead_us + round(ahead.closest_s * 1e6))
        closing = max(ahead.closing_m_s, 1.0)
        time_to = around(ahead.closest_s, ahead.distance_spread_m / closing, "s", least=0.0)
    duration = None
    if encounter.entry is not None and encounter.exit is not None:
        seconds = (encounter.exit.time_us - encounter.entry.time_us) / 1e6
        slow = max(abs(ahead.speed_m_s), 1.0)
        spread = math.sqrt(2) * closest.distance_spread_m / slow
        sure_s = (encounter.sure_until_us - encounter.sure_from_us) / 1e6
        duration = between(min(sure_s, seconds), seconds, seconds + spread, "s")
    return Event(
        id=encounter.id,
        kind=EventKind.APPROACH,
        grade=encounter.grade,
        aircraft=encounter.one.identity,
        callsign=encounter.one.callsign,
        party=encounter.one.party,
        other=encounter.other.identity,
        rule=rule,
        began_us=encounter.began_us,
        ended_us=ended_us,
        entry=encounter.entry,
        exit=None if ended_us is None else encounter.exit,
        deepest=where,
        duration_s=duration,
        distance_m=_distance(shown),
        vertical_m=_height(shown),
        time_to_s=time_to,
        grounds=_grounds(encounter, measured, lost, shown),
        reports=reports,
        sources=encounter.sources,
        basis=_BASIS[encounter.basis],
    )


def _distance(shown: Look | Closest) -> Interval:
    far_m = shown.distance_far_m if isinstance(shown, Closest) else shown.distance_spread_m
    return _apart(shown.distance_m, shown.distance_spread_m, far_m)


def _height(shown: Look | Closest) -> Interval | None:
    if math.isnan(shown.height_m):
        return None
    far_m = shown.height_far_m if isinstance(shown, Closest) else shown.height_spread_m
    return _apart(shown.height_m, shown.height_spread_m, far_m)


def _apart(value_m: float, near_m: float, far_m: float) -> Interval:
    return between(max(0.0, value_m - near_m), value_m, value_m + far_m, "m")


def _grounds(
    encounter: Encounter, measured: bool, lost: bool, shown: Look | Closest
) -> tuple[Ground, ...]:
    manner: dict[str, float | str] = {
        "relative_speed_m_s": round(encounter.ahead.speed_m_s, 3),
        "closing_m_s": round(encounter.ahead.closing_m_s, 3),
        "other_party": encounter.other.party,
    }
    if encounter.company_us is not None:
        manner["company_s"] = (encounter.near_us - encounter.company_us) / 1e6
    found = [Ground(str(encounter.manner), manner)]
    if measured:
        found.append(Ground("measured", {"closest_us": str(encounter.closest.at_us)}))
    else:
        found.append(Ground("if-both-go-on", {"seen_us": str(encounter.ahead_us)}))
    if encounter.doubted and not encounter.sure:
        found.append(Ground("positions-inconsistent"))
    if math.isnan(shown.height_m):
        found.append(Ground("altitude-not-told"))
    elif encounter.grade is Grade.CANNOT_BE_TOLD:
        spread = quadrature(shown.distance_spread_m, shown.height_spread_m)
        found.append(Ground("within-uncertainty", {"spread_m": round(spread, 3)}))
    elif encounter.grade is Grade.REFUTED:
        found.append(Ground("stayed-apart"))
    if lost:
        found.append(Ground("track-lost"))
    return tuple(found)
