"""A record's database copied while it is in use, into one SQLite file whatever it is kept in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import apsw

from .entries import PlaceUnusable, Progress, RecordPlace
from .held import RecordState
from .log import Head, LogDamaged, LogIncompatible, LogUnavailable
from .party_tables import PARTY_TABLES
from .sqlite_store import Store
from .statements import Statement, TableSet

if TYPE_CHECKING:
    import psycopg

_PAGES: Final = 2000
_ROWS: Final = 2000
_CORE: Final = ("entries", "checkpoints")
_DERIVED: Final = "party_projections"


def copy_out(
    place: RecordPlace,
    directory: Path,
    tables: Sequence[TableSet] = (),
    progress: Progress | None = None,
) -> Head:
    """Copy the database of a record, as it is at one moment, to `log.sqlite` in a directory.

    Blocking. Another process, or this one, may go on writing meanwhile. From PostgreSQL, tables
    that follow from the entries are left out: they are filled again.

    Args:
        place: of the record.
        directory: exists, and has no `log.sqlite`.
        tables: further sets of tables beside the log that belong to the copy.
        progress: told how much of how much is done; pages or rows.

    Raises:
        LogUnavailable: there is no record, or it cannot be read, or the copy not be written.
        LogIncompatible: there are further tables that were not named (PostgreSQL only).
        LogDamaged: SQLite finds the file corrupt.
    """
    with _translated(str(place.directory)):
        if place.database is None:
            _copy_file(place.directory / "log.sqlite", directory / "log.sqlite", progress)
        else:
            _copy_schema(place, directory, tables, progress)
        store = Store(directory, read_only=True)
        try:
            return store.head()
        finally:
            store.close()


def hold(directory: Path, suffix: str, forget: Sequence[str] = ()) -> None:
    """Mark the record in `log.sqlite` as a copy that must be recovered before it signs.

    Args:
        directory: of the copy.
        suffix: see `channels.new_suffix`.
        forget: tables that are emptied, such as sessions.
    """
    store = Store(directory, read_only=False, tables=(PARTY_TABLES,))
    try:
        state = RecordState("held", suffix, store.head().size)
        known = {str(row[0]) for row in store.query("SELECT name FROM sqlite_schema", ())}
        emptied = [Statement(f'DELETE FROM "{name}"') for name in forget if name in known]  # noqa: S608
        store.execute([*state.statements(), *emptied])
    finally:
        store.close()
    path = directory / "log.sqlite"
    with _translated(str(directory)), closing(apsw.Connection(str(path))) as database:
        database.pragma("journal_mode", "delete")


async def copy_in(directory: Path, place: RecordPlace, tables: Sequence[TableSet] = ()) -> None:
    """Put what is in a directory's `log.sqlite` into an empty schema of PostgreSQL, all or nothing.

    Args:
        directory: of the copy.
        place: where it is to be; its database is named.
        tables: further sets of tables beside the log that belong to the copy.

    Raises:
        PlaceUnusable: there is a record already.
        LogUnavailable: the database refuses; nothing was written but empty tables.
    """
    from .postgres import PostgresLog
    from .postgres_session import PostgresSettings

    sets = (PARTY_TABLES, *tables)
    # Both sides are of one version then.
    Store(directory, read_only=False, tables=sets).close()
    if place.database is None:
        raise ValueError("no database is named")
    settings = PostgresSettings(schema=place.schema)
    log = await PostgresLog.open(place.database, settings, tables=sets)
    try:
        if (await log.head()).size:
            raise PlaceUnusable("There is a record already.", where=f"schema {place.schema}")
    finally:
        await log.close()
    with _translated(f"schema {place.schema}"):
        _insert(directory, place, sets)


def _copy_file(source: Path, target: Path, progress: Progress | None) -> None:
    if not source.exists():
        raise LogUnavailable("There is no log.", where=str(source))
    with (
        closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)) as old,
        closing(apsw.Connection(str(target))) as new,
    ):
        old.set_busy_timeout(5000)
        old.execute("BEGIN")
        old.execute("SELECT size FROM head").fetchone()  # from here on, what is read stands still
        with new.backup("main", old, "main") as backup:
            while not backup.done:
                backup.step(_PAGES)
                if progress is not None:
                    progress(backup.page_count - backup.remaining, backup.page_count)
                time.sleep(0)
        old.execute("ROLLBACK")
        new.pragma("journal_mode", "delete")


def _copy_schema(
    place: RecordPlace, directory: Path, tables: Sequence[TableSet], progress: Progress | None
) -> None:
    sets = (PARTY_TABLES, *tables)
    with _connected(place) as source, source.transaction():
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _check_sets(source, sets)
        Store(directory, read_only=False, tables=sets).close()
        head = source.execute("SELECT size, root, checkpoint FROM head").fetchone()
        if head is None:
            raise LogDamaged("The row that says where the log ends is missing.", where="head")
        total, done = 2 * int(head[0]), 0
        with closing(apsw.Connection(str(directory / "log.sqlite"))) as target:
            with target:
                for table in _tables(sets):
                    with source.cursor(name="copying") as cursor:
                        cursor.itersize = _ROWS
                        cursor.execute(f"SELECT * FROM {table}".encode())  # noqa: S608
                        for rows in _pages(cursor):
                            names = [column.name for column in cursor.description or ()]
                            marks = ", ".join("?" * len(names))
                            target.executemany(
                                f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608
                                f"VALUES ({marks})",
                                rows,
                            )
                            done += len(rows)
                            if progress is not None:
                                progress(min(done, total), total)
                target.execute("UPDATE head SET size = ?, root = ?, checkpoint = ?", head)
            target.pragma("journal_mode", "delete")


def _insert(directory: Path, place: RecordPlace, sets: Sequence[TableSet]) -> None:
    source = apsw.Connection(str(directory / "log.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    with closing(source), _connected(place) as target, target.transaction():
        row = target.execute("SELECT size FROM head WHERE id = 1 FOR UPDATE").fetchone()
        if row is None or row[0]:
            raise PlaceUnusable("There is a record already.", where=f"schema {place.schema}")
        for table in _tables(sets):
            names = [str(each[1]) for each in source.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(names)
            found = source.execute(f"SELECT {columns} FROM {table}")  # noqa: S608
            copying = f"COPY {table} ({columns}) FROM STDIN"
            with target.cursor().copy(copying.encode()) as copy:
                for values in found:
                    copy.write_row(values)
        head = source.execute("SELECT size, root, checkpoint FROM head").fetchone()
        target.execute(
            "UPDATE head SET size = %s, root = %s, checkpoint = %s", cast(tuple[Any, ...], head)
        )


def _tables(sets: Sequence[TableSet]) -> list[str]:
    beside = [table for each in sets for table in each.tables if table != _DERIVED]
    return [*_CORE, *beside]


def _check_sets(source: psycopg.Connection[tuple[Any, ...]], sets: Sequence[TableSet]) -> None:
    found = dict(source.execute("SELECT name, version FROM table_sets").fetchall())
    derived = {row[0] for row in source.execute("SELECT name FROM party_projections").fetchall()}
    wanted = {each.name: each.version for each in sets}
    for name, version in found.items():
        if name not in derived and wanted.get(name) != version:
            raise LogIncompatible(
                f"It has tables {name!r} of version {version}, which this copy would not have.",
                where="table_sets",
                advice="Use the program that wrote it.",
            )


def _pages(cursor: psycopg.ServerCursor[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(_ROWS):
        yield rows


@contextmanager
def _connected(place: RecordPlace) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(str(place.database), connect_timeout=10) as connection:
            connection.execute(
                sql.SQL("SET search_path TO {}").format(sql.Identifier(place.schema))
            )
            connection.commit()
            yield connection
    except psycopg.Error as error:
        raise LogUnavailable(
            f"The database reports: {' '.join(str(error).split())}.",
            where=f"schema {place.schema}",
        ) from error


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise LogDamaged(f"SQLite cannot read the file: {error}.", where=where) from error
    except apsw.Error as error:
        raise LogUnavailable(f"SQLite reports: {error}.", where=where) from error
