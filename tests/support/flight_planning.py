"""What the flight planning interface is tried with: a planner that only keeps and compares."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from detente.errors import DetenteError
from detente.geo import Volume4D, conflicting_pairs
from detente.http import Caller, RequestHead, build_app
from detente.node.uss.flight_planning import DIRECT, PLAN, FlightPlanning
from detente.node.uss.flight_planning_types import UserNotification
from detente.node.uss.versioning import versioning_endpoint
from detente.node.uss.wanted import PlanWanted
from detente.planning import Action, Details, Fault, Intent, Order, Outcome, Result, State
from detente.words import same

Json = dict[str, Any]
NOW_US = 1_796_104_800_000_000
BASE = "/flight_planning/v1"


class Unwell(DetenteError):
    code = "test.unwell"


class KeepingPlanner:
    """Accepts what meets nothing of its own; `fails` and `raises` say otherwise for once."""

    def __init__(self) -> None:
        self.kept: dict[str, Intent] = {}
        self.asked: list[tuple[str, str]] = []
        self.fails = False
        self.raises = False
        self.was_asked = asyncio.Event()
        self.hold: asyncio.Event | None = None

    def intents(self) -> Mapping[str, Intent]:
        return self.kept

    async def _done(self, action: Action, intent: Intent, by: str) -> Outcome:
        self.asked.append((action.value, by))
        self.was_asked.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.raises:
            self.raises = False
            raise Unwell("The record takes nothing.")
        before = self.kept.get(intent.id)
        order = Order(action, intent.id, intent.state, intent.details, NOW_US, before=before)
        if self.fails:
            self.fails = False
            fault = Fault("plan.no_answer", "", same("The exchange does not answer."))
            return Outcome(Result.FAILED, order, before, faults=(fault,))
        others = [each for each in self.kept.values() if each.id != intent.id]
        volumes = intent.details.all_volumes
        for other in others if intent.state.nominal and not intent.ended else ():
            if len(conflicting_pairs(volumes, other.details.all_volumes)[0]):
                fault = Fault("plan.conflict", "SCD0035", same(f"It meets {other.id}."))
                return Outcome(Result.REFUSED, order, before, faults=(fault,))
        if intent.ended:
            del self.kept[intent.id]
        else:
            self.kept[intent.id] = intent
        return Outcome(Result.DONE, order, intent)

    async def file(self, wanted: PlanWanted, by: str) -> Outcome:
        details = Details(wanted.volumes, wanted.off_nominal, wanted.priority)
        identity = str(uuid.uuid4())
        intent = Intent(identity, wanted.name, wanted.operator, wanted.state, details, ())
        return await self._done(Action.PLAN, intent, by)

    async def modify(self, identity: str, wanted: PlanWanted, by: str) -> Outcome:
        intent = dataclasses.replace(self.kept[identity], details=wanted.details)
        return await self._done(Action.MODIFY, intent, by)

    async def activate(self, identity: str, by: str, wanted: PlanWanted | None = None) -> Outcome:
        assert wanted is not None
        intent = dataclasses.replace(
            self.kept[identity], details=wanted.details, state=State.ACTIVATED
        )
        return await self._done(Action.ACTIVATE, intent, by)

    async def declare(
        self, identity: str, state: State, off_nominal: Sequence[Volume4D], by: str
    ) -> Outcome:
        before = self.kept[identity].details
        volumes = () if state is State.CONTINGENT else before.volumes
        details = Details(volumes, tuple(off_nominal), before.priority)
        intent = dataclasses.replace(self.kept[identity], details=details, state=state)
        return await self._done(Action.DECLARE_CONTINGENT, intent, by)

    async def conform(self, identity: str, by: str, wanted: PlanWanted | None = None) -> Outcome:
        assert wanted is not None
        intent = dataclasses.replace(
            self.kept[identity], details=wanted.details, state=State.ACTIVATED
        )
        return await self._done(Action.CONFORM, intent, by)

    async def end(self, identity: str, by: str) -> Outcome:
        intent = dataclasses.replace(self.kept[identity], ended=True)
        return await self._done(Action.END, intent, by)


class Told:
    """Notifications at known times."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []

    async def between(self, after_us: int, before_us: int) -> list[UserNotification]:
        self.spans.append((after_us, before_us))
        return []


class ScopesInToken:
    """`Bearer NAME:SCOPE,SCOPE` is who asks."""

    async def authenticate(self, head: RequestHead, received_us: int) -> Caller:
        name, _, scopes = head.headers["authorization"].removeprefix("Bearer ").partition(":")
        return Caller(name, frozenset(scopes.split(",")), "test", 0)


class Driver:
    """As an automated test asks."""

    def __init__(self, http: httpx.AsyncClient, planner: KeepingPlanner, told: Told) -> None:
        self.http, self.planner, self.told = http, planner, told

    async def call(self, method: str, path: str, body: Json | None = None, scope: str = "") -> Any:
        token = f"tester:{scope or (PLAN if method == 'PUT' else DIRECT)}"
        return await self.http.request(
            method, path, json=body, headers={"authorization": f"Bearer {token}"}
        )

    async def put(self, flight: str, body: Json) -> tuple[str, str]:
        answer = await self.call("PUT", f"{BASE}/flight_plans/{flight}", body)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["planning_result"], told["flight_plan_status"]


@asynccontextmanager
async def driving(ground: Any = None) -> AsyncIterator[Driver]:
    planner, told = KeepingPlanner(), Told()
    planning = FlightPlanning(planner, told, lambda: NOW_US, ground)
    app = build_app(
        [*planning.endpoints(), versioning_endpoint("detente.test", "1.2.3")],
        authenticator=ScopesInToken(),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield Driver(http, planner, told)
