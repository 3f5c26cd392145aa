"""The read model of planning: what each entry of the record adds to the tables `plans_…`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Final

from detente.planning.entries import (
    ATTEMPT,
    CONSTRAINT,
    EXCHANGE,
    INPUT,
    INTENT,
    NOTICE,
    PENDING,
    POSITIONS,
)
from detente.record import Entry, JsonValue, Payload, SqlValue, Statement, TableSet, format_time

_TABLES: Final = TableSet.from_sql(
    "plans", files(__package__).joinpath("sql", "plans.sql").read_text(encoding="utf-8")
)


class PlanProjection:
    """Keeps the tables `plans_…` in step with a record (`detente.record.Projection`).

    Only what the party itself has stated counts: what others state by that name is theirs. An entry
    whose large members stand in files says all that is needed here without them.
    """

    @property
    def tables(self) -> TableSet:
        """Its tables."""
        return _TABLES

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """What an entry adds."""
        payload = entry.payload
        add = None if payload is None or payload.sender != party else _ADD.get(payload.kind)
        return [] if payload is None or add is None else add(entry.index, payload)

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """What takes the same away again."""
        payload = entry.payload
        if payload is None:
            return []
        forgotten = [
            Statement(f"DELETE FROM {table} WHERE id = ?", [(str(payload.id),)])  # noqa: S608
            for table in _OF_KIND.get(payload.kind, ())
        ]
        if payload.kind == EXCHANGE:
            by_position = "DELETE FROM plans_about WHERE position = ?"
            forgotten.append(Statement(by_position, [(entry.index,)]))
        return forgotten


PLAN_PROJECTION: Final = PlanProjection()


def _intent(index: int, payload: Payload) -> list[Statement]:
    body = payload.body
    return _one(
        "intents",
        index,
        payload,
        _text(body.get("id")),
        _number(body.get("version")),
        _text(body.get("state")),
        _flag(body.get("ended")),
        _text(body.get("name")),
        _text(body.get("operator")),
        format_time(payload.created),
    )


def _pending(index: int, payload: Payload) -> list[Statement]:
    return _one("pending", index, payload, _text(payload.body.get("intent")))


def _attempt(index: int, payload: Payload) -> list[Statement]:
    body = payload.body
    return _one(
        "attempts",
        index,
        payload,
        _text(body.get("intent")),
        _text(body.get("action")),
        _text(body.get("result")),
        _text(body.get("rule")),
        "" if body.get("unsettled") else _text(body.get("pending")),
        _text(body.get("began")),
        _text(body.get("ended")),
    )


def _exchange(index: int, payload: Payload) -> list[Statement]:
    body = payload.body
    told = _object(body.get("exchange"))
    statements = _one(
        "exchanges",
        index,
        payload,
        _text(told.get("recorder_role")),
        _text(body.get("party")),
        _text(told.get("method")),
        _text(told.get("url")),
        _number(told.get("response_code")),
        _text(body.get("at")),
    )
    about = body.get("about")
    if isinstance(about, list) and about:
        rows = [(index, each) for each in dict.fromkeys(map(str, about))]
        statements.append(Statement(_insert("about", 2), rows))
    return statements


def _told(index: int, payload: Payload) -> list[Statement]:
    body = payload.body
    return _one(
        "told",
        index,
        payload,
        payload.kind,
        _text(body.get("event")),
        _text(body.get("intent")),
        _text(body.get("triggered")),
    )


def _positions(index: int, payload: Payload) -> list[Statement]:
    body = payload.body
    return _one(
        "positions",
        index,
        payload,
        _text(body.get("intent")),
        _text(body.get("first")),
        _text(body.get("last")),
        _number(body.get("flown_us")),
        _number(body.get("outside_us")),
        _number(body.get("excursions")),
        _number(body.get("long_excursions")),
    )


def _constraint(index: int, payload: Payload) -> list[Statement]:
    body = payload.body
    return _one(
        "constraints",
        index,
        payload,
        _text(body.get("id")),
        _number(body.get("version")),
        _flag(body.get("ended")),
        _text(body.get("provider")),
        format_time(payload.created),
    )


_ADD: Final[Mapping[str, Callable[[int, Payload], list[Statement]]]] = {
    INTENT: _intent,
    PENDING: _pending,
    ATTEMPT: _attempt,
    EXCHANGE: _exchange,
    NOTICE: _told,
    INPUT: _told,
    POSITIONS: _positions,
    CONSTRAINT: _constraint,
}
_OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    INTENT: ("plans_intents",),
    PENDING: ("plans_pending",),
    ATTEMPT: ("plans_attempts",),
    EXCHANGE: ("plans_exchanges",),
    NOTICE: ("plans_told",),
    INPUT: ("plans_told",),
    POSITIONS: ("plans_positions",),
    CONSTRAINT: ("plans_constraints",),
}


def _one(table: str, index: int, payload: Payload, *values: SqlValue) -> list[Statement]:
    row = (str(payload.id), index, *values)
    return [Statement(_insert(table, len(row)), [row])]


def _insert(table: str, values: int) -> str:
    marks = ", ".join("?" * values)
    return f"INSERT INTO plans_{table} VALUES ({marks})"  # noqa: S608


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _flag(value: JsonValue) -> int:
    return 1 if value is True else 0


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}
