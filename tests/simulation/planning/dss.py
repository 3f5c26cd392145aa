"""A model of one exchange of F3548-21: the standard's rules for intents, in one page, not clever.

Relevance is between bounding boxes, which a hull never leaves; so the model asks for more OVNs than
an exact one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from detente.f3548 import scopes, time_of, time_us
from detente.f3548 import types as wire

NEXT: Final = {
    "Accepted": ("Accepted", "Activated", "Nonconforming", "Contingent"),
    "Activated": ("Activated", "Nonconforming", "Contingent"),
    "Nonconforming": ("Nonconforming", "Activated", "Contingent"),
    "Contingent": ("Contingent",),
}
NOMINAL: Final = ("Accepted", "Activated")

Span = tuple[float, float]


class No(Exception):
    """A refusal."""

    def __init__(
        self,
        status: int,
        message: str,
        intents: Sequence[wire.OperationalIntentReference] = (),
        constraints: Sequence[wire.ConstraintReference] = (),
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message = status, message
        self.intents, self.constraints = tuple(intents), tuple(constraints)


@dataclass(frozen=True)
class Bounds:
    """Of everything that an entity covers."""

    lat: Span
    lng: Span
    alt: Span
    time: Span

    def meets(self, other: Bounds) -> bool:
        return all(
            a[0] <= b[1] and b[0] <= a[1]
            for a, b in (
                (self.lat, other.lat),
                (self.lng, other.lng),
                (self.alt, other.alt),
                (self.time, other.time),
            )
        )


def bounds_of(extents: Sequence[wire.Volume4D]) -> Bounds:
    if not extents:
        raise No(400, "no extents")
    lats: list[float] = []
    lngs: list[float] = []
    alts: list[float] = []
    times: list[float] = []
    for each in extents:
        polygon = each.volume.outline_polygon
        if polygon is None or each.time_start is None or each.time_end is None:
            raise No(400, "an open volume")
        lower, upper = each.volume.altitude_lower, each.volume.altitude_upper
        if lower is None or upper is None:
            raise No(400, "an open volume")
        lats += [vertex.lat for vertex in polygon.vertices]
        lngs += [vertex.lng for vertex in polygon.vertices]
        alts += [lower.value, upper.value]
        times += [time_us(each.time_start, ""), time_us(each.time_end, "")]
    return Bounds(
        (min(lats), max(lats)),
        (min(lngs), max(lngs)),
        (min(alts), max(alts)),
        (min(times), max(times)),
    )


@dataclass(frozen=True)
class Entity:
    """An intent (or, with state "", a constraint) as the exchange keeps it."""

    id: str
    manager: str
    version: int
    ovn: str
    state: str
    url: str
    bounds: Bounds
    extents: tuple[wire.Volume4D, ...]
    subscription: str


@dataclass
class Subscription:
    """Implicit: it lives and dies with its intent."""

    id: str
    manager: str
    url: str
    bounds: Bounds
    constraints: bool
    index: int = 0


@dataclass(frozen=True)
class Change:
    """One that was accepted, with those whom the exchange wants to be told."""

    at_us: int
    id: str
    manager: str
    ovn: str
    state: str
    extents: tuple[wire.Volume4D, ...]
    subscribers: dict[str, frozenset[str]] = field(default_factory=dict)


class Dss:
    """One exchange."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.intents: dict[str, Entity] = {}
        self.constraints: dict[str, Entity] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.down: set[str] = set()
        self.changes: list[Change] = []
        self._count = 0

    def query(self, caller: str, area: wire.Volume4D) -> list[wire.OperationalIntentReference]:
        bounds = bounds_of([area])
        return [self._seen(e, caller) for e in self.intents.values() if e.bounds.meets(bounds)]

    def query_constraints(self, area: wire.Volume4D) -> list[wire.ConstraintReference]:
        bounds = bounds_of([area])
        return [
            self.constraint(e, shown=False)
            for e in self.constraints.values()
            if e.bounds.meets(bounds)
        ]

    def get(self, caller: str, intent_id: str) -> wire.OperationalIntentReference:
        if intent_id not in self.intents:
            raise No(404, "no such intent")
        return self._seen(self.intents[intent_id], caller)

    def put(
        self,
        caller: str,
        intent_id: str,
        ovn: str,
        wanted: wire.PutOperationalIntentReferenceParameters,
        scope: str,
        now_us: int,
    ) -> wire.ChangeOperationalIntentReferenceResponse:
        if wanted.state not in NEXT:
            raise No(400, f"no such state: {wanted.state}")
        bounds = bounds_of(wanted.extents)
        if bounds.time[1] < now_us:
            raise No(400, "it is over")
        if wanted.state not in NOMINAL and scopes.CONFORMANCE_MONITORING_SA not in scope.split():
            raise No(403, "off-nominal states need another scope")
        new = wanted.new_subscription
        if wanted.state != "Accepted" and new is None:
            raise No(400, "no subscription")
        before = self.intents.get(intent_id)
        if before is None:
            if ovn:
                raise No(400, "there is nothing to update")
            if wanted.state != "Accepted":
                raise No(400, "what is new must be Accepted")
        else:
            if before.manager != caller:
                raise No(403, "managed by another")
            if before.ovn != ovn:
                raise No(409, "not the current OVN")
            if wanted.state not in NEXT[before.state]:
                raise No(400, f"{before.state} to {wanted.state}")
        if caller in self.down and wanted.state in NOMINAL:
            raise No(412, "its USS is down")
        if wanted.state in NOMINAL:
            self._check_key(caller, intent_id, bounds, wanted)
        self._count += 1
        subscription = ""
        if new is not None:
            subscription = f"00000000-0000-4000-8000-{self._count:012d}"
            self.subscriptions[subscription] = Subscription(
                subscription,
                caller,
                new.uss_base_url or "",
                bounds,
                bool(new.notify_for_constraints),
            )
        if before is not None:
            self.subscriptions.pop(before.subscription, None)
        entity = Entity(
            intent_id,
            caller,
            1 if before is None else before.version + 1,
            f"{self.name}-ovn-{self._count:012d}",
            wanted.state,
            wanted.uss_base_url,
            bounds,
            tuple(wanted.extents),
            subscription,
        )
        self.intents[intent_id] = entity
        told = self._notify([bounds] if before is None else [before.bounds, bounds])
        self._note(entity, told, now_us)
        return wire.ChangeOperationalIntentReferenceResponse(told, self._seen(entity, caller))

    def delete(
        self, caller: str, intent_id: str, ovn: str, now_us: int
    ) -> wire.ChangeOperationalIntentReferenceResponse:
        before = self.intents.get(intent_id)
        if before is None:
            raise No(404, "no such intent")
        if before.manager != caller:
            raise No(403, "managed by another")
        if before.ovn != ovn:
            raise No(409, "not the current OVN")
        if caller in self.down:
            raise No(412, "its USS is down")
        told = self._notify([before.bounds])
        del self.intents[intent_id]
        self.subscriptions.pop(before.subscription, None)
        self._note(replace(before, state="", ovn="", extents=()), told, now_us)
        return wire.ChangeOperationalIntentReferenceResponse(told, self._seen(before, caller))

    def put_constraint(
        self, manager: str, entity_id: str, url: str, extents: Sequence[wire.Volume4D]
    ) -> None:
        self._count += 1
        before = self.constraints.get(entity_id)
        self.constraints[entity_id] = Entity(
            entity_id,
            manager,
            1 if before is None else before.version + 1,
            f"{self.name}-ovn-{self._count:012d}",
            "",
            url,
            bounds_of(extents),
            tuple(extents),
            "",
        )

    def _check_key(
        self,
        caller: str,
        intent_id: str,
        bounds: Bounds,
        wanted: wire.PutOperationalIntentReferenceParameters,
    ) -> None:
        key = set(wanted.key or ())
        intents = [
            e
            for e in self.intents.values()
            if e.id != intent_id
            and e.ovn not in key
            and e.bounds.meets(bounds)
            and not (e.state == "Accepted" and e.manager in self.down)
        ]
        constraints: list[Entity] = []
        if wanted.new_subscription is not None and wanted.new_subscription.notify_for_constraints:
            constraints = [
                e for e in self.constraints.values() if e.ovn not in key and e.bounds.meets(bounds)
            ]
        if intents or constraints:
            raise No(
                409,
                "the key lacks OVNs",
                [self._seen(e, caller) for e in intents],
                [self.constraint(e, shown=False) for e in constraints],
            )

    def _notify(self, touched: Sequence[Bounds]) -> list[wire.SubscriberToNotify]:
        by_url: dict[str, list[wire.SubscriptionState]] = {}
        for each in self.subscriptions.values():
            if any(each.bounds.meets(bounds) for bounds in touched):
                each.index += 1
                by_url.setdefault(each.url, []).append(wire.SubscriptionState(each.id, each.index))
        return [wire.SubscriberToNotify(states, url) for url, states in by_url.items()]

    def _note(self, entity: Entity, told: Sequence[wire.SubscriberToNotify], now_us: int) -> None:
        self.changes.append(
            Change(
                now_us,
                entity.id,
                entity.manager,
                entity.ovn,
                entity.state,
                entity.extents,
                {
                    each.uss_base_url: frozenset(s.subscription_id for s in each.subscriptions)
                    for each in told
                },
            )
        )

    def _seen(self, entity: Entity, caller: str) -> wire.OperationalIntentReference:
        return wire.OperationalIntentReference(
            id=entity.id,
            manager=entity.manager,
            uss_availability="Down" if entity.manager in self.down else "Normal",
            version=entity.version,
            state=entity.state,  # type: ignore[arg-type]  # one of NEXT
            ovn=entity.ovn if caller == entity.manager else wire.OVN_OF_ANOTHER,
            time_start=time_of(int(entity.bounds.time[0])),
            time_end=time_of(int(entity.bounds.time[1])),
            uss_base_url=entity.url,
            subscription_id=entity.subscription or wire.NO_SUBSCRIPTION_ID,
        )

    def constraint(self, entity: Entity, *, shown: bool) -> wire.ConstraintReference:
        return wire.ConstraintReference(
            id=entity.id,
            manager=entity.manager,
            uss_availability="Normal",
            version=entity.version,
            ovn=entity.ovn if shown else wire.OVN_OF_ANOTHER,
            time_start=time_of(int(entity.bounds.time[0])),
            time_end=time_of(int(entity.bounds.time[1])),
            uss_base_url=entity.url,
        )
