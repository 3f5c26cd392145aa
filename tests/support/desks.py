"""A node's desk over a real record, with an account for each role, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
from tests.support.party_records import START, A, Bytes, create, reopen, terms

from detente.http import Application, OriginGuard, build_app
from detente.node.approval_tables import APPROVAL_PROJECTION
from detente.node.desk import OFFICER_STATUSES, Desk, DeskRules
from detente.node.desk_endpoints import desk_endpoints
from detente.node.officer_context import OfficerAgreement
from detente.node.officer_tables import OFFICER_TABLES
from detente.node.oidc import Provider
from detente.node.passwords import Passwords
from detente.node.roles import Role
from detente.node.vault import Vault
from detente.record import JsonValue, PartyRecord, RecordPlace, Signer

ORIGIN = "https://node.a.example"
PASSWORD = "seven grey herons over water"
SECRET = b"a secret of thirty-two bytes....."[:32]

ACCOUNTS: dict[Role, str] = {
    Role.OBSERVER: "watcher",
    Role.OFFICER: "a-1",
    Role.DUTY_CHIEF: "a-2",
    Role.CUSTODIAN: "keeper",
    Role.ADMIN: "root",
    Role.AUDITOR: "reviewer",
}
HOLDERS = frozenset({"a-1", "a-2"})


@dataclass
class SetClock:
    """A clock that is set by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def ahead(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class _Agreed:
    """The agreement's terms without its text."""

    terms = staticmethod(terms)


@dataclass
class Context:
    """What a desk needs of a node."""

    record: PartyRecord
    clock: SetClock
    party: str = A.id
    random: Bytes = field(default_factory=lambda: Bytes("desk"))
    notes: list[tuple[str, str | None, Mapping[str, JsonValue]]] = field(default_factory=list)

    def agreement(self) -> OfficerAgreement:
        return _Agreed()

    def officer_signer(self, holder: str) -> Signer:
        return {"a-1": A.officer, "a-2": A.second}[holder]

    async def note_security(self, what: str, officer: str | None, **facts: JsonValue) -> None:
        self.notes.append((what, officer, facts))

    def noted(self, what: str) -> list[Mapping[str, JsonValue]]:
        return [
            {"officer": officer, **facts} for name, officer, facts in self.notes if name == what
        ]


def vault() -> Vault:
    return Vault(SECRET, Bytes("vault"))


@dataclass
class Office:
    """A desk, its application, and the secrets of those who work there."""

    place: RecordPlace
    context: Context
    desk: Desk
    app: Application
    guard: OriginGuard
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def clock(self) -> SetClock:
        return self.context.clock

    def code(self, officer: str) -> str:
        """The next code that has not been used."""
        self.clock.ahead(seconds=30)
        return pyotp.TOTP(self.secrets[officer]).at(self.clock.now)

    async def staff(self, officer: str, *roles: Role) -> None:
        """Make an account with a password and an app."""
        account = await self.desk.officers.add(officer, officer.title(), roles, HOLDERS)
        self.secrets[officer] = pyotp.random_base32()
        await self.desk.credentials.set_local(account, PASSWORD, self.secrets[officer])

    def client(
        self, address: str = "192.0.2.1", *, origin: str | None = ORIGIN
    ) -> httpx.AsyncClient:
        """A browser that has not logged in."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, client=(address, 1)),
            base_url=ORIGIN,
            headers={} if origin is None else {"origin": origin},
        )

    async def log_in(
        self, http: httpx.AsyncClient, officer: str, *, bearer: bool = False, **other: Any
    ) -> httpx.Response:
        body: dict[str, Any] = {"officer": officer, "password": PASSWORD, "bearer": bearer, **other}
        if not body.keys() & {"code", "assertion", "recovery"}:
            body["code"] = self.code(officer)
        answer = await http.post("/api/v1/session", json=body)
        if bearer and answer.status_code == 200:
            http.headers["authorization"] = f"Bearer {answer.json()['token']}"
        return answer

    @asynccontextmanager
    async def at_work(
        self, officer: str, *, bearer: bool = False
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client of an officer who has just logged in."""
        async with self.client() as http:
            answer = await self.log_in(http, officer, bearer=bearer)
            assert answer.status_code == 200, answer.text
            yield http

    async def sign_for(self, kind: str, action: dict[str, Any], by: str, second: str) -> str:
        """An approval by two persons; its id."""
        async with self.at_work(by) as http:
            asked = await http.post("/api/v1/approvals", json={"kind": kind, "action": action})
            assert asked.status_code == 201, asked.text
        async with self.at_work(second) as http:
            path = f"/api/v1/approvals/{asked.json()['id']}/approve"
            said = await http.post(path, json={"action_sha256": asked.json()["action_sha256"]})
            assert said.status_code == 200, said.text
        return str(asked.json()["id"])


RULES = DeskRules(host="node.a.example", refusal_s=0)


async def reopened(office: Office, **rest: Any) -> Office:
    """The same after a restart of the node."""
    await office.context.record.close()
    record = await reopen(office.place, tables=[OFFICER_TABLES], projections=[APPROVAL_PROJECTION])
    context = Context(record, office.clock, random=Bytes("again"))
    made = await _office(office.place, context, office.desk.rules, **rest)
    made.secrets.update(office.secrets)
    return made


async def _office(
    place: RecordPlace, context: Context, rules: DeskRules, provider: Provider | None = None
) -> Office:
    guard = OriginGuard([ORIGIN])
    desk = await Desk.open(
        context,
        rules,
        vault(),
        guard,
        lambda: frozenset({ORIGIN}),
        provider=provider,
        passwords=Passwords(time_cost=1, memory_kib=8),
        monotonic=lambda: context.clock().timestamp(),
    )
    app = build_app(
        desk_endpoints(desk),
        authenticator=desk.authenticator,
        guard=guard,
        statuses=OFFICER_STATUSES,
        clock=lambda: int(context.clock().timestamp() * 1e6),
    )
    return Office(place, context, desk, app, guard)


@asynccontextmanager
async def office(
    directory: Path,
    *,
    rules: DeskRules = RULES,
    provider: Provider | None = None,
    clock: SetClock | None = None,
    staffed: bool = True,
) -> AsyncIterator[Office]:
    """A desk with an account for each role, if it is to be staffed."""
    clock = clock or SetClock()
    place = RecordPlace(directory / "record")
    record = await create(
        place, A, clock=clock, tables=[OFFICER_TABLES], projections=[APPROVAL_PROJECTION]
    )
    made = await _office(place, Context(record, clock), rules, provider)
    try:
        if staffed:
            for role, officer in ACCOUNTS.items():
                await made.staff(officer, role)
        yield made
    finally:
        await made.context.record.close()
