"""`detente line test`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from detente.cli.line_connect import EXIT_NOT_SO, Desk, desk, print_answer, run, show
from detente.cli.line_options import Connection
from detente.errors import one_line

if TYPE_CHECKING:
    from detente.terminal import TestCall

POLL_S: Final = 0.5


def test_line(
    connection: Connection,
    *,
    start: str | None,
    answer: str | None,
    call: str | None,
    wait_s: float | None,
    days: int,
    as_json: bool,
) -> None:
    """Make or answer a test call, or tell how they went.

    Raises:
        NodeRefused, NodeAway: see these.
    """
    if start and answer:
        raise click.UsageError("Make a call, or answer one; not both.")
    if wait_s is not None and not (start or answer):
        raise click.UsageError("--wait goes with --start or --answer.")

    async def work() -> None:
        async with desk(*connection) as at:
            if not start and not answer:
                await _statistics(at, days, as_json)
                return
            if start:
                found = await at.calls.start_test_call(start)
            else:
                waiting = await _waiting(at, call)
                found = await at.calls.answer_test_call(waiting, (answer or "").split())
            if wait_s is not None:
                found = await _wait(at, found, wait_s)
            if as_json:
                print_answer(found)
            else:
                words = found.words.words.to(at.language)
                missing = ", ".join(found.missing)
                click.echo(one_line(f"{found.id}  {words}  {missing}".rstrip()))
            if wait_s is not None and found.missing:
                sys.exit(EXIT_NOT_SO)

    run(work)


async def _statistics(at: Desk, days: int, as_json: bool) -> None:
    from detente.terminal.showing import clock_seconds
    from detente.terminal.test_calls import calls_text, phrase_of
    from detente.terminal.texts import TEST_SAY

    found = await at.calls.test_calls(days)
    if as_json:
        print_answer(found)
        return
    show(calls_text(found, at.language))
    for each in found.calls:
        if at.party in each.missing and each.state in ("open", "late"):
            message = await at.calls.message(each.id)
            when = clock_seconds(each.at, datetime.now(UTC))
            say = f"{TEST_SAY.to(at.language)} {phrase_of(message, at.language)}"
            click.echo(one_line(f"{each.id}  {when}  {say}"))


async def _waiting(at: Desk, call: str | None) -> str:
    open_ = [
        each.id
        for each in (await at.calls.test_calls()).calls
        if at.party in each.missing and (call is None or each.id.endswith(call))
    ]
    if not open_:
        raise click.UsageError("No such test call waits for us.")
    return open_[0]


async def _wait(at: Desk, call: TestCall, wait_s: float) -> TestCall:
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while call.missing and loop.time() < end:
        await asyncio.sleep(min(POLL_S, max(0.0, end - loop.time())))
        found = (await at.calls.test_calls()).calls
        call = next((each for each in found if each.id == call.id), call)
    return call
