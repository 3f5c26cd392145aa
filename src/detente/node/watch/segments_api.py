"""The officers' interface to raw tracks: `/api/v1/watch/segments` and `/api/v1/watch/holds`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from detente.http import BadRequest, Endpoint, NotFound, QueryParameter, Request, Response, any_of
from detente.node.approvals import Approvals
from detente.node.keys_api import Stated, stated
from detente.node.moments import moment_of
from detente.node.operations import Operations
from detente.record import JsonValue, PartyRecord, Payload, SqlValue, format_time, parse_time

from .query_numbers import whole
from .retention import Hold, Retention

SEGMENTS: Final = "/api/v1/watch/segments"
HOLDS: Final = "/api/v1/watch/holds"
PAGE: Final = 50
PAGE_MAX: Final = 500
_KIND: Final = "tracks"
_READ: Final = any_of("watch.read")
_HOLD: Final = any_of("watch.hold step-up")

Ground = Annotated[str, Meta(min_length=1, max_length=1000)]


class NoSuchHold(NotFound):
    """There is no such hold in force."""

    code: ClassVar[str] = "watch.hold"


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A segment of raw tracks.

    Attributes:
        id: of its entry, of which the file is a part.
        index: of that entry in the record.
        sha256: of the file.
        bytes: of it.
        rows, aircraft: reports in it, and of how many aircraft.
        first, last: when its first and last report were received.
        feeds: names of their feeds.
        shed: reports of that time that could not be kept.
        recovered: whether the node ended before it was sealed: its last seconds are missing.
        unreadable: parts of it that were damaged, and are missing.
        held: by holds in force of this time, whatever aircraft they are about.
    """

    id: str
    index: int
    sha256: str
    bytes: int
    rows: int
    aircraft: int
    first: str
    last: str
    feeds: list[str]
    shed: int
    recovered: bool
    unreadable: int
    held: list[str]


class SegmentViews(msgspec.Struct, frozen=True, kw_only=True):
    """Segments, newest first.

    Attributes:
        segments: see there.
        before: for the next ones; none if there are no more.
    """

    segments: list[SegmentView]
    before: int | None


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold in force; see `HoldBody`."""

    id: str
    since: str
    until: str
    aircraft: str
    ground: str
    officer: str


class HoldViews(msgspec.Struct, frozen=True, kw_only=True):
    """Holds in force, oldest first."""

    holds: list[HoldView]


class HoldBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `tracks` is `{"do": "hold", …}` with all of this but the approval.

    Attributes:
        since, until: when reports were received (RFC 3339).
        ground: why; stands in the record.
        aircraft: only segments in which it is; "" for all.
    """

    since: str
    until: str
    ground: Ground
    aircraft: Annotated[str, Meta(max_length=200)] = ""
    approval: str = ""


class ReleaseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `tracks` is `{"do": "release", "hold": …, "ground": …}`.

    Attributes:
        ground: why; stands in the record.
    """

    ground: Ground
    approval: str = ""


@dataclass(frozen=True, slots=True)
class SegmentsApi:
    """The handlers."""

    record: PartyRecord
    retention: Retention
    approvals: Approvals

    async def every(self, request: Request[None]) -> Response:
        """GET /watch/segments."""
        query = request.query
        limit = whole(query.get("limit"), "limit", PAGE, PAGE_MAX)
        values: list[SqlValue] = [whole(query.get("before"), "before", 1 << 62, 1 << 62)]
        where = ["position < ?"]
        for name, rule in (("since", "last >= ?"), ("until", "first <= ?")):
            if name in query:
                where.append(rule)
                values.append(format_time(moment_of(query[name], name)))
        sql = (
            f"SELECT id, position FROM tracks_segments WHERE {' AND '.join(where)} "  # noqa: S608
            "ORDER BY position DESC LIMIT ?"
        )
        rows = await self.record.query(sql, [*values, limit])
        holds = await self.retention.holds()
        found = []
        for identity, index in rows:
            entry = await self.record.by_id(str(identity))
            if entry is not None and entry.payload is not None:
                found.append(_view(entry.payload, int(str(index)), holds))
        before = int(str(rows[-1][1])) if len(rows) == limit else None
        return Response(200, SegmentViews(segments=found, before=before))

    async def holds(self, _: Request[None]) -> Response:
        """GET /watch/holds."""
        return Response(200, HoldViews(holds=[_hold(e) for e in await self.retention.holds()]))

    async def hold(self, request: Request[HoldBody]) -> Response:
        """POST /watch/holds."""
        body, caller = request.body, request.caller
        since, until = moment_of(body.since, "since"), moment_of(body.until, "until")
        if since > until:
            raise BadRequest("It ends before it begins.", where="until")
        action: dict[str, JsonValue] = {
            "do": "hold",
            "since": body.since,
            "until": body.until,
            "aircraft": body.aircraft,
            "ground": body.ground,
        }
        approval = await self.approvals.consume(caller, body.approval, _KIND, action)
        by = (caller.sub, approval.decider)
        entry = await self.retention.hold(since, until, body.aircraft, body.ground, by)
        return Response(201, stated(entry))

    async def release(self, request: Request[ReleaseBody]) -> Response:
        """POST /watch/holds/{id}/release."""
        body, caller, hold = request.body, request.caller, request.path["id"]
        if all(each.id != hold for each in await self.retention.holds()):
            raise NoSuchHold("There is no such hold in force.", where=hold[:80])
        action: dict[str, JsonValue] = {"do": "release", "hold": hold, "ground": body.ground}
        approval = await self.approvals.consume(caller, body.approval, _KIND, action)
        by = (caller.sub, approval.decider)
        return Response(201, stated(await self.retention.release(hold, body.ground, by)))


def _view(payload: Payload, index: int, holds: Sequence[Hold]) -> SegmentView:
    (blob,) = payload.blobs
    facts = msgspec.convert(
        dict(payload.body)
        | {"id": str(payload.id), "index": index, "bytes": blob.size, "held": []},
        SegmentView,
    )
    first, last = parse_time(facts.first), parse_time(facts.last)
    held = [each.id for each in holds if each.meets(first, last)]
    return msgspec.structs.replace(facts, held=held)


def _hold(hold: Hold) -> HoldView:
    return HoldView(
        id=hold.id,
        since=format_time(hold.since),
        until=format_time(hold.until),
        aircraft=hold.aircraft,
        ground=hold.ground,
        officer=hold.officer,
    )


def segments_endpoints(api: SegmentsApi) -> list[Endpoint]:
    """Endpoints under /api/v1/watch/segments and /api/v1/watch/holds."""
    operation = Operations("watch", {"id": "Id of the hold."})
    refusals: dict[int, Any] = {400: None, 403: None, 404: None, 409: None, 503: None}
    return [
        operation(
            "GET",
            SEGMENTS,
            api.every,
            "listTrackSegments",
            "Segments of raw tracks that are kept, newest first.",
            _READ,
            {200: SegmentViews, 400: None},
            query=(
                QueryParameter(name="since", help="Received at this time or later (RFC 3339)."),
                QueryParameter(name="until", help="Received at this time or earlier."),
                QueryParameter(name="before", help="As the last answer said: the next ones."),
                QueryParameter(name="limit", help=f"At most so many; {PAGE} by default."),
            ),
            description="The file of each belongs to its entry: an export gives it out with proof "
            "that it is what was received.",
        ),
        operation(
            "GET",
            HOLDS,
            api.holds,
            "listTrackHolds",
            "What is kept beyond its time, and why.",
            _READ,
            {200: HoldViews},
        ),
        operation(
            "POST",
            HOLDS,
            api.hold,
            "holdTracks",
            "Keep raw tracks of a time until this is released (with a second person's approval).",
            _HOLD,
            {201: Stated, **refusals},
            body=HoldBody,
        ),
        operation(
            "POST",
            f"{HOLDS}/{{id}}/release",
            api.release,
            "releaseTracks",
            "Let go of raw tracks that were held (with a second person's approval).",
            _HOLD,
            {201: Stated, **refusals},
            body=ReleaseBody,
        ),
    ]
