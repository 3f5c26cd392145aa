"""Alerts on their way into the record: what it refuses holds up no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.recording import recording

from detente.agreement import Agreement
from detente.node.context import NodeContext
from detente.node.watch.alerting import Alerting
from detente.record import Query
from detente.watch import AlertRules, Declarations, Event, EventKind, Grade

pytestmark = pytest.mark.anyio


def agreed() -> Agreement:
    """Nobody is told anything by itself."""
    document = SimpleNamespace(parties=[])
    return cast(Agreement, cast(Any, SimpleNamespace(document=document, rules={})))


def crossing(aircraft: str, **more: Any) -> Event:
    said: dict[str, Any] = {"grade": Grade.SHOWN, "boundary": "x/YY", "began_us": 0}
    return Event(id=aircraft * 64, kind=EventKind.CROSSING, aircraft=aircraft, **(said | more))


async def entries(context: NodeContext) -> list[tuple[object, object]]:
    page = await context.record.search(Query(kinds=("watch-alert",)))
    bodies = [each.payload.body for each in page.entries if each.payload is not None]
    return [(each["aircraft"], each["stage"]) for each in bodies]


async def test_what_the_record_refuses_holds_up_no_other_alert(tmp_path: Path) -> None:
    async with recording(tmp_path) as there:
        context = replace(there.context, agreement=agreed)
        alerting = Alerting(context, AlertRules(), Declarations().of, lambda _: None)
        wide = crossing("a", callsign="x" * (1 << 21))
        over = crossing("a", ended_us=5)
        await alerting.on_events([wide, crossing("b"), over])
        assert await entries(context) == [("b", "now")]
        await alerting.on_events([crossing("c"), crossing("b", ended_us=5)])
        assert sorted(await entries(context)) == [
            ("b", "now"), ("b", "over"), ("c", "now"),
        ]  # fmt: skip
        assert alerting.dropped == 0
