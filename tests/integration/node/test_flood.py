"""A party with valid keys sends more than its share: it is told to wait, and nobody else has to."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.agreements import THREE
from tests.support.evil_peer import EvilPeer, delivery, evil_peer, resident_mb, text_body
from tests.support.measured import measured
from tests.support.nodes import NodeUnderTest, two_nodes, until

pytestmark = pytest.mark.anyio

MESSAGES = "/api/v1/line/messages"
WORKERS = 16
BIG_BYTES = 1 << 19
CUT = 0
"""Stands for a status: what is refused unread is cut off while it is still being sent."""
GROWTH_MB = 64
MORE_FILES = 80
"""64 connections of the flood, and what the database and the logs open meanwhile."""


@dataclass
class Flood:
    """Requests that are not urgent, each sent again as soon as it was answered."""

    evil: EvilPeer
    again: bytes
    """The body of a delivery that was taken already: it is taken as often as it comes."""
    answers: dict[str, list[int]] = field(default_factory=dict)
    """Statuses in the order of the answers, by what was asked."""

    def told(self, status: int, *kinds: str) -> int:
        """How often a status was the answer."""
        return sum(self.answers[kind].count(status) for kind in kinds or self.answers)

    async def send(self, number: int) -> None:
        """Ask for the same again and again."""
        kind, method, path, body = [
            ("messages", "POST", "/line/v1/inbox", self.again),
            ("messages", "POST", "/line/v1/inbox", self.again),
            ("pages", "GET", "/line/v1/from/0?limit=200", b""),
            ("messages", "POST", "/line/v1/inbox", self.again),
            ("log", "GET", "/log/checkpoint", b""),
            ("messages", "POST", "/line/v1/inbox", self.again),
            ("messages", "POST", "/line/v1/inbox", self.again),
            ("nonsense", "POST", "/line/v1/inbox", secrets.token_bytes(BIG_BYTES)),
        ][number % 8]
        told = self.answers.setdefault(kind, [])
        while True:
            try:
                told.append((await self.evil.call(method, path, body)).status_code)
            except httpx.TransportError:
                told.append(CUT)

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """From when the first are refused until the end."""
        tasks = [asyncio.create_task(self.send(number)) for number in range(WORKERS)]
        try:

            async def refused() -> bool:
                return self.told(429) >= WORKERS

            await until(refused)
            yield
            assert not any(task.done() for task in tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_sends_too_much_is_refused_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with (
        two_nodes(tmp_path, start=("a", "c"), officers=THREE) as net,
        evil_peer(net) as evil,
        await net["a"].login("durand") as a,
        await net["c"].login("okafor") as c,
    ):
        node = net["a"]
        once = evil.seal("message", text_body("once"))
        assert (await evil.post([once])).status_code == 200
        files, memory = descriptors(node), resident_mb(pid_of(node))
        # What is not signed is nobody's, and not answered: no quota would hold for it.
        for path in ("/log/checkpoint", "/witness/cosigned/" + "0" * 64, "/line/v1/from/0"):
            assert (await evil.call("GET", path, sign=lambda *_: {})).status_code == 401
        quota = (await measured(node))("line_refused_total", peer="b")
        flood = Flood(evil, delivery([once]))
        async with flood.going():
            # What is urgent is taken each time at the first attempt. Until then each of the flood's
            # senders was answered some times, and not for ever.
            for number in range(3):
                before = flood.told(200)
                call = await evil.tell(f"help {number}", "distress")
                assert flood.told(200) - before < 10 * WORKERS
                answer = await a.get(f"{MESSAGES}/{call.id}")
                assert answer.json()["urgency"] == "distress"
            # The third party notices nothing, in either direction.
            for here, there, at in ((c, "a", net["c"]), (a, "c", node)):
                await is_delivered(at, here, there)
            assert descriptors(node) <= files + MORE_FILES
            assert (await measured(node))("listeners") == 0
        # Something of each kind was taken all the same.
        for kind in ("messages", "pages", "log"):
            assert flood.told(200, kind), kind
        assert resident_mb(pid_of(node)) < memory + GROWTH_MB

        # What the node counts is what the flood was told. What was cut off may have been either.
        refused = (await measured(node))("line_refused_total", peer="b") - quota
        told, cut = flood.told(429), flood.told(CUT)
        assert told <= refused <= told + cut + WORKERS  # those under way when it ended
        assert (await measured(node))("line_refused_total", peer="c") == 0
        assert (await evil.post([once])).status_code == 200
        assert (await node.status())["faults"] == 0
        assert "Traceback" not in node.log


def pid_of(node: NodeUnderTest) -> int:
    assert node.process is not None
    return node.process.pid


def descriptors(node: NodeUnderTest) -> int:
    return len(os.listdir(f"/proc/{pid_of(node)}/fd"))


async def is_delivered(node: NodeUnderTest, http: httpx.AsyncClient, to: str) -> None:
    """Send a routine message, and wait until its receipt is there."""
    fields: dict[str, Any] = {"text": {"text": "routine", "language": "en"}}
    sent = await http.post(MESSAGES, json={"form": "text", "fields": fields, "to": to})
    assert sent.status_code == 201, sent.text

    async def receipted() -> bool:
        found = await http.get(f"{MESSAGES}/{sent.json()['id']}")
        return bool(found.json()["recipients"][0]["state"] == "delivered")

    await node.until(http, receipted)
