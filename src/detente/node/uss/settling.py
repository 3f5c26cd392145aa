"""Finds out what exchanges have made of orders whose end is not known, and brings it to an end.

After a crash, a lost answer or a full disk an order may stand at an exchange, or not. It is given
to the planning core again, which asks, and then finishes or undoes it: nothing stands at an
exchange afterwards that this node does not know, nothing is told to others that no exchange has.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from detente.errors import DetenteError
from detente.planning import PendingOrder

from .planner import Planner

AGAIN_S: Final = 5.0
"""Until an exchange that did not answer is asked again."""

_log = logging.getLogger("detente.node.uss")


class Settling:
    """Settles orders that were left open, as long as there are any."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._wanted = asyncio.Event()
        planner.unsettled = self._wanted.set

    @property
    def open(self) -> int:
        """Orders of which it is not known what came of them."""
        return len(self._planner.parts.book.pending)

    async def run(self) -> None:
        """Settle what is open at the start, and whatever is left open later."""
        self._wanted.set()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if not await self.once():
                await asyncio.sleep(AGAIN_S)
                self._wanted.set()

    async def once(self) -> bool:
        """Try everything that is open, at the same time. Whether nothing is open any more."""
        waiting = list(self._planner.parts.book.pending.values())
        await asyncio.gather(*(self._settle(each) for each in waiting))
        return not self.open

    async def _settle(self, pending: PendingOrder) -> None:
        planner, book = self._planner, self._planner.parts.book
        identity = pending.order.id
        try:
            async with planner.locked(identity):
                if pending.id not in book.pending:
                    return  # it was under way, and has ended by itself
                order = replace(pending.order, before=book.intents.get(identity))
                outcome = await planner.attempt(order, pending.id)
        except DetenteError as error:
            _log.warning("an order for %s stays open: %s", identity, error)
            return
        if outcome.unsettled:
            _log.warning(
                "an order for %s stays open: %s did not answer",
                identity,
                ", ".join(outcome.unsettled),
            )
        else:
            _log.info("an order for %s was left open, and is settled now", identity)
