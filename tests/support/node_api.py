"""A node to attack: Party A's, with a session of every role in every condition, and its peer.

with attacked_node(directory) as node:
    node.caller("officer", "fresh").send("GET", "/api/v1/session")

What a session may do is derived here from the matrix of roles and the conditions of sessions as the
manual states them, not from the code that the server decides with.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import requests
from tests.support.nodes import Net, NodeUnderTest, two_nodes, until

from detente.node.agreement_now import AgreementNow
from detente.node.context import NodeContext
from detente.node.home import Home, now
from detente.node.officers_desk import open_desk
from detente.node.opening import open_node_record
from detente.node.passwords import Passwords
from detente.node.roles import PERMISSIONS, Role
from detente.node.settings import NodeSettings

Condition = Literal["fresh", "stale", "locked", "cookie"]
CONDITIONS: tuple[Condition, ...] = ("fresh", "stale", "locked")

ACCOUNTS: Mapping[Role, str] = {
    Role.OBSERVER: "screen",
    Role.OFFICER: "durand",
    Role.DUTY_CHIEF: "martin",
    Role.CUSTODIAN: "keeper",
    Role.ADMIN: "root",
    Role.AUDITOR: "reviewer",
}
ROLES: tuple[Role, ...] = tuple(ACCOUNTS)
VICTIM = "nobody-special"
"""An account that attacks may change: nobody works with it."""
MORE: Mapping[str, tuple[Role, ...]] = {VICTIM: (Role.OBSERVER,), "keeper-2": (Role.CUSTODIAN,)}
PASSING = 30
"""Accounts with one session, which a test may put out."""

Found = TypeVar("Found")


def expected_scopes(role: Role, condition: Condition) -> frozenset[str]:
    """What a session has by the manual: the role's row; reading only once it is locked; and what
    binds only while identity was proved a moment ago."""
    row = PERMISSIONS[role]
    if condition == "locked":
        return frozenset(name for name in row if name.rpartition(".")[2] == "read")
    return row if condition == "stale" else row | {"step-up"}


@dataclass
class Caller:
    """Somebody with headers that say who; without any, the public."""

    url: str
    headers: dict[str, str]
    scopes: frozenset[str] | None
    name: str
    account: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def send(self, method: str, path: str, **rest: Any) -> requests.Response:
        """Send one request."""
        headers = {**self.headers, **rest.pop("headers", {})}
        return self.session.request(
            method, self.url + path, headers=headers, timeout=30, allow_redirects=False, **rest
        )

    def json(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """Send one request that has to be answered in a certain way."""
        answer = self.send(method, path, json=body)
        assert answer.status_code == status, (self.name, method, path, answer.text)
        return answer.json() if answer.content else None


class AttackedNode:
    """Party A's node, which runs, and Party B's, which it hears."""

    def __init__(
        self, net: Net, tokens: Mapping[tuple[str, Condition], str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.net = net
        self._tokens = tokens
        self._loop = loop
        self._callers: dict[tuple[str, str], Caller] = {}
        self._passed = 0

    @property
    def node(self) -> NodeUnderTest:
        """Party A's."""
        return self.net["a"]

    @property
    def url(self) -> str:
        """Of the officers' interface."""
        return self.node.url

    def document(self) -> dict[str, Any]:
        """The description that it publishes."""
        found: dict[str, Any] = requests.get(self.url + "/openapi.json", timeout=30).json()
        return found

    def caller(self, role: Role, condition: Condition = "fresh") -> Caller:
        """A session of a role, always the same one."""
        return self.account(ACCOUNTS[role], condition, expected_scopes(role, condition))

    def account(
        self, account: str, condition: Condition = "fresh", scopes: frozenset[str] | None = None
    ) -> Caller:
        """A session of an account, always the same one."""
        made = self._callers.get((account, condition))
        if made is None:
            headers = self.headers(account, condition)
            made = Caller(self.url, headers, scopes, f"{account} {condition}", account)
            self._callers[account, condition] = made
        return made

    def headers(self, account: str, condition: Condition) -> dict[str, str]:
        """Headers that bring a session."""
        token = self._tokens[account, condition]
        if condition == "cookie":
            return {"cookie": f"detente={token}", "origin": self.url}
        return {"authorization": f"Bearer {token}"}

    def token(self, account: str, condition: Condition) -> str:
        """The secret of a session."""
        return self._tokens[account, condition]

    def passing(self) -> Caller:
        """A session that has not been used, of an account that nobody else uses."""
        self._passed += 1
        scopes = expected_scopes(Role.CUSTODIAN, "fresh")
        return self.account(f"passing-{self._passed}", scopes=scopes)

    def able(self, alternatives: Iterable[frozenset[str]]) -> Caller:
        """A session that has the scopes of one alternative; the public if none is asked for."""
        wanted = list(alternatives)
        if not wanted:
            return self.public()
        for role in (Role.DUTY_CHIEF, Role.CUSTODIAN, Role.ADMIN, Role.AUDITOR):
            if any(each <= expected_scopes(role, "fresh") for each in wanted):
                return self.caller(role)
        raise AssertionError(f"no role may do what needs {wanted}")

    def operator(self) -> Caller:
        """Whoever reads the node's own files: sees how the node and the lines are."""
        scopes = frozenset({"node.read", "peers.read"})
        return Caller(self.url, self.node.operator, scopes, "operator", "operator")

    def public(self) -> Caller:
        """Nobody, from elsewhere: programs on the node's own machine may read the metrics."""
        return Caller(self.url, {"x-forwarded-for": "192.0.2.7"}, None, "public")

    def run(self, work: Coroutine[Any, Any, Found]) -> Found:
        """Do something in the loop that the peers' proxies live in."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


async def _sessions(node: NodeUnderTest) -> dict[tuple[str, Condition], str]:
    """Tokens of sessions in every condition, begun before the node runs: it takes them up."""
    home = Home(node.directory, node.party, node.keys, node.keys)
    opened = await open_node_record(home)
    ago = timedelta(0)
    try:
        context = NodeContext(
            home.party,
            opened.record,
            AgreementNow(home, opened.record),
            lambda: now() - ago,
            secrets.token_bytes,
            home,
            NodeSettings(),
        )
        desk, _ = await open_desk(context, Passwords(time_cost=1, memory_kib=64))
        tokens: dict[tuple[str, Condition], str] = {}
        for account in node.accounts:
            for condition in ("fresh", "stale", "locked", "cookie"):
                ago = timedelta(hours=3 if condition == "stale" else 0)
                session, token = await desk.sessions.begin(
                    account,
                    "password+code",
                    bearer=condition != "cookie",
                    address="192.0.2.7",
                    agent="tests",
                )
                if condition == "locked":
                    await desk.sessions.lock(session)
                tokens[account, condition] = token
        ago = timedelta(0)
        for number in range(1, PASSING + 1):
            account = f"passing-{number}"
            await desk.officers.add(account, account.title(), (Role.CUSTODIAN,), frozenset())
            _, token = await desk.sessions.begin(
                account, "password+code", bearer=True, address="192.0.2.8", agent="tests"
            )
            tokens[account, "fresh"] = token
        return tokens
    finally:
        await opened.record.close()


@asynccontextmanager
async def _attacked(directory: Path, *settings: str) -> AsyncIterator[tuple[Net, Any]]:
    usual: dict[str, tuple[Role, ...]] = {account: (role,) for role, account in ACCOUNTS.items()}
    quick = ("--witness-every", "0.5", "--rate-limit", "100000", "--rate-burst", "100000")
    # A long run must not change the condition of a session.
    idle = ("--idle-lock", "21600", "--step-up", "7200")
    async with two_nodes(
        directory, start=(), settings=(*quick, *idle, *settings), accounts={"a": {**usual, **MORE}}
    ) as net:
        tokens = await _sessions(net["a"])
        await asyncio.gather(net["a"].start(), net["b"].start())
        await net.up()
        yield net, tokens


@contextmanager
def attacked_node(directory: Path, *settings: str) -> Iterator[AttackedNode]:
    """Both nodes, for tests that are not asynchronous; they end in order afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="peers", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, Found]) -> Found:
        return asyncio.run_coroutine_threadsafe(work, loop).result(180)

    nodes = _attacked(directory, *settings)
    try:
        net, tokens = run(nodes.__aenter__())
        try:
            yield AttackedNode(net, tokens, loop)
            for node in net.nodes.values():
                assert run(node.stop()) == 0, node.log[-4000:]
                faults = [line for line in node.log.splitlines() if _is_fault(line)]
                assert not faults, faults
        finally:
            run(nodes.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def _is_fault(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return True
    # A peer that ends answers 503; that is no fault of ours.
    return bool(said["level"] == "error" and said.get("status") != 503)


@dataclass
class Things:
    """What there is on the node, for requests that mean something. All ids.

    Attributes:
        ours: a message of ours to B, with a file.
        theirs: a message of B's to us.
        call: a test call of ours.
        room: its only member of ours is the duty chief.
        approval: a request for an export, that waits; `digest` is its hash.
        blob: SHA-256 of a file of `ours`.
        job: that has looked at the record.
    """

    ours: str
    theirs: str
    call: str
    room: str
    approval: str
    digest: str
    blob: str
    job: str


EXPORT: Mapping[str, Any] = {
    "purpose": "for a test", "items": "0-3", "channels": [], "kinds": [],
    "since": None, "until": None, "withhold": [],
}  # fmt: skip


def text_message(words: str, **more: Any) -> dict[str, Any]:
    """A message in free text to B."""
    return {"form": "text", "fields": {"text": {"text": words, "language": "en"}}, "to": "b"} | more


def put_things(node: AttackedNode) -> Things:
    """Put something there by way of the interface itself."""
    officer, chief = node.caller(Role.OFFICER), node.caller(Role.DUTY_CHIEF)
    data = b"a sketch of nothing"
    answer = officer.send("POST", "/api/v1/line/files?type=text/plain", data=data)
    assert answer.status_code == 201, answer.text
    blob = answer.json()["sha256"]
    files = [{"sha256": blob, "media_type": "text/plain"}]
    messages = "/api/v1/line/messages"
    ours = officer.json("POST", messages, text_message("ours", files=files), status=201)["id"]
    theirs = node.run(_from_b(node))
    call = officer.json("POST", "/api/v1/line/test-calls", {"to": "b"}, status=201)["id"]
    opened = {"parties": ["b"], "officers": ["martin"], "title": {"en": "Room of the chief"}}
    room = chief.json("POST", "/api/v1/rooms", opened, status=201)["id"]
    asked = node.caller(Role.CUSTODIAN).json(
        "POST", "/api/v1/approvals", {"kind": "export", "action": dict(EXPORT)}, status=201
    )
    job = node.caller(Role.AUDITOR).json("POST", "/api/v1/record/verify", status=202)["id"]
    return Things(ours, theirs, call, room, asked["id"], asked["action_sha256"], blob, job)


async def _from_b(node: AttackedNode) -> str:
    async with await node.net["b"].login("nowak") as http:
        body = text_message("theirs", to="a")
        sent = await http.post("/api/v1/line/messages", json=body)
        assert sent.status_code == 201, sent.text
        identity: str = sent.json()["id"]

        async def here() -> bool:
            found = await http.get(f"/api/v1/line/messages/{identity}")
            return bool(found.json()["recipients"][0]["state"] != "queued")

        await until(here)
    return identity
