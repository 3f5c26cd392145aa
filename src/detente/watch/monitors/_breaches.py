"""A stretch of time in which an aircraft was nearer to a line than agreed, and its event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from detente.watch.declarations import Declared, Notice
from detente.watch.event_ids import event_id
from detente.watch.events import Event, EventKind, Grade, Ground, Interval, Place
from detente.watch.intervals import between, picked_out
from detente.watch.stand_off_rules import (
    Breach,
    Exemption,
    Limit,
    exemption,
    grade_of,
    too_near,
)

AGAIN_US: Final = 3_600_000_000
"""Who comes too near to the same line again within this time does so once more of the same: all of
these breaches together have the 95 % that one has (`intervals.extreme`)."""
_NOT_SURE_DM: Final = 2**53


class Position(Struct, frozen=True):
    """A position and its distance from a line, as it is judged.

    Attributes:
        time_us: when; µs since 1970 UTC.
        lat_deg, lng_deg, altitude_m: where; NaN if no altitude is told.
        distance_dm: below zero inside what the line bounds; None: farther than was looked for.
        spread_dm: what it may be off, 95 %: position, time and line.
        noise_dm, shared_dm: of that what each position has of its own, and what time and line
            make, which is the same for all.
        radius_m: what the position may be off, 95 %.
        doubtful: it could not have been flown, or not with the motion told, or its track broke more
            than once lately: it proves nothing.
        basis: of its accuracy.
        source: number of its source.
    """

    time_us: int
    lat_deg: float
    lng_deg: float
    altitude_m: float
    distance_dm: int | None
    spread_dm: int
    noise_dm: int
    shared_dm: int
    radius_m: float
    doubtful: bool
    basis: int
    source: int


class Passing(Struct, kw_only=True):
    """A breach while it lasts.

    Attributes:
        began: where and when, between two positions; None: the track begins in it.
        began_us: when, or the first position.
        nearest: the position at the least distance.
        nearest_look: which of those too near it was.
        surest_dm: see `Breach`; each position with the allowance for having been picked out.
        sure_from_us, sure_until_us: first and last position that was too near for certain.
        occasion: which breach it is of those that followed one another (`AGAIN_US`).
        left: where and when it went far enough away, if it did since.
        last_us: last position that was too near.
        reports: how many were.
        doubted: whether one of them proves nothing.
        closing_s: how long the spread of distance lasts at the speed of entering.
        leaving_s: likewise of leaving.
    """

    began: Place | None
    began_us: int
    nearest: Position
    last_us: int
    nearest_look: int = 1
    surest_dm: int = _NOT_SURE_DM
    sure_from_us: int = 0
    sure_until_us: int = 0
    occasion: int = 1
    left: Place | None = None
    reports: int = 0
    doubted: bool = False
    basis: int = 0
    sources: tuple[str, ...] = ()
    closing_s: float = 0.0
    leaving_s: float = 0.0
    told: Grade | None = None

    def breach(self, ended_us: int) -> Breach:
        """What decides, if it ended then."""
        distance = self.nearest.distance_dm
        return Breach(
            self.began_us,
            ended_us,
            0 if distance is None else distance,
            self.surest_dm,
        )


_BASIS: Final = ("stated", "derived", "assumed")


def passage(before: Position, after: Position, limit_dm: int) -> tuple[Place, float]:
    """Where and when, between two positions on either side of a limit, it was passed; and how long
    the spread of distance lasts at that speed, seconds.

    The distance is taken to change evenly between them.
    """
    seconds = (after.time_us - before.time_us) / 1e6
    if before.distance_dm is None or after.distance_dm is None:
        # the farther one is so far away that nothing can be said of the way between
        near = after if before.distance_dm is None else before
        return _place(near, near.time_us, seconds), seconds
    change = after.distance_dm - before.distance_dm
    share = (limit_dm - before.distance_dm) / change
    elapsed_us = after.time_us - before.time_us
    east = (after.lng_deg - before.lng_deg + 180) % 360 - 180
    spread_s = min(seconds, max(before.spread_dm, after.spread_dm) / abs(change) * seconds)
    altitude = before.altitude_m + share * (after.altitude_m - before.altitude_m)
    place = Place(
        before.lat_deg + share * (after.lat_deg - before.lat_deg),
        (before.lng_deg + share * east + 180) % 360 - 180,
        None if math.isnan(altitude) else altitude,
        before.time_us + round(share * elapsed_us),
        max(before.radius_m, after.radius_m),
        round(spread_s, 6),
    )
    return place, spread_s


def _place(position: Position, time_us: int, spread_s: float) -> Place:
    altitude = None if math.isnan(position.altitude_m) else position.altitude_m
    return Place(
        position.lat_deg,
        position.lng_deg,
        altitude,
        time_us,
        position.radius_m,
        round(spread_s, 6),
    )


def begun(
    before: Position | None, position: Position, limit: Limit, earlier: tuple[int, int] | None
) -> Passing:
    """A position is too near, and the one before was not, or there was none.

    Args:
        before: the one before.
        position: it; `gone_on` has to be told of it, too.
        limit: what was not kept.
        earlier: when the breach before ended, and its `occasion`.
    """
    began, spread_s = None, 0.0
    if before is not None:
        began, spread_s = passage(before, position, limit.distance_dm)
    return Passing(
        began=began,
        began_us=position.time_us if began is None else began.time_us,
        nearest=position,
        last_us=position.time_us,
        closing_s=spread_s,
        occasion=(
            earlier[1] + 1
            if earlier is not None and position.time_us - earlier[0] <= AGAIN_US
            else 1
        ),
    )


def gone_on(passing: Passing, position: Position, limit: Limit, source: str) -> None:
    """One more position that is too near."""
    passing.left, passing.leaving_s = None, 0.0
    passing.last_us = position.time_us
    passing.reports += 1
    passing.basis = max(passing.basis, position.basis)
    passing.doubted |= position.doubtful
    if source not in passing.sources:
        passing.sources = tuple(sorted((*passing.sources, source)))
    surest_dm = _surest(position, passing.reports, passing.occasion)
    passing.surest_dm = min(passing.surest_dm, surest_dm)
    if too_near(limit, surest_dm):
        passing.sure_from_us = passing.sure_from_us or position.time_us
        passing.sure_until_us = position.time_us
    known, least = position.distance_dm, passing.nearest.distance_dm
    if known is not None and least is not None and known < least:
        passing.nearest, passing.nearest_look = position, passing.reports


def gone_off(passing: Passing, before: Position, position: Position, limit: Limit) -> None:
    """A position that is far enough away, after one that was not."""
    passing.left, passing.leaving_s = passage(before, position, limit.distance_dm)


def is_too_near(limit: Limit, position: Position) -> bool:
    """Whether a position is nearer than agreed."""
    return position.distance_dm is not None and too_near(limit, position.distance_dm)


def judged(
    passing: Passing, limit: Limit, notices: Sequence[Notice]
) -> tuple[Breach, Exemption, str]:
    """A breach as it stands, whether an announced errand excuses it, and which."""
    breach = passing.breach(passing.last_us if passing.left is None else passing.left.time_us)
    return breach, *exemption(limit, breach, notices)


def _surest(position: Position, look: int, occasion: int) -> int:
    """What it is no farther than: the nearest of many is picked out."""
    distance = position.distance_dm
    if distance is None or position.doubtful:
        return _NOT_SURE_DM
    return distance + _picked_out_dm(position, look, occasion)


def _picked_out_dm(position: Position, look: int, occasion: int) -> int:
    return math.ceil(picked_out(position.noise_dm, position.shared_dm, look, occasion))


def event_of(
    passing: Passing,
    limit: Limit,
    aircraft: str,
    callsign: str,
    declared: Declared,
    notices: Sequence[Notice],
    *,
    over: bool,
) -> Event:
    """The event of a breach as it stands.

    Args:
        passing: it.
        limit: what was not kept.
        aircraft, callsign, declared, notices: whose, and what is known of it.
        over: whether it has ended.
    """
    breach, excuse, notice = judged(passing, limit, notices)
    ended_us = breach.ended_us
    grade = grade_of(limit, breach, excuse)
    spread_s = math.hypot(passing.closing_s, passing.leaving_s)
    lasted_s = (ended_us - passing.began_us) / 1e6
    sure_s = (passing.sure_until_us - passing.sure_from_us) / 1e6
    distance, spread = breach.least_dm / 10, passing.nearest.spread_dm / 10
    farther = _picked_out_dm(passing.nearest, passing.nearest_look, passing.occasion) / 10
    deeper = breach.least_dm <= -limit.looked_for_dm
    return Event(
        id=event_id(
            EventKind.STAND_OFF, aircraft, f"{limit.rule} {limit.border}", passing.began_us
        ),
        kind=EventKind.STAND_OFF,
        grade=grade,
        aircraft=aircraft,
        callsign=callsign,
        party=declared.party,
        boundary=limit.border,
        claimant=limit.claimant,
        rule=limit.rule,
        began_us=passing.began_us,
        ended_us=ended_us if over else None,
        entry=passing.began,
        exit=passing.left if over else None,
        deepest=_place(passing.nearest, passing.nearest.time_us, 0.0),
        duration_s=between(min(sure_s, lasted_s), lasted_s, lasted_s + spread_s, "s"),
        distance_m=Interval(
            distance,
            -math.inf if deeper else distance - spread,
            distance + farther,
            "m",
        ),
        grounds=_grounds(passing, limit, breach, excuse, notice, over),
        reports=passing.reports,
        sources=passing.sources,
        boundary_source=limit.border,
        basis=_BASIS[passing.basis],
    )


def _grounds(
    passing: Passing,
    limit: Limit,
    breach: Breach,
    excuse: Exemption,
    notice: str,
    over: bool,
) -> tuple[Ground, ...]:
    figures: dict[str, float | str] = {
        "distance_m": breach.least_dm / 10,
        "agreed_m": limit.distance_dm / 10,
        "spread_m": passing.nearest.spread_dm / 10,
        "look": float(passing.nearest_look),
    }
    if passing.occasion > 1:
        figures["occasion"] = float(passing.occasion)
    found = []
    if excuse is Exemption.EXEMPT:
        found.append(Ground(str(excuse), {"notice": notice, **figures}))
    else:
        if passing.doubted and not too_near(limit, breach.surest_dm):
            found.append(Ground("positions-inconsistent"))
        sure = too_near(limit, breach.surest_dm)
        where = "beyond" if sure else "within"
        found.append(Ground(f"too-near-{where}-uncertainty", figures))
    if excuse not in (Exemption.EXEMPT, Exemption.NOT_FORESEEN):
        found.append(Ground(str(excuse), {"notice": notice} if notice else {}))
    if _BASIS[passing.basis] == "assumed":
        found.append(Ground("accuracy-assumed"))
    if passing.began is None:
        found.append(Ground("began-too-near"))
    if breach.least_dm <= -limit.looked_for_dm:
        found.append(Ground("deeper-than-told", {"limit_m": limit.looked_for_dm / 10}))
    if over and passing.left is None:
        found.append(Ground("track-ended"))
    return tuple(found)
