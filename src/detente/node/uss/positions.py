"""The interface by which positions of aircraft come in, and how flights keep to their volumes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final, cast

from msgspec import Meta, Struct

from detente.f3548 import InvalidMember, entity_id, time_us
from detente.f3548 import uss_types as uss
from detente.http import BadRequest, Endpoint, NotFound, QueryParameter, Request, Response, any_of
from detente.node.context import NodeContext
from detente.node.operations import Operations
from detente.planning import Book, Flown, Judged, at_text, entries
from detente.planning import conformance as rules_of

from .conformance_watch import ConformanceWatch

BATCH_MAX: Final = 1000
SHOWN_MAX: Final = 1000
_AHEAD_S: Final = 5.0
"""By how much a position may lie in our future: clocks differ (TimeSyncMaxDifferential)."""
_operation: Final = Operations("plans", {"id": "Id of the plan: of its operational intent."})


class PositionsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Positions of the aircraft of one plan; in any order."""

    positions: Annotated[list[uss.VehicleTelemetry], Meta(min_length=1, max_length=BATCH_MAX)]


class PositionView(Struct, frozen=True):
    """A position, when it came, and whether it lay inside of the plan's volumes."""

    received: str
    inside: bool | None
    telemetry: uss.VehicleTelemetry


class PositionsView(Struct, frozen=True, kw_only=True):
    """Positions, oldest first, and how the flight keeps to its volumes.

    Attributes:
        state: of the plan, when this was answered.
        flown_s, outside_s, excursions: counted from these positions alone.
    """

    state: str
    positions: list[PositionView]
    flown_s: float
    outside_s: float
    excursions: int


class ConformanceView(Struct, frozen=True, kw_only=True):
    """How well this party's flights keep to their volumes.

    Attributes:
        days: over how many.
        hours: flown.
        conformance: share of the time inside.
        excursions_per_hour: how often an aircraft left its volumes.
        long_excursions: of more than 10 s.
        counts: whether enough was flown to judge (10 h).
        good: whether F3548-21's limits are kept (95 %, 18 an hour, none of more than 10 s).
    """

    days: int
    hours: float
    conformance: float
    excursions_per_hour: float
    long_excursions: int
    counts: bool
    good: bool


def positions_endpoints(
    context: NodeContext, book: Book, watch: ConformanceWatch
) -> list[Endpoint]:
    """Endpoints under /api/v1/plans/{id}/positions and /api/v1/conformance."""
    api = _Positions(context, book, watch)
    return [
        _operation(
            "POST",
            "/api/v1/plans/{id}/positions",
            api.hear,
            "tellPositions",
            "Tell where the aircraft of a plan is.",
            any_of("plan.file"),
            {200: PositionsView, 400: None, 404: None, 503: None},
            body=PositionsBody,
            description="An activated flight that is outside of its volumes is declared "
            "Nonconforming at once, Contingent after a minute, and conforming again when it is "
            "back.",
        ),
        _operation(
            "GET",
            "/api/v1/plans/{id}/positions",
            api.show,
            "getPositions",
            "Where the aircraft of a plan was.",
            any_of("plan.read"),
            {200: PositionsView, 400: None, 404: None, 503: None},
            query=(QueryParameter(name="limit", help=f"The newest so many, to {SHOWN_MAX}."),),
        ),
        _operation(
            "GET",
            "/api/v1/conformance",
            api.aggregate,
            "getConformance",
            "How well the party's flights keep to their volumes.",
            any_of("plan.read"),
            {200: ConformanceView, 503: None},
        ),
    ]


class _Positions:
    def __init__(self, context: NodeContext, book: Book, watch: ConformanceWatch) -> None:
        self._context = context
        self._book = book
        self._watch = watch

    async def hear(self, request: Request[PositionsBody]) -> Response:
        identity = _identity(request)
        intent = self._book.intents.get(identity)
        if intent is None:
            raise NotFound(f"There is no plan {identity}, or it has ended.")
        latest_us = request.received_us + int(_AHEAD_S * 1e6)
        for at, each in enumerate(request.body.positions):
            where = f"positions[{at}]"
            _check(each, where)
            if _measured(each, f"{where}.time_measured.value") > latest_us:
                raise BadRequest("It was measured in our future.", where=f"{where}.time_measured")
        judged, flown = await self._watch.heard(intent, request.body.positions)
        now = self._book.intents.get(identity)
        state = intent.state if now is None else now.state
        return Response(200, _view(state.value, judged, flown))

    async def show(self, request: Request[None]) -> Response:
        identity = _identity(request)
        intent = self._book.intents.get(identity) or self._book.ended.get(identity)
        limit = _limit(request.query.get("limit"))
        record = self._context.record
        rows = await record.query(
            "SELECT position FROM plans_positions WHERE intent = ? ORDER BY position DESC LIMIT ?",
            (identity, limit),
        )
        if intent is None and not rows:
            raise NotFound(f"There is no plan {identity}.")
        judged: list[Judged] = []
        total = Flown()
        for row in rows:
            payload = (await record.entry(cast(int, row[0]))).payload
            if payload is None or len(judged) >= limit:
                continue
            _, some, flown = await asyncio.to_thread(
                entries.positions_told, payload, record.blobs.read
            )
            judged += reversed(some)
            total += flown
        state = "Ended" if intent is None or intent.ended else intent.state.value
        newest = list(reversed(judged[:limit]))
        return Response(200, _view(state, newest, total))

    async def aggregate(self, request: Request[None]) -> Response:
        found = await self._watch.aggregate()
        return Response(
            200,
            ConformanceView(
                days=rules_of.AGGREGATE_DAYS,
                hours=found.hours,
                conformance=found.conformance,
                excursions_per_hour=found.excursions_per_hour,
                long_excursions=found.flown.long_excursions,
                counts=found.counts,
                good=found.good,
            ),
        )


def _view(state: str, judged: Sequence[Judged], flown: Flown) -> PositionsView:
    return PositionsView(
        state=state,
        positions=[
            PositionView(at_text(each.received_us), each.inside, each.telemetry) for each in judged
        ],
        flown_s=flown.flown_us / 1e6,
        outside_s=flown.outside_us / 1e6,
        excursions=flown.excursions,
    )


def _identity(request: Request[PositionsBody] | Request[None]) -> str:
    try:
        return entity_id(request.path["id"], "id")
    except InvalidMember as error:
        raise BadRequest(error.message, where="id") from None


def _measured(telemetry: uss.VehicleTelemetry, where: str) -> int:
    try:
        return time_us(telemetry.time_measured, where)
    except InvalidMember as error:
        raise BadRequest(error.message, where=error.where) from None


def _check(telemetry: uss.VehicleTelemetry, where: str) -> None:
    """Raises BadRequest for a position that is nowhere on Earth, or an impossible speed."""
    position, velocity = telemetry.position, telemetry.velocity
    if position is None:
        raise BadRequest("It says no position.", where=f"{where}.position")
    if not -90 <= position.latitude <= 90 or not -180 <= position.longitude <= 180:
        raise BadRequest("It is not on Earth.", where=f"{where}.position")
    altitude = position.altitude
    if altitude is not None and not -8000 <= altitude.value <= 100_000:
        raise BadRequest("No aircraft is there.", where=f"{where}.position.altitude")
    if position.extrapolated and None in (position.accuracy_h, position.accuracy_v):
        raise BadRequest(
            "An extrapolated position says how accurate it is.", where=f"{where}.position"
        )
    if velocity is not None and not 0 <= velocity.speed <= 2000:
        raise BadRequest("No aircraft is so fast.", where=f"{where}.velocity.speed")
    if velocity is not None and velocity.track is not None and not 0 <= velocity.track <= 360:
        raise BadRequest("A track has 0 to 360 degrees.", where=f"{where}.velocity.track")


def _limit(text: str | None) -> int:
    if text is None:
        return SHOWN_MAX
    if not text.isdecimal() or not 1 <= int(text[:9]) <= SHOWN_MAX:
        raise BadRequest(f"It is a number from 1 to {SHOWN_MAX}.", where="limit")
    return int(text)
