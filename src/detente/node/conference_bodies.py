"""What officers state about conferences, as the interface takes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from detente.line import MinutesDocument, Person
from detente.line.conference_contents import (
    AgendaItem,
    Fate,
    Holder,
    Item,
    Line,
    Party,
    Place,
    Sha256,
    Text,
    Title,
)
from detente.line.known_conferences import Status

Moment = Annotated[datetime, Meta(tz=True)]


class NewConference(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A conference to convene: in `room`, or in a room that is opened for `parties`."""

    title: Title
    begins: Moment
    ends: Moment | None = None
    purpose: Text | None = None
    dial_in: Line | None = None
    agenda: list[AgendaItem] = []
    room: Place | None = None
    parties: list[Party] = []
    officers: list[Holder] = []
    status: Status = "actual"


class ConferenceChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is given changes; the rest stays."""

    title: Title | None = None
    begins: Moment | None = None
    ends: Moment | None = None
    purpose: Text | None = None
    dial_in: Line | None = None
    agenda: list[AgendaItem] | None = None


class NewAttendance(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who of our own people takes part; nobody: we decline."""

    people: list[Person]
    text: Text | None = None


class NewProposal(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something to propose."""

    title: Title
    text: Text
    item: Item | None = None


class NewFate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What we say to a proposal."""

    fate: Fate
    text: Text | None = None
    until: Moment | None = None


class NewMinutes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text of the minutes: made from the record with these texts, or the whole `document`.

    `texts`: item of the agenda to what was said to it. `replaces`: SHA-256 of an earlier text.
    """

    texts: dict[Item, Text] = {}
    decisions: list[Text] = []
    remarks: Text | None = None
    replaces: Sha256 | None = None
    document: MinutesDocument | None = None


class NewSignature(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The approval of a second person for exactly this signature.

    It is proposed as kind `minutes`, with the action `{"do": "sign", "conference": …,
    "document": …}`.
    """

    approval: str = ""


class NewDissent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A note of what we do not agree with: in minutes, a proposal, or the conference."""

    text: Text
    minutes: Sha256 | None = None
    proposal: str | None = None


class NewClosing(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The conference has ended, now or then."""

    ended: Moment | None = None
    text: Text | None = None
