"""Attacks on a running node that no description of its interface suggests."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest
import requests
from tests.support.node_api import (
    EXPORT,
    AttackedNode,
    Things,
    expected_scopes,
    put_things,
    text_message,
)
from tests.support.nodes import until

from detente.node.roles import Role

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("node-api")]

MESSAGES = "/api/v1/line/messages"


@pytest.fixture(scope="module")
def things(attacked: AttackedNode) -> Things:
    return put_things(attacked)


def together(*work: Any) -> list[requests.Response]:
    """Do several things at once."""
    with ThreadPoolExecutor(len(work)) as pool:
        return [each.result() for each in [pool.submit(one) for one in work]]


def asked(node: AttackedNode) -> dict[str, Any]:
    """A fresh request for an export, by the custodian."""
    made: dict[str, Any] = node.caller(Role.CUSTODIAN).json(
        "POST", "/api/v1/approvals", {"kind": "export", "action": dict(EXPORT)}, status=201
    )
    return made


def test_an_approval_is_decided_and_used_once_whoever_hurries(attacked: AttackedNode) -> None:
    keeper, chief = attacked.caller(Role.CUSTODIAN), attacked.caller(Role.DUTY_CHIEF)
    request = asked(attacked)
    approve = f"/api/v1/approvals/{request['id']}/approve"
    seen = {"action_sha256": request["action_sha256"]}
    for condition in ("fresh", "cookie"):  # the same person, in the same session and another one
        own = attacked.account(keeper.account, condition)
        assert own.send("POST", approve, json=seen).json()["code"] == "approval.refused"
    other = attacked.account("keeper-2")
    answers = together(
        *(lambda who=who: who.send("POST", approve, json=seen) for who in (chief, other) * 2)
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    export = {**EXPORT, "approval": request["id"]}
    second = attacked.account("keeper-2")
    stolen = second.send("POST", "/api/v1/record/exports", json=export)
    assert stolen.json()["code"] == "approval.refused"
    cookie = attacked.account(keeper.account, "cookie")
    answers = together(
        *(
            lambda who=who: who.send("POST", "/api/v1/record/exports", json=export)
            for who in (keeper, cookie) * 2
        )
    )
    assert sorted(each.status_code for each in answers) == [202, 409, 409, 409]


def test_the_same_request_at_once_states_something_once(
    attacked: AttackedNode, things: Things
) -> None:
    officer = attacked.caller(Role.OFFICER)
    for what in ("shown", "acknowledgement"):
        path = f"{MESSAGES}/{things.theirs}/{what}"
        body: dict[str, Any] = {"json": {}} if what == "acknowledgement" else {}
        answers = together(*[partial(officer.send, "POST", path, **body)] * 6)
        assert {each.status_code for each in answers} == {200}
        [ours] = officer.json("GET", f"{MESSAGES}/{things.theirs}")["recipients"]
        assert len(ours["shown"]) == 1
        assert len(ours["acknowledgements"]) == (what == "acknowledgement")


def test_what_is_said_in_a_room_stays_with_its_members(
    attacked: AttackedNode, things: Things
) -> None:
    """Not by the record, by its files, by a search for words, or by the stream of events."""
    chief, officer = attacked.caller(Role.DUTY_CHIEF), attacked.caller(Role.OFFICER)
    # B has to be in the room to hear it.
    attacked.run(_join(attacked, things.room))
    before = len(chief.json("GET", f"/api/v1/rooms/{things.room}/entries")["entries"])
    assert before
    said = chief.json(
        "POST",
        f"/api/v1/rooms/{things.room}/messages",
        {"fields": {"text": {"text": "the heron flies at dawn", "language": "en"}}},
        status=201,
    )
    words = "/api/v1/record/entries?text=heron&order=newest&limit=1"
    for role in (Role.DUTY_CHIEF, Role.CUSTODIAN, Role.AUDITOR):
        [found] = attacked.caller(role).json("GET", words)["entries"]
        assert found["id"] == said["id"]
    assert officer.json("GET", words) == {"entries": [], "next": None}
    for what in ("", "/envelope", "/proof"):
        for which in (said["id"], said["index"]):
            path = f"/api/v1/record/entries/{which}{what}"
            assert officer.send("GET", path).status_code == 404
    assert officer.send("GET", f"/api/v1/rooms/{things.room}").status_code == 404
    told = attacked.run(_events(attacked, "durand", things.room, said["index"]))
    assert said["index"] not in told
    assert said["index"] in attacked.run(_events(attacked, "martin", None, said["index"]))


def test_what_a_job_found_is_for_who_began_it_or_hands_evidence_out(
    attacked: AttackedNode,
) -> None:
    began = attacked.caller(Role.AUDITOR)
    job = began.json("POST", "/api/v1/record/verify", status=202)["id"]
    path = f"/api/v1/jobs/{job}"
    assert began.json("GET", path)["by"] == "reviewer"
    assert attacked.caller(Role.CUSTODIAN).json("GET", path)["id"] == job
    officer = attacked.caller(Role.OFFICER)
    none, other = (officer.json("GET", f"/api/v1/jobs/{each}", status=404) for each in ("0", job))
    assert other == {**none, "message": none["message"].replace("0", job, 1)}


async def _join(node: AttackedNode, room: str) -> None:
    """B joins a room, and A hears of it."""
    async with (
        await node.net["b"].login("lind") as there,
        node.node.client(node.headers("martin", "fresh")) as here,
    ):

        async def joined() -> bool:
            members = {"officers": ["lind"]}
            answer = await there.put(f"/api/v1/rooms/{room}/members", json=members)
            return answer.status_code == 200

        async def heard() -> bool:
            return "b" in (await here.get(f"/api/v1/rooms/{room}")).json()["present"]

        await until(joined)
        await until(heard)


async def _events(node: AttackedNode, account: str, room: str | None, beyond: int) -> list[int]:
    """Indices of the entries that a stream tells from the beginning, to one after `beyond`."""
    found: list[int] = []
    async with node.node.client(node.headers("durand", "fresh")) as officer:
        sent = await officer.post(MESSAGES, json=text_message("to end the stream with"))
        last = sent.json()["position"]
    assert last > beyond
    async with (
        node.node.client(node.headers(account, "fresh")) as http,
        http.stream("GET", "/api/v1/events", headers={"last-event-id": "0"}) as answer,
    ):
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith('data: {"index"'):
                event = json.loads(line.removeprefix("data: "))
                assert room is None or not event.get("channel", "").startswith(f"room/{room}/")
                found.append(event["index"])
                if event["index"] >= last:
                    return found
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.OFFICER, Role.ADMIN, Role.AUDITOR])
def test_streams_tell_each_role_what_it_may_read(attacked: AttackedNode, role: Role) -> None:
    kinds = {
        "security": "officers.read", "approval-request": "approvals.read", "message": "line.read",
    }  # fmt: skip
    asked(attacked)
    scopes = expected_scopes(role, "fresh")
    told = attacked.run(_kinds(attacked, role))
    for kind, needed in kinds.items():
        assert (kind in told) == (needed in scopes), kind


async def _kinds(node: AttackedNode, role: Role) -> set[str]:
    """Kinds of all entries so far that a stream tells, until it is silent."""
    found = set()
    caller = node.caller(role)
    async with (
        node.node.client(caller.headers) as http,
        http.stream("GET", "/api/v1/events?after=0", timeout=0.5) as answer,
    ):
        try:
            async for line in answer.aiter_lines():
                if line.startswith('data: {"index"'):
                    found.add(json.loads(line.removeprefix("data: ")).get("kind", "erased"))
        except httpx.ReadTimeout:
            pass
    return found


def test_cookies_and_tokens_are_not_mistaken_for_one_another(attacked: AttackedNode) -> None:
    url = attacked.url + "/api/v1/session"
    bearer = attacked.token("screen", "fresh")
    cookie = attacked.token("screen", "cookie")
    other = attacked.token("durand", "cookie")
    origin = {"origin": attacked.url}

    def status(method: str = "GET", path: str = "", **headers: str) -> int:
        return requests.request(method, url + path, headers=headers, timeout=30).status_code

    assert status(cookie=f"detente={cookie}") == 200
    assert status(authorization=f"Bearer {cookie}") == 401
    assert status(cookie=f"detente={bearer}") == 401
    assert status(cookie=f"detente={cookie}; detente={other}") == 401
    assert status(cookie=f"__Host-detente={cookie}") == 401
    # With a token the cookie does not count, not even if the token is none.
    assert status(cookie=f"detente={cookie}", authorization="Bearer nobody") == 401
    assert status(cookie=f"detente={cookie}", authorization="Basic x") == 401
    active = ("POST", "/active")
    assert status(*active, cookie=f"detente={cookie}", **origin) == 204
    for bad in (
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": attacked.url + ".evil.example"},
        {"origin": f"{attacked.url}, https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert status(*active, cookie=f"detente={cookie}", **bad) == 403, bad
    # Not even somebody without a session is logged in by a page of another site.
    login = {"officer": "screen", "password": "x"}
    evil = {"origin": "https://evil.example"}
    assert requests.post(url, json=login, headers=evil, timeout=30).status_code == 403


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"\xff\xfe{}", 400),
        (b'{"form": "text", "form": "text"}', 400),
        (json.dumps(text_message("\ud800")).encode(), 400),
        (json.dumps(text_message("x" * 3_000_000)).encode(), 422),
        (json.dumps(text_message("nul\0")).encode(), 422),
        (json.dumps({**text_message("x"), "fields": {"x": 10**400}}).encode(), 422),
        (b'{"form": "text", "to": "b", "fields": {"text": Infinity}}', 400),
        (json.dumps(text_message("x", to="b\0")).encode(), 422),
        (json.dumps(text_message("x", answers="0" * 36)).encode(), 404),
    ],
)  # fmt: skip
def test_odd_bodies_are_refused(attacked: AttackedNode, data: bytes, status: int) -> None:
    answer = attacked.caller(Role.OFFICER).send("POST", MESSAGES, data=data)
    assert answer.status_code == status, answer.text[:500]
    assert answer.json()["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/../../run.json", "/api/v1/%2e%2e/%2e%2e/run.json", "//api/v1/session",
        "/api/v1/session/", "/api/v1/session;x", "/API/v1/session", "/api/v1/officers/%2e%2e",
        "/api/v1/officers/a%2Fb", "/api/v1/officers/%00", "/api/v1/officers/%ff",
        "/api/v1/record/entries/-1", "/api/v1/record/entries/%30%30",
        "/api/v1/record/entries/99999999999999999999", "/api/v1/record/exports/..%2f..%2frun.json",
        "/api/v1/record/blobs/..%2frun.json", "/run.json", "/.git/config",
        "/api/v1/record/entries?since=0001-01-01T00:00:00%2B23:59",
        "/api/v1/record/entries?until=9999-12-31T23:59:59-23:59",
        "/api/v1/proposals?since=0001-01-01T00:00:00%2B23:59",
        "/api/v1/record/entries?kind=" + "a," * 4000, "/api/v1/record/checkpoint?size=999999999999",
        "/api/v1/line/messages?peer=%00&before=999999999999999", "/api/v1/approvals?before=%00",
    ],
)  # fmt: skip
def test_odd_paths_lead_nowhere(attacked: AttackedNode, path: str) -> None:
    secret = json.loads((attacked.node.directory / "run.json").read_text())["token"]
    raw = httpx.Client(base_url=attacked.url, headers=attacked.headers("reviewer", "fresh"))
    with raw:
        answer = raw.send(raw.build_request("GET", path), follow_redirects=False)
    assert answer.status_code in (200, 400, 403, 404), (path, answer.text)
    assert secret not in answer.text
