"""Notices to other USSs: at once, again while there is time, and told if they do not arrive."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import msgspec
import pytest

from detente.f3548 import UssClient
from detente.f3548 import types as wire
from detente.node.uss.notifier import Delivery, Notifier
from detente.planning import Notice

pytestmark = pytest.mark.anyio


class Tokens:
    async def token(self, audience: str, scope: str) -> str:
        return "t"


class Net:
    """Other USSs, as a function from request to answer."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(answer))

    def uss(self, base_url: str, manager: str = "", about: str = "") -> UssClient:
        return UssClient(base_url, Tokens(), self.http)


def now_us() -> int:
    return time.time_ns() // 1000


def notice(url: str = "https://b.example", *, within_s: float = 5.0) -> Notice:
    states = (wire.SubscriptionState("11111111-1111-4111-8111-111111111111", 3),)
    identity = "22222222-2222-4222-8222-222222222222"
    return Notice("main", url, states, identity, False, now_us() + int(within_s * 1e6))


async def sent(
    answer: Callable[[httpx.Request], httpx.Response], *notices: Notice
) -> list[Delivery]:
    told: list[Delivery] = []

    async def tell(delivery: Delivery) -> None:
        told.append(delivery)

    net = Net(answer)
    async with net.http:
        notifier = Notifier(net, ["https://a.example"], now_us, tell)
        notifier.send(notices, lambda each: None)
        await notifier.idle()
    return told


async def test_everybody_is_told_but_ourselves_with_their_subscriptions() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    own = notice("https://a.example")
    told = await sent(answer, notice(), own, notice("https://c.example/x"))
    assert sorted(str(each.url) for each in seen) == [
        "https://b.example/uss/v1/operational_intents",
        "https://c.example/x/uss/v1/operational_intents",
    ]
    body = msgspec.json.decode(seen[0].content, type=wire.PutOperationalIntentDetailsParameters)
    assert body.subscriptions[0].notification_index == 3
    assert body.operational_intent is None
    assert all(each.delivered_us is not None and each.tries == 1 for each in told)
    assert len(told) == 2


async def test_a_notice_that_fails_is_sent_again_while_there_is_time() -> None:
    answers = iter([httpx.Response(503), httpx.Response(429), httpx.Response(204)])
    (delivery,) = await sent(lambda request: next(answers), notice())
    assert delivery.tries == 3
    assert delivery.delivered_us is not None
    assert delivery.delivered_us <= delivery.notice.due_us


async def test_a_refusal_is_not_repeated() -> None:
    (delivery,) = await sent(lambda request: httpx.Response(403, json={"message": "no"}), notice())
    assert (delivery.tries, delivery.delivered_us) == (1, None)
    assert "no" in delivery.problem


async def test_who_cannot_be_reached_in_time_is_told_of() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    (delivery,) = await sent(nobody, notice(within_s=0.6))
    assert delivery.delivered_us is None
    assert delivery.tries >= 2
    assert "nobody there" in delivery.problem


async def test_what_is_late_already_is_sent_once_all_the_same() -> None:
    (delivery,) = await sent(lambda request: httpx.Response(204), notice(within_s=-3.0))
    assert delivery.tries == 1
    assert delivery.delivered_us is not None
