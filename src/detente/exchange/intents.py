"""Operational intent references: who may announce what, and who must be told (F3548-21 DSS0005).

States of an operational intent, and where each may go; a deletion ends it from any state:

    Accepted       -> Accepted, Activated, Nonconforming, Contingent
    Activated      -> Activated, Nonconforming, Contingent
    Nonconforming  -> Nonconforming, Activated, Contingent
    Contingent     -> Contingent
"""

from __future__ import annotations

from typing import Final

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.exchange import identifiers, views
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Decision
from detente.exchange.notifying import as_fact, triggered
from detente.exchange.ownership import check_manager, check_version, not_found
from detente.exchange.refusals import (
    EndsInThePast,
    MissingOvns,
    NoSuchEntity,
    NotAllowed,
    NotCovered,
    NotManager,
    UssIsDown,
)
from detente.f3548 import types as wire
from detente.geo import covers, union

TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "Accepted": frozenset({"Accepted", "Activated", "Nonconforming", "Contingent"}),
    "Activated": frozenset({"Activated", "Nonconforming", "Contingent"}),
    "Nonconforming": frozenset({"Nonconforming", "Activated", "Contingent"}),
    "Contingent": frozenset({"Contingent"}),
}

KIND: Final = "operational intent"
NOMINAL: Final = frozenset({"Accepted", "Activated"})


def put(
    airspace: Airspace, command: c.PutOperationalIntent, moment: c.Moment, rules: c.Rules
) -> Decision:
    """Create or change an operational intent reference (O3, O4).

    Raises:
        Refused: a subclass that names the rule; nothing changes then.
    """
    _check_request(command, moment.now_us)
    ovn = _ovn(command, moment)
    before = _current(airspace, command)
    if airspace.ovn_was_requested(ovn):
        raise NotAllowed(
            "this suffix was used for the same entity before", where="requested_ovn_suffix"
        )
    if rules.down_precondition and command.state in NOMINAL:
        _check_not_down(airspace, command.caller)
    if (
        rules.state_transitions
        and before is not None
        and command.state not in TRANSITIONS[before.state]
    ):
        raise NotAllowed(
            f"an operational intent that is {before.state} cannot become {command.state}",
            where="state",
        )
    subscription, is_new = _subscription(airspace, command, moment, rules)
    if command.state in NOMINAL:
        _check_key(airspace, command, subscription)
    intent = e.OperationalIntent(
        id=command.id,
        manager=command.caller,
        version=1 if before is None else before.version + 1,
        state=command.state,
        ovn=ovn,
        uss_base_url=command.uss_base_url,
        subscription_id=None if subscription is None else subscription.id,
        extent=command.extent,
    )
    removed = None if before is None else _left_alone(airspace, before, intent.subscription_id)
    told = triggered(
        airspace,
        [command.extent] if before is None else [before.extent, command.extent],
        moment.now_us,
        by_constraint=False,
        instead=subscription,
        also=subscription if is_new else None,
        without=removed,
    )
    return Decision(
        e.OperationalIntentPut(
            moment.now_us,
            intent,
            subscription if is_new else None,
            removed,
            as_fact(told),
        ),
        wire.ChangeOperationalIntentReferenceResponse(
            views.subscribers(told), views.intent_reference(airspace, intent, command.caller)
        ),
    )


def delete(
    airspace: Airspace, command: c.DeleteOperationalIntent, moment: c.Moment, rules: c.Rules
) -> Decision:
    """End an operational intent reference (O5); the answer shows it as it was.

    Raises:
        Refused: a subclass that names the rule; nothing changes then.
    """
    intent = airspace.intents.get(command.id)
    if intent is None:
        raise not_found(command.id, KIND)
    check_manager(intent, command.caller, KIND)
    check_version(intent, command.ovn, intent.ovn, KIND)
    if rules.down_precondition:
        _check_not_down(airspace, command.caller)
    removed = _left_alone(airspace, intent, None)
    told = triggered(airspace, [intent.extent], moment.now_us, by_constraint=False, without=removed)
    return Decision(
        e.OperationalIntentDeleted(moment.now_us, intent.id, removed, as_fact(told)),
        wire.ChangeOperationalIntentReferenceResponse(
            views.subscribers(told), views.intent_reference(airspace, intent, command.caller)
        ),
    )


def _check_request(command: c.PutOperationalIntent, now_us: int) -> None:
    if command.extent.time_end_us is not None and command.extent.time_end_us < now_us:
        raise EndsInThePast("all volumes end in the past", where="extents")
    if command.ovn is None and command.state != "Accepted":
        raise NotAllowed(
            f"an operational intent begins as Accepted, not as {command.state}", where="state"
        )
    if command.subscription_id is not None and command.new_subscription is not None:
        raise NotAllowed(
            "give subscription_id or new_subscription, not both", where="new_subscription"
        )
    if (
        command.state != "Accepted"
        and command.subscription_id is None
        and command.new_subscription is None
    ):
        raise NotAllowed(
            f"an operational intent that is {command.state} needs a subscription",
            where="subscription_id",
            advice="Name one of yours, or ask for one by new_subscription.",
        )


def _ovn(command: c.PutOperationalIntent, moment: c.Moment) -> str:
    """The OVN that the intent will have: one nobody can guess, or the one that was asked for."""
    if command.requested_ovn_suffix is None:
        return identifiers.new_ovn(moment.random)
    return identifiers.requested_ovn(command.id, command.requested_ovn_suffix, moment.now_us)


def _current(airspace: Airspace, command: c.PutOperationalIntent) -> e.OperationalIntent | None:
    before = airspace.intents.get(command.id)
    if before is None:
        if command.ovn is not None:
            raise NoSuchEntity(
                f"there is no operational intent {command.id} to change",
                advice="To create it, leave the OVN out of the path.",
            )
        return None
    check_manager(before, command.caller, KIND)
    check_version(before, command.ovn, before.ovn, KIND)
    return before


def _check_not_down(airspace: Airspace, caller: str) -> None:
    if airspace.availability(caller) == "Down":
        raise UssIsDown(
            f"{caller} has been declared Down and may not plan",
            advice="Ask the availability arbitrator to declare it Normal again.",
        )


def _subscription(
    airspace: Airspace, command: c.PutOperationalIntent, moment: c.Moment, rules: c.Rules
) -> tuple[e.Subscription | None, bool]:
    """The subscription that the intent will use, and whether this command makes or changes it."""
    if command.new_subscription is not None:
        return (
            e.Subscription(
                id=identifiers.new_uuid4(moment.random),
                manager=command.caller,
                version=identifiers.new_version(moment.random),
                uss_base_url=command.new_subscription.uss_base_url,
                notify_for_operational_intents=True,
                notify_for_constraints=command.new_subscription.notify_for_constraints,
                implicit=True,
                extent=command.extent,
            ),
            True,
        )
    if command.subscription_id is None:
        return None, False
    found = airspace.subscriptions.get(command.subscription_id)
    if found is None:
        raise NoSuchEntity(
            f"there is no subscription {command.subscription_id}", where="subscription_id"
        )
    if found.manager != command.caller:
        raise NotManager(
            f"subscription {found.id} is managed by somebody else", where="subscription_id"
        )
    if not found.notify_for_operational_intents:
        raise NotAllowed(
            f"subscription {found.id} does not ask to be told of operational intents",
            where="subscription_id",
        )
    reason = _not_covered(found, command, rules)
    if reason is None:
        return found, False
    if not found.implicit:
        raise NotCovered(
            f"subscription {found.id} does not cover the operational intent: {reason}",
            where="subscription_id",
            advice="Extend the subscription first, or ask for a new one.",
        )
    extended = e.Subscription(
        id=found.id,
        manager=found.manager,
        version=identifiers.new_version(moment.random),
        uss_base_url=found.uss_base_url,
        notify_for_operational_intents=True,
        notify_for_constraints=found.notify_for_constraints,
        implicit=True,
        extent=union(found.extent, command.extent),
    )
    return extended, True


def _not_covered(
    subscription: e.Subscription, command: c.PutOperationalIntent, rules: c.Rules
) -> str | None:
    mine, its = subscription.extent, command.extent
    if _later(mine.time_start_us, its.time_start_us):
        return "it starts later"
    if _later(its.time_end_us, mine.time_end_us):
        return "it ends earlier"
    if not covers(mine, its, rules.tolerance_m):
        return "its area or altitudes are smaller"
    return None


def _later(a_us: int | None, b_us: int | None) -> bool:
    return a_us is not None and b_us is not None and a_us > b_us


def _check_key(
    airspace: Airspace, command: c.PutOperationalIntent, subscription: e.Subscription | None
) -> None:
    key = command.key
    intents = [
        other
        for other in airspace.intents.relevant(command.extent)
        if other.ovn not in key
        and other.id != command.id
        and not (other.state == "Accepted" and airspace.availability(other.manager) == "Down")
    ]
    constraints = []
    if subscription is not None and subscription.notify_for_constraints:
        constraints = [
            other for other in airspace.constraints.relevant(command.extent) if other.ovn not in key
        ]
    if intents or constraints:
        raise MissingOvns(
            views.intent_references(airspace, intents, command.caller),
            views.constraint_references(airspace, constraints, command.caller),
        )


def _left_alone(airspace: Airspace, intent: e.OperationalIntent, kept: str | None) -> str | None:
    """The implicit subscription that nothing uses any longer once the intent leaves it."""
    identifier = intent.subscription_id
    if identifier is None or identifier == kept:
        return None
    subscription = airspace.subscriptions.get(identifier)
    if subscription is None or not subscription.implicit:
        return None
    return identifier if airspace.dependents(identifier) == {intent.id} else None
