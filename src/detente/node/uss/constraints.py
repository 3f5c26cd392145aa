"""Constraints: ours, published at the exchanges and told to their subscribers; and others', of
which our operators are told.

Ours are managed like plans: an order is durable in the record before any exchange is asked, and
stays open there until it is known what every exchange has made of it. What peers are told (U4) is
what every exchange has accepted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakValueDictionary

from detente.errors import DetenteError
from detente.f3548 import PeerNonsense, PeerRefused, PeerUnreachable, UssClient, scopes
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning import (
    FetchConstraint,
    Heard,
    NoAnswer,
    Nonsense,
    Notice,
    OwnConstraint,
    Refused,
    Result,
)
from detente.planning.constraint_errands import (
    Answered,
    ConstraintErrand,
    ConstraintOutcome,
    GetConstraint,
    PutConstraint,
    Steps,
)
from detente.planning.constraint_filing import (
    LATE_US,
    concerned,
    file_constraint,
    refused_at_once,
    settle_constraint,
)
from detente.planning.constraint_orders import (
    CONSTRAINT_ORDER,
    OpenOrder,
    closing_draft,
    opened_or_closed,
    opening_draft,
)
from detente.planning.constraints import (
    ConstraintAction,
    ConstraintOrder,
    constraint_faults,
    last_end_us,
)
from detente.record import Query

from .constraint_parts import ConstraintBusy, ConstraintParts, NoSuchConstraint
from .constraint_watch import ConstraintWatch
from .notifier import Say

AGAIN_S: Final = 5.0
"""Until exchanges are asked again that did not answer."""
TIDY_S: Final = 60.0
"""How often what is over is looked for."""
FORGET_US: Final = 3_600_000_000
_OWN_PATIENCE_S: Final = 2.0
_PAGE: Final = 200
_NOT_FOUND: Final = 404

_log = logging.getLogger("detente.node.uss")


class ConstraintDesk:
    """Manages our constraints, and knows others'."""

    def __init__(self, parts: ConstraintParts) -> None:
        self.parts = parts
        self.watch = ConstraintWatch(parts)
        self.late_us = LATE_US
        self._open: dict[str, OpenOrder] = {}
        self._wanted = asyncio.Event()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._deciding: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        """Take up what the record tells: after the recorder, before anything else."""
        after: int | None = None
        while True:
            page = await self.parts.record.search(
                Query(kinds=(CONSTRAINT_ORDER,)), limit=_PAGE, after=after
            )
            for entry in page.entries:
                said = None if entry.payload is None else opened_or_closed(entry.payload)
                if isinstance(said, OpenOrder):
                    self._open[said.key] = said
                elif said is not None:
                    self._open.pop(said, None)
            after = page.next
            if after is None:
                break
        for constraint in self.parts.book.constraints.values():
            self.watch.know(constraint)
        if self._open:
            self._wanted.set()

    @property
    def open(self) -> int:
        """Orders of which it is not known what came of them."""
        return len(self._open)

    # --- what officers want ------------------------------------------------------------------

    async def publish(
        self, details: uss.ConstraintDetails, provider: str, identity: str | None = None
    ) -> ConstraintOutcome:
        """Publish a new constraint.

        Args:
            details: what peers are told.
            provider: who is responsible for it (LOG0055).
            identity: a UUIDv4 of the officer's choice; None: a new one.

        Raises:
            ConstraintBusy: an order for that id is open.
            LogUnavailable, AppendUnknown, RecordRefused: nothing can be recorded, so nothing is
                published.
        """
        chosen = (identity or self.parts.new_id()).lower()

        def make() -> ConstraintOrder:
            before = self._of(chosen)
            action = ConstraintAction.PUBLISH
            return ConstraintOrder(action, chosen, details, provider, self.parts.now_us(), before)

        return await self._whole(self._order(chosen, make))

    async def change(
        self, identity: str, details: uss.ConstraintDetails, provider: str = ""
    ) -> ConstraintOutcome:
        """Change one that stands. Errors as in `publish`, and NoSuchConstraint."""

        def make() -> ConstraintOrder:
            before = self._there(identity)
            return ConstraintOrder(
                ConstraintAction.CHANGE,
                identity,
                details,
                provider or before.provider,
                self.parts.now_us(),
                before,
            )

        return await self._whole(self._order(identity, make))

    async def end(self, identity: str) -> ConstraintOutcome:
        """End one that stands. Errors as in `change`."""

        def make() -> ConstraintOrder:
            before = self._there(identity)
            return ConstraintOrder(
                ConstraintAction.END,
                identity,
                before.details,
                before.provider,
                self.parts.now_us(),
                before,
            )

        return await self._whole(self._order(identity, make))

    def ours(self) -> Mapping[str, OwnConstraint]:
        """Our constraints that have not ended, by id."""
        return self.parts.book.constraints

    # --- what peers ask and tell -------------------------------------------------------------

    def details(self, constraint_id: str, exchange: str) -> uss.Constraint | None:
        """One of ours as it stands at an exchange (U4); None: there is none.

        Args:
            constraint_id: in canonical form.
            exchange: its name; "" where there is only one.
        """
        found = self.parts.book.constraints.get(constraint_id)
        if found is None:
            return None
        for name, reference in found.filed:
            if exchange in (name, ""):
                return uss.Constraint(reference, found.details)
        return None

    async def own(self, errand: FetchConstraint) -> Heard:
        """The answer to an errand of our own planning for one of our own constraints."""
        deciding = self._deciding.get(errand.reference.id)
        if deciding is not None:
            try:
                async with asyncio.timeout(_OWN_PATIENCE_S):
                    await deciding.wait()
            except TimeoutError:
                pass
        told = self.details(errand.reference.id, errand.exchange)
        if told is None:
            return Heard(Refused(_NOT_FOUND, "It is not known here."))
        return Heard(uss.GetConstraintDetailsResponse(told))

    async def heard(
        self, change: uss.PutConstraintDetailsParameters, sender: str, source: str, exchange: str
    ) -> None:
        """A peer has told of a constraint (U5); see `ConstraintWatch.heard`."""
        await self.watch.heard(change, sender, source, exchange)

    # --- carrying out ------------------------------------------------------------------------

    async def run(self) -> None:
        """Bring orders to an end that were left open, and end what is over, as long as the node
        runs."""
        while True:
            try:
                await asyncio.wait_for(self._wanted.wait(), TIDY_S)
            except TimeoutError:
                await self.tidy()
                continue
            self._wanted.clear()
            for opened in list(self._open.values()):
                await self._settle(opened)
            if self._open:
                await asyncio.sleep(AGAIN_S)
                self._wanted.set()

    async def tidy(self) -> None:
        """End ours that are over: no exchange does so by itself. Forget others' an hour later."""
        now_us = self.parts.now_us()
        for constraint in list(self.parts.book.constraints.values()):
            if last_end_us(constraint.details) < now_us:
                try:
                    await self.end(constraint.id)
                except DetenteError as error:
                    _log.warning("the constraint %s is not ended: %s", constraint.id, error)
        for known in self.watch.others():
            if last_end_us(known.details) < now_us - FORGET_US:
                self.parts.known.forget_constraint(known.reference.id, known.exchange)

    async def close(self) -> None:
        """Wait until what was begun has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _whole(self, work: Coroutine[Any, Any, ConstraintOutcome]) -> ConstraintOutcome:
        """Do some work to its end, whoever stops waiting for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _order(self, identity: str, make: Callable[[], ConstraintOrder]) -> ConstraintOutcome:
        async with self._locked(identity):
            if any(each.order.id == identity for each in self._open.values()):
                raise ConstraintBusy(
                    "It is not known yet what the exchanges have made of an earlier order.",
                    where=identity,
                    advice="Wait: they are asked until they answer.",
                )
            order = make()
            faults = constraint_faults(order, self.parts.rules, self.parts.now_us())
            if faults:
                return refused_at_once(order, faults)
            names = concerned(order, self.parts.exchanges)
            opened = OpenOrder(self.parts.new_id(), order, names)
            await self.parts.record.append([(opening_draft(opened), None)])
            self._open[opened.key] = opened
            deciding = self._deciding[identity] = asyncio.Event()
            try:
                outcome = await self._carry(file_constraint(order, self.parts.exchanges))
                await self._state(opened, outcome)
                return outcome
            finally:
                del self._deciding[identity]
                deciding.set()
                if self._open:
                    self._wanted.set()

    async def _carry(self, steps: Steps) -> ConstraintOutcome:
        try:
            errand = next(steps)
            while True:
                errand = steps.send(await self._perform(errand))
        except StopIteration as end:
            outcome: ConstraintOutcome = end.value
            return outcome

    async def _perform(self, errand: ConstraintErrand) -> Answered:
        client = self.parts.calls.exchange(errand.exchange, errand.id)
        answer: Any
        try:
            if isinstance(errand, PutConstraint):
                answer = await client.put_constraint(
                    errand.id, errand.parameters, errand.ovn or None
                )
            elif isinstance(errand, GetConstraint):
                found = await client.constraint(errand.id, scopes.CONSTRAINT_MANAGEMENT)
                answer = wire.GetConstraintReferenceResponse(found)
            else:
                answer = await client.delete_constraint(errand.id, errand.ovn)
        except PeerRefused as error:
            answer = Refused(error.status, error.message)
        except PeerUnreachable as error:
            answer = NoAnswer(error.message, sent=error.sent)
        except PeerNonsense as error:
            answer = Nonsense(error.message)
        except DetenteError as error:  # no token: nothing was sent
            answer = NoAnswer(str(error), sent=False)
        return Answered(answer, self.parts.now_us())

    async def _state(self, opened: OpenOrder, outcome: ConstraintOutcome) -> None:
        """Put on record how it ended, and tell everybody whom it concerns."""
        parts, order = self.parts, outcome.order
        before, now = self._of(order.id), outcome.constraint
        never = order.action is ConstraintAction.PUBLISH and outcome.result is not Result.DONE
        if not never and (before is None or _substance(before) != _substance(now)):
            await parts.recorder.constraint(now)
            if now.ended:
                parts.known.forget_constraint(now.id)
            else:
                self.watch.know(now)
        if not outcome.unsettled:
            await parts.record.append([(closing_draft(opened.key, outcome), None)])
            self._open.pop(opened.key, None)
        for notice in outcome.notices:
            parts.notifier.begin(notice, self._saying(notice, now))
        if not never:
            await self.watch.tell(
                order.id,
                None if before is None or before.ended else before.details,
                None if now.ended else now.details,
                parts.now_us(),
            )

    def _saying(self, notice: Notice, now: OwnConstraint) -> Say:
        reference = dict(now.filed).get(notice.exchange)
        told = None
        if not notice.ended and reference is not None:
            told = uss.Constraint(reference, now.details)
        change = uss.PutConstraintDetailsParameters(now.id, list(notice.subscriptions), told)

        def say(peer: UssClient) -> Coroutine[Any, Any, None]:
            return peer.notify_constraint(change)

        return say

    async def _settle(self, opened: OpenOrder) -> None:
        identity = opened.order.id
        late_s = (opened.order.given_us + self.late_us - self.parts.now_us()) * 1e-6
        if late_s > 0:
            await asyncio.sleep(min(late_s, self.late_us * 1e-6))
        try:
            async with self._locked(identity):
                if opened.key not in self._open:
                    return
                order = opened.since(self._of(identity))
                steps = settle_constraint(order, opened.exchanges, self.parts.exchanges)
                outcome = await self._carry(steps)
                if not outcome.unsettled:
                    await self._state(opened, outcome)
        except DetenteError as error:
            _log.warning("an order for the constraint %s stays open: %s", identity, error)

    # --- inside ------------------------------------------------------------------------------

    @asynccontextmanager
    async def _locked(self, identity: str) -> AsyncIterator[None]:
        lock = self._locks.get(identity)
        if lock is None:
            lock = self._locks[identity] = asyncio.Lock()
        async with lock:
            yield

    def _of(self, identity: str) -> OwnConstraint | None:
        book = self.parts.book
        return book.constraints.get(identity) or book.ended_constraints.get(identity)

    def _there(self, identity: str) -> OwnConstraint:
        found = self._of(identity)
        if found is None:
            raise NoSuchConstraint(identity)
        return found


def _substance(constraint: OwnConstraint) -> tuple[object, ...]:
    """What of a constraint matters: all but how often it was changed."""
    return constraint.filed, constraint.details, constraint.ended, constraint.provider
