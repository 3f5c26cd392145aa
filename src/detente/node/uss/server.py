"""What other USSs ask of us and tell us (F3548-21, USS-to-USS): U1 to U7.

Answered from what is durable: of an intent nobody is told anything until every exchange concerned
has accepted it, nor, while a change is under way, anything but what was accepted last.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from detente.errors import DetenteError
from detente.f3548 import InvalidMember, InvalidVolume, entity_id, scopes, time_of
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.http import Endpoint, NotFound, Request, Response, any_of
from detente.http.endpoint import Handler, Scopes
from detente.planning import (
    Book,
    NotItsManager,
    Outdated,
    Unusable,
    details_on_wire,
)
from detente.record import Clock

from .log_sets import LogSets
from .notified import HearsConstraints, Notified, Place
from .quotas import DETAILS_LANE, LOG_SETS_LANE, NOTICES_LANE
from .witnessed import current

TELEMETRY_OLD_S: Final = 60.0
"""A position that is older tells nobody where the aircraft is."""
TELEMETRY_NEXT_S: Final = 1.0
"""When to ask for the next one."""
_ENCODED_MAX: Final = 4096

_log = logging.getLogger("detente.node.uss")


class IntentNominal(DetenteError):
    """Telemetry is told of intents that are off-nominal only."""

    code: ClassVar[str] = "uss.nominal"


class NoTelemetry(DetenteError):
    """No position of the aircraft is known that still says anything."""

    code: ClassVar[str] = "uss.no_telemetry"


USS_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    InvalidMember: 400,
    InvalidVolume: 400,
    Unusable: 400,
    NotItsManager: 403,
    IntentNominal: 409,
    Outdated: 409,
    NoTelemetry: 412,
}
"""HTTP statuses of errors that come from further down."""


class UssServer:
    """The endpoints for other USSs.

    Args:
        book: what we manage.
        clock: the wall clock.
        bases: what peers call us by at each exchange, by its name.
        constraints: tells constraints; None: there are none.
        notified: takes what others tell.
        log_sets: those that were made for somebody.
    """

    def __init__(
        self,
        book: Book,
        clock: Clock,
        bases: Mapping[str, str],
        notified: Notified,
        constraints: HearsConstraints | None = None,
        log_sets: LogSets | None = None,
    ) -> None:
        self._book = book
        self._clock = clock
        self._notified = notified
        self._constraints = constraints
        self.log_sets = log_sets
        by_prefix: dict[str, list[str]] = {}
        for name, url in bases.items():
            by_prefix.setdefault(urlsplit(url).path.rstrip("/"), []).append(name)
        self._places = [Place(prefix, tuple(names)) for prefix, names in by_prefix.items()]
        self._encoded: OrderedDict[tuple[str, str], tuple[int, bytes]] = OrderedDict()

    def endpoints(self) -> list[Endpoint]:
        """Every operation, under the path of each base URL."""
        found = []
        for at, place in enumerate(self._places or [Place("", ())]):
            found += self._at(place, "" if at == 0 else f"At{at}")
        return found

    def _at(self, place: Place, suffix: str) -> list[Endpoint]:
        def one(
            method: str,
            path: str,
            handler: Any,
            operation_id: str,
            summary: str,
            allowed: Scopes,
            responses: Mapping[int, type[msgspec.Struct] | None],
            body: type[Any] | None = None,
            *,
            lane: str = DETAILS_LANE,
        ) -> Endpoint:
            async def answer(request: Request[Any]) -> Response:
                response: Response = await handler(request, place)
                return response

            handled: Handler = answer
            return Endpoint(
                method=method,
                path=place.prefix + path,
                handler=handled,
                operation_id=operation_id + suffix,
                summary=summary,
                scopes=allowed,
                responses={**responses, 400: None, 401: None, 403: None, 429: None},
                body=body,
                path_help={"entityid": "a version-4 UUID", "log_set_id": "its id"},
                tags=("uss",),
                lane=lane,
            )

        intents, constraints = "/uss/v1/operational_intents", "/uss/v1/constraints"
        everybody = any_of(*sorted(scopes.ALL))
        return [
            one(
                "GET",
                f"{intents}/{{entityid}}",
                self._intent,
                "getOperationalIntentDetails",
                "The details of an operational intent of ours (U1).",
                any_of(scopes.STRATEGIC_COORDINATION),
                {200: wire.GetOperationalIntentDetailsResponse, 404: None},
            ),
            one(
                "GET",
                f"{intents}/{{entityid}}/telemetry",
                self._telemetry,
                "getOperationalIntentTelemetry",
                "Where the aircraft of an off-nominal intent of ours is (U2).",
                any_of(scopes.CONFORMANCE_MONITORING_SA),
                {200: uss.GetOperationalIntentTelemetryResponse, 404: None, 409: None, 412: None},
            ),
            one(
                "POST",
                intents,
                self._notified.of_intent,
                "notifyOperationalIntentDetailsChanged",
                "An operational intent of the caller has changed or ended (U3).",
                any_of(scopes.STRATEGIC_COORDINATION),
                {204: None, 409: None},
                wire.PutOperationalIntentDetailsParameters,
                lane=NOTICES_LANE,
            ),
            one(
                "GET",
                f"{constraints}/{{entityid}}",
                self._constraint,
                "getConstraintDetails",
                "The details of a constraint of ours (U4).",
                any_of(scopes.CONSTRAINT_PROCESSING),
                {200: uss.GetConstraintDetailsResponse, 404: None},
            ),
            one(
                "POST",
                constraints,
                self._notified.of_constraint,
                "notifyConstraintDetailsChanged",
                "A constraint of the caller has changed or ended (U5).",
                any_of(scopes.CONSTRAINT_MANAGEMENT),
                {204: None, 409: None},
                uss.PutConstraintDetailsParameters,
                lane=NOTICES_LANE,
            ),
            one(
                "POST",
                "/uss/v1/reports",
                self._report,
                "makeUssReport",
                "The caller tells of an exchange of messages that went wrong (U6).",
                everybody,
                {201: wire.ErrorReport},
                wire.ErrorReport,
                lane=NOTICES_LANE,
            ),
            one(
                "GET",
                "/uss/v1/log_sets/{log_set_id}",
                self._log_set,
                "getLogSet",
                "A log set that was made for the caller (U7).",
                everybody,
                {200: uss.USSLogSet, 404: None},
                lane=LOG_SETS_LANE,
            ),
        ]

    # --- intents -----------------------------------------------------------------------------

    async def _intent(self, request: Request[None], place: Place) -> Response:
        identity = entity_id(request.path["entityid"], "entityid")
        intent = self._book.intents.get(identity)
        if intent is None:
            raise NotFound(f"There is no operational intent {identity} here.")
        known = self._encoded.get((identity, place.prefix))
        if known is not None and known[0] == intent.version:
            return Response(200, known[1])
        standing = [filed.reference for filed in intent.filed if filed.exchange in place.exchanges]
        if not standing:
            raise NotFound(f"The operational intent {identity} does not concern this exchange.")
        body = msgspec.json.encode(
            wire.GetOperationalIntentDetailsResponse(
                wire.OperationalIntent(standing[0], details_on_wire(intent.details))
            )
        )
        self._encoded[identity, place.prefix] = (intent.version, body)
        while len(self._encoded) > _ENCODED_MAX:
            self._encoded.popitem(last=False)
        return Response(200, body)

    async def _telemetry(self, request: Request[None], place: Place) -> Response:
        identity = entity_id(request.path["entityid"], "entityid")
        intent = self._book.intents.get(identity)
        if intent is None:
            raise NotFound(f"There is no operational intent {identity} here.")
        if intent.state.nominal:
            raise IntentNominal(
                f"The operational intent {identity} is {intent.state}.",
                advice="Its volumes tell where the aircraft is.",
            )
        flight = self._book.flight(identity)
        now = self._clock()
        last = None if flight is None else flight.last
        if last is None or last.telemetry.position is None:
            raise NoTelemetry("No position of the aircraft is known.")
        age_s = (now - last.telemetry.time_measured.value).total_seconds()
        if age_s > TELEMETRY_OLD_S:
            raise NoTelemetry(f"The newest position of the aircraft is {age_s:.0f} s old.")
        soon_us = request.received_us + int(TELEMETRY_NEXT_S * 1e6)
        return Response(
            200,
            uss.GetOperationalIntentTelemetryResponse(identity, last.telemetry, time_of(soon_us)),
        )

    # --- constraints -------------------------------------------------------------------------

    async def _constraint(self, request: Request[None], place: Place) -> Response:
        identity = entity_id(request.path["entityid"], "entityid")
        exchanges = place.exchanges or ("",)
        found = None
        if self._constraints is not None:
            answers = (self._constraints.details(identity, name) for name in exchanges)
            found = next((each for each in answers if each is not None), None)
        if found is None:
            raise NotFound(f"There is no constraint {identity} here.")
        return Response(200, uss.GetConstraintDetailsResponse(found))

    # --- reports and log sets ----------------------------------------------------------------

    async def _report(self, request: Request[wire.ErrorReport], place: Place) -> Response:
        now = current()
        told = request.body.exchange
        _log.warning(
            "%s reports a problem with %r %r: %r",
            request.caller.sub,
            told.method[:20],
            told.url[:200],
            (told.problem or "")[:500],
        )
        return Response(201, msgspec.structs.replace(request.body, report_id=now.id or request.id))

    async def _log_set(self, request: Request[None], place: Place) -> Response:
        found = None
        if self.log_sets is not None:
            found = await self.log_sets.for_manager(request.path["log_set_id"], request.caller.sub)
        if found is None:
            raise NotFound("There is no such log set for you.")
        return Response(200, found)
