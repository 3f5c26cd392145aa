"""What needs two persons: proposing, deciding, using; and the accounts that it guards."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import rfc8785
from tests.support.desks import ACCOUNTS, Office, office, reopened
from tests.support.party_records import A

from detente.http import Caller
from detente.node.approval_rules import (
    FOUR_EYES,
    ActionUnusable,
    ApprovalClosed,
    ApprovalMissing,
    ApprovalRefused,
    NoSuchApproval,
    action_sha256,
)
from detente.node.approval_tables import APPROVAL_PROJECTION
from detente.node.roles import PERMISSIONS, Role
from detente.record import Query

pytestmark = pytest.mark.anyio
APPROVALS = "/api/v1/approvals"
EXPORT: dict[str, Any] = {"first": 1, "last": 40, "to": "arbiter"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, staffed=False) as made:
        for role in (Role.DUTY_CHIEF, Role.CUSTODIAN, Role.ADMIN):
            await made.staff(ACCOUNTS[role], role)
        yield made


def caller(officer: str, role: Role, session: str) -> Caller:
    return Caller(officer, PERMISSIONS[role] | {"step-up"}, "session", 0, session)


KEEPER = caller("keeper", Role.CUSTODIAN, "s1")
CHIEF = caller("a-2", Role.DUTY_CHIEF, "s2")
OTHER = caller("keeper-2", Role.CUSTODIAN, "s3")


async def propose(http: httpx.AsyncClient, action: dict[str, Any], kind: str = "export") -> Any:
    answer = await http.post(APPROVALS, json={"kind": kind, "action": action})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_two_persons_bind_the_party(desk: Office) -> None:
    approvals = desk.desk.approvals
    async with desk.at_work("keeper") as http:
        asked = await propose(http, EXPORT)
        bound = rfc8785.dumps({"action": EXPORT, "kind": "export"})
        assert asked["action_sha256"] == hashlib.sha256(bound).hexdigest()
        assert (asked["state"], asked["officer"], asked["mine"]) == ("pending", "keeper", True)
        session = (await http.get("/api/v1/session")).json()["id"]
    keeper = caller("keeper", Role.CUSTODIAN, session)
    with pytest.raises(ApprovalClosed):
        await approvals.consume(keeper, asked["id"], "export", EXPORT)
    async with desk.at_work("a-2") as http:
        listed = (await http.get(APPROVALS, params={"state": "pending"})).json()["approvals"]
        assert [each["action"] for each in listed] == [EXPORT]
        body = {"action_sha256": listed[0]["action_sha256"], "text": "Seen and agreed."}
        said = (await http.post(f"{APPROVALS}/{asked['id']}/approve", json=body)).json()
        assert (said["state"], said["decided_by"], said["text"]) == (
            "approved",
            "a-2",
            "Seen and agreed.",
        )
    used = await approvals.consume(keeper, asked["id"], "export", EXPORT)
    assert (used.state, used.decider) == ("used", "a-2")
    with pytest.raises(ApprovalClosed):
        await approvals.consume(keeper, asked["id"], "export", EXPORT)


async def test_each_step_is_in_the_record_and_signed(desk: Office) -> None:
    identity = await desk.sign_for("export", EXPORT, "keeper", "a-2")
    page = await desk.context.record.search(Query(kinds=("approval-request", "approval")))
    request, decision = (entry.payload for entry in page.entries)
    assert request is not None
    assert decision is not None
    assert str(request.id) == identity == decision.body["of"]
    assert request.channel == decision.channel == "own/approvals"
    assert request.to == ()
    assert request.author == A.node.name, "the keeper has no key in the agreement"
    assert decision.author == A.second.name, "the chief has one"
    assert decision.body["action_sha256"] == request.body["action_sha256"]
    rebuilt = await desk.context.record.rebuild(APPROVAL_PROJECTION)
    assert not rebuilt.differences, rebuilt


async def test_nobody_agrees_with_himself(desk: Office) -> None:
    async with desk.at_work("keeper") as http:
        asked = await propose(http, EXPORT)
        async with desk.at_work("keeper") as elsewhere:
            body = {"action_sha256": asked["action_sha256"]}
            said = await elsewhere.post(f"{APPROVALS}/{asked['id']}/approve", json=body)
            assert (said.status_code, said.json()["code"]) == (403, "approval.refused")
            said = await elsewhere.post(f"{APPROVALS}/{asked['id']}/reject", json={})
            assert said.status_code == 403


async def test_the_rules_of_two_persons(desk: Office) -> None:
    approvals = desk.desk.approvals
    asked = await approvals.propose(KEEPER, "export", EXPORT)
    for wrong in (
        CHIEF._replace(session=KEEPER.session),
        CHIEF._replace(session=""),
        CHIEF._replace(sub="keeper"),
    ):
        with pytest.raises(ApprovalRefused):
            await approvals.approve(wrong, asked.id, asked.sha256)
    with pytest.raises(ApprovalRefused):
        await approvals.approve(CHIEF, asked.id, action_sha256("export", {"first": 2}))
    await approvals.approve(CHIEF, asked.id, asked.sha256)
    for user, kind, action in (
        (OTHER, "export", EXPORT),
        (CHIEF, "export", EXPORT),
        (KEEPER, "erase", EXPORT),
        (KEEPER, "export", {**EXPORT, "last": 41}),
        (KEEPER, "export", {}),
    ):
        with pytest.raises(ApprovalRefused):
            await approvals.consume(user, asked.id, kind, action)
    with pytest.raises(ApprovalMissing):
        await approvals.consume(KEEPER, "", "export", EXPORT)
    with pytest.raises(NoSuchApproval):
        await approvals.consume(KEEPER, "no-such", "export", EXPORT)
    await approvals.consume(KEEPER, asked.id, "export", dict(reversed(EXPORT.items())))


async def test_an_approval_is_used_once_even_at_once(desk: Office) -> None:
    approvals = desk.desk.approvals
    asked = await approvals.propose(KEEPER, "export", EXPORT)
    await approvals.approve(CHIEF, asked.id, asked.sha256)
    results = await asyncio.gather(
        *(approvals.consume(KEEPER, asked.id, "export", EXPORT) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, ApprovalClosed) for each in results) == 4


async def test_requests_expire_are_refused_and_taken_back(desk: Office) -> None:
    approvals = desk.desk.approvals
    old, no, back, late = [await approvals.propose(KEEPER, "export", {"n": n}) for n in range(4)]
    await approvals.approve(CHIEF, late.id, late.sha256)
    assert (await approvals.reject(CHIEF, no.id, "Too wide.")).state == "rejected"
    with pytest.raises(ApprovalRefused):
        await approvals.withdraw(CHIEF, back.id)
    assert (await approvals.withdraw(KEEPER, back.id)).state == "withdrawn"
    for closed in (no, back):
        with pytest.raises(ApprovalClosed):
            await approvals.approve(CHIEF, closed.id, closed.sha256)
        with pytest.raises(ApprovalClosed):
            await approvals.consume(KEEPER, closed.id, "export", closed.action)
    desk.clock.ahead(hours=8)
    with pytest.raises(ApprovalClosed):
        await approvals.approve(CHIEF, old.id, old.sha256)
    with pytest.raises(ApprovalClosed):
        await approvals.consume(KEEPER, late.id, "export", late.action)
    states = {each.id: each.at(desk.clock()) for each in await approvals.newest()}
    assert states == {
        old.id: "expired",
        no.id: "rejected",
        back.id: "withdrawn",
        late.id: "expired",
    }


async def test_who_may_not_do_it_may_not_propose_it(desk: Office) -> None:
    approvals = desk.desk.approvals
    for kind, needed in FOUR_EYES.items():
        for role in Role:
            who = caller("x", role, "s")
            if needed in PERMISSIONS[role]:
                continue
            with pytest.raises(ApprovalRefused):
                await approvals.propose(who, kind, {})
    with pytest.raises(ActionUnusable):
        await approvals.propose(KEEPER, "unknown", {})
    with pytest.raises(ActionUnusable):
        await approvals.propose(KEEPER, "export", {"x": "y" * 70_000})
    with pytest.raises(ActionUnusable):
        await approvals.propose(KEEPER, "export", {"x": 2**60})


async def test_approvals_outlive_a_restart(desk: Office) -> None:
    identity = await desk.sign_for("export", EXPORT, "keeper", "a-2")
    later = await reopened(desk)
    try:
        used = await later.desk.approvals.consume(KEEPER, identity, "export", EXPORT)
        assert used.state == "used"
    finally:
        await later.context.record.close()


NEW = {"id": "a-1", "name": "Anna One", "roles": ["officer"]}


async def test_accounts_are_changed_by_two(desk: Office) -> None:
    async with desk.at_work("root") as http:
        alone = await http.post("/api/v1/officers", json=NEW)
        assert (alone.status_code, alone.json()["code"]) == (403, "approval.missing")
    action = {"do": "add", "language": "en", "break_glass": False, **NEW}
    approval = await desk.sign_for("officers", action, "root", "a-2")
    async with desk.at_work("root") as http:
        other = await http.post(
            "/api/v1/officers", json={**NEW, "roles": ["duty-chief"], "approval": approval}
        )
        assert other.json()["code"] == "approval.refused"
        made = await http.post("/api/v1/officers", json={**NEW, "approval": approval})
        assert made.status_code == 201, made.text
        assert made.json()["in_agreement"] is True
        again = await http.post("/api/v1/officers", json={**NEW, "approval": approval})
        assert (again.status_code, again.json()["code"]) == (409, "approval.closed")
        path = "/api/v1/officers/a-1/invitation"
        assert (await http.post(path, json={})).json()["code"] == "approval.missing"
    assert desk.context.noted("officer-added")[0]["account"] == "a-1"


async def test_blocking_is_at_once_and_does_not_make_anybody_alone(desk: Office) -> None:
    async with desk.at_work("a-2") as chief, desk.at_work("root") as http:
        for officer in ("a-2", "keeper"):
            assert (await http.post(f"/api/v1/officers/{officer}/block")).status_code == 200
        assert (await chief.get("/api/v1/session")).status_code == 401
        alone = await http.post("/api/v1/officers", json=NEW)
        assert alone.json()["code"] == "approval.missing"
        assert (await http.post("/api/v1/officers/root/block")).status_code == 400
    async with desk.client() as http:
        assert (await desk.log_in(http, "a-2")).status_code == 401


async def test_a_first_administrator_is_alone(tmp_path: Path) -> None:
    async with office(tmp_path, staffed=False) as made:
        await made.staff("root", Role.ADMIN)
        async with made.at_work("root") as http:
            chief = {"id": "a-2", "name": "Chief", "roles": ["duty-chief"]}
            assert (await http.post("/api/v1/officers", json=chief)).status_code == 201
            listed = (await http.get("/api/v1/officers")).json()
            assert (len(listed["officers"]), listed["second_person"]) == (2, False)
            for body, code in (
                (chief, "officers.exists"),
                ({"id": "b-9", "name": "X", "roles": ["officer"]}, "officers.refused"),
                ({"id": "Ann", "name": "X", "roles": ["observer"]}, "officers.refused"),
                ({"id": "x", "name": "\u202e", "roles": ["observer"]}, "officers.refused"),
                ({"id": "x", "name": "X", "roles": []}, "officers.refused"),
                ({"id": "x", "name": "X", "roles": ["public"]}, "officers.refused"),
                ({"id": "x", "name": "X", "roles": ["king"]}, "http.body"),
            ):
                answer = await http.post("/api/v1/officers", json=body)
                assert answer.json()["code"] == code, body
            nobody_left = {
                "name": "Root",
                "roles": ["observer"],
                "language": "fr",
                "active": True,
                "break_glass": False,
            }
            refused = await http.put("/api/v1/officers/root", json=nobody_left)
            assert refused.json()["code"] == "officers.refused"
            changed = await http.put("/api/v1/officers/a-2", json=nobody_left)
            assert (changed.status_code, changed.json()["language"]) == (200, "fr")
