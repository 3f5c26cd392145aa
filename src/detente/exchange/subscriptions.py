"""Subscriptions: standing interests in a volume (F3548-21 DSS0005,5; DSS0015)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.exchange import identifiers, views
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Decision
from detente.exchange.ownership import check_manager, check_version, not_found
from detente.exchange.refusals import (
    EndsInThePast,
    HasDependents,
    NoSuchEntity,
    NotAllowed,
    NotCovered,
)
from detente.f3548 import types as wire
from detente.geo import Extent, covers

KIND: Final = "subscription"


def put(
    airspace: Airspace, command: c.PutSubscription, moment: c.Moment, rules: c.Rules
) -> Decision:
    """Create or change a subscription (S3, S4). One that its manager changes is explicit from then.

    Raises:
        Refused: a subclass that names the rule; nothing changes then.
    """
    if not (command.notify_for_operational_intents or command.notify_for_constraints):
        raise NotAllowed(
            "notify_for_operational_intents or notify_for_constraints must be true",
            where="notify_for_operational_intents",
        )
    before = airspace.subscriptions.get(command.id)
    if before is None:
        if command.version is not None:
            raise NoSuchEntity(
                f"there is no subscription {command.id} to change",
                advice="To create it, leave the version out of the path.",
            )
    else:
        check_manager(before, command.caller, KIND)
        check_version(before, command.version, before.version, KIND)
    extent = _with_times(command.extent, before, moment.now_us, rules)
    subscription = e.Subscription(
        id=command.id,
        manager=command.caller,
        version=identifiers.new_version(moment.random),
        uss_base_url=command.uss_base_url,
        notify_for_operational_intents=command.notify_for_operational_intents,
        notify_for_constraints=command.notify_for_constraints,
        implicit=False,
        extent=extent,
    )
    if before is not None:
        _check_dependents(airspace, subscription, rules)
    reply = wire.PutSubscriptionResponse(
        views.subscription(airspace, subscription, index=0 if before is None else None)
    )
    if command.notify_for_operational_intents:
        found = views.intent_references(airspace, airspace.intents.relevant(extent), command.caller)
        reply = wire.PutSubscriptionResponse(reply.subscription, found)
    if command.notify_for_constraints:
        reply = wire.PutSubscriptionResponse(
            reply.subscription,
            reply.operational_intent_references,
            views.constraint_references(
                airspace, airspace.constraints.relevant(extent), command.caller
            ),
        )
    return Decision(e.SubscriptionPut(moment.now_us, subscription), reply)


def delete(airspace: Airspace, command: c.DeleteSubscription, moment: c.Moment) -> Decision:
    """Delete a subscription (S5); the answer shows it as it was.

    Raises:
        Refused: a subclass that names the rule; nothing changes then.
    """
    found = airspace.subscriptions.get(command.id)
    if found is None:
        raise not_found(command.id, KIND)
    check_manager(found, command.caller, KIND)
    check_version(found, command.version, found.version, KIND)
    users = airspace.dependents(found.id)
    if users:
        raise HasDependents(
            f"subscription {found.id} is used by {len(users)} operational intents",
            advice="Delete them or give them another subscription first.",
        )
    return Decision(
        e.SubscriptionDeleted(moment.now_us, found.id),
        wire.DeleteSubscriptionResponse(views.subscription(airspace, found)),
    )


def _with_times(
    extent: Extent, before: e.Subscription | None, now_us: int, rules: c.Rules
) -> Extent:
    """The extent with both times: as given, else as before, else from now, as long as allowed."""
    start_us, end_us = extent.time_start_us, extent.time_end_us
    if start_us is not None and start_us < now_us - c.CLOCK_SKEW_US:
        raise NotAllowed(
            "a subscription cannot start more than five minutes in the past",
            where="extents.time_start",
            advice="Leave the start out to begin now.",
        )
    if start_us is None:
        start_us = now_us if before is None else before.extent.time_start_us
    if end_us is None and before is not None:
        end_us = before.extent.time_end_us
    if start_us is None:
        raise ValueError("a subscription that is stored has both times")
    if end_us is None:
        end_us = start_us + rules.subscription_duration_max_us
    if end_us < start_us:
        raise NotAllowed("it ends before it starts", where="extents.time_end")
    if end_us - start_us > rules.subscription_duration_max_us:
        most = timedelta(microseconds=rules.subscription_duration_max_us)
        raise NotAllowed(
            f"a subscription may last {most} at most, this one would last "
            f"{timedelta(microseconds=end_us - start_us)}",
            where="extents.time_end",
        )
    if end_us < now_us:
        raise EndsInThePast("the subscription would have ended already", where="extents.time_end")
    return replace(extent, time_start_us=start_us, time_end_us=end_us)


def _check_dependents(airspace: Airspace, subscription: e.Subscription, rules: c.Rules) -> None:
    mine = subscription.extent
    for identifier in sorted(airspace.dependents(subscription.id)):
        intent = airspace.intents.get(identifier)
        if intent is None:
            raise ValueError("a dependent operational intent is always stored")
        its = intent.extent
        starts_late = (
            mine.time_start_us is not None
            and its.time_start_us is not None
            and mine.time_start_us > its.time_start_us + c.CLOCK_SKEW_US
        )
        ends_early = (
            mine.time_end_us is not None
            and its.time_end_us is not None
            and mine.time_end_us < its.time_end_us
        )
        if starts_late or ends_early or not covers(mine, its, rules.tolerance_m):
            raise NotCovered(
                f"operational intent {identifier} uses this subscription and would stick out of it",
                where="extents",
            )
    if airspace.dependents(subscription.id) and not subscription.notify_for_operational_intents:
        raise NotAllowed(
            "operational intents use this subscription, so it must be told of operational intents",
            where="notify_for_operational_intents",
        )
