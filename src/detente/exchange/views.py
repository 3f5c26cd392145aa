"""What a caller may see: references, subscriptions, lists of subscribers (F3548-21).

An OVN is shown to its entity's manager alone: who presents it has asked that USS for the details.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from detente.exchange import entries as e
from detente.exchange.airspace import Airspace
from detente.f3548 import time_of
from detente.f3548 import types as wire


def intent_reference(
    airspace: Airspace, intent: e.OperationalIntent, caller: str
) -> wire.OperationalIntentReference:
    """An operational intent as `caller` may see it."""
    extent = intent.extent
    return wire.OperationalIntentReference(
        id=intent.id,
        manager=intent.manager,
        uss_availability=airspace.availability(intent.manager),
        version=intent.version,
        state=intent.state,
        ovn=intent.ovn if intent.manager == caller else wire.OVN_OF_ANOTHER,
        time_start=_time(extent.time_start_us),
        time_end=_time(extent.time_end_us),
        uss_base_url=intent.uss_base_url,
        subscription_id=intent.subscription_id or wire.NO_SUBSCRIPTION_ID,
    )


def constraint_reference(
    airspace: Airspace, constraint: e.Constraint, caller: str
) -> wire.ConstraintReference:
    """A constraint as `caller` may see it."""
    return wire.ConstraintReference(
        id=constraint.id,
        manager=constraint.manager,
        uss_availability=airspace.availability(constraint.manager),
        version=constraint.version,
        ovn=constraint.ovn if constraint.manager == caller else wire.OVN_OF_ANOTHER,
        time_start=_time(constraint.extent.time_start_us),
        time_end=_time(constraint.extent.time_end_us),
        uss_base_url=constraint.uss_base_url,
    )


def intent_references(
    airspace: Airspace, intents: Iterable[e.OperationalIntent], caller: str
) -> list[wire.OperationalIntentReference]:
    """Several, by identifier, so that every instance of a pool answers alike."""
    ordered = sorted(intents, key=lambda intent: intent.id)
    return [intent_reference(airspace, intent, caller) for intent in ordered]


def constraint_references(
    airspace: Airspace, constraints: Iterable[e.Constraint], caller: str
) -> list[wire.ConstraintReference]:
    """Several, by identifier."""
    ordered = sorted(constraints, key=lambda constraint: constraint.id)
    return [constraint_reference(airspace, constraint, caller) for constraint in ordered]


def subscription(
    airspace: Airspace, value: e.Subscription, *, index: int | None = None
) -> wire.Subscription:
    """A subscription as its manager sees it; `index` when the airspace does not know it yet."""
    return wire.Subscription(
        id=value.id,
        version=value.version,
        notification_index=airspace.notification_index(value.id) if index is None else index,
        time_start=_time(value.extent.time_start_us),
        time_end=_time(value.extent.time_end_us),
        uss_base_url=value.uss_base_url,
        notify_for_operational_intents=value.notify_for_operational_intents,
        notify_for_constraints=value.notify_for_constraints,
        implicit_subscription=value.implicit,
        dependent_operational_intents=sorted(airspace.dependents(value.id)),
    )


def subscribers(
    triggered: Iterable[tuple[e.Subscription, int]],
) -> list[wire.SubscriberToNotify]:
    """Whom a change is to be told to: one entry for each base URL, with its subscriptions."""
    by_url: dict[str, list[wire.SubscriptionState]] = {}
    for value, index in triggered:
        by_url.setdefault(value.uss_base_url, []).append(wire.SubscriptionState(value.id, index))
    return [wire.SubscriberToNotify(states, url) for url, states in sorted(by_url.items())]


@lru_cache(maxsize=1 << 14)  # whoever shows an intent shows its neighbours again soon
def _time(instant_us: int | None) -> wire.Time:
    if instant_us is None:
        raise ValueError("an entity that is stored has both times")
    return time_of(instant_us)
