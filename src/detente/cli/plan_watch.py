"""`detente plan watch`."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

import click
import msgspec

from detente.cli.line_connect import desk, run
from detente.cli.plan_answers import Said
from detente.cli.plan_desk import Connection
from detente.cli.plan_text import ID_END, said, state_words
from detente.errors import one_line, printable
from detente.words import Language, Words

if TYPE_CHECKING:
    from detente.terminal import NodeApi
    from detente.terminal.sse import SentEvent

LISTENING: Final = Words("listening", "à l’écoute")
LOST: Final = Words("no connection", "pas de connexion")
_TOLD: Final = ("plan", "plan-notice")


class PlanEvent(msgspec.Struct, frozen=True):
    """Something that happened to a plan, or that our operators were told.

    Attributes:
        event: the stream's name of it: `plan`, or `plan-notice`.
        data: as the node told it.
    """

    event: str
    data: dict[str, object]

    def line(self, language: Language) -> str:
        """For people."""
        text = msgspec.convert(self.data.get("words", {}), Said)
        what = str(self.data.get("state") or self.data.get("event") or "")
        identity = str(self.data.get("id", ""))[-ID_END:]
        name = str(self.data.get("name", ""))
        result = str(self.data.get("result", ""))
        mark = (
            "!" if self.event == "plan-notice" else {"refused": "✗", "failed": "✗"}.get(result, "·")
        )
        return one_line(
            f"{mark} …{identity}  {state_words(what, language)}  {name}  {said(text, language)}"
        )


def watch_plans(
    connection: Connection, *, after: str | None, seconds: float | None, as_json: bool
) -> None:
    """Watch until Ctrl+C, or for so long.

    Raises:
        NodeRefused: the session has ended.
        NodeAway: the node did not answer when this began; later silence is told, and endured.
    """

    async def work() -> None:
        async with desk(*connection) as at:
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    await _watch(at.calls.api, after, at.language, as_json)
            except TimeoutError:
                if not limit.expired():
                    raise

    run(work)


async def _watch(api: NodeApi, after: str | None, language: Language, as_json: bool) -> None:
    from detente.terminal import Lost, follow_events

    async for each in follow_events(api, _heard, after=after):
        if as_json:
            name = type(each).__name__.lower()
            facts: dict[str, object] = {"why": each.error.message} if isinstance(each, Lost) else {}
            if isinstance(each, PlanEvent):
                name, facts = each.event, each.data
            line = json.dumps({"event": name, **facts}, ensure_ascii=False)
            click.echo(printable(line))
        elif isinstance(each, PlanEvent):
            click.echo(each.line(language))
        elif isinstance(each, Lost):
            click.echo(one_line(f"! {LOST.to(language)}: {each.error.message}"), err=True)
        else:
            click.echo(LISTENING.to(language), err=True)


def _heard(event: SentEvent) -> PlanEvent | None:
    if event.name not in _TOLD:
        return None
    return PlanEvent(event.name, msgspec.json.decode(event.data, type=dict[str, object]))
