"""What waits for the exchange's writer: commands, questions, a batch that was not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Reply
from detente.record import LedgerWriting


@dataclass(slots=True)
class Pending:
    """A command, and who waits for what becomes of it.

    Attributes:
        command: itself.
        answer: is waited for.
        reply, refusal: what was decided, to be told once it is durable.
    """

    command: c.Command
    answer: asyncio.Future[Reply]
    reply: Reply = None
    refusal: DetenteError | None = None

    def tell(self) -> None:
        """Let the one who waits know, if anybody still does."""
        if self.answer.done():
            return
        if self.refusal is not None:
            self.answer.set_exception(self.refusal)
        else:
            self.answer.set_result(self.reply)

    def fail(self, error: DetenteError) -> None:
        """Let the one who waits know that it came to nothing."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True)
class Question:
    """A look at the state, and who waits for it."""

    view: Callable[[Airspace], Any]
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class InDoubt:
    """A batch whose append was not answered: the log knows whether it was made."""

    writing: LedgerWriting
    commands: list[Pending]
