"""Constraint references: like operational intents, but without a state, a key or a subscription."""

from __future__ import annotations

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.exchange import identifiers, views
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Decision
from detente.exchange.notifying import as_fact, triggered
from detente.exchange.refusals import (
    AlreadyExists,
    EndsInThePast,
    NotFound,
    NotManager,
    WrongVersion,
)
from detente.f3548 import types as wire


def put(airspace: Airspace, command: c.PutConstraint, moment: c.Moment) -> Decision:
    """Create or change a constraint reference (C3, C4).

    Raises:
        Refused: a subclass that names the rule; nothing changes then.
    """
    if command.extent.time_end_us is not None and command.extent.time_end_us < moment.now_us:
        raise EndsInThePast("all volumes end in the past", where="extents")
    before = airspace.constraints.get(command.id)
    if before is None:
        if command.ovn is not None:
            raise WrongVersion(
                f"there is no constraint {command.id} with this OVN",
                advice="To create it, leave the OVN out of the path.",
            )
    else:
        _check_manager(before, command.caller)
        if command.ovn is None:
            raise AlreadyExists(
                f"you have a constraint {command.id} already",
                advice="To change it, put its OVN into the path.",
            )
        _check_ovn(before, command.ovn)
    constraint = e.Constraint(
        id=command.id,
        manager=command.caller,
        version=1 if before is None else before.version + 1,
        ovn=identifiers.new_ovn(moment.random),
        uss_base_url=command.uss_base_url,
        extent=command.extent,
    )
    told = triggered(
        airspace,
        [command.extent] if before is None else [before.extent, command.extent],
        moment.now_us,
        by_constraint=True,
    )
    return Decision(
        e.ConstraintPut(moment.now_us, constraint, as_fact(told)),
        wire.ChangeConstraintReferenceResponse(
            views.subscribers(told),
            views.constraint_reference(airspace, constraint, command.caller),
        ),
    )


def delete(airspace: Airspace, command: c.DeleteConstraint, moment: c.Moment) -> Decision:
    """Delete a constraint reference (C5); the answer shows it as it was.

    Raises:
        Refused: a subclass that names the rule; nothing changes then.
    """
    constraint = airspace.constraints.get(command.id)
    if constraint is None:
        raise NotFound(f"there is no constraint {command.id}")
    _check_manager(constraint, command.caller)
    _check_ovn(constraint, command.ovn)
    told = triggered(airspace, [constraint.extent], moment.now_us, by_constraint=True)
    return Decision(
        e.ConstraintDeleted(moment.now_us, constraint.id, as_fact(told)),
        wire.ChangeConstraintReferenceResponse(
            views.subscribers(told),
            views.constraint_reference(airspace, constraint, command.caller),
        ),
    )


def _check_manager(constraint: e.Constraint, caller: str) -> None:
    if constraint.manager != caller:
        raise NotManager(f"constraint {constraint.id} is managed by {constraint.manager}")


def _check_ovn(constraint: e.Constraint, ovn: str) -> None:
    if constraint.ovn != ovn:
        raise WrongVersion(
            f"this is not the current OVN of constraint {constraint.id}",
            advice="Read the reference again: it has changed, or the OVN was mistyped.",
        )
