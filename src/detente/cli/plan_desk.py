"""An officer at a node, for the commands of `detente plan`: the node, its language, its plans."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detente.cli.node_client import NodeClient, connect
from detente.cli.plan_answers import Plan, PlanCalls
from detente.words import Language

if TYPE_CHECKING:
    from rich.console import RenderableType

EXIT_REFUSED: Final = 1
EXIT_FAILED: Final = 3
EXIT_SOME: Final = 4
ID_LENGTH: Final = 36

Connection = tuple[str | None, str | None, Path | None]
"""URL of the node, file of certificates, file of sessions; as options give them."""


@dataclass(frozen=True, slots=True)
class PlanDesk:
    """An officer at a node.

    Attributes:
        calls: the node's plans.
        language: the officer's.
    """

    calls: PlanCalls
    language: Language

    @property
    def client(self) -> NodeClient:
        """The node."""
        return self.calls.client

    def find(self, text: str) -> Plan:
        """A plan by its id, or by the end of it as lists show it.

        Raises:
            click.BadParameter: none of the newest has it, or several have.
            NodeRefused: there is no such plan.
        """
        return self.calls.plan(self.id_of(text))[0]

    def id_of(self, text: str) -> str:
        """The whole id of a plan. Raises as `find`."""
        if len(text) == ID_LENGTH:
            return text
        plans = self.calls.plans() + self.calls.plans(state="ended")
        found = {each.id for each in plans if each.id.endswith(text)}
        if len(found) != 1:
            what = "no plan" if not found else f"{len(found)} plans"
            raise click.BadParameter(
                f"{what} among the newest end with {text!r}; give the whole id.", param_hint="ID"
            )
        return found.pop()


@contextmanager
def plan_desk(connection: Connection) -> Iterator[PlanDesk]:
    """An officer at the node, for as long as a command takes.

    Raises:
        NotLoggedIn, SessionFileUnusable, NodeUnreachable, NodeRefused: see these.
    """
    with connect(*connection) as client:
        session = client.get("session")
        yield PlanDesk(PlanCalls(client), "fr" if session.get("language") == "fr" else "en")


def show(what: RenderableType, *, err: bool = False) -> None:
    """Print something for people; with colours on a terminal only."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    wide = None if stream.isatty() else 120
    Console(file=stream, highlight=False, width=wide, emoji=False, markup=False).print(what)
