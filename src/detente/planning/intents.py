"""Operational intents: what a party means to fly, what it has announced, what others announced.

The words are those of F3548-21: the *details* stay with the party, a *reference* stands at each
exchange whose area they touch, and the OVN is shown only by who manages it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal

from detente.f3548 import types as wire
from detente.geo import Volume4D, conflicting_pairs
from detente.words import Words

LOWEST: Final = -(1 << 31)
"""Below every priority a USS may give: an unreachable intent that is only planned (SCD0005)."""
HIGHEST: Final = 1 << 31
"""Above every one: an unreachable intent that may be flying (SCD0010)."""


class State(StrEnum):
    """The states of an operational intent that the exchange knows."""

    ACCEPTED = "Accepted"
    ACTIVATED = "Activated"
    NONCONFORMING = "Nonconforming"
    CONTINGENT = "Contingent"

    @property
    def nominal(self) -> bool:
        """Whether the flight is as planned: only then must it fit between the others."""
        return self in (State.ACCEPTED, State.ACTIVATED)


@dataclass(frozen=True, slots=True)
class Details:
    """What only the managing USS tells (F3548-21, OperationalIntentDetails).

    Attributes:
        volumes: where the flight will be while it conforms; empty in Contingent.
        off_nominal_volumes: where it may be besides; only in Nonconforming and Contingent.
        priority: a higher number goes first.
    """

    volumes: tuple[Volume4D, ...]
    off_nominal_volumes: tuple[Volume4D, ...] = ()
    priority: int = 0

    @property
    def all_volumes(self) -> tuple[Volume4D, ...]:
        """Everything that others must keep clear of."""
        return self.volumes + self.off_nominal_volumes


@dataclass(frozen=True, slots=True)
class Filed:
    """How an intent stands at one exchange.

    Attributes:
        exchange: our name for that exchange.
        reference: as it answered us, with our OVN.
    """

    exchange: str
    reference: wire.OperationalIntentReference


@dataclass(frozen=True, slots=True)
class Intent:
    """One of our own operational intents, as far as every exchange concerned has accepted it.

    Attributes:
        id: UUIDv4, the same at every exchange.
        name: what the operator calls it.
        operator: who flies it, as told to investigators (LOG0040).
        state, details: as accepted.
        filed: where it stands; at least one.
        track: positions (time_us, lat, lng, altitude m W84) that the volumes were drawn around, if
            known: ways around others can then be found.
        ended: whether it is over.
        version: how often this node has changed it, from 1.
        late_until_us: until when a request that was believed lost may still create it at an
            exchange; 0: none may. Who ends it sooner looks again afterwards.
        aircraft: that flies it, as receivers name it (an ICAO address, or what a remote ID says);
            nobody else is told. "" if it is not known.
    """

    id: str
    name: str
    operator: str
    state: State
    details: Details
    filed: tuple[Filed, ...]
    track: tuple[tuple[int, float, float, float], ...] = ()
    ended: bool = False
    version: int = 1
    late_until_us: int = 0
    aircraft: str = ""

    def at(self, exchange: str) -> wire.OperationalIntentReference | None:
        """Its reference at an exchange."""
        for each in self.filed:
            if each.exchange == exchange:
                return each.reference
        return None


Learnt = Literal["asked", "notified"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another's operational intent, as far as it is known.

    Attributes:
        exchange: where its reference stands.
        reference: from the exchange, or from its USS (then with the OVN).
        details: what its USS told; None if it could not be had.
        learnt: how.
        at_us: when.
        source: id of the record entry of the message that told it; "" if there is none.
        signed_by: the key that signed the message, as checked; "" if nobody did.
        problem: why the details are not known.
    """

    exchange: str
    reference: wire.OperationalIntentReference
    details: Details | None
    learnt: Learnt = "asked"
    at_us: int = 0
    source: str = ""
    signed_by: str = ""
    problem: Words | None = None

    @property
    def down(self) -> bool:
        """Whether its USS is declared unreachable."""
        return self.reference.uss_availability == "Down"

    @property
    def id(self) -> str:
        """Of the intent."""
        return self.reference.id


class Action(StrEnum):
    """What an operator wants of an intent."""

    PLAN = "plan"
    MODIFY = "modify"
    ACTIVATE = "activate"
    DECLARE_NONCONFORMING = "declare-nonconforming"
    DECLARE_CONTINGENT = "declare-contingent"
    CONFORM = "conform"
    """Back from Nonconforming to Activated."""
    END = "end"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, before anything is checked.

    Attributes:
        action: what; `MODIFY` keeps the state.
        id: of the intent; a new UUIDv4 for PLAN.
        state: the state wanted (for PLAN also ACTIVATED: straight into the air).
        details: the details wanted; for END those before.
        name, operator, track, aircraft: as in `Intent`.
        before: the intent as it is; None for PLAN.
        given_us: when the operator asked.
    """

    action: Action
    id: str
    state: State
    details: Details
    given_us: int
    name: str = ""
    operator: str = ""
    track: tuple[tuple[int, float, float, float], ...] = ()
    before: Intent | None = None
    aircraft: str = ""

    def with_details(self, details: Details) -> Order:
        """The same for other details."""
        return replace(self, details=details)


class Result(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    REFUSED = "refused"
    """By the rules: a conflict, or a request that cannot be."""
    FAILED = "failed"
    """Something did not work: an exchange or a peer did not answer, or told nonsense."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two intents that meet in four dimensions.

    Attributes:
        with_id, manager, state, priority: the other one; `priority` as it counts in the decision.
        allowed: whether the rules let it stand.
        existed: whether it was there before this change.
        rule: the requirement that decided, such as `SCD0035`; "" if none speaks of it.
        reason: a sentence.
        time_start_us, time_end_us, altitude_lower_m, altitude_upper_m, lat_deg, lng_deg: what the
            two share, and a point of it.
        pairs: positions of the volumes that meet, (ours, theirs).
        source, signed_by: as in `Neighbour`.
    """

    with_id: str
    manager: str
    state: State
    priority: int
    allowed: bool
    existed: bool
    rule: str
    reason: Words
    time_start_us: int | None
    time_end_us: int | None
    altitude_lower_m: float | None
    altitude_upper_m: float | None
    lat_deg: float
    lng_deg: float
    pairs: tuple[tuple[int, int], ...] = ()
    source: str = ""
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an order cannot be, apart from conflicts.

    Attributes:
        code: for programs, such as `plan.too_far_ahead`.
        rule: requirement of F3548-21, such as `OPIN0030`; "" if none.
        message: what, why and what to do.
        where: a path such as `volumes[3].time_end`.
    """

    code: str
    rule: str
    message: Words
    where: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a subscriber must be told after a change.

    Attributes:
        exchange: whose answer demands it.
        uss_base_url: whom.
        subscriptions: which of its subscriptions, with their new indexes.
        intent_id: about what.
        ended: whether the intent is over: then no details are sent.
        due_us: until when (5 s after the exchange's answer, SCD0085).
    """

    exchange: str
    uss_base_url: str
    subscriptions: tuple[wire.SubscriptionState, ...]
    intent_id: str
    ended: bool
    due_us: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, and everything that decided it.

    Attributes:
        result: see `Result`.
        intent: the intent as it is now; of a refused or failed order, as it was (None: never was).
        conflicts: every intent met, those allowed too.
        faults: what is wrong besides.
        neighbours: all that was known of others when it was decided.
        constraints: ids of constraints taken into account.
        notices: what is to be sent.
        rounds: how often an exchange was asked to take a change.
        unsettled: exchanges of which it is not known what stands there; the order must be settled
            later (`Attempt(..., settle=True)`).
        began_us, ended_us: of the attempt.

    `intent` is to be recorded whatever the result: a change that was undone has left new OVNs.
    """

    result: Result
    order: Order
    intent: Intent | None
    conflicts: tuple[Conflict, ...] = ()
    faults: tuple[Fault, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    constraints: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    rounds: int = 0
    unsettled: tuple[str, ...] = ()
    began_us: int = 0
    ended_us: int = 0

    @property
    def refusing(self) -> tuple[Conflict, ...]:
        """The conflicts that the rules do not let stand."""
        return tuple(each for each in self.conflicts if not each.allowed)


@dataclass(frozen=True, slots=True)
class PlanningRules:
    """What the parties, or their jurisdiction, agreed upon.

    Attributes:
        same_priority_allowed: priorities at which two intents of equal priority may intersect.
        horizon_days: how far ahead a plan may start (OiMaxPlanHorizon).
        vertices_max: in all volumes together (OiMaxVertices).
        rounds_max: how often the exchange is asked again after a 409.
        area_max_km2: of one volume; what the exchange takes.
    """

    same_priority_allowed: frozenset[int] = frozenset()
    horizon_days: int = 30
    vertices_max: int = 10_000
    rounds_max: int = 5
    area_max_km2: float = 2_500.0


@dataclass(frozen=True, slots=True)
class ExchangeArea:
    """An exchange that we file at.

    Attributes:
        name: ours for it: lower-case letters, digits, hyphens.
        url: base URL of the DSS (without /dss/v1).
        base_url: what its peers call us by.
        area: volumes whose outlines cover its area; empty: everywhere.
    """

    name: str
    url: str
    base_url: str
    area: tuple[Volume4D, ...] = field(default=())

    def touches(self, volumes: Sequence[Volume4D]) -> bool:
        """Whether something of these lies in its area; times and altitudes do not count."""
        if not self.area:
            return True
        flat = [Volume4D(each.outline) for each in volumes]
        return len(conflicting_pairs([Volume4D(each.outline) for each in self.area], flat)[0]) > 0
