"""What a test holds of a small USS that runs: start it, ask it, kill it, start it again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from .wire import Client

Json = dict[str, Any]
_ROOT = Path(__file__).resolve().parents[3]
_START_S = 60.0


class SmallUss:
    """A process. Its address stays the same over restarts."""

    def __init__(
        self,
        name: str,
        directory: Path,
        dss: str,
        keys: tuple[str, str],
        *,
        host: str = "127.0.0.1",
        details_timeout_s: float = 5.0,
    ) -> None:
        self.name, self.directory = name, directory
        self.url = ""
        self._client = Client()
        self._process: asyncio.subprocess.Process | None = None
        self._settings: Json = {
            "name": name,
            "directory": str(directory),
            "dss": dss,
            "host": host,
            "port": 0,
            "audience": host,
            "private_pem": keys[0],
            "public_pem": keys[1],
            "details_timeout_s": details_timeout_s,
        }

    async def start(self) -> None:
        """Returns when it has tidied up what a crash left, and serves.

        Raises:
            RuntimeError: it did not start; with what it wrote.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "config.json"
        config.write_text(json.dumps(self._settings))
        log = self.directory / "small.log"
        with log.open("ab") as file:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.small_uss", str(config)),
                cwd=_ROOT,
                env={k: v for k, v in os.environ.items() if not k.startswith("DETENTE_")},
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(_START_S):
            line = await self._process.stdout.readline()
        if not line:
            await self._process.wait()
            raise RuntimeError(log.read_text()[-4000:])
        self.url = json.loads(line)["url"]
        self._settings["port"] = int(self.url.rpartition(":")[2])

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """SIGKILL: what is not in its file is lost."""
        assert self._process is not None
        if self.alive:
            self._process.kill()
        await self._process.wait()

    async def gone(self) -> None:
        """Wait until it has killed itself."""
        assert self._process is not None
        await self._process.wait()

    async def _control(self, what: str, asked: Json | None = None) -> Any:
        url = f"{self.url}/control/{what}"
        return (await self._client.call("POST", url, "-", asked or {}, timeout_s=60.0)).json()

    async def change(
        self,
        volumes: Sequence[Json],
        *,
        intent_id: str | None = None,
        state: str = "Accepted",
        priority: int = 0,
        off_nominal: Sequence[Json] = (),
    ) -> Json:
        """Plan, modify, activate, declare; gives result, why, conflicts and intent.

        Raises:
            NoAnswer: it has died over it.
        """
        asked = {
            "intent_id": intent_id,
            "wanted": list(volumes),
            "state": state,
            "priority": priority,
            "off_nominal": list(off_nominal),
        }
        outcome: Json = await self._control("change", asked)
        return outcome

    async def end(self, intent_id: str) -> Json:
        """End an intent."""
        outcome: Json = await self._control("end", {"intent_id": intent_id})
        return outcome

    async def behave(self, **mode: Any) -> None:
        """How it behaves from here on (`bad.Mode`); without anything: honestly."""
        await self._control("mode", mode)

    async def settle(self) -> None:
        """Wait until its notifications are out."""
        await self._control("settle")

    async def state(self) -> Json:
        """Its own intents, and what it has been told of others'."""
        state: Json = await self._control("state")
        return state

    def events(self, *kinds: str) -> list[Json]:
        """What it has noted in all its lives: asked, served, lied, told, heard, operator, …"""
        path = self.directory / "events.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        events: list[Json] = [json.loads(line) for line in lines if line.endswith("}")]
        return [event for event in events if not kinds or event["kind"] in kinds]

    async def close(self) -> None:
        """Gone, and its connections."""
        if self._process is not None:
            await self.kill()
        await self._client.close()


@asynccontextmanager
async def small(uss: SmallUss) -> AsyncIterator[SmallUss]:
    """Started, and gone afterwards."""
    try:
        await uss.start()
        yield uss
    finally:
        await uss.close()
