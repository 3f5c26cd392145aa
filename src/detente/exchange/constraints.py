"""Constraint references: like operational intents, but without a state, a key or a subscription."""

from __future__ import annotations

from typing import Final

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.exchange import identifiers, views
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Decision
from detente.exchange.notifying import as_fact, triggered
from detente.exchange.ownership import check_manager, check_version, not_found
from detente.exchange.refusals import EndsInThePast, WrongVersion
from detente.f3548 import types as wire

KIND: Final = "constraint"


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
        check_manager(before, command.caller, KIND)
        check_version(before, command.ovn, before.ovn, KIND)
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
        raise not_found(command.id, KIND)
    check_manager(constraint, command.caller, KIND)
    check_version(constraint, command.ovn, constraint.ovn, KIND)
    told = triggered(airspace, [constraint.extent], moment.now_us, by_constraint=True)
    return Decision(
        e.ConstraintDeleted(moment.now_us, constraint.id, as_fact(told)),
        wire.ChangeConstraintReferenceResponse(
            views.subscribers(told),
            views.constraint_reference(airspace, constraint, command.caller),
        ),
    )
