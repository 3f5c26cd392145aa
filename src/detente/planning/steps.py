"""How an attempt goes on: flows as generators that yield errands and are sent what came of them.

A flow reads as the sequence that it is, and does nothing itself: `Batch` out, one `Heard` for each
errand in. `Task` is what all flows of one attempt share.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar

from detente.errors import DetenteError
from detente.f3548 import scopes
from detente.planning.actions import Errand, Heard, NoAnswer, Nonsense, Refused
from detente.planning.intents import (
    ExchangeArea,
    Fault,
    Intent,
    Order,
    PlanningRules,
    Result,
    State,
)
from detente.planning.known import Neighbourhood
from detente.words import Words

T = TypeVar("T")

TRIES_PAUSES_US: Final = (0, 100_000, 400_000, 1_500_000)
"""Before each try of a request to an exchange whose answer is missing."""


PATIENCE_US: Final = (0, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000)
"""Before each time that a USS is asked which has not come to terms with its exchange yet."""

Key = tuple[str, str]
"""Exchange and id."""

NOT_THERE: Final = Words("its USS does not know it", "son USS ne la connaît pas")


@dataclass(frozen=True, slots=True)
class Batch:
    """Errands to be carried out at once; the flow goes on when all are answered."""

    errands: tuple[Errand, ...]
    not_before_us: int = 0


Steps: TypeAlias = Generator[Batch, tuple[Heard, ...], T]


class Stopped(Exception):
    """The attempt cannot go on."""

    def __init__(self, result: Result, *faults: Fault) -> None:
        super().__init__(result)
        self.result = result
        self.faults = faults


@dataclass
class Task:
    """What the flows of an attempt share."""

    order: Order
    rules: PlanningRules
    areas: Mapping[str, ExchangeArea]
    known: Neighbourhood
    own: Callable[[str], Intent | None]
    constraints: bool
    now_us: int
    rounds: int = 0


def one(errand: Errand, not_before_us: int = 0) -> Steps[Heard]:
    """One errand and what came of it."""
    (heard,) = yield Batch((errand,), not_before_us)
    return heard


def undecided(heard: Heard) -> bool:
    """Whether the other side may have done what was asked, or may do it yet."""
    match heard.answer:
        case NoAnswer(sent=sent):
            return sent
        case Refused(status=status):
            return status >= 500 or status == 408
        case Nonsense():
            return True
    return False


def worth_repeating(heard: Heard) -> bool:
    """Whether the same request may succeed in a moment."""
    match heard.answer:
        case NoAnswer() | Nonsense():
            return True
        case Refused(status=status):
            return status >= 500 or status in (408, 429)
    return False


def turned_away(heard: Heard) -> bool:
    """Whether it was asked more than it answers at one time."""
    match heard.answer:
        case Refused(status=status):
            return status == HTTPStatus.TOO_MANY_REQUESTS
    return False


def what(heard: Heard) -> str:
    """What came, in words."""
    match heard.answer:
        case NoAnswer(message=message) | Nonsense(message=message):
            return message
        case Refused(status=status, message=message):
            return f"{status}, {message}"
    return f"an unexpected answer ({type(heard.answer).__name__})"


def silent(heard: Heard) -> Words:
    """That a peer gave no answer that can be used."""
    came = what(heard)
    return Words(
        f"its USS could not be asked: {came}",
        f"son USS n’a pu être interrogé\u202f: «\u202f{came}\u202f»",
    )


def said(error: DetenteError) -> Words:
    """That a peer gave one that does not hold together."""
    return Words(
        f"what its USS told does not hold together: {error}",
        f"ce que son USS en dit ne tient pas\u202f: «\u202f{error}\u202f»",
    )


def scope_for(state: State, *, constraints: bool = False) -> str:
    """The scope of a request that announces a state, or concerns what is in it (SCD0100)."""
    if not state.nominal:
        return scopes.CONFORMANCE_MONITORING_SA
    if constraints:
        return f"{scopes.STRATEGIC_COORDINATION} {scopes.CONSTRAINT_PROCESSING}"
    return scopes.STRATEGIC_COORDINATION
