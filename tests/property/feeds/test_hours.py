"""Hours of a feed that is garbage, is cut in the middle of frames, floods and falls silent."""

from __future__ import annotations

import asyncio
import gc
import random
import tracemalloc
from collections.abc import Sequence

import pytest

from detente.feeds import Source, decoder_for
from detente.feeds.transports import (
    Connection,
    Feed,
    FeedBroken,
    FeedState,
    FeedUnreachable,
    Piece,
    Transport,
    WaitingReports,
)

pytestmark = pytest.mark.anyio

HOUR_US = 3_600_000_000
GOOD = {
    "beast": b"\x1a3\x00\x00\x00\x0f\x42\x40\x80" + bytes.fromhex("8D40058B58C904A87F402D3B8C59"),
    "sbs": b"MSG,3,1,1,40058B,1,2026/05/01,09:00:00.000,2026/05/01,09:00:00.000,"
    b",38000,,,49.8,6.0,,,,,,0\r\n",
    "cot": b"<event version='2.0' uid='a' type='a-f-A' time='2026-05-01T09:00:00Z' "
    b"start='2026-05-01T09:00:00Z' stale='2026-05-01T09:01:00Z' how='m-g'>"
    b"<point lat='1' lon='2' hae='3' ce='4' le='5'/></event>",
}


class World:
    """A clock that goes on while somebody waits, and what a seed makes of the feed."""

    def __init__(self, seed: int, name: str) -> None:
        self.random = random.Random(seed)
        self.name = name
        self.began_us = self.now_us = 1_777_626_000_000_000
        self.sent = 0

    def clock(self) -> int:
        return self.now_us

    async def pause(self, seconds: float) -> None:
        self.now_us += round(seconds * 1e6)
        await asyncio.sleep(0)

    def bytes(self) -> bytes:
        chance = self.random.random()
        if chance < 0.4:
            data = GOOD[self.name] * self.random.randrange(1, 20)
            data = data[: self.random.randrange(1, len(data) + 1)]
        elif chance < 0.7:
            data = self.random.randbytes(self.random.randrange(1, 3000))
        elif chance < 0.8:
            data = GOOD[self.name][:7] * 400
        else:
            wrong = bytearray(GOOD[self.name] * 5)
            for _ in range(3):
                wrong[self.random.randrange(len(wrong))] = self.random.randrange(256)
            data = bytes(wrong)
        self.sent += len(data)
        return data


class Unreliable(Transport):
    """Connections that do not last."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def where(self) -> str:
        return "tcp://unreliable.example:1"

    async def open(self) -> Connection:
        if self._world.random.random() < 0.3:
            raise FeedUnreachable("Nobody is there.", where=self.where)
        return Short(self._world)


class Short(Connection):
    """Some pieces, and then none."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def receive(self) -> Sequence[Piece]:
        await self._world.pause(self._world.random.choice([0.01, 1.0, 20.0]))
        if self._world.random.random() < 0.2:
            raise FeedBroken("It is gone.")
        return [Piece(self._world.bytes(), self._world.now_us)]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("name", sorted(GOOD))
async def test_hours_of_a_bad_feed_leave_it_as_it_was_and_everything_counted(name: str) -> None:
    world = World(7, name)
    waiting = WaitingReports(most=1_000)
    feed = Feed(
        "bad",
        Unreliable(world),
        decoder_for(name, Source("bad", name)),
        waiting,
        clock=world.clock,
        random=world.random.random,
        pause=world.pause,
    )
    task = asyncio.create_task(feed.run())
    held: list[int] = []
    tracemalloc.start()
    try:
        for hour in range(1, 4):
            while world.now_us < world.began_us + hour * HOUR_US:
                await asyncio.sleep(0)
                assert len(waiting) <= 1_000
            gc.collect()  # what failed connections leave in circles is no growth
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    health = feed.health()
    assert health.state is FeedState.STOPPED
    assert health.counts.bytes == world.sent
    assert health.connections > 50
    assert health.failures >= health.connections
    assert sum(health.counts.dropped.values()) > 50
    assert held[-1] - held[0] < 1_000_000, held
