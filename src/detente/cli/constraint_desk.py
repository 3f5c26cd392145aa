"""An officer at a node, for the commands of `detente constraint`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from detente.cli.constraint_answers import Constraint, ConstraintCalls
from detente.cli.node_client import connect
from detente.cli.plan_desk import ID_LENGTH, Connection, language_of, only_id
from detente.words import Language


@dataclass(frozen=True, slots=True)
class ConstraintDesk:
    """An officer at a node.

    Attributes:
        calls: the node's constraints.
        language: the officer's.
    """

    calls: ConstraintCalls
    language: Language

    def id_of(self, text: str) -> str:
        """The whole id of a constraint by the end of it, as lists show it.

        Raises:
            click.BadParameter: none that the node knows has it, or several have.
        """
        if len(text) == ID_LENGTH:
            return text
        known = self.calls.constraints(ended=True)[0].constraints
        return only_id(text, (each.id for each in known), "constraint")

    def ours(self, text: str) -> Constraint:
        """One of ours, by its id or the end of it.

        Raises:
            click.BadParameter: see `id_of`; or somebody else manages it.
            NodeRefused: there is no such constraint.
        """
        found = self.calls.constraint(self.id_of(text))[0]
        if not found.ours:
            raise click.BadParameter(
                f"{found.manager} manages that constraint; only who manages one changes it.",
                param_hint="ID",
            )
        return found


@contextmanager
def constraint_desk(connection: Connection) -> Iterator[ConstraintDesk]:
    """An officer at the node, for as long as a command takes.

    Raises:
        NotLoggedIn, SessionFileUnusable, NodeUnreachable, NodeRefused: see these.
    """
    with connect(*connection) as client:
        yield ConstraintDesk(ConstraintCalls(client), language_of(client))
