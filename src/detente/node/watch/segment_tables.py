"""The read model of raw tracks: what each entry of the record adds to the tables `tracks_…`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from detente.record import Entry, JsonValue, Payload, SqlValue, Statement, TableSet, format_time

SEGMENT: Final = "track-segment"
"""Reports of some minutes, as a file that belongs to the entry."""
LOST: Final = "track-loss"
"""A segment was begun, and nothing of it is there."""
DELETED: Final = "track-segment-deleted"
"""A segment was deleted when its time was over."""
HOLD: Final = "track-hold"
"""Segments are kept beyond their time."""
RELEASE: Final = "track-release"
"""They are not, any more."""

_TABLES: Final = TableSet.from_sql(
    "tracks", files(__package__).joinpath("sql", "tracks.sql").read_text(encoding="utf-8")
)
_OF_KIND: Final = {
    SEGMENT: "tracks_segments",
    DELETED: "tracks_deletions",
    HOLD: "tracks_holds",
    RELEASE: "tracks_releases",
}
_MEMBERS: Final = {
    SEGMENT: ("sha256", "first", "last"),
    DELETED: ("segment",),
    HOLD: ("since", "until", "aircraft", "ground", "officer"),
    RELEASE: ("hold", "ground", "officer"),
}


class SegmentProjection:
    """Keeps the tables `tracks_…` in step with a record (`detente.record.Projection`).

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


SEGMENT_PROJECTION: Final = SegmentProjection()


def _values(payload: Payload) -> tuple[SqlValue, ...]:
    return tuple(_text(payload.body.get(each)) for each in _MEMBERS[payload.kind])


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
