"""The real exchange behind the `Driver` protocol: its routes, service and log, without sockets."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.model.driver import Answer, DssOptions, Json, TokenKind
from tests.model.tokens import AUDIENCE, authorization, public_key_pem

from detente.exchange.airspace import Airspace
from detente.exchange.commands import JoinPool, OpenLog, Rules
from detente.exchange.handlers import Handlers
from detente.exchange.requests import Acceptance
from detente.exchange.routes import endpoints, statuses
from detente.exchange.service import Exchange
from detente.http import (
    Limits,
    TokenAuthenticator,
    TokenRules,
    VerificationKey,
    build_app,
    load_pem_key,
)
from detente.record import Ledger, MemoryLog, generate_key


class ExchangeDriver:
    """One exchange with a log in memory; one request at a time."""

    def __init__(self, options: DssOptions, seed: int = 0) -> None:
        self._now_us = 0
        self._loop = asyncio.new_event_loop()
        self._random = random.Random(seed)
        self.airspace = Airspace()
        self.log = MemoryLog()
        self.ledger = Ledger(self.log, generate_key("tests.example"), "tests.example")
        self.exchange = self._loop.run_until_complete(self._open(options))
        handlers = Handlers(
            self.exchange,
            Acceptance(allow_http=options.allow_http),
            instance="tests",
            version="v0.0.0",
        )
        self.app = build_app(
            endpoints(handlers),
            authenticator=TokenAuthenticator(
                TokenRules(audiences=frozenset({AUDIENCE})),
                pem_keys=[_public_key()],
            ),
            limits=Limits(),
            statuses=statuses(),
            clock=lambda: self._now_us,
        )

    async def _open(self, options: DssOptions) -> Exchange:
        exchange = Exchange(
            self.ledger,
            self.airspace,
            rules=Rules(
                state_transitions=options.state_transitions,
                down_precondition=options.refuse_down,
            ),
            clock=lambda: self._now_us,
            entropy=self._random.randbytes,
            alone=True,
        )
        await exchange.start()
        await exchange.submit(OpenLog())
        await exchange.submit(JoinPool("tests", "https://dss.example", ""))
        return exchange

    def set_now(self, us: int) -> None:
        self._now_us = us

    def call(
        self,
        method: str,
        path: str,
        *,
        sub: str,
        scopes: frozenset[str],
        body: Json | bytes = None,
        token: TokenKind = "valid",
    ) -> Answer:
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        header = authorization(token, sub=sub, scopes=scopes, now_us=self._now_us)
        headers = [(b"content-length", b"%d" % len(data))]
        if header is not None:
            headers.append((b"authorization", header.encode()))
        return self._loop.run_until_complete(self._send(method, path, headers, data))

    async def _send(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], data: bytes
    ) -> Answer:
        raw_path, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        payload: bytes = sent[1]["body"]
        return Answer(sent[0]["status"], json.loads(payload) if payload else None)

    def close(self) -> None:
        """Stop the exchange and check that replaying its log gives the same state."""
        try:
            self._loop.run_until_complete(self._close())
        finally:
            self._loop.close()

    async def _close(self) -> None:
        await self.exchange.stop()
        again = Exchange(
            Ledger(self.log, None, "tests.example"),
            replayed := Airspace(),
            rules=Rules(),
            clock=lambda: self._now_us,
            entropy=self._random.randbytes,
            alone=True,
        )
        await again.start()
        await again.stop()
        assert list(replayed.image()) == list(self.airspace.image())


@cache
def _public_key() -> VerificationKey:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(public_key_pem())
        file.flush()
        return load_pem_key(Path(file.name))


@contextmanager
def open_exchange(options: DssOptions, seed: int = 0) -> Iterator[ExchangeDriver]:
    driver = ExchangeDriver(options, seed)
    try:
        yield driver
    finally:
        driver.close()
