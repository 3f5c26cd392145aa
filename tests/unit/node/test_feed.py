"""One reader tells all listeners, each from his own place, and nobody misses anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.party_records import create, draft

from detente.node.feed import Event, Feed
from detente.record import PartyRecord, RecordPlace

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def followed(place: Path, kept: int = 2000) -> AsyncIterator[tuple[PartyRecord, Feed]]:
    """A record with a feed that follows it."""
    record = await create(RecordPlace(place))
    feed = Feed(record, record.head.size, kept_max=kept)
    task = asyncio.create_task(feed.follow())
    try:
        yield record, feed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await record.close()


async def take(feed: Feed, after: int | None, count: int) -> list[Event]:
    """So many events."""
    found: list[Event] = []
    listening = feed.listen(after)
    async with asyncio.timeout(10):
        async for event in listening:
            found.append(event)
            if len(found) == count:
                break
    await listening.aclose()
    return found


async def test_a_listener_hears_what_is_recorded_from_then_on(tmp_path: Path) -> None:
    async with followed(tmp_path) as (record, feed):
        hearing = asyncio.create_task(take(feed, None, 2))
        await asyncio.sleep(0)
        await record.append([(draft("one"), None), (draft("two"), None)])
        assert [event.index for event in await hearing] == [1, 2]
        assert feed.listeners == 0


async def test_whoever_comes_back_misses_nothing_however_long_he_was_away(tmp_path: Path) -> None:
    async with followed(tmp_path, kept=3) as (record, feed):
        for start in range(0, 500, 100):
            await record.append([(draft(str(n)), None) for n in range(start, start + 100)])
        assert len(await take(feed, 0, 500)) == 500
        found = await take(feed, 4, 496)
        assert [event.index for event in found] == list(range(5, 501))


async def test_states_are_told_at_the_beginning_and_when_they_change(tmp_path: Path) -> None:
    async with followed(tmp_path) as (_, feed):
        feed.state("link/b", "link", "watch", {"state": "up"})
        feed.state("link/c", "link", "watch", {"state": "late"})
        assert {event.data for event in await take(feed, None, 2)} == {
            b'{"state":"up"}',
            b'{"state":"late"}',
        }
        listening = feed.listen(None)
        for _ in range(2):
            await anext(listening)
        waiting = asyncio.create_task(anext(listening))
        feed.state("link/b", "link", "watch", {"state": "up"})  # the same again: nothing is told
        await asyncio.sleep(0)
        assert not waiting.done()
        feed.state("link/b", "link", "watch", {"state": "late"})
        assert (await waiting).data == b'{"state":"late"}'
        await listening.aclose()


async def test_events_tell_who_and_where_and_never_what(tmp_path: Path) -> None:
    async with followed(tmp_path) as (record, feed):
        hearing = asyncio.create_task(take(feed, None, 1))
        await asyncio.sleep(0)
        await record.append([(draft("secret words", channel="room/r-1/1"), None)])
        (event,) = await hearing
        assert b"secret words" not in event.data
        assert event.room == "r-1"
