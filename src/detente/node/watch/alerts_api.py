"""The officers' interface to alerts: `/api/v1/watch/alerts`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from detente.http import BadRequest, Endpoint, NotFound, QueryParameter, Request, Response, any_of
from detente.node.context import NodeContext
from detente.node.operations import Operations
from detente.record import Payload, SqlValue, uuid7
from detente.watch import About

from .alert_entries import alert_told, seen_draft
from .alert_views import (
    AlertHistory,
    AlertViews,
    AnnouncementView,
    SeenBody,
    SeenView,
    view_of_alert,
    view_of_stage,
)
from .query_numbers import whole

PATH: Final = "/api/v1/watch/alerts"
PAGE: Final = 50
PAGE_MAX: Final = 500
_READ: Final = any_of("watch.read")
_NOTE: Final = any_of("watch.note")
_ID: Final = re.compile(r"[0-9a-f]{64}")
_NEWEST: Final = "a.position = (SELECT MAX(b.position) FROM watch_alerts b WHERE b.alert = a.alert)"


class NoSuchAlert(NotFound):
    """There is no such alert."""

    code: ClassVar[str] = "watch.alert"

    def __init__(self, identity: str) -> None:
        super().__init__("There is no such alert.", where=identity[:80])


@dataclass(frozen=True, slots=True)
class AlertsApi:
    """The handlers; everything is read from the record."""

    context: NodeContext

    async def every(self, request: Request[None]) -> Response:
        """GET /watch/alerts."""
        query = request.query
        limit = whole(query.get("limit"), "limit", PAGE, PAGE_MAX)
        before = whole(query.get("before"), "before", 1 << 62, 1 << 62)
        where, values = [_NEWEST, "a.position < ?"], [before]
        given: list[SqlValue] = list(values)
        if query.get("open") in ("1", "true", "yes"):
            where.append("a.stage <> 'over'")
        for name in ("about", "aircraft", "boundary", "grade"):
            if name in query:
                where.append(f"a.{name} = ?")
                given.append(query[name])
        if "about" in query and query["about"] not in set(About):
            raise BadRequest(f"Choose one of {', '.join(About)}.", where="about")
        sql = (
            f"SELECT a.id, a.position FROM watch_alerts a WHERE {' AND '.join(where)} "  # noqa: S608
            "ORDER BY a.position DESC LIMIT ?"
        )
        rows = await self.context.record.query(sql, [*given, limit])
        found = []
        for identity, _ in rows:
            payload = await self._payload(str(identity))
            if payload is not None:
                found.append(view_of_alert(alert_told(payload), str(identity)))
        last = rows[-1][1] if len(rows) == limit else None
        return Response(
            200, AlertViews(alerts=found, before=None if last is None else int(str(last)))
        )

    async def one(self, request: Request[None]) -> Response:
        """GET /watch/alerts/{id}."""
        return Response(200, await self._history(_identity(request)))

    async def seen(self, request: Request[SeenBody]) -> Response:
        """POST /watch/alerts/{id}/seen."""
        identity, officer = _identity(request), request.caller.sub
        payloads = await self._stages(identity)
        signer = self.context.officer_signer(officer)
        now = self.context.clock()
        fresh = uuid7(int(now.timestamp() * 1000), self.context.random(10))
        draft = seen_draft(payloads[-1], officer, request.body.note, identity=fresh)
        await self.context.record.append([(draft, signer)])
        return Response(200, await self._history(identity))

    async def _history(self, identity: str) -> AlertHistory:
        payloads = await self._stages(identity)
        query = self.context.record.query
        told, seen = [], []
        announced = "SELECT id FROM watch_announcements WHERE alert = ? ORDER BY position"
        for (entry,) in await query(announced, [identity]):
            payload = await self._payload(str(entry))
            if payload is not None:
                told.append(_announcement(payload))
        noted = "SELECT officer, note, created FROM watch_seen WHERE alert = ? ORDER BY position"
        for officer, note, created in await query(noted, [identity]):
            seen.append(SeenView(officer=str(officer), note=str(note), at=str(created)))
        return AlertHistory(
            alert=view_of_alert(alert_told(payloads[-1]), str(payloads[-1].id)),
            stages=[view_of_stage(alert_told(each), str(each.id)) for each in payloads],
            announcements=told,
            seen=seen,
        )

    async def _stages(self, identity: str) -> Sequence[Payload]:
        sql = "SELECT id FROM watch_alerts WHERE alert = ? ORDER BY position"
        rows = await self.context.record.query(sql, [identity])
        found = [await self._payload(str(row[0])) for row in rows]
        stages = [each for each in found if each is not None]
        if not stages:
            raise NoSuchAlert(identity)
        return stages

    async def _payload(self, identity: str) -> Payload | None:
        entry = await self.context.record.by_id(identity)
        return None if entry is None else entry.payload


def _announcement(payload: Payload) -> AnnouncementView:
    text = {name: str(payload.body.get(name) or "") for name in ("party", "stage", "why")}
    return AnnouncementView(**text, message=str(payload.body.get("message") or "") or None)


def _identity(request: Request[Any]) -> str:
    identity = request.path["id"]
    if not _ID.fullmatch(identity):
        raise NoSuchAlert(identity)
    return identity


def alerts_endpoints(api: AlertsApi) -> list[Endpoint]:
    """Endpoints under /api/v1/watch/alerts."""
    operation = Operations("watch", {"id": "Id of the alert: that of the event it began with."})
    history: dict[int, Any] = {200: AlertHistory, 404: None}
    return [
        operation(
            "GET",
            PATH,
            api.every,
            "listAlerts",
            "Alerts, newest first, each in its newest stage.",
            _READ,
            {200: AlertViews, 400: None},
            query=(
                QueryParameter(name="open", help="1: only those that are not over."),
                QueryParameter(name="about", help=f"one of {', '.join(About)}"),
                QueryParameter(name="aircraft", help="Identity of an aircraft."),
                QueryParameter(name="boundary", help="Id of a boundary."),
                QueryParameter(name="grade", help="shown, refuted or cannot-be-told"),
                QueryParameter(name="before", help="As the last answer said: the next ones."),
                QueryParameter(name="limit", help=f"At most so many; {PAGE} by default."),
            ),
        ),
        operation(
            "GET",
            f"{PATH}/{{id}}",
            api.one,
            "showAlert",
            "An alert: all stages with what decided them, what the other side was told, and who "
            "took note.",
            _READ,
            history,
        ),
        operation(
            "POST",
            f"{PATH}/{{id}}/seen",
            api.seen,
            "noteAlert",
            "State, signed by the officer's key, that one has taken note of an alert.",
            _NOTE,
            history,
            body=SeenBody,
        ),
    ]
