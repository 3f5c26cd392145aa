"""Tables beside the entries of a log, written in the transaction that appends.

SQL is written once, for SQLite and PostgreSQL: `?` stands for a value, and tables are declared with
PostgreSQL's words `bigint`, `bytea`, `text` and `double precision`. What has no common spelling is
left out; `INSERT … ON CONFLICT DO UPDATE` has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

SqlValue = int | float | str | bytes | None
SqlRow = tuple[SqlValue, ...]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MADE: Final = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?([a-z0-9_]+)", re.IGNORECASE)
_DROPPED: Final = re.compile(r"DROP TABLE (?:IF EXISTS )?([a-z0-9_]+)", re.IGNORECASE)
_RENAMED: Final = re.compile(r"ALTER TABLE ([a-z0-9_]+)\s+RENAME TO ([a-z0-9_]+)", re.IGNORECASE)
_SQLITE_TYPES: Final = {"bigint": "INTEGER", "bytea": "BLOB", "double precision": "REAL"}
_TYPES: Final = re.compile(r"\b(bigint|bytea|double precision)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, executed once for each row of values.

    Attributes:
        sql: with a `?` for each value; no `?` in any literal.
        rows: the values of each execution; one empty row for a statement without values.
    """

    sql: str
    rows: Sequence[Sequence[SqlValue]] = ((),)


@dataclass(frozen=True, slots=True)
class TableSet:
    """Tables that somebody keeps beside a log, and how they came to be what they are.

    Attributes:
        name: lower-case letters, digits and underscores; begins the names of the tables.
        steps: SQL that leads from one version to the next, the first one from nothing. Steps are
            only ever added. Statements are separated by a semicolon at the end of a line.
    """

    name: str
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not self.steps:
            raise ValueError(f"{self.name!r} with {len(self.steps)} steps is not a set of tables")

    @classmethod
    def from_sql(cls, name: str, *texts: str) -> Self:
        """From the texts of SQL files, one a step; lines that begin with `--` are comments."""
        steps = (
            "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
            for text in texts
        )
        return cls(name, tuple(f"{step}\n" for step in steps))

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that there are when they are up to date."""
        names: dict[str, None] = {}
        for statement in self.statements(0):
            if (made := _MADE.match(statement)) is not None:
                names[made[1]] = None
            elif (dropped := _DROPPED.match(statement)) is not None:
                names.pop(dropped[1], None)
            elif (renamed := _RENAMED.match(statement)) is not None:
                names.pop(renamed[1], None)
                names[renamed[2]] = None
        return tuple(names)

    @property
    def version(self) -> int:
        """How many steps have been taken when the tables are up to date."""
        return len(self.steps)

    def statements(self, since: int) -> list[str]:
        """What brings tables of version `since` (0: there are none) up to date, for PostgreSQL."""
        return [
            text
            for step in self.steps[since:]
            for statement in step.split(";\n")
            if (text := statement.strip().removesuffix(";"))
        ]


def for_sqlite(statement: str) -> str:
    """A declaration of a table in SQLite's words; its columns take nothing but their type."""
    text = _TYPES.sub(lambda found: _SQLITE_TYPES[found[0]], statement)
    return f"{text} STRICT" if text.upper().startswith("CREATE TABLE") else text


def for_postgres(statement: str) -> str:
    """A statement with psycopg's placeholders."""
    return statement.replace("%", "%%").replace("?", "%s")
