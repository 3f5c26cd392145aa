"""What a client asked, what became of it, and what the client knows of that."""

from __future__ import annotations

import asyncio
from typing import Literal

from tests.simulation.replies import Summary

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange.decision import Reply

Outcome = Literal["open", "done", "refused", "failed", "unknown"]
"""`refused` and `failed` are promises that nothing was changed; `unknown` promises nothing."""


class Operation:
    """A command or a read, from being asked to being answered.

    Attributes:
        floor: entries that any answer must know of: somebody has been told of them.
        decided_at: entries before it when it was last decided, with what had gone before in the
            same batch.
        decided_us: the instance's clock then.
        has_entry: whether anything became true by it then.
        landed_at: position of its entry in the log.
        expected: what the client must be told, once the entry is in the log.
    """

    def __init__(
        self, command: c.Command | None, label: str, asked_of: str, floor: int, now_s: float
    ) -> None:
        self.command = command
        self.label = label
        self.asked_of = asked_of
        self.floor = floor
        self.began_s = now_s
        self.decided_at = -1
        self.decided_us = 0
        self.has_entry = False
        self.landed_at: int | None = None
        self.expected: Summary = ()
        self.outcome: Outcome = "open"
        self.reply: Reply = None
        self.result: Summary = ()
        self.error: DetenteError | None = None
        self.patience: asyncio.TimerHandle | None = None
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def may_land(self) -> bool:
        """Whether an entry that follows from the command may still appear in the log."""
        return self.landed_at is None and self.outcome in ("open", "unknown")

    def close(self, outcome: Outcome) -> None:
        """The client knows this much now, and will never know more."""
        self.outcome = outcome
        if not self.answered.done():
            self.answered.set_result(None)

    def lost(self) -> None:
        """There will be no answer."""
        if self.outcome == "open":
            self.close("unknown")
