"""What the model remembers: plain lists, searched from end to end, and how it shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.model.driver import DssOptions, Json
from tests.model.geometry import hull_covers, hulls_meet
from tests.model.reading import Space
from tests.model.templates import (
    AbsentOr,
    AnyOrder,
    Instant,
    ModelAnswer,
    Slot,
    Subscribers,
    Told,
)
from tests.model.wire import NO_SUBSCRIPTION, REDACTED


@dataclass(frozen=True, slots=True)
class Request:
    """One authorised request. `entity` and `ovn` as in the path; `ovn` None if not there."""

    sub: str
    scopes: frozenset[str]
    now_us: int
    body: Json
    entity: str = ""
    ovn: str | None = None


@dataclass(slots=True)
class Subscription:
    """Interest in a space. `index` counts the changes told about."""

    id: Slot
    manager: str
    version: Slot
    space: Space
    url: str
    intents: bool
    constraints: bool
    implicit: bool
    index: int = 0
    versions: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Intent:
    """Operational intent reference."""

    id: str
    manager: str
    version: int
    ovn: Slot
    state: str
    space: Space
    url: str
    subscription: Subscription | None
    ovns: set[str]


@dataclass(slots=True)
class Constraint:
    """Constraint reference."""

    id: str
    manager: str
    version: int
    ovn: Slot
    space: Space
    url: str
    ovns: set[str]


@dataclass(slots=True)
class State:
    """The whole DSS."""

    options: DssOptions
    intents: list[Intent] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    availability: dict[str, tuple[str, Slot]] = field(default_factory=dict)
    reports: list[Json] = field(default_factory=list)
    all_ovns: set[str] = field(default_factory=set)
    all_subscription_ids: set[str] = field(default_factory=lambda: {NO_SUBSCRIPTION})
    all_report_ids: set[str] = field(default_factory=set)

    def intent(self, entity: str) -> Intent | None:
        return next((one for one in self.intents if one.id == entity), None)

    def constraint(self, entity: str) -> Constraint | None:
        return next((one for one in self.constraints if one.id == entity), None)

    def subscription(self, entity: str) -> Subscription | None:
        return next((one for one in self.subscriptions if one.id.value == entity), None)

    def available(self, uss: str) -> str:
        """Availability is Unknown until somebody sets it."""
        return self.availability[uss][0] if uss in self.availability else "Unknown"

    def dependents(self, subscription: Subscription) -> list[Intent]:
        return [one for one in self.intents if one.subscription is subscription]

    def new_ovn(self, requested: str | None = None) -> Slot:
        return Slot("ovn", self.all_ovns, requested)

    def show_intent(self, intent: Intent, viewer: str) -> Json:
        """An intent without subscription shows a placeholder id: the member is mandatory."""
        link = intent.subscription.id if intent.subscription else NO_SUBSCRIPTION
        shown = self._show(intent, viewer)
        return shown | {"state": intent.state, "subscription_id": link}

    def show_constraint(self, constraint: Constraint, viewer: str) -> Json:
        return self._show(constraint, viewer)

    def _show(self, entity: Intent | Constraint, viewer: str) -> dict[str, Json]:
        """Only the manager sees the OVN; the availability shown is the manager's present one."""
        mine = entity.manager == viewer
        return {
            "id": entity.id,
            "manager": entity.manager,
            "uss_availability": self.available(entity.manager),
            "version": entity.version,
            "ovn": entity.ovn if mine else AbsentOr(REDACTED),
            "time_start": Instant(_known(entity.space.start_us)),
            "time_end": Instant(_known(entity.space.end_us)),
            "uss_base_url": entity.url,
        }

    def show_subscription(self, one: Subscription) -> Json:
        """Flags and dependents may be left out where they equal the schema's defaults."""

        def by_default(value: Json, default: Json, shown: Json) -> Json:
            return AbsentOr(shown) if value == default else shown

        dependents = [intent.id for intent in self.dependents(one)]
        return {
            "id": one.id,
            "version": one.version,
            "notification_index": one.index,
            "time_start": Instant(_known(one.space.start_us)),
            "time_end": Instant(_known(one.space.end_us)),
            "uss_base_url": one.url,
            "notify_for_operational_intents": by_default(one.intents, False, one.intents),
            "notify_for_constraints": by_default(one.constraints, False, one.constraints),
            "implicit_subscription": by_default(one.implicit, False, one.implicit),
            "dependent_operational_intents": by_default(dependents, [], AnyOrder(dependents)),
        }

    def notify(
        self,
        spaces: Iterable[Space],
        now_us: int,
        *,
        of_constraints: bool = False,
        vanishing: Subscription | None = None,
    ) -> Subscribers:
        """Tell every subscription touched by one of the spaces: its index grows by one, once.

        Whose it is does not matter; one that is over is told nothing. One that vanishes with this
        very change may or may not be listed: nobody can ask for it afterwards.
        """
        where = list(spaces)
        told: list[Told] = []
        perhaps: list[Told] = []
        for one in self.subscriptions:
            asks = one.constraints if of_constraints else one.intents
            over = one.space.end_us is not None and one.space.end_us < now_us
            if asks and not over and any(relevant(one.space, space) for space in where):
                one.index += 1
                line = Told(one.url, one.id, one.index)
                (perhaps if one is vanishing else told).append(line)
        return Subscribers(told, perhaps)


def _known(us: int | None) -> int:
    assert us is not None
    return us


def _overlap(
    low: float | None, high: float | None, low2: float | None, high2: float | None
) -> bool:
    """Closed ranges share a value; a missing bound has no end."""
    below = low is not None and high2 is not None and high2 < low
    above = high is not None and low2 is not None and low2 > high
    return not (below or above)


def relevant(one: Space, two: Space) -> bool:
    """Overall times overlap, overall altitudes overlap, convex hulls meet."""
    return (
        _overlap(one.start_us, one.end_us, two.start_us, two.end_us)
        and _overlap(one.low_m, one.high_m, two.low_m, two.high_m)
        and hulls_meet(one.outlines, two.outlines)
    )


def _band_within(inner: Space, outer: Space) -> bool:
    low = outer.low_m is None or (inner.low_m is not None and inner.low_m >= outer.low_m)
    high = outer.high_m is None or (inner.high_m is not None and inner.high_m <= outer.high_m)
    return low and high


def covers(outer: Space, inner: Space, start_slack_us: int = 0) -> bool:
    """`outer` holds all of `inner`: footprint, altitudes, times. It may begin a slack late."""
    return (
        _known(outer.start_us) <= _known(inner.start_us) + start_slack_us
        and _known(outer.end_us) >= _known(inner.end_us)
        and _band_within(inner, outer)
        and hull_covers(outer.outlines, inner.outlines)
    )


def at_times(area: Space, start_us: int, end_us: int) -> Space:
    """`area` with other times."""
    return replace(area, start_us=start_us, end_us=end_us)


def wrong_twice(first: ModelAnswer | None, untimely: str) -> ModelAnswer | None:
    """Join a refusal for what the request is about with one that only the clock gives (400).

    Nothing says which of the two is found first, so either may be told.
    """
    if not untimely:
        return first
    if first is None:
        return refuse(400, untimely)
    first.tolerated |= {400}
    return first


def refuse(status: int, rule: str, *also: int, body: Json = None) -> ModelAnswer:
    """An error; `also` are other codes that the public tests and the API tolerate here."""
    return ModelAnswer(status, body, rule, frozenset(also))
