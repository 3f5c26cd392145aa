"""`detente line watch`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
import msgspec

from detente.cli.line_connect import Desk, desk, run
from detente.cli.line_inbox import messages_table
from detente.cli.line_options import Connection
from detente.errors import one_line, printable

if TYPE_CHECKING:
    from rich.console import Group

    from detente.terminal.picture import Picture

ROWS_MAX: Final = 15


def watch_node(
    connection: Connection,
    *,
    after: str | None,
    seconds: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Watch until Ctrl+C, or for so long.

    Raises:
        NodeRefused: the session has ended.
        NodeAway: the node did not answer when this began; later silence is told, and endured.
    """

    async def work() -> None:
        async with desk(*connection) as at:
            watching = (
                _as_lines(at, after)
                if as_json or not sys.stdout.isatty()
                else _live(at, after, quiet=quiet)
            )
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    await watching
            except TimeoutError:
                if not limit.expired():
                    raise

    run(work)


async def _as_lines(at: Desk, after: str | None) -> None:
    from detente.terminal import Listening, Lost, follow

    async for each in follow(at.calls.api, after=after):
        facts = msgspec.to_builtins(each) if isinstance(each, msgspec.Struct) else {}
        if isinstance(each, Lost):
            facts = {"why": each.error.message}
        name = "listening" if isinstance(each, Listening) else type(each).__name__.lower()
        line = json.dumps({"event": name, **facts}, ensure_ascii=False)
        click.echo(printable(line))


async def _live(at: Desk, after: str | None, *, quiet: bool) -> None:
    from rich.live import Live

    from detente.terminal.picture import Picture
    from detente.terminal.watching import Watcher

    picture, changed = Picture(at.party), asyncio.Event()
    watcher = Watcher(
        at.calls,
        picture,
        clock=lambda: datetime.now(UTC),
        steady=time.monotonic,
        changed=changed.set,
        after=after,
    )
    running = asyncio.create_task(watcher.run())
    rung: set[str] = set()
    try:
        with Live(screen=False, auto_refresh=False) as live:
            while not running.done():
                keys = {each.key for each in picture.alarms(time.monotonic())}
                if picture.blind is not None:
                    keys = {"blind"}
                live.update(_view(at, picture), refresh=True)
                if keys - rung and not quiet:
                    live.console.bell()
                rung = keys
                changed.clear()
                try:
                    await asyncio.wait_for(changed.wait(), 1.0)
                except TimeoutError:
                    continue  # clocks go on, even if nothing happens
        running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if watcher.ended is not None:
        raise watcher.ended


def _view(at: Desk, picture: Picture) -> Group:
    from rich.console import Group, RenderableType
    from rich.text import Text

    from detente.terminal import texts
    from detente.terminal.showing import STYLES, clock_seconds, link_text
    from detente.terminal.typesetting import COLON

    now, steady_s, language = datetime.now(UTC), time.monotonic(), at.language
    parts: list[RenderableType] = [Text(f"{now:%Y-%m-%d %H:%M:%S}Z  {one_line(picture.party)}")]
    if picture.blind is not None:
        since = clock_seconds(f"{picture.blind:%Y-%m-%dT%H:%M:%SZ}", now)
        colon = COLON.to(language)
        said = f"!! {texts.NO_ANSWER.to(language)} {texts.SINCE.to(language)} {since}{colon} "
        parts.append(Text(said + texts.AS_IT_WAS.to(language), STYLES["late"]))
    else:
        for alarm in picture.alarms(steady_s):
            line = f"! {texts.ALARM.to(language)}  {one_line(alarm.words.to(language))}"
            parts.append(Text(line, STYLES["late"]))
    lines = [link_text(picture.links[peer], language, now) for peer in sorted(picture.links)]
    if picture.blind is not None:
        was = texts.WAS.to(language)
        lines = [Text(f"{was} {line.plain}", STYLES["grey"]) for line in lines]
    parts += lines
    for status in texts.STATUS_BANNER:
        found = picture.listed(status)[:ROWS_MAX]
        if found:
            parts.append(Text(f"\n{texts.STATUS_BANNER[status].to(language)}", "bold"))
            parts.append(messages_table(picture, found, language, steady_s))
    return Group(*parts)
