"""What is asked of exchanges about constraints of ours, what is answered, and how an order ends."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

from detente.f3548 import types as wire
from detente.planning.actions import NoAnswer, Nonsense, Refused
from detente.planning.constraints import ConstraintOrder
from detente.planning.entry_forms import OwnConstraint
from detente.planning.intents import Fault, Notice, Result


@dataclass(frozen=True, slots=True)
class PutConstraint:
    """Create (`ovn` empty, C3) or change (C4) our reference."""

    exchange: str
    id: str
    ovn: str
    parameters: wire.PutConstraintReferenceParameters


@dataclass(frozen=True, slots=True)
class GetConstraint:
    """Ask an exchange how a constraint of ours stands (C2). Nothing there: `Refused(404)`."""

    exchange: str
    id: str


@dataclass(frozen=True, slots=True)
class DeleteConstraint:
    """Take our reference away (C5)."""

    exchange: str
    id: str
    ovn: str


ConstraintErrand: TypeAlias = PutConstraint | GetConstraint | DeleteConstraint


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an errand, and when.

    Attributes:
        answer: the wire's type, or why there is none.
        at_us: when it came.
    """

    answer: (
        wire.ChangeConstraintReferenceResponse
        | wire.GetConstraintReferenceResponse
        | Refused
        | NoAnswer
        | Nonsense
    )
    at_us: int


@dataclass(frozen=True, slots=True)
class ConstraintOutcome:
    """How an order ended.

    Attributes:
        result: see `Result`.
        order: which.
        constraint: as it stands now, whatever the result; ended, if it stands nowhere.
        faults: what kept it from being done, or what is missing though it was.
        notices: whom to tell; `intent_id` is the constraint's id.
        unsettled: exchanges of which it is not known what they have made of it.
    """

    result: Result
    order: ConstraintOrder
    constraint: OwnConstraint
    faults: tuple[Fault, ...] = ()
    notices: tuple[Notice, ...] = ()
    unsettled: tuple[str, ...] = ()


Steps: TypeAlias = Generator[ConstraintErrand, Answered, ConstraintOutcome]
