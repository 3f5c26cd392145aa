"""What the handling of constraints works with, and what can be wrong with what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detente.errors import DetenteError
from detente.http import NotFound
from detente.planning import Book, ExchangeArea, Neighbourhood
from detente.planning.constraints import ConstraintRules
from detente.record import PartyRecord

from .calls import Calls
from .notifier import Notifier
from .operators import Operators
from .recorder import Recorder


class NoSuchConstraint(NotFound):
    """There is no constraint of that id."""

    def __init__(self, identity: str) -> None:
        super().__init__("There is no such constraint.", where=identity[:40])


class ConstraintBusy(DetenteError):
    """It is not known yet what the exchanges have made of an earlier order."""

    code: ClassVar[str] = "constraint.unsettled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintParts:
    """What the desk works with.

    Attributes:
        book: what the node knows of itself; `recorder` keeps it in step.
        record: holds the orders.
        recorder: writes the rest.
        calls: the way to exchanges and other USSs.
        known: what is known of others.
        notifier: tells other USSs of changes.
        operators: tells ours.
        exchanges: all that there are.
        rules: limits.
        manager: who we are at the exchanges.
        now_us: the clock.
        new_id: gives fresh UUIDv4s.
    """

    book: Book
    record: PartyRecord
    recorder: Recorder
    calls: Calls
    known: Neighbourhood
    notifier: Notifier
    operators: Operators
    exchanges: Sequence[ExchangeArea]
    rules: ConstraintRules
    manager: str
    now_us: Callable[[], int]
    new_id: Callable[[], str]
