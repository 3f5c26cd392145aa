"""Rooms as the interface shows them and is told of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from detente.line import Room
from detente.line.conference_contents import Holder, Party, Tag, Text, Title
from detente.line.forms import Status, Urgency
from detente.line.rooms import PRESENCE_WORDS
from detente.record import canonical_json, format_time

from .message_bodies import FileBody, Identity
from .room_desk import Happened

Parties = Annotated[list[Party], Meta(min_length=1, max_length=100)]
Officers = Annotated[list[Holder], Meta(min_length=1, max_length=100)]


class WordsView(msgspec.Struct, kw_only=True):
    """A text in both languages."""

    en: str
    fr: str


class RoomPartyView(msgspec.Struct, kw_only=True):
    """A party and a room. `presence`: `in`, `invited`, `out`, or `unknown` (erased here)."""

    party: str
    presence: str
    words: WordsView
    officers: list[str]
    since: str | None
    contradicts: bool


class RoomView(msgspec.Struct, kw_only=True):
    """A room as this party knows it. `present`: the parties that hear what is said now."""

    id: str
    opener: str
    title: dict[str, str]
    purpose: dict[str, str]
    status: str
    opened: str
    closed: str | None
    epoch: str
    present: list[str]
    joined: bool
    member: bool
    parties: list[RoomPartyView]


class RoomViews(msgspec.Struct, kw_only=True):
    """Rooms, the newest first. `faults`: entries that are no statements about rooms."""

    rooms: list[RoomView]
    faults: list[RoomFaultView]


class RoomFaultView(msgspec.Struct, kw_only=True):
    """An entry of another party that would state something about a room, but has another form."""

    index: int
    sender: str
    kind: str
    what: str


class RoomEntryView(msgspec.Struct, kw_only=True):
    """One entry. `officer`: whose key signed it; null for a node's. `fault`: what is wrong."""

    index: int
    id: str
    kind: str
    sender: str
    officer: str | None
    created: str
    to: list[str]
    epoch: str
    body: msgspec.Raw
    fault: WordsView | None


class RoomEntryViews(msgspec.Struct, kw_only=True):
    """Entries in the order of this party's record; `next`: give it as `after` to go on."""

    entries: list[RoomEntryView]
    next: int | None


class NewRoom(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A room to open: whom to invite, and who of our officers are its members."""

    parties: Parties
    officers: Officers
    title: Title
    purpose: Text | None = None
    status: Status = "actual"


class RoomMembers(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All our members from now on."""

    officers: Officers


class RoomInvitation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Parties to invite, or to invite again after they left."""

    parties: Parties


class RoomMessage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something to say, in one of the forms of messages. `answers` and `corrects` are ids of other
    messages of the room."""

    fields: dict[str, msgspec.Raw]
    form: str = "text"
    language: Tag = "en"
    urgency: Urgency | None = None
    answers: Identity | None = None
    corrects: Identity | None = None
    files: Annotated[list[FileBody], Meta(max_length=20)] = []


class RoomSaid(msgspec.Struct, kw_only=True):
    """What was recorded, and which parties it goes to."""

    index: int
    id: str
    to: list[str]
    epoch: str


def room_view(room: Room, holder: str) -> RoomView:
    """A room for an officer of ours."""
    return RoomView(
        id=room.id,
        opener=room.opener,
        title=dict(room.title),
        purpose=dict(room.purpose),
        status=room.status,
        opened=room.opened,
        closed=room.closed,
        epoch=room.epoch,
        present=list(room.present),
        joined=room.is_in,
        member=room.is_member(room.me, holder),
        parties=[
            RoomPartyView(
                party=each.party,
                presence=each.presence,
                words=WordsView(
                    en=PRESENCE_WORDS[each.presence].en, fr=PRESENCE_WORDS[each.presence].fr
                ),
                officers=list(each.officers),
                since=None if each.statement is None else each.statement.created,
                contradicts=each.contradicts,
            )
            for each in room.parties.values()
        ],
    )


def entry_view(each: Happened) -> RoomEntryView:
    """An entry of a room.

    Raises:
        ValueError: its content has been erased.
    """
    said = each.entry.payload
    if said is None:
        raise ValueError("an erased entry has nothing to show")
    parts = said.channel.split("/")
    return RoomEntryView(
        index=each.entry.index,
        id=str(said.id),
        kind=said.kind,
        sender=said.sender,
        officer=each.officer,
        created=format_time(said.created),
        to=list(said.to),
        epoch=parts[2] if len(parts) > 2 and said.kind == "message" else "",
        body=msgspec.Raw(canonical_json(said.body)),
        fault=None if each.fault is None else WordsView(en=each.fault.en, fr=each.fault.fr),
    )
