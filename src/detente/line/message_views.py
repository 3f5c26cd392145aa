"""Messages as officers look at them: what is said, and how far it has come at each recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from detente.agreement import Document, Row
from detente.record import Blob, JsonValue, parse_time

from .escalation import Waiting
from .form_fields import FieldPart
from .forms import FORMS, FieldsUnusable, Form
from .message_states import Judged, MessageState, ReadBackFact
from .phrasebook import render
from .urgency import deadline_of


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody had a message on screen.

    Attributes:
        officer: the officer's id.
        at: since when, as the recipient's node says (RFC 3339).
    """

    officer: str
    at: str


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody was called for a message.

    Attributes:
        officer: the officer's id.
        step: of the escalation list.
        at: when, as the recipient's node says (RFC 3339).
    """

    officer: str
    step: int
    at: str


@dataclass(frozen=True, slots=True)
class RecipientView:
    """How far a message has come at one party.

    Attributes:
        party: its id.
        state: the furthest state that an entry proves.
        delivered: when its node says that it received it (RFC 3339); None without a receipt.
        shown: to whom, the first one first.
        acknowledgements: all of them, with those that do not count and why.
        read_backs: all of them.
        answers: ids of its messages that answer this one.
        calls: of its officers.
        superseded_by: id of the newest correction that was sent to it.
    """

    party: str
    state: MessageState
    delivered: str | None
    shown: tuple[Shown, ...]
    acknowledgements: tuple[Judged, ...]
    read_backs: tuple[ReadBackFact, ...]
    answers: tuple[str, ...]
    calls: tuple[Called, ...]
    superseded_by: str | None

    @property
    def acknowledged_by(self) -> Judged | None:
        """The first acknowledgement that counts."""
        return next((each for each in self.acknowledgements if each.counts), None)


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message and what became of it.

    Attributes:
        id: of its entry.
        position: of its entry in our record.
        sender: the party that sent it.
        author: name of the key that signed it: an officer's, or the node's.
        channel: that it went by.
        status: `actual`, `exercise` or `test`.
        created: when its sender says that it was made (RFC 3339).
        form: id of its form, as it says.
        urgency: as it says.
        room: id of the room that it was said in.
        corrects: id of the message that it replaces.
        answers: id of the message that it answers.
        body: all that it says.
        blobs: files that go with it.
        recipients: how far it has come at each.
        overdue: parties of which our node has noted that they are late.
    """

    id: str
    position: int
    sender: str
    author: str
    channel: str
    status: str
    created: str
    form: str
    urgency: str
    room: str | None
    corrects: str | None
    answers: str | None
    body: Mapping[str, JsonValue]
    blobs: tuple[Blob, ...]
    recipients: tuple[RecipientView, ...]
    overdue: tuple[str, ...]

    @property
    def known_form(self) -> Form | None:
        """Its form, if this version knows it."""
        return FORMS.get(self.form)

    @property
    def superseded_by(self) -> str | None:
        """Id of the newest correction, to whomever."""
        return next((each.superseded_by for each in self.recipients if each.superseded_by), None)

    def fields(self) -> FieldPart:
        """What its form asks for.

        Raises:
            FieldsUnusable: its form is not known, or its fields are not those of its form.
        """
        form, fields = self.known_form, self.body.get("fields")
        if form is None or not isinstance(fields, Mapping):
            raise FieldsUnusable("It is of no form that this version knows.", where="form")
        return form.read(fields)

    def rows(self) -> tuple[Row, ...]:
        """Its fields in words.

        Raises:
            FieldsUnusable: as `fields`.
        """
        return render(self.fields())

    def recipient(self, party: str) -> RecipientView | None:
        """How far it has come at a party."""
        return next((each for each in self.recipients if each.party == party), None)

    def deadline(self, document: Document, us: str) -> datetime:
        """When it is overdue, as our node sees it; it is over once somebody acknowledges."""
        ours = self.recipient(us)
        received = None if ours is None or not ours.delivered else _instant(ours.delivered)
        created = parse_time(self.created)
        return deadline_of(self.urgency, created, received, document)


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm of our node.

    Attributes:
        id: of its entry.
        position: of its entry.
        what: such as `overdue` or `test-call-missed`.
        status: of what it is about.
        created: when (RFC 3339).
        about: id of the message, if it is about one.
        body: all that it says.
    """

    id: str
    position: int
    what: str
    status: str
    created: str
    about: str | None
    body: Mapping[str, JsonValue]


def waiting_of(view: MessageView, party: str, us: str) -> Waiting:
    """A message as the clocks look at it.

    Args:
        view: the message.
        party: the recipient whose acknowledgement is missing.
        us: whose node asks.
    """
    recipient = view.recipient(party)
    if recipient is None:
        raise ValueError(f"{party} is no recipient of {view.id}")
    received = recipient.delivered if party == us else None
    return Waiting(
        id=view.id,
        sender=view.sender,
        party=party,
        urgency=view.urgency,
        status=view.status,
        created=parse_time(view.created),
        received=None if not received else _instant(received),
        called=frozenset((call.step, call.officer) for call in recipient.calls),
        alarmed=party in view.overdue,
        superseded_by=recipient.superseded_by,
    )


def _instant(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None
