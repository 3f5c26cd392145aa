"""`detente line ack`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from detente.cli.line_connect import EXIT_READ_BACK, Desk, desk, find, print_answer, run
from detente.cli.line_inbox import report_shown, tell
from detente.cli.line_options import Connection
from detente.cli.line_send import ask
from detente.errors import one_line

if TYPE_CHECKING:
    from detente.record import JsonValue
    from detente.terminal import Question


def acknowledge(
    connection: Connection,
    *,
    identity: str,
    area: str | None,
    levels: str | None,
    times: str | None,
    remark: str | None,
    as_json: bool,
) -> None:
    """Acknowledge a message.

    Raises:
        NodeRefused, NodeAway: see these.
    """
    from detente.terminal import NodeRefused, NotUnderstood
    from detente.terminal.acknowledging import questions_for, refused_words
    from detente.terminal.texts import ALREADY, NOT_TO_US, SIGNED

    given = {
        name: text
        for name, text in (("area", area), ("levels", levels), ("times", times))
        if text is not None
    }

    async def work() -> None:
        async with desk(*connection) as at:
            message = await find(at, identity)
            ours = message.recipient(at.party)
            if message.sender == at.party or ours is None:
                raise click.UsageError(NOT_TO_US.to(at.language))
            if ours.acknowledged:
                raise click.UsageError(ALREADY.to(at.language))
            if not as_json:
                await tell(at, [message], fate=False)
                await report_shown(at, [message])
            asked = questions_for(message)
            again = dict(given)
            done = None
            while done is None:
                read = await _read(at, asked, again)
                try:
                    done = await at.calls.acknowledge(message.id, read, remark)
                except NodeRefused as error:
                    if not error.differences:
                        raise
                    for words in refused_words(error):
                        click.echo(one_line(words.to(at.language)), err=True)
                    if not sys.stdin.isatty():
                        sys.exit(EXIT_READ_BACK)
                    # What was right need not be said again.
                    wrong = {each.part for each in error.differences}
                    again = {
                        q.name: q.write(read[q.name], at.language)
                        for q in asked
                        if q.name not in wrong
                    }
            if as_json:
                print_answer(done)
            else:
                click.echo(SIGNED.to(at.language))

    try:
        run(work)
    except NotUnderstood as error:
        raise click.UsageError(str(error)) from None


async def _read(
    at: Desk, asked: tuple[Question, ...], given: dict[str, str]
) -> dict[str, JsonValue]:
    read: dict[str, JsonValue] = {}
    for question in asked:
        text = given.get(question.name)
        if text is None:
            if not sys.stdin.isatty():
                raise click.UsageError(f"The {question.name} must be read back: --{question.name}.")
            text = await asyncio.to_thread(ask, question, "", at.language)
        read[question.name] = question.read(text, at.language)
    return read
