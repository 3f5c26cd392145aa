"""Which constraints there are: details and OVNs from the USSs that manage them."""

from __future__ import annotations

from collections.abc import Sequence

from detente.errors import DetenteError
from detente.f3548 import scopes
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D, conflicting_pairs
from detente.planning import faults
from detente.planning.actions import FetchConstraint, Heard, Refused
from detente.planning.intents import Fault, Result
from detente.planning.known import KnownConstraint, visible
from detente.planning.steps import (
    NOT_THERE,
    PATIENCE_US,
    Batch,
    Key,
    Steps,
    Stopped,
    Task,
    said,
    silent,
)
from detente.planning.told import NotYet, read_constraint
from detente.words import Words


class ConstraintSurvey:
    """What an attempt knows of constraints: by exchange and id.

    Attributes:
        found: others', with their OVNs.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self.found: dict[Key, KnownConstraint] = {}
        self._own: dict[Key, str] = {}

    def key(self, exchange: str) -> set[str]:
        """The OVNs of all that is known at an exchange."""
        others = {each.reference.ovn for (at, _), each in self.found.items() if at == exchange}
        return others | {ovn for (at, _), ovn in self._own.items() if at == exchange}

    def met(self, volumes: Sequence[Volume4D]) -> tuple[str, ...]:
        """Ids of those whose volumes meet these."""
        return tuple(
            sorted(
                {
                    each.reference.id
                    for each in self.found.values()
                    if len(conflicting_pairs(volumes, each.volumes)[0])
                }
            )
        )

    def learn(
        self, references: dict[Key, wire.ConstraintReference], refused: frozenset[str]
    ) -> Steps[None]:
        """Ask their USSs for those whose OVNs are not known.

        Args:
            refused: OVNs that the exchange did not take for current.

        Raises:
            Stopped: a constraint's OVN cannot be had.
        """
        todo = dict(references)
        problems: dict[Key, Words] = {}
        for pause_us in PATIENCE_US:
            for key, reference in list(todo.items()):
                current = self._task.known.current_constraint(key[0], reference)
                if current is not None and current.reference.ovn not in refused:
                    self.found[key] = current
                    del todo[key]
                elif visible(reference.ovn):
                    self._own[key] = reference.ovn
                    del todo[key]
            if not todo:
                return
            keys = list(todo)
            heard = yield Batch(
                tuple(
                    FetchConstraint(key[0], todo[key], scopes.CONSTRAINT_PROCESSING) for key in keys
                ),
                self._task.now_us + pause_us if pause_us else 0,
            )
            for key, each in zip(keys, heard, strict=True):
                read = self._understood(key, todo[key], each, refused)
                if isinstance(read, NotYet):
                    problems[key] = read.problem
                else:
                    self.found[key] = read
                    self._task.known.learn_constraint(read)
                    del todo[key]
            if not todo:
                return
        raise Stopped(
            Result.FAILED,
            *(_constraint_fault(key, todo[key], problems[key]) for key in todo),
        )

    def _understood(
        self,
        key: Key,
        reference: wire.ConstraintReference,
        heard: Heard,
        refused: frozenset[str],
    ) -> KnownConstraint | NotYet:
        match heard.answer:
            case uss.GetConstraintDetailsResponse(constraint=told):
                try:
                    read = read_constraint(reference, told, refused)
                except DetenteError as error:
                    fault = _constraint_fault(key, reference, said(error))
                    raise Stopped(Result.FAILED, fault) from None
                if isinstance(read, NotYet):
                    return read
                return KnownConstraint(
                    key[0],
                    told.reference,
                    told.details,
                    read,
                    self._task.now_us,
                    heard.source,
                    heard.signed_by,
                )
            case Refused(status=404):
                return NotYet(NOT_THERE)
            case _:
                fault = _constraint_fault(key, reference, silent(heard))
                raise Stopped(Result.FAILED, fault)


def _constraint_fault(key: Key, reference: wire.ConstraintReference, problem: Words) -> Fault:
    return faults.constraint_unknown(
        key[0],
        Words(
            f"The constraint {reference.id} of {reference.manager} is not known: {problem.en}.",
            f"La contrainte {reference.id} de {reference.manager} n’est pas connue : {problem.fr}.",
        ),
    )
