"""A restored node whose last checkpoint was seen and is lost: somebody decides, at a terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.nodes import NodeUnderTest, two_nodes
from tests.support.program import detente

from detente.agreement import load_agreement
from detente.cli.root import root
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


async def recover(a: NodeUnderTest, *more: str, answer: str = "") -> Result:
    """`detente node recover` by somebody at a terminal."""
    arguments = ["node", "recover", str(a.directory), *a.options, *more]
    return await asyncio.to_thread(
        CliRunner().invoke, root, arguments, input=f"{answer}\n" if answer else None
    )


async def test_what_was_only_seen_is_abandoned_by_whoever_types_its_name(tmp_path: Path) -> None:
    async with two_nodes(tmp_path) as net:
        a, b = net["a"], net["b"]
        await net.up()
        runs = await recover(a)
        assert "Stop it first" in str(runs.exception)
        await asyncio.gather(a.stop(), b.stop())
        whole = await recover(a)
        assert "not held" in str(whole.exception)

        made = await detente("node", "backup", a.directory, tmp_path / "copy")
        assert made.code == 0, made.err
        origin, note = await signed_and_lost(a, b, net.world.agreement)
        a.directory = tmp_path / "restored"
        done = await detente(
            "node", "restore", tmp_path / "copy", a.directory, "--keys", str(a.keys)
        )
        assert done.code == 0, done.err
        unasked = await recover(a, "--abandon-uncosigned", answer=origin)
        assert "Somebody does not answer" in str(unasked.exception)
        assert "WARNING" not in unasked.stderr  # nothing is to be decided while somebody is silent

        await b.start()
        blocked = await recover(a)
        assert "recover --abandon-uncosigned" in str(blocked.exception)
        wrong = await recover(a, "--abandon-uncosigned", answer="yes")
        assert wrong.exit_code == 2
        assert "Nothing was changed" in wrong.stderr
        assert (await detente("node", "status", a.directory)).out.count("held:") == 1

        right = await recover(a, "--abandon-uncosigned", answer=origin)
        assert right.exit_code == 0, right.output
        assert "WARNING" in right.stderr
        assert "recovered: " in right.stdout
        await a.start()
        await net.up()
        async with await a.login("durand") as http:
            found = await http.get("/api/v1/record/entries", params={"kind": "recovery"})
            (entry,) = found.json()["entries"]
            told = await http.get(f"/api/v1/record/entries/{entry['id']}")
            assert told.json()["body"]["abandoned"] == [note]
