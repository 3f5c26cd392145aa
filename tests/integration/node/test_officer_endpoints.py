"""Every endpoint of officers, sessions and approvals, as every role: the matrix decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.support.desks import ACCOUNTS, Office, office

from detente.http import (
    Application,
    Endpoint,
    Request,
    RequestHead,
    Response,
    any_of,
    build_app,
)
from detente.node.roles import ALL_PERMISSIONS, PERMISSIONS, Role

pytestmark = pytest.mark.anyio

# A body that passes for the endpoint's type; what is behind the door is tested elsewhere.
BODIES: dict[str, dict[str, Any]] = {
    "logIn": {"officer": "nobody", "password": "x"},
    "challengeForLogIn": {"officer": "nobody"},
    "proveIdentity": {"code": "000000"},
    "acceptInvitation": {"token": "x"},
    "completeInvitation": {"token": "x", "password": "x", "code": "x"},
    "changePassword": {"password": "short"},
    "confirmApp": {"code": "000000"},
    "addKey": {"name": "key", "answer": {}},
    "addOfficer": {"id": "no-such", "name": "New", "roles": ["observer"]},
    "changeOfficer": {
        "name": "x",
        "roles": ["observer"],
        "language": "en",
        "active": True,
        "break_glass": False,
    },
    "inviteOfficer": {},
    "setSubject": {"subject": "x"},
    "propose": {"kind": "unknown", "action": {}},
    "approve": {"action_sha256": "00"},
    "reject": {},
}
LAST = ("lockSession", "logOut")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def staffed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with office(tmp_path_factory.mktemp("office")) as made:
        yield made


def endpoints(made: Office) -> list[Endpoint]:
    found = list(made.app.endpoints)
    return sorted(found, key=lambda each: (each.operation_id in LAST, each.operation_id))


async def call(http: httpx.AsyncClient, endpoint: Endpoint) -> httpx.Response:
    path = "/".join(
        "no-such" if part.startswith("{") else part for part in endpoint.path.split("/")
    )
    body = BODIES.get(endpoint.operation_id)
    assert (body is not None) == (endpoint.body is not None), endpoint.operation_id
    return await http.request(endpoint.method, path, json=body)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_the_matrix_decides_who_gets_in(staffed: Office, role: Role) -> None:
    held = PERMISSIONS[role] | {"step-up"}
    async with staffed.at_work(ACCOUNTS[role]) as http:
        for endpoint in endpoints(staffed):
            answer = await call(http, endpoint)
            code = answer.json().get("code", "") if answer.content else ""
            allowed = not endpoint.scopes or any(each <= held for each in endpoint.scopes)
            assert (code != "auth.scope") == allowed, (endpoint.operation_id, answer.text)
            assert answer.status_code < 500, (endpoint.operation_id, answer.text)
            if not allowed:
                assert answer.status_code == 403


def doors(made: Office) -> Application:
    """An endpoint for each permission, and nothing behind it."""

    async def open_door(request: Request[None]) -> Response:
        return Response(204)

    return build_app(
        [
            Endpoint(
                method="GET",
                path=f"/{permission}",
                handler=open_door,
                operation_id=permission,
                summary=permission,
                responses={204: None},
                scopes=any_of(permission),
            )
            for permission in sorted(ALL_PERMISSIONS)
        ],
        authenticator=made.desk.authenticator,
    )


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_a_role_opens_the_doors_that_the_matrix_names(staffed: Office, role: Role) -> None:
    async with staffed.at_work(ACCOUNTS[role]) as inside:
        cookies = {"cookie": f"__Host-detente={inside.cookies['__Host-detente']}"}
    transport = httpx.ASGITransport(app=doors(staffed))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://node.a.example", headers=cookies
    ) as http:
        opened = {
            permission
            for permission in ALL_PERMISSIONS
            if (await http.get(f"/{permission}")).status_code == 204
        }
    assert opened == PERMISSIONS[role]


async def test_a_session_of_somebody_blocked_opens_nothing(staffed: Office) -> None:
    await staffed.staff("passing", Role.OBSERVER)
    async with staffed.at_work("passing") as http:
        caller = await staffed.desk.authenticator.authenticate(
            RequestHead.of(headers={"cookie": f"__Host-detente={http.cookies['__Host-detente']}"}),
            0,
        )
        assert staffed.desk.scopes_now(caller) == caller.scopes
        account = staffed.desk.officers.get("passing")
        await staffed.desk.officers.change(replace(account, active=False))
        assert (await http.get("/api/v1/session")).status_code == 401
        assert staffed.desk.scopes_now(caller) == frozenset()


async def test_nobody_gets_in_without_a_session(staffed: Office) -> None:
    async with staffed.client() as http:
        for endpoint in endpoints(staffed):
            answer = await call(http, endpoint)
            code = answer.json().get("code", "")
            if endpoint.public:
                assert code != "auth.session"
            else:
                assert (answer.status_code, code) == (401, "auth.session"), endpoint.operation_id


async def test_a_session_that_is_not_fresh_binds_nobody(staffed: Office) -> None:
    async with staffed.at_work("root") as http:
        staffed.clock.ahead(minutes=6)
        for endpoint in endpoints(staffed):
            if any("step-up" in each for each in endpoint.scopes):
                answer = await call(http, endpoint)
                assert answer.json()["code"] == "auth.scope", endpoint.operation_id


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_a_locked_session_reads_and_does_nothing_else(staffed: Office, role: Role) -> None:
    async with staffed.at_work(ACCOUNTS[role]) as http:
        staffed.clock.ahead(minutes=16)
        for endpoint in endpoints(staffed):
            if not endpoint.scopes:
                continue
            answer = await call(http, endpoint)
            code = answer.json().get("code", "")
            reads = any(
                all(name.endswith(".read") for name in each) and each <= PERMISSIONS[role]
                for each in endpoint.scopes
            )
            assert (code != "auth.scope") == reads, (endpoint.operation_id, answer.text)


async def test_a_page_of_another_site_changes_nothing(staffed: Office) -> None:
    async with staffed.at_work("root") as http:
        for endpoint in endpoints(staffed):
            if endpoint.method == "GET":
                continue
            for origin in ("https://evil.example", "null", "http://node.a.example"):
                http.headers["origin"] = origin
                answer = await call(http, endpoint)
                assert (answer.status_code, answer.json()["code"]) == (403, "http.origin")
        http.headers["origin"] = "https://node.a.example"
        assert (await http.get("/api/v1/session")).status_code == 200
