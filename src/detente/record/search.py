"""Finding entries by what stands beside them, and by the words of their bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from .entries import Page, Query
from .ijson import JsonValue, format_time
from .log import SqlLog
from .party_tables import entry_of
from .statements import SqlRow, SqlValue

LIMIT_MAX: Final = 1000
_ROWS_AT_ONCE: Final = 500
_ROWS_LOOKED_AT_MAX: Final = 20_000


async def search(log: SqlLog, query: Query, limit: int, after: int | None) -> Page:
    """A page of the entries that match.

    Words are looked for in Python, so that case is understood in every script; everything else is
    an index's work.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    condition, values = _condition(query)
    words = None if not query.text else query.text.casefold()
    looked_at = 0
    page = Page([], None)
    while looked_at < _ROWS_LOOKED_AT_MAX:
        wanted = limit - len(page.entries) if words is None else _ROWS_AT_ONCE
        rows = await log.query(*_statement(query, condition, values, after, wanted))
        for row in rows:
            after = cast(int, row[0])
            if words is None or _says(row, words):
                page.entries.append(entry_of(row))
                if len(page.entries) == limit:
                    return Page(page.entries, after)
        looked_at += len(rows)
        if len(rows) < wanted:
            return page
    return Page(page.entries, after)


def _statement(
    query: Query, condition: str, values: Sequence[SqlValue], after: int | None, limit: int
) -> tuple[str, tuple[SqlValue, ...]]:
    beyond, order = ("<", "DESC") if query.newest_first else (">", "ASC")
    if after is not None:
        condition, values = f"{condition} AND p.position {beyond} ?", [*values, after]
    source = "party_entries AS p JOIN entries AS e ON e.position = p.position"
    if query.recipient is not None:
        source += " JOIN party_recipients AS r ON r.position = p.position"
    return (
        "SELECT p.position, e.body, p.kind, p.author, p.payload, p.erased_by "  # noqa: S608
        f"FROM {source} WHERE {condition} ORDER BY p.position {order} LIMIT ?",
        (*values, limit),
    )


def _condition(query: Query) -> tuple[str, list[SqlValue]]:
    parts, values = ["p.position >= ?"], [cast(SqlValue, query.first)]

    def add(part: str, *given: SqlValue) -> None:
        parts.append(part)
        values.extend(given)

    if query.last is not None:
        add("p.position <= ?", query.last)
    if query.kinds:
        add(f"p.kind IN ({', '.join('?' * len(query.kinds))})", *query.kinds)
    if query.senders:
        add(f"p.sender IN ({', '.join('?' * len(query.senders))})", *query.senders)
    if query.recipient is not None:
        add("r.party = ?", query.recipient)
    if query.channel is not None:
        add("p.channel = ?", query.channel)
    if query.status is not None:
        add("p.status = ?", query.status)
    # Times have one spelling of one length: they sort as they are written.
    if query.since is not None:
        add("p.created >= ?", format_time(query.since))
    if query.until is not None:
        add("p.created < ?", format_time(query.until))
    if query.text:
        add("p.payload IS NOT NULL")
    return " AND ".join(parts), values


def _says(row: SqlRow, words: str) -> bool:
    payload = cast("bytes | None", row[4])
    if payload is None:
        return False
    # The whole text first, where it can be seen: most entries are done with then. What JSON writes
    # as an escape shows in the body only.
    if not _ESCAPED.intersection(words) and words not in payload.decode().casefold():
        return False
    said = entry_of(row).payload
    return said is not None and any(words in text.casefold() for text in _texts(said.body))


def _texts(value: JsonValue) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)


_ESCAPED: Final = frozenset({'"', "\\", *map(chr, range(32))})
