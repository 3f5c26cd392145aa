"""The processes and servers of the demonstration: a real exchange, and the two parties' own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from detente.demo.party import Party, keep_answer
from detente.errors import DetenteError
from detente.f3548 import DssClient
from detente.http import (
    ServerOptions,
    TokenAuthenticator,
    TokenRules,
    TokenSigner,
    load_pem_key,
    new_key_pair,
    serve,
)

HOST: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 120.0
_STOP_TIMEOUT_S: Final = 60.0


class ExchangeDidNotStart(DetenteError):
    """The exchange's process ended, or did not say that it is ready."""

    code = "demo.exchange_did_not_start"


class OwnTokens:
    """Tokens that a party issues to itself with the demonstration's key."""

    def __init__(self, signer: TokenSigner, sub: str) -> None:
        self._signer = signer
        self._sub = sub
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    async def token(self, audience: str, scope: str) -> str:
        """A token that lasts at least another minute."""
        now_s = time.time()
        token, until_s = self._known.get((audience, scope), ("", 0.0))
        if until_s < now_s + 60:
            token = self._signer.issue(
                sub=self._sub, audience=audience, scopes=scope.split(), now_s=now_s
            )
            self._known[audience, scope] = (token, now_s + 3600)
        return token


class Keys:
    """The key pair that stands for the authorisation server, made for one run."""

    def __init__(self, directory: Path) -> None:
        private_pem, public_pem = new_key_pair()
        self.public_key = directory / "authorisation-server.pem"
        self.public_key.write_bytes(public_pem)
        self._signer = TokenSigner(private_pem)

    def tokens(self, sub: str) -> OwnTokens:
        """The tokens of one party."""
        return OwnTokens(self._signer, sub)

    def authenticator(self) -> TokenAuthenticator:
        """Accepts them."""
        return TokenAuthenticator(
            TokenRules(audiences=frozenset({HOST})), pem_keys=[load_pem_key(self.public_key)]
        )


@asynccontextmanager
async def running_exchange(directory: Path, keys: Keys) -> AsyncIterator[str]:
    """A real `detente exchange` in a process of its own; gives its base URL.

    Raises:
        ExchangeDidNotStart: with the end of what it wrote.
    """
    log_path = directory / "exchange.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "detente",
            "exchange",
            *("--host", HOST, "--port", "0"),
            *("--data", str(directory / "exchange")),
            *("--auth-public-key", str(keys.public_key)),
            *("--audience", HOST),
            "--allow-http-uss-urls",
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            # A Ctrl-C in the terminal is for the demonstration, which ends the exchange itself.
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            try:
                async with asyncio.timeout(_START_TIMEOUT_S):
                    line = await process.stdout.readline()
                url = str(json.loads(line)["url"])
            except (TimeoutError, ValueError, KeyError):
                raise ExchangeDidNotStart(
                    "the exchange did not say that it is ready: "
                    + log_path.read_text("utf-8", "replace")[-1000:],
                    where=str(log_path),
                ) from None
            yield url
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def running_party(name: str, exchange_url: str, keys: Keys) -> AsyncIterator[Party]:
    """A party with its own server, connected to the exchange."""
    tokens = keys.tokens(name)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with (
        httpx.AsyncClient(
            timeout=30.0, limits=limits, trust_env=False, event_hooks={"response": [keep_answer]}
        ) as http,
        asyncio.TaskGroup() as group,
    ):
        party = Party(name, "", DssClient(exchange_url, tokens, http), tokens, http)
        group.create_task(
            serve(
                party.application(keys.authenticator()),
                ServerOptions(host=HOST),
                stop=stop,
                on_ready=ready.set_result,
            )
        )
        party.base_url = await ready
        try:
            yield party
        finally:
            stop.set()
