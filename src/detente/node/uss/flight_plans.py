"""What a user does who plans flights by automated tests, and who clears the sky between them.

A flight plan of such a user is an operational intent of ours whose name holds the flight plan's id,
so that both are found again after a start.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from weakref import WeakValueDictionary

import msgspec

from detente.errors import DetenteError
from detente.f3548 import InvalidMember
from detente.geo import (
    OutlineTooLarge,
    Volume4D,
    VolumeError,
    VolumeLimits,
    conflicting_pairs,
    extent_of,
    relevant,
    validate_volume,
)
from detente.http import BadRequest, NotFound
from detente.planning import Intent, Outcome, Result, State

from .area_asked import Ground, NotConvertible, area_asked, extent_asked, planned_area
from .first_answers import FirstAnswers
from .flight_planning_types import (
    Advisories,
    ClearAreaOutcome,
    ClearAreaRequest,
    ClearAreaResponse,
    DeleteFlightPlanResponse,
    FlightPlan,
    FlightPlanStatus,
    PlanningResult,
    UpsertFlightPlanRequest,
    UpsertFlightPlanResponse,
)
from .wanted import PlanWanted

_NAME: Final = "flight plan "
_ANY_SIZE: Final = VolumeLimits(max_area_km2=math.inf)
_RESULTS: Final[Mapping[Result, PlanningResult]] = {
    Result.DONE: "Completed",
    Result.REFUSED: "Rejected",
    Result.FAILED: "Failed",
}
_STATUSES: Final[Mapping[State, FlightPlanStatus]] = {
    State.ACCEPTED: "Planned",
    State.ACTIVATED: "OkToFly",
    State.NONCONFORMING: "OffNominal",
    State.CONTINGENT: "OffNominal",
}


class Planning(Protocol):
    """What is used of the planner."""

    async def file(self, wanted: PlanWanted, by: str, /) -> Outcome:
        """Plan, or plan and activate."""

    async def modify(self, identity: str, wanted: PlanWanted, by: str, /) -> Outcome:
        """Change the volumes or the priority."""

    async def activate(
        self, identity: str, by: str, wanted: PlanWanted | None = None, /
    ) -> Outcome:
        """Into the air."""

    async def declare(
        self, identity: str, state: State, off_nominal: Sequence[Volume4D], by: str, /
    ) -> Outcome:
        """Nonconforming or contingent."""

    async def conform(self, identity: str, by: str, wanted: PlanWanted | None = None, /) -> Outcome:
        """Back from Nonconforming."""

    async def end(self, identity: str, by: str, /) -> Outcome:
        """Over."""

    def intents(self) -> Mapping[str, Intent]:
        """Our intents by id that have not ended."""


class FlightPlans:
    """Acts as a user who plans flights, and as who clears the sky between tests.

    Args:
        planner: plans.
        ground: for altitudes above the ground or the take-off; without it they are not supported.
    """

    def __init__(self, planner: Planning, ground: Ground | None = None) -> None:
        self._planner, self._ground = planner, ground
        self._intents: dict[str, str] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._upserts: FirstAnswers[UpsertFlightPlanResponse] = FirstAnswers()
        self._clears: FirstAnswers[ClearAreaResponse] = FirstAnswers()

    # --- plans -------------------------------------------------------------------------------

    async def upsert(
        self, flight_id: str, request: UpsertFlightPlanRequest, by: str
    ) -> UpsertFlightPlanResponse:
        """Have a flight plan as the request says, or as it was with the reason; once a request.

        Raises:
            RequestIdTaken: another request had its id.
            BadRequest: a volume has no outline, or two.
        """
        return await self._upserts.once(
            request.request_id, (flight_id, request), lambda: self._upsert(flight_id, request, by)
        )

    async def _upsert(
        self, flight_id: str, request: UpsertFlightPlanRequest, by: str
    ) -> UpsertFlightPlanResponse:
        async with self._lock(flight_id):
            intent = self._intent(flight_id)
            if request.execution_style == "Hypothetical":
                return _unsupported(intent, "Nothing is planned only to see what would happen.")
            basic = request.flight_plan.basic_information
            where = "flight_plan.basic_information.area"
            asked = basic.area or []
            try:
                volumes = area_asked(asked, where, self._ground)
                outcome = await self._carry_out(flight_id, intent, request.flight_plan, volumes, by)
            except NotConvertible as error:
                return _unsupported(intent, str(error))
            except InvalidMember as error:
                raise BadRequest(error.message, where=error.where) from error
            except DetenteError as error:
                return UpsertFlightPlanResponse("Failed", _status(intent), str(error))
            if isinstance(outcome, str):
                return UpsertFlightPlanResponse("Rejected", _status(intent), outcome)
            self._remember(flight_id, outcome)
            area = planned_area(asked, volumes) if outcome.result is Result.DONE else None
            planned = None
            if area is not None:
                changed = msgspec.structs.replace(basic, area=area)
                planned = msgspec.structs.replace(request.flight_plan, basic_information=changed)
            return UpsertFlightPlanResponse(
                _RESULTS[outcome.result],
                _status(outcome.intent),
                _notes(outcome),
                planned,
                _advisories(outcome),
            )

    async def _carry_out(
        self,
        flight_id: str,
        intent: Intent | None,
        plan: FlightPlan,
        volumes: tuple[Volume4D, ...],
        by: str,
    ) -> Outcome | str:
        """Ask of the planner what a plan means for an intent; or say why it means nothing."""
        usage = plan.basic_information.usage_state
        uas = plan.basic_information.uas_state or "NotSpecified"
        if usage == "Closed":
            if intent is None:
                return "There is no such flight plan to be closed."
            return await self._planner.end(intent.id, by)
        astm = plan.astm_f3548_21
        priority = (astm.priority if astm is not None else None) or 0
        if uas in ("OffNominal", "Contingent"):
            if usage != "InUse":
                return f"A flight that is {usage} cannot be {uas}: nothing of it is in the air."
            if intent is None:
                return f"A flight that is not planned cannot be {uas}."
            state = State.NONCONFORMING if uas == "OffNominal" else State.CONTINGENT
            return await self._planner.declare(intent.id, state, volumes, by)
        flying = usage == "InUse"
        wanted = PlanWanted(
            volumes,
            priority=priority,
            name=_NAME + flight_id,
            operator=by,
            state=State.ACTIVATED if flying else State.ACCEPTED,
        )
        if intent is None:
            return await self._planner.file(wanted, by)
        if intent.state is State.ACCEPTED and flying:
            return await self._planner.activate(intent.id, by, wanted)
        if intent.state is State.NONCONFORMING and flying:
            return await self._planner.conform(intent.id, by, wanted)
        if intent.state is (State.ACTIVATED if flying else State.ACCEPTED):
            return await self._planner.modify(intent.id, wanted, by)
        return f"A flight that is {intent.state} cannot become {usage} and {uas} again."

    async def delete(self, flight_id: str, by: str) -> DeleteFlightPlanResponse:
        """Close and remove a flight plan.

        Raises:
            NotFound: there is none of this id, or not any more.
        """
        async with self._lock(flight_id):
            intent = self._intent(flight_id)
            if intent is None:
                raise NotFound(f"There is no flight plan {flight_id}.")
            try:
                outcome = await self._planner.end(intent.id, by)
            except DetenteError as error:
                return DeleteFlightPlanResponse("Failed", _status(intent), str(error))
            self._remember(flight_id, outcome)
            return DeleteFlightPlanResponse(
                _RESULTS[outcome.result],
                _status(outcome.intent),
                _notes(outcome),
                _advisories(outcome),
            )

    def _remember(self, flight_id: str, outcome: Outcome) -> None:
        if outcome.intent is None or outcome.intent.ended:
            self._intents.pop(flight_id, None)
        else:
            self._intents[flight_id] = outcome.intent.id

    def _lock(self, flight_id: str) -> asyncio.Lock:
        """Whoever holds or awaits it keeps it alive."""
        return self._locks.setdefault(flight_id, asyncio.Lock())

    def _intent(self, flight_id: str) -> Intent | None:
        """The intent that stands for a flight plan, if it has not ended."""
        intents = self._planner.intents()
        known = intents.get(self._intents.get(flight_id, ""))
        if known is None:
            named = (each for each in intents.values() if each.name == _NAME + flight_id)
            known = next(named, None)
        return None if known is None or known.ended else known

    # --- areas -------------------------------------------------------------------------------

    async def clear(self, request: ClearAreaRequest, by: str) -> ClearAreaResponse:
        """End every flight of this USS that touches an extent; once a request.

        Raises:
            RequestIdTaken: another request had its id.
            BadRequest: the extent is not a volume.
        """
        return await self._clears.once(
            request.request_id, request, lambda: self._clear(request, by)
        )

    async def _clear(self, request: ClearAreaRequest, by: str) -> ClearAreaResponse:
        try:
            extent = extent_asked(request.extent, "extent", self._ground)
            validate_volume(extent, _ANY_SIZE)
        except (InvalidMember, VolumeError) as error:
            raise BadRequest(error.message, where=error.where, advice=error.advice) from error
        touched = [each for each in self._planner.intents().values() if _touches(each, extent)]
        problems = await asyncio.gather(*(self._end(each, by) for each in touched))
        left = {
            each.id: problem for each, problem in zip(touched, problems, strict=True) if problem
        }
        if left:
            message = " ".join(f"{each}: {problem}" for each, problem in left.items())
            outcome = ClearAreaOutcome(False, message, {"left": sorted(left)})
        else:
            outcome = ClearAreaOutcome(True, details={"ended": [each.id for each in touched]})
        return ClearAreaResponse(outcome)

    async def _end(self, intent: Intent, by: str) -> str:
        """End an intent; gives why it has not ended."""
        try:
            outcome = await self._planner.end(intent.id, by)
        except DetenteError as error:
            return str(error)
        gone = outcome.result is Result.DONE or intent.id not in self._planner.intents()
        return "" if gone else _notes(outcome) or "it has not ended"


def _status(intent: Intent | None) -> FlightPlanStatus:
    if intent is None:
        return "NotPlanned"
    return "Closed" if intent.ended else _STATUSES[intent.state]


def _unsupported(intent: Intent | None, why: str) -> UpsertFlightPlanResponse:
    return UpsertFlightPlanResponse("NotSupported", _status(intent), why)


def _notes(outcome: Outcome) -> str | None:
    reasons = [(each.rule, each.message.en) for each in outcome.faults]
    reasons += [(each.rule, each.reason.en) for each in outcome.conflicts]
    return " ".join(f"{rule}: {text}" if rule else text for rule, text in reasons) or None


def _advisories(outcome: Outcome) -> Advisories:
    if outcome.result is not Result.DONE:
        return "Unknown"
    told = outcome.conflicts or outcome.constraints
    return "AtLeastOneAdvisoryOrCondition" if told else "NoAdvisoriesOrConditions"


def _touches(intent: Intent, extent: Volume4D) -> bool:
    volumes = intent.details.all_volumes
    try:
        return len(conflicting_pairs(volumes, [extent])[0]) > 0
    except OutlineTooLarge:
        # Not decided exactly for areas as wide as that: a little more is cleared then.
        return relevant(extent_of(volumes), extent_of([extent]))
