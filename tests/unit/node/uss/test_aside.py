"""Bodies of some MiB of geometry: nobody else waits for them, and nobody computes what is refused.

How long the event loop is kept busy is measured in the processor time of its own thread: other
programs on the machine do not count.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.support.planned import circle, neighbour
from tests.support.uss_server import change, served

from detente.f3548 import types as wire
from detente.geo import Circle, Polygon
from detente.node.uss.aside import AT_ONCE_MAX, aside

pytestmark = pytest.mark.anyio

BUSY_MAX_S = 0.15
"""Far below what it was (0.5 to 1.1 s), far above what it is (0.03 s)."""


class Busy:
    """The longest that a loop's thread worked without looking at anything else, seconds."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._last_s = time.thread_time()

    def tick(self) -> None:
        now_s = time.thread_time()
        self.worst_s = max(self.worst_s, now_s - self._last_s)
        self._last_s = now_s
        self.timer = asyncio.get_running_loop().call_later(0.001, self.tick)


@asynccontextmanager
async def watched() -> AsyncIterator[Busy]:
    busy = Busy()
    busy.tick()
    try:
        yield busy
        await asyncio.sleep(0)
        busy.tick()
    finally:
        busy.timer.cancel()


def polygon(vertices: int) -> Polygon:
    turns = (2 * math.pi * i / vertices for i in range(vertices))
    return Polygon(tuple((47 + 0.05 * math.sin(t), 8 + 0.05 * math.cos(t)) for t in turns))


def many(outline: Circle | Polygon, count: int) -> bytes:
    """A notification of an intent with that many volumes."""
    return msgspec.json.encode(
        change(neighbour(volumes=[replace(circle(), outline=outline)] * count))
    )


@pytest.mark.parametrize(
    ("outline", "count", "status"),
    [
        pytest.param(Circle(47.0, 8.0, 100.0), 9_900, 204, id="circles"),
        pytest.param(polygon(3), 3_300, 204, id="triangles"),
        pytest.param(polygon(10_000), 1, 204, id="one polygon"),
        pytest.param(polygon(3), 9_000, 400, id="too many triangles"),
        pytest.param(polygon(60_000), 1, 400, id="too large a polygon"),
    ],
)
async def test_a_large_notification_keeps_nobody_waiting(
    tmp_path: Path, outline: Circle | Polygon, count: int, status: int
) -> None:
    body = many(outline, count)
    async with served(tmp_path) as there:
        first = await there.post("/uss/v1/operational_intents", change(neighbour()))
        assert first.status_code == 204  # what is compiled is loaded now
        async with watched() as busy:
            answer = await there.post("/uss/v1/operational_intents", body)
            await there.node.recorder.flush()
    assert answer.status_code == status, answer.text
    if status == 400:
        assert "10,000" in answer.text
    assert busy.worst_s < BUSY_MAX_S


async def test_little_is_done_at_once_and_much_in_a_thread() -> None:
    loops = asyncio.get_running_loop()

    def on_the_loop() -> bool:
        try:
            return asyncio.get_running_loop() is loops
        except RuntimeError:
            return False

    few = [wire.Volume4D(wire.Volume3D())] * AT_ONCE_MAX
    assert await aside(few, on_the_loop) is True
    assert await aside([*few, few[0]], on_the_loop) is False


async def test_errors_come_back_from_the_thread() -> None:
    def refuse() -> None:
        raise ValueError("no")

    many_volumes = [wire.Volume4D(wire.Volume3D())] * (AT_ONCE_MAX + 1)
    with pytest.raises(ValueError, match="no"):
        await aside(many_volumes, refuse)
