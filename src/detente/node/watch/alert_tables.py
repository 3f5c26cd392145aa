"""The read model of alerts: what each entry of the record adds to the tables `watch_…`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from detente.record import Entry, JsonValue, Payload, SqlValue, Statement, TableSet, format_time

ALERT: Final = "watch-alert"
"""An alert in a new stage."""
ANNOUNCEMENT: Final = "watch-announcement"
"""Another party was told of an alert, or could not be told in time."""
SEEN: Final = "watch-alert-seen"
"""An officer has taken note of an alert."""
KINDS: Final = (ALERT, ANNOUNCEMENT, SEEN)

_TABLES: Final = TableSet.from_sql(
    "watch", files(__package__).joinpath("sql", "watch.sql").read_text(encoding="utf-8")
)
_OF_KIND: Final = {ALERT: "watch_alerts", ANNOUNCEMENT: "watch_announcements", SEEN: "watch_seen"}
_MEMBERS: Final = {
    ALERT: ("alert", "about", "stage", "closing", "grade", "aircraft", "boundary"),
    ANNOUNCEMENT: ("alert", "party", "stage", "message"),
    SEEN: ("alert", "officer", "note"),
}


class AlertProjection:
    """Keeps the tables `watch_…` in step with a record (`detente.record.Projection`).

    Only what the party itself has stated counts.
    """

    @property
    def tables(self) -> TableSet:
        """Its tables."""
        return _TABLES

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """What an entry adds."""
        payload = entry.payload
        if payload is None or payload.sender != party or payload.kind not in _OF_KIND:
            return []
        row = (str(payload.id), entry.index, *_values(payload), format_time(payload.created))
        marks = ", ".join("?" * len(row))
        return [Statement(f"INSERT INTO {_OF_KIND[payload.kind]} VALUES ({marks})", [row])]  # noqa: S608

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """What takes the same away again."""
        payload = entry.payload
        table = None if payload is None else _OF_KIND.get(payload.kind)
        if payload is None or table is None:
            return []
        return [Statement(f"DELETE FROM {table} WHERE id = ?", [(str(payload.id),)])]  # noqa: S608


ALERT_PROJECTION: Final = AlertProjection()


def _values(payload: Payload) -> tuple[SqlValue, ...]:
    return tuple(_text(payload.body.get(each)) for each in _MEMBERS[payload.kind])


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
