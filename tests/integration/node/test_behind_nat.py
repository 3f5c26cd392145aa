"""Party B cannot be called: only it calls. Files both ways, a stop, and a restore of Party A."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.node.test_recovery import Signed
from tests.integration.node.test_two_nodes import events, message, reached, send, text
from tests.support.agreements import OFFICERS
from tests.support.nodes import Net, NodeUnderTest, two_nodes, until
from tests.support.program import detente

from detente.node.home import Home
from detente.node.roles import Role

pytestmark = pytest.mark.anyio

DRAIN_S = 2
QUICK = ("--witness-every", "0.3", "--shutdown-timeout", str(DRAIN_S))
SLACK_S = 4.0
"""For a busy machine. An errand that nobody ends waits for ten seconds, a stream for ever."""
CHIEF = (Role.OFFICER, Role.DUTY_CHIEF)
SKETCH = json.dumps(
    {
        "type": "Feature",
        "properties": {"name": "Où ?"},
        "geometry": {"type": "LineString", "coordinates": [[68.8, 36.7], [68.9, 36.75]]},
    },
    ensure_ascii=False,
).encode()


async def test_a_side_that_nobody_can_call_and_one_that_lost_its_record(tmp_path: Path) -> None:
    accounts: dict[str, dict[str, Sequence[Role]]] = {
        party: {**dict.fromkeys(officers, CHIEF), "operator": (Role.OBSERVER,)}
        for party, officers in OFFICERS.items()
    }
    async with two_nodes(tmp_path, start=(), settings=QUICK, accounts=accounts) as net:
        a, b = net["a"], net["b"]
        b.proxy.cut()
        b.options += ["--pull", "a"]
        await asyncio.gather(a.start(), b.start())
        async with await a.login("durand") as here, await b.login("nowak") as there:
            first = await files_arrive(net, here, there)
            made = await detente("node", "backup", a.directory, tmp_path / "copy")
            assert made.code == 0, made.err
            lost = [await send(here, text(f"after the copy {number}")) for number in range(3)]
            theirs = await send(there, text("B's, after the copy", to="a"))
            await reached(b, there, theirs, "delivered")
            for each in lost:
                await reached(a, here, each, "delivered")
            await is_cosigned(here, lost[-1])
            await an_account_may_be_called_operator(a, theirs)
            await everything_is_mirrored(a)
        await a.kill()

        # Its disk is gone. What it holds again is old, and B, who knows more, cannot be asked.
        signed = Signed()
        await look(signed, a, a.directory)
        before, a.directory = a.directory, tmp_path / "restored"
        done = await detente("node", "restore", tmp_path / "copy", a.directory, "--keys", a.keys)
        assert done.code == 0, done.err
        await a.start()
        async with await b.login("lind") as there:

            async def writes() -> bool:
                try:
                    return bool((await a.status())["mode"] == "writing")
                except (httpx.HTTPError, AssertionError, ValueError):
                    return False  # it starts anew

            await until(writes, within_s=30, every_s=0.1)
            async with await a.login("martin") as here:
                for each in (first, *lost, theirs):
                    assert await message(here, each) is not None, each
                after = await send(here, text("and on"))
                await reached(a, here, after, "delivered")
                answer = await send(there, text("heard", to="a", answers=after))
                await reached(a, here, after, "answered")
                await is_cosigned(here, answer)
            assert [(await node.status())["faults"] for node in (a, b)] == [0, 0]
            await ends_within_its_time(a)
            assert await b.stop() == 0

        # Whatever A's keys have signed, before the loss and after, they signed once.
        for node, directory in ((a, a.directory), (b, b.directory), (a, before)):
            await look(signed, node, directory)
        channels = {channel for sender, channel, _ in signed.envelopes if sender == "a"}
        assert any(each.startswith("line/b/") for each in channels), "no channel of its own"


async def files_arrive(net: Net, here: httpx.AsyncClient, there: httpx.AsyncClient) -> str:
    """A file and a sketch each way: B brings its own, and fetches A's. Gives A's message."""
    file = secrets.token_bytes(100_000)
    sent = {}
    for node, sender, receiver, to in (
        (net["a"], here, there, "b"),
        (net["b"], there, here, "a"),
    ):
        files = []
        for data, kind in ((file, "image/png"), (SKETCH, "application/geo+json")):
            path = f"/api/v1/line/files?type={kind.replace('+', '%2B')}"
            kept = await sender.post(path, content=data)
            assert kept.status_code == 201, kept.text
            files.append({"sha256": kept.json()["sha256"], "media_type": kind})
        identity = sent[to] = await send(sender, text("see these", to=to, files=files))
        await reached(node, sender, identity, "delivered")
        # A receipt says that the other side has the entry: then it has the files as well.
        found = await message(receiver, identity)
        assert found is not None
        listed = {each["sha256"]: (each["size"], each["media_type"]) for each in found["files"]}
        for data, kind in ((file, "image/png"), (SKETCH, "application/geo+json")):
            sha256 = hashlib.sha256(data).hexdigest()
            assert listed.pop(sha256) == (len(data), kind)
            got = await receiver.get(f"/api/v1/line/messages/{identity}/files/{sha256}")
            assert got.status_code == 200
            assert got.content == data
        assert not listed
    return sent["b"]


async def an_account_may_be_called_operator(node: NodeUnderTest, known: str) -> None:
    """It is an observer by its role; whoever reads the node's files is still somebody else."""
    async with await node.login("operator") as observer, node.client() as machine:
        for http, expected in ((observer, 200), (machine, 403)):
            answer = await http.get(f"/api/v1/line/messages/{known}")
            assert answer.status_code == expected, answer.text
        # Nor does the one hear on a stream what only the other may see.
        heard = []
        async with events(observer, 0) as told:
            async for name, _, event in told:
                heard.append((name, event.get("id")))
                if event.get("id") == known:
                    break
        assert ("entry", known) in heard
        assert (await machine.get("/api/v1/status")).status_code == 200


async def ends_within_its_time(node: NodeUnderTest) -> None:
    """SIGTERM while a stream is open, the peer is connected, and its errand waits for work."""
    async with await node.login("durand") as http, events(http):
        begun = time.monotonic()
        assert await node.stop() == 0
        assert time.monotonic() - begun < DRAIN_S + SLACK_S
    # Nobody had to be cut off.
    assert "graceful shutdown exceeded" not in node.log
    assert "Traceback" not in node.log


async def is_cosigned(http: httpx.AsyncClient, identity: str) -> None:
    async def bilateral() -> bool:
        entry: Any = await http.get(f"/api/v1/record/entries/{identity}")
        return bool(entry.json()["grade"] == "bilateral")

    await until(bilateral, every_s=0.1)


async def everything_is_mirrored(node: NodeUnderTest) -> None:
    """Wait until there is nothing that the other side has seen a hash of, and does not have."""

    async def cosigned() -> bool:
        record = (await node.status())["record"]
        return bool(record["cosigned"] == record["size"])

    await until(cosigned, every_s=0.1)


async def look(signed: Signed, node: NodeUnderTest, directory: Path) -> None:
    """Hold all that stands in a record against what was seen before."""
    home = Home(directory, node.party, node.keys, node.keys)
    async with home.opened(write=False) as record:
        await signed.look(record)
        assert await record.verify() == []
