"""Forgets, now and then, what is over: the record keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from detente.f3548 import time_us
from detente.planning import Book, Neighbourhood

EVERY_S: Final = 300.0
OVER_US: Final = 24 * 3600 * 1_000_000
"""How long after its end a plan is at hand."""


class Tidying:
    """Keeps memory from growing with all that ever was planned."""

    def __init__(self, book: Book, known: Neighbourhood, now_us: Callable[[], int]) -> None:
        self._book = book
        self._known = known
        self._now_us = now_us

    async def run(self) -> None:
        """Do it as long as the node runs."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.once()

    def once(self) -> None:
        """Forget what ended a day ago; of others, what ended an hour ago."""
        now_us = self._now_us()
        self._book.drop_ended(now_us - OVER_US)
        for neighbour in self._known.all():
            end = neighbour.reference.time_end
            if time_us(end, "time_end") < now_us - OVER_US // 24:
                self._known.forget(neighbour.id, neighbour.exchange)
