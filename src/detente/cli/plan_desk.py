"""An officer at a node, for the commands of `detente plan`: the node, its language, its plans.

Those of `detente constraint` ask and print in the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detente.cli.node_client import NodeClient, connect
from detente.cli.plan_answers import Plan, PlanCalls
from detente.words import Language, Words

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
        return only_id(text, (each.id for each in plans), "plan")


@contextmanager
def plan_desk(connection: Connection, language: Language | None = None) -> Iterator[PlanDesk]:
    """An officer at the node, for as long as a command takes.

    Args:
        connection: to the node.
        language: the officer's if None.

    Raises:
        NotLoggedIn, SessionFileUnusable, NodeUnreachable, NodeRefused: see these.
    """
    with connect(*connection) as client:
        yield PlanDesk(PlanCalls(client), language or language_of(client))


def language_of(client: NodeClient) -> Language:
    """That of the officer who is logged in. Raises as `NodeClient.get`."""
    return "fr" if client.get("session").get("language") == "fr" else "en"


def only_id(text: str, known: Iterable[str], what: str) -> str:
    """The only id that ends so.

    Args:
        what: has it; for what is told if there is none, or if there are several.

    Raises:
        click.BadParameter: there is not exactly one.
    """
    found = {each for each in known if each.endswith(text)}
    if len(found) != 1:
        count = f"no {what}" if not found else f"{len(found)} {what}s"
        verb = "end" if len(found) > 1 else "ends"
        raise click.BadParameter(
            f"{count} among the newest {verb} with {text!r}; give the whole id.", param_hint="ID"
        )
    return found.pop()


def confirm(yes: bool, question: Words, language: Language) -> None:
    """Ask whether to go on, unless that was said beforehand.

    Raises:
        click.Abort: not.
        click.UsageError: there is nobody to be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nothing was done: give --yes where nobody can be asked.")
    click.confirm(question.to(language), abort=True, err=True)


def exit_code(results: Iterable[str]) -> int:
    """What a command ends with whose attempts ended so: done, refused, failed."""
    found = set(results)
    if "done" in found:
        return 0 if found == {"done"} else EXIT_SOME
    return EXIT_REFUSED if found == {"refused"} else EXIT_FAILED


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar, if there are several things to do and a terminal to show it on."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    ) as shown:
        bar = shown.add_task("", total=total)
        yield lambda: shown.advance(bar)


def show(what: RenderableType, *, err: bool = False) -> None:
    """Print something for people; with colours on a terminal only."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    wide = None if stream.isatty() else 120
    Console(file=stream, highlight=False, width=wide, emoji=False, markup=False).print(what)
