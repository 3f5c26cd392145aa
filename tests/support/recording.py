"""A node's context over a real record in a directory of the test, and a recorder in it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from tests.support.party_records import A, Party, create, reopen

from detente.agreement import Agreement
from detente.node.context import NodeContext
from detente.node.home import Home
from detente.node.settings import NodeSettings
from detente.node.uss.recorder import Recorder
from detente.planning import PLAN_PROJECTION, Book
from detente.record import PartyRecord, RecordPlace


@dataclass
class Recording:
    """What a test works with."""

    context: NodeContext
    book: Book
    recorder: Recorder

    @property
    def record(self) -> PartyRecord:
        return self.context.record


def no_agreement() -> Agreement:
    """Nothing here asks for it."""
    raise AssertionError("the agreement is not needed")


def context_over(
    record: PartyRecord, directory: Path, clock: Callable[[], datetime] | None = None
) -> NodeContext:
    """A context without an agreement."""
    return NodeContext(
        record.party,
        record,
        no_agreement,
        clock or (lambda: datetime.now(UTC)),
        secrets.token_bytes,
        cast(Home, None),
        NodeSettings(),
    )


@asynccontextmanager
async def recording(
    directory: Path,
    party: Party = A,
    *,
    again: bool = False,
    clock: Callable[[], datetime] | None = None,
    database: str | None = None,
) -> AsyncIterator[Recording]:
    """A record, its book and recorder; `again` opens one that is there."""
    place = RecordPlace(directory / f"record-{party.id}", database)
    opened = (
        await reopen(place, party, projections=[PLAN_PROJECTION])
        if again
        else await create(place, party, projections=[PLAN_PROJECTION])
    )
    try:
        context = context_over(opened, directory, clock)
        book = Book(opened.blobs.read)
        recorder = Recorder(context, book)
        await recorder.load()
        yield Recording(context, book, recorder)
        await recorder.flush()
    finally:
        await opened.close()
