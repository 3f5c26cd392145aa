"""Plans flights: gives orders to the planning core, does what it asks, states what came of it.

One order at a time for one intent; different intents at the same time. Before an exchange is asked
to change anything the order is durable in the record, and it stays open there until it is known
what every exchange has made of it: see `settling`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from detente.errors import DetenteError
from detente.f3548 import PeerRefused
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D
from detente.planning import (
    Action,
    Attempt,
    Errand,
    FetchConstraint,
    FetchIntent,
    Heard,
    Intent,
    Neighbour,
    Notice,
    Order,
    Outcome,
    PlanningRules,
    Refused,
    State,
    details_on_wire,
)

from .carrying import Perform, carry, while_answered
from .planner_parts import Done, PlannerParts
from .wanted import (
    NoSuchPlan,
    PlanBusy,
    PlanEnded,
    PlanExists,
    PlanWanted,
    change_order,
    declare_order,
    end_order,
    plan_order,
)

if TYPE_CHECKING:
    from detente.planning.hearing import HeardIntent

__all__ = ["Done", "NoSuchPlan", "PlanBusy", "PlanEnded", "PlanWanted", "Planner", "PlannerParts"]

OUTCOMES_KEPT: Final = 500
"""Newest attempts whose outcome is at hand, whole."""
_OWN_PATIENCE_S: Final = 2.0
"""For an order of our own that stands in the way of another one and is not decided yet."""
_INPUTS: Final[Mapping[Action, uss.UserInputEvent]] = {
    Action.END: "OPIN0040",
    Action.DECLARE_NONCONFORMING: "CMSA0100",
    Action.CONFORM: "CMSA0105",
    Action.DECLARE_CONTINGENT: "CMSA0200",
}

_log = logging.getLogger("detente.node.uss")


class Planner:
    """Carries out what operators want of their plans."""

    def __init__(self, parts: PlannerParts) -> None:
        self.parts = parts
        self.unsettled: Callable[[], None] = lambda: None
        """Called when an order is left open: it is to be settled."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._deciding: dict[str, asyncio.Event] = {}
        self._outcomes: OrderedDict[str, Done] = OrderedDict()

    # --- what operators want -----------------------------------------------------------------

    async def file(self, wanted: PlanWanted, by: str) -> Outcome:
        """Plan something new: `wanted.state` is Accepted, or Activated.

        Args:
            wanted: the plan.
            by: account of whoever wants it.

        Raises:
            PlanBusy: an earlier order for its id is open.
            PlanExists: there is a plan of its id, or was.
            LogUnavailable, AppendUnknown, RecordRefused: nothing can be recorded, so nothing is
                filed.
        """
        identity = (wanted.id or self.parts.new_id()).lower()

        def make() -> Order:
            # It would take the place of a flight that may be in the air.
            if identity in self.parts.book.intents or identity in self.parts.book.ended:
                raise PlanExists(identity)
            return plan_order(wanted, identity, self.parts.now_us())

        return await self._order(identity, make, by)

    async def modify(self, identity: str, wanted: PlanWanted, by: str) -> Outcome:
        """Change volumes or priority; the state stays. Errors as in `activate`."""

        def make() -> Order:
            before = self._there(identity)
            return change_order(Action.MODIFY, before, before.state, wanted, self.parts.now_us())

        return await self._order(identity, make, by)

    async def activate(self, identity: str, by: str, wanted: PlanWanted | None = None) -> Outcome:
        """Say that the flight begins, perhaps with other volumes.

        Raises:
            NoSuchPlan, PlanEnded, PlanBusy: there is nothing that it can be done to.
            LogUnavailable, AppendUnknown, RecordRefused: as in `file`.
        """

        def make() -> Order:
            before = self._there(identity)
            now_us = self.parts.now_us()
            return change_order(Action.ACTIVATE, before, State.ACTIVATED, wanted, now_us)

        return await self._order(identity, make, by)

    async def declare(
        self, identity: str, state: State, off_nominal: Sequence[Volume4D], by: str
    ) -> Outcome:
        """Say that an aircraft does not fly as planned: Nonconforming or Contingent.

        Args:
            identity: of the plan.
            state: one of the two.
            off_nominal: where it may be; empty: where it was said to be before.
            by: account of whoever says so.

        Raises: as in `activate`.
        """

        def make() -> Order:
            before = self._there(identity)
            return declare_order(before, state, tuple(off_nominal), self.parts.now_us())

        return await self._order(identity, make, by)

    async def conform(self, identity: str, by: str, wanted: PlanWanted | None = None) -> Outcome:
        """Say that a Nonconforming flight flies as planned again. Errors as in `activate`."""

        def make() -> Order:
            before = self._there(identity)
            now_us = self.parts.now_us()
            return change_order(Action.CONFORM, before, State.ACTIVATED, wanted, now_us)

        return await self._order(identity, make, by)

    async def end(self, identity: str, by: str) -> Outcome:
        """End it: the flight is over, or will not take place. Errors as in `activate`."""
        return await self._order(
            identity, lambda: end_order(self._there(identity), self.parts.now_us()), by
        )

    def intents(self) -> Mapping[str, Intent]:
        """Our intents that have not ended, by id."""
        return self.parts.book.intents

    def intent(self, identity: str) -> Intent:
        """One of them, or one that ended not long ago.

        Raises:
            NoSuchPlan: there is none.
        """
        book = self.parts.book
        found = book.intents.get(identity) or book.ended.get(identity)
        if found is None:
            raise NoSuchPlan(identity)
        return found

    def outcome(self, identity: str) -> Done | None:
        """The newest attempt at a plan, or an attempt by its own id, if it was not long ago."""
        return self._outcomes.get(identity)

    # --- what others tell --------------------------------------------------------------------

    def known(self, exchange: str, intent_id: str) -> Neighbour | None:
        """Another's intent as it is known, whatever its version."""
        return self.parts.known.at(exchange, intent_id)

    async def ask_reference(
        self, exchange: str, intent_id: str
    ) -> wire.OperationalIntentReference | None:
        """An intent as an exchange tells it now; None if it has none of that id.

        Raises:
            PeerUnreachable, PeerRefused, PeerNonsense, TokenUnavailable: it does not tell.
        """
        client = self.parts.calls.exchange(exchange, intent_id)
        try:
            return await client.operational_intent(intent_id)
        except PeerRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def heard(self, heard: HeardIntent) -> None:
        """Another USS has told of an intent of its own; it was checked."""
        if heard.neighbour is None:
            self.parts.known.forget(heard.intent_id, heard.exchange)
        else:
            self.parts.known.learn(heard.neighbour)

    # --- carrying out ------------------------------------------------------------------------

    async def _order(self, identity: str, make: Callable[[], Order], by: str) -> Outcome:
        return await self.whole(self._carry_out(identity, make, by))

    async def whole(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Do some work to its end, whoever stops waiting for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def _carry_out(self, identity: str, make: Callable[[], Order], by: str) -> Outcome:
        async with self.locked(identity):
            for each in self.parts.book.pending.values():
                if each.order.id == identity:
                    raise PlanBusy(
                        "It is not known yet what the exchanges have made of an earlier order.",
                        where=identity,
                        advice="Wait: they are asked until they answer.",
                    )
            order = make()
            if order.action in _INPUTS:
                given = order.action.value
                await self.parts.recorder.operator_input(
                    _INPUTS[order.action], order.id, given, order.given_us, by
                )
            return await self.attempt(order)

    @asynccontextmanager
    async def locked(self, identity: str) -> AsyncIterator[None]:
        """Nobody else works at a plan meanwhile."""
        lock = self._locks.get(identity)
        if lock is None:
            lock = self._locks[identity] = asyncio.Lock()
        async with lock:
            yield

    async def attempt(self, order: Order, pending_id: str | None = None) -> Outcome:
        """Make an order true, or not at all. Only within `locked`.

        Args:
            order: it.
            pending_id: it was begun before, under this entry, and is to be settled.
        """
        parts = self.parts
        rules = parts.rules()
        attempt = Attempt(
            order,
            rules,
            parts.exchanges,
            parts.known,
            own=parts.book.intents.get,
            now_us=parts.now_us(),
            constraints=parts.constraints,
            settle=pending_id is not None,
            late_us=parts.late_us,
        )
        announced = pending_id

        async def announce() -> None:
            nonlocal announced
            if announced is None:
                announced = await parts.recorder.pending(order, self._concerned(order))

        decided = self._deciding[order.id] = asyncio.Event()
        try:
            outcome = await carry(attempt, self.performer(order), parts.now_us, announce)
            if outcome.unsettled and pending_id is not None:
                return outcome  # as before: nothing is known that was not
            return await self._state(outcome, announced, rules)
        finally:
            self._deciding.pop(order.id, None)
            decided.set()
            if announced is not None and announced in parts.book.pending:
                self.unsettled()

    async def _state(
        self, outcome: Outcome, announced: str | None, rules: PlanningRules
    ) -> Outcome:
        """Put on record how it ended, and tell everybody whom it concerns."""
        parts = self.parts
        settled = await parts.recorder.settled(announced, outcome, rules)
        done = Done(outcome, settled)
        for key in (outcome.order.id, settled.attempt_id):
            self._outcomes[key] = done
            self._outcomes.move_to_end(key)
        while len(self._outcomes) > 2 * OUTCOMES_KEPT:
            self._outcomes.popitem(last=False)
        intent = outcome.intent
        # Once for all: there may be thousands of vertices, and dozens to be told.
        details = details_on_wire(intent.details) if outcome.notices and intent else None

        def tells(notice: Notice) -> wire.OperationalIntent | None:
            reference = None if intent is None else intent.at(notice.exchange)
            if notice.ended or details is None or reference is None:
                return None
            return wire.OperationalIntent(reference, details)

        parts.notifier.send(outcome.notices, tells)
        await parts.operators.attempted(outcome)
        if parts.planned is not None:
            await parts.planned(outcome)
        return outcome

    def performer(self, order: Order) -> Perform:
        """What carries out the errands of an order."""

        async def perform(errand: Errand) -> Heard:
            if isinstance(errand, FetchIntent) and errand.reference.manager == self.parts.manager:
                return await self._own(errand)
            if (
                isinstance(errand, FetchConstraint)
                and errand.reference.manager == self.parts.manager
                and self.parts.own_constraint is not None
            ):
                return await self.parts.own_constraint(errand)
            return await self.parts.calls.carry_out(errand, order.id)

        return while_answered(perform)

    async def _own(self, errand: FetchIntent) -> Heard:
        """Details of one of ours that the exchange has accepted, and we may not have stated yet."""
        decided = self._deciding.get(errand.reference.id)
        if decided is not None:
            try:
                async with asyncio.timeout(_OWN_PATIENCE_S):
                    await decided.wait()
            except TimeoutError:
                pass
        intent = self.parts.book.intents.get(errand.reference.id)
        reference = None if intent is None else intent.at(errand.exchange)
        if intent is None or reference is None:
            return Heard(Refused(404, "It is not known here."))
        told = wire.OperationalIntent(reference, details_on_wire(intent.details))
        return Heard(wire.GetOperationalIntentDetailsResponse(told))

    def _concerned(self, order: Order) -> list[str]:
        before = () if order.before is None else order.before.filed
        names = {each.exchange for each in before}
        names.update(
            each.name for each in self.parts.exchanges if each.touches(order.details.all_volumes)
        )
        return sorted(names)

    def _there(self, identity: str) -> Intent:
        book = self.parts.book
        found = book.intents.get(identity)
        if found is not None:
            return found
        if identity in book.ended:
            raise PlanEnded("It is over.", where=identity)
        raise NoSuchPlan(identity)

    # --- life --------------------------------------------------------------------------------

    async def close(self, within_s: float = 10.0) -> None:
        """Let orders under way end; what does not end in time is settled at the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, DetenteError):
            _log.error("an order has failed", exc_info=error)
