"""Drives a USS as a conformance tester does: as its user, and as who directs the test."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.support.instance import HOST, key_pair

from detente.http import TokenSigner

Json = dict[str, Any]
Pairs = Set[tuple[str, str]]
_DIRECT = "interuss.flight_planning.direct_automated_test"
_PLAN = "interuss.flight_planning.plan"
_SC = "utm.strategic_coordination"

PLANNED: Pairs = {("Completed", "Planned")}
ACTIVATED: Pairs = {("Completed", "OkToFly")}
NOT_PLANNED: Pairs = {("Rejected", "NotPlanned")}
KEPT_PLANNED: Pairs = {("Rejected", "Planned"), ("Rejected", "Closed"), ("NotSupported", "Planned")}
NOT_ACTIVATED: Pairs = {("Rejected", "NotPlanned"), ("Rejected", "Planned"), ("Rejected", "Closed")}
MODIFIED_ACTIVATED: Pairs = {("Completed", "OkToFly"), ("NotSupported", "OkToFly")}
KEPT_ACTIVATED: Pairs = {("Rejected", "OkToFly")}
OFF_NOMINAL: Pairs = {("Completed", "OffNominal")}
UNPLANNABLE: Pairs = {("Rejected", "NotPlanned"), ("Failed", "NotPlanned")}


def bearer(scope: str, sub: str = "tester") -> dict[str, str]:
    """Headers with a token for one scope."""
    signer = TokenSigner(key_pair()[0])
    token = signer.issue(sub=sub, audience=HOST, scopes=[scope], now_s=time.time())
    return {"authorization": f"Bearer {token}"}


@dataclass
class Flight:
    """A flight plan of the tester."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    last: Json = field(default_factory=dict)


class Tester:
    """Talks to one USS. Its area is cleared before and after a scenario."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url, self._http = url, http

    async def call(self, method: str, path: str, scope: str, body: Json | None = None) -> Any:
        """One request with a token for one scope."""
        headers = bearer(scope)
        return await self._http.request(method, self.url + path, json=body, headers=headers)

    async def put(
        self,
        flight: Flight,
        expected: Pairs,
        area: Sequence[Json],
        usage: str,
        uas: str = "Nominal",
        priority: int = 0,
    ) -> Json:
        """Ask for a flight; gives the answer, which must be one of those expected."""
        basic = {"usage_state": usage, "uas_state": uas, "area": list(area)}
        body = {
            "flight_plan": {
                "basic_information": basic,
                "astm_f3548_21": {"priority": priority},
            },
            "execution_style": "IfAllowed",
            "request_id": str(uuid.uuid4()),
        }
        path = f"/flight_planning/v1/flight_plans/{flight.id}"
        answer = await self.call("PUT", path, _PLAN, body)
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        assert (told["planning_result"], told["flight_plan_status"]) in expected, told
        flight.last = told
        return told

    async def delete(self, flight: Flight) -> None:
        """Remove a flight, which must be there."""
        path = f"/flight_planning/v1/flight_plans/{flight.id}"
        answer = await self.call("DELETE", path, _DIRECT)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["planning_result"], told["flight_plan_status"]) == ("Completed", "Closed")

    async def clear(self, extent: Json) -> None:
        """Clear the area."""
        body = {"request_id": str(uuid.uuid4()), "extent": extent}
        answer = await self.call("POST", "/flight_planning/v1/clear_area_requests", _DIRECT, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["outcome"]["success"], answer.text

    async def notifications(self, after: datetime) -> list[Json]:
        """What the user was told since."""
        query = httpx.QueryParams({"after": after.isoformat()})
        path = f"/flight_planning/v1/user_notifications?{query}"
        answer = await self.call("GET", path, _PLAN)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["user_notifications"]
        return found

    async def details(self, intent_id: str) -> httpx.Response:
        """What a peer is told of an intent."""
        answer: httpx.Response = await self.call(
            "GET", f"/uss/v1/operational_intents/{intent_id}", _SC
        )
        return answer


def soon(seconds: float) -> datetime:
    """A time from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
