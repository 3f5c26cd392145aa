"""Was a refusal right? Checked against the state in which the exchange decided."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.intent_rules import NEXT, covers_times, missing_in_key
from tests.simulation.places import footprint_holds
from tests.simulation.rules import still_covers
from tests.simulation.shadow import State, demand

from detente.exchange import commands as c
from detente.exchange import refusals as r


def check(state: State, command: c.Command, refusal: r.Refused, now_us: int) -> None:
    """Raises `Violation` when the rule that the refusal names does not apply."""
    name = type(refusal).__name__
    holds = True
    match refusal, command:
        case r.MissingOvns(), c.PutOperationalIntent():
            _check_missing(state, command, refusal)
        case r.NotFound(), _:
            holds = _stored(state, command) is None
        case r.NoSuchEntity(), c.PutOperationalIntent():
            holds = (command.ovn is not None and state.intent(command.id) is None) or (
                command.subscription_id is not None
                and state.subscription(command.subscription_id) is None
            )
        case r.NoSuchEntity(), c.PutSubscription():
            holds = state.subscription(command.id) is None
        case r.AlreadyExists(), _:
            holds = _stored(state, command) is not None and _version(command) is None
        case r.WrongVersion(), c.SetAvailability():
            holds = state.availability_version(command.uss) != command.old_version
        case r.WrongVersion(), _:
            stored = _stored(state, command)
            holds = (None if stored is None else stored[1]) != _version(command)
        case r.NotManager(), _:
            holds = _managed_by_another(state, command)
        case r.UssIsDown(), c.PutOperationalIntent() | c.DeleteOperationalIntent():
            holds = state.availability(command.caller) == "Down"
        case r.HasDependents(), c.DeleteSubscription():
            holds = bool(state.dependents(command.id))
        case r.EndsInThePast(), (
            c.PutOperationalIntent() | c.PutConstraint() | c.PutSubscription()
        ):
            end_us = command.extent.time_end_us
            if end_us is None and isinstance(command, c.PutSubscription):
                before = state.subscription(command.id)
                end_us = None if before is None else before.extent.time_end_us
            holds = end_us is not None and end_us < now_us
        case r.NotCovered(), c.PutOperationalIntent() if command.subscription_id is not None:
            found = state.subscription(command.subscription_id)
            holds = found is not None and not (
                footprint_holds(found.extent, command.extent)
                and covers_times(found.extent, command.extent)
            )
        case r.NotCovered(), c.PutSubscription():
            holds = _sticks_out(state, command)
        case r.NotAllowed(), c.PutOperationalIntent():
            holds = _not_allowed(state, command)
        case r.NotAllowed(), c.PutSubscription():
            pass  # times, which the state machine's own tests cover
        case _:
            holds = False
    demand(holds, f"refused {command} as {name} ({refusal}) for no reason")


def _check_missing(state: State, command: c.PutOperationalIntent, refusal: r.MissingOvns) -> None:
    constraints_too = False
    if command.new_subscription is not None:
        constraints_too = command.new_subscription.notify_for_constraints
    elif command.subscription_id is not None:
        found = state.subscription(command.subscription_id)
        constraints_too = found is not None and found.notify_for_constraints
    intents, constraints = missing_in_key(state, command, constraints_too)
    named = [i.id for i in refusal.intents], [i.id for i in refusal.constraints]
    demand(bool(intents or constraints), "G1: refused although the key is complete")
    demand(named == (intents, constraints), f"G1: named {named}, not {(intents, constraints)}")


def _stored(state: State, command: c.Command) -> tuple[str, str] | None:
    """Manager and version of what a command is about."""
    match command:
        case c.PutOperationalIntent() | c.DeleteOperationalIntent():
            intent = state.intent(command.id)
            return None if intent is None else (intent.manager, intent.ovn)
        case c.PutConstraint() | c.DeleteConstraint():
            constraint = state.constraint(command.id)
            return None if constraint is None else (constraint.manager, constraint.ovn)
        case c.PutSubscription() | c.DeleteSubscription():
            subscription = state.subscription(command.id)
            return None if subscription is None else (subscription.manager, subscription.version)
        case _:
            return None


def _version(command: c.Command) -> str | None:
    match command:
        case c.PutSubscription() | c.DeleteSubscription():
            return command.version
        case (
            c.PutOperationalIntent()
            | c.DeleteOperationalIntent()
            | c.PutConstraint()
            | c.DeleteConstraint()
        ):
            return command.ovn
        case _:
            return None


def _managed_by_another(state: State, command: c.Command) -> bool:
    stored = _stored(state, command)
    assert not isinstance(command, c.OpenLog | c.JoinPool | c.Evict)
    if stored is not None and stored[0] != command.caller:
        return True
    if isinstance(command, c.PutOperationalIntent) and command.subscription_id is not None:
        found = state.subscription(command.subscription_id)
        return found is not None and found.manager != command.caller
    return False


def _sticks_out(state: State, command: c.PutSubscription) -> bool:
    before = state.subscription(command.id)
    if before is None:
        return False
    mine = command.extent
    if mine.time_start_us is None:
        mine = replace(mine, time_start_us=before.extent.time_start_us)
    if mine.time_end_us is None:
        mine = replace(mine, time_end_us=before.extent.time_end_us)
    for identifier in state.dependents(command.id):
        its = state.intent(identifier)
        assert its is not None
        if not still_covers(mine, its.extent):
            return True
    return False


def _not_allowed(state: State, command: c.PutOperationalIntent) -> bool:
    before = state.intent(command.id)
    if before is None:
        if command.state != "Accepted":
            return True
    elif command.state not in NEXT[before.state]:
        return True
    suffix = command.requested_ovn_suffix
    if suffix is not None and state.ovn_was_given(f"{command.id}_{suffix}"):
        return True
    if command.subscription_id is None:
        return command.state != "Accepted" and command.new_subscription is None
    found = state.subscription(command.subscription_id)
    return found is not None and not found.notify_for_operational_intents
