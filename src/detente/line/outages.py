"""Times in which a line was down: what each side says of one, and what both say together.

Each side states by itself what it saw, once the line is back (`outage`, to the peer). Neither can
state the other's view; a reader sees both, and where they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from detente.errors import DetenteError
from detente.record import Draft, JsonValue
from detente.words import Words

from .standing import State


class OutageMalformed(DetenteError):
    """The body of an `outage` entry has not the form that it must have."""

    code: ClassVar[str] = "line.outage"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without the line, as one side saw it. Times are of that side's wall clock.

    Attributes:
        peer: whom that side did not hear.
        since: when it last heard it; of an own absence, its own last sign of life.
        until: when it was heard again; None while it lasts.
        seen_as: what it looked like: the state that lasted longest (DOWN_HERE of an own absence).
        own: True says "it was my node that was away": it had stopped, or stood still.
    """

    peer: str
    since: datetime
    until: datetime | None
    seen_as: State
    own: bool


def own_absences(peers: Sequence[str], last_sign: datetime, started: datetime) -> list[Outage]:
    """What a node says after its own start, if it had been running before.

    Args:
        last_sign: the last sign of life that it had left on its disk (each few seconds; the newest
            entry of the record will do if it is later).
        started: when it started.

    Returns: one outage for each peer, over already; none if it was away for less than 3 s.
    """
    raise NotImplementedError


def outage_draft(outage: Outage, channel: str) -> Draft:
    """The entry of an outage that is over: kind `outage`, to the peer, in a channel to it.

    Raises:
        ValueError: it is not over.
    """
    raise NotImplementedError


def read_outage(body: dict[str, JsonValue]) -> Outage:
    """What the body of an `outage` entry says.

    Raises:
        OutageMalformed: it has not exactly the members that it must have.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Stated:
    """An outage that a party has stated.

    Attributes:
        party: who says so.
        outage: what it says.
    """

    party: str
    outage: Outage


@dataclass(frozen=True, slots=True)
class SharedOutage:
    """One outage between two parties, as both tell it.

    Attributes:
        since: the earliest beginning that either states.
        until: the latest end that either states.
        stated: the statements, by party and time.
        away: the parties whose node was away, by their own word.
    """

    since: datetime
    until: datetime
    stated: tuple[Stated, ...]
    away: tuple[str, ...]

    @property
    def words(self) -> Words:
        """A sentence or two for officers: from when to when, who saw what, where it was."""
        raise NotImplementedError


def reconcile(parties: tuple[str, str], stated: Sequence[Stated]) -> list[SharedOutage]:
    """Bring the statements of two parties about the line between them together, oldest first.

    Statements that overlap, or lie within 30 s of each other (clocks differ so much at most), are
    about the same outage. What is about other peers is left out.
    """
    raise NotImplementedError
