"""Read models that have one table for each kind of entry, with some members of its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from detente.record import Entry, JsonValue, SqlValue, Statement, TableSet, format_time


@dataclass(frozen=True, slots=True)
class Table:
    """Where entries of one kind go.

    Attributes:
        name: of the table: id, position, one column for each member, time of the statement.
        members: of the body; what is no text there is empty.
    """

    name: str
    members: tuple[str, ...]


class KindProjection:
    """Keeps such tables in step with a record (`detente.record.Projection`).

    Only what the party itself has stated counts.

    Args:
        name: of the tables together: they are made by `sql/<name>.sql`.
        kinds: where entries of each kind go.
    """

    def __init__(self, name: str, kinds: Mapping[str, Table]) -> None:
        text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
        self.tables = TableSet.from_sql(name, text)
        """Its tables."""
        self._kinds = kinds

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """What an entry adds."""
        payload = entry.payload
        table = None if payload is None else self._kinds.get(payload.kind)
        if payload is None or table is None or payload.sender != party:
            return []
        values = [_text(payload.body.get(each)) for each in table.members]
        row: list[SqlValue] = [
            str(payload.id), entry.index, *values, format_time(payload.created),
        ]  # fmt: skip
        marks = ", ".join("?" * len(row))
        return [Statement(f"INSERT INTO {table.name} VALUES ({marks})", [row])]  # noqa: S608

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """What takes the same away again."""
        payload = entry.payload
        table = None if payload is None else self._kinds.get(payload.kind)
        if payload is None or table is None:
            return []
        return [Statement(f"DELETE FROM {table.name} WHERE id = ?", [(str(payload.id),)])]  # noqa: S608


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
