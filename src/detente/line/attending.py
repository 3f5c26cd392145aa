"""How parties stand to a conference: invited, attending, or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from detente.words import Words

from .conference_contents import Person, Text
from .conference_statements import Stated

AttendanceState = Literal["invited", "attending", "declined"]

ATTENDANCE_WORDS: Final[Mapping[AttendanceState, Words]] = {
    "invited": Words("invited, has not answered", "invitée, n’a pas répondu"),
    "attending": Words("attends", "participe"),
    "declined": Words("does not attend", "ne participe pas"),
}


@dataclass(frozen=True, slots=True)
class Attending:
    """How one party stands to a conference.

    Attributes:
        party: its id.
        state: whether it attends.
        people: its own, by its newest statement.
        text: what it said with it, by language.
        by: the newest statement; None if there is none.
    """

    party: str
    state: AttendanceState
    people: tuple[Person, ...]
    text: Text | None
    by: Stated | None


def in_state(attendance: Mapping[str, Attending], state: AttendanceState) -> tuple[str, ...]:
    """The parties in that state, sorted."""
    return tuple(sorted(party for party, each in attendance.items() if each.state == state))
