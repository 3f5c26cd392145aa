"""What two parties say to one another, as the tables of either party's record have it.

No signatures and no logs: entries are made by hand, in the order of the test.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from detente.line import MessageProjection, RoomPlace, message_draft, shown_draft
from detente.record import (
    Draft,
    Entry,
    JsonValue,
    Payload,
    Reference,
    SqlRow,
    SqlValue,
    format_time,
)
from detente.record.statements import for_sqlite

START = datetime(2027, 1, 1, 6, tzinfo=UTC)
CIRCLE: dict[str, Any] = {
    "shape": "circle",
    "geometry": {"type": "Point", "coordinates": [40.0, 35.3]},
    "radius": {"value": 5, "unit": "km"},
}
NINE_KM_OFF: dict[str, Any] = {
    "shape": "circle",
    "geometry": {"type": "Point", "coordinates": [40.07, 35.357]},
    "radius": {"value": 5, "unit": "km"},
}
LEVELS: dict[str, Any] = {
    "lower": {"value": 0, "unit": "m", "reference": "AGL"},
    "upper": {"value": 19000, "unit": "ft", "reference": "MSL"},
}
TIMES: dict[str, Any] = {"from": "2027-01-01T06:00:00Z", "until": "2027-01-01T07:30:00Z"}
NOTICE: dict[str, Any] = {
    "activity": "flights",
    "area": CIRCLE,
    "levels": LEVELS,
    "times": TIMES,
}
READ_BACK: dict[str, Any] = {"area": CIRCLE, "levels": LEVELS, "times": TIMES}
TEXT: dict[str, Any] = {"text": {"language": "en", "text": "All quiet."}}


class Tables:
    """The tables of one party's record, in memory."""

    def __init__(self, party: str) -> None:
        self.party = party
        self.projection = MessageProjection()
        self.database = sqlite3.connect(":memory:")
        self.size = 0
        for statement in self.projection.tables.statements(0):
            self.database.execute(for_sqlite(statement))

    def take(self, payload: Payload) -> Entry:
        """Record an entry; its position is the next one."""
        entry = Entry(self.size, b"", None, payload)
        self.size += 1
        for statement in self.projection.apply(entry, self.party):
            self.database.executemany(statement.sql, statement.rows)
        return entry

    def erase(self, entry: Entry) -> None:
        for statement in self.projection.forget(entry):
            self.database.executemany(statement.sql, statement.rows)

    def everything(self) -> dict[str, list[SqlRow]]:
        """All rows of all tables."""
        return {
            name: sorted(self.database.execute(f"SELECT * FROM {name}"), key=repr)
            for name in self.projection.tables.tables
        }

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        return self.database.execute(sql, values).fetchall()


class Talk:
    """Parties A, B and C. What one states is in its tables, and in those of whom it is for."""

    def __init__(self) -> None:
        self.tables = {party: Tables(party) for party in ("a", "b", "c")}
        self.now = START
        self.entries: list[Payload] = []
        self._numbers = itertools.count(1)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def state(self, sender: str, draft: Draft, *, by: str = "node", lost: bool = False) -> Payload:
        """A party states something; `lost`: nobody else gets it."""
        number = next(self._numbers)
        payload = Payload(
            kind=draft.kind,
            sha256=hashlib.sha256(f"{number}".encode()).digest(),
            agreement="ab-2026",
            author=f"{by}.{sender}",
            sender=sender,
            channel=draft.channel,
            seq=number,
            prev=None,
            created=self.now,
            id=UUID(f"01890000-0000-7000-8000-{number:012x}"),
            salt=bytes(16),
            status=draft.status,
            to=draft.to,
            refs=draft.refs,
            blobs=draft.blobs,
            body=_plain(draft.body),
        )
        self.entries.append(payload)
        self.tables[sender].take(payload)
        if not lost:
            for party in draft.to:
                self.deliver(payload, party)
        return payload

    def deliver(self, payload: Payload, party: str) -> None:
        """It arrives, and its receipt comes back."""
        self.tables[party].take(payload)
        receipt = Draft(
            "receipt",
            f"receipts/{payload.sender}",
            (),
            {
                "of": str(payload.id),
                "payload_sha256": payload.sha256.hex(),
                "received": format_time(self.now),
            },
            (Reference(payload.id, "receipt", payload.sha256),),
            status=payload.status,
        )
        made = self.state(party, receipt)
        self.tables[payload.sender].take(made)

    def say(
        self,
        sender: str = "a",
        to: str = "b",
        form: str = "text",
        fields: Mapping[str, JsonValue] | None = None,
        *,
        by: str = "durand",
        lost: bool = False,
        room: RoomPlace | None = None,
        **more: Any,
    ) -> Payload:
        """An officer sends a message."""
        draft = message_draft(
            form,
            TEXT if fields is None else fields,
            sender=sender,
            to=tuple(to),
            language="en",
            room=room,
            **more,
        )
        return self.state(sender, draft, by=by, lost=lost)

    def show(self, message: Payload, party: str = "b", officer: str = "nowak") -> Payload:
        return self.state(party, shown_draft(message, officer, self.now))


def _plain(body: Mapping[str, JsonValue]) -> dict[str, Any]:
    """As it comes out of a payload: lists and dicts."""
    plain: dict[str, Any] = json.loads(json.dumps(body))
    return plain
