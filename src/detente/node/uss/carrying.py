"""Drives one attempt of the planning core to its outcome: errands at once, answers as they come."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from detente.planning import (
    Answer,
    Details,
    Errand,
    FetchConstraint,
    FetchIntent,
    Heard,
    NoAnswer,
    Outcome,
    Pending,
)

AT_ONCE: Final = 32
"""Errands of one attempt under way at one time."""

SILENT_MAX: Final = 3
"""Errands of one attempt that a USS may leave without an answer."""

Perform = Callable[[Errand], Awaitable[Heard]]
"""Carries out one errand; an error of the other side is an answer."""


class Attempting(Protocol):
    """What is needed of `detente.planning.Attempt`."""

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it lasts."""

    def actions(self) -> tuple[Pending, ...]:
        """What is to be done and was not told yet."""

    def answered(
        self,
        number: int,
        answer: Answer,
        now_us: int,
        *,
        source: str = "",
        signed_by: str = "",
        details: Details | None = None,
    ) -> None:
        """What came of an errand."""


class Abandoned(Exception):
    """The attempt was to end before it changed anything."""


async def carry(
    attempt: Attempting,
    perform: Perform,
    now_us: Callable[[], int],
    before_change: Callable[[], Awaitable[None]],
) -> Outcome:
    """Do what an attempt asks for until it has an outcome.

    Args:
        attempt: just made.
        perform: carries out one errand.
        now_us: the clock.
        before_change: awaited before the first errand that changes an exchange.

    Raises:
        Abandoned, DetenteError: whatever `before_change` raises; nothing was changed then.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    under_way: dict[asyncio.Task[Heard], int] = {}
    announced = False

    async def work(pending: Pending) -> Heard:
        wait_s = (pending.not_before_us - now_us()) * 1e-6 if pending.not_before_us else 0.0
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        async with gate:
            return await perform(pending.errand)

    try:
        while True:
            for pending in attempt.actions():
                if pending.changes and not announced:
                    await before_change()
                    announced = True
                under_way[asyncio.create_task(work(pending))] = pending.number
            outcome = attempt.outcome
            if outcome is not None:
                return outcome
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                heard = task.result()
                attempt.answered(
                    under_way.pop(task),
                    heard.answer,
                    now_us(),
                    source=heard.source,
                    signed_by=heard.signed_by,
                    details=heard.details,
                )
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def while_answered(perform: Perform) -> Perform:
    """The same for one attempt, but who is silent is not waited for once for each intent.

    A USS that has left several errands without an answer is not asked the others: an attempt near
    hundreds of its intents would last for minutes, to the same end.
    """
    silent: Counter[str] = Counter()

    async def ask(errand: Errand) -> Heard:
        if not isinstance(errand, FetchIntent | FetchConstraint):
            return await perform(errand)
        manager = errand.reference.manager
        if silent[manager] >= SILENT_MAX:
            return Heard(NoAnswer("not asked: it has left others without an answer", sent=False))
        heard = await perform(errand)
        if isinstance(heard.answer, NoAnswer):
            silent[manager] += 1
        return heard

    return ask
