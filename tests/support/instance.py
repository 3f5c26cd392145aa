"""A real `detente exchange` in a process of its own, and a small client for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.forked_node import ForkedNode

from detente.http import TokenSigner, new_key_pair

HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0
SCOPES = (
    "utm.strategic_coordination",
    "utm.constraint_management",
    "utm.constraint_processing",
    "utm.conformance_monitoring_sa",
    "utm.availability_arbitration",
    "interuss.pool_status.read",
)


class Reply(NamedTuple):
    """Status and decoded body of an answer."""

    status: int
    body: Any


@cache
def key_pair() -> tuple[bytes, bytes]:
    """One RSA key pair for a test run."""
    return new_key_pair()


@cache
def token(sub: str) -> str:
    """A token with every scope."""
    signer = TokenSigner(key_pair()[0])
    return signer.issue(sub=sub, audience=HOST, scopes=SCOPES, now_s=time.time())


class Connection:
    """One keep-alive connection to an instance; requests go one after another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: Any = None, *, sub: str = "uss_a") -> Reply:
        """Send one request and read its answer.

        Raises:
            OSError, asyncio.IncompleteReadError: the instance is gone, or went meanwhile.
        """
        data = b"" if body is None else json.dumps(body).encode()
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\nhost: {HOST}\r\n"
                f"authorization: Bearer {token(sub)}\r\n"
                f"content-length: {len(data)}\r\n\r\n".encode()
                + data
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            length = 0
            for line in head.split("\r\n"):
                if line.startswith("content-length:"):
                    length = int(line.partition(":")[2])
            payload = await reader.readexactly(length)
        except BaseException:
            await self.close()
            raise
        return Reply(status, json.loads(payload) if payload else None)

    async def close(self) -> None:
        """Close it; the next call opens a new one."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


class Instance:
    """A running process. `port` stays the same over restarts when given."""

    def __init__(self, process: asyncio.subprocess.Process | ForkedNode, port: int) -> None:
        self.process = process
        self.port = port

    def connection(self) -> Connection:
        """A client's connection."""
        return Connection(self.port)

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is flushed."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and wait for the orderly end; gives the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process started by a test sees: no settings but those given here."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("DETENTE_")}
    return {**inherited, **(more or {})}


def believing(directory: Path) -> list[str]:
    """Options of an instance that believes the tests' tokens."""
    public_key = directory / "public.pem"
    if not public_key.exists():
        public_key.write_bytes(key_pair()[1])
    return ["--auth-public-key", str(public_key), "--audience", HOST]


async def launch(
    directory: Path,
    arguments: Sequence[str],
    variables: Mapping[str, str] | None = None,
    *,
    fork: bool = True,
) -> Instance:
    """Start `detente exchange` with these arguments alone; it logs to `exchange.log` there.

    It is forked from a process that has its modules, unless it shall load its own.
    """
    log, own = directory / "exchange.log", environment(variables)
    process: asyncio.subprocess.Process | ForkedNode
    if fork:
        process = await ForkedNode.start(["exchange", *arguments], own, log)
    else:
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "detente", "exchange", *arguments),
                env=own,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
            )
    assert process.stdout is not None
    async with asyncio.timeout(START_TIMEOUT_S):
        line = await process.stdout.readline()
    if not line:
        await process.wait()
        raise RuntimeError(log.read_text()[-2000:])
    return Instance(process, int(json.loads(line)["url"].rpartition(":")[2]))


async def start(directory: Path, storage: Sequence[str], *more: str) -> Instance:
    """Start an instance; returns when it accepts connections."""
    own = ["--host", HOST, "--port", "0", *believing(directory)]
    return await launch(directory, [*own, *storage, *more])


@asynccontextmanager
async def running(directory: Path, storage: Sequence[str], *more: str) -> AsyncIterator[Instance]:
    """An instance that is gone afterwards, whatever happens."""
    async with gone_afterwards(await start(directory, storage, *more)) as instance:
        yield instance


@asynccontextmanager
async def gone_afterwards(instance: Instance) -> AsyncIterator[Instance]:
    """Kill an instance that the test has left running."""
    try:
        yield instance
    finally:
        if instance.process.returncode is None:
            await instance.kill()


def uuid4_of(number: int) -> str:
    """A version-4 UUID for a number."""
    h = f"{number:032x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:]}"


def intent_body(
    lat_deg: float,
    lng_deg: float,
    *,
    start_s: int,
    end_s: int,
    key: Sequence[str] = (),
    base_url: str = "https://uss.example",
    radius_m: float = 100.0,
) -> dict[str, Any]:
    """An operational intent: one circle from the ground to 120 m."""

    def at(instant_s: int) -> dict[str, str]:
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant_s))
        return {"value": text, "format": "RFC3339"}

    def metres(value: float) -> dict[str, Any]:
        return {"value": value, "reference": "W84", "units": "M"}

    return {
        "extents": [
            {
                "volume": {
                    "outline_circle": {
                        "center": {"lat": lat_deg, "lng": lng_deg},
                        "radius": {"value": radius_m, "units": "M"},
                    },
                    "altitude_lower": metres(0),
                    "altitude_upper": metres(120),
                },
                "time_start": at(start_s),
                "time_end": at(end_s),
            }
        ],
        "state": "Accepted",
        "uss_base_url": base_url,
        "key": list(key),
        "new_subscription": {"uss_base_url": base_url},
    }
