"""Endpoints of rooms: who is in them, joining and leaving, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

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
from detente.line import NoSuchRoom, RoomRefused, StatementMalformed
from detente.record import JsonValue

from . import room_views as views
from .operations import Operations
from .room_desk import RoomDesk

PATH: Final = "/api/v1/rooms"
ROOM_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    StatementMalformed: 400,
    RoomRefused: 409,
    NoSuchRoom: 404,
}
"""For `build_app(statuses=…)`."""

_PAGE: Final = 100
_PAGE_MAX: Final = 500


def rooms_endpoints(desk: RoomDesk) -> list[Endpoint]:
    """Operations on rooms."""
    party = desk.context.party

    async def get_rooms(request: Request[None]) -> Response:
        rooms = await desk.rooms(request.caller)
        faults = [
            views.RoomFaultView(
                index=each.position, sender=each.sender, kind=each.kind, what=each.what
            )
            for each in await desk.faults()
        ]
        shown = [views.room_view(room, request.caller.sub) for room in rooms]
        return Response(200, views.RoomViews(rooms=shown, faults=faults))

    async def get_room(request: Request[None]) -> Response:
        room = await desk.room(request.path["room"], request.caller)
        return Response(200, views.room_view(room, request.caller.sub))

    async def get_entries(request: Request[None]) -> Response:
        happened, following = await desk.timeline(
            request.path["room"],
            request.caller,
            after=_number(request, "after", -1, 1 << 53),
            limit=max(1, _number(request, "limit", _PAGE, _PAGE_MAX)),
        )
        shown = [views.entry_view(each) for each in happened]
        return Response(200, views.RoomEntryViews(entries=shown, next=following))

    async def post_room(request: Request[views.NewRoom]) -> Response:
        body = request.body
        room = await desk.open(
            request.caller,
            parties=body.parties,
            officers=body.officers,
            title=body.title,
            purpose=body.purpose or {},
            status=body.status,
        )
        return Response(201, views.room_view(room, request.caller.sub))

    async def put_members(request: Request[views.RoomMembers]) -> Response:
        room = await desk.set_members(request.path["room"], request.caller, request.body.officers)
        return Response(200, views.room_view(room, request.caller.sub))

    async def post_invitation(request: Request[views.RoomInvitation]) -> Response:
        room = await desk.invite(request.path["room"], request.caller, request.body.parties)
        return Response(200, views.room_view(room, request.caller.sub))

    async def post_leave(request: Request[None]) -> Response:
        room = await desk.leave(request.path["room"], request.caller)
        return Response(200, views.room_view(room, request.caller.sub))

    async def post_close(request: Request[None]) -> Response:
        room = await desk.close(request.path["room"], request.caller)
        return Response(200, views.room_view(room, request.caller.sub))

    async def post_message(request: Request[views.RoomMessage]) -> Response:
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
            views.RoomSaid(
                index=entry.index,
                id=str(said.id),
                to=list(said.to),
                epoch=said.channel.split("/")[2],
            ),
        )

    operation = Operations("rooms", {"room": f"Id of a room, such as `{party}.1f3a9c0d2b7e`."})
    manage = any_of("room.manage step-up")
    changed: dict[int, type[msgspec.Struct] | None] = {
        200: views.RoomView,
        400: ErrorResponse,
        404: ErrorResponse,
        409: ErrorResponse,
    }
    return [
        operation(
            "GET",
            PATH,
            get_rooms,
            "getRooms",
            "Rooms that the caller may read.",
            any_of("room.read"),
            {200: views.RoomViews},
            description="Those that the caller is a member of; all, with `room.all.read` or "
            "`room.manage`.",
        ),
        operation(
            "POST",
            PATH,
            post_room,
            "openRoom",
            "Open a room and invite parties.",
            manage,
            {201: views.RoomView, 400: ErrorResponse, 409: ErrorResponse},
            body=views.NewRoom,
        ),
        operation(
            "GET",
            PATH + "/{room}",
            get_room,
            "getRoom",
            "A room: who is in it, by each party's own statement.",
            any_of("room.read"),
            {200: views.RoomView, 404: ErrorResponse},
        ),
        operation(
            "GET",
            PATH + "/{room}/entries",
            get_entries,
            "getRoomEntries",
            "What was stated about a room and said in it.",
            any_of("room.read"),
            {200: views.RoomEntryViews, 400: ErrorResponse, 404: ErrorResponse},
            query=[
                QueryParameter(name="after", help="Index of the entry to go on after."),
                QueryParameter(name="limit", help=f"At most {_PAGE_MAX}; {_PAGE} if not given."),
            ],
        ),
        operation(
            "PUT",
            PATH + "/{room}/members",
            put_members,
            "setRoomMembers",
            "State who our members are; the first time, join.",
            manage,
            changed,
            body=views.RoomMembers,
        ),
        operation(
            "POST",
            PATH + "/{room}/invitations",
            post_invitation,
            "inviteToRoom",
            "Invite more parties; only the party that opened the room can.",
            manage,
            changed,
            body=views.RoomInvitation,
        ),
        operation(
            "POST",
            PATH + "/{room}/leave",
            post_leave,
            "leaveRoom",
            "Leave a room, or decline an invitation.",
            manage,
            changed,
        ),
        operation(
            "POST",
            PATH + "/{room}/close",
            post_close,
            "closeRoom",
            "Close a room that we opened, for everybody.",
            manage,
            changed,
        ),
        operation(
            "POST",
            PATH + "/{room}/messages",
            post_message,
            "sayInRoom",
            "Say something to all parties that are in the room now.",
            any_of("room.write step-up"),
            {
                201: views.RoomSaid,
                400: ErrorResponse,
                404: ErrorResponse,
                409: ErrorResponse,
                422: ErrorResponse,
            },
            body=views.RoomMessage,
        ),
    ]


def _number(request: Request[None], name: str, otherwise: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > most:
        raise BadRequest(f"It is a number up to {most}.", where=name)
    return int(text)
