"""How a conference begins: its host convenes it."""

from __future__ import annotations

from collections.abc import Sequence

from detente.record import Draft

from .conference_contents import AgendaItem, Convocation, Text, Title
from .conference_statements import body_of, check_content, conference_channel
from .room_texts import new_place


def convene(
    party: str,
    *,
    room: str,
    parties: Sequence[str],
    title: Title,
    begins: str,
    random: bytes,
    ends: str | None = None,
    purpose: Text | None = None,
    dial_in: str | None = None,
    agenda: Sequence[AgendaItem] = (),
) -> Convocation:
    """The statement that convenes a conference.

    Args:
        party: its host.
        room: where it is held: what is said there are messages in that room.
        parties: all who take part, the host too or not.
        title: language tag to title.
        begins: RFC 3339, as the record writes times.
        random: at least 6 random bytes, for its id.
        ends: likewise.
        purpose: language tag to a text.
        dial_in: a number to call, if people also talk.
        agenda: the items.
    """
    return Convocation(
        conference=new_place(party, random),
        number=1,
        room=room,
        title=title,
        purpose=purpose,
        begins=begins,
        ends=ends,
        dial_in=dial_in,
        agenda=list(agenda),
        parties=sorted({party, *parties}),
    )


def first_draft(party: str, convocation: Convocation, status: str) -> Draft:
    """The entry that convenes a conference.

    Raises:
        StatementMalformed: it is not what such an entry may say.
    """
    check_content(convocation, party)
    others = tuple(each for each in convocation.parties if each != party)
    return Draft(
        "conference",
        conference_channel(convocation.conference, set(convocation.parties)),
        others,
        body_of(convocation),
        status=status,
    )
