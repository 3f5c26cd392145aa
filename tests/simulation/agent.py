"""What every client does: ask an instance, wait with limited patience, settle what is unknown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation import questions
from tests.simulation.operations import Operation

from detente.exchange import commands as c

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(slots=True)
class Book:
    """What a USS believes of its own things: OVN or version by identifier, None if in doubt."""

    uss: str
    intents: dict[str, str | None] = field(default_factory=dict)
    constraints: dict[str, str | None] = field(default_factory=dict)
    subscriptions: dict[str, str | None] = field(default_factory=dict)
    key: dict[str, str] = field(default_factory=dict)  # OVNs that others told, by identifier


class Agent:
    """Somebody who acts for a USS."""

    def __init__(self, world: World, book: Book) -> None:
        self.world = world
        self.rng = world.rng
        self.book = book

    # -- asking ------------------------------------------------------------------------------

    async def call(self, command: c.Command) -> Operation:
        """Have a command decided somewhere; wait as long as one has patience."""
        world = self.world
        life = self.rng.choice(world.instances).life
        if life is None or not life.serving or life.exchange is None:
            operation = world.begin(None, "nobody", "refused connection")
            operation.close("failed")
            return operation
        operation = world.begin(command, life.process.name)
        await self._wait(
            operation,
            life.serve(operation, world.submit(operation, life.exchange, life.process)),
        )
        return operation

    async def read(self, question: questions.View, truth: questions.Truth) -> Operation:
        """Ask something somewhere."""
        world = self.world
        life = self.rng.choice(world.instances).life
        operation = world.begin(None, "nobody" if life is None else life.process.name, "read")
        if life is None or not life.serving or life.exchange is None:
            operation.close("failed")
            return operation
        work = world.ask(operation, life.exchange, life.process, question, truth)
        await self._wait(operation, life.serve(operation, work))
        return operation

    async def _wait(self, operation: Operation, task: asyncio.Task[None]) -> None:
        if operation.answered.done():
            return
        patience_s = self.rng.expovariate(1 / self.world.weather.patience_s)
        self._wait_for_long(operation, task, patience_s)
        await operation.answered
        if operation.patience is not None:
            operation.patience.cancel()

    def _wait_for_long(
        self, operation: Operation, task: asyncio.Task[None], seconds: float
    ) -> None:
        loop = asyncio.get_running_loop()
        operation.patience = loop.call_later(seconds, self._give_up, operation, task)

    def _give_up(self, operation: Operation, task: asyncio.Task[None]) -> None:
        if operation.outcome != "open":
            return
        if self.world.paused:
            # In good weather everything must be answered: see `quiet`.
            self._wait_for_long(operation, task, 1.0)
            return
        self.world.count("client gave up")
        operation.lost()
        task.cancel()

    # -- knowing -----------------------------------------------------------------------------

    async def own_intent(self) -> tuple[str, str] | None:
        return await self._known(self.book.intents, questions.intent)

    async def own_subscription(self) -> tuple[str, str] | None:
        return await self._known(self.book.subscriptions, questions.subscription)

    async def _known(
        self, things: dict[str, str | None], question: questions.ByIdentifier
    ) -> tuple[str, str] | None:
        """One of our things and its version; sometimes the version is wrong."""
        known = [(i, version) for i, version in things.items() if version is not None]
        if not known or (len(known) < len(things) and self.rng.random() < 0.3):
            await self.settle(things, question)
            return None
        identifier, version = self.rng.choice(known)
        return identifier, "a-stale-version" if self.rng.random() < 0.02 else version

    async def settle(self, things: dict[str, str | None], question: questions.ByIdentifier) -> None:
        """Read what became of something that is in doubt."""
        doubtful = [identifier for identifier, version in things.items() if version is None]
        identifiers = doubtful or list(things)
        if not identifiers:
            return
        identifier = self.rng.choice(identifiers)
        asked = await self.read(*question(identifier))
        if asked.outcome == "done" and identifier in things:
            if asked.result:
                things[identifier] = str(asked.result[0])
            else:
                del things[identifier]

    @staticmethod
    def doubt(things: dict[str, str | None], identifier: str) -> None:
        things[identifier] = None

    @staticmethod
    def missing(asked: Operation) -> bool:
        return asked.error is not None and asked.error.code == "exchange.not_found"
