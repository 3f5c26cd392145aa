"""Hostile base URLs and hostile answers of other USSs."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeAlias

import httpx
import pytest

from detente.f3548 import Exchanged, PeerNonsense, PeerRefused, PeerUnreachable, UssClient
from detente.f3548.calling import SAID_MAX, USS_ANSWER_BYTES_MAX, Http

pytestmark = pytest.mark.anyio

Over: TypeAlias = Callable[[Callable[[httpx.Request], httpx.Response]], Awaitable[Http]]
INTENT = "00000000-0000-4000-8000-000000000001"


class Tokens:
    """Notes who is to be shown one."""

    def __init__(self) -> None:
        self.audiences: list[str] = []

    async def token(self, audience: str, scope: str) -> str:
        self.audiences.append(audience)
        return "t"


@pytest.mark.parametrize(
    "url",
    [
        "https://somebody:secret@uss.example",
        "https://@uss.example/b",
        "https://uss.example/dss/v1/operational_intent_references/query?x=",
        "https://uss.example/dss/v1/subscriptions#",
    ],
)
async def test_a_base_url_that_changes_what_is_sent_is_not_called(url: str) -> None:
    tokens, called = Tokens(), []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(request)
        return httpx.Response(404)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(PeerUnreachable, match="not called") as caught:
            await UssClient(url, tokens, http).operational_intent(INTENT)
    assert not caught.value.sent
    assert not called
    assert not tokens.audiences


@pytest.fixture(params=["client", "transport alone"])
async def over(request: pytest.FixtureRequest) -> AsyncIterator[Over]:
    """What carries requests, made of what answers them."""
    async with AsyncExitStack() as stack:

        async def made(answer: Callable[[httpx.Request], httpx.Response]) -> Http:
            transport = httpx.MockTransport(answer)
            if request.param == "transport alone":
                return transport
            return await stack.enter_async_context(httpx.AsyncClient(transport=transport))

        yield made


async def test_what_is_asked_is_the_same_whatever_carries_it(over: Over) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = b'{"message": "no"}'
        packed = {"content-encoding": "gzip", "set-cookie": "a=b"}
        return httpx.Response(404, content=gzip.compress(body), headers=packed)

    seen: list[Exchanged] = []
    http = await over(answer)
    for _ in range(2):
        client = UssClient("https://uss.example/x/", Tokens(), http, 5.0, seen.append)
        with pytest.raises(PeerRefused, match="no"):
            await client.operational_intent(INTENT)
    assert asked[0].method == "GET"
    assert str(asked[0].url) == f"https://uss.example/x/uss/v1/operational_intents/{INTENT}"
    assert asked[0].headers["authorization"] == "Bearer t"
    assert asked[0].headers["host"] == "uss.example"
    assert asked[0].extensions["timeout"]["connect"]
    assert [each.response_body for each in seen] == [b'{"message": "no"}'] * 2
    assert "content-encoding" not in dict(seen[0].response_headers)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("no"), False),
        (httpx.PoolTimeout("no"), False),
        (httpx.ReadError("no"), True),
        (httpx.RemoteProtocolError("no"), True),
    ],
    ids=["connect", "pool", "read", "protocol"],
)
async def test_whether_it_may_have_arrived_is_told(
    over: Over, error: Exception, sent: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(PeerUnreachable) as caught:
        await UssClient("https://uss.example", Tokens(), await over(answer)).operational_intent(
            INTENT
        )
    assert caught.value.sent is sent


async def test_an_answer_without_end_is_left(over: Over) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1 << 20
            yield b" " * (1 << 20)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=endless())

    http = await over(answer)
    with pytest.raises(PeerNonsense, match="larger than 8 MiB"):
        await UssClient("https://uss.example", Tokens(), http).operational_intent(INTENT)
    assert given <= USS_ANSWER_BYTES_MAX + (2 << 20)


async def test_a_long_reason_is_cut() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"message": "no " * 1_000_000})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(PeerRefused) as caught:
            await UssClient("https://uss.example", Tokens(), http).operational_intent(INTENT)
    assert caught.value.status == 403
    assert caught.value.message.startswith("answered 403: no no")
    assert len(caught.value.message) < SAID_MAX + 100
