"""The read model of messages: what each entry of the record adds to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Final

from detente.record import Entry, JsonValue, Payload, Statement, TableSet, format_time, parse_time

from .message_states import read_back_needed

_TABLES: Final = TableSet.from_sql(
    "messages", files(__package__).joinpath("sql", "messages.sql").read_text(encoding="utf-8")
)

BODY_CHARACTERS_MAX: Final = 128 * 1024
"""More than any form can hold, in JSON. The record keeps what is longer; here it is of no form."""
_CALLED_MAX: Final = 100
"""Officers in one statement of who was called."""


class MessageProjection:
    """Keeps the tables `messages_…` in step with a record (`detente.record.Projection`).

    Whatever another party has written must do: what has not the right form is a message whose
    form is unknown, or says nothing about any.
    """

    @property
    def tables(self) -> TableSet:
        """Its tables."""
        return _TABLES

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """What an entry adds."""
        payload = entry.payload
        add = None if payload is None else _ADD.get(payload.kind)
        return [] if payload is None or add is None else add(entry.index, payload)

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """What takes the same away again."""
        payload = entry.payload
        if payload is None:
            return []
        return [
            Statement(f"DELETE FROM {table} WHERE id = ?", [(str(payload.id),)])  # noqa: S608
            for table in _OF_KIND.get(payload.kind, ())
        ]


def _message(index: int, payload: Payload) -> list[Statement]:
    body = _bounded(payload.body, ("form", "urgency", "language", "room"))
    refs = {ref.rel: str(ref.id) for ref in reversed(payload.refs)}
    said = (
        str(payload.id),
        index,
        payload.sender,
        payload.author,
        payload.channel,
        payload.status,
        _time(payload),
        _name(body.get("form")),
        _name(body.get("urgency")),
        _text(body.get("room")),
        refs.get("corrects"),
        refs.get("answers"),
        1 if read_back_needed(body) else 0,
        _json(body),
        json.dumps(
            [
                {"sha256": b.sha256.hex(), "size": b.size, "media_type": b.media_type}
                for b in payload.blobs
            ]
        ),
    )
    statements = [Statement(_insert("said", 15), [said])]
    if payload.to:
        rows = [(str(payload.id), party, index) for party in payload.to]
        statements.append(Statement(_insert("to", 3), rows))
    return statements


def _receipt(index: int, payload: Payload) -> list[Statement]:
    received = _text(payload.body.get("received")) or ""
    row = (str(payload.id), index, _of(payload), payload.sender, received)
    return [Statement(_insert("receipts", 5), [row])]


def _shown(index: int, payload: Payload) -> list[Statement]:
    officer = _name(payload.body.get("officer"))
    row = (*_about(index, payload), officer, _moment(payload.body.get("at")))
    return [Statement(_insert("shown", 7), [row])]


def _read_back(index: int, payload: Payload) -> list[Statement]:
    said = _json(_bounded(payload.body, ()))
    row = (*_about(index, payload), payload.author, _time(payload), said)
    return [Statement(_insert("read_backs", 8), [row])]


def _acknowledgement(index: int, payload: Payload) -> list[Statement]:
    note = _text(_bounded(payload.body, ()).get("text"))
    row = (*_about(index, payload), payload.author, _time(payload), note)
    return [Statement(_insert("acknowledgements", 8), [row])]


def _refusal(index: int, payload: Payload) -> list[Statement]:
    differences = _bounded(payload.body, ()).get("differences")
    row = (
        str(payload.id),
        index,
        _of(payload),
        payload.sender,
        _time(payload),
        json.dumps(differences if isinstance(differences, list) else []),
    )
    return [Statement(_insert("refusals", 6), [row])]


def _escalation(index: int, payload: Payload) -> list[Statement]:
    called = payload.body.get("called")
    step = payload.body.get("step")
    if not isinstance(called, list) or type(step) is not int or not 0 <= step < 1 << 31:
        return []
    holders = dict.fromkeys(name for each in called[:_CALLED_MAX] if (name := _name(each)))
    at = _moment(payload.body.get("at"))
    rows = [
        (
            str(payload.id),
            holder,
            index,
            _of(payload),
            payload.sender,
            payload.status,
            step,
            at,
        )
        for holder in holders
    ]
    return [Statement(_insert("calls", 8), rows)] if rows else []


def _alarm(index: int, payload: Payload) -> list[Statement]:
    row = (
        str(payload.id),
        index,
        payload.sender,
        payload.status,
        _time(payload),
        _text(payload.body.get("what")) or "",
        _text(payload.body.get("of")),
        _text(payload.body.get("party")),
        _json(_bounded(payload.body, ())),
    )
    return [Statement(_insert("alarms", 9), [row])]


_ADD: Final[Mapping[str, Callable[[int, Payload], list[Statement]]]] = {
    "message": _message,
    "receipt": _receipt,
    "shown": _shown,
    "read-back": _read_back,
    "acknowledgement": _acknowledgement,
    "read-back-refused": _refusal,
    "escalation": _escalation,
    "alarm": _alarm,
}
_OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("messages_said", "messages_to"),
    "receipt": ("messages_receipts",),
    "shown": ("messages_shown",),
    "read-back": ("messages_read_backs",),
    "acknowledgement": ("messages_acknowledgements",),
    "read-back-refused": ("messages_refusals",),
    "escalation": ("messages_calls",),
    "alarm": ("messages_alarms",),
}
MESSAGE_KINDS: Final = tuple(_ADD)
"""Kinds of entries that say something of messages."""


def _about(index: int, payload: Payload) -> tuple[str, int, str, str, str]:
    return str(payload.id), index, _of(payload), payload.sender, payload.status


def _of(payload: Payload) -> str:
    """The entry it is about: the one that its reference names, which must be what its body says."""
    of = _text(payload.body.get("of")) or ""
    named = [str(ref.id) for ref in payload.refs if ref.rel == payload.kind]
    if payload.kind in ("escalation", "alarm"):
        return of
    return of if named == [of] else ""


def _insert(table: str, values: int) -> str:
    marks = ", ".join("?" * values)
    return f"INSERT INTO messages_{table} VALUES ({marks})"  # noqa: S608


def _bounded(body: Mapping[str, JsonValue], kept: Sequence[str]) -> Mapping[str, JsonValue]:
    """A body, or of one that is too long for any form its short texts: lists read all of them."""
    if len(_json(body)) <= BODY_CHARACTERS_MAX:
        return body
    texts = {name: _text(body.get(name)) for name in kept}
    return {name: text for name, text in texts.items() if text is not None and len(text) <= 200}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _name(value: object) -> str:
    """A text such as an id; "" for what cannot be one."""
    text = _text(value) or ""
    return text if len(text) <= 100 and text.isprintable() else ""


def _moment(value: object) -> str:
    """A time as entries write it; "" for what is none."""
    text = _text(value) or ""
    try:
        return format_time(parse_time(text))
    except ValueError:
        return ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _time(payload: Payload) -> str:
    return format_time(payload.created)
