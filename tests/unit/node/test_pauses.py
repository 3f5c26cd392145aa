"""Threads' turns are short while a node runs, and full rounds of the collector go through less."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from detente.node.pauses import TURN_S, collect_only_what_is_new, short_turns

pytestmark = pytest.mark.anyio


@pytest.fixture
def collector() -> Iterator[None]:
    """As it was, afterwards."""
    gc.freeze()  # what the tests before have left need not be gone through
    try:
        yield
    finally:
        gc.unfreeze()


def test_turns_are_short_and_as_before_afterwards() -> None:
    before = sys.getswitchinterval()
    with short_turns():
        assert sys.getswitchinterval() == pytest.approx(TURN_S)
    assert sys.getswitchinterval() == before


async def begun() -> asyncio.Task[None]:
    callbacks = len(gc.callbacks)
    task = asyncio.create_task(collect_only_what_is_new())
    await asyncio.sleep(0)
    assert len(gc.callbacks) == callbacks + 1
    return task


class Kept:
    """Something that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_has_lived_through_a_round_is_not_gone_through_again(collector: None) -> None:
    callbacks = len(gc.callbacks)
    task = await begun()
    lasting = [[number] for number in range(2_000)]
    before = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() >= before + len(lasting)
    gone = weakref.ref(Kept())
    gc.collect()
    assert gone() is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(gc.callbacks) == callbacks
    before = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() <= before


async def test_what_refers_to_itself_is_collected_in_the_end(collector: None) -> None:
    kept: list[Kept] = [Kept()]
    gone = weakref.ref(kept[0])
    freed = asyncio.Event()
    weakref.finalize(kept[0], freed.set)
    gc.freeze()
    kept.clear()
    gc.collect()
    assert gone() is not None
    task = asyncio.create_task(collect_only_what_is_new(thaw_every_s=0.0))
    await asyncio.wait_for(freed.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gone() is None
