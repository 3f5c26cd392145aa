"""Filling a projection's tables a second time, beside the first, and comparing.

They are made in a scratch SQLite file whatever the record's database is: a projection's SQL means
the same in both, and if it does not, this is where it shows.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import apsw

from .entries import Entry
from .log import StatementFailed
from .projections import Projection, emptied, replayed
from .statements import SqlRow, Statement, for_sqlite

DIFFERENCES_MAX: Final = 100
"""How many are described; all are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that only one of two tables has.

    Attributes:
        table: its name.
        row: column names and values.
        stored: whether the record's table has it; else only the one made afresh has.
    """

    table: str
    row: tuple[tuple[str, object], ...]
    stored: bool

    def __str__(self) -> str:
        values = ", ".join(f"{name} {value!r}" for name, value in self.row)
        return f"{self.table}: {'too much' if self.stored else 'missing'}: {values}"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of filling a projection's tables afresh.

    Attributes:
        name: of the set of tables.
        size: entries that they were made from.
        rows: rows of each table that was made.
        differing: rows that only one side has.
        differences: the first of them.
        replaced: whether the record has the fresh ones now.
    """

    name: str
    size: int
    rows: dict[str, int]
    differing: int
    differences: tuple[Difference, ...]
    replaced: bool

    @property
    def same(self) -> bool:
        """Whether what was stored is what the entries say."""
        return not self.differing


class Scratch:
    """A projection's tables in a file of their own. For one thread at a time; blocking.

    Args:
        projection: whose tables.
        party: whose record the entries are from.
        directory: a directory for the file is made here, for the owner only, and deleted again.
    """

    def __init__(self, projection: Projection, party: str, directory: Path) -> None:
        self._projection = projection
        self._party = party
        self._held = tempfile.TemporaryDirectory(prefix=".rebuilding-", dir=directory)
        self._db = apsw.Connection(str(Path(self._held.name) / "scratch.sqlite"))
        self._db.pragma("journal_mode", "off")
        self._db.pragma("synchronous", "off")
        self.size = 0
        self.tables: tuple[str, ...] = projection.tables.tables
        with self._translated():
            for statement in projection.tables.statements(0):
                self._db.execute(for_sqlite(statement))

    def close(self) -> None:
        """Delete it."""
        self._db.close()
        self._held.cleanup()

    def restart(self) -> None:
        """Empty everything."""
        with self._translated():
            for statement in emptied(self._projection.tables):
                self._db.execute(statement.sql)
        self.size = 0

    def take(self, entries: Sequence[Entry]) -> None:
        """Apply the entries that come next.

        Raises:
            ProjectionFailed, StatementFailed: the projection cannot be applied.
        """
        statements = replayed(self._projection, entries, self._party)
        with self._translated(), self._db:
            for each in statements:
                self._db.executemany(each.sql, each.rows)
        self.size += len(entries)

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns, in order."""
        found = self._db.execute(
            "SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,)
        ).fetchall()
        return [cast(str, row[0]) for row in found]

    def rows(self, table: str) -> list[SqlRow]:
        """All rows of a table."""
        named = ", ".join(self.columns(table))
        found = self._db.execute(f"SELECT {named} FROM {table}").fetchall()  # noqa: S608
        return cast(list[SqlRow], found)

    def insertion(self, table: str) -> Statement:
        """What puts all rows of a table into another one of that name."""
        columns = self.columns(table)
        marks = ", ".join("?" * len(columns))
        return Statement(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
            self.rows(table),
        )

    def compare(self, table: str, stored: Sequence[SqlRow]) -> tuple[int, list[Difference]]:
        """How many rows differ, and the first of them.

        Args:
            stored: the rows that the record has, their columns in the order of `columns`.
        """
        here, there = Counter(self.rows(table)), Counter(stored)
        columns = self.columns(table)
        found: list[Difference] = []
        for more, is_stored in ((there - here, True), (here - there, False)):
            found += [
                Difference(table, tuple(zip(columns, row, strict=True)), is_stored)
                for row in sorted(more.elements(), key=repr)[:DIFFERENCES_MAX]
            ]
        return (there - here).total() + (here - there).total(), found[:DIFFERENCES_MAX]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise StatementFailed(
                f"SQLite reports: {error}.", where=f"tables {self._projection.tables.name}"
            ) from error
