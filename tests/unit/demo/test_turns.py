"""Flights of both parties are planned in the order in which they begin."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.operations.flights_made import flight, straight

from detente.demo.turns import Turns
from detente.operations import Flight

pytestmark = pytest.mark.anyio

OURS = [flight(f"a{at}", "Party A", straight(start_s=60 * at)) for at in (0, 2, 4)]
THEIRS = [flight(f"b{at}", "Party B", straight(start_s=60 * at)) for at in (1, 3, 5)]


async def test_nobody_gets_further_ahead_than_allowed() -> None:
    turns = Turns([OURS, THEIRS], ahead=2)
    begun: list[str] = []
    hold = asyncio.Event()

    async def plan(flights: list[Flight], slow: bool) -> None:
        for each in flights:
            async with turns.turn(each):
                begun.append(each.flight_id)
                if slow:
                    await hold.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(plan(OURS, slow=True))
        theirs = group.create_task(plan(THEIRS, slow=False))
        for _ in range(20):
            await asyncio.sleep(0)  # nothing here waits for anything but the loop
        assert not theirs.done()
        assert begun == ["a0", "b1"]
        hold.set()
    assert sorted(begun) == ["a0", "a2", "a4", "b1", "b3", "b5"]


async def test_a_flight_that_cannot_be_planned_does_not_hold_the_others() -> None:
    turns = Turns([OURS, THEIRS], ahead=1)
    with pytest.raises(ValueError, match="no"):
        async with turns.turn(OURS[0]):
            raise ValueError("no")
    async with asyncio.timeout(5), turns.turn(THEIRS[0]):
        pass
