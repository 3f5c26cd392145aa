"""Thousands of messages may wait: they are looked at when something is recorded about them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from tests.support.line_messages import Talk

from detente.line import LineRules, WaitingMessages, acknowledgement_draft, message_draft
from detente.record import SqlRow, SqlValue

pytestmark = pytest.mark.anyio

RULES = LineRules()


class Asked:
    """The tables of a party, counting the questions about each table."""

    def __init__(self, talk: Talk, party: str) -> None:
        self._tables = talk.tables[party]
        self.counts: Counter[str] = Counter()

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> Sequence[SqlRow]:
        """As the tables do."""
        self.counts[re.findall(r" FROM (messages_\w+)", sql)[0]] += 1
        return await self._tables.query(sql, values)


async def test_what_waits_is_read_again_only_after_something_was_recorded_about_it() -> None:
    talk = Talk()
    first, second = talk.say(), talk.say()
    asked, waiting = Asked(talk, "b"), WaitingMessages("b")

    async def ids() -> list[str]:
        return [each.id for each in await waiting.refresh(asked.query, RULES)]

    assert await ids() == [str(first.id), str(second.id)]
    assert asked.counts["messages_calls"] == 1
    assert await ids() == [str(first.id), str(second.id)]
    third = talk.say()
    talk.state("b", acknowledgement_draft(first), by="lind")
    assert await ids() == [str(second.id), str(third.id)]
    # Only the one that is new was read; the acknowledged one is none of the candidates.
    assert asked.counts["messages_calls"] == 2
    again = await WaitingMessages("b").refresh(talk.tables["b"].query, RULES)
    assert [each.id for each in again] == [str(second.id), str(third.id)]


async def test_a_correction_is_noticed_on_what_was_read_before() -> None:
    talk = Talk()
    first = talk.say()
    waiting = WaitingMessages("b")
    tables = talk.tables["b"]
    assert len(await waiting.refresh(tables.query, RULES)) == 1
    body = first.body
    draft = message_draft(
        str(body["form"]),
        {"text": {"language": "en", "text": "Not quiet at all."}},
        sender="a",
        to=("b",),
        language="en",
        corrects=first,
    )
    correction = talk.state("a", draft, by="durand")
    found = {each.id: each for each in await waiting.refresh(tables.query, RULES)}
    assert found[str(first.id)].superseded_by == str(correction.id)
    talk.state("b", acknowledgement_draft(correction), by="lind")
    assert await waiting.refresh(tables.query, RULES) == []
