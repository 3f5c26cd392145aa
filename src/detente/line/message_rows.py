"""Rows of the read model of messages, put together to what officers look at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, cast

from detente.record import Blob, SqlRow, SqlValue

from .message_states import AcknowledgementFact, ReadBackFact, judge, state_of
from .message_views import Called, MessageView, RecipientView, Shown
from .rules import LineRules

Query = Callable[[str, Sequence[SqlValue]], Awaitable[Sequence[SqlRow]]]
"""Asks the tables: SQL with a `?` for each value, and the values."""

PAGE_MAX: Final = 200
FACTS_MAX: Final = 50
"""Statements of one kind by one party about one message that are looked at: whoever states more
would have others read them for ever. The first ones; of messages, the newest."""
COLUMNS: Final = (
    "m.id, m.position, m.sender, m.author, m.channel, m.status, m.created, m.form, m.urgency, "
    "m.room, m.corrects, m.answers, m.body, m.blobs"
)
"""Of a message, for `views`."""


async def views(
    query: Query, rows: Sequence[SqlRow], party: str, rules: LineRules
) -> list[MessageView]:
    """Messages with what became of them: a fixed number of questions for all of them."""
    ids = [cast(str, row[0]) for row in rows]
    # Asked together: the answers take one turn, not one each.
    facts = await _together({name: select(query, *asked) for name, asked in _asked(ids).items()})
    read_backs = [cast(str, row[3]) for row in facts["read_backs"]]
    corrections = [cast(str, row[3]) for row in facts["corrections"]]
    facts |= await _together(
        {
            "refusals": select(query, "refusals", "about, party", read_backs, "about"),
            "corrected_to": select(query, "to", "id, party", corrections),
        }
    )
    found = {name: _grouped(each) for name, each in facts.items()}

    def all_views() -> list[MessageView]:
        return [_view(cast(tuple[Any, ...], row), found, party, rules) for row in rows]

    if facts["read_backs"] and facts["acknowledgements"]:
        # Places may have to be compared: nobody else shall wait for that.
        return await asyncio.to_thread(all_views)
    return all_views()


def _asked(ids: Sequence[str]) -> dict[str, tuple[str, str, Sequence[str], str]]:
    """What is asked about messages: table, columns, ids, and the column that names the message."""
    said = "about, party, status"
    return {
        "to": ("to", "id, party", ids, "id"),
        "receipts": ("receipts", "about, party, received", ids, "about"),
        "shown": ("shown", f"{said}, officer, shown", ids, "about"),
        "read_backs": ("read_backs", f"{said}, id, position, author, created, body", ids, "about"),
        "acknowledgements": (
            "acknowledgements",
            f"{said}, id, position, author, created, note",
            ids,
            "about",
        ),
        "calls": ("calls", f"{said}, officer, step, called", ids, "about"),
        "answers": ("said", "answers, sender, status, id, position", ids, "answers"),
        "corrections": ("said", "corrects, sender, status, id, position", ids, "corrects"),
        "overdue": ("alarms", "about, party, what, whose", ids, "about"),
    }


async def _together(asked: Mapping[str, Awaitable[list[SqlRow]]]) -> dict[str, list[SqlRow]]:
    return dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))


_Facts = Mapping[str, Mapping[str, Sequence[tuple[Any, ...]]]]


def _view(row: tuple[Any, ...], facts: _Facts, party: str, rules: LineRules) -> MessageView:
    identity, position, sender, status = row[0], row[1], row[2], row[5]
    body = json.loads(row[12])
    corrections = [
        each
        for each in facts["corrections"].get(identity, ())
        if each[1] == sender and each[2] == status and each[4] > position
    ]
    recipients = []
    for (to,) in (each[1:] for each in facts["to"].get(identity, ())):
        reached = [
            each[3]
            for each in corrections
            if any(them[1] == to for them in facts["corrected_to"].get(each[3], ()))
        ]
        recipients.append(
            _recipient(identity, to, sender, status, body, facts, rules, reached[-1:])
        )
    overdue = {
        each[3]
        for each in facts["overdue"].get(identity, ())
        if each[1] == party and each[2] == "overdue" and each[3] is not None
    }
    blobs = tuple(
        Blob(bytes.fromhex(each["sha256"]), each["size"], each["media_type"])
        for each in json.loads(row[13])
    )
    return MessageView(
        id=identity,
        position=position,
        sender=sender,
        author=row[3],
        channel=row[4],
        status=status,
        created=row[6],
        form=row[7],
        urgency=row[8],
        room=row[9],
        corrects=row[10],
        answers=row[11],
        body=body,
        blobs=blobs,
        recipients=tuple(recipients),
        overdue=tuple(sorted(overdue)),
    )


def _recipient(
    identity: str,
    party: str,
    sender: str,
    status: str,
    body: Mapping[str, Any],
    facts: _Facts,
    rules: LineRules,
    corrections: Sequence[str],
) -> RecipientView:
    def those(name: str) -> list[tuple[Any, ...]]:
        """What this party has stated of this message, under its status, the oldest first."""
        rows = facts[name].get(identity, ())
        return [row for row in rows if row[1] == party and row[2] == status]

    delivered = [row[2] for row in facts["receipts"].get(identity, ()) if row[1] == party]
    shown = tuple(Shown(officer, at) for _, _, _, officer, at in those("shown"))
    read_backs = tuple(
        ReadBackFact(
            each,
            position,
            author,
            created,
            json.loads(said),
            any(row[1] == sender for row in facts["refusals"].get(each, ())),
        )
        for _, _, _, each, position, author, created, said in those("read_backs")
    )
    judged = judge(
        body,
        read_backs,
        [AcknowledgementFact(*row[3:8]) for row in those("acknowledgements")],
        rules,
    )
    answers = tuple(row[3] for row in those("answers"))
    state = state_of(
        delivered=bool(delivered),
        shown=bool(shown),
        acknowledged=any(each.counts for each in judged),
        answered=bool(answers),
    )
    return RecipientView(
        party,
        state,
        delivered[0] if delivered else None,
        shown,
        tuple(judged),
        read_backs,
        answers,
        tuple(Called(officer, step, at) for _, _, _, officer, step, at in those("calls")),
        corrections[0] if corrections else None,
    )


async def select(
    query: Query,
    table: str,
    columns: str,
    values: Sequence[str],
    of: str = "id",
    alias: str = "",
) -> list[SqlRow]:
    """Rows of a table whose column is one of these values, in the order of the record.

    Of what parties have stated about something, no more than `FACTS_MAX` of each.
    """
    if of in ("about", "answers", "corrects"):
        by, order = ("sender", "DESC") if table == "said" else ("party", "ASC")
        ranked = f"ROW_NUMBER() OVER (PARTITION BY {of}, {by} ORDER BY position {order}) AS nth"
        some = f"SELECT *, {ranked} FROM messages_{table} WHERE {of} IN (%s)"  # noqa: S608
        sql = f"SELECT {columns} FROM ({some}) AS f WHERE nth <= {FACTS_MAX} "  # noqa: S608
    else:
        sql = f"SELECT {columns} FROM messages_{table}{alias} WHERE {of} IN (%s) "  # noqa: S608
    rows: list[SqlRow] = []
    for begin in range(0, len(values), PAGE_MAX):
        some_values = values[begin : begin + PAGE_MAX]
        marks = ", ".join("?" * len(some_values))
        rows += await query(sql % marks + "ORDER BY position", some_values)
    return rows


def _grouped(rows: Sequence[SqlRow]) -> dict[str, list[tuple[Any, ...]]]:
    grouped: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        grouped.setdefault(cast(str, row[0]), []).append(row)
    return grouped
