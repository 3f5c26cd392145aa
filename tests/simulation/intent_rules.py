"""The rules of operational intents: the key (G1), their OVNs (G3), their subscriptions (G5)."""

from __future__ import annotations

from typing import Final

from tests.simulation import replies
from tests.simulation.effects import check_fresh, notify, remove_subscription
from tests.simulation.places import footprint_holds, is_union
from tests.simulation.replies import Summary
from tests.simulation.shadow import Shadow, State, demand

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.geo import Extent

NEXT: Final = {
    "Accepted": ("Accepted", "Activated", "Nonconforming", "Contingent"),
    "Activated": ("Activated", "Nonconforming", "Contingent"),
    "Nonconforming": ("Nonconforming", "Activated", "Contingent"),
    "Contingent": ("Contingent",),
}


def missing_in_key(
    state: State, command: c.PutOperationalIntent, constraints_too: bool
) -> tuple[list[str], list[str]]:
    """Identifiers of operational intents and constraints whose OVNs the key lacks."""
    intents = [
        other.id
        for other in state.intents_meeting(command.extent)
        if other.id != command.id
        and other.ovn not in command.key
        and not (other.state == "Accepted" and state.availability(other.manager) == "Down")
    ]
    constraints = [
        other.id
        for other in (state.constraints_meeting(command.extent) if constraints_too else ())
        if other.ovn not in command.key
    ]
    return intents, constraints


def covers_times(mine: Extent, its: Extent) -> bool:
    """Does a subscription last as long as an operational intent?"""
    start, end = mine.time_start_us, mine.time_end_us
    return (start is None or (its.time_start_us is not None and start <= its.time_start_us)) and (
        end is None or (its.time_end_us is not None and its.time_end_us <= end)
    )


def put(
    shadow: Shadow,
    state: State,
    size: int,
    entry: e.OperationalIntentPut,
    command: c.PutOperationalIntent,
) -> Summary:
    """Creation or change."""
    new, before = entry.intent, state.intent(command.id)
    demand(
        (new.id, new.manager, new.state, new.extent, new.uss_base_url)
        == (command.id, command.caller, command.state, command.extent, command.uss_base_url),
        "not the operational intent that was asked for",
    )
    demand(new.extent.time_end_us is None or new.extent.time_end_us >= entry.at_us, "it is over")
    if before is None:
        demand(command.ovn is None, "G3: an update of what is not there")
        demand(new.version == 1, f"G3: version {new.version} at creation")
        demand(new.state == "Accepted", "created in another state than Accepted")
    else:
        demand(before.manager == command.caller, "changed by somebody else")
        demand(command.ovn == before.ovn, "G3: an update that did not name the current OVN")
        demand(new.version == before.version + 1, f"G3: version {before.version} to {new.version}")
        demand(new.state in NEXT[before.state], f"{before.state} to {new.state}")
    check_fresh(shadow, new.ovn)
    if command.state in ("Accepted", "Activated"):
        demand(state.availability(command.caller) != "Down", "planned while Down")
    attached = _attached(state, entry, command)
    if command.state in ("Accepted", "Activated"):
        too = attached is not None and attached.notify_for_constraints
        intents, constraints = missing_in_key(state, command, too)
        demand(not intents, f"G1: accepted without the OVN of {intents}")
        demand(not constraints, f"G1: accepted without the OVN of constraints {constraints}")
    old = None if before is None else before.subscription_id
    removed = _alone(state, old, new.id) if old != new.subscription_id else None
    demand(entry.removed_subscription == removed, f"G5: {removed} should be removed")

    if entry.subscription is not None:
        if state.subscription(entry.subscription.id) is None:
            shadow.indexes.set(entry.subscription.id, size, 0)
        shadow.subscriptions.set(entry.subscription.id, size, entry.subscription)
    shadow.intents.set(new.id, size, new)
    extents = [new.extent] if before is None else [before.extent, new.extent]
    told = notify(shadow, state, size, entry.notified, extents, entry.at_us, False, removed)
    if removed is not None:
        remove_subscription(shadow, size, removed)
    return "intent", replies.intent(state, new, command.caller), told


def _attached(
    state: State, entry: e.OperationalIntentPut, command: c.PutOperationalIntent
) -> e.Subscription | None:
    made, wanted = entry.subscription, command.new_subscription
    demand(wanted is None or command.subscription_id is None, "two subscriptions asked for")
    if wanted is not None:
        demand(made is not None, "no implicit subscription was made")
        assert made is not None
        demand(state.subscription(made.id) is None, "G5: not a new subscription")
        demand(
            (made.manager, made.extent, made.uss_base_url, made.notify_for_constraints)
            == (
                command.caller,
                command.extent,
                wanted.uss_base_url,
                wanted.notify_for_constraints,
            )
            and made.implicit
            and made.notify_for_operational_intents,
            "not the implicit subscription that was asked for",
        )
        demand(entry.intent.subscription_id == made.id, "attached to another subscription")
        return made
    demand(entry.intent.subscription_id == command.subscription_id, "another subscription")
    if command.subscription_id is None:
        demand(made is None, "a subscription nobody asked for")
        demand(command.state == "Accepted", "no subscription while flying")
        return None
    found = state.subscription(command.subscription_id)
    demand(found is not None, "G5: attached to a subscription that is not there")
    assert found is not None
    demand(found.manager == command.caller, "attached to somebody else's subscription")
    demand(found.notify_for_operational_intents, "the subscription is not for intents")
    if footprint_holds(found.extent, command.extent) and covers_times(found.extent, command.extent):
        demand(made is None, "extended without need")
        return found
    demand(found.implicit, "an explicit subscription does not cover it")
    demand(made is not None, "the implicit subscription was not extended")
    assert made is not None
    demand(
        made.id == found.id
        and made.implicit
        and made.version != found.version
        and is_union(made.extent, found.extent, command.extent),
        "wrongly extended",
    )
    return made


def delete(
    shadow: Shadow,
    state: State,
    size: int,
    entry: e.OperationalIntentDeleted,
    command: c.DeleteOperationalIntent,
) -> Summary:
    """Deletion."""
    before = state.intent(command.id)
    demand(entry.id == command.id and before is not None, "G5: deleted what is not there")
    assert before is not None
    demand(before.manager == command.caller, "deleted by somebody else")
    demand(before.ovn == command.ovn, "G3: a deletion that did not name the current OVN")
    demand(state.availability(command.caller) != "Down", "deleted while Down")
    removed = _alone(state, before.subscription_id, before.id)
    demand(entry.removed_subscription == removed, f"G5: {removed} should be removed")
    shadow.intents.remove(before.id, size)
    told = notify(shadow, state, size, entry.notified, [before.extent], entry.at_us, False, removed)
    if removed is not None:
        remove_subscription(shadow, size, removed)
    return "intent", replies.intent(state, before, command.caller), told


def _alone(state: State, subscription_id: str | None, intent_id: str) -> str | None:
    """The implicit subscription that would be an orphan without the intent."""
    if subscription_id is None:
        return None
    found = state.subscription(subscription_id)
    demand(found is not None, "G5: an operational intent whose subscription is gone")
    assert found is not None
    alone = found.implicit and state.dependents(subscription_id) == (intent_id,)
    return subscription_id if alone else None
