"""Two real nodes plan: what their records hold of it, and what is told from the records alone."""

from __future__ import annotations

import asyncio
import base64
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.instance import token
from tests.support.nodes import until
from tests.support.planners import PlanningNode, circle, planners

from detente.f3548 import uss_types as uss
from detente.verify import Options, verify_bundle

pytestmark = pytest.mark.anyio


async def search(node: PlanningNode, kind: str) -> list[Any]:
    """All entries of a kind in a node's record, oldest first."""
    found: list[Any] = []
    after = ""
    while True:
        page = await node.ask("GET", f"/record/entries?kind={kind}&limit=200{after}")
        found += page["entries"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def test_what_decided_is_told_from_the_record_with_the_others_signed_word(
    tmp_path: Path,
) -> None:
    async with planners(tmp_path) as there:
        a, b = there["a"], there["b"]
        first = await a.file([circle(47.0, 8.0)], name="first")
        assert first["result"] == "done", first
        refused = await b.file([circle(47.001, 8.0)], name="second", operator="Sample Air")
        assert refused["result"] == "refused", refused

        why = await b.ask("GET", f"/plans/{refused['id']}/why")
        assert (why["result"], why["rule"]) == ("refused", "SCD0035")
        (met,) = why["conflicts"]
        assert met["with_id"] == first["id"]
        source = met["source"]
        assert source["signature"]["key"].startswith("node.a.example/")
        entry = await b.ask("GET", f"/record/entries/{source['entry']['index']}")
        assert entry["kind"] == "uss-exchange"
        assert entry["payload_sha256"] == source["entry"]["sha256"]
        told = entry["body"]["exchange"]
        assert told["recorder_role"] == "Client"
        assert told["url"].endswith(f"/uss/v1/operational_intents/{first['id']}")
        answer = msgspec.json.decode(base64.b64decode(told["response_body"]))
        assert answer["operational_intent"]["reference"]["id"] == first["id"]
        assert not any("eyJ" in header for header in told["headers"])
        roles = [each["properties"]["role"] for each in why["geometry"]["features"]]
        assert sorted(roles) == ["ours", "shared", "theirs"]
        assert first["id"] in why["text"]["fr"]

        # The other side has recorded the same exchange, as its server.
        theirs = [
            each["body"]
            for each in await search(a, "uss-exchange")
            if first["id"] in each["body"]["about"]
            and each["body"]["exchange"]["recorder_role"] == "Server"
        ]
        assert [each["party"] for each in theirs] == ["b"]
        assert theirs[0]["exchange"]["response_body"] == told["response_body"]

        # An acceptance is told as well.
        beside = await b.file([circle(47.0, 8.02)], name="third")
        assert beside["result"] == "done", beside
        why = await b.ask("GET", f"/plans/{beside['id']}/why")
        assert why["result"] == "done"
        assert why["accepted"]["kind"] == "operational-intent"

        for node in (a, b):
            kinds = {each["kind"] for each in await search(node, "planning-attempt")}
            assert kinds == {"planning-attempt"}
        await _everything_verifies(b, tmp_path)


async def _everything_verifies(node: PlanningNode, directory: Path) -> None:
    """The record is whole; a bundle of it verifies. A log set takes two persons."""
    job = await node.ask("POST", "/record/verify")

    async def over() -> Any:
        found = await node.ask("GET", f"/jobs/{job['id']}")
        return found if found["state"] != "running" else None

    done = await until(over)
    assert done["state"] == "done", done
    assert not done["result"]["faults"], done
    await _bundle(node, directory / "all.zip")


async def _bundle(node: PlanningNode, path: Path) -> None:
    wanted: dict[str, Any] = {
        "purpose": "a trial", "items": "", "channels": ["own/plans", "own/uss"], "kinds": [],
        "since": None, "until": None, "withhold": [],
    }  # fmt: skip
    data = await by_two(node, "export", "/record/exports", wanted)
    job = data["id"]
    async with await node.node.login_by_app("keeper") as http:

        async def over() -> Any:
            found = (await http.get(f"/api/v1/jobs/{job}")).json()
            return found if found["state"] != "running" else None

        done = await until(over)
        assert done["state"] == "done", done
        answer = await http.get(f"/api/v1/record/exports/{job}")
        assert answer.status_code == 200
        await asyncio.to_thread(path.write_bytes, answer.content)
    report = verify_bundle(path, Options(accept="single"))
    assert report.proven, report.findings
    assert "planning-attempt" in {item.kind for item in report.items}


async def by_two(node: PlanningNode, kind: str, path: str, action: dict[str, Any]) -> Any:
    """Do what takes two persons: the keeper asks, an officer agrees, the keeper does it."""
    async with await node.node.login("keeper") as keeper:
        asked = await keeper.post("/api/v1/approvals", json={"kind": kind, "action": action})
        assert asked.status_code == 201, asked.text
        request = asked.json()
        body = {"action_sha256": request["action_sha256"], "text": "agreed"}
        async with await node.node.login(node.officer) as other:
            decided = await other.post(f"/api/v1/approvals/{request['id']}/approve", json=body)
            assert decided.is_success, decided.text
        done = await keeper.post(f"/api/v1{path}", json={**action, "approval": request["id"]})
        assert done.is_success, done.text
        if kind == "log-set":
            fetched = await keeper.get(f"/uss/v1/log_sets/{done.json()['id']}")
            assert fetched.status_code == 200, fetched.text
            return fetched.content
        return done.json()


async def test_who_is_met_by_a_higher_priority_is_told(tmp_path: Path) -> None:
    async with planners(tmp_path) as there:
        a, b = there["a"], there["b"]
        first = await a.file([circle(47.0, 8.0)], name="first")
        over = await b.file([circle(47.001, 8.0)], priority=50)
        assert (first["result"], over["result"]) == ("done", "done")
        assert over["conflicts"][0]["allowed"]

        async def told() -> Any:
            found = [each["body"] for each in await search(a, "operator-notice")]
            return [each for each in found if each["event"] == "SCD0095"]

        (notice,) = await until(told)
        assert (notice["intent"], notice["with_id"]) == (first["id"], over["id"])
        assert over["id"] in notice["text"]["en"]
        assert over["id"] in notice["text"]["fr"]
        heard = [
            each["body"]
            for each in await search(a, "uss-exchange")
            if each["body"]["exchange"]["method"] == "POST" and over["id"] in each["body"]["about"]
        ]
        assert {each["party"] for each in heard} >= {"b"}
        assert {each["exchange"]["response_code"] for each in heard} == {204}


async def test_a_log_set_leaves_in_the_standards_form(tmp_path: Path) -> None:
    async with planners(tmp_path) as there:
        a, b = there["a"], there["b"]
        first = await a.file([circle(47.0, 8.0)], operator="Sample Air")
        refused = await b.file([circle(47.0, 8.0)], operator="Other Air")
        assert (first["result"], refused["result"]) == ("done", "refused")
        wanted = {
            "purpose": "inquiry", "intent": refused["id"], "since": None, "until": None, "to": "",
        }  # fmt: skip
        data = await by_two(b, "log-set", "/log-sets", wanted)
        made = msgspec.json.decode(data, type=uss.USSLogSet)
        assert [each.operator_id for each in made.operator_associations] == ["Other Air"]
        (attempt,) = made.planning_attempts
        assert attempt.operational_intent_id == refused["id"]
        assert "SCD0035" in (attempt.problem or "")


def position(lat: float, lng: float, *, ago_s: float = 0.0) -> dict[str, Any]:
    """Where an aircraft is now, or was."""
    moment = datetime.fromtimestamp(time.time() - ago_s, UTC)
    now = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "time_measured": {"value": now, "format": "RFC3339"},
        "position": {
            "latitude": lat,
            "longitude": lng,
            "altitude": {"value": 550.0, "reference": "W84", "units": "M"},
        },
        "velocity": {"speed": 20.0, "units_speed": "MetersPerSecond"},
    }


async def test_an_aircraft_that_leaves_is_declared_and_its_telemetry_told(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        begun = await a.file([circle(47.0, 8.0, start_s=-30)], state="Activated")
        assert begun["result"] == "done", begun
        path = f"/plans/{begun['id']}/positions"
        inside = await a.ask("POST", path, {"positions": [position(47.0, 8.0, ago_s=9)]})
        assert inside["positions"][0]["inside"] is True
        await a.ask("POST", path, {"positions": [position(47.01, 8.0, ago_s=6)]})

        async def stands(state: str) -> bool:
            reference = await there.reference(begun["id"])
            return bool(reference["state"] == state)

        await until(lambda: stands("Nonconforming"))
        url = f"{a.base_url}/uss/v1/operational_intents/{begun['id']}/telemetry"
        headers = {"authorization": f"Bearer {token('b')}"}
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            answer = await http.get(url)
            assert answer.status_code == 200, answer.text
            assert answer.json()["telemetry"]["position"]["latitude"] == 47.01
        back = [position(47.0, 8.0, ago_s=4), position(47.0, 8.0)]
        await a.ask("POST", path, {"positions": back})
        await until(lambda: stands("Activated"))
        counted = await a.ask("GET", "/conformance")
        assert counted["hours"] > 0
        assert not counted["counts"]
        notices = [each["body"]["event"] for each in await search(a, "operator-notice")]
        assert "CMSA0115" in notices
