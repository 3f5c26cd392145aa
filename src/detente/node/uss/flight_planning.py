"""InterUSS's flight planning interface for automated tests, version 0.7.0, as endpoints.

It is offered only in test mode: whoever has a token for it can plan, and clear whole areas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from detente.f3548 import InvalidMember, entity_id, time_us
from detente.f3548.types import parse_time
from detente.http import BadRequest, Endpoint, QueryParameter, Request, Response, any_of

from .area_asked import Ground
from .flight_planning_types import (
    ClearAreaRequest,
    ClearAreaResponse,
    DeleteFlightPlanResponse,
    QueryUserNotificationsResponse,
    StatusResponse,
    UpsertFlightPlanRequest,
    UpsertFlightPlanResponse,
    UserNotification,
)
from .flight_plans import FlightPlans, Planning

BASE: Final = "/flight_planning/v1"
DIRECT: Final = "interuss.flight_planning.direct_automated_test"
PLAN: Final = "interuss.flight_planning.plan"
_TAGS: Final = ("automated tests",)
_ID_HELP: Final = {"flight_plan_id": "UUIDv4 that the test gives the flight plan."}


class Notices(Protocol):
    """What is used of the notifications."""

    async def between(self, after_us: int, before_us: int) -> Sequence[UserNotification]:
        """What was told from one time to another."""


class FlightPlanning:
    """The interface.

    Args:
        planner: plans.
        notices: knows what users were told.
        clock_us: microseconds since 1970.
        ground: for altitudes above the ground or the take-off; without it they are not supported.
    """

    def __init__(
        self,
        planner: Planning,
        notices: Notices,
        clock_us: Callable[[], int],
        ground: Ground | None = None,
    ) -> None:
        self._flights = FlightPlans(planner, ground)
        self._notices, self._clock_us = notices, clock_us

    def endpoints(self) -> tuple[Endpoint, ...]:
        """What is offered, below `/flight_planning/v1`."""
        return (
            Endpoint(
                method="GET",
                path=f"{BASE}/status",
                handler=self._status,
                operation_id="getFlightPlanningStatus",
                summary="Whether automated tests of flight planning may begin.",
                responses={200: StatusResponse},
                scopes=any_of(DIRECT),
                tags=_TAGS,
            ),
            Endpoint(
                method="POST",
                path=f"{BASE}/clear_area_requests",
                handler=self._clear,
                operation_id="clearArea",
                summary="End every flight that touches an area.",
                body=ClearAreaRequest,
                responses={200: ClearAreaResponse},
                scopes=any_of(DIRECT),
                tags=_TAGS,
            ),
            Endpoint(
                method="PUT",
                path=f"{BASE}/flight_plans/{{flight_plan_id}}",
                handler=self._upsert,
                operation_id="upsertFlightPlan",
                summary="Plan, change, activate, declare or close a flight, as a user would.",
                body=UpsertFlightPlanRequest,
                responses={200: UpsertFlightPlanResponse},
                scopes=any_of(PLAN),
                tags=_TAGS,
                path_help=_ID_HELP,
            ),
            Endpoint(
                method="DELETE",
                path=f"{BASE}/flight_plans/{{flight_plan_id}}",
                handler=self._delete,
                operation_id="deleteFlightPlan",
                summary="Close and remove a flight.",
                responses={200: DeleteFlightPlanResponse},
                # Versions of the interface differ on whose this is.
                scopes=any_of(DIRECT, PLAN),
                tags=_TAGS,
                path_help=_ID_HELP,
            ),
            Endpoint(
                method="GET",
                path=f"{BASE}/user_notifications",
                handler=self._notifications,
                operation_id="queryUserNotifications",
                summary="What users were told in a span of time.",
                responses={200: QueryUserNotificationsResponse},
                scopes=any_of(PLAN),
                query=(
                    QueryParameter(
                        name="after",
                        help="RFC 3339; nothing that was told earlier.",
                        example="2026-12-01T06:00:00Z",
                    ),
                    QueryParameter(
                        name="before",
                        help="RFC 3339; nothing that was told later. Now if it is not given.",
                        example="2026-12-01T06:05:00Z",
                    ),
                ),
                tags=_TAGS,
            ),
        )

    async def _status(self, request: Request[None]) -> Response:
        return Response(200, StatusResponse("Ready"))

    async def _clear(self, request: Request[ClearAreaRequest]) -> Response:
        return Response(200, await self._flights.clear(request.body, request.caller.sub))

    async def _upsert(self, request: Request[UpsertFlightPlanRequest]) -> Response:
        flight_id, by = _flight_id(request.path), request.caller.sub
        return Response(200, await self._flights.upsert(flight_id, request.body, by))

    async def _delete(self, request: Request[None]) -> Response:
        flight_id = _flight_id(request.path)
        return Response(200, await self._flights.delete(flight_id, request.caller.sub))

    async def _notifications(self, request: Request[None]) -> Response:
        after, before = request.query.get("after"), request.query.get("before")
        if after is None:
            raise BadRequest("The time `after` is missing.", where="after")
        after_us = _instant("after", after)
        before_us = self._clock_us() if before is None else _instant("before", before)
        if before_us < after_us:
            raise BadRequest("`before` is earlier than `after`.", where="before")
        told = await self._notices.between(after_us, before_us)
        return Response(200, QueryUserNotificationsResponse(list(told)))


def _flight_id(path: Mapping[str, str]) -> str:
    try:
        return entity_id(path["flight_plan_id"], "flight_plan_id")
    except InvalidMember as error:
        raise BadRequest(error.message, where="flight_plan_id") from None


def _instant(name: str, text: str) -> int:
    try:
        return time_us(parse_time(text), name)
    except (InvalidMember, ValueError):
        raise BadRequest(f"{text!r} is no RFC 3339 time.", where=name) from None
