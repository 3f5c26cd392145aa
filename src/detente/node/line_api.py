"""Endpoints of messages: what officers' screens and scripts ask, and what officers state.

Whatever an officer signs (a message, an acknowledgement, an answer) needs a session in which he
has just proved who he is: the scope `step-up`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_args

from detente import line
from detente.errors import DetenteError
from detente.http import BadRequest, Endpoint, QueryParameter, Request, Response, any_of
from detente.line import Difference, MessageView, ReadBackWrong, Status, WaitingMessages
from detente.record import BlobUnusable, format_time

from .calls_api import calls_endpoints
from .message_bodies import (
    AcknowledgeBody,
    AlarmBody,
    AlarmList,
    DifferenceView,
    FileView,
    MessageBody,
    MessageList,
    Phrasebook,
    ReadBackRefused,
    SendBody,
    Told,
    WaitingBody,
    WaitingList,
    message_body,
)
from .message_desk import FileUnusable, MessageDesk, NoSuchMessage, identity_of
from .operations import Operations
from .phrasebook_view import phrasebook
from .pressing import SHOWN_MAX, pressing

LINE_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    line.FieldsUnusable: 422,
    line.MessageRefused: 422,
    line.StatusMixed: 409,
    BlobUnusable: 404,
    FileUnusable: 422,
    NoSuchMessage: 404,
}
"""For `build_app(statuses=…)`."""

_READ: Final = any_of("line.read")
_SEND: Final = any_of("line.send step-up")
_ACKNOWLEDGE: Final = any_of("line.acknowledge step-up")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,50}/[a-z0-9.+-]{1,50}")
_operation: Final = Operations(
    "line",
    {
        "message": "id of the message",
        "sha256": "SHA-256 of the file, hexadecimal",
    },
)
_STATUS: Final = QueryParameter(
    name="status", help="`actual` (if not given), `exercise` or `test`: never mixed."
)
_BEFORE: Final = QueryParameter(name="before", help="Only what stands before this position.")
_LIMIT: Final = QueryParameter(name="limit", help="At most so many, 1 to 200; 50 if not given.")


def line_endpoints(desk: MessageDesk) -> list[Endpoint]:
    """Every operation on messages, alarms and test calls."""
    handlers = _Line(desk)
    return [
        _operation(
            "GET",
            "/api/v1/line/phrasebook",
            handlers.phrasebook,
            "getPhrasebook",
            "Forms, fields, choices and words, in English and French.",
            _READ,
            {200: Phrasebook},
        ),
        _operation(
            "GET",
            "/api/v1/line/messages",
            handlers.messages,
            "listMessages",
            "Messages, the newest first, with how far each has come.",
            _READ,
            {200: MessageList, 400: None},
            query=(
                QueryParameter(name="box", help="`in` (if not given) or `out`."),
                QueryParameter(name="peer", help="Only from or to this party."),
                _STATUS,
                _BEFORE,
                _LIMIT,
            ),
        ),
        _operation(
            "GET",
            "/api/v1/line/messages/{message}",
            handlers.message,
            "getMessage",
            "A message, and what became of it at each recipient.",
            _READ,
            {200: MessageBody, 404: None},
        ),
        _operation(
            "GET",
            "/api/v1/line/messages/{message}/thread",
            handlers.thread,
            "getThread",
            "A message with all that it answers or corrects, and all that does so to it.",
            _READ,
            {200: MessageList, 404: None},
        ),
        _operation(
            "POST",
            "/api/v1/line/messages",
            handlers.send,
            "sendMessage",
            "Send a message, an answer, a correction or a cancellation.",
            _SEND,
            {201: MessageBody, 404: None, 409: None, 422: None},
            body=SendBody,
        ),
        _operation(
            "POST",
            "/api/v1/line/messages/{message}/shown",
            handlers.shown,
            "stateShown",
            "State that the message is on the caller's screen.",
            any_of("line.shown"),
            {200: MessageBody, 404: None, 422: None},
        ),
        _operation(
            "POST",
            "/api/v1/line/messages/{message}/acknowledgement",
            handlers.acknowledge,
            "acknowledgeMessage",
            "Read back what the message asks for, and acknowledge it.",
            _ACKNOWLEDGE,
            {200: MessageBody, 404: None, 409: None, 422: ReadBackRefused},
            description="What is read back is compared first. If it is not what the message says, "
            "the answer is 422 with each difference, and nothing is signed.",
            body=AcknowledgeBody,
        ),
        _operation(
            "POST",
            "/api/v1/line/files",
            handlers.upload,
            "uploadFile",
            "Keep a file that is to go with a message.",
            any_of("line.send"),
            {201: FileView, 400: None, 422: None, 503: None},
            description="The body is the file as it is. Name it by its hash in `files` of the "
            "message. A sketch is GeoJSON, `application/geo+json`.",
            body=bytes,
            query=(
                QueryParameter(
                    name="type", help="Its media type.", required=True, example="image/png"
                ),
            ),
        ),
        _operation(
            "GET",
            "/api/v1/line/messages/{message}/files/{sha256}",
            handlers.download,
            "getFile",
            "A file that came with a message, for saving.",
            _READ,
            {200: None, 404: None},
        ),
        _operation(
            "GET",
            "/api/v1/line/waiting",
            handlers.waiting,
            "listWaiting",
            "What nobody has acknowledged, on either side, with its deadline.",
            _READ,
            {200: WaitingList},
            description=f"Of one sender at most {SHOWN_MAX}, the most urgent and first due; "
            "`left_out` says how many more of each sender wait.",
        ),
        _operation(
            "GET",
            "/api/v1/line/alarms",
            handlers.alarms,
            "listAlarms",
            "Alarms of this node, the newest first.",
            _READ,
            {200: AlarmList, 400: None},
            query=(_STATUS, _BEFORE, _LIMIT),
        ),
        *calls_endpoints(desk),
    ]


class _Line:
    def __init__(self, desk: MessageDesk) -> None:
        self._desk = desk
        self._context = desk.context
        self._waiting = WaitingMessages(desk.context.party)

    async def phrasebook(self, request: Request[None]) -> Response:
        return Response(200, phrasebook())

    async def messages(self, request: Request[None]) -> Response:
        query = request.query
        box = query.get("box", "in")
        if box not in ("in", "out"):
            raise BadRequest("`box` is `in` or `out`.")
        status, limit = _status(query), _limit(query)
        asked = line.inbox if box == "in" else line.outbox
        found = await asked(
            self._context.record.query,
            self._context.party,
            self._desk.rules,
            status=status,
            peer=query.get("peer"),
            before=_number(query, "before"),
            limit=limit,
        )
        before = found[-1].position if len(found) == limit else None
        return Response(200, await self._list(found, status, request.caller.sub, before))

    async def message(self, request: Request[None]) -> Response:
        view = await self._desk.view(identity_of(request.path["message"]), request.caller.sub)
        return Response(200, self._body(view))

    async def thread(self, request: Request[None]) -> Response:
        identity = identity_of(request.path["message"])
        found = await self._desk.thread(identity, request.caller.sub)
        return Response(200, await self._list(found, found[0].status, request.caller.sub, None))

    async def send(self, request: Request[SendBody]) -> Response:
        return Response(201, self._body(await self._desk.send(request.body, request.caller.sub)))

    async def shown(self, request: Request[None]) -> Response:
        identity = identity_of(request.path["message"])
        return Response(200, self._body(await self._desk.show(identity, request.caller.sub)))

    async def acknowledge(self, request: Request[AcknowledgeBody]) -> Response:
        identity, body = identity_of(request.path["message"]), request.body
        try:
            view = await self._desk.acknowledge(
                identity, request.caller.sub, body.read_back, body.text
            )
        except ReadBackWrong as error:
            refused = ReadBackRefused(
                message=error.message,
                code=error.code,
                differences=[_difference(each) for each in error.differences],
            )
            return Response(422, refused, code=error.code)
        return Response(200, self._body(view))

    async def upload(self, request: Request[bytes]) -> Response:
        media_type = request.query["type"]
        if _MEDIA_TYPE.fullmatch(media_type) is None:
            raise BadRequest("`type` is a media type, such as `image/png`.")
        blob = await self._desk.keep_file(request.body, media_type)
        view = FileView(sha256=blob.sha256.hex(), size=blob.size, media_type=blob.media_type)
        return Response(201, view)

    async def download(self, request: Request[None]) -> Response:
        identity, sha256 = identity_of(request.path["message"]), request.path["sha256"]
        data = await self._desk.file(identity, sha256, request.caller.sub)
        # Whatever a peer sent is for saving: a browser must not run or show it here.
        headers = (
            (b"content-disposition", b'attachment; filename="%s"' % sha256.encode()),
            (b"x-content-type-options", b"nosniff"),
        )
        return Response(200, data, headers, content_type=b"application/octet-stream")

    async def waiting(self, request: Request[None]) -> Response:
        document = self._context.agreement().document
        now = self._context.clock()
        rows = []
        found = await self._waiting.refresh(self._context.record.query, self._desk.rules)
        shown, left_out = pressing(found, document)
        for each in shown:
            deadline = each.deadline(document)
            late = now >= deadline
            channels = tuple(channel.id for channel in document.line.channels)
            overdue = line.Overdue(each, deadline, channels)
            rows.append(
                WaitingBody(
                    id=each.id,
                    sender=each.sender,
                    party=each.party,
                    urgency=each.urgency,
                    status=each.status,
                    deadline=format_time(deadline),
                    left_s=(deadline - now).total_seconds(),
                    superseded_by=each.superseded_by,
                    instead=Told.of(line.overdue_words(overdue, document)) if late else None,
                )
            )
        return Response(200, WaitingList(waiting=rows, left_out=left_out))

    async def alarms(self, request: Request[None]) -> Response:
        status = _status(request.query)
        found = await line.alarms(
            self._context.record.query,
            self._context.party,
            status=status,
            before=_number(request.query, "before"),
            limit=_limit(request.query),
        )
        bodies = [
            AlarmBody(
                id=each.id,
                position=each.position,
                what=each.what,
                status=each.status,
                created=each.created,
                about=each.about,
                body=each.body,
            )
            for each in found
        ]
        return Response(200, AlarmList(status=status, alarms=bodies))

    def _body(self, view: MessageView) -> MessageBody:
        document = self._context.agreement().document
        return message_body(view, document, self._context.party, self._desk.holders())

    async def _list(
        self, views: list[MessageView], status: str, officer: str, before: int | None
    ) -> MessageList:
        document, holders = self._context.agreement().document, self._desk.holders()
        bodies = [
            message_body(view, document, self._context.party, holders)
            for view in await self._desk.readable(views, officer)
        ]
        return MessageList(status=status, messages=bodies, before=before)


def _difference(found: Difference) -> DifferenceView:
    return DifferenceView(
        part=found.part,
        what=found.what,
        words=Told.of(found.words),
        distance_m=found.distance_m,
        bearing_deg=found.bearing_deg,
    )


def _status(query: Mapping[str, str]) -> str:
    status = query.get("status", "actual")
    if status not in get_args(Status):
        raise BadRequest("`status` is `actual`, `exercise` or `test`.")
    return status


def _limit(query: Mapping[str, str]) -> int:
    limit = _number(query, "limit")
    if limit is None:
        return 50
    if not 1 <= limit <= 200:
        raise BadRequest("`limit` is 1 to 200.")
    return limit


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,15}", text, re.ASCII) is None:
        raise BadRequest(f"`{name}` is a whole number.")
    return int(text)
