"""The tables beside a party's record: projections of its entries, and what a node keeps itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from .log import LogReadOnly, LogUnavailable
from .party_reading import PartyReading
from .projections import Projection, Projections, emptied, erased_in
from .rebuilding import DIFFERENCES_MAX, Difference, Rebuilt, Scratch
from .record_store import RecordStore
from .statements import SqlRow, SqlValue, Statement, TableSet

_PAGE = 500


class PartyViews(PartyReading):
    """The part of `PartyRecord` that is about tables, which is what to use."""

    def __init__(
        self,
        store: RecordStore,
        party: str,
        projections: Sequence[Projection] = (),
        tables: Sequence[TableSet] = (),
    ) -> None:
        super().__init__(store, party)
        self._projections = Projections(store.log, store.rows, party, projections, tables)
        self._growth = asyncio.Event()
        self._ended = False

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        """The rows of a SELECT over the tables beside the log, with a `?` for each value.

        Sees what is durable, on a connection of its own: no append waits for it.

        Raises:
            LogUnavailable: the database could not be asked.
            StatementFailed: it does not understand the question.
        """
        return await self._store.log.query(sql, values)

    async def execute(self, statements: Sequence[Statement]) -> None:
        """Change the tables given as `tables`, in one transaction, durably.

        Raises:
            ValueError: a statement writes to other tables: those follow from the entries.
            LogReadOnly: the record was opened for reading.
            LogUnavailable, StatementFailed: nothing was written.
            AppendUnknown: it may have been written.
        """
        self._projections.check_own(statements)
        await self._store.log.execute(statements)

    async def wait_beyond(self, size: int) -> int:
        """Wait until the log has more entries than `size`; how many it has then.

        Raises:
            LogReadOnly: the record was opened for reading: nobody tells it.
            LogUnavailable: the record has been closed.
        """
        if self._store.read_only:
            raise LogReadOnly("The record was opened for reading.")
        while (now := self.head.size) <= size:
            if self._ended:
                raise LogUnavailable("The record has been closed.")
            await self._growth.wait()
        return now

    async def rebuild(self, projection: Projection, *, replace: bool = False) -> Rebuilt:
        """Fill a projection's tables afresh beside those that are there, and compare.

        Nothing is appended while the last entries are taken in and rows are compared. All rows of
        one table are held in memory.

        Args:
            projection: one of those that the record was opened with.
            replace: put the fresh rows in the place of those that differ, in one transaction.

        Raises:
            ValueError: the record was opened without it.
            LogReadOnly: the record was opened for reading.
            ProjectionFailed: it cannot be applied to an entry.
            LogUnavailable, StatementFailed: nothing was written.
            AppendUnknown: the fresh rows may have been written.
        """
        if not self._projections.has(projection):
            raise ValueError(f"the record was opened without {projection.tables.name!r}")
        if self._store.read_only:
            raise LogReadOnly("The record was opened for reading.")
        directory = self._store.place.directory
        scratch = await asyncio.to_thread(Scratch, projection, self.party, directory)
        try:
            begin = await self._fill(scratch, self.head.size)
            async with self._paused():
                await self._fill(scratch, begin)
                return await self._settle(projection, scratch, replace)
        finally:
            await asyncio.to_thread(scratch.close)

    # --- inside ------------------------------------------------------------------------------

    def _paused(self) -> AbstractAsyncContextManager[object]:
        """Nothing is appended within."""
        return nullcontext()

    def _grown(self) -> None:
        """Wake those who wait for new entries."""
        self._growth.set()
        self._growth = asyncio.Event()

    async def _fill(self, scratch: Scratch, begin: int) -> int:
        """Take in all entries there are. `begin` is as long as the log was when that began, and
        is returned."""
        while scratch.size < (size := self.head.size):
            entries = await self.entries(scratch.size, min(_PAGE, size - scratch.size))
            if any(
                each.index >= begin and 0 <= erased_in(each, self.party) < scratch.size
                for each in entries
            ):
                # It was whole when it was taken in.
                await asyncio.to_thread(scratch.restart)
                begin = self.head.size
                continue
            await asyncio.to_thread(scratch.take, entries)
        return begin

    async def _settle(self, projection: Projection, scratch: Scratch, replace: bool) -> Rebuilt:
        rows: dict[str, int] = {}
        differing = 0
        differences: list[Difference] = []
        for table in scratch.tables:
            named = ", ".join(scratch.columns(table))
            stored = await self.query(f"SELECT {named} FROM {table}")  # noqa: S608
            rows[table] = len(await asyncio.to_thread(scratch.rows, table))
            count, found = await asyncio.to_thread(scratch.compare, table, stored)
            differing += count
            differences += found
        replaced = replace and differing > 0
        if replaced:
            fresh = [await asyncio.to_thread(scratch.insertion, each) for each in scratch.tables]
            await self._store.log.execute(
                [*emptied(projection.tables), *(each for each in fresh if each.rows)]
            )
        return Rebuilt(
            projection.tables.name,
            scratch.size,
            rows,
            differing,
            tuple(differences[:DIFFERENCES_MAX]),
            replaced,
        )
