"""Commands that are killed at some moment of their lives."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from tests.support.instance import environment

KILLS = int(os.environ.get("DETENTE_TEST_KILLS", "3"))
"""How often; more in long runs."""


async def killed_at_random(delays: random.Random, whole_s: float, *arguments: str | Path) -> int:
    """Start a command and kill it -9 at some moment of its life; its exit code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "detente", *map(str, arguments)),
        env=environment(None),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(delays.uniform(0.3, 1.0) * whole_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    assert process.returncode is not None
    return process.returncode
