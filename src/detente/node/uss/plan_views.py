"""Bodies of the plans' interface: what officers ask for, and what they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from detente.f3548 import types as wire
from detente.f3548 import volume_on_wire
from detente.planning import Conflict, Fault, Intent, State
from detente.planning.ways_out import WayOut
from detente.record import format_time
from detente.words import Words

from .planner import Done
from .wanted import PlanWanted, Track

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

TrackPoint = tuple[str, float, float, float]
"""Time (RFC 3339), latitude, longitude (degrees), altitude (metres W84)."""


class Told(Struct, frozen=True):
    """A sentence in both languages."""

    en: str
    fr: str


class PlanBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as its operator wants it.

    Attributes:
        volumes: where the flight will be (F3548-21 Volume4D, metres above the ellipsoid).
        off_nominal_volumes: where it may be besides, in off-nominal states.
        priority: a higher number goes first.
        name, operator: what it is called, who flies it.
        aircraft: that flies it, as receivers name it: an ICAO address, `serial:…` of a remote ID.
            A node that watches then watches whether it keeps to the plan. Others are not told.
        track: positions that the volumes were drawn around, if known: ways around can be found.
        state: Accepted, or Activated: straight into the air.
        id: a version-4 UUID of one's own choice; a new one if not given.
    """

    volumes: Annotated[list[wire.Volume4D], Meta(min_length=1, max_length=10_000)]
    off_nominal_volumes: Annotated[list[wire.Volume4D], Meta(max_length=10_000)] = []
    priority: Annotated[int, Meta(ge=-(1 << 31) + 1, le=(1 << 31) - 1)] = 0
    name: Annotated[str, Meta(max_length=200)] = ""
    operator: Annotated[str, Meta(max_length=200)] = ""
    aircraft: Annotated[str, Meta(max_length=100)] = ""
    track: Annotated[list[TrackPoint], Meta(max_length=100_000)] = []
    state: Literal["Accepted", "Activated"] = "Accepted"
    id: Annotated[str, Meta(max_length=36)] | None = None


class ChangeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other volumes for a plan that begins, or conforms again; nothing: as they are."""

    volumes: Annotated[list[wire.Volume4D], Meta(max_length=10_000)] | None = None
    priority: Annotated[int, Meta(ge=-(1 << 31) + 1, le=(1 << 31) - 1)] | None = None
    name: Annotated[str, Meta(max_length=200)] = ""
    operator: Annotated[str, Meta(max_length=200)] = ""
    aircraft: Annotated[str, Meta(max_length=100)] = ""
    track: Annotated[list[TrackPoint], Meta(max_length=100_000)] = []


class OffNominalBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an aircraft may be that does not fly as planned; nothing: as it was said before."""

    off_nominal_volumes: Annotated[list[wire.Volume4D], Meta(max_length=10_000)] = []


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A body without members."""


class FiledView(Struct, frozen=True, kw_only=True):
    """How a plan stands at an exchange."""

    exchange: str
    version: int
    ovn: str
    subscription: str


class PlanView(Struct, frozen=True, kw_only=True):
    """A plan of ours as every exchange concerned has accepted it.

    Attributes:
        id: of the operational intent.
        manager: who we are at the exchanges.
        state: Accepted, Activated, Nonconforming, Contingent.
        version: how often this node has changed it.
        time_start, time_end: of all volumes together.
        filed: where it stands.
        ended: whether it is over.
    """

    id: str
    name: str
    operator: str
    aircraft: str
    manager: str
    state: str
    ended: bool
    version: int
    priority: int
    time_start: str | None
    time_end: str | None
    volumes: list[wire.Volume4D]
    off_nominal_volumes: list[wire.Volume4D]
    track: list[TrackPoint]
    filed: list[FiledView]


class ConflictView(Struct, frozen=True, kw_only=True, rename={"with_id": "with"}):
    """An intent that a plan meets.

    Attributes:
        with_id, manager, state, priority: the other one.
        allowed: whether the rules let it stand.
        existed: whether it was there before this change.
        rule: the requirement that decided.
        words: the reason.
        time_start, time_end, altitude_lower_m, altitude_upper_m, lat, lng: what the two share, and
            a point of it.
        pairs: positions of the volumes that meet, ours and theirs.
        source: id of the record's entry of the message that told of it.
        signed_by: the key that signed that message; "" if none.
    """

    with_id: str
    manager: str
    state: str
    priority: int
    allowed: bool
    existed: bool
    rule: str
    words: Told
    time_start: str | None
    time_end: str | None
    altitude_lower_m: float | None
    altitude_upper_m: float | None
    lat: float
    lng: float
    pairs: list[tuple[int, int]]
    source: str
    signed_by: str


class FaultView(Struct, frozen=True, kw_only=True):
    """Why a plan cannot be, apart from conflicts."""

    code: str
    rule: str
    where: str
    words: Told


class WayOutView(Struct, frozen=True, kw_only=True):
    """A change that makes a refused plan fly.

    Attributes:
        kind: what is changed.
        words: a sentence.
        cost: by the party's settings.
        delay_s, climb_m, shift_m, extra_distance_m: how much is changed.
        plan: to be filed unchanged.
    """

    kind: str
    words: Told
    cost: float
    delay_s: float
    climb_m: float
    shift_m: float
    extra_distance_m: float
    plan: PlanBody


class OutcomeView(Struct, frozen=True, kw_only=True):
    """What came of an order.

    Attributes:
        result: done, refused or failed.
        id: of the plan.
        attempt: id of the record's entry of this attempt.
        action: what was asked for.
        plan: as it is now; none if it never was.
        conflicts: every intent met, those allowed too.
        faults: what is wrong besides.
        neighbours: how many intents of others were known when it was decided.
        constraints: ids of constraints taken into account.
        notices: how many USSs are told.
        rounds: how often an exchange was asked to take it.
        unsettled: exchanges that have not told what stands there; they are asked until they do.
        began, ended: of the attempt.
        ways_out: the smallest changes that clear every conflict, cheapest first; of a refusal.
    """

    result: Literal["done", "refused", "failed"]
    id: str
    attempt: str
    action: str
    plan: PlanView | None
    conflicts: list[ConflictView]
    faults: list[FaultView]
    neighbours: int
    constraints: list[str]
    notices: int
    rounds: int
    unsettled: list[str]
    began: str
    ended: str
    ways_out: list[WayOutView] | UnsetType = UNSET


class PlanList(Struct, frozen=True):
    """Plans, and where the list goes on: give it as `before`."""

    plans: list[PlanView]
    before: str | None


class WaysOutList(Struct, frozen=True):
    """Changes that make a refused plan fly, cheapest first."""

    ways_out: list[WayOutView]


# --- out ------------------------------------------------------------------------------------------


def plan_view(intent: Intent) -> PlanView:
    """A plan as it is told."""
    starts = [each.time_start_us for each in intent.details.all_volumes if each.time_start_us]
    ends = [each.time_end_us for each in intent.details.all_volumes if each.time_end_us]
    return PlanView(
        id=intent.id,
        name=intent.name,
        operator=intent.operator,
        aircraft=intent.aircraft,
        manager=next((each.reference.manager for each in intent.filed), ""),
        state=intent.state.value,
        ended=intent.ended,
        version=intent.version,
        priority=intent.details.priority,
        time_start=_time(min(starts, default=None)),
        time_end=_time(max(ends, default=None)),
        volumes=[volume_on_wire(each) for each in intent.details.volumes],
        off_nominal_volumes=[volume_on_wire(each) for each in intent.details.off_nominal_volumes],
        track=_points(intent.track),
        filed=[
            FiledView(
                exchange=each.exchange,
                version=each.reference.version,
                ovn=each.reference.ovn,
                subscription=each.reference.subscription_id,
            )
            for each in intent.filed
        ],
    )


def outcome_view(done: Done, ways_out: list[WayOutView] | UnsetType = UNSET) -> OutcomeView:
    """What came of an order, as it is told."""
    outcome = done.outcome
    return OutcomeView(
        result=outcome.result.value,
        id=outcome.order.id,
        attempt=done.settled.attempt_id,
        action=outcome.order.action.value,
        plan=None if outcome.intent is None else plan_view(outcome.intent),
        conflicts=[conflict_view(each) for each in outcome.conflicts],
        faults=[fault_view(each) for each in outcome.faults],
        neighbours=len(outcome.neighbours),
        constraints=list(outcome.constraints),
        notices=len(outcome.notices),
        rounds=outcome.rounds,
        unsettled=list(outcome.unsettled),
        began=_time(outcome.began_us) or "",
        ended=_time(outcome.ended_us) or "",
        ways_out=ways_out,
    )


def conflict_view(conflict: Conflict) -> ConflictView:
    """A conflict as it is told."""
    return ConflictView(
        with_id=conflict.with_id,
        manager=conflict.manager,
        state=conflict.state.value,
        priority=conflict.priority,
        allowed=conflict.allowed,
        existed=conflict.existed,
        rule=conflict.rule,
        words=_told(conflict.reason),
        time_start=_time(conflict.time_start_us),
        time_end=_time(conflict.time_end_us),
        altitude_lower_m=conflict.altitude_lower_m,
        altitude_upper_m=conflict.altitude_upper_m,
        lat=conflict.lat_deg,
        lng=conflict.lng_deg,
        pairs=list(conflict.pairs),
        source=conflict.source,
        signed_by=conflict.signed_by,
    )


def fault_view(fault: Fault) -> FaultView:
    """A fault as it is told."""
    return FaultView(
        code=fault.code, rule=fault.rule, where=fault.where, words=_told(fault.message)
    )


def way_out_view(way: WayOut, plan: PlanWanted) -> WayOutView:
    """A way out as it is told.

    Args:
        way: it.
        plan: what was refused.
    """
    return WayOutView(
        kind=way.kind.value,
        words=_told(way.says),
        cost=way.cost,
        delay_s=way.delay_s,
        climb_m=way.climb_m,
        shift_m=way.shift_m,
        extra_distance_m=way.extra_distance_m,
        plan=PlanBody(
            volumes=[volume_on_wire(each) for each in way.details.volumes],
            off_nominal_volumes=[],
            priority=way.details.priority,
            name=plan.name,
            operator=plan.operator,
            aircraft=plan.aircraft,
            track=_points(way.track),
            state="Activated" if plan.state is State.ACTIVATED else "Accepted",
        ),
    )


def _points(track: Track) -> list[TrackPoint]:
    return [(_time(at) or "", lat, lng, altitude_m) for at, lat, lng, altitude_m in track]


def _told(words: Words) -> Told:
    return Told(words.en, words.fr)


def _time(instant_us: int | None) -> str | None:
    return None if instant_us is None else format_time(_EPOCH + timedelta(microseconds=instant_us))
