"""Questions to the read model of messages.

Each takes `query`, such as `PartyRecord.query`, and answers from what the entries prove at that
moment. Lists hold one status only: actual messages, exercises and tests are never mixed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

from detente.record import SqlRow, SqlValue, format_time, parse_time

from .message_rows import COLUMNS, PAGE_MAX, Query, select, views
from .message_views import AlarmView, MessageView
from .rules import LineRules
from .testcalls import CallFact, same_phrase

THREAD_MAX: Final = 500


async def inbox(
    query: Query,
    party: str,
    rules: LineRules,
    *,
    status: str = "actual",
    peer: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[MessageView]:
    """Messages to a party, the newest first.

    Args:
        query: asks the tables.
        party: whose record it is.
        rules: how exactly one reads back.
        status: `actual`, `exercise` or `test`.
        peer: only from this party.
        before: only from before this position, for the next page.
        limit: at most so many, and at most 200.
    """
    sql = (
        f"SELECT {COLUMNS} FROM messages_to AS t JOIN messages_said AS m ON m.id = t.id "  # noqa: S608
        "WHERE t.party = ? AND m.sender <> ? AND m.status = ? AND t.position < ? "
    )
    values: list[SqlValue] = [party, party, status, _before(before)]
    if peer is not None:
        sql += "AND m.sender = ? "
        values.append(peer)
    rows = await query(sql + "ORDER BY t.position DESC LIMIT ?", [*values, _limit(limit)])
    return await views(query, rows, party, rules)


async def outbox(
    query: Query,
    party: str,
    rules: LineRules,
    *,
    status: str = "actual",
    peer: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[MessageView]:
    """Messages of a party, the newest first. Arguments are those of `inbox`; `peer`: only to it."""
    sql = (
        f"SELECT {COLUMNS} FROM messages_said AS m "  # noqa: S608
        "WHERE m.sender = ? AND m.status = ? AND m.position < ? "
    )
    values: list[SqlValue] = [party, status, _before(before)]
    if peer is not None:
        sql += "AND EXISTS (SELECT 1 FROM messages_to AS t WHERE t.id = m.id AND t.party = ?) "
        values.append(peer)
    rows = await query(sql + "ORDER BY m.position DESC LIMIT ?", [*values, _limit(limit)])
    return await views(query, rows, party, rules)


async def message(query: Query, identity: str, party: str, rules: LineRules) -> MessageView | None:
    """One message; None if the record has none of that id, or it was erased.

    Args:
        query: asks the tables.
        identity: of the message.
        party: whose record it is.
        rules: how exactly one reads back.
    """
    views = await by_ids(query, [identity], party, rules)
    return views[0] if views else None


async def by_ids(
    query: Query, identities: Sequence[str], party: str, rules: LineRules
) -> list[MessageView]:
    """Several messages, in the order of the record."""
    rows = await select(query, "said", COLUMNS, identities, of="m.id", alias=" AS m")
    return await views(query, sorted(rows, key=lambda row: cast(int, row[1])), party, rules)


async def thread(query: Query, identity: str, party: str, rules: LineRules) -> list[MessageView]:
    """A message with all that it answers or corrects, and all that answers or corrects those.

    In the order of the record; at most 500. Messages of another status are not followed.
    """
    found: set[str] = set()
    fresh = {identity}
    statuses = await select(query, "said", "status", [identity])
    if not statuses:
        return []
    (status,) = statuses[0]
    while fresh and len(found) < THREAD_MAX:
        found |= fresh
        asked = sorted(fresh)
        rows: list[SqlRow] = []
        for column in ("id", "answers", "corrects"):
            rows += await select(query, "said", "id, answers, corrects, status", asked, of=column)
        near = {
            cast(str, each)
            for row in rows
            if row[3] == status
            for each in row[:3]
            if each is not None
        }
        there = await select(query, "said", "id, status", sorted(near - found))
        fresh = {cast(str, row[0]) for row in there if row[1] == status}
    return await by_ids(query, sorted(found)[:THREAD_MAX], party, rules)


async def call_facts(
    query: Query, party: str, since: datetime, *, limit: int = 1000
) -> list[CallFact]:
    """Test calls that this party made or got, the oldest first.

    Args:
        query: asks the tables.
        party: whose record it is.
        since: made at or after, as their senders say.
        limit: at most the newest so many.
    """
    rows = await query(
        f"SELECT {COLUMNS}, t.party FROM messages_said AS m "  # noqa: S608
        "JOIN messages_to AS t ON t.id = m.id "
        "WHERE m.form = 'test-call' AND m.status = 'test' AND m.created >= ? "
        "AND (m.sender = ? OR t.party = ?) ORDER BY m.position DESC LIMIT ?",
        [format_time(since), party, party, limit],
    )
    rows = rows[::-1]
    ids = [cast(str, row[0]) for row in rows]
    answers = await select(
        query, "said", "answers, sender, created, body, form, status", ids, of="answers"
    )
    alarms = await select(query, "alarms", "about, what, party", ids, of="about")
    alarmed = {row[0] for row in alarms if row[1:] == ("test-call-missed", party)}
    facts = []
    for row in rows:
        identity, _, caller, *_, body, _, callee = cast(tuple[Any, ...], row)
        said = _phrase(json.loads(body))
        right: dict[str, datetime] = {}
        wrong: set[str] = set()
        for about, sender, created, answer, form, status in cast(list[Any], answers):
            if (about, form, status) != (identity, "test-answer", "test"):
                continue
            again = _phrase(json.loads(answer))
            if said is None or again is None or not same_phrase(said, again):
                wrong.add(sender)
            elif sender not in right:
                right[sender] = parse_time(created)
        facts.append(
            CallFact(
                identity,
                caller,
                callee,
                parse_time(cast(str, row[6])),
                right,
                tuple(sorted(wrong)),
                identity in alarmed,
            )
        )
    return facts


async def alarms(
    query: Query,
    party: str,
    *,
    status: str = "actual",
    before: int | None = None,
    limit: int = 50,
) -> list[AlarmView]:
    """Alarms of a party's own node, the newest first. Arguments are those of `inbox`."""
    rows = await query(
        "SELECT id, position, what, status, created, about, body FROM messages_alarms "
        "WHERE party = ? AND status = ? AND position < ? ORDER BY position DESC LIMIT ?",
        [party, status, _before(before), _limit(limit)],
    )
    return [
        AlarmView(identity, position, what, kept, created, about, json.loads(body))
        for identity, position, what, kept, created, about, body in cast(list[Any], rows)
    ]


async def read_backs_to_judge(
    query: Query, party: str, *, since: int = 0, limit: int = PAGE_MAX
) -> list[tuple[str, str, int]]:
    """Read-backs of our messages that we have not refused: ids of message and read-back, position.

    Args:
        query: asks the tables.
        party: whose record it is.
        since: from this position on.
        limit: at most so many.
    """
    rows = await query(
        "SELECT m.id, r.id, r.position FROM messages_read_backs AS r "
        "JOIN messages_said AS m ON m.id = r.about AND m.status = r.status "
        "JOIN messages_to AS t ON t.id = m.id AND t.party = r.party "
        "WHERE m.sender = ? AND r.position >= ? AND NOT EXISTS (SELECT 1 FROM messages_refusals "
        "AS f WHERE f.about = r.id AND f.party = m.sender) ORDER BY r.position LIMIT ?",
        [party, since, limit],
    )
    return cast(list[tuple[str, str, int]], list(rows))


def _phrase(body: object) -> list[str] | None:
    fields = body.get("fields") if isinstance(body, dict) else None
    phrase = fields.get("phrase") if isinstance(fields, dict) else None
    if isinstance(phrase, list) and all(isinstance(word, str) for word in phrase):
        return [str(word) for word in phrase]
    return None


def _before(position: int | None) -> int:
    return (1 << 62) if position is None else max(0, min(position, 1 << 62))


def _limit(limit: int) -> int:
    return max(1, min(limit, PAGE_MAX))
