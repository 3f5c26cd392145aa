"""Real nodes of two or three parties on this machine, with everything between them that can fail.

    async with two_nodes(tmp_path) as net:
        await net.up()
        a, b = net["a"], net["b"]

Each node is a `detente node run` process. Peers reach it through a proxy of the test, which can cut
the line, stop passing bytes on (half open), or delay them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import httpx
import pyotp
from tests.support.agreements import OFFICERS, Officers, World, enrolled
from tests.support.forked_node import ForkedNode
from tests.support.instance import environment

from detente.node.agreement_now import AgreementNow
from detente.node.beginning import begin_node, invite
from detente.node.context import NodeContext
from detente.node.home import Home, now
from detente.node.officers_desk import open_desk
from detente.node.opening import open_node_record
from detente.node.passwords import Passwords
from detente.node.roles import Role
from detente.node.settings import NodeSettings

HOST = "127.0.0.1"
ADDRESSES = {
    "a": ("node.a.example", 443),
    "b": ("node.b.example", 8443),
    "c": ("node.c.example", 443),
}
PATIENCE_S = 60.0
START_S = 60.0
"""For a node to accept connections, on a machine that has much else to do."""


Changes = Literal["pass", "stop", "unanswered"]


@dataclass
class _Line:
    """One connection: what has become of a request on it that changes something."""

    changes: Changes = "pass"


class Proxy:
    """Passes connections on to a port that may change; can cut, hold and delay them."""

    def __init__(self) -> None:
        self.target: int | None = None
        self.delay_s = 0.0
        self.answer_delay_s = 0.0
        self.changes: Changes = "pass"
        """What becomes of requests that change something: they do not arrive; no answer does."""
        self.held = 0
        """How many such requests did not pass, or their answers did not, so far."""
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """End all connections, and refuse new ones until `mend`."""
        self._refusing = True
        self._abort()

    def hold(self) -> None:
        """Pass nothing on any more, and end nothing: a line that is half open."""
        self._open.clear()

    def mend(self) -> None:
        """Pass everything on again."""
        self._refusing = False
        self._open.set()

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self._abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._refusing or self.target is None:
                writer.transport.abort()
                return
            there, back = await asyncio.open_connection(HOST, self.target)
            self._writers.add(back)
            try:
                line = _Line()
                await asyncio.gather(
                    self._pass(line, reader, back),
                    self._pass(line, there, writer, answers=True),
                )
            finally:
                back.transport.abort()
                self._writers.discard(back)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _pass(
        self,
        line: _Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool = False,
    ) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            if self.changes != "pass" and not answers and data.startswith((b"PUT ", b"DELETE ")):
                line.changes = self.changes
                self.held += 1
            if line.changes == ("unanswered" if answers else "stop"):
                continue
            delay_s = self.delay_s + (self.answer_delay_s if answers else 0.0)
            if delay_s:
                await asyncio.sleep(delay_s)
            writer.write(data)
            await writer.drain()
        writer.transport.abort()


@dataclass
class Enrolled:
    """An account that can log in: each recovery code is good once, `app` is its app's secret."""

    password: str
    recovery: list[str]
    app: str


@dataclass
class NodeUnderTest:
    """One party's node."""

    party: str
    directory: Path
    keys: Path
    invitation: str
    proxy: Proxy
    options: list[str]
    accounts: dict[str, Enrolled]
    logs: Path
    process: asyncio.subprocess.Process | ForkedNode | None = None
    url: str = ""
    program: Sequence[str] = ()
    """Arguments of a fresh interpreter; if there are none, `detente node run` is forked."""
    uss: Proxy | None = None
    """Passes on what other USSs call, if the node plans."""

    @property
    def log(self) -> str:
        """What it has logged so far."""
        path = self.logs / f"node-{self.party}.log"
        return path.read_text() if path.exists() else ""

    async def start(self, *more: str, variables: Mapping[str, str] | None = None) -> None:
        """Start the process; returns when it accepts connections.

        Raises:
            RuntimeError: it has ended, or accepts none in time; with its log. It is gone then.
        """
        try:
            async with asyncio.timeout(START_S):
                await self._begin([str(self.directory), *self.options, *more], variables)
                assert self.process is not None
                assert self.process.stdout is not None
                line = await self.process.stdout.readline()
                if not line:
                    await self.process.wait()
        except TimeoutError:
            await self.kill()
            raise RuntimeError(f"no start in {START_S} s\n{self.log[-4000:]}") from None
        if not line:
            raise RuntimeError(self.log[-4000:])
        ready = json.loads(line)
        self.url = ready["url"]
        self.proxy.target = int(ready["line"].rpartition(":")[2])
        if self.uss is not None:
            self.uss.target = int(ready["uss"].rpartition(":")[2])

    async def _begin(self, arguments: list[str], variables: Mapping[str, str] | None) -> None:
        path = self.logs / f"node-{self.party}.log"
        if self.program:
            with path.open("ab") as log:
                self.process = await asyncio.create_subprocess_exec(
                    *(sys.executable, *self.program, *arguments),
                    env=environment(variables),
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                )
        else:
            self.process = await ForkedNode.start(
                ["node", "run", *arguments], environment(variables), path
            )

    async def stop(self) -> int:
        """SIGTERM, and wait for the orderly end; gives the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is flushed. One that never began is gone, too."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: its connections stay open, and nothing moves."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @property
    def operator(self) -> dict[str, str]:
        """Headers of the operator on this machine."""
        token = json.loads((self.directory / "run.json").read_text())["token"]
        return {"authorization": f"Bearer {token}"}

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """An HTTP client of the officers' interface; the operator's if nothing else is said."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers=dict(self.operator if headers is None else headers),
            timeout=30.0,
            trust_env=False,
        )

    async def login(self, account: str) -> httpx.AsyncClient:
        """A client in a fresh session of an account; to be entered."""
        enrolled_as = self.accounts[account]
        return await self._login(account, recovery=enrolled_as.recovery.pop())

    async def login_by_app(self, account: str) -> httpx.AsyncClient:
        """The same with a code of its app: the next one, good already. Twice is once too often."""
        code = pyotp.TOTP(self.accounts[account].app).at(datetime.now(UTC) + timedelta(seconds=30))
        return await self._login(account, code=code)

    async def _login(self, account: str, **second: str) -> httpx.AsyncClient:
        body = {
            "officer": account,
            "password": self.accounts[account].password,
            **second,
            "bearer": True,
        }
        async with self.client({}) as http:
            answer = await http.post("/api/v1/session", json=body)
        assert answer.status_code == 200, answer.text
        return self.client({"authorization": f"Bearer {answer.json()['token']}"})

    async def until(self, http: httpx.AsyncClient, true: Callable[[], Any]) -> Any:
        """Wait until something is true; it is asked at each event that this client may see."""
        async with (
            asyncio.timeout(PATIENCE_S),
            http.stream("GET", "/api/v1/events", timeout=PATIENCE_S) as answer,
        ):
            assert answer.status_code == 200
            lines = answer.aiter_lines()
            while not (found := await true()):
                async for line in lines:
                    if line.startswith("data: "):
                        break
                else:
                    raise AssertionError("the stream of events has ended")
            return found

    async def link(self, *states: str) -> None:
        """Wait until it says that all its lines are in one of these states."""
        async with self.client() as http:

            async def there() -> bool:
                links = (await http.get("/api/v1/status")).json()["links"]
                return all(link["state"] in states for link in links)

            await self.until(http, there)

    async def status(self) -> Any:
        """How it says it is."""
        async with self.client() as http:
            answer = await http.get("/api/v1/status")
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass
class Net:
    """The nodes of all parties."""

    world: World
    nodes: dict[str, NodeUnderTest]

    def __getitem__(self, party: str) -> NodeUnderTest:
        return self.nodes[party]

    async def up(self) -> None:
        """Wait until every node says that every line is up."""
        await asyncio.gather(*(node.link("up") for node in self.nodes.values()))


async def until(
    true: Callable[[], Any], *, within_s: float = PATIENCE_S, every_s: float = 0.02
) -> Any:
    """Wait until something is true; gives it."""
    async with asyncio.timeout(within_s):
        while True:
            found = await true()
            if found:
                return found
            await asyncio.sleep(every_s)


def agreed(
    root: Path,
    *,
    fresh: bool = False,
    change: Callable[[World], None] | None = None,
    officers: Officers = OFFICERS,
) -> World:
    """The example's agreement, signed by everybody, in force from yesterday for a year."""
    world = enrolled(root, fresh=fresh, officers=officers)
    today = datetime.now(UTC).replace(microsecond=0)
    world.change("from = 2026-12-01T00:00:00Z", f"from = {_toml(today - timedelta(days=1))}")
    world.change("until = 2027-12-01T00:00:00Z", f"until = {_toml(today + timedelta(days=365))}")
    if change is not None:
        change(world)
    world.sign_all()
    return world


def _toml(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@mock.patch("detente.node.credentials.qr_svg", mock.Mock(return_value=""))
async def enrol(home: Home, accounts: Mapping[str, Sequence[Role]]) -> dict[str, Enrolled]:
    """Accounts with a password and codes, made while the node does not run.

    The secret's picture is not drawn: that takes long, and nobody looks at it.
    """
    opened = await open_node_record(home)
    try:
        context = NodeContext(
            home.party,
            opened.record,
            AgreementNow(home, opened.record),
            now,
            secrets.token_bytes,
            home,
            NodeSettings(),
        )
        desk, _ = await open_desk(context, Passwords(time_cost=1, memory_kib=64))
        made = {}
        for account, roles in accounts.items():
            password = f"a long password of nobody {secrets.token_hex(4)}"
            invited = await invite(context, desk, account, f"Officer {account}", frozenset(roles))
            app = await desk.credentials.accept(invited.token)
            code = pyotp.TOTP(app.secret).now()
            _, codes = await desk.credentials.complete(invited.token, password, code)
            made[account] = Enrolled(password, codes, app.secret)
        return made
    finally:
        await opened.record.close()


@asynccontextmanager
async def two_nodes(
    root: Path,
    *,
    start: Sequence[str] = ("a", "b"),
    settings: Sequence[str] = (),
    change: Callable[[World], None] | None = None,
    accounts: Mapping[str, Mapping[str, Sequence[Role]]] | None = None,
    officers: Officers = OFFICERS,
) -> AsyncIterator[Net]:
    """Party A's and Party B's node, begun; those of `start` run. All are gone afterwards.

    With `officers=THREE` Party C's as well.

    `accounts` names other accounts of a party than the usual ones: its officers, each of them a
    duty chief, a custodian and an observer.
    """
    world = agreed(root, fresh=True, change=change, officers=officers)
    proxies = {party: Proxy() for party in officers}
    ports = {party: await proxy.start() for party, proxy in proxies.items()}
    nodes: dict[str, NodeUnderTest] = {}
    for party in officers:
        directory = root / f"node-{party}"
        home = Home(directory, party, world.keys(party), world.keys(party))
        begun = await begin_node(home, world.agreement, {}, "admin")
        first, second = officers[party]
        chief = (Role.OFFICER, Role.DUTY_CHIEF)
        usual: dict[str, Sequence[Role]] = {
            first: chief,
            second: chief,
            "keeper": (Role.CUSTODIAN,),
            "screen": (Role.OBSERVER,),
        }
        able = await enrol(home, (accounts or {}).get(party, usual))
        options = ["--api-port", "0", "--peer-port", "0", "--peer-host", HOST]
        options += ["--peer-network", "127.0.0.0/8", "--free-bytes-min", "0", *settings]
        for other in officers:
            host, port = ADDRESSES[other]
            if other != party:
                options += ["--connect-to", f"{host}:{port}={HOST}:{ports[other]}"]
        nodes[party] = NodeUnderTest(
            party,
            directory,
            world.keys(party),
            begun.invited.token,
            proxies[party],
            options,
            able,
            root,
        )
    net = Net(world, nodes)
    try:
        # One that fails ends the others: none begins when the test is over already.
        async with asyncio.TaskGroup() as starting:
            for party in start:
                starting.create_task(nodes[party].start())
        yield net
    except BaseException:
        for node in nodes.values():
            print(f"--- node {node.party}\n{node.log[-6000:]}")  # pytest shows it with the failure
        raise
    finally:
        for node in nodes.values():
            if node.process is not None and node.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    node.thaw()
                await node.kill()
        await asyncio.gather(*(proxy.close() for proxy in proxies.values()))
