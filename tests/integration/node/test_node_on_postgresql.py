"""A node whose log is in PostgreSQL, from its beginning to a copy of it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest
from tests.support.instance import START_TIMEOUT_S, environment
from tests.support.nodes import agreed
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture
from tests.support.program import detente

pytestmark = pytest.mark.anyio


async def test_every_command_finds_the_database(tmp_path: Path, postgres: PostgresServer) -> None:
    world = agreed(tmp_path, fresh=True)
    node, keys = tmp_path / "node", world.keys("a")
    with postgres.database() as url:
        begun = await detente(
            *("node", "init", node, "--agreement", world.agreement, "--party", "a"),
            *("--keys", keys, "--set", f"database={url}"),
        )
        assert begun.code == 0, begun.err
        assert not (node / "log.sqlite").exists()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "detente", "node", "run", str(node)),
            *("--api-port", "0", "--peer-port", "0", "--peer-host", "127.0.0.1"),
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(START_TIMEOUT_S):
                ready = json.loads(await process.stdout.readline())
            async with httpx.AsyncClient(base_url=ready["url"], trust_env=False) as http:
                assert (await http.get("/ready")).status_code == 200
            status = await detente("node", "status", node, "--json")
            assert json.loads(status.out)["mode"] == "writing"
            copied = await detente("node", "backup", node, tmp_path / "copy")
            assert copied.code == 0, copied.err
        finally:
            process.terminate()
            assert await process.wait() == 0
        assert (await detente("node", "status", node)).code == 3
        rescued = await detente("node", "officer", "rescue", node, "admin")
        assert rescued.code == 0, rescued.err
        rebuilt = await detente("node", "rebuild", node)
        assert rebuilt.code == 0, rebuilt.out
    restored = await detente(
        "node", "restore", tmp_path / "copy", tmp_path / "elsewhere", "--keys", keys
    )
    assert restored.code == 0, restored.err
