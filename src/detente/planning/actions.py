"""What an attempt asks its shell to do, and what may come of it.

Actions are values: the shell turns each into one exchange of messages, awaits what comes, and gives
the attempt an answer of one of the types below. It repeats nothing of its own accord: whether a
request may be repeated is known here only. When an exchange or a peer answers with success, the
answer is the wire's own type; everything else is one of four.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D
from detente.planning.intents import Details


@dataclass(frozen=True, slots=True)
class QueryIntents:
    """Ask an exchange whose intents may be relevant (O1).

    Answer: `QueryOperationalIntentReferenceResponse`.
    """

    exchange: str
    area: Volume4D
    scope: str


@dataclass(frozen=True, slots=True)
class QueryConstraints:
    """Ask an exchange which constraints may be relevant (C1).

    Answer: `QueryConstraintReferencesResponse`.
    """

    exchange: str
    area: Volume4D
    scope: str


@dataclass(frozen=True, slots=True)
class FetchIntent:
    """Ask the USS that manages an intent for its details (U1).

    Answer: `GetOperationalIntentDetailsResponse`.
    """

    exchange: str
    reference: wire.OperationalIntentReference
    scope: str


@dataclass(frozen=True, slots=True)
class FetchConstraint:
    """Ask the USS that manages a constraint for its details (U4).

    Answer: `GetConstraintDetailsResponse`.
    """

    exchange: str
    reference: wire.ConstraintReference
    scope: str


@dataclass(frozen=True, slots=True)
class GetIntent:
    """Ask an exchange how an intent stands (O2). Nothing there: `Refused(404)`.

    Answer: `GetOperationalIntentReferenceResponse`.
    """

    exchange: str
    id: str
    scope: str


@dataclass(frozen=True, slots=True)
class PutIntent:
    """Create (`ovn` empty, O3) or change (O4) our reference.

    Answer: `ChangeOperationalIntentReferenceResponse`, or `Conflicted` for a 409, also for one that
    lists nothing.
    """

    exchange: str
    id: str
    ovn: str
    parameters: wire.PutOperationalIntentReferenceParameters
    scope: str


@dataclass(frozen=True, slots=True)
class DeleteIntent:
    """Take our reference away (O5).

    Answer: `ChangeOperationalIntentReferenceResponse`.
    """

    exchange: str
    id: str
    ovn: str
    scope: str


Errand: TypeAlias = (
    QueryIntents
    | QueryConstraints
    | FetchIntent
    | FetchConstraint
    | GetIntent
    | PutIntent
    | DeleteIntent
)


@dataclass(frozen=True, slots=True)
class Pending:
    """An errand that is to be carried out, once.

    Attributes:
        number: to be given back with the answer.
        errand: what to do.
        not_before_us: when; 0: at once. An earlier start wins nothing and loses a round.
    """

    number: int
    errand: Errand
    not_before_us: int = 0

    @property
    def changes(self) -> bool:
        """Whether it changes an exchange: then the order must be durable before it is sent."""
        return isinstance(self.errand, PutIntent | DeleteIntent)


@dataclass(frozen=True, slots=True)
class Conflicted:
    """A 409 of an exchange: what our key lacks. Empty, if it says something else."""

    intents: tuple[wire.OperationalIntentReference, ...] = ()
    constraints: tuple[wire.ConstraintReference, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """An error of the other side, whole and understood."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came, or not in time.

    Attributes:
        message: why.
        sent: whether the request may have arrived. False only when it certainly did not: no
            address, no connection, no token.
    """

    message: str
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Nonsense:
    """A success that cannot be read; whatever was asked for may have been done."""

    message: str


Answer: TypeAlias = (
    wire.QueryOperationalIntentReferenceResponse
    | wire.QueryConstraintReferencesResponse
    | wire.GetOperationalIntentReferenceResponse
    | wire.ChangeOperationalIntentReferenceResponse
    | wire.GetOperationalIntentDetailsResponse
    | uss.GetConstraintDetailsResponse
    | Conflicted
    | Refused
    | NoAnswer
    | Nonsense
)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, and what vouches for it.

    Attributes:
        answer: see `Errand`.
        source: id of the record entry of the message; "" if there is none.
        signed_by: the key that signed it, as checked; "" if nobody did.
        details: of the intent in it, where they were read already; None: they are to be.
    """

    answer: Answer
    source: str = ""
    signed_by: str = ""
    details: Details | None = None
