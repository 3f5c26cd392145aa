"""The `detente` program as a person or a script runs it, and HTTP as an ordinary client does it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.support.forked import run_forked
from tests.support.instance import HOST, SCOPES, Instance, environment, key_pair

from detente.http import TokenSigner

TIMEOUT_S = 120.0


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


async def detente(
    *arguments: str | Path,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Finished:
    """Run one command to its end, in a process of its own."""
    code, out, err = await asyncio.to_thread(
        run_forked,
        [str(argument) for argument in arguments],
        cwd,
        environment(variables),
        TIMEOUT_S,
    )
    return Finished(code, out.decode(), err.decode())


def bearer(
    sub: str = "uss_a",
    *,
    scopes: Sequence[str] = SCOPES,
    private_key: bytes | None = None,
    audience: str | Sequence[str] = HOST,
    issuer: str = "tests",
    kid: str | None = None,
) -> str:
    """A fresh token as the value of the `Authorization` header."""
    token = TokenSigner(private_key or key_pair()[0]).issue(
        sub=sub,
        audience=audience,
        scopes=scopes,
        now_s=time.time(),
        issuer=issuer,
        kid=kid,
    )
    return f"Bearer {token}"


def client(instance: Instance, authorization: str | None = None, **more: Any) -> httpx.AsyncClient:
    """An HTTP client of an instance; every scope by default."""
    return httpx.AsyncClient(
        base_url=f"http://{HOST}:{instance.port}",
        headers={"authorization": authorization or bearer()},
        timeout=60.0,
        trust_env=False,
        **more,
    )


def log_lines(directory: Path) -> list[dict[str, Any]]:
    """What the instances of a directory have logged, every line of it."""
    lines = (directory / "exchange.log").read_text().splitlines()
    return [json.loads(line) for line in lines]


def messages(directory: Path) -> list[str]:
    """The messages among them."""
    return [line["message"] for line in log_lines(directory) if "message" in line]
