"""`detente line inbox` and `detente line show`."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from detente.cli.line_connect import Desk, desk, find, print_answer, run, show
from detente.cli.line_options import Connection
from detente.errors import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from detente.terminal import Message
    from detente.terminal.picture import Picture
    from detente.words import Language

ID_END = 8
"""So much of an id is shown in lists, and is enough to name a message."""


def list_messages(
    connection: Connection,
    *,
    box: str,
    status: str,
    peer: str | None,
    room: str | None,
    state: str | None,
    waiting: bool,
    overdue: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List messages.

    Raises:
        NodeRefused, NodeAway: see these.
    """

    from detente.terminal.texts import NOTHING_LISTED

    async def work() -> None:
        async with desk(*connection) as at:
            picture = await pictured(at, box=box, status=status, peer=peer, limit=limit)
            steady_s = time.monotonic()
            found = []
            for message in picture.listed(status):
                left = picture.soonest_s(message.id, steady_s)
                ours = any(each.party == at.party for each in picture.waits_of(message.id))
                if waiting and not ours:
                    continue
                if room is not None and message.room != room:
                    continue
                if overdue and (left is None or left >= 0):
                    continue
                if state and all(each.state != state for each in message.recipients):
                    continue
                found.append(message)
            if as_json:
                print_answer({"status": status, "messages": found[:limit]})
            elif not found:
                click.echo(NOTHING_LISTED.to(at.language))
            else:
                show(messages_table(picture, found[:limit], at.language, steady_s))

    run(work)


async def pictured(
    at: Desk, *, box: str = "all", status: str, peer: str | None = None, limit: int = 50
) -> Picture:
    """What the node knows now of messages of a status."""
    from detente.terminal.picture import Picture

    picture = Picture(at.party)
    for each in ("in", "out") if box == "all" else (box,):
        page = await at.calls.messages(each, status=status, peer=peer, limit=limit)
        picture.put(page.messages)
    picture.put_waiting((await at.calls.waiting()).waiting, time.monotonic())
    return picture


def messages_table(
    picture: Picture, messages: list[Message], language: Language, steady_s: float
) -> Table:
    """Messages as a table: what, how far, by whom, how long it may still wait."""
    from rich.table import Table
    from rich.text import Text

    from detente.terminal.showing import STYLES, listed
    from detente.terminal.texts import COLUMNS, WAS

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("way", "time", "urgency", "what", "state"):
        table.add_column(COLUMNS[name].to(language), no_wrap=name != "what", overflow="fold")
    table.add_column("", overflow="fold")
    table.add_column(COLUMNS["left"].to(language), no_wrap=True)
    table.add_column("ID", no_wrap=True)
    now = datetime.now(UTC)
    for message in messages:
        row = listed(picture, message, language, now, steady_s)
        if picture.blind is not None:
            # How it stands now is not known: somebody may have acknowledged it.
            was = f"{WAS.to(language)} {row.state.partition(' ')[2]}"
            row = replace(row, state=was, left="?" if row.left else "", style=STYLES["grey"])
        by = ", ".join(
            each.acknowledged_by for each in message.recipients if each.acknowledged_by is not None
        )
        cells = (row.way, row.time, row.urgency, row.what, row.state, one_line(by), row.left)
        end = message.id[-ID_END:]
        table.add_row(*(Text(cell, row.style) for cell in cells), Text(end, row.style))
    return table


def show_message(connection: Connection, *, identity: str, as_json: bool) -> None:
    """Show a message with its thread.

    Raises:
        NodeRefused, NodeAway: see these.
    """

    async def work() -> None:
        async with desk(*connection) as at:
            message = await find(at, identity)
            thread = await at.calls.thread(message.id)
            if as_json:
                print_answer({"messages": thread})
                return
            await tell(at, thread)
            await report_shown(at, thread)

    run(work)


async def tell(at: Desk, thread: list[Message], *, fate: bool = True) -> None:
    """Print messages as they read, with what became of each."""
    from detente.terminal.picture import Picture
    from detente.terminal.showing import fate_text, message_text

    picture = Picture(at.party)
    picture.put(thread)
    picture.put_waiting((await at.calls.waiting()).waiting, time.monotonic())
    for message in thread:
        click.echo(one_line(f"── {message.id}"))
        show(message_text(message, at.party, at.language))
        if fate:
            show(fate_text(picture, message, at.language, time.monotonic()))


async def report_shown(at: Desk, messages: list[Message]) -> None:
    """State that messages to us were shown: if there was a terminal to show them on."""
    if not sys.stdout.isatty() or "line.shown" not in at.session.scopes:
        return
    for message in messages:
        ours = message.recipient(at.party)
        if message.sender == at.party or ours is None:
            continue
        if not any(each.officer == at.session.officer for each in ours.shown):
            await at.calls.shown(message.id)
            await asyncio.sleep(0)
