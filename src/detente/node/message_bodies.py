"""What the interface of messages takes and gives, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from detente.agreement import Document
from detente.line import (
    FieldsUnusable,
    Judged,
    MessageState,
    MessageView,
    RecipientView,
    Status,
    Urgency,
)
from detente.record import format_time
from detente.words import Words

Fields = dict[str, Any]
"""Of a form: what it asks for, as the phrasebook lists it."""

Identity = Annotated[str, Meta(min_length=36, max_length=36)]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Told(msgspec.Struct, kw_only=True):
    """A text in both languages."""

    en: str
    fr: str

    @classmethod
    def of(cls, words: Words) -> Told:
        """From words."""
        return cls(en=words.en, fr=words.fr)


class FileBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file that goes with a message; it was uploaded before."""

    sha256: Hash
    media_type: Annotated[str, Meta(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+\Z", max_length=100)]


class FileView(msgspec.Struct, kw_only=True):
    """A file that goes with a message."""

    sha256: str
    size: int
    media_type: str


class SendBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A message. `corrects` and `answers` are ids of other messages of the same status."""

    form: str
    fields: Fields
    to: str
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z")] = "en"
    urgency: Urgency | None = None
    status: Status = "actual"
    corrects: Identity | None = None
    answers: Identity | None = None
    files: Annotated[list[FileBody], Meta(max_length=20)] = []


class AcknowledgeBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An acknowledgement. `read_back` holds the parts that the message asks for."""

    read_back: Fields = {}
    text: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None


class RowView(msgspec.Struct, kw_only=True):
    """A field of a message in words."""

    label: Told
    value: Told


class ShownView(msgspec.Struct, kw_only=True):
    """Who had it on screen, since when."""

    officer: str
    at: str


class CalledView(msgspec.Struct, kw_only=True):
    """Who was called for it, in which step, when."""

    officer: str
    step: int
    at: str


class AcknowledgementView(msgspec.Struct, kw_only=True):
    """An acknowledgement. `officer` is null if its key is nobody's any more."""

    id: str
    officer: str | None
    key: str
    at: str
    text: str | None
    counts: bool
    why_not: list[Told]


class RecipientState(msgspec.Struct, kw_only=True):
    """How far a message has come at one party, and what proves it."""

    party: str
    state: str
    words: Told
    delivered: str | None
    shown: list[ShownView]
    acknowledged_by: str | None
    acknowledgements: list[AcknowledgementView]
    answers: list[str]
    calls: list[CalledView]
    superseded_by: str | None
    overdue: bool


class MessageBody(msgspec.Struct, kw_only=True):
    """A message. `rows` is null if this version does not know its form; `fields` is as it came."""

    id: str
    position: int
    sender: str
    officer: str | None
    status: str
    urgency: str
    created: str
    deadline: str
    form: str
    title: Told | None
    read_back: list[str]
    fields: Any
    rows: list[RowView] | None
    unreadable: str | None
    language: str | None
    room: str | None
    corrects: str | None
    answers: str | None
    superseded_by: str | None
    files: list[FileView]
    recipients: list[RecipientState]


class MessageList(msgspec.Struct, kw_only=True):
    """Messages of one status. `before` asks for the next page; null if this is the last one."""

    status: str
    messages: list[MessageBody]
    before: int | None


class DifferenceView(msgspec.Struct, kw_only=True):
    """One way in which what was read back is not what the message says."""

    part: str
    what: str
    words: Told
    distance_m: float | None
    bearing_deg: float | None


class ReadBackRefused(msgspec.Struct, kw_only=True):
    """Nothing was signed: what was read back is not what the message says, or has no difference to
    tell because it cannot be compared or is not for us."""

    message: str
    code: str
    differences: list[DifferenceView] = []


class AlarmBody(msgspec.Struct, kw_only=True):
    """An alarm of our node."""

    id: str
    position: int
    what: str
    status: str
    created: str
    about: str | None
    body: Any


class AlarmList(msgspec.Struct, kw_only=True):
    """Alarms of one status, the newest first."""

    status: str
    alarms: list[AlarmBody]


class WaitingBody(msgspec.Struct, kw_only=True):
    """A message that nobody has acknowledged. `left_s` is negative once it is overdue; then
    `instead` says how else the other side can be reached."""

    id: str
    sender: str
    party: str
    urgency: str
    status: str
    deadline: str
    left_s: float
    superseded_by: str | None
    instead: Told | None


class WaitingList(msgspec.Struct, kw_only=True):
    """What waits, of every status, the oldest first; `left_out`: by sender, how many more."""

    waiting: list[WaitingBody]
    left_out: dict[str, int]


class FieldView(msgspec.Struct, kw_only=True):
    """A field of a form. `kind` names what it takes; `choices` its values, if they are few."""

    name: str
    label: Told
    kind: str
    required: bool
    choices: dict[str, Told] | None


class FormView(msgspec.Struct, kw_only=True):
    """A form."""

    id: str
    title: Told
    help: Told
    urgency: str
    read_back: list[str]
    answers: bool
    corrects: bool
    test: bool
    fields: list[FieldView]
    json_schema: Any


class Phrasebook(msgspec.Struct, kw_only=True):
    """All that forms ask for, in words."""

    forms: list[FormView]
    urgencies: dict[str, Told]
    statuses: dict[str, Told]
    states: dict[str, Told]
    test_words: dict[str, Told]


Holders = Mapping[tuple[str, str], str]
"""Party and name of a key to whose it is."""


def message_body(view: MessageView, document: Document, us: str, holders: Holders) -> MessageBody:
    """A message as JSON."""
    rows: list[RowView] | None = None
    unreadable = None
    try:
        rows = [RowView(label=Told.of(r.label), value=Told.of(r.value)) for r in view.rows()]
    except FieldsUnusable as error:
        unreadable = str(error)
    form = view.known_form
    language = view.body.get("language")
    read_back = () if form is None or rows is None else form.must_be_read_back(view.fields())
    return MessageBody(
        id=view.id,
        position=view.position,
        sender=view.sender,
        officer=holders.get((view.sender, view.author)),
        status=view.status,
        urgency=view.urgency,
        created=view.created,
        deadline=format_time(view.deadline(document, us)),
        form=view.form,
        title=None if form is None else Told.of(form.title),
        read_back=list(read_back),
        fields=view.body.get("fields"),
        rows=rows,
        unreadable=unreadable,
        language=language if isinstance(language, str) else None,
        room=view.room,
        corrects=view.corrects,
        answers=view.answers,
        superseded_by=view.superseded_by,
        files=[
            FileView(sha256=b.sha256.hex(), size=b.size, media_type=b.media_type)
            for b in view.blobs
        ],
        recipients=[_recipient(each, view, holders) for each in view.recipients],
    )


def _recipient(view: RecipientView, message: MessageView, holders: Holders) -> RecipientState:
    state: MessageState = view.state
    good = view.acknowledged_by
    return RecipientState(
        party=view.party,
        state=state.id,
        words=Told.of(state.words),
        delivered=view.delivered,
        shown=[ShownView(officer=each.officer, at=each.at) for each in view.shown],
        acknowledged_by=None if good is None else holders.get((view.party, good.fact.author)),
        acknowledgements=[_judged(each, view.party, holders) for each in view.acknowledgements],
        answers=list(view.answers),
        calls=[CalledView(officer=each.officer, step=each.step, at=each.at) for each in view.calls],
        superseded_by=view.superseded_by,
        overdue=view.party in message.overdue,
    )


def _judged(judged: Judged, party: str, holders: Holders) -> AcknowledgementView:
    fact = judged.fact
    return AcknowledgementView(
        id=fact.id,
        officer=holders.get((party, fact.author)),
        key=fact.author,
        at=fact.at,
        text=fact.text,
        counts=judged.counts,
        why_not=[Told.of(words) for words in judged.why_not],
    )
