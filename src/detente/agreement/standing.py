"""Whether an agreement is in force: a projection of signatures, period and statements.

What parties have signed, what a party states, and whether the line answers are three different
facts. This is about the first two, and keeps them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from detente.agreement.agreement import Agreement
from detente.agreement.signatures import party_signatures
from detente.agreement.statements import Statement
from detente.words import NARROW, Words


class State(Enum):
    """The state of an agreement in one word; `Standing` has the facts behind it."""

    DRAFT = "draft"
    NOT_YET = "not yet"
    IN_FORCE = "in force"
    SUSPENDED = "suspended"
    ENDED = "ended"

    @property
    def words(self) -> Words:
        """For officers and lawyers."""
        return _WORDS[self]


_WORDS = {
    State.DRAFT: Words("not signed by everybody", "pas encore signé par tous"),
    State.NOT_YET: Words(
        "signed; its period has not begun", f"signé{NARROW}; sa période n’a pas commencé"
    ),
    State.IN_FORCE: Words("in force", "en vigueur"),
    State.SUSPENDED: Words("suspended by a party", "suspendu par une partie"),
    State.ENDED: Words("ended", "terminé"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agreement stands at an instant.

    Attributes:
        at: the instant.
        unsigned: parties whose signature is missing.
        begins: first instant of the period.
        until: its end.
        suspended: parties that have suspended it, and their statements.
        left: parties that have withdrawn, and their statements.
        announced: statements that shall hold later than `at`.
    """

    at: datetime
    unsigned: tuple[str, ...]
    begins: datetime
    until: datetime
    suspended: Mapping[str, Statement]
    left: Mapping[str, Statement]
    announced: tuple[Statement, ...]
    parties: tuple[str, ...]

    @property
    def state(self) -> State:
        """In one word: an agreement with fewer than two parties left has ended."""
        if self.unsigned:
            return State.DRAFT
        if self.at >= self.until or len(self.parties) - len(self.left) < 2:
            return State.ENDED
        if self.at < self.begins:
            return State.NOT_YET
        return State.SUSPENDED if self.suspended else State.IN_FORCE

    def binds(self, party: str) -> bool:
        """Whether it is in force for a party that has neither suspended nor left it.

        That another party has suspended it changes what can be expected of that one; what it
        means for the others is theirs to say.
        """
        started = self.state in (State.IN_FORCE, State.SUSPENDED)
        return started and party not in self.suspended and party not in self.left


def standing(agreement: Agreement, statements: Sequence[Statement], *, now: datetime) -> Standing:
    """How an agreement stands.

    Args:
        agreement: the version that is asked about.
        statements: of all parties, in any order; those about other versions are left out.
        now: the instant that is asked about.
    """
    suspended: dict[str, Statement] = {}
    left: dict[str, Statement] = {}
    announced: list[Statement] = []
    sha256 = agreement.sha256
    for each in sorted(statements, key=lambda one: (one.party, one.seq)):
        if each.sha256 != sha256 or each.party not in agreement.keys:
            continue
        if each.since > now:
            announced.append(each)
        elif each.kind == "withdrawal":
            left.setdefault(each.party, each)
        elif each.kind == "suspension":
            suspended.setdefault(each.party, each)
        else:
            suspended.pop(each.party, None)
    return Standing(
        at=now,
        unsigned=tuple(each.party for each in party_signatures(agreement) if each.key is None),
        begins=agreement.document.period.from_,
        until=agreement.document.period.until,
        suspended={party: one for party, one in suspended.items() if party not in left},
        left=left,
        announced=tuple(announced),
        parties=tuple(agreement.keys),
    )
