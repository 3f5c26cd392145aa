"""Flights are planned in the order in which they begin, whoever flies them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from detente.operations import Flight

AHEAD: Final = 12
"""So many flights may be in the works beside, or before, one that begins earlier."""


class Turns:
    """Lets flights begin to be planned in their order, a few side by side.

    As dispatchers do, who plan what leaves next. Without it the party that is ahead leaves all
    changes to the other one, which is behind ever further.

    Args:
        flights: of everybody.
        ahead: how far the order may be broken.
    """

    def __init__(self, flights: Iterable[Sequence[Flight]], ahead: int = AHEAD) -> None:
        ordered = sorted((each for own in flights for each in own), key=_begin)
        self._rank = {each.flight_id: rank for rank, each in enumerate(ordered)}
        self._ahead = ahead
        self._done: set[int] = set()
        self._first = 0
        self._moved = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, flight: Flight) -> AsyncIterator[None]:
        """Wait until it is a flight's turn; it is over when the block is, however that ends."""
        rank = self._rank[flight.flight_id]
        async with self._moved:
            await self._moved.wait_for(lambda: rank < self._first + self._ahead)
        try:
            yield
        finally:
            async with self._moved:
                self._done.add(rank)
                while self._first in self._done:
                    self._done.remove(self._first)
                    self._first += 1
                self._moved.notify_all()


def _begin(flight: Flight) -> tuple[int, str, str]:
    return (flight.volumes[0].time_start_us or 0, flight.name, flight.flight_id)
