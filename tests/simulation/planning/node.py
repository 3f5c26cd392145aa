"""A planner: the shell around real attempts, with a journal that outlives it.

What a real node does around the core: it journals an order before the first errand that changes
anything, records the outcome, serves its details as they were last accepted, and settles at a start
what it finds unfinished.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from detente.f3548 import types as wire
from detente.planning import (
    Answer,
    Attempt,
    Intent,
    NoAnswer,
    Notice,
    Order,
    Outcome,
    Pending,
)
from detente.planning.actions import PutIntent
from detente.planning.intents import Neighbour, State
from detente.planning.known import Neighbourhood
from detente.planning.told import details_of, details_on_wire

if TYPE_CHECKING:
    from tests.simulation.planning.world import World

TIMEOUT_US: Final = 3_000_000
SETTLE_AGAIN_US: Final = 4_000_000


@dataclass
class Running:
    """An attempt of an intent, and the entry that says so."""

    attempt: Attempt
    order: Order
    began_us: int
    entry: int | None
    settling: bool
    open: set[int] = field(default_factory=set)


class Node:
    """One planner of the world."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.up = False
        self.life = 0
        self.crooked = ""
        """How it answers wrongly when asked for details; "": it does not."""
        self.pending: dict[int, Order] = {}
        """The journal: orders begun and not settled, by entry."""
        self.entries = 0
        self.intents: dict[str, Intent] = {}
        """The journal: what was accepted last, and not ended."""
        self.since_us: dict[str, int] = {}
        self.known = Neighbourhood()
        self.running: dict[str, Running] = {}

    # --- life --------------------------------------------------------------------------------

    def start(self) -> None:
        self.up = True
        self.life += 1
        self.known = Neighbourhood()
        self.running = {}
        for entry, order in list(self.pending.items()):
            self.begin(order, entry=entry, settling=True)

    def crash(self) -> None:
        self.up = False
        self.life += 1
        self.running = {}

    def busy(self, intent_id: str) -> bool:
        """Whether something is under way for an intent, or unsettled."""
        return intent_id in self.running or any(
            order.id == intent_id for order in self.pending.values()
        )

    # --- attempts ----------------------------------------------------------------------------

    def begin(self, order: Order, *, entry: int | None = None, settling: bool = False) -> None:
        attempt = Attempt(
            order,
            self.world.rules,
            self.world.areas(self.name),
            self.known,
            own=self.intents.get,
            now_us=self.world.now_us,
            constraints=self.name in self.world.processing,
            settle=settling,
        )
        run = Running(attempt, order, self.world.now_us, entry, settling)
        self.running[order.id] = run
        self.world.count(f"settling {order.action}" if settling else f"order {order.action}")
        self._go_on(run)

    def _go_on(self, run: Running) -> None:
        for pending in run.attempt.actions():
            run.open.add(pending.number)
            if pending.changes and run.entry is None:
                self.entries += 1
                run.entry = self.entries
                self.pending[run.entry] = run.order
                if self.world.chance("killed before the first change"):
                    self.world.kill(self)
                    return
            self._send(run, pending)
        if run.attempt.outcome is not None:
            self._record(run, run.attempt.outcome)

    def _send(self, run: Running, pending: Pending) -> None:
        life = self.life

        def answered(answer: Answer) -> None:
            if self.life != life or pending.number not in run.open:
                return
            run.open.discard(pending.number)
            if isinstance(pending.errand, PutIntent) and self.world.chance(
                "killed between a change and its answer"
            ):
                self.world.kill(self)
                return
            run.attempt.answered(pending.number, answer, self.world.now_us)
            self._go_on(run)

        def timed_out() -> None:
            if pending.number in run.open and self.life == life:
                self.world.count("timed out")
                answered(NoAnswer("timed out"))

        def sent() -> None:
            if self.life != life:
                return
            self.world.at(self.world.now_us + TIMEOUT_US, timed_out)
            self.world.carry(self, pending.errand, answered)

        if pending.not_before_us > self.world.now_us:
            self.world.at(pending.not_before_us, sent)
        else:
            sent()

    def _record(self, run: Running, outcome: Outcome) -> None:
        """The one transaction in which an outcome becomes true for us."""
        if self.world.chance("killed before the outcome was recorded"):
            self.world.kill(self)
            return
        del self.running[run.order.id]
        before = self.intents.get(run.order.id)
        if run.entry is not None and not outcome.unsettled:
            self.pending.pop(run.entry, None)
        if outcome.intent is None or outcome.intent.ended:
            self.intents.pop(run.order.id, None)
        else:
            self.intents[run.order.id] = outcome.intent
            if before is None or before.details != outcome.intent.details:
                self.since_us[run.order.id] = self.world.now_us
        self.world.recorded(self, run, outcome, before)
        for notice in outcome.notices:
            self.world.send_notice(self, notice)
        if outcome.unsettled:
            life, entry = self.life, run.entry

            def again() -> None:
                if self.life == life and entry in self.pending:
                    self.begin(run.order, entry=entry, settling=True)

            self.world.at(self.world.now_us + SETTLE_AGAIN_US, again)

    # --- for peers ---------------------------------------------------------------------------

    def details(self, exchange: str, intent_id: str) -> wire.OperationalIntent | None:
        """What it answers when a peer asks: the last accepted version, or nothing."""
        intent = self.intents.get(intent_id)
        reference = None if intent is None else intent.at(exchange)
        if intent is None or reference is None:
            return None
        return wire.OperationalIntent(reference, details_on_wire(intent.details))

    def heard(self, notice: Notice, told: wire.OperationalIntent | None) -> None:
        """A peer's notice."""
        if told is None:
            self.known.forget(notice.intent_id, notice.exchange)
            return
        details = details_of(told.details, State(told.reference.state))
        self.known.learn(Neighbour(notice.exchange, told.reference, details, "notified"))
