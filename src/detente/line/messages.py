"""Messages and everything that is said about them, as drafts of entries.

Nothing is sent here: a draft becomes an entry by `PartyRecord.append`, and whatever is addressed
to a party is on its way from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, get_args

from detente.errors import DetenteError
from detente.record import Blob, Draft, JsonValue, Payload, Reference, format_time

from .forms import Form, Status, Urgency, form_of
from .lanes import Lane, lane_of
from .message_states import differences_of, read_back_needed
from .readback import Difference, ReadBack, write_read_back
from .rules import LineRules

EMERGENCY: Final[frozenset[str]] = frozenset({"distress", "urgent"})
"""Urgencies that go by the emergency channel."""

OWN_WATCH: Final = "own/watch"


class MessageRefused(DetenteError):
    """A message would say what messages cannot say, or be about what it cannot be about."""

    code: ClassVar[str] = "line.refused"


class StatusMixed(MessageRefused):
    """Actual messages, exercises and tests are never mixed."""

    code: ClassVar[str] = "line.status"


class ReadBackWrong(MessageRefused):
    """What was read back is not what the message says; nothing was signed.

    Attributes:
        differences: each one, in words of both languages.
    """

    code: ClassVar[str] = "line.read_back"

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__(
            " ".join(each.words.en for each in differences),
            where="read-back",
            advice="Read the message again, and say what it says; ask its sender if it is wrong.",
        )
        self.differences = tuple(differences)


@dataclass(frozen=True, slots=True)
class RoomPlace:
    """The room that a message is said in.

    Attributes:
        id: of the room.
        epoch: names the set of its parties: `Room.epoch`.
    """

    id: str
    epoch: str


def channel_of(peer: str, *, emergency: bool) -> str:
    """The channel to a single party."""
    return f"line/{peer}/emergency" if emergency else f"line/{peer}"


def room_channel(room: RoomPlace, *, emergency: bool) -> str:
    """The channel to the members of a room."""
    return f"room/{room.id}/{room.epoch}{'/emergency' if emergency else ''}"


def is_emergency(message: Payload) -> bool:
    """Whether a message, and what is said about it, goes by the emergency channel."""
    urgency = message.body.get("urgency")
    return isinstance(urgency, str) and urgency in EMERGENCY


def not_urgent(payload: Payload) -> str | None:
    """Why a message does not belong into the emergency channel that it is in, if it does not.

    What is urgent in an ordinary channel is taken: it only comes later than it could.
    """
    if payload.kind != "message" or lane_of(payload.channel) is not Lane.EMERGENCY:
        return None
    if is_emergency(payload):
        return None
    urgency = payload.body.get("urgency")
    return f"It is a message of urgency {urgency!r}, in an emergency channel."


def reference(of: Payload, rel: str) -> Reference:
    """What another entry is named by."""
    return Reference(of.id, rel, of.sha256)


def message_draft(
    form: str,
    fields: Mapping[str, JsonValue],
    *,
    sender: str,
    to: Sequence[str],
    language: str,
    urgency: Urgency | None = None,
    status: Status = "actual",
    room: RoomPlace | None = None,
    corrects: Payload | None = None,
    answers: Payload | None = None,
    blobs: Sequence[Blob] = (),
) -> Draft:
    """A message.

    Args:
        form: id of its form.
        fields: what its form asks for.
        sender: the party that sends it.
        to: the parties addressed: one, or in a room all other members.
        language: that its author works in (ISO 639).
        urgency: the form's, if not given.
        status: never mixed: what it corrects or answers has the same one.
        room: where it is said.
        corrects: the message that it replaces; the same sender's, to the same parties.
        answers: the message that it answers; somebody else's, to the sender.
        blobs: files and sketches that go with it, kept already.

    Raises:
        FieldsUnusable: there is no such form, or its fields are not these.
        StatusMixed: it refers to a message of another status, or a test call is not a test.
        MessageRefused: it cannot refer to that message, or goes to nobody.
    """
    shape = form_of(form)
    written = shape.write(shape.read(fields))
    chosen = shape.urgency if urgency is None else urgency
    if chosen not in get_args(Urgency):
        raise MessageRefused("There is no such urgency.", where="urgency")
    _check_addressees(sender, to, room)
    if shape.test and status != "test":
        raise StatusMixed("Test calls and their answers are tests.", where="status")
    if corrects is not None:
        _check_correction(shape, corrects, sender, to, status)
    if answers is not None:
        _check_answer(shape, answers, sender, to, status)
    if shape.answers and answers is None:
        raise MessageRefused("This form answers a message; say which.", where="answers")
    if shape.corrects and corrects is None:
        raise MessageRefused("This form changes a message; say which.", where="corrects")
    body: dict[str, JsonValue] = {
        "form": shape.id,
        "urgency": chosen,
        "language": language,
        "fields": written,
    }
    if room is not None:
        body["room"] = room.id
    emergency = chosen in EMERGENCY
    refs = [
        reference(each, rel)
        for each, rel in ((corrects, "corrects"), (answers, "answers"))
        if each is not None
    ]
    return Draft(
        "message",
        channel_of(to[0], emergency=emergency)
        if room is None
        else room_channel(room, emergency=emergency),
        tuple(to),
        body,
        tuple(refs),
        tuple(blobs),
        status,
    )


def shown_draft(message: Payload, officer: str, at: datetime) -> Draft:
    """Our node states that an officer has a message on screen.

    Args:
        message: somebody else's, to us.
        officer: the officer's id.
        at: now.
    """
    body: dict[str, JsonValue] = {"of": str(message.id), "officer": officer, "at": format_time(at)}
    return _about(message, "shown", body)


def read_back_draft(message: Payload, read: ReadBack, rules: LineRules) -> Draft | None:
    """What an officer reads back; None if the message asks for nothing to be read back.

    Raises:
        ReadBackWrong: it is not what the message says: nothing must be signed.
    """
    if not read_back_needed(message.body):
        return None
    body = write_read_back(read)
    differences = differences_of(message.body, body, rules)
    if differences:
        raise ReadBackWrong(differences)
    return _about(message, "read-back", {"of": str(message.id), **body})


def acknowledgement_draft(message: Payload, text: str | None = None) -> Draft:
    """An officer's acknowledgement; signed by the officer, after the read-back."""
    body: dict[str, JsonValue] = {"of": str(message.id), "payload_sha256": message.sha256.hex()}
    if text is not None:
        body["text"] = text
    return _about(message, "acknowledgement", body)


def refusal_draft(message: Payload, read_back: Payload, differences: Sequence[Difference]) -> Draft:
    """Our node tells another one that what its officer read back is wrong and does not count."""
    body: dict[str, JsonValue] = {
        "of": str(read_back.id),
        "differences": [each.json() for each in differences],
    }
    return Draft(
        "read-back-refused",
        channel_of(read_back.sender, emergency=is_emergency(message)),
        (read_back.sender,),
        body,
        (reference(read_back, "read-back-refused"),),
        status=message.status,
    )


def _about(message: Payload, kind: str, body: Mapping[str, JsonValue]) -> Draft:
    return Draft(
        kind,
        channel_of(message.sender, emergency=is_emergency(message)),
        (message.sender,),
        body,
        (reference(message, kind),),
        status=message.status,
    )


def _check_addressees(sender: str, to: Sequence[str], room: RoomPlace | None) -> None:
    if not to:
        raise MessageRefused("It is addressed to nobody.", where="to")
    if sender in to:
        raise MessageRefused("It is addressed to its own sender.", where="to")
    if room is None and len(to) != 1:
        raise MessageRefused(
            "Outside of a room a message goes to one party.",
            where="to",
            advice="Send it to each of them, or say it in a room.",
        )


def _check_message(other: Payload, status: str, where: str) -> None:
    if other.kind != "message":
        raise MessageRefused("That is no message.", where=where)
    if other.status != status:
        raise StatusMixed(
            f"That message is {other.status}, and this one is {status}: they are never mixed.",
            where=where,
            advice="Send it with the same status, or as a message of its own.",
        )


def _check_correction(
    form: Form, other: Payload, sender: str, to: Sequence[str], status: str
) -> None:
    _check_message(other, status, "corrects")
    if other.sender != sender:
        raise MessageRefused("Only who sent a message corrects it.", where="corrects")
    if set(other.to) != set(to):
        raise MessageRefused("A correction goes to those who have the message.", where="corrects")
    if not form.corrects and other.body.get("form") != form.id:
        raise MessageRefused(
            "A correction has the form of what it corrects.",
            where="corrects",
            advice="Cancel that message, and send another one.",
        )


def _check_answer(form: Form, other: Payload, sender: str, to: Sequence[str], status: str) -> None:
    _check_message(other, status, "answers")
    test_call = other.body.get("form") == "test-call"
    if (form.id == "test-answer") != test_call:
        raise MessageRefused("Test calls have answers of their own form.", where="answers")
    if test_call:
        # Both sides' officers answer it, its sender's too.
        parties = {other.sender, *other.to}
        if sender not in parties or not set(to) <= parties:
            raise MessageRefused("That test call is not between these parties.", where="answers")
        return
    if other.sender == sender:
        raise MessageRefused("Nobody answers his own message.", where="answers")
    if sender not in other.to or other.sender not in to:
        raise MessageRefused("That message was not for its sender.", where="answers")
