"""What is known of a message before it is written: a new one, an answer, a correction. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detente.errors import one_line
from detente.words import Language

from .answers import Message, RoomTitle
from .drafting import form_questions, peers_to, typed_fields


@dataclass(frozen=True, slots=True)
class Place:
    """A room that something can be said in.

    Attributes:
        id: of the room.
        label: its title and id.
        status: of everything in it.
        hearers: the other parties that are in it now, as text.
    """

    id: str
    label: str
    status: str
    hearers: str


def places(rooms: Sequence[RoomTitle], party: str, language: Language) -> list[Place]:
    """Rooms that an officer of a party can speak in now: somebody else is there to hear it."""
    found = []
    for each in rooms:
        others = ", ".join(other for other in each.present if other != party)
        if each.closed is None and each.joined and each.member and others:
            title = each.title.get(language) or next(iter(each.title.values()), "")
            label = f"# {title} ({each.id})"
            found.append(Place(each.id, one_line(label), each.status, others))
    return found


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a message before it is written.

    Attributes:
        form: id of its form.
        status: of the list that was looked at.
        to: the party; empty to be chosen.
        urgency: empty for the form's.
        answers, corrects: ids of other messages.
        typed: fields that are filled in already, as they are typed.
        fixed: neither the party nor the status can be chosen: another message has them.
        room: where it is said; then `to` are those that hear it.
    """

    form: str
    status: str
    to: str = ""
    urgency: str = ""
    answers: str | None = None
    corrects: str | None = None
    typed: tuple[tuple[str, str], ...] = ()
    fixed: bool = False
    room: str | None = None


def answer_to(message: Message, form: str, room: Place | None) -> Begun:
    """An answer to a message.

    Args:
        message: to us.
        form: id of the answer's form.
        room: where the message was said: what was said before all is answered before all.
    """
    return Begun(
        form,
        message.status,
        to=message.sender if room is None else room.hearers,
        # An answer to something urgent must not come by the slow way.
        urgency=message.urgency,
        answers=message.id,
        fixed=True,
        room=None if room is None else room.id,
    )


def change_of(
    message: Message, form: str, party: str, language: Language, room: Place | None, *, cancel: bool
) -> Begun:
    """A correction of a message of ours, filled in with what it says; or its cancellation.

    Args:
        message: of ours.
        form: id of the form of what is sent.
        party: ours.
        language: that it is written in.
        room: where the message was said.
        cancel: whether it is a cancellation: then nothing is filled in.
    """
    typed = {} if cancel else typed_fields(message, form_questions(form), language)
    return Begun(
        form,
        message.status,
        to=peers_to(message, party) if room is None else room.hearers,
        urgency=message.urgency,
        answers=None if cancel else message.answers,
        corrects=message.id,
        typed=tuple(typed.items()),
        fixed=True,
        room=None if room is None else room.id,
    )
