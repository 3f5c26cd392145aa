"""A conference, from the set of all statements about it that a party has, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from .attending import Attending, in_state
from .conference_contents import Attendance, Closing, Convocation, Dissent, MinutesSignature
from .conference_statements import ConferenceStatement
from .conferences import Conference
from .known_conferences import Status
from .minutes import HolderOf, minutes_texts
from .proposals import register
from .room_texts import founder_of


def conference_of(
    me: str, statements: Iterable[ConferenceStatement], holder_of: HolderOf, erased: int = 0
) -> Conference | None:
    """A conference, by all statements about it that a party has.

    Args:
        me: that party.
        statements: about one conference, in any order.
        holder_of: who signed a statement.
        erased: how many of our own statements about it were erased.

    Returns:
        The conference; None as long as no convocation is there.
    """
    unique = {each.by.sha256: each for each in statements}
    ordered = sorted(unique.values(), key=lambda each: (each.by.created, each.by.sha256))
    convocations = sorted(
        (each for each in ordered if isinstance(each.content, Convocation)), key=_order
    )
    if not convocations:
        return None
    first = convocations[0].content
    if not isinstance(first, Convocation):
        raise TypeError("a conference is convened by a convocation")
    status, host = convocations[0].by.status, founder_of(first.conference)
    attendance = {
        party: _attending(
            party,
            [
                each
                for each in ordered
                if each.by.party == party
                and each.by.status == status
                and isinstance(each.content, Attendance)
                # A host takes part in its own conference, whatever it says.
                and not (party == host and each.content.state == "declined")
            ],
        )
        for party in first.parties
    }
    counting: list[ConferenceStatement] = []
    ignored: list[ConferenceStatement] = []
    for each in ordered:
        known = attendance.get(each.by.party)
        same_parties = not isinstance(each.content, Convocation) or (
            (each.content.parties, each.content.room) == (first.parties, first.room)
        )
        takes_part = known is not None and (
            known.state != "declined" or isinstance(each.content, Attendance)
        )
        good = same_parties and takes_part and each.by.status == status
        (counting if good else ignored).append(each)
    revised = max((each for each in convocations if each in counting), key=_order)
    newest = revised.content
    closings = [each.content for each in counting if isinstance(each.content, Closing)]
    attending = in_state(attendance, "attending")
    if not isinstance(newest, Convocation) or status not in get_args(Status):
        raise TypeError("a convocation is revised by a convocation")
    return Conference(
        id=first.conference,
        me=me,
        status=_status(status),
        convocation=newest,
        convened=convocations[0].by,
        revised=revised.by,
        attendance=attendance,
        proposals=tuple(register(counting, attending)),
        minutes=tuple(minutes_texts(counting, attending, holder_of)),
        dissents=tuple(
            each
            for each in counting
            if isinstance(each.content, Dissent) and holder_of(each.by) is not None
        ),
        closing=closings[0] if closings else None,
        statements=tuple(counting),
        ignored=tuple(ignored),
        contradicting=_contradicting(ordered),
        erased=erased,
    )


def _attending(party: str, said: Sequence[ConferenceStatement]) -> Attending:
    ordered = sorted(said, key=_order)
    attended = [each for each in ordered if _state(each) == "attending"]
    if not ordered:
        return Attending(party, "invited", (), None, None)
    # Declined first is declined for good: nobody addressed it any more.
    newest = attended[-1] if attended and _state(ordered[0]) == "attending" else ordered[0]
    content = newest.content
    if not isinstance(content, Attendance):
        raise TypeError("attendance is stated by attendance")
    return Attending(party, content.state, tuple(content.people), content.text, newest.by)


def _contradicting(statements: Iterable[ConferenceStatement]) -> tuple[str, ...]:
    hashes: dict[tuple[str, str, str, int], str] = {}
    found = set()
    for each in statements:
        if isinstance(each.content, (MinutesSignature, Closing)):
            continue
        key = (each.by.party, each.kind, each.subject, each.number)
        if hashes.setdefault(key, each.by.sha256) != each.by.sha256:
            found.add(each.by.party)
    return tuple(sorted(found))


def _state(statement: ConferenceStatement) -> str:
    return statement.content.state if isinstance(statement.content, Attendance) else ""


def _status(text: str) -> Status:
    for status in get_args(Status):
        if status == text:
            found: Status = status
            return found
    raise ValueError(text)


def _order(statement: ConferenceStatement) -> tuple[int, str]:
    return statement.number, statement.by.sha256
