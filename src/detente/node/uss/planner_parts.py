"""What the planner works with, and what it leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from detente.planning import (
    LATE_US,
    Book,
    ExchangeArea,
    FetchConstraint,
    Heard,
    Neighbourhood,
    Outcome,
    PlanningRules,
)

from .calls import Calls
from .notifier import Notifier
from .operators import Operators
from .recorder import Recorder, Settled


@dataclass(frozen=True, slots=True)
class Done:
    """An attempt that has ended, and where it is recorded.

    Attributes:
        outcome: how.
        settled: the entries that tell it.
    """

    outcome: Outcome
    settled: Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerParts:
    """What a planner works with.

    Attributes:
        book: what the node knows of itself; `recorder` keeps it in step.
        recorder: writes what planning does.
        calls: the way to exchanges and other USSs.
        known: what is known of others.
        notifier: tells other USSs of changes.
        operators: tells ours.
        exchanges: all that plans are filed at.
        rules: of the parties, now.
        manager: who we are at the exchanges.
        constraints: whether constraints are processed.
        now_us: the clock.
        new_id: gives fresh UUIDv4s.
        late_us: how long a request without an answer may still arrive at an exchange.
        own_constraint: answers for constraints of our own; None: there are none.
        planned: is told of every attempt that has ended.
    """

    book: Book
    recorder: Recorder
    calls: Calls
    known: Neighbourhood
    notifier: Notifier
    operators: Operators
    exchanges: Sequence[ExchangeArea]
    rules: Callable[[], PlanningRules]
    manager: str
    constraints: bool
    now_us: Callable[[], int]
    new_id: Callable[[], str]
    late_us: int = LATE_US
    own_constraint: Callable[[FetchConstraint], Awaitable[Heard]] | None = None
    planned: Callable[[Outcome], Awaitable[None]] | None = None
