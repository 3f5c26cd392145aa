"""A node's life: begun and looked at by commands, its disk full, restored from a copy."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.integration.node.test_two_nodes import message, reached, send, text
from tests.support.nodes import NodeUnderTest, agreed, two_nodes, until
from tests.support.program import detente

pytestmark = pytest.mark.anyio


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_commands_begin_a_node_and_say_how_it_is(tmp_path: Path) -> None:
    world = agreed(tmp_path, fresh=True)
    node = tmp_path / "node"
    begin = ("node", "init", node, "--agreement", world.agreement, "--party", "a")
    wrong = await detente(*begin, "--keys", world.keys("a"), "--set", "api-prot=1")
    assert wrong.code == 2
    assert "--set" in wrong.err
    assert not node.exists()
    made = await detente(*begin, "--keys", world.keys("a"), "--set", "peer-network=10.0.0.0/8")
    assert made.code == 0, made.err
    assert "told this once: " in made.out
    assert 'peer-network = ["10.0.0.0/8"]' in (node / "node.toml").read_text()
    again = await detente(*begin, "--keys", world.keys("a"))
    assert (again.code, "already" in again.err) == (2, True)
    status = await detente("node", "status", node, "--json")
    assert status.code == 3
    facts = json.loads(status.out)
    assert (facts["running"], facts["party"]) == (False, "a")
    checked = await detente("node", "run", node, "--check", "--api-port", "0", "--peer-port", "0")
    assert checked.code == 0, checked.out
    rescued = await detente("node", "officer", "rescue", node, "admin")
    assert rescued.code == 0, rescued.err
    rebuilt = await detente("node", "rebuild", node)
    assert rebuilt.code == 0, rebuilt.out
    assert "messages: 0 rows" in rebuilt.out


async def test_a_start_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        async with asyncio.timeout(30), two_nodes(tmp_path, settings=("--watch-every", "0")):
            raise AssertionError("it has started")
    assert failed.group_contains(RuntimeError, match="--watch-every")
    assert "--watch-every" in capsys.readouterr().out


async def test_a_full_disk_is_said_and_gone_on_after(tmp_path: Path, small_disk: Path) -> None:
    async with two_nodes(tmp_path, start=()) as net:
        node = net["a"]
        node.directory = Path(shutil.copytree(node.directory, small_disk / "node"))
        await node.start()
        async with await node.login("durand") as before:
            session = {"authorization": before.headers["authorization"]}
        fill(small_disk / "fill")
        async with node.client(session) as http:
            refused = await http.post("/api/v1/line/messages", json=text("no room"))
            assert refused.status_code == 503
        # Whoever was not there yet gets in and sees everything; a code is good once all the same.
        async with await node.login_by_app("durand") as late:
            assert (await late.get("/api/v1/line/messages")).status_code == 200
            refused = await late.post("/api/v1/line/messages", json=text("no room"))
            assert refused.status_code == 503
        with pytest.raises(AssertionError, match=r"auth\.login"):
            await node.login_by_app("durand")
        await node.kill()
        await node.start()  # from a disk that is full

        async def is_read_only() -> bool:
            return await mode_of(node) == "read-only"

        await until(is_read_only, every_s=0.1)
        async with await node.login_by_app("martin") as late:
            assert (await late.get("/api/v1/line/messages")).status_code == 200
        async with node.client(session) as http:
            ready = await http.get("/ready")
            assert (ready.status_code, ready.json()["why"]) == (503, "The disk is full.")
            assert (await http.get("/api/v1/line/messages")).status_code == 200
            (small_disk / "fill").unlink()

            async def is_writing() -> bool:
                return await mode_of(node) == "writing"

            await until(is_writing, every_s=0.1)
            await send(http, text("room again"))


async def test_a_restored_node_is_held_and_gets_back_what_it_lost(tmp_path: Path) -> None:
    async with two_nodes(tmp_path, settings=("--witness-every", "0.3")) as net:
        await net.up()
        a, b = net["a"], net["b"]
        async with await a.login("durand") as http:
            first = await send(http, text("before the copy"))
            await reached(a, http, first, "delivered")
            made = await detente("node", "backup", a.directory, tmp_path / "copy")
            assert made.code == 0, made.err
            lost = [await send(http, text(f"after the copy {number}")) for number in range(3)]
            for each in lost:
                await reached(a, http, each, "delivered")

            async def cosigned() -> bool:
                entry = await http.get(f"/api/v1/record/entries/{lost[-1]}")
                grade: str = entry.json()["grade"]
                return grade == "bilateral"

            await until(cosigned, every_s=0.1)
        await a.kill()
        await b.stop()
        restored = tmp_path / "restored"
        done = await detente(
            *("node", "restore", tmp_path / "copy", restored, "--keys", a.keys),
        )
        assert done.code == 0, done.err
        a.directory = restored
        await a.start()
        held = await a.status()
        assert held["mode"] == "held"
        async with a.client({}) as http:
            assert (await http.get("/ready")).status_code == 503
        await b.start()

        async def goes_on() -> bool:
            try:
                return await mode_of(a) == "writing"
            except (httpx.HTTPError, AssertionError):
                return False  # it starts anew

        await until(goes_on, within_s=40, every_s=0.2)
        async with await a.login("martin") as http, await b.login("nowak") as other:
            for each in (first, *lost):
                assert await message(http, each) is not None
            after = await send(http, text("and on"))
            await reached(a, http, after, "delivered")
            found = await message(other, after)
            assert found is not None
        await is_set_back(a, tmp_path)


async def is_set_back(node: NodeUnderTest, root: Path) -> None:
    """A directory that was copied by hand is put in the place of one that was written to since."""
    await node.stop()
    shutil.copytree(node.directory, root / "by-hand")
    await node.start()
    async with await node.login("durand") as http:
        later = await send(http, text("after the copy by hand"))

        async def cosigned() -> bool:
            entry = await http.get(f"/api/v1/record/entries/{later}")
            return bool(entry.json()["grade"] == "bilateral")

        await until(cosigned, every_s=0.1)
    await node.stop()
    node.directory = root / "by-hand"
    await node.start()

    async def is_known() -> bool:
        try:
            return await mode_of(node) == "read-only"
        except (httpx.HTTPError, AssertionError):
            return False  # it starts anew

    await until(is_known, every_s=0.1)
    why = ""

    async def says_why() -> bool:
        nonlocal why
        try:
            async with node.client({}) as anybody:
                ready = await anybody.get("/ready")
        except httpx.HTTPError:
            return False  # it starts anew, once the peer is heard
        why = ready.json().get("why", "")
        return ready.status_code == 503

    await until(says_why, every_s=0.1)
    assert "The witness has signed" in why
    size = (await node.status())["record"]["size"]
    await node.link("up")  # it hears and is heard; nothing more is recorded by it
    assert (await node.status())["record"]["size"] == size


async def mode_of(node: NodeUnderTest) -> str:
    """What a node says it can do with its record."""
    found: str = (await node.status())["mode"]
    return found


def fill(path: Path) -> None:
    """Fill a file system."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return
