"""Intents, orders and outcomes for tests of what planning records and serves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from detente.f3548 import time_of
from detente.f3548 import types as wire
from detente.geo import Circle, Polygon, Volume4D
from detente.planning import (
    Action,
    Conflict,
    Details,
    Filed,
    Intent,
    Neighbour,
    Order,
    Outcome,
    Result,
    State,
)
from detente.record import uuid7
from detente.words import Words

NOW_US = 1_795_000_000_000_000
HOUR_US = 3_600_000_000


def entry_id() -> UUID:
    """A fresh id of an entry."""
    return uuid7(NOW_US // 1000, secrets.token_bytes(10))


def square(
    lat: float = 46.2,
    lng: float = 6.9,
    *,
    lower_m: float = 500.0,
    upper_m: float = 600.0,
    start_us: int = NOW_US,
    end_us: int = NOW_US + HOUR_US,
    side_deg: float = 0.01,
) -> Volume4D:
    """A square in the air for an hour."""
    ring = (
        (lat, lng),
        (lat, lng + side_deg),
        (lat + side_deg, lng + side_deg),
        (lat + side_deg, lng),
    )
    return Volume4D(Polygon(ring), lower_m, upper_m, start_us, end_us)


def circle(lat: float = 46.205, lng: float = 6.905, radius_m: float = 300.0) -> Volume4D:
    """A cylinder in the air for the same hour."""
    return Volume4D(Circle(lat, lng, radius_m), 500.0, 600.0, NOW_US, NOW_US + HOUR_US)


def reference(
    identity: str,
    *,
    manager: str = "a",
    version: int = 1,
    state: State = State.ACCEPTED,
    ovn: str = "ovn-0123456789abcdef",
    uss_base_url: str = "https://uss.a.example",
    availability: wire.UssAvailabilityState = "Normal",
    start_us: int = NOW_US,
    end_us: int = NOW_US + HOUR_US,
) -> wire.OperationalIntentReference:
    """As an exchange tells it."""
    return wire.OperationalIntentReference(
        id=identity,
        manager=manager,
        uss_availability=availability,
        version=version,
        state=state.value,
        ovn=ovn,
        time_start=time_of(start_us),
        time_end=time_of(end_us),
        uss_base_url=uss_base_url,
        subscription_id=wire.NO_SUBSCRIPTION_ID,
    )


def intent(
    identity: str | None = None,
    *,
    version: int = 1,
    state: State = State.ACCEPTED,
    ended: bool = False,
    volumes: Sequence[Volume4D] | None = None,
    off_nominal: Sequence[Volume4D] = (),
    priority: int = 0,
    exchange: str = "main",
    ovn: str | None = None,
) -> Intent:
    """One of ours."""
    chosen = str(uuid4()) if identity is None else identity
    return Intent(
        id=chosen,
        name="survey of the pass",
        operator="Rescue Flight",
        state=state,
        details=Details(
            tuple((square(),) if volumes is None else volumes), tuple(off_nominal), priority
        ),
        filed=(
            Filed(
                exchange,
                reference(
                    chosen,
                    version=version,
                    state=state,
                    ovn=ovn or f"ovn-{version:04}-0123456789abcdef",
                ),
            ),
        ),
        track=((NOW_US, 46.2, 6.9, 550.0), (NOW_US + HOUR_US, 46.21, 6.91, 560.5)),
        ended=ended,
        version=version,
        aircraft="4b1234",
    )


def neighbour(
    identity: str | None = None,
    *,
    manager: str = "b",
    version: int = 3,
    volumes: Sequence[Volume4D] = (circle(),),
    priority: int = 0,
    source: str = "",
    signed_by: str = "",
    known: bool = True,
) -> Neighbour:
    """Another's."""
    chosen = str(uuid4()) if identity is None else identity
    return Neighbour(
        exchange="main",
        reference=reference(
            chosen, manager=manager, version=version, uss_base_url=f"https://uss.{manager}.example"
        ),
        details=Details(tuple(volumes), (), priority) if known else None,
        learnt="asked",
        at_us=NOW_US + 5,
        source=source,
        signed_by=signed_by,
        problem=None if known else Words("it did not answer", "il n’a pas répondu"),
    )


def order(of: Intent, action: Action = Action.PLAN, before: Intent | None = None) -> Order:
    """What led to an intent."""
    return Order(
        action=action,
        id=of.id,
        state=of.state,
        details=of.details,
        given_us=NOW_US + 1,
        name=of.name,
        operator=of.operator,
        track=of.track,
        before=before,
        aircraft=of.aircraft,
    )


def conflict(ours: Intent, theirs: Neighbour, *, allowed: bool = False) -> Conflict:
    """That two meet, and that it is not allowed."""
    assert theirs.details is not None
    return Conflict(
        with_id=theirs.id,
        manager=theirs.reference.manager,
        state=State(theirs.reference.state),
        priority=theirs.details.priority,
        allowed=allowed,
        existed=False,
        rule="SCD0035",
        reason=Words("of equal priority", "de même priorité"),
        time_start_us=NOW_US,
        time_end_us=NOW_US + HOUR_US,
        altitude_lower_m=500.0,
        altitude_upper_m=600.0,
        lat_deg=46.205,
        lng_deg=6.905,
        pairs=((0, 0),),
        source=theirs.source,
        signed_by=theirs.signed_by,
    )


def accepted(
    of: Intent, *neighbours: Neighbour, action: Action = Action.PLAN, before: Intent | None = None
) -> Outcome:
    """An attempt that ended well."""
    return Outcome(
        result=Result.DONE,
        order=order(of, action, before),
        intent=of,
        neighbours=tuple(neighbours),
        rounds=1,
        began_us=NOW_US + 2,
        ended_us=NOW_US + 40_000,
    )


def refused(of: Intent, theirs: Neighbour, before: Intent | None = None) -> Outcome:
    """An attempt that the rules ended."""
    action = Action.PLAN if before is None else Action.MODIFY
    return Outcome(
        result=Result.REFUSED,
        order=order(of, action, before),
        intent=before,
        conflicts=(conflict(of, theirs),),
        neighbours=(theirs,),
        rounds=1,
        began_us=NOW_US + 2,
        ended_us=NOW_US + 30_000,
    )


def after(of: Intent, *, ended: bool = False, state: State | None = None) -> Intent:
    """The same, a change later."""
    later = intent(
        of.id,
        version=of.version + 1,
        state=state or of.state,
        ended=ended,
        volumes=of.details.volumes,
        off_nominal=of.details.off_nominal_volumes,
        priority=of.details.priority,
    )
    return replace(later, name=of.name)
