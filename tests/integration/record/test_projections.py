"""Tables that follow from the entries, on both databases."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import apsw
import pytest
from tests.support.party_records import A, B, create, draft, reopen
from tests.support.postgres import PostgresServer

from detente.record import (
    Draft,
    Entry,
    LogReadOnly,
    LogUnavailable,
    PartyRecord,
    Projection,
    ProjectionFailed,
    RecordPlace,
    SqlRow,
    SqlValue,
    Statement,
    StatementFailed,
    TableSet,
)
from detente.record.rebuilding import Scratch

pytestmark = pytest.mark.anyio

TEXTS = """
-- What was said; a comment with a ; in it
CREATE TABLE said_texts (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    text text NOT NULL
);
CREATE TABLE said_senders (sender text PRIMARY KEY, count bigint NOT NULL);
"""
LENGTHS = "ALTER TABLE said_texts ADD COLUMN length bigint;\n"
NOTES = TableSet.from_sql("notes", "CREATE TABLE notes_all (n bigint PRIMARY KEY, text text);\n")


TABLES = TableSet.from_sql("said", TEXTS)


@dataclass(frozen=True)
class Said:
    """Texts of messages, and how many entries each party has made that are still whole."""

    tables: TableSet = TABLES

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        payload = entry.payload
        assert payload is not None
        assert party in ("a", "b")
        if payload.kind != "message":
            return []
        text = str(payload.body["text"])
        columns, marks = "id, position, text", "?, ?, ?"
        values: tuple[SqlValue, ...] = (str(payload.id), entry.index, text)
        if self.tables.version > 1:
            columns, marks, values = f"{columns}, length", "?, ?, ?, ?", (*values, len(text))
        return [
            Statement(f"INSERT INTO said_texts ({columns}) VALUES ({marks})", [values]),
            Statement(
                "INSERT INTO said_senders (sender, count) VALUES (?, 1) "
                "ON CONFLICT (sender) DO UPDATE SET count = said_senders.count + 1",
                [(payload.sender,)],
            ),
        ]

    def forget(self, entry: Entry) -> Sequence[Statement]:
        payload = entry.payload
        assert payload is not None
        if payload.kind != "message":
            return []
        return [
            Statement("DELETE FROM said_texts WHERE id = ?", [(str(payload.id),)]),
            Statement(
                "UPDATE said_senders SET count = count - 1 WHERE sender = ?", [(payload.sender,)]
            ),
        ]


@dataclass(frozen=True)
class Failing(Said):
    """Does what its text says."""

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        payload = entry.payload
        text = "" if payload is None else payload.body.get("text")
        if text == "raise":
            raise KeyError("text")
        if text == "elsewhere":
            return [Statement("DELETE FROM party_entries")]
        if text == "number":
            return [
                Statement("INSERT INTO said_senders (sender, count) VALUES ('x', ?)", [(True,)])
            ]
        if text == "clash":
            return [Statement("INSERT INTO said_senders (sender, count) VALUES ('a', 0)")]
        return super().apply(entry, party)


@dataclass(frozen=True)
class Named(Said):
    """Tables of whatever name."""

    tables: TableSet


SAID = Said()
LONGER = Said(TableSet.from_sql("said", TEXTS, LENGTHS))


class Home:
    """A place for a record, on either database."""

    def __init__(self, directory: Path, server: PostgresServer | None) -> None:
        self.server = server
        url = None if server is None else server.url()
        self.place = RecordPlace(directory / "a", url, f"p{secrets.token_hex(4)}")

    @asynccontextmanager
    async def opened(
        self,
        *projections: Projection,
        tables: Sequence[TableSet] = (),
        read_only: bool = False,
    ) -> AsyncIterator[PartyRecord]:
        if self.place.directory.exists():
            record = await reopen(
                self.place, A, projections=projections, tables=tables, read_only=read_only
            )
        else:
            record = await create(self.place, A, projections=projections, tables=tables)
        try:
            yield record
        finally:
            await record.close()

    def execute(self, sql: str) -> None:
        """Behind the record's back."""
        if self.server is None:
            connection = apsw.Connection(str(self.place.directory / "log.sqlite"))
            connection.execute(sql)
            connection.close()
        else:
            self.server.execute(f"SET search_path = {self.place.schema}; {sql}")


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    if request.param == "sqlite":
        return Home(tmp_path, None)
    return Home(tmp_path, cast(PostgresServer, request.getfixturevalue("postgres")))


async def say(record: PartyRecord, *texts: str) -> list[Entry]:
    return await record.append([(draft(text, to=()), None) for text in texts])


async def texts(record: PartyRecord) -> list[SqlRow]:
    return await record.query("SELECT text FROM said_texts ORDER BY position")


async def test_what_is_appended_is_there_at_once(home: Home) -> None:
    async with home.opened(SAID) as record:
        await say(record, "one", "two")
        await asyncio.gather(*(say(record, f"m{n}") for n in range(20)))

        assert await texts(record) == [("one",), ("two",), *((f"m{n}",) for n in range(20))]
        assert await record.query("SELECT count FROM said_senders WHERE sender = ?", ("a",)) == [
            (22,)
        ]
        assert await record.query("SELECT name, version, size FROM party_projections") == [
            ("said", 1, 23)
        ]


async def test_what_is_received_is_there_too(home: Home, tmp_path: Path) -> None:
    other = await create(RecordPlace(tmp_path / "b"), B)
    sent = await other.append([(draft("from b", to=("a",)), None)])
    await other.close()
    async with home.opened(SAID) as record:
        assert sent[0].envelope is not None
        for _ in range(2):
            await record.receive([sent[0].envelope.to_json()])

        assert await texts(record) == [("from b",)]


async def test_what_was_missed_is_made_up_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.record.projections._PAGE", 4)
    async with home.opened() as record:
        await say(record, *(f"{n}" for n in range(10)))
    async with home.opened(SAID) as record:
        await say(record, "seen")
    async with home.opened() as record:
        await say(record, "missed")
    async with home.opened(SAID) as record:
        assert [row[0] for row in await texts(record)] == [*map(str, range(10)), "seen", "missed"]


async def test_making_up_goes_on_where_it_was_interrupted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.record.projections._PAGE", 4)
    async with home.opened() as record:
        await say(record, *"abcde", "raise", *"fgh")

    with pytest.raises(ProjectionFailed) as refused:
        async with home.opened(Failing()):
            pass
    assert refused.value.where == "entry 6"

    async with home.opened() as record:  # the record itself is as usable as before
        assert await record.query("SELECT size FROM party_projections") == [(4,)]
    async with home.opened(SAID) as record:
        assert [row[0] for row in await texts(record)] == [*"abcde", "raise", *"fgh"]


async def test_a_new_version_is_filled_afresh(home: Home) -> None:
    async with home.opened(SAID) as record:
        await say(record, "one", "three")
    async with home.opened(LONGER) as record:
        rows = await record.query("SELECT text, length FROM said_texts ORDER BY position")
        assert rows == [("one", 3), ("three", 5)]
        assert await record.query("SELECT count FROM said_senders") == [(2,)]
        assert await record.query("SELECT version FROM party_projections") == [(2,)]


async def test_an_erased_entry_is_forgotten(home: Home) -> None:
    async with home.opened(SAID) as record:
        secret, _ = await say(record, "secret", "other")
        await record.erase(secret.index, "by order")

        assert await texts(record) == [("other",)]
        assert (await record.rebuild(SAID)).same


async def test_what_is_erased_without_the_projection_does_not_stay_in_its_tables(
    home: Home,
) -> None:
    async with home.opened(SAID) as record:
        secret, _ = await say(record, "secret", "other")
    async with home.opened() as record:
        await record.erase(secret.index, "by order")
        assert await texts(record) == []
    if home.server is None:
        stored = (home.place.directory / "log.sqlite").read_bytes()
        assert b"other" in stored
        assert b"secret" not in stored
    async with home.opened(SAID) as record:
        assert await texts(record) == [("other",)]
        assert (await record.rebuild(SAID)).same


async def test_an_erasure_that_a_lagging_projection_missed_has_it_filled_afresh(
    home: Home,
) -> None:
    async with home.opened(SAID) as record:
        secret, _ = await say(record, "secret", "other")
    async with home.opened() as record:
        # As an earlier version of the program, which knew of no projections.
        record._projections._strangers.clear()
        await record.erase(secret.index, "by order")
        assert await texts(record) == [("secret",), ("other",)]
    async with home.opened(SAID) as record:
        assert await texts(record) == [("other",)]


@pytest.mark.parametrize("text", ["raise", "elsewhere", "number"])
async def test_an_entry_that_cannot_be_projected_is_refused_alone(home: Home, text: str) -> None:
    async with home.opened(Failing()) as record:
        outcome = await asyncio.gather(
            say(record, "one"), say(record, text), say(record, "two"), return_exceptions=True
        )

        assert [type(each) for each in outcome] == [list, ProjectionFailed, list]
        assert record.head.size == 3
        assert await texts(record) == [("one",), ("two",)]


async def test_an_entry_whose_rows_the_database_refuses_is_refused_alone(home: Home) -> None:
    async with home.opened(Failing()) as record:
        await say(record, "zero")
        outcome = await asyncio.gather(
            say(record, "one"), say(record, "clash"), say(record, "two"), return_exceptions=True
        )

        assert [type(each) for each in outcome] == [list, StatementFailed, list]
        assert [row[0] for row in await texts(record)] == ["zero", "one", "two"]
        assert await record.verify() == []


async def test_a_text_may_hold_anything(home: Home) -> None:
    async with home.opened(SAID) as record:
        await say(record, "a\0b", "?%s'\"; DROP TABLE said_texts;\n", "\U0001f600")
        assert await texts(record) == [
            ("a\ufffdb",),
            ("?%s'\"; DROP TABLE said_texts;\n",),
            ("\U0001f600",),
        ]
        assert (await record.rebuild(SAID)).same


# --- rebuilding ----------------------------------------------------------------------------------


async def test_rebuilding_says_what_differs_and_replaces_it_when_asked(home: Home) -> None:
    async with home.opened(SAID) as record:
        await say(record, "one", "two", "three")
        assert (await record.rebuild(SAID, replace=True)).replaced is False
        home.execute("UPDATE said_texts SET text = 'forged' WHERE text = 'two'")
        home.execute("DELETE FROM said_texts WHERE text = 'three'")

        found = await record.rebuild(SAID)
        assert (found.name, found.size, found.rows) == (
            "said",
            4,
            {"said_texts": 3, "said_senders": 1},
        )
        assert (found.same, found.differing, found.replaced) == (False, 3, False)
        told = [(each.stored, dict(each.row)["text"]) for each in found.differences]
        assert told == [(True, "forged"), (False, "three"), (False, "two")] or told == [
            (True, "forged"),
            (False, "two"),
            (False, "three"),
        ]
        assert "said_texts: too much: " in str(found.differences[0])
        assert ("forged",) in await texts(record)

        assert (await record.rebuild(SAID, replace=True)).replaced
        assert await texts(record) == [("one",), ("two",), ("three",)]
        assert (await record.rebuild(SAID)).same
        assert not list(home.place.directory.glob(".rebuilding*"))


async def test_rebuilding_while_the_record_grows_and_is_erased_from(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.record.party_views._PAGE", 3)
    async with home.opened(SAID) as record:
        said = await say(record, *(f"m{n}" for n in range(12)))
        take = Scratch.take
        erased: list[Future[Entry]] = []
        loop = asyncio.get_running_loop()

        def take_slowly(self: Scratch, entries: Sequence[Entry]) -> None:
            take(self, entries)
            if self.size == 6 and not erased:
                erasing = record.erase(said[1].index, "x")
                erased.append(asyncio.run_coroutine_threadsafe(erasing, loop))
                erased[0].result(10)

        monkeypatch.setattr(Scratch, "take", take_slowly)
        found, _ = await asyncio.gather(record.rebuild(SAID), say(record, "late"))

        assert erased
        assert found.same, list(map(str, found.differences))


async def test_only_a_projection_of_the_record_is_rebuilt(home: Home) -> None:
    async with home.opened(SAID) as record:
        with pytest.raises(ValueError, match="opened without"):
            await record.rebuild(LONGER)
    async with home.opened(SAID, read_only=True) as record:
        with pytest.raises(LogReadOnly):
            await record.rebuild(SAID)


# --- tables of one's own, and waiting ------------------------------------------------------------


async def test_tables_of_its_own_are_written_to_and_no_others(home: Home) -> None:
    async with home.opened(SAID, tables=[NOTES]) as record:
        await record.execute(
            [Statement("INSERT INTO notes_all (n, text) VALUES (?, ?)", [(1, "x"), (2, None)])]
        )
        assert await record.query("SELECT n, text FROM notes_all ORDER BY n") == [
            (1, "x"),
            (2, None),
        ]
        for sql in (
            "DELETE FROM said_texts",
            "UPDATE party_entries SET kind = 'x'",
            "DELETE FROM entries",
            "DROP TABLE notes_all",
        ):
            with pytest.raises(ValueError, match="not a change"):
                await record.execute([Statement(sql)])
    async with home.opened(SAID, tables=[NOTES], read_only=True) as record:
        assert await record.query("SELECT count(*) FROM notes_all") == [(2,)]
        with pytest.raises(LogReadOnly):
            await record.execute([Statement("DELETE FROM notes_all")])


async def test_waiting_ends_when_the_log_has_grown_or_is_closed(home: Home) -> None:
    async with home.opened() as record:
        assert await record.wait_beyond(0) == 1
        waiting = [asyncio.ensure_future(record.wait_beyond(n)) for n in (1, 1, 2, 9)]
        await asyncio.sleep(0)
        await say(record, "one")
        assert [await each for each in waiting[:2]] == [2, 2]
        await say(record, "two")
        assert await waiting[2] == 3
        assert not waiting[3].done()
    with pytest.raises(LogUnavailable, match="closed"):
        await waiting[3]


async def test_a_reader_cannot_wait(home: Home) -> None:
    async with home.opened():
        pass
    async with home.opened(read_only=True) as record:
        with pytest.raises(LogReadOnly):
            await record.wait_beyond(1)


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        ([TableSet("said", ("CREATE TABLE other (n bigint);\n",))], "must begin"),
        ([TableSet("party", ("CREATE TABLE party_x (n bigint);\n",))], "different names"),
        ([SAID.tables, SAID.tables], "different names"),
        (
            [
                TableSet("said", ("CREATE TABLE said_more_x (n bigint);\n",)),
                TableSet("said_more", ("CREATE TABLE said_more_y (n bigint);\n",)),
            ],
            "two sets",
        ),
    ],
)
async def test_names_of_tables_tell_whose_they_are(
    tmp_path: Path, sets: list[TableSet], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        await create(RecordPlace(tmp_path), projections=[Named(each) for each in sets])


def test_a_set_of_tables_knows_its_tables() -> None:
    tables = TableSet.from_sql(
        "t",
        "-- first\nCREATE TABLE t_a (n bigint);\nCREATE TABLE IF NOT EXISTS t_b (n bigint);\n",
        "ALTER TABLE t_a RENAME TO t_c;\nDROP TABLE t_b;\nCREATE INDEX t_i ON t_c (n);\n",
    )
    assert tables.tables == ("t_c",)
    assert tables.version == 2


async def test_own_affairs_are_projected_like_everything_else(home: Home) -> None:
    """The first entry, receipts and erasures come by as well."""
    kinds: list[str] = []

    class Kinds(Said):
        def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
            assert entry.payload is not None
            kinds.append(entry.payload.kind)
            return []

    async with home.opened(Kinds()) as record:
        (said,) = await say(record, "x")
        await record.append([(Draft("custody", "own", (), {"x": 1}), None)])
        await record.erase(said.index, "x")

    assert kinds == ["agreement", "message", "custody", "erasure"]
