"""Endpoints of rooms: who is in them, joining and leaving, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from detente.errors import DetenteError
from detente.http import (
    BadRequest,
    Endpoint,
    ErrorResponse,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.line import NoSuchRoom, Room, RoomRefused, StatementMalformed
from detente.line.conference_statements import Holder, Party, Tag, Text, Title
from detente.line.forms import Status, Urgency
from detente.line.rooms import PRESENCE_WORDS
from detente.record import JsonValue, canonical_json, format_time

from .message_bodies import FileBody, Identity
from .room_desk import Happened, RoomDesk

TAGS: Final = ("rooms",)
PATH: Final = "/api/v1/rooms"
ROOM_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    StatementMalformed: 400,
    RoomRefused: 409,
    NoSuchRoom: 404,
}
"""For `build_app(statuses=…)`."""

_PAGE: Final = 100
_PAGE_MAX: Final = 500

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


def rooms_endpoints(desk: RoomDesk) -> list[Endpoint]:
    """Operations on rooms."""
    party = desk.context.party

    async def get_rooms(request: Request[None]) -> Response:
        rooms = await desk.rooms(request.caller)
        faults = [
            RoomFaultView(index=each.position, sender=each.sender, kind=each.kind, what=each.what)
            for each in await desk.faults()
        ]
        views = [room_view(room, request.caller.sub) for room in rooms]
        return Response(200, RoomViews(rooms=views, faults=faults))

    async def get_room(request: Request[None]) -> Response:
        room = await desk.room(request.path["room"], request.caller)
        return Response(200, room_view(room, request.caller.sub))

    async def get_entries(request: Request[None]) -> Response:
        happened, following = await desk.timeline(
            request.path["room"],
            request.caller,
            after=_number(request, "after", -1, 1 << 53),
            limit=max(1, _number(request, "limit", _PAGE, _PAGE_MAX)),
        )
        views = [_entry_view(each) for each in happened]
        return Response(200, RoomEntryViews(entries=views, next=following))

    async def post_room(request: Request[NewRoom]) -> Response:
        body = request.body
        room = await desk.open(
            request.caller,
            parties=body.parties,
            officers=body.officers,
            title=body.title,
            purpose=body.purpose or {},
            status=body.status,
        )
        return Response(201, room_view(room, request.caller.sub))

    async def put_members(request: Request[RoomMembers]) -> Response:
        room = await desk.set_members(request.path["room"], request.caller, request.body.officers)
        return Response(200, room_view(room, request.caller.sub))

    async def post_invitation(request: Request[RoomInvitation]) -> Response:
        room = await desk.invite(request.path["room"], request.caller, request.body.parties)
        return Response(200, room_view(room, request.caller.sub))

    async def post_leave(request: Request[None]) -> Response:
        room = await desk.leave(request.path["room"], request.caller)
        return Response(200, room_view(room, request.caller.sub))

    async def post_close(request: Request[None]) -> Response:
        room = await desk.close(request.path["room"], request.caller)
        return Response(200, room_view(room, request.caller.sub))

    async def post_message(request: Request[RoomMessage]) -> Response:
        body = request.body
        fields: dict[str, JsonValue] = {
            name: msgspec.json.decode(bytes(raw)) for name, raw in body.fields.items()
        }
        entry = await desk.say(
            request.path["room"],
            request.caller,
            form=body.form,
            fields=fields,
            language=body.language,
            urgency=body.urgency,
            answers=body.answers,
            corrects=body.corrects,
            files=body.files,
        )
        said = entry.payload
        if said is None:
            raise RuntimeError("an entry that was just recorded is whole")
        return Response(
            201,
            RoomSaid(
                index=entry.index,
                id=str(said.id),
                to=list(said.to),
                epoch=said.channel.split("/")[2],
            ),
        )

    help_ = {"room": f"Id of a room, such as `{party}.1f3a9c0d2b7e`."}
    manage = any_of("room.manage step-up")
    changed: dict[int, type[msgspec.Struct] | None] = {
        200: RoomView,
        400: ErrorResponse,
        404: ErrorResponse,
        409: ErrorResponse,
    }
    return [
        Endpoint(
            method="GET",
            path=PATH,
            handler=get_rooms,
            operation_id="getRooms",
            summary="Rooms that the caller may read.",
            description="Those that the caller is a member of; all, with `room.all.read` or "
            "`room.manage`.",
            scopes=any_of("room.read"),
            responses={200: RoomViews},
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path=PATH,
            handler=post_room,
            operation_id="openRoom",
            summary="Open a room and invite parties.",
            scopes=manage,
            body=NewRoom,
            responses={201: RoomView, 400: ErrorResponse, 409: ErrorResponse},
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path=PATH + "/{room}",
            handler=get_room,
            operation_id="getRoom",
            summary="A room: who is in it, by each party's own statement.",
            scopes=any_of("room.read"),
            responses={200: RoomView, 404: ErrorResponse},
            path_help=help_,
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path=PATH + "/{room}/entries",
            handler=get_entries,
            operation_id="getRoomEntries",
            summary="What was stated about a room and said in it.",
            scopes=any_of("room.read"),
            query=[
                QueryParameter(name="after", help="Index of the entry to go on after."),
                QueryParameter(name="limit", help=f"At most {_PAGE_MAX}; {_PAGE} if not given."),
            ],
            responses={200: RoomEntryViews, 400: ErrorResponse, 404: ErrorResponse},
            path_help=help_,
            tags=TAGS,
        ),
        Endpoint(
            method="PUT",
            path=PATH + "/{room}/members",
            handler=put_members,
            operation_id="setRoomMembers",
            summary="State who our members are; the first time, join.",
            scopes=manage,
            body=RoomMembers,
            responses=changed,
            path_help=help_,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path=PATH + "/{room}/invitations",
            handler=post_invitation,
            operation_id="inviteToRoom",
            summary="Invite more parties; only the party that opened the room can.",
            scopes=manage,
            body=RoomInvitation,
            responses=changed,
            path_help=help_,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path=PATH + "/{room}/leave",
            handler=post_leave,
            operation_id="leaveRoom",
            summary="Leave a room, or decline an invitation.",
            scopes=manage,
            responses=changed,
            path_help=help_,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path=PATH + "/{room}/close",
            handler=post_close,
            operation_id="closeRoom",
            summary="Close a room that we opened, for everybody.",
            scopes=manage,
            responses=changed,
            path_help=help_,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path=PATH + "/{room}/messages",
            handler=post_message,
            operation_id="sayInRoom",
            summary="Say something to all parties that are in the room now.",
            scopes=any_of("room.write step-up"),
            body=RoomMessage,
            responses={
                201: RoomSaid,
                400: ErrorResponse,
                404: ErrorResponse,
                409: ErrorResponse,
                422: ErrorResponse,
            },
            path_help=help_,
            tags=TAGS,
        ),
    ]


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


def _entry_view(each: Happened) -> RoomEntryView:
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


def _number(request: Request[None], name: str, otherwise: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > most:
        raise BadRequest(f"It is a number up to {most}.", where=name)
    return int(text)
