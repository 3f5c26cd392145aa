"""The rules of F3548-21 once more: may this entry follow from that command in this state?

Written from the standard's guarantees, not from the exchange's decisions: the key, compare-and-set,
exact notification, the life of implicit subscriptions. Checked for every entry that becomes
durable, against the state that the log itself gives.
"""

from __future__ import annotations

from typing import Final

from tests.simulation import replies
from tests.simulation.places import footprint_holds, is_union, meet
from tests.simulation.replies import Summary
from tests.simulation.shadow import Shadow, State, demand

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.geo import Extent

FIVE_MINUTES_US: Final = 300_000_000
DAY_US: Final = 86_400_000_000

NEXT: Final = {
    "Accepted": ("Accepted", "Activated", "Nonconforming", "Contingent"),
    "Activated": ("Activated", "Nonconforming", "Contingent"),
    "Nonconforming": ("Nonconforming", "Activated", "Contingent"),
    "Contingent": ("Contingent",),
}


def take(shadow: Shadow, entry: e.Entry, command: c.Command) -> Summary:
    """Check an entry against the state before it, then make it true.

    Returns what the client must be told.

    Raises:
        Violation: the entry should not be in the log.
    """
    state = shadow.at(shadow.size)
    size = shadow.size + 1
    match entry, command:
        case e.OperationalIntentPut(), c.PutOperationalIntent():
            summary = _put_intent(shadow, state, size, entry, command)
        case e.OperationalIntentDeleted(), c.DeleteOperationalIntent():
            summary = _delete_intent(shadow, state, size, entry, command)
        case e.ConstraintPut(), c.PutConstraint():
            summary = _put_constraint(shadow, state, size, entry, command)
        case e.ConstraintDeleted(), c.DeleteConstraint():
            summary = _delete_constraint(shadow, state, size, entry, command)
        case e.SubscriptionPut(), c.PutSubscription():
            summary = _put_subscription(shadow, state, size, entry, command)
        case e.SubscriptionDeleted(), c.DeleteSubscription():
            summary = _delete_subscription(shadow, state, size, entry, command)
        case e.AvailabilitySet(), c.SetAvailability():
            status = entry.status
            demand(state.availability_version(status.uss) == command.old_version, "G3: stale")
            demand(status.version not in ("", command.old_version), "the version did not change")
            demand(
                (status.uss, status.availability) == (command.uss, command.availability),
                "not the availability that was asked for",
            )
            shadow.availability.set(status.uss, size, status)
            summary = ("availability", status.uss, status.availability, status.version)
        case e.HeartbeatHeard(), c.SendHeartbeat():
            beat = entry.heartbeat
            demand(beat.index == shadow.heartbeats.get(beat.instance, 0) + 1, "a beat is missing")
            shadow.heartbeats[beat.instance] = beat.index
            summary = ("done",)
        case e.InstanceJoined(), c.JoinPool():
            demand(shadow.joined.get(command.name) != entry.instance, "it had joined already")
            shadow.joined[command.name] = entry.instance
            summary = ("done",)
        case e.LogOpened(), c.OpenLog():
            demand(not shadow.dar_id and shadow.size == 0, "the log was open already")
            shadow.dar_id = entry.dar_id
            summary = ("done",)
        case e.Evicted(), c.Evict():
            _evict(shadow, state, size, entry, command)
            summary = ("done",)
        case _:
            demand(False, f"{type(entry).__name__} cannot come of {type(command).__name__}")
            raise AssertionError
    shadow.size = size
    return summary


# -- operational intents ---------------------------------------------------------------------


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


def _put_intent(
    shadow: Shadow,
    state: State,
    size: int,
    entry: e.OperationalIntentPut,
    command: c.PutOperationalIntent,
) -> Summary:
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
    _fresh_ovn(shadow, new.ovn)
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
    told = _notify(shadow, state, size, entry.notified, extents, entry.at_us, False, removed)
    if removed is not None:
        _remove_subscription(shadow, size, removed)
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


def _delete_intent(
    shadow: Shadow,
    state: State,
    size: int,
    entry: e.OperationalIntentDeleted,
    command: c.DeleteOperationalIntent,
) -> Summary:
    before = state.intent(command.id)
    demand(entry.id == command.id and before is not None, "G5: deleted what is not there")
    assert before is not None
    demand(before.manager == command.caller, "deleted by somebody else")
    demand(before.ovn == command.ovn, "G3: a deletion that did not name the current OVN")
    demand(state.availability(command.caller) != "Down", "deleted while Down")
    removed = _alone(state, before.subscription_id, before.id)
    demand(entry.removed_subscription == removed, f"G5: {removed} should be removed")
    shadow.intents.remove(before.id, size)
    told = _notify(
        shadow, state, size, entry.notified, [before.extent], entry.at_us, False, removed
    )
    if removed is not None:
        _remove_subscription(shadow, size, removed)
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


# -- constraints -----------------------------------------------------------------------------


def _put_constraint(
    shadow: Shadow, state: State, size: int, entry: e.ConstraintPut, command: c.PutConstraint
) -> Summary:
    new, before = entry.constraint, state.constraint(command.id)
    demand(
        (new.id, new.manager, new.extent, new.uss_base_url)
        == (command.id, command.caller, command.extent, command.uss_base_url),
        "not the constraint that was asked for",
    )
    if before is None:
        demand(command.ovn is None and new.version == 1, "G3: not a creation")
    else:
        demand(before.manager == command.caller, "changed by somebody else")
        demand(command.ovn == before.ovn, "G3: an update that did not name the current OVN")
        demand(new.version == before.version + 1, f"G3: version {before.version} to {new.version}")
    _fresh_ovn(shadow, new.ovn)
    shadow.constraints.set(new.id, size, new)
    extents = [new.extent] if before is None else [before.extent, new.extent]
    told = _notify(shadow, state, size, entry.notified, extents, entry.at_us, True, None)
    return "constraint", replies.constraint(state, new, command.caller), told


def _delete_constraint(
    shadow: Shadow, state: State, size: int, entry: e.ConstraintDeleted, command: c.DeleteConstraint
) -> Summary:
    before = state.constraint(command.id)
    demand(entry.id == command.id and before is not None, "G5: deleted what is not there")
    assert before is not None
    demand(before.manager == command.caller, "deleted by somebody else")
    demand(before.ovn == command.ovn, "G3: a deletion that did not name the current OVN")
    shadow.constraints.remove(before.id, size)
    told = _notify(shadow, state, size, entry.notified, [before.extent], entry.at_us, True, None)
    return "constraint", replies.constraint(state, before, command.caller), told


# -- subscriptions ---------------------------------------------------------------------------


def _put_subscription(
    shadow: Shadow, state: State, size: int, entry: e.SubscriptionPut, command: c.PutSubscription
) -> Summary:
    new, before = entry.subscription, state.subscription(command.id)
    asked = command.extent
    demand(
        (new.id, new.manager, new.uss_base_url, new.extent.hull)
        == (command.id, command.caller, command.uss_base_url, asked.hull)
        and (new.extent.altitude_lower_mm, new.extent.altitude_upper_mm)
        == (asked.altitude_lower_mm, asked.altitude_upper_mm)
        and (new.notify_for_operational_intents, new.notify_for_constraints)
        == (command.notify_for_operational_intents, command.notify_for_constraints)
        and not new.implicit,
        "not the subscription that was asked for",
    )
    start_us = entry.at_us if before is None else before.extent.time_start_us
    start_us = start_us if asked.time_start_us is None else asked.time_start_us
    assert start_us is not None
    end_us = start_us + DAY_US if before is None else before.extent.time_end_us
    end_us = end_us if asked.time_end_us is None else asked.time_end_us
    assert end_us is not None
    demand((new.extent.time_start_us, new.extent.time_end_us) == (start_us, end_us), "times")
    demand(0 <= end_us - start_us <= DAY_US and end_us >= entry.at_us, "times out of bounds")
    if before is None:
        demand(command.version is None, "G3: an update of what is not there")
        shadow.indexes.set(new.id, size, 0)
    else:
        demand(before.manager == command.caller, "changed by somebody else")
        demand(command.version == before.version, "G3: an update of an old version")
        demand(new.version != before.version, "the version did not change")
        for identifier in state.dependents(new.id):
            its = state.intent(identifier)
            assert its is not None
            demand(still_covers(new.extent, its.extent), f"{identifier} sticks out")
            demand(new.notify_for_operational_intents, "it has dependents")
    shadow.subscriptions.set(new.id, size, new)
    intents = constraints = None
    if new.notify_for_operational_intents:
        found = state.intents_meeting(new.extent)
        intents = tuple(replies.intent(state, i, command.caller) for i in found)
    if new.notify_for_constraints:
        also = state.constraints_meeting(new.extent)
        constraints = tuple(replies.constraint(state, i, command.caller) for i in also)
    return "subscription", replies.subscription(state, new), intents, constraints


def still_covers(mine: Extent, its: Extent) -> bool:
    """May an operational intent go on using a subscription that is changed to `mine`?"""
    assert mine.time_start_us is not None
    assert mine.time_end_us is not None
    assert its.time_start_us is not None
    assert its.time_end_us is not None
    return (
        footprint_holds(mine, its)
        and mine.time_start_us <= its.time_start_us + FIVE_MINUTES_US
        and its.time_end_us <= mine.time_end_us
    )


def _delete_subscription(
    shadow: Shadow,
    state: State,
    size: int,
    entry: e.SubscriptionDeleted,
    command: c.DeleteSubscription,
) -> Summary:
    before = state.subscription(command.id)
    demand(entry.id == command.id and before is not None, "G5: deleted what is not there")
    assert before is not None
    demand(before.manager == command.caller, "deleted by somebody else")
    demand(before.version == command.version, "G3: a deletion of an old version")
    demand(not state.dependents(before.id), "G5: dependents without subscription")
    summary = replies.subscription(state, before)
    _remove_subscription(shadow, size, before.id)
    return "subscription deleted", summary


# -- common ----------------------------------------------------------------------------------


def _evict(shadow: Shadow, state: State, size: int, entry: e.Evicted, command: c.Evict) -> None:
    gone = set(entry.operational_intents)
    subscriptions = set(entry.subscriptions)
    limits = (
        (state.intents(), entry.operational_intents, command.intents_ended_before_us),
        (state.constraints(), entry.constraints, command.constraints_ended_before_us),
    )
    for stored, evicted, before_us in limits:
        over = {item.id for item in stored if _over(item.extent, before_us)}
        demand(len(evicted) == min(len(over), command.most), "not everything that is over went")
        demand(set(evicted) <= over, "evicted what is not over")
    for item in state.subscriptions():
        users = set(state.dependents(item.id))
        if item.id in subscriptions:
            demand(users <= gone, "G5: evicted a subscription that is used")
            demand(
                _over(item.extent, command.subscriptions_ended_before_us)
                or (item.implicit and bool(users)),
                "evicted a subscription that is not over",
            )
        elif item.implicit:
            demand(not users <= gone, "G5: an implicit subscription became an orphan")
    for identifier in entry.operational_intents:
        shadow.intents.remove(identifier, size)
    for identifier in entry.constraints:
        shadow.constraints.remove(identifier, size)
    for identifier in entry.subscriptions:
        _remove_subscription(shadow, size, identifier)


def _over(extent: Extent, before_us: int | None) -> bool:
    end_us = extent.time_end_us
    return before_us is not None and end_us is not None and end_us < before_us


def _notify(
    shadow: Shadow,
    state: State,
    size: int,
    notified: e.Notified,
    extents: list[Extent],
    at_us: int,
    by_constraint: bool,
    removed: str | None,
) -> Summary:
    """G4: each relevant subscription once, with the next index; `state` is that before."""
    expected: dict[str, tuple[str, int]] = {}
    for item in shadow.at(shadow.size).subscriptions():
        end_us = item.extent.time_end_us
        wants = (
            item.notify_for_constraints if by_constraint else item.notify_for_operational_intents
        )
        if (
            wants
            and item.id != removed
            and (end_us is None or end_us >= at_us)
            and any(meet(item.extent, extent) for extent in extents)
        ):
            expected[item.id] = (item.uss_base_url, state.index(item.id) + 1)
    found = dict(notified)
    demand(len(found) == len(notified), "G4: a subscription was notified twice")
    wanted = {identifier: index for identifier, (_, index) in expected.items()}
    demand(found == wanted, f"G4: notified {found}, should be {wanted}")
    for identifier in sorted(found):
        shadow.indexes.set(identifier, size, found[identifier])
    return replies.told(expected)


def _remove_subscription(shadow: Shadow, size: int, identifier: str) -> None:
    demand(identifier in shadow.subscriptions.now, "G5: deleted twice")
    shadow.subscriptions.remove(identifier, size)
    shadow.indexes.remove(identifier, size)


def _fresh_ovn(shadow: Shadow, ovn: str) -> None:
    demand(ovn not in shadow.ovns, "an OVN was given twice")
    shadow.ovns.add(ovn)
