"""What F3548-21 asks to be declared of a flight that leaves its volumes: proposed, never done.

The same times as in `detente.planning.conformance`, which a node hands in: Nonconforming at once;
Contingent if it is not back within `recoverable_s` (MaxRecoverableTimeInNonconformingState), and
that for good; conforming again when it has been back for `settled_s`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from .events import Grade


class Proposed(StrEnum):
    """A state of an operational intent."""

    NONCONFORMING = "Nonconforming"
    CONTINGENT = "Contingent"
    ACTIVATED = "Activated"
    """It conforms again."""


class ConformanceTimes(Protocol):
    """Times that decide; `detente.planning.conformance.ConformanceRules` has them."""

    @property
    def recoverable_s(self) -> float:
        """Until a flight that has left its volumes must be back."""
        ...

    @property
    def settled_s(self) -> float:
        """How long it must have been back before it conforms again."""
        ...


class Proposal(Struct, frozen=True):
    """One transition of one flight.

    Attributes:
        aircraft, operation: which flight.
        state: to be declared.
        at_us: since when that is due.
        grade: how sure it is that the aircraft was outside, or back inside.
        event: id of the event that it follows from.
    """

    aircraft: str
    operation: str
    state: Proposed
    at_us: int
    grade: Grade
    event: str


class Standing(Struct):
    """How a flight stands.

    Attributes:
        state: as proposed last.
        outside_since_us, inside_since_us: without a break; None: it is not there.
        nonconforming_us: when it was proposed to be Nonconforming last.
    """

    state: Proposed = Proposed.ACTIVATED
    outside_since_us: int | None = None
    inside_since_us: int | None = None
    nonconforming_us: int | None = None

    def seen(self, at_us: int, times: ConformanceTimes, *, inside: bool) -> Proposed | None:
        """The transition that a position makes due; None: none.

        Args:
            at_us: of the position; later than those before.
            times: that decide.
            inside: whether it lies in a declared volume.
        """
        if inside:
            self.outside_since_us = None
            if self.inside_since_us is None:
                self.inside_since_us = at_us
            back_us = at_us - self.inside_since_us
            if self.state is Proposed.NONCONFORMING and back_us >= times.settled_s * 1e6:
                self.state = Proposed.ACTIVATED
                return self.state
        else:
            self.inside_since_us = None
            if self.outside_since_us is None:
                self.outside_since_us = at_us
            if self.state is Proposed.ACTIVATED:
                self.state = Proposed.NONCONFORMING
                self.nonconforming_us = at_us
                return self.state
        return self.waited(at_us, times)

    def waited(self, now_us: int, times: ConformanceTimes) -> Proposed | None:
        """The transition that is due because time has passed, with or without positions."""
        since = self.nonconforming_us
        if self.state is not Proposed.NONCONFORMING or since is None:
            return None
        if now_us - since < times.recoverable_s * 1e6:
            return None
        self.state = Proposed.CONTINGENT
        return self.state
