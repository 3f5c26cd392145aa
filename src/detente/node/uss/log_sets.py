"""Log sets: what this party's USS did about one intent, or in a span of time, for investigators.

They hold what others have sent us, and what our operators were told and said. So one is made by who
may hand evidence out, with a second person's approval, and fetched by who asked for it, or by the
one USS that it was made for. That it was made stands in the record.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

import msgspec

from detente.f3548 import InvalidMember, entity_id
from detente.f3548 import uss_types as uss
from detente.http import BadRequest, Endpoint, Forbidden, NotFound, Request, Response, any_of
from detente.node.approvals import Approvals
from detente.node.context import NodeContext
from detente.node.moments import in_utc
from detente.planning import LogSetMaker
from detente.record import JsonValue, Payload, format_time

from .recorder import Recorder

KEPT_MAX: Final = 20
"""Log sets at hand; those made first go first. Any can be made again."""
KEPT_BYTES_MAX: Final = 128 << 20
"""Bytes of them together, in memory; likewise. The newest is always kept."""
BYTES_MAX: Final = 32 << 20
"""Bytes of one: whoever needs more makes several, of shorter spans of time."""
ENTRIES_MAX: Final = 200_000
_READ_AT_ONCE: Final = 200
_EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class LogSetBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted, and why. What a second person approves (`log-set`) is all but `approval`.

    Attributes:
        purpose: stands in the record.
        intent: only what concerns this operational intent or constraint; everything if empty.
        since, until: at or after, and before (RFC 3339); of exchanges, when they began.
        to: the one USS (`sub`) that may fetch it at our listener for other USSs; none if empty.
        approval: id of the approved request for exactly this.
    """

    purpose: str
    intent: str = ""
    since: datetime | None = None
    until: datetime | None = None
    to: str = ""
    approval: str = ""

    def action(self) -> dict[str, JsonValue]:
        """What a second person approves."""
        plain: dict[str, JsonValue] = msgspec.to_builtins(self)
        del plain["approval"]
        return plain


class LogSetView(msgspec.Struct, frozen=True):
    """A log set that was made.

    Attributes:
        id: of the log set, for `GET /uss/v1/log_sets/{id}`.
        entries: how many entries it was made of.
        to: the one USS that may fetch it; "" for none.
    """

    id: str
    entries: int
    to: str


@dataclass(frozen=True, slots=True)
class _Made:
    by: str
    to: str
    body: bytes


class LogSets:
    """Makes log sets and hands them out.

    Args:
        context: of the node.
        recorder: what waits there is written first.
        approvals: the second person.
    """

    def __init__(self, context: NodeContext, recorder: Recorder, approvals: Approvals) -> None:
        self._context = context
        self._recorder = recorder
        self._approvals = approvals
        self._made: OrderedDict[str, _Made] = OrderedDict()

    def endpoints(self) -> list[Endpoint]:
        """Endpoints of the officers' listener."""
        return [
            Endpoint(
                method="POST",
                path="/api/v1/log-sets",
                handler=self._make,
                operation_id="makeLogSet",
                summary="Make a log set (F3548-21) of an intent or a span of time.",
                description="Needs a second person's approval of kind `log-set`, whose action is "
                "this body without `approval`.",
                scopes=any_of("record.export step-up"),
                responses={201: LogSetView, 403: None, 404: None, 409: None, 503: None},
                body=LogSetBody,
                tags=("uss",),
            ),
            Endpoint(
                method="GET",
                path="/uss/v1/log_sets/{id}",
                handler=self._fetch,
                operation_id="fetchLogSet",
                summary="A log set that was made, for who asked for it.",
                scopes=any_of("record.export"),
                responses={200: uss.USSLogSet, 403: None, 404: None},
                path_help={"id": "of the log set"},
                tags=("uss",),
            ),
        ]

    async def for_manager(self, identity: str, manager: str) -> bytes | None:
        """A log set that was made for another USS; None for any other."""
        made = self._made.get(identity)
        return made.body if made is not None and manager and made.to == manager else None

    async def of(
        self, intent: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> tuple[uss.USSLogSet, int]:
        """A log set, and of how many entries it was made.

        Raises:
            BadRequest: it would be of too many entries, or too long.
            LogUnavailable: what waits cannot be written, or nothing can be read.
        """
        await self._recorder.flush()
        positions = await self._positions(intent, since, until)
        if len(positions) > ENTRIES_MAX:
            raise _too_much(f"{len(positions)} entries are more than {ENTRIES_MAX}.")
        record = self._context.record
        maker, count = LogSetMaker(record.blobs.read), 0
        for at in range(0, len(positions), _READ_AT_ONCE):
            entries = [await record.entry(each) for each in positions[at : at + _READ_AT_ONCE]]
            payloads = [each.payload for each in entries if each.payload is not None]
            count += len(payloads)
            if not await asyncio.to_thread(_add, maker, payloads):
                raise _too_much(f"It would be longer than {BYTES_MAX >> 20} MiB.")
        return maker.made(), count

    async def _positions(
        self, intent: str, since: datetime | None, until: datetime | None
    ) -> Sequence[int]:
        first = "" if since is None else format_time(since)
        last = format_time(until or _EVER)
        found: set[int] = set()
        for table, named, at in _TABLES:
            condition, values = f"{at} >= ? AND {at} < ?", [first, last]
            if intent:
                condition += f" AND {named} = ?"
                values.append(intent)
            source = f"plans_{table} AS t"
            if table == "exchanges" and intent:
                source += " JOIN plans_about AS a ON a.position = t.position"
            rows = await self._context.record.query(
                f"SELECT t.position FROM {source} WHERE {condition}",  # noqa: S608 - our own words
                tuple(values),
            )
            found.update(cast(int, row[0]) for row in rows)
        return sorted(found)

    async def _make(self, request: Request[LogSetBody]) -> Response:
        body, caller = request.body, request.caller
        for name, moment in (("since", body.since), ("until", body.until)):
            if moment is not None:
                in_utc(moment, name)
        intent = _entity(body.intent)
        if not intent and body.since is None:
            raise BadRequest("Name an intent, or since when.", where="since")
        approval = await self._approvals.consume(caller, body.approval, "log-set", body.action())
        made, count = await self.of(intent, body.since, body.until)
        identity = secrets.token_urlsafe(18)
        encoded = await asyncio.to_thread(msgspec.json.encode, made)
        await self._context.note_security(
            "log-set",
            caller.sub,
            second=approval.decider,
            purpose=body.purpose,
            intent=intent,
            since="" if body.since is None else format_time(body.since),
            until="" if body.until is None else format_time(body.until),
            to=body.to,
            entries=count,
        )
        self._made[identity] = _Made(caller.sub, body.to, encoded)
        while len(self._made) > KEPT_MAX or (
            len(self._made) > 1
            and sum(len(each.body) for each in self._made.values()) > KEPT_BYTES_MAX
        ):
            self._made.popitem(last=False)
        return Response(201, LogSetView(identity, count, body.to))

    async def _fetch(self, request: Request[None]) -> Response:
        made = self._made.get(request.path["id"])
        if made is None:
            raise NotFound("There is no such log set.", advice="Make it again.")
        if made.by != request.caller.sub:
            raise Forbidden("Somebody else has made this log set.")
        return Response(200, made.body)


_TABLES: Final = (
    ("intents", "t.intent", "t.created"),
    ("attempts", "t.intent", "t.ended"),
    ("exchanges", "a.entity", "t.requested"),
    ("told", "t.intent", "t.at"),
    ("positions", "t.intent", "t.last"),
    ("constraints", "t.entity", "t.created"),
)
"""Tables of the read model, with what names the entity and the time."""


def _add(maker: LogSetMaker, payloads: Sequence[Payload]) -> bool:
    """Add entries as long as it does not become too long; whether it has not."""
    for payload in payloads:
        maker.add(payload)
        if maker.size > BYTES_MAX:
            return False
    return True


def _too_much(message: str) -> BadRequest:
    return BadRequest(message, where="since", advice="Choose a shorter span of time.")


def _entity(text: str) -> str:
    if not text:
        return ""
    try:
        return entity_id(text, "intent")
    except InvalidMember as error:
        raise BadRequest(error.message, where=error.where) from None
