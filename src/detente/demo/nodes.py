"""The two nodes of the demonstration: real processes, begun and run as a party does it."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from detente.demo.agreeing import PORT, Signatory
from detente.demo.servers import Keys
from detente.errors import DetenteError
from detente.node.beginning import SettingValue, begin_node
from detente.node.home import Home

HOST: Final = "127.0.0.1"
ADMIN: Final = "admin"
USS_PORT: Final = 8095
"""At which the nodes say that they are asked for details of plans."""
PACE_PER_S: Final = 1000
"""Requests that one account may make: a program stands in for officers, and types faster."""
LATER_MINUTES: Final = 60
EARLIER_MINUTES: Final = 30
"""By how much a way out may move a flight: passengers wait, but they do not come before."""
ASIDE_KM: Final = 4.0
"""How far to one side it may: a corridor of the usual width beside another one."""
_START_TIMEOUT_S: Final = 120.0
_STOP_TIMEOUT_S: Final = 30.0
_TOLD_CHARACTERS: Final = 1000


class NodeDidNotStart(DetenteError):
    """A node's process ended, or did not say that it is ready."""

    code = "demo.node_did_not_start"


class NodeProcess:
    """One party's node; made by `begun_nodes`.

    Attributes:
        who: whose it is.
        peer: the other party.
        url: of its interface for officers; the same after a restart.
        invitation: token of its administrator's account.
        up: set while it accepts connections.
    """

    def __init__(self, who: Signatory, peer: Signatory, url: str, invitation: str) -> None:
        self.who = who
        self.peer = peer
        self.url = url
        self.invitation = invitation
        self.up = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Id of its process; None if it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it; returns when it accepts connections.

        Raises:
            NodeDidNotStart: with the end of what it logged.
        """
        with self.who.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "detente", "node", "run", str(self.who.node)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # A Ctrl-C in the terminal is for the demonstration, which ends its nodes itself.
                start_new_session=True,
            )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                ready: Any = json.loads(await self._process.stdout.readline())
            if ready["url"] != self.url:
                raise ValueError
        except (TimeoutError, ValueError, KeyError):
            raise NodeDidNotStart(
                f"The node of {self.who.name} did not say that it is ready: "
                + self.who.log.read_text("utf-8", "replace")[-_TOLD_CHARACTERS:],
                where=str(self.who.log),
            ) from None
        self.up.set()

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is flushed."""
        self.up.clear()
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def stop(self) -> None:
        """SIGTERM, and wait for the orderly end; SIGKILL if it does not come."""
        self.up.clear()
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            with suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            await self.kill()
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise


@asynccontextmanager
async def running_nodes(
    agreement: Path, parties: Sequence[Signatory], exchange: str, keys: Keys
) -> AsyncIterator[list[NodeProcess]]:
    """Begin both nodes and run them while the block runs.

    Args:
        agreement: directory of it.
        parties: both.
        exchange: URL of the exchange that they plan at.
        keys: their tokens are signed with these.

    Raises:
        NodeDidNotStart: one did not.
        DetenteError: see `begin_node`.
    """
    ports = _free_ports(3 * len(parties))
    api_ports, line_ports, uss_ports = ports[::3], ports[1::3], ports[2::3]
    uss_at = dict(zip((party.id for party in parties), uss_ports, strict=True))
    line_at = dict(zip((party.id for party in parties), line_ports, strict=True))
    nodes = []
    for party, peer, port in zip(parties, reversed(parties), api_ports, strict=True):
        settings: dict[str, SettingValue] = {
            "api-port": port,
            "peer-host": HOST,
            "peer-port": line_at[party.id],
            # The agreement's hosts are examples: both nodes are on this machine.
            "peer-network": ["127.0.0.0/8"],
            "connect-to": [
                f"{peer.host}:{PORT}={HOST}:{line_at[peer.id]}",
                f"{peer.host}:{USS_PORT}={HOST}:{uss_at[peer.id]}",
            ],
            "rate-limit": float(PACE_PER_S),
            "rate-burst": PACE_PER_S,
            "exchange": [exchange],
            "base-url": f"http://{party.host}:{USS_PORT}",
            "uss-port": uss_at[party.id],
            "token-key": str(keys.private_key.absolute()),
            "auth-public-key": [str(keys.public_key.absolute())],
            "way-delay-minutes": LATER_MINUTES,
            "way-advance-minutes": EARLIER_MINUTES,
            "way-aside-km": ASIDE_KM,
            # Nobody publishes constraints on this day.
            "process-constraints": False,
            # Nobody has certificates for names that are examples.
            "allow-http-uss-urls": True,
        }
        home = Home(party.node, party.id, party.keys, party.keys)
        begun = await begin_node(home, agreement, settings, ADMIN)
        nodes.append(NodeProcess(party, peer, f"http://{HOST}:{port}", begun.invited.token))
    try:
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(node.start())
        yield nodes
    finally:
        await asyncio.gather(*(node.stop() for node in nodes))


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
