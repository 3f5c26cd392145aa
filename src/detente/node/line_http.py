"""The line as peers call it: /line/v1, under the path of our address in the agreement.

Every answer but a refusal means what it says about the disk: what was answered with 200 is
recorded, durably, with its receipts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from detente.http import (
    BadBody,
    Endpoint,
    Forbidden,
    NotFound,
    Overloaded,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.http.reading import decode_body
from detente.line.lanes import BATCH_BYTES_MAX
from detente.line.lanes import Lane as LineLane
from detente.line.outcomes import (
    BlobsMissing,
    EnvelopeRefused,
    OutboxPage,
    OutOfOrder,
    RunPage,
    Stored,
    StoreFailed,
)
from detente.line.wire import (
    Beat,
    BlobsAnswer,
    ChainAnswer,
    FromAnswer,
    InboxAnswer,
    InboxRequest,
    RefusedAnswer,
    Resume,
    raws,
)
from detente.record import BlobUnusable, PartyRecord

from . import line_wire as wire
from .line_access import LINE_SCOPE
from .line_quotas import BEAT_LANE, EMERGENCY_LANE, ORDINARY_LANE
from .line_requests import choice_of, limit_of, not_urgent, number_of, payload_of, sha256_of
from .line_store import LineStore
from .peers import others
from .wanted_files import ASKED_MAX, WantedFiles

URGENT_ONLY: Final = 0.5
_NO_ROOM: Final = "There is little room on the disk; only what is urgent is taken."

BeatHeard = Callable[[str, Beat], Beat]
"""Told of a peer's beat; gives ours."""

Taken = TypeVar("Taken")


class LineServer:
    """Answers peers."""

    def __init__(
        self,
        record: PartyRecord,
        *,
        beat: BeatHeard,
        resumed: Callable[[str, dict[str, int]], None],
        may_take: Callable[[], bool],
        room: Callable[[], float] = lambda: 1.0,
    ) -> None:
        """Args:
        record: ours.
        beat: see `BeatHeard`; raises ValueError at what is none.
        resumed: told what a peer that was restored holds of our channels.
        may_take: whether the node takes anything now; not while it is held.
        room: free bytes of the disk, as a share of those that are to stay free. Below 1 no files
            are taken, below a half nothing that is not urgent: the rest is for our officers.
        """
        self._record = record
        self._beat = beat
        self._resumed = resumed
        self._may_take = may_take
        self._room = room
        self._files: defaultdict[str, WantedFiles] = defaultdict(WantedFiles)

    def endpoints(self, prefix: str = "") -> list[Endpoint]:
        """Everything under `prefix`, which begins with a slash and does not end with one."""
        return [
            self._endpoint(
                *("POST", prefix + wire.INBOX, self._inbox, "postInbox"),
                "Take envelopes, and give receipts for them.",
                {200: InboxAnswer, 409: ChainAnswer, 424: BlobsAnswer, 422: RefusedAnswer},
                body=bytes,
            ),
            self._endpoint(
                *("POST", prefix + wire.EMERGENCY, self._emergency, "postEmergency"),
                "The same, for channels of urgent messages only; in a lane of its own.",
                {200: InboxAnswer, 409: ChainAnswer, 424: BlobsAnswer, 422: RefusedAnswer},
                body=bytes,
                lane=EMERGENCY_LANE,
            ),
            self._endpoint(
                *("GET", prefix + wire.FROM + "/{index}", self._from, "getFrom"),
                "What we have for the caller that it has given no receipt for.",
                {200: FromAnswer},
                query=(
                    QueryParameter(name="lane", help="ordinary or emergency.", example="ordinary"),
                    QueryParameter(name="limit", help="Envelopes at most, to 200."),
                ),
            ),
            self._endpoint(
                *("GET", prefix + wire.RUN, self._run, "getRun"),
                "One of our channels from a number on, with receipts or without.",
                {200: FromAnswer},
                query=(
                    QueryParameter(name="channel", help="Its name.", required=True),
                    QueryParameter(name="first", help="The number to begin with.", required=True),
                    QueryParameter(name="limit", help="Envelopes at most, to 200."),
                ),
            ),
            self._endpoint(
                *("GET", prefix + wire.BLOBS + "/{sha256}", self._get_blob, "getBlob"),
                "A blob that an entry addressed to the caller names.",
                {200: None, 404: None},
            ),
            self._endpoint(
                *("PUT", prefix + wire.BLOBS + "/{sha256}", self._put_blob, "putBlob"),
                "A blob that we have asked for by 424.",
                {204: None, 403: None},
                body=bytes,
            ),
            self._endpoint(
                *("POST", prefix + wire.BEAT, self._beaten, "postBeat"),
                "A sign of life, answered with ours.",
                {200: Beat},
                body=bytes,
                lane=BEAT_LANE,
            ),
            self._endpoint(
                *("GET", prefix + wire.MINE, self._mine, "getMine"),
                "What we hold of the caller's own, for a side that was restored.",
                {200: wire.Mine},
                query=(
                    QueryParameter(name="channel", help="Without it: the ends of all channels."),
                    QueryParameter(name="first", help="The number to begin with."),
                    QueryParameter(name="limit", help="Envelopes at most, to 200."),
                ),
            ),
            self._endpoint(
                *("POST", prefix + wire.RESUME, self._resume, "postResume"),
                "How far the caller, who was restored, holds our channels.",
                {204: None},
                body=bytes,
            ),
        ]

    # --- what peers ask -----------------------------------------------------------------------

    async def _inbox(self, request: Request[bytes]) -> Response:
        if self._room() < URGENT_ONLY:
            raise Overloaded(_NO_ROOM, retry_after_s=30)
        return await self._take(request, decode_body(request.body, _DELIVERY, 64))

    async def _emergency(self, request: Request[bytes]) -> Response:
        delivery = decode_body(request.body, _DELIVERY, 64)
        for number, data in enumerate(wire.plain(delivery.envelopes)):
            wrong = await asyncio.to_thread(not_urgent, data)
            if wrong is not None:
                return Response(422, _refusal("line.not_urgent", number, wrong))
        return await self._take(request, delivery)

    async def _take(self, request: Request[bytes], delivery: InboxRequest) -> Response:
        if not self._may_take():
            raise Overloaded("This node was restored and takes nothing yet.", retry_after_s=5)
        if len(delivery.envelopes) > wire.ENVELOPES_MAX:
            raise BadBody(f"More than {wire.ENVELOPES_MAX} envelopes at a time.")
        party = request.caller.sub
        store = self._store(party)
        envelopes = wire.plain(delivery.envelopes)
        payloads = [payload_of(data) for data in envelopes]
        for number, payload in enumerate(payloads):
            if payload is not None and payload.sender != party:
                text = f"It is from {payload.sender!r}; a node delivers what its own party says."
                return Response(422, _refusal("line.sender", number, text))
        known = filter(None, payloads)
        unshown = await store.unshown(known, {*delivery.withheld}, self._files[party].has_brought)
        if unshown:
            return self._wants(party, unshown)
        newest = None
        if envelopes:
            outcome = await store.take(
                envelopes, wire.plain(delivery.erasures), delivery.withheld, said=payloads
            )
            match outcome:
                case Stored():
                    newest = outcome.receipts_newest
                case OutOfOrder():
                    body = ChainAnswer(
                        code="record.chain",
                        message=f"Number {outcome.expected} is next there.",
                        channel=outcome.channel,
                        expected=outcome.expected,
                        previous=outcome.previous,
                    )
                    return Response(409, body, code=body.code)
                case BlobsMissing():
                    return self._wants(party, outcome.sha256)
                case EnvelopeRefused():
                    refusal = _refusal(outcome.code, outcome.number, outcome.message)
                    return Response(422, refusal, code=refusal.code)
                case StoreFailed():
                    raise Overloaded(f"Nothing can be recorded now: {outcome.reason}")
        sealed = await store.sealed_receipts(max(0, delivery.receipts_after), wire.RECEIPTS_MAX)
        if isinstance(sealed, StoreFailed):
            raise Overloaded(f"The record cannot be read now: {sealed.reason}")
        if newest is None:
            newest = await store.receipts_made()
        return Response(200, InboxAnswer(receipts=raws(sealed), newest=newest))

    async def _from(self, request: Request[None]) -> Response:
        store = self._store(request.caller.sub)
        begin = number_of(request.path["index"], "index")
        limit = limit_of(request)
        lane = LineLane(choice_of(request.query.get("lane", "ordinary"), ("ordinary", "emergency")))
        page = await store.outbox(lane, begin - 1, limit, BATCH_BYTES_MAX)
        if isinstance(page, StoreFailed):
            raise Overloaded(f"The record cannot be read now: {page.reason}")
        envelopes = [item.envelope for item in page.items]
        absent = await asyncio.to_thread(store.absent, envelopes)
        return Response(
            200,
            FromAnswer(
                envelopes=raws(envelopes),
                erasures=[],
                withheld=list(absent),
                next=_next(page),
                receipts_held=page.receipts_held,
            ),
        )

    async def _run(self, request: Request[None]) -> Response:
        store = self._store(request.caller.sub)
        channel = request.query["channel"]
        first = number_of(request.query["first"], "first")
        if not await store.is_for_peer(channel):
            raise NotFound("There is no such channel for this party.")
        run = await store.run(channel, first, limit_of(request), BATCH_BYTES_MAX)
        if isinstance(run, StoreFailed):
            raise Overloaded(f"The record cannot be read now: {run.reason}")
        envelopes = [item.envelope for item in run.items]
        absent = await asyncio.to_thread(store.absent, envelopes)
        return Response(
            200,
            FromAnswer(
                envelopes=raws(envelopes),
                erasures=raws(run.erasures),
                withheld=list(absent),
                next=_after_run(run),
                receipts_held=run.receipts_held,
            ),
        )

    async def _get_blob(self, request: Request[None]) -> Response:
        sha256 = sha256_of(request)
        if not await self._store(request.caller.sub).may_have(sha256):
            raise NotFound("There is no such blob for this party.")
        try:
            data = await asyncio.to_thread(self._record.blobs.read, sha256)
        except BlobUnusable:
            raise NotFound("The blob is not here.") from None
        return Response(200, data, content_type=b"application/octet-stream")

    async def _put_blob(self, request: Request[bytes]) -> Response:
        sha256 = sha256_of(request)
        if self._room() < 1.0:
            raise Overloaded(_NO_ROOM, retry_after_s=30)
        files = self._files[request.caller.sub]
        if not files.is_asked(sha256):
            raise Forbidden("This blob was not asked for.")
        if hashlib.sha256(request.body).hexdigest() != sha256:
            raise BadBody("The bytes have another hash.")
        try:
            await asyncio.to_thread(self._record.blobs.put, request.body)
        except (BlobUnusable, OSError) as error:
            raise Overloaded(f"It cannot be stored now: {error}") from None
        files.bring(sha256)
        return Response(204)

    async def _beaten(self, request: Request[bytes]) -> Response:
        beat = decode_body(request.body, _BEAT, 8)
        try:
            return Response(200, self._beat(request.caller.sub, beat))
        except ValueError as error:
            raise BadBody(f"The beat has not the form of one: {error}.") from None

    async def _mine(self, request: Request[None]) -> Response:
        store = self._store(request.caller.sub)
        channel = request.query.get("channel")
        if channel is None:
            return Response(200, wire.Mine(ends=await store.ends_of_peer()))
        first = number_of(request.query.get("first", "1"), "first")
        sealed = await store.of_peer(channel, first, limit_of(request), BATCH_BYTES_MAX)
        return Response(200, wire.Mine(envelopes=raws(sealed)))

    async def _resume(self, request: Request[bytes]) -> Response:
        resume = decode_body(request.body, _RESUME, 8)
        store = self._store(request.caller.sub)
        ends = {
            channel: newest
            for channel, newest in resume.ends.items()
            if await store.is_for_peer(channel)
        }
        self._resumed(request.caller.sub, ends)
        return Response(204)

    # --- inside ------------------------------------------------------------------------------

    def _store(self, party: str) -> LineStore:
        if party not in others(self._record):
            raise Forbidden("The caller is no party of the agreement any more.")
        return LineStore(self._record, party)

    def _wants(self, party: str, missing: Sequence[str]) -> Response:
        asked = list(missing[:ASKED_MAX])
        self._files[party].ask(asked)
        body = BlobsAnswer(
            code="record.blob", message="These blobs are wanted first.", missing=asked
        )
        return Response(424, body, code=body.code)

    def _endpoint(
        self,
        method: str,
        path: str,
        handler: Callable[[Request[Any]], Awaitable[Response]],
        name: str,
        summary: str,
        responses: dict[int, type[msgspec.Struct] | None],
        *,
        body: type[bytes] | None = None,
        query: tuple[QueryParameter, ...] = (),
        lane: str = ORDINARY_LANE,
    ) -> Endpoint:
        return Endpoint(
            method=method,
            path=path,
            handler=handler,
            operation_id=name,
            summary=summary,
            responses=responses,
            scopes=any_of(LINE_SCOPE),
            body=body,
            query=query,
            tags=("line",),
            lane=lane,
            digest=body is not None,
        )


_DELIVERY: Final = msgspec.json.Decoder(InboxRequest).decode
_BEAT: Final = msgspec.json.Decoder(Beat).decode
_RESUME: Final = msgspec.json.Decoder(Resume).decode


def _next(page: OutboxPage) -> int | None:
    """Where the next page begins, if there may be one: a page can end for its size as well."""
    if not page.items or page.items[-1].index >= page.through:
        return None
    return page.items[-1].index + 1


def _after_run(run: RunPage) -> int | None:
    if not run.items or run.items[-1].seq >= run.newest:
        return None
    return run.items[-1].seq + 1


def _refusal(code: str, number: int, message: str) -> RefusedAnswer:
    return RefusedAnswer(code=code, message=message[:2000], number=number)
