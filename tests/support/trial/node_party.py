"""A node of ours in the trial: asked through its officers' interface, heard through its record."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import httpx
from tests.support.nodes import until
from tests.support.planners import PlanningNode
from tests.support.trial.parties import Heard, Ruling

from detente.planning import unpacked

Json = dict[str, Any]
_RESULTS: dict[str, Literal["accepted", "rejected", "failed"]] = {
    "done": "accepted",
    "refused": "rejected",
    "failed": "failed",
}
_SETTLED_S = 20.0


class NodeParty:
    """One node; its name in the trial is the sub that it has at the exchange.

    Args:
        node: an officer's session there, who may plan and read the record.
    """

    def __init__(self, node: PlanningNode) -> None:
        self.name, self.base_url = node.manager, node.base_url
        self._node = node
        self._first = 0
        self.exchanges: list[Json] = []

    async def _ask(self, method: str, path: str, body: Json, before: Json | None) -> Ruling:
        answer = await self._node.call(method, f"/plans{path}?ways_out=0", body)
        if answer.status_code != 200:
            return Ruling("failed", f"{answer.status_code} {answer.text}", before)
        told = answer.json()
        faults = [fault["words"]["en"] for fault in told["faults"]]
        met = [each["words"]["en"] for each in told["conflicts"] if not each["allowed"]]
        why = " ".join([*faults, *met, *(f"unsettled {each}" for each in told["unsettled"])])
        return Ruling(_RESULTS[told["result"]], why, self._intent(told["plan"]))

    def _intent(self, plan: Json | None) -> Json | None:
        if plan is None or plan["ended"]:
            return None
        (filed,) = plan["filed"]
        return {
            "reference": {
                "id": plan["id"],
                "manager": self.name,
                "version": filed["version"],
                "state": plan["state"],
                "ovn": filed["ovn"],
            },
            "details": {
                name: plan[name] for name in ("volumes", "off_nominal_volumes", "priority")
            },
        }

    async def plan(self, volumes: Sequence[Json], priority: int) -> Ruling:
        return await self._ask("POST", "", {"volumes": list(volumes), "priority": priority}, None)

    async def modify(self, intent: Json, volumes: Sequence[Json]) -> Ruling:
        body = {"volumes": list(volumes), "priority": intent["details"]["priority"]}
        return await self._ask("PUT", f"/{intent['reference']['id']}", body, intent)

    async def activate(self, intent: Json) -> Ruling:
        return await self._ask("POST", f"/{intent['reference']['id']}/activate", {}, intent)

    async def declare(self, intent: Json, state: str, off_nominal: Sequence[Json]) -> Ruling:
        body = {"off_nominal_volumes": list(off_nominal)}
        path = f"/{intent['reference']['id']}/{state.lower()}"
        return await self._ask("POST", path, body, intent)

    async def conform(self, intent: Json) -> Ruling:
        return await self._ask("POST", f"/{intent['reference']['id']}/conform", {}, intent)

    async def end(self, intent: Json) -> Ruling:
        return await self._ask("POST", f"/{intent['reference']['id']}/end", {}, intent)

    async def read(self) -> list[Json]:
        """All exchanges of messages that are on record so far (ExchangeRecord), oldest first."""
        after: int | None = None
        while True:
            query = {"kind": "uss-exchange", "first": str(self._first), "limit": "200"}
            if after is not None:
                query["after"] = str(after)
            answer = await self._node.call("GET", f"/record/entries?{httpx.QueryParams(query)}")
            assert answer.status_code == 200, answer.text
            page = answer.json()
            for entry in page["entries"]:
                self._first = entry["index"] + 1
                self.exchanges.append(_exchange(entry["body"]))
            after = page["next"]
            if after is None:
                return self.exchanges

    async def heard(self) -> list[Heard]:
        found = []
        for exchange in await self.read():
            if exchange["recorder_role"] != "Server" or exchange["method"] != "POST":
                continue
            if not exchange["url"].endswith("/uss/v1/operational_intents"):
                continue
            try:
                body = json.loads(base64.b64decode(exchange["request_body"]))
                intent = body.get("operational_intent")
                version = intent["reference"]["version"] if intent else None
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # a lie
            at = datetime.fromisoformat(exchange["request_time"]["value"]).timestamp()
            status = exchange.get("response_code", 0)
            found.append(Heard(body["operational_intent_id"], version, at, status))
        return found

    async def settle(self) -> None:
        """Wait until no order is open, and nothing waits to be recorded."""

        async def settled() -> bool:
            planning = await self._node.planning()
            return not planning["unsettled"] and not planning["recording"]

        await until(settled, within_s=_SETTLED_S)


def _exchange(body: Json) -> Json:
    """An ExchangeRecord, with the bodies of its messages in it."""
    packed = {
        f"{part}_body": base64.b64encode(unpacked(body[f"{part}_gzip"])).decode()
        for part in ("request", "response")
        if body[f"{part}_gzip"]
    }
    return {**body["exchange"], **packed}
