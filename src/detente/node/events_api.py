"""What happens, as a stream of server-sent events: `GET /api/v1/events`.

Each event of the record has its index as its id; a browser that was cut off names the last one by
itself (`Last-Event-ID`) and misses nothing. What an officer may see is asked for each event when it
is told, not when the stream began: who loses a role, or a room, sees nothing more of it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from detente.http import (
    BadRequest,
    Caller,
    Endpoint,
    HeaderParameter,
    QueryParameter,
    Request,
    any_of,
    sse_event,
)
from detente.http.streams import Stream

from .feed import Event, Feed

_INDEX: Final = re.compile(r"[0-9]{1,15}")

ScopesNow = Callable[[Caller], frozenset[str]]
"""What a caller may do now; empty when its session has ended."""

MayHear = Callable[[str, str, frozenset[str]], Awaitable[bool]]
"""Whether an officer (account id) with certain scopes may know what is said in a room."""

_BY_KIND: Final = {
    "security": ("officers.read",),
    "approval-request": ("approvals.read",),
    "approval": ("approvals.read",),
    "watch": ("peers.read", "line.read"),
    "outage": ("peers.read", "line.read"),
    "node": ("node.read", "line.read"),
    "message": ("line.read",),
    "shown": ("line.read",),
    "read-back": ("line.read",),
    "read-back-refused": ("line.read",),
    "acknowledgement": ("line.read",),
    "escalation": ("line.read",),
    "alarm": ("line.read",),
    "receipt": ("line.read", "record.read"),
    "room-open": ("room.read",),
    "room-members": ("room.read",),
    "room-leave": ("room.read",),
    "room-close": ("room.read",),
    "conference": ("conference.read",),
    "attendance": ("conference.read",),
    "proposal": ("conference.read",),
    "proposal-fate": ("conference.read",),
    "minutes": ("conference.read",),
    "minutes-signature": ("conference.read",),
    "dissent": ("conference.read",),
    "conference-close": ("conference.read",),
    "agreement": ("agreement.read",),
    "suspension": ("agreement.read",),
    "resumption": ("agreement.read",),
    "withdrawal": ("agreement.read",),
    "key-rotation": ("keys.read",),
    "key-revocation": ("keys.read",),
    "publication": ("public.read",),
    "plan": ("plan.read",),
    "plan-notice": ("plan.read",),
    "operational-intent": ("plan.read",),
    "operational-intent-pending": ("plan.read",),
    "planning-attempt": ("plan.read",),
    "operator-notice": ("plan.read",),
    "operator-input": ("plan.read",),
    "positions": ("plan.read",),
    "constraint": ("plan.read",),
    "watch-alert": ("watch.read",),
    "watch-announcement": ("watch.read",),
    "watch-alert-seen": ("watch.read",),
    "track-segment": ("watch.read",),
    "track-loss": ("watch.read",),
    "track-segment-deleted": ("watch.read",),
    "track-hold": ("watch.read",),
    "track-release": ("watch.read",),
}
_OTHERS: Final = ("record.read",)


def permissions_for(kind: str) -> tuple[str, ...]:
    """Any of these permissions is enough to learn that there is an entry of a kind."""
    return _BY_KIND.get(kind, _OTHERS)


def events_endpoints(feed: Feed, scopes_now: ScopesNow, may_hear: MayHear) -> list[Endpoint]:
    """The endpoint; see the module."""

    async def events(request: Request[None]) -> Stream:
        text = request.headers.get("last-event-id") or request.query.get("after")
        if text is not None and not _INDEX.fullmatch(text):
            raise BadRequest("The last event's id is not a number.", where="Last-Event-ID")
        after = None if text is None else int(text)
        return Stream(200, _chunks(feed, after, request.caller, scopes_now, may_hear))

    return [
        Endpoint(
            method="GET",
            path="/api/v1/events",
            handler=events,
            operation_id="getEvents",
            summary="What happens, as it happens.",
            description="Events `entry` (one for each entry of the record that the caller may "
            "see; `id` is its index), `link` and `node` (states: how they are now, then every "
            "change). They say that something was recorded, by whom and of what kind; its "
            "content is fetched where it belongs.",
            responses={200: None},
            headers=(
                HeaderParameter(
                    name="Last-Event-ID", help="The last event that was seen; those after it."
                ),
            ),
            query=(QueryParameter(name="after", help="The same, where no header can be set."),),
            scopes=any_of("line.read", "record.read", "node.read"),
            stream="text/event-stream",
            tags=("events",),
        )
    ]


async def _chunks(
    feed: Feed, after: int | None, caller: Caller, scopes_now: ScopesNow, may_hear: MayHear
) -> AsyncIterator[bytes]:
    start = feed.end - 1 if after is None else after
    # The place to go on from is told at once: a listener that is cut off before the first event
    # would otherwise not know what it has missed.
    yield sse_event("{}", event="begin", id=str(max(start, 0)) if start >= 0 else None)
    listening = feed.listen(after)
    try:
        async for event in listening:
            scopes = scopes_now(caller)
            if not scopes:
                return
            if await _may_see(event, caller, scopes, may_hear):
                number = None if event.index is None else str(event.index)
                yield sse_event(event.data, event=event.name, id=number)
    finally:
        await listening.aclose()


async def _may_see(event: Event, caller: Caller, scopes: frozenset[str], may_hear: MayHear) -> bool:
    if scopes.isdisjoint(permissions_for(event.kind)):
        return False
    return event.room is None or await may_hear(event.room, caller.sub, scopes)
