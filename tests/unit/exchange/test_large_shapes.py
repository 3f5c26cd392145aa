"""Large shapes are read beside the event loop, one after another; small ones at once."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from detente.exchange.handlers import INLINE_VERTICES_MAX, Handlers
from detente.exchange.requests import Acceptance
from detente.exchange.service import Exchange
from detente.f3548 import types as wire
from detente.geo import Extent
from detente.http import Caller, Request, Response

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class SlowAcceptance(Acceptance):
    """Reading takes until it is told to go on; who reads is noted."""

    threads: list[int] = field(default_factory=list)
    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go_on: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def area_of_interest(self, body: wire.AreaQueryParameters) -> Extent:
        self.threads.append(threading.get_ident())
        self.began.release()
        if threading.get_ident() != threading.main_thread().ident:
            assert self.go_on.acquire(timeout=5)
        return super().area_of_interest(body)


class NoExchange:
    async def ask(self, view: Callable[[Any], Any]) -> list[Any]:
        return []


def ring(vertices: int) -> wire.AreaQueryParameters:
    points = [
        wire.LatLngPoint(
            lat=46 + 0.1 * math.sin(2 * math.pi * at / vertices),
            lng=7 + 0.1 * math.cos(2 * math.pi * at / vertices),
        )
        for at in range(vertices)
    ]
    volume = wire.Volume3D(outline_polygon=wire.PolygonOutline(vertices=points))
    return wire.AreaQueryParameters(area_of_interest=wire.Volume4D(volume=volume))


@pytest.fixture
def acceptance() -> SlowAcceptance:
    return SlowAcceptance()


@pytest.fixture
def handlers(acceptance: SlowAcceptance) -> Handlers:
    exchange = cast(Exchange, NoExchange())
    return Handlers(exchange, acceptance, instance="tests", version="v0.0.0")


async def query(handlers: Handlers, vertices: int) -> Response:
    caller = Caller("uss1", frozenset(), "issuer", 0)
    return await handlers.query_intents(Request({}, {}, ring(vertices), caller, 0))


async def test_a_small_shape_is_read_at_once(
    handlers: Handlers, acceptance: SlowAcceptance
) -> None:
    assert (await query(handlers, INLINE_VERTICES_MAX)).status == 200
    assert acceptance.threads == [threading.get_ident()]


async def test_while_a_large_shape_is_read_others_are_answered(
    handlers: Handlers, acceptance: SlowAcceptance
) -> None:
    large = asyncio.create_task(query(handlers, INLINE_VERTICES_MAX + 1))
    assert await asyncio.to_thread(acceptance.began.acquire, timeout=5)
    assert (await query(handlers, 4)).status == 200
    assert not large.done()
    acceptance.go_on.release()
    assert (await large).status == 200
    assert acceptance.threads[0] != threading.get_ident()


async def test_large_shapes_are_read_one_after_another(
    handlers: Handlers, acceptance: SlowAcceptance
) -> None:
    tasks = [asyncio.create_task(query(handlers, INLINE_VERTICES_MAX + 1)) for _ in range(3)]
    for number in range(1, 4):
        assert await asyncio.to_thread(acceptance.began.acquire, timeout=5)
        assert len(acceptance.threads) == number, "the next waits for the one before"
        acceptance.go_on.release()
    assert [(await task).status for task in tasks] == [200] * 3
