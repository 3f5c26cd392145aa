"""A restored node whose last checkpoint was seen and is lost: somebody decides, at a terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.integration.cli.at_node import called
from tests.support.nodes import NodeUnderTest, two_nodes
from tests.support.program import Finished, detente

from detente.agreement import load_agreement
from detente.node.home import find
from detente.node.mirror import Mirror
from detente.node.opening import open_node_record
from detente.record import Draft, TileRef

pytestmark = pytest.mark.anyio


class Gone:
    """A log whose owner has lost it before it could be read."""

    async def tile(self, ref: TileRef) -> bytes:
        raise OSError(f"gone: {ref}")


async def signed_and_lost(a: NodeUnderTest, b: NodeUnderTest, agreement: Path) -> tuple[str, str]:
    """A signs a checkpoint that B only sees; gives the log's name and the checkpoint."""
    opened = await open_node_record(find(a.directory))
    try:
        record = opened.record
        await record.append([(Draft("message", "line/b", ("b",), {"text": "lost"}), None)])
        note = (await record.checkpoint()).note
        origin = record.origin
    finally:
        await record.close()
    ours = load_agreement(agreement).terms().member("a")
    with pytest.raises(OSError, match="gone"):
        await Mirror(b.directory / "mirror").take(origin, note, [ours.log], Gone())
    return origin, note


async def recover(a: NodeUnderTest, *more: str, answer: str = "") -> Finished:
    """`detente node recover` by somebody at a terminal."""
    return await called(
        "node", "recover", a.directory, *a.options, *more, typed=answer, terminal=True
    )


async def test_what_was_only_seen_is_abandoned_by_whoever_types_its_name(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as net:
        a, b = net["a"], net["b"]
        await net.up()
        runs = await recover(a)
        assert "Stop it first" in runs.err
        await asyncio.gather(a.stop(), b.stop())
        whole = await recover(a)
        assert "not held" in whole.err

        made = await detente("node", "backup", a.directory, tmp_path / "copy")
        assert made.code == 0, made.err
        origin, note = await signed_and_lost(a, b, net.world.agreement)
        a.directory = tmp_path / "restored"
        done = await detente(
            "node", "restore", tmp_path / "copy", a.directory, "--keys", str(a.keys)
        )
        assert done.code == 0, done.err
        unasked = await recover(a, "--abandon-uncosigned", answer=origin)
        assert "Somebody does not answer" in unasked.err
        assert "WARNING" not in unasked.err  # nothing is to be decided while somebody is silent

        await b.start()
        blocked = await recover(a)
        assert "recover --abandon-uncosigned" in blocked.err
        wrong = await recover(a, "--abandon-uncosigned", answer="yes")
        assert wrong.code == 2
        assert "Nothing was changed" in wrong.err
        assert (await detente("node", "status", a.directory)).out.count("held:") == 1

        right = await recover(a, "--abandon-uncosigned", answer=origin)
        assert right.code == 0, right
        assert "WARNING" in right.err
        assert "recovered: " in right.out
        await a.start()
        await net.up()
        async with await a.login("durand") as http:
            found = await http.get("/api/v1/record/entries", params={"kind": "recovery"})
            (entry,) = found.json()["entries"]
            told = await http.get(f"/api/v1/record/entries/{entry['id']}")
            assert told.json()["body"]["abandoned"] == [note]


async def test_an_account_is_rescued_by_whoever_has_the_files(tmp_path: Path) -> None:
    async with two_nodes(tmp_path, start=("a",)) as net:
        a, b = net["a"], net["b"]
        running = await called("node", "officer", "rescue", a.directory, "durand")
        assert (running.code, "code:" in running.err) == (2, True)
        nobody = await called("node", "officer", "rescue", b.directory, "roux")
        assert "no such account" in nobody.err
        rescue = ("node", "officer", "rescue", b.directory, "roux", "--name", "Roux", "--role")
        assert "no such role" in (await called(*rescue, "king")).err
        made = await called(*rescue, "auditor")
        assert made.out.startswith("roux is invited until "), made
        again = await called("node", "officer", "rescue", b.directory, "roux")
        assert again.code == 0
        assert again.out.splitlines()[1] != made.out.splitlines()[1]
        stopped = await called("node", "status", b.directory)
        assert (stopped.code, "not running" in stopped.out) == (3, True)
        facts = json.loads((await called("node", "status", a.directory, "--json")).out)
        assert (facts["running"], facts["party"]) == (True, "a")
        assert (await called("node", "rebuild", b.directory)).code == 0
