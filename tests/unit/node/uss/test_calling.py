"""Hostile base URLs and hostile answers of other USSs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from detente.f3548 import PeerNonsense, PeerRefused, PeerUnreachable, UssClient
from detente.f3548.calling import SAID_MAX, USS_ANSWER_BYTES_MAX

pytestmark = pytest.mark.anyio

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


async def test_an_answer_without_end_is_left() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1 << 20
            yield b" " * (1 << 20)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=endless())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
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
