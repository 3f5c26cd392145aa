"""The officers' interface to plans: `/api/v1/plans`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from detente.errors import DetenteError
from detente.f3548 import InvalidMember, InvalidVolume, entity_id, time_us
from detente.f3548 import types as wire
from detente.http import (
    BadRequest,
    Endpoint,
    ErrorResponse,
    NotFound,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.node.operations import Operations
from detente.planning import Action, Intent, Order, Outcome, Result, State, Why
from detente.planning.costs import Limits
from detente.record import PartyRecord

from . import plan_views as views
from .aside import AT_ONCE_MAX, P, T, aside
from .plan_bodies import change_of, volumes_of, wanted_of
from .planner import Done, Planner
from .recorder import Recorder
from .tokens import TokenUnavailable
from .wanted import PlanBusy, PlanEnded, PlanExists, PlanWanted, change_order, plan_order
from .ways import WaysOut
from .whys import why_of

PATH: Final = "/api/v1/plans"
PLAN_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    InvalidMember: 400,
    InvalidVolume: 400,
    PlanBusy: 409,
    PlanEnded: 409,
    PlanExists: 409,
    TokenUnavailable: 503,
}
"""For `build_app(statuses=…)`."""

_PAGE: Final = 100
_PAGE_MAX: Final = 1000
_STATES: Final = ("Accepted", "Activated", "Nonconforming", "Contingent")
_ANSWERS: Final[dict[int, type[Struct] | None]] = {
    200: views.OutcomeView,
    400: ErrorResponse,
    503: ErrorResponse,
}
_OF_PLAN: Final[dict[int, type[Struct] | None]] = {
    **_ANSWERS,
    404: ErrorResponse,
    409: ErrorResponse,
}
_HELP: Final = {"id": "Id of the plan: of its operational intent."}
_READ: Final = any_of("plan.read")
_FILE: Final = any_of("plan.file")


class LimitsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a plan may be changed; what is not given is as the settings say.

    Attributes:
        earliest, latest: no volume may start before, or end after.
        lowest_m, highest_m: metres above the WGS-84 ellipsoid.
        shift_max_m: aside.
        extra_distance_max_m: longer way.
    """

    earliest: wire.Time | None = None
    latest: wire.Time | None = None
    lowest_m: Annotated[float, Meta(ge=-8000, le=100_000)] | None = None
    highest_m: Annotated[float, Meta(ge=-8000, le=100_000)] | None = None
    shift_max_m: Annotated[float, Meta(ge=0, le=50_000)] | None = None
    extra_distance_max_m: Annotated[float, Meta(ge=0, le=500_000)] | None = None


class WaysOutBody(views.PlanBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan that ways out are asked for; nothing is filed.

    Attributes:
        of: id of the plan that it would change; None: it would be a new one.
        limits: how far it may be changed.
    """

    of: Annotated[str, Meta(max_length=36)] | None = None
    limits: LimitsBody | None = None


class PlansApi:
    """Handlers of the interface."""

    def __init__(
        self, planner: Planner, ways: WaysOut, record: PartyRecord, recorder: Recorder
    ) -> None:
        """Args:
        planner: carries out orders.
        ways: finds ways out.
        record, recorder: tell why.
        """
        self._planner = planner
        self._ways = ways
        self._record = record
        self._recorder = recorder

    async def file(self, request: Request[views.PlanBody]) -> Response:
        """POST /plans."""
        wanted = await _read(request.body, wanted_of, request.body)
        if wanted.id is not None:
            wanted = replace(wanted, id=entity_id(wanted.id, "id"))
        outcome = await self._planner.file(wanted, request.caller.sub)
        return await self._answer(request, outcome)

    async def modify(self, request: Request[views.PlanBody]) -> Response:
        """PUT /plans/{id}."""
        wanted = await _read(request.body, wanted_of, request.body)
        outcome = await self._planner.modify(request.path["id"], wanted, request.caller.sub)
        return await self._answer(request, outcome)

    async def activate(self, request: Request[views.ChangeBody]) -> Response:
        """POST /plans/{id}/activate."""
        identity = request.path["id"]
        before = self._planner.intent(identity)
        wanted = await _read(request.body, change_of, request.body, before)
        outcome = await self._planner.activate(identity, request.caller.sub, wanted)
        return await self._answer(request, outcome)

    async def conform(self, request: Request[views.ChangeBody]) -> Response:
        """POST /plans/{id}/conform."""
        identity = request.path["id"]
        before = self._planner.intent(identity)
        wanted = await _read(request.body, change_of, request.body, before)
        outcome = await self._planner.conform(identity, request.caller.sub, wanted)
        return await self._answer(request, outcome)

    def declare(self, state: State) -> Callable[[Request[Any]], Awaitable[Response]]:
        """POST /plans/{id}/nonconforming and …/contingent."""

        async def handler(request: Request[views.OffNominalBody]) -> Response:
            given = request.body.off_nominal_volumes
            where = await aside(given, volumes_of, given, "off_nominal_volumes")
            by = request.caller.sub
            outcome = await self._planner.declare(request.path["id"], state, where, by)
            return await self._answer(request, outcome)

        return handler

    async def end(self, request: Request[views.Nothing]) -> Response:
        """POST /plans/{id}/end."""
        outcome = await self._planner.end(request.path["id"], request.caller.sub)
        return await self._answer(request, outcome)

    async def plans(self, request: Request[None]) -> Response:
        """GET /plans."""
        state = request.query.get("state")
        if state is not None and state not in _STATES:
            raise BadRequest(f"States are {', '.join(_STATES)}.", where="state")
        limit = _number(request.query.get("limit"), _PAGE, _PAGE_MAX)
        book = self._planner.parts.book
        found = list(book.intents.values())
        if request.query.get("ended") in ("1", "true", "yes"):
            found += book.ended.values()
        kept = [each for each in found if state is None or each.state.value == state]
        kept.sort(key=_order, reverse=True)
        before = request.query.get("before")
        if before is not None:
            kept = [each for each in kept if f"{_order(each)[0]}/{each.id}" < before]
        page = kept[:limit]
        more = f"{_order(page[-1])[0]}/{page[-1].id}" if len(kept) > limit else None
        return Response(200, views.PlanList([views.plan_view(each) for each in page], more))

    async def plan(self, request: Request[None]) -> Response:
        """GET /plans/{id}."""
        return Response(200, views.plan_view(self._planner.intent(request.path["id"])))

    async def why(self, request: Request[None]) -> Response:
        """GET /plans/{id}/why."""
        attempt = request.query.get("attempt", "")
        found = await why_of(self._record, self._recorder, request.path["id"], attempt)
        return Response(200, found)

    async def ways_out(self, request: Request[WaysOutBody]) -> Response:
        """POST /plans/ways-out."""
        body, parts = request.body, self._planner.parts
        wanted, now_us = await _read(body, wanted_of, body), parts.now_us()
        if body.of is None:
            order = plan_order(wanted, wanted.id or parts.new_id(), now_us)
        else:
            before = self._planner.intent(body.of)
            order = change_order(Action.MODIFY, before, before.state, wanted, now_us)
        found = await self._ways_views(order, _limits(body.limits, self._ways.limits))
        return Response(200, views.WaysOutList(found))

    async def ways_out_of(self, request: Request[None]) -> Response:
        """GET /plans/{id}/ways-out."""
        done = self._done(request.path["id"])
        if not done.outcome.refusing:
            return Response(200, views.WaysOutList([]))
        return Response(200, views.WaysOutList(await self._ways_views(done.outcome.order)))

    # --- inside ------------------------------------------------------------------------------

    async def _answer(self, request: Request[Any], outcome: Outcome) -> Response:
        ways: list[views.WayOutView] | UnsetType = UNSET
        if outcome.result is Result.REFUSED and request.query.get("ways_out") not in ("0", "no"):
            ways = await self._ways_views(outcome.order) if outcome.refusing else []
        return Response(200, views.outcome_view(self._done(outcome.order.id), ways))

    async def _ways_views(
        self, order: Order, limits: Limits | None = None
    ) -> list[views.WayOutView]:
        found = await self._ways.of(order, limits)
        wanted = PlanWanted(
            order.details.volumes,
            name=order.name,
            operator=order.operator,
            state=order.state,
            aircraft=order.aircraft,
        )
        return [views.way_out_view(each, wanted) for each in found]

    def _done(self, identity: str) -> Done:
        found = self._planner.outcome(identity)
        if found is None:
            raise NotFound("There was no attempt at this plan since the start.", where=identity)
        return found


async def _read(
    body: views.PlanBody | views.ChangeBody,
    work: Callable[P, T],
    *args: P.args,
    **more: P.kwargs,
) -> T:
    """Read a body that may hold thousands of vertices, and positions."""
    if len(body.track) > AT_ONCE_MAX:
        return await asyncio.to_thread(work, *args, **more)
    off_nominal = body.off_nominal_volumes if isinstance(body, views.PlanBody) else []
    return await aside([*(body.volumes or []), *off_nominal], work, *args, **more)


def _order(intent: Intent) -> tuple[str, str]:
    return views.plan_view(intent).time_start or "", intent.id


def _number(text: str | None, usual: int, most: int) -> int:
    if text is None:
        return usual
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise BadRequest(f"This is no number from 1 to {most}.", where=text[:20])
    return int(text)


def _limits(given: LimitsBody | None, usual: Limits) -> Limits:
    if given is None:
        return usual
    changed: dict[str, Any] = {
        name: value
        for name in ("lowest_m", "highest_m", "shift_max_m", "extra_distance_max_m")
        if (value := getattr(given, name)) is not None
    }
    if given.earliest is not None:
        changed["earliest_us"] = time_us(given.earliest, "limits.earliest")
    if given.latest is not None:
        changed["latest_us"] = time_us(given.latest, "limits.latest")
    return replace(usual, **changed)


def plans_endpoints(api: PlansApi) -> list[Endpoint]:
    """Operations on plans."""
    operation = Operations("plans", _HELP)
    with_ways = (
        QueryParameter(name="ways_out", help="0: a refusal comes without ways out.", example="0"),
    )

    def change(
        path: str,
        handler: Callable[[Request[Any]], Awaitable[Response]],
        name: str,
        summary: str,
        body: type[Struct],
        method: Literal["POST", "PUT"] = "POST",
    ) -> Endpoint:
        return operation(
            method,
            f"{PATH}/{{id}}{path}",
            handler,
            name,
            summary,
            _FILE,
            _OF_PLAN,
            body=body,
            query=with_ways,
        )

    return [
        operation(
            "GET",
            PATH,
            api.plans,
            "listPlans",
            "Our plans, the latest start first.",
            _READ,
            {200: views.PlanList},
            query=(
                QueryParameter(name="state", help="Only those in this state.", example="Accepted"),
                QueryParameter(name="ended", help="1: those, too, that ended within a day."),
                QueryParameter(name="before", help="Go on: what the page before said."),
                QueryParameter(name="limit", help="How many at most; 100 if not given."),
            ),
        ),
        operation(
            "POST",
            PATH,
            api.file,
            "filePlan",
            "Plan a flight.",
            _FILE,
            _ANSWERS | {409: ErrorResponse},
            body=views.PlanBody,
            query=with_ways,
            description="The plan is filed at every exchange whose area it touches, or at none. "
            "Whether it was accepted stands in `result`; a refusal tells every conflict, and the "
            "smallest changes that clear them all.",
        ),
        operation(
            "POST",
            f"{PATH}/ways-out",
            api.ways_out,
            "findWaysOut",
            "Changes that make a plan fly; nothing is filed.",
            _READ,
            {200: views.WaysOutList, 400: ErrorResponse, 404: ErrorResponse},
            body=WaysOutBody,
        ),
        operation(
            "GET",
            f"{PATH}/{{id}}",
            api.plan,
            "getPlan",
            "One plan.",
            _READ,
            {200: views.PlanView, 404: ErrorResponse},
        ),
        change("", api.modify, "changePlan", "Change volumes or priority.", views.PlanBody, "PUT"),
        change("/activate", api.activate, "activatePlan", "The flight begins.", views.ChangeBody),
        change(
            "/nonconforming",
            api.declare(State.NONCONFORMING),
            "declareNonconforming",
            "The aircraft is where it was not planned to be.",
            views.OffNominalBody,
        ),
        change(
            "/contingent",
            api.declare(State.CONTINGENT),
            "declareContingent",
            "The aircraft will not fly as planned any more.",
            views.OffNominalBody,
        ),
        change(
            "/conform",
            api.conform,
            "declareConforming",
            "It flies as planned again.",
            views.ChangeBody,
        ),
        change("/end", api.end, "endPlan", "The flight is over, or will not be.", views.Nothing),
        operation(
            "GET",
            f"{PATH}/{{id}}/ways-out",
            api.ways_out_of,
            "getWaysOut",
            "Changes that would have made the newest refused attempt at a plan fly.",
            _READ,
            {200: views.WaysOutList, 404: ErrorResponse},
        ),
        operation(
            "GET",
            f"{PATH}/{{id}}/why",
            api.why,
            "explainPlan",
            "What exactly decided the newest attempt at a plan: inputs, rule, geometry, evidence.",
            _READ,
            {200: Why, 404: ErrorResponse},
            query=(QueryParameter(name="attempt", help="Another attempt: id of its entry."),),
        ),
    ]
