"""Nodes that plan, with a real exchange: everything of one's own processes.

    async with planners(tmp_path) as there:
        a, b = there["a"], there["b"]
        done = await a.file([circle(47.0, 8.0)])
        assert done["result"] == "done"

Every node is a forked `detente node run`, the exchange a forked `detente exchange`. What USSs ask
of one another goes through a `Proxy` of the test, and so does what they ask of the exchange: each
can be cut, held, delayed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.support.agreements import OFFICERS, Officers, World
from tests.support.instance import HOST, Instance, key_pair, running, token
from tests.support.nodes import Net, NodeUnderTest, Proxy, two_nodes

Volume = dict[str, Any]


def circle(
    lat: float,
    lng: float,
    *,
    radius_m: float = 200.0,
    low_m: float = 500.0,
    high_m: float = 600.0,
    start_s: float = 60.0,
    end_s: float = 1800.0,
) -> Volume:
    """A volume of the wire; times in seconds from now."""
    now_s = time.time()
    return {
        "volume": {
            "outline_circle": {
                "center": {"lat": lat, "lng": lng},
                "radius": {"value": radius_m, "units": "M"},
            },
            "altitude_lower": _metres(low_m),
            "altitude_upper": _metres(high_m),
        },
        "time_start": _time(now_s + start_s),
        "time_end": _time(now_s + end_s),
    }


def _metres(value: float) -> dict[str, Any]:
    return {"value": value, "reference": "W84", "units": "M"}


def _time(at_s: float) -> dict[str, str]:
    text = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"value": text, "format": "RFC3339"}


@dataclass
class PlanningNode:
    """One party's node and a session of one of its officers."""

    node: NodeUnderTest
    uss: Proxy
    base_url: str
    manager: str
    officer: str
    http: httpx.AsyncClient | None = None
    stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    entering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, *more: str) -> None:
        """Start the node (again)."""
        await self.node.start(*more)
        await self.close()

    async def kill(self) -> None:
        """SIGKILL."""
        await self.node.kill()

    async def close(self) -> None:
        """End the officer's session here."""
        self.http = None
        await self.stack.aclose()
        self.stack = contextlib.AsyncExitStack()

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask the officers' interface below /api/v1, as an officer who may plan."""
        async with self.entering:
            if self.http is None:
                client = await self.node.login(self.officer)
                self.http = await self.stack.enter_async_context(client)
            http = self.http
        return await http.request(method, f"/api/v1{path}", json=body)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The same; a success, decoded."""
        answer = await self.call(method, path, body)
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def file(self, volumes: Sequence[Volume], **more: Any) -> Any:
        """File a plan; the outcome. Without ways out, unless they are asked for."""
        return await self.ask("POST", "/plans?ways_out=0", {"volumes": list(volumes), **more})

    async def change(self, plan: str, volumes: Sequence[Volume], **more: Any) -> Any:
        """Change a plan; the outcome."""
        body = {"volumes": list(volumes), **more}
        return await self.ask("PUT", f"/plans/{plan}?ways_out=0", body)

    async def act(self, plan: str, what: str, body: Any = None) -> Any:
        """`activate`, `end`, `nonconforming`, `contingent` or `conform`; the outcome."""
        return await self.ask("POST", f"/plans/{plan}/{what}?ways_out=0", body or {})

    async def plans(self) -> list[Any]:
        """Its plans that have not ended."""
        found: list[Any] = (await self.ask("GET", "/plans?limit=1000"))["plans"]
        return found

    async def planning(self) -> Any:
        """What the node's status says of planning."""
        return (await self.node.status())["planning"]


@dataclass
class Planners:
    """The nodes of all parties, and the exchanges."""

    net: Net
    nodes: dict[str, PlanningNode]
    exchanges: dict[str, Instance]
    ways: dict[str, Proxy]
    """Between nodes and exchanges, by the exchange's name."""

    def __getitem__(self, party: str) -> PlanningNode:
        return self.nodes[party]

    async def references(
        self, volume: Volume, *, exchange: str = "main", sub: str = "watcher"
    ) -> list[Any]:
        """References of intents at an exchange that are relevant to a volume."""
        async with self.exchanges[exchange].connection() as dss:
            reply = await dss.call(
                "POST",
                "/dss/v1/operational_intent_references/query",
                {"area_of_interest": volume},
                sub=sub,
            )
        assert reply.status == 200, reply
        found: list[Any] = reply.body["operational_intent_references"]
        return found

    async def reference(self, intent: str, *, exchange: str = "main", sub: str = "watcher") -> Any:
        """One reference; None if there is none."""
        path = f"/dss/v1/operational_intent_references/{intent}"
        async with self.exchanges[exchange].connection() as dss:
            reply = await dss.call("GET", path, sub=sub)
        if reply.status == 404:
            return None
        assert reply.status == 200, reply
        return reply.body["operational_intent_reference"]

    async def availability(self, manager: str, state: str, *, exchange: str = "main") -> None:
        """Have an arbitrator say that a USS is Normal, Down or Unknown."""
        path = f"/dss/v1/uss_availability/{manager}"
        async with self.exchanges[exchange].connection() as dss:
            before = (await dss.call("GET", path)).body["version"]
            body = {"old_version": before, "availability": state}
            reply = await dss.call("PUT", path, body)
        assert reply.status == 200, reply


async def details(node: PlanningNode, intent: str, *, sub: str = "watcher") -> httpx.Response:
    """Ask a node for an intent's details, as another USS does (U1)."""
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(
            f"{node.base_url}/uss/v1/operational_intents/{intent}",
            headers={"authorization": f"Bearer {token(sub)}"},
        )


def planning_options(
    root: Path, party: str, base_url: str, exchanges: Mapping[str, str]
) -> list[str]:
    """Options by which a node plans, with tokens that the tests' exchange believes."""
    private, public = root / "tokens.key", root / "tokens.pem"
    if not private.exists():
        private.write_bytes(key_pair()[0])
        public.write_bytes(key_pair()[1])
    options = ["--base-url", base_url, "--uss-port", "0", "--allow-http-uss-urls"]
    options += ["--peer-allow-any", "--auth-public-key", str(public)]
    options += ["--token-key", str(private), "--token-subject", party]
    for name, url in exchanges.items():
        options += ["--exchange", f"{name}={url}"]
    return options


@asynccontextmanager
async def planners(
    root: Path,
    *,
    start: Sequence[str] = ("a", "b"),
    settings: Sequence[str] = (),
    change: Callable[[World], None] | None = None,
    officers: Officers = OFFICERS,
    areas: Mapping[str, Path | None] | None = None,
    exchange_options: Sequence[str] = (),
) -> AsyncIterator[Planners]:
    """Nodes that plan at one exchange, `main`, or at those of `areas`; gone afterwards.

    Args:
        root: a directory of the test's.
        start: which nodes to start.
        settings: further options of every node.
        change: of the agreement, before it is signed.
        officers: of which parties there are nodes.
        areas: exchanges by name, each with the GeoJSON file of its area (None: everywhere).
        exchange_options: further options of every exchange.
    """
    async with contextlib.AsyncExitStack() as stack:
        exchanges, ways, urls = {}, {}, {}
        options = list(settings)
        for name, area in (areas or {"main": None}).items():
            directory = root / f"exchange-{name}"
            directory.mkdir(exist_ok=True)
            storage = ["--data", str(directory / "data"), "--allow-http-uss-urls"]
            exchanges[name] = await stack.enter_async_context(
                running(directory, storage, *exchange_options)
            )
            ways[name] = Proxy()
            urls[name] = f"http://{HOST}:{await ways[name].start()}"
            ways[name].target = exchanges[name].port
            stack.push_async_callback(ways[name].close)
            if area is not None:
                options += ["--exchange-area", f"{name}={area}"]
        net = await stack.enter_async_context(
            two_nodes(root, start=(), settings=options, change=change, officers=officers)
        )
        nodes = {}
        for party, node in net.nodes.items():
            node.uss = uss = Proxy()
            base_url = f"http://{HOST}:{await uss.start()}"
            stack.push_async_callback(uss.close)
            node.options += planning_options(root, party, base_url, urls)
            nodes[party] = PlanningNode(node, uss, base_url, party, officers[party][0])
            stack.push_async_callback(nodes[party].close)
        for party in start:
            await nodes[party].start()
        yield Planners(net, nodes, exchanges, ways)
