"""Tables that say what a record's entries amount to, kept in step with it.

A projection gives the SQL by which an entry changes its tables. It is executed in the transaction
that appends the entry, so whoever reads those tables sees neither less nor more than the log has.
They can be emptied and filled again at any time: the entries are all that counts.

A record that is opened without a projection (as commands do) leaves it behind; when it is opened
with it again, what it has missed is made up for. What is erased meanwhile must not stay there
either: then its tables are emptied, and filled again at the next opening.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, Final, Protocol, cast

from detente.errors import DetenteError

from .entries import Entry
from .log import SqlLog
from .party_tables import PARTY_TABLES, PartyRows
from .statements import SqlValue, Statement, TableSet

_PAGE: Final = 500
_INT_MAX: Final = 1 << 63
_WRITTEN: Final = re.compile(
    r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+([a-z0-9_]+)\b", re.IGNORECASE
)


class ProjectionFailed(DetenteError):
    """A projection cannot be applied to an entry. Nothing was written."""

    code: ClassVar[str] = "record.projection"


class Projection(Protocol):
    """What some tables say of the entries. Pure: equal entries give equal statements.

    The tables' names begin with `tables.name` and an underscore. Statements write to these tables
    only, read no others, and are understood by SQLite and PostgreSQL alike. A text must do whatever
    another party has written; NUL characters in it are stored as U+FFFD.
    """

    @property
    def tables(self) -> TableSet:
        """Its tables. A further step has them emptied and filled again from all entries."""

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """How an entry changes the tables.

        Entries come in order, each once, and only those that are whole: what was erased before is
        passed over. Tables that are filled again later must end up the same, so after an erasure
        nothing may depend on whether the erased entry had been there for a while.

        Args:
            entry: with envelope and payload, checked by the record.
            party: whose record it is.
        """

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """What removes all that would tell the content of an entry, which is being erased.

        Args:
            entry: still whole. `apply` has had the `erasure` entry just before.
        """


class Projections:
    """The projections of one record, and how far each of them has come.

    Args:
        log: that of the record.
        rows: beside it.
        party: whose record it is.
        projections: those that are kept in step.
        tables: other tables that may be written to by `check_own`.

    Raises:
        ValueError: two sets of tables have one name, or one that the record uses itself.
    """

    def __init__(
        self,
        log: SqlLog,
        rows: PartyRows,
        party: str,
        projections: Sequence[Projection] = (),
        tables: Sequence[TableSet] = (),
    ) -> None:
        check_table_sets(projections, tables)
        self._log = log
        self._rows = rows
        self._party = party
        self._all = tuple(projections)
        self._own = tuple(each.name for each in tables)
        self._strangers: dict[str, tuple[str, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def has(self, projection: Projection) -> bool:
        """Whether it is one of those that are kept in step."""
        return any(each is projection for each in self._all)

    @property
    def erasable(self) -> list[str]:
        """Every table from which an erasure may delete."""
        strangers = [table for tables in self._strangers.values() for table in tables]
        return [*(table for each in self._all for table in each.tables.tables), *strangers]

    async def look(self) -> None:
        """Learn which other projections the record has."""
        rows = await self._log.query("SELECT name, tables FROM party_projections")
        ours = {each.tables.name for each in self._all}
        self._strangers = {
            name: tuple(tables.split())
            for name, tables in cast(list[tuple[str, str]], rows)
            if name not in ours
        }

    async def catch_up(self, size: int) -> None:
        """Apply the entries before `size` that a projection has not had, in pages.

        Raises:
            ProjectionFailed: one cannot be applied.
            LogUnavailable, StatementFailed: it could not be written.
        """
        for each in self._all:
            found = await self._state(each.tables.name)
            done = 0 if found is None else found[1]
            if found is None or found[0] != each.tables.version or done > size:
                await self._log.execute(self._emptied(each))
                done = 0
            before = done
            while done < size:
                entries = await self._rows.entries(done, min(_PAGE, size - done))
                if any(0 <= erased_in(entry, self._party) < before for entry in entries):
                    # It had this entry, which is gone: it cannot say any more how to forget it.
                    await self._log.execute(self._emptied(each))
                    done = before = 0
                    continue
                done += len(entries)
                statements = replayed(each, entries, self._party)
                await self._log.execute([*statements, _moved([each], done)])

    def apply(self, entry: Entry) -> list[Statement]:
        """What a new entry changes.

        Raises:
            ProjectionFailed: a projection cannot say.
        """
        return [statement for each in self._all for statement in applied(each, entry, self._party)]

    def forget(self, entry: Entry) -> list[Statement]:
        """What removes an entry that is being erased, from other projections' tables as well.

        Raises:
            ProjectionFailed: a projection cannot say.
        """
        statements = [statement for each in self._all for statement in forgotten(each, entry)]
        for name, tables in self._strangers.items():
            statements += [Statement(f"DELETE FROM {table}") for table in tables]  # noqa: S608
            statements.append(
                Statement("UPDATE party_projections SET size = 0 WHERE name = ?", [(name,)])
            )
        return statements

    def moved(self, size: int) -> list[Statement]:
        """What notes that all projections have come to `size`."""
        return [_moved(self._all, size)] if self._all else []

    def check_own(self, statements: Iterable[Statement]) -> None:
        """Raises ValueError unless they write to the record's own further tables only."""
        for statement in statements:
            check_target(statement.sql, self._own)

    async def _state(self, name: str) -> tuple[int, int] | None:
        """Version and size of a projection that is there."""
        rows = await self._log.query(
            "SELECT version, size FROM party_projections WHERE name = ?", (name,)
        )
        return cast(tuple[int, int], rows[0]) if rows else None

    def _emptied(self, projection: Projection) -> list[Statement]:
        tables = projection.tables
        return [
            *emptied(tables),
            Statement(
                "INSERT INTO party_projections (name, version, size, tables) VALUES (?, ?, 0, ?) "
                "ON CONFLICT (name) DO UPDATE SET version = excluded.version, "
                "size = excluded.size, tables = excluded.tables",
                [(tables.name, tables.version, " ".join(tables.tables))],
            ),
        ]


def applied(projection: Projection, entry: Entry, party: str) -> list[Statement]:
    """What an entry changes in a projection's tables, checked.

    Raises:
        ProjectionFailed: the projection fails, or says what no database takes.
    """
    try:
        return _checked(projection, projection.apply(entry, party))
    except Exception as error:  # whatever it is, it must not take other entries down with it
        raise _failed(projection, entry, error) from error


def replayed(projection: Projection, entries: Sequence[Entry], party: str) -> list[Statement]:
    """What entries change that come one after another; those that were erased change nothing.

    Raises:
        ProjectionFailed: as `applied`.
    """
    return joined(
        statement
        for entry in entries
        if entry.payload is not None
        for statement in applied(projection, entry, party)
    )


def forgotten(projection: Projection, entry: Entry) -> list[Statement]:
    """What removes an entry from a projection's tables, checked.

    Raises:
        ProjectionFailed: the projection fails, or says what no database takes.
    """
    try:
        return _checked(projection, projection.forget(entry))
    except Exception as error:  # as above
        raise _failed(projection, entry, error) from error


def emptied(tables: TableSet) -> list[Statement]:
    """What deletes all rows of some tables."""
    return [Statement(f"DELETE FROM {table}") for table in tables.tables]  # noqa: S608


def joined(statements: Iterable[Statement]) -> list[Statement]:
    """The same with neighbours that differ in their values only made one."""
    result: list[Statement] = []
    for each in statements:
        if result and result[-1].sql == each.sql:
            result[-1] = Statement(each.sql, [*result[-1].rows, *each.rows])
        else:
            result.append(each)
    return result


def erased_in(entry: Entry, party: str) -> int:
    """The index that an entry says was erased in the record of that party; -1 if none."""
    payload = entry.payload
    if payload is None or payload.kind != "erasure" or payload.sender != party:
        return -1
    index = payload.body.get("index")
    return index if isinstance(index, int) else -1


def check_table_sets(projections: Sequence[Projection], tables: Sequence[TableSet]) -> None:
    """Raises ValueError unless all names are different, and tables are named after their set."""
    sets = [*(each.tables for each in projections), *tables]
    names = [PARTY_TABLES.name, *(each.name for each in sets)]
    if len(set(names)) != len(names):
        raise ValueError(f"sets of tables need different names: {', '.join(names)}")
    for each in sets:
        for table in each.tables:
            if not table.startswith(f"{each.name}_"):
                raise ValueError(f"the name of table {table!r} must begin with {each.name!r} and _")
            if any(table.startswith(f"{other}_") for other in names if len(other) > len(each.name)):
                raise ValueError(f"table {table!r} could belong to two sets of tables")


@lru_cache(maxsize=4096)
def check_target(sql: str, names: tuple[str, ...]) -> None:
    """Raises ValueError unless a statement writes to a table of these sets."""
    found = _WRITTEN.match(sql)
    if found is None or not any(found[1].startswith(f"{name}_") for name in names):
        raise ValueError(f"not a change of a table of {', '.join(names) or 'any set'}: {sql}")


def _checked(projection: Projection, statements: Sequence[Statement]) -> list[Statement]:
    names = (projection.tables.name,)
    result = []
    for each in statements:
        check_target(each.sql, names)
        result.append(Statement(each.sql, [tuple(map(_storable, row)) for row in each.rows]))
    return result


def _storable(value: SqlValue) -> SqlValue:
    if isinstance(value, str):
        # PostgreSQL has no such character, and both databases must say the same.
        return value.replace("\0", "\ufffd")
    if isinstance(value, bool) or (isinstance(value, int) and not -_INT_MAX <= value < _INT_MAX):
        raise ValueError(f"{value!r} is not a value that both databases take")
    return value


def _failed(projection: Projection, entry: Entry, error: Exception) -> ProjectionFailed:
    return ProjectionFailed(
        f"The tables {projection.tables.name!r} cannot be kept: {error}.",
        where=f"entry {entry.index}",
        advice="This is an error of the program. Report it with the entry.",
    )


def _moved(projections: Iterable[Projection], size: int) -> Statement:
    return Statement(
        "UPDATE party_projections SET size = ? WHERE name = ?",
        [(size, each.tables.name) for each in projections],
    )
