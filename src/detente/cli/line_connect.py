"""How the commands of the line talk to the node: a session, its proof, errors, exit codes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec

from detente.cli.node_address import node_url, trust_of
from detente.cli.node_client import not_logged_in
from detente.cli.node_client import session_file as chosen_file
from detente.cli.session_file import SavedSession, SessionFile
from detente.errors import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from detente.terminal import HttpNode, Identity, LineCalls, Message, Session
    from detente.words import Language

T = TypeVar("T")

EXIT_NOT_SO: Final = 3
"""What was waited for did not come, or a line is down."""
EXIT_READ_BACK: Final = 4
"""What was read back is not what the message says; nothing was signed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An officer at the node.

    Attributes:
        calls: the node.
        session: as the node has it.
        party: whose node it is.
        language: the officer's.
    """

    calls: LineCalls
    session: Session
    party: str
    language: Language


def saved(node: str | None, path: Path | None) -> tuple[SessionFile, SavedSession]:
    """The session that there is.

    Raises:
        NotLoggedIn: there is none.
        SessionFileUnusable, NodeUnreachable: see these.
    """
    file = chosen_file(path)
    wanted = None if node is None else node_url(node)
    found = file.find(wanted)
    if found is None:
        raise not_logged_in(wanted or file.current())
    return file, found


def http_node(file: SessionFile, session: SavedSession, ca_file: str | None) -> HttpNode:
    """A client for that session; it keeps the tokens that the node gives later.

    Raises:
        NodeUnreachable: the certificates cannot be read.
    """
    from detente.terminal import HttpNode

    verify = trust_of(ca_file or session.ca)

    def keep(token: str) -> None:
        file.save(replace(session, token=token))

    return HttpNode(session.node, session.token, verify=verify, keep_token=keep)


@asynccontextmanager
async def desk(node: str | None, ca_file: str | None, path: Path | None) -> AsyncIterator[Desk]:
    """An officer at the node, for as long as a command takes.

    Raises:
        NotLoggedIn, SessionFileUnusable, NodeUnreachable: see these.
    """
    from detente.terminal import LineCalls

    file, session = saved(node, path)
    api = http_node(file, session, ca_file)
    try:
        calls = LineCalls(api, _ask_identity if sys.stdin.isatty() else None)
        found = await calls.session()
        ways = await calls.ways()
        yield Desk(calls, found, ways.party, "fr" if found.language == "fr" else "en")
    finally:
        await api.close()


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work; the node's answers become errors that are told.

    Raises:
        NotLoggedIn: the session has ended.
        NodeRefused, NodeAway: see these.
    """
    from detente.terminal import NodeRefused

    async def whole() -> T:
        return await work()

    try:
        return asyncio.run(whole())
    except NodeRefused as error:
        if error.status == 401:
            raise not_logged_in(None) from None
        if error.status == 403 and error.advice is None:
            error.advice = (
                "Your roles do not allow this, or you must prove who you are again: "
                "`detente node prove`."
            )
        raise


async def find(at: Desk, text: str) -> Message:
    """A message by its id, or by the end of it as lists show it.

    Raises:
        click.BadParameter: none of the newest has it, or several have.
        NodeRefused: there is no such message.
    """
    if len(text) == 36:
        return await at.calls.message(text)
    found: dict[str, Message] = {}
    for status in ("actual", "exercise", "test"):
        for box in ("in", "out"):
            page = await at.calls.messages(box, status=status, limit=200)
            found |= {each.id: each for each in page.messages if each.id.endswith(text)}
    if len(found) != 1:
        what = "no message" if not found else f"{len(found)} messages"
        raise click.BadParameter(
            f"{what} among the newest end with {text!r}; give the whole id.", param_hint="ID"
        )
    return next(iter(found.values()))


def print_answer(value: Any) -> None:
    """What a node answered, as JSON for programs."""
    click.echo(printable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=1)))


def show(what: RenderableType, *, err: bool = False) -> None:
    """Print something for people; with colours on a terminal only."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    wide = None if stream.isatty() else 120
    Console(file=stream, highlight=False, width=wide, emoji=False, markup=False).print(what)


async def _ask_identity(session: Session, again: bool) -> Identity | None:
    from detente.terminal import identity_of
    from detente.terminal.texts import PROOF_AGAIN, PROOF_HOW, PROOF_TITLE

    language: Language = "fr" if session.language == "fr" else "en"
    click.echo((PROOF_AGAIN if again else PROOF_TITLE).to(language), err=True)
    said = await asyncio.to_thread(
        click.prompt,
        PROOF_HOW.to(language),
        hide_input=True,
        default="",
        show_default=False,
        err=True,
    )
    return identity_of(str(said)) if said else None
