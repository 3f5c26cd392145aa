"""Calls to a peer that cannot be called: who waits for them, and how they are answered."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from detente.http import Answer, Caller, Endpoint, Request, RequestHead, Response, any_of, build_app
from detente.node.errands import FRESH_S, Asking, ErrandBox, ErrandsToo, run_errands
from detente.node.line_access import LINE_SCOPE
from detente.node.line_wire import RECOVERY

pytestmark = pytest.mark.anyio

NOTHING = Asking(answers=[])


async def test_a_peer_that_begins_to_ask_can_be_asked() -> None:
    now = 0.0
    heard = []
    box = ErrandBox(lambda: now, begun=lambda: heard.append(now))
    box.end()  # nobody waits in this test
    assert not box.asked_for
    for now in (1.0, 1.0 + FRESH_S / 2, 2.0 + 2 * FRESH_S):  # noqa: B007 - the box reads it
        await box.asked(NOTHING)
        assert box.asked_for
    assert heard == [1.0, 2.0 + 2 * FRESH_S]


async def test_nobody_waits_for_an_errand_of_a_node_that_ends() -> None:
    box = ErrandBox()
    waiting = asyncio.create_task(box.asked(NOTHING))
    await asyncio.sleep(0)
    assert not waiting.done()
    box.end()
    async with asyncio.timeout(5):
        assert (await waiting).errands == []
        assert (await box.asked(NOTHING)).errands == []


class Nobody:
    """No peer: what is not an errand is refused."""

    async def authenticate(self, head: RequestHead, now_us: int) -> Caller:
        raise AssertionError("this was to be an errand")


async def test_an_errand_with_a_body_is_answered_as_a_signed_request() -> None:
    async def handler(request: Request[bytes]) -> Response:
        return Response(200, request.caller.sub.encode() + b" asks: " + request.body)

    endpoint = Endpoint(
        method="POST",
        path=f"{RECOVERY}/envelopes",
        handler=handler,
        operation_id="envelopes",
        summary="As a node has it.",
        responses={200: None},
        scopes=any_of(LINE_SCOPE),
        body=bytes,
        digest=True,
    )
    errands = ErrandsToo(Nobody())
    app = build_app([endpoint], authenticator=errands)
    box = ErrandBox()

    async def ask(body: bytes) -> Answer:
        wanted = await box.asked(msgspec.json.decode(body, type=Asking))
        return Answer(200, {}, msgspec.json.encode(wanted))

    task = asyncio.create_task(run_errands("a", ask, app, "", errands.header("a")))
    try:
        answer = await box.run(
            "POST", f"{RECOVERY}/envelopes", b"what do you hold?", "application/json", 5.0, 1000
        )
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (answer.status, answer.body) == (200, b"a asks: what do you hold?")
