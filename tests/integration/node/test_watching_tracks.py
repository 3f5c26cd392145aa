"""A node that keeps raw tracks: segments, what a kill leaves, and what two officers hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.flying import Receiver, receiver
from tests.support.measured import measured
from tests.support.nodes import PATIENCE_S, Net, NodeUnderTest, two_nodes

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("watching")]

FILE = """
crossings = false
[tracks]
segment_s = 2
[[feed]]
name = "north"
format = "sbs"
address = "tcp://127.0.0.1:{port}"
"""
SEGMENTS, HOLDS = "/api/v1/watch/segments", "/api/v1/watch/holds"


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[tuple[Net, Receiver, Path]]:
    async with receiver(47.0, 7.5) as flying, two_nodes(tmp_path, start=()) as net:
        path = tmp_path / "watch.toml"
        path.write_text(FILE.format(port=flying.port))
        await net["a"].start("--watch", str(path))
        yield net, flying, path


async def asked(http: httpx.AsyncClient, path: str, **query: str) -> Any:
    answer = await http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def by_two(
    first: httpx.AsyncClient, second: httpx.AsyncClient, path: str, action: dict[str, Any]
) -> None:
    """Have it done as two officers do."""
    proposed = await first.post("/api/v1/approvals", json={"kind": "tracks", "action": action})
    assert proposed.status_code == 201, proposed.text
    request = proposed.json()
    body = {name: value for name, value in action.items() if name not in ("do", "hold")}
    early = await first.post(path, json=body | {"approval": request["id"]})
    assert early.json()["code"] == "approval.closed"
    agreed = await second.post(
        f"/api/v1/approvals/{request['id']}/approve",
        json={"action_sha256": request["action_sha256"]},
    )
    assert agreed.status_code == 200, agreed.text
    done = await first.post(path, json=body | {"approval": request["id"]})
    assert done.status_code == 201, done.text


async def begun(node: NodeUnderTest) -> list[str]:
    """Wait until a segment is being written; their ids."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await node.status()
            found = [each.name for each in (node.directory / "tracks").iterdir()]
            if found:
                return found


async def test_segments_are_kept_recovered_and_held(net: tuple[Net, Receiver, Path]) -> None:
    nodes, _, path = net
    node = nodes["a"]
    async with await node.login("durand") as durand:

        async def sealed() -> Any:
            return (await asked(durand, SEGMENTS))["segments"]

        first = (await node.until(durand, sealed))[-1]
        assert first["rows"] >= 1
        assert (first["feeds"], first["aircraft"]) == (["north"], 1)
        assert (first["shed"], first["recovered"], first["held"]) == (0, False, [])
        watching = await asked(durand, "/api/v1/watch")
        assert watching["feeds"][0]["state"] == "fresh"
        assert watching["tracks"]["segments"] >= 1
        told = await measured(node)
        assert told("watch_running") == 1
        assert told("watch_alerts_open") == 0
        states = told.all("watch_feed_state", "state", feed="north")
        assert [name for name, value in states.items() if value] == ["fresh"]
        assert told("watch_feed_reports_total", feed="north") >= watching["feeds"][0]["reports"]
        assert told("watch_taken_total") >= watching["taken"] > 0
        assert told("watch_feed_dropped_total", feed="north") >= 0
        assert told("watch_tracks_shed_total") == told("watch_feed_shed_total", feed="north") == 0
    unfinished = await begun(node)
    await node.kill()
    await node.start("--watch", str(path))
    async with await node.login("durand") as durand, await node.login("martin") as martin:

        async def recovered() -> Any:
            found = await asked(durand, "/api/v1/record/entries", kind="track-loss")
            told = {each["id"] for each in found["entries"]}
            return told | {each["id"] for each in await sealed() if each["recovered"]}

        async def sealed() -> Any:
            return (await asked(durand, SEGMENTS))["segments"]

        assert set(unfinished) & await node.until(durand, recovered)

        # Two officers hold what was received then, and let it go.
        action = {
            "do": "hold",
            "since": first["first"],
            "until": first["last"],
            "aircraft": "",
            "ground": "inquiry 7",
        }
        refused = await durand.post(HOLDS, json={k: v for k, v in action.items() if k != "do"})
        assert refused.json()["code"] == "approval.missing"
        await by_two(durand, martin, HOLDS, action)
        (hold,) = (await asked(durand, HOLDS))["holds"]
        assert (hold["ground"], hold["officer"]) == ("inquiry 7", "durand")
        found = await asked(durand, SEGMENTS, until=first["last"])
        assert found["segments"][-1]["held"] == [hold["id"]]
        release = f"{HOLDS}/{hold['id']}/release"
        action = {"do": "release", "hold": hold["id"], "ground": "closed"}
        await by_two(martin, durand, release, action)
        assert (await asked(durand, HOLDS))["holds"] == []
        again = await martin.post(release, json={"ground": "closed"})
        assert again.json()["code"] == "watch.hold"
        odd = await durand.get(SEGMENTS, params={"since": "yesterday"})
        assert odd.status_code == 400
    assert await node.stop() == 0
    assert list((node.directory / "tracks").iterdir()) == []
