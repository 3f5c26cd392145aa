"""Conferences: convened by a host, attended by parties that each speak for themselves.

As with rooms, the state is a function of the set of statements, whatever came first: of each party
and subject the one with the highest number counts. The parties are those of the first convocation,
for good, so that whoever signs the minutes has been told all that was stated. A party that declines
before it ever attended is out, and is told nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from detente.errors import DetenteError
from detente.words import Words

from .attending import Attending, in_state
from .conference_contents import (
    Closing,
    Convocation,
    MinutesDocument,
    Person,
)
from .conference_statements import (
    ConferenceStatement,
    Stated,
)
from .minutes import MinutesText, minutes_differences
from .proposals import RegisteredProposal
from .room_texts import founder_of

Status = Literal["actual", "exercise", "test"]


class ConferenceRefused(DetenteError):
    """A conference does not allow this now; nothing was stated."""

    code: ClassVar[str] = "conference.refused"


class NoSuchConference(DetenteError):
    """There is no such conference, proposal or minutes, or not for this party or officer."""

    code: ClassVar[str] = "conference.unknown"


@dataclass(frozen=True, slots=True)
class KnownConference:
    """A conference as one party knows it.

    Attributes:
        id: names its host.
        me: whose knowledge it is.
        status: of everything in it.
        convocation: the newest one.
        convened: the first one's statement.
        revised: the newest one's statement.
        attendance: party to how it stands to the conference, for every party.
        proposals: the register.
        minutes: every text of the minutes.
        dissents: notes of dissent, in order of time.
        closing: if the host has closed it.
        statements: all that count.
        ignored: those that count for nothing: of strangers, of another status, of who declined.
        contradicting: parties that have made two statements on one subject under one number.
        erased: how many of our own statements were erased: their numbers are not given again.
    """

    id: str
    me: str
    status: Status
    convocation: Convocation
    convened: Stated
    revised: Stated
    attendance: Mapping[str, Attending]
    proposals: tuple[RegisteredProposal, ...]
    minutes: tuple[MinutesText, ...]
    dissents: tuple[ConferenceStatement, ...]
    closing: Closing | None
    statements: tuple[ConferenceStatement, ...]
    ignored: tuple[ConferenceStatement, ...]
    contradicting: tuple[str, ...]
    erased: int = 0

    @property
    def host(self) -> str:
        """The party that convened it."""
        return founder_of(self.id)

    @property
    def attending(self) -> tuple[str, ...]:
        """Parties that have stated that they attend, sorted."""
        return in_state(self.attendance, "attending")

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom we address: every other party that has not declined, sorted."""
        return tuple(
            party
            for party, each in sorted(self.attendance.items())
            if party != self.me and each.state != "declined"
        )

    @property
    def people(self) -> dict[str, tuple[Person, ...]]:
        """The people of every party that attends."""
        return {party: self.attendance[party].people for party in self.attending}

    @property
    def agreed(self) -> MinutesText | None:
        """The minutes that are agreed and not replaced; the newest, if there are several."""
        found = [m for m in self.minutes if m.state == "agreed" and m.replaced_by is None]
        return max(found, key=lambda each: (each.agreed, each.sha256), default=None)

    def proposal(self, label: str) -> RegisteredProposal:
        """The proposal that is called so, such as `a-3`.

        Raises:
            NoSuchConference: there is none.
        """
        found = [each for each in self.proposals if each.label == label]
        if not found:
            raise NoSuchConference("There is no such proposal.", where=f"{self.id} {label}"[:120])
        if len(found) > 1:
            raise ConferenceRefused(
                "Its party has stated two proposals under this number.", where=label
            )
        return found[0]

    def minutes_of(self, sha256: str) -> MinutesText:
        """The text of the minutes that has this hash, or begins with these 8 or more digits of it.

        Raises:
            NoSuchConference: there is none, or more than one.
        """
        found = [
            each
            for each in self.minutes
            if each.sha256 == sha256 or (len(sha256) >= 8 and each.sha256.startswith(sha256))
        ]
        if len(found) != 1:
            raise NoSuchConference("There are no such minutes.", where=f"{self.id} {sha256}"[:120])
        return found[0]

    def differences(self, document: MinutesDocument) -> list[Words]:
        """In what a text of the minutes is not what the record has."""
        return minutes_differences(document, self.people, self.proposals)
