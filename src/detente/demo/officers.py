"""The people of a node as the demonstration plays them: accounts, sessions, requests."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pyotp

from detente.demo.agreeing import CHIEF, DUTY
from detente.demo.nodes import ADMIN, NodeProcess
from detente.errors import DetenteError
from detente.node.roles import Role

ROLES: Final[Mapping[str, tuple[str, tuple[Role, ...]]]] = {
    DUTY: ("Duty officer", (Role.OFFICER, Role.CUSTODIAN)),
    CHIEF: ("Chief of the cell", (Role.OFFICER, Role.DUTY_CHIEF)),
}
"""Accounts that the administrator makes: name and roles by id."""
_FRESH_S: Final = 240.0
"""A proof of identity is good for 300 s; before that it is renewed."""
_TIMEOUT_S: Final = 60.0


class NodeRefused(DetenteError):
    """A node did not do what an officer of the demonstration asked."""

    code = "demo.node_refused"

    def __init__(self, message: str, status: int, answer: Any) -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever can log in.

    Attributes:
        id: of the account, and of the officer in the agreement.
        password: made up for this run.
        secret: of the authenticator app.
        recovery: each is good once, in place of the app's code.
    """

    id: str
    password: str
    secret: str
    recovery: list[str]


@dataclass(slots=True)
class Session:
    """An officer at work.

    Attributes:
        node: whose officer it is.
        account: who.
        token: of the session, for scripts.
        ends: when the session ends (RFC 3339).
    """

    node: NodeProcess
    account: Account
    http: httpx.AsyncClient = field(repr=False)
    token: str = field(default="", repr=False)
    ends: str = ""
    _proved_s: float = 0.0
    _proving: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def log_in(self) -> None:
        """Begin a session, with a recovery code: the app's code was used a moment ago."""
        body = {
            "officer": self.account.id,
            "password": self.account.password,
            "recovery": self.account.recovery.pop(0),
            "bearer": True,
        }
        self._renewed(await _asked(self.http, "POST", "/session", body))

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """What is at a path below /api/v1.

        Raises:
            NodeRefused: the node does not tell.
            httpx.TransportError: it is away.
        """
        return await _asked(self.http, "GET", path, query=query, token=self.token)

    async def post(
        self, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """Have something done; identity is proved anew when that is needed. Raises as `get`."""
        async with self._proving:  # once, however many want something done at this moment
            if time.monotonic() - self._proved_s > _FRESH_S:
                proof = {"password": self.account.password}
                self._renewed(
                    await _asked(self.http, "POST", "/session/proof", proof, token=self.token)
                )
        return await _asked(self.http, "POST", path, body, query=query, token=self.token)

    async def bytes(self, path: str) -> bytes:
        """What is at a path below /api/v1, as it is. Raises as `get`."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = await self.http.get(path, headers=headers)
        if not answer.is_success:
            raise NodeRefused(f"GET {path}: {answer.status_code}", answer.status_code, None)
        return answer.content

    async def fetch(self, path: str, target: Path) -> None:
        """A file at a path below /api/v1, onto the disk. Raises as `get`."""
        headers = {"authorization": f"Bearer {self.token}"}
        async with self.http.stream("GET", path, headers=headers) as answer:
            if not answer.is_success:
                raise NodeRefused(f"GET {path}: {answer.status_code}", answer.status_code, None)
            with target.open("wb") as file:
                async for data in answer.aiter_bytes():
                    file.write(data)

    def _renewed(self, answer: Any) -> None:
        self.token, self.ends = answer["token"], answer["ends"]
        self._proved_s = time.monotonic()


@asynccontextmanager
async def at_work(node: NodeProcess) -> AsyncIterator[dict[str, Session]]:
    """The officers of a node, invited by its administrator, each logged in; by account.

    Raises:
        NodeRefused: a step failed.
    """
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    async with httpx.AsyncClient(
        base_url=f"{node.url}/api/v1", timeout=_TIMEOUT_S, limits=limits, trust_env=False
    ) as http:
        admin = Session(node, await _accept(http, node.invitation), http)
        await admin.log_in()
        invitations = {}
        for account, (name, roles) in ROLES.items():
            await admin.post("/officers", {"id": account, "name": name, "roles": list(roles)})
            invited = await admin.post(f"/officers/{account}/invitation", {})
            invitations[account] = invited["token"]
        sessions = {ADMIN: admin}
        for account, token in invitations.items():
            sessions[account] = Session(node, await _accept(http, token), http)
            await sessions[account].log_in()
        yield sessions


async def _accept(http: httpx.AsyncClient, token: str) -> Account:
    """Take an invitation: a password, and an authenticator app."""
    told = await _asked(http, "POST", "/invitation", {"token": token})
    password = secrets.token_urlsafe(15)
    code = pyotp.TOTP(told["secret"]).now()
    body = {"token": token, "password": password, "code": code}
    codes = await _asked(http, "POST", "/invitation/complete", body)
    return Account(told["officer"], password, told["secret"], codes["recovery_codes"])


async def _asked(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    body: Any = None,
    *,
    query: Mapping[str, str | int] | None = None,
    token: str = "",
) -> Any:
    given: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    if body is None:
        given = {}
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = await http.request(method, path, params=query, headers=headers, **given)
    found = answer.json() if answer.content else None
    if not answer.is_success:
        told = found.get("message") if isinstance(found, dict) else None
        raise NodeRefused(
            f"{method} {path}: {answer.status_code} {told or answer.text[:200]}",
            answer.status_code,
            found,
        )
    return found
