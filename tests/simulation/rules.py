"""The rules of F3548-21 once more: may this entry follow from that command in this state?

Written from the standard's guarantees, not from the exchange's decisions: the key, compare-and-set,
exact notification, the life of implicit subscriptions. Checked for every entry that becomes
durable, against the state that the log itself gives.
"""

from __future__ import annotations

from typing import Final

from tests.simulation import intent_rules, replies
from tests.simulation.effects import check_fresh, notify, remove_subscription
from tests.simulation.places import footprint_holds
from tests.simulation.replies import Summary
from tests.simulation.shadow import Shadow, State, demand

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.geo import Extent

FIVE_MINUTES_US: Final = 300_000_000
DAY_US: Final = 86_400_000_000


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
            summary = intent_rules.put(shadow, state, size, entry, command)
        case e.OperationalIntentDeleted(), c.DeleteOperationalIntent():
            summary = intent_rules.delete(shadow, state, size, entry, command)
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
        case e.ReportFiled(), c.FileReport():
            demand((entry.reporter, entry.report) == (command.caller, command.report), "altered")
            summary = ("report", entry.report_id)
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
    check_fresh(shadow, new.ovn)
    shadow.constraints.set(new.id, size, new)
    extents = [new.extent] if before is None else [before.extent, new.extent]
    told = notify(shadow, state, size, entry.notified, extents, entry.at_us, True, None)
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
    told = notify(shadow, state, size, entry.notified, [before.extent], entry.at_us, True, None)
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
    remove_subscription(shadow, size, before.id)
    return "subscription deleted", summary


# -- retention -------------------------------------------------------------------------------


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
        remove_subscription(shadow, size, identifier)


def _over(extent: Extent, before_us: int | None) -> bool:
    end_us = extent.time_end_us
    return before_us is not None and end_us is not None and end_us < before_us
