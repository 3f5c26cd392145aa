"""A running node and an authorisation server: tokens for its own requests, keys of its callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from tests.support.instance import HOST
from tests.support.nodes import until
from tests.support.planners import Planners, PlanningNode, circle, planners
from tests.support.token_server import CLIENT, SECRET, CallersKey, TokenServer, token_server

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("planning-tokens")]

RATE = 30


@dataclass
class There:
    """What the tests of this module share, in their order."""

    planners: Planners
    server: TokenServer

    @property
    def a(self) -> PlanningNode:
        """The node."""
        return self.planners["a"]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[There]:
    """A node that has its tokens from a server, and the keys of others' tokens, too."""
    root = tmp_path_factory.mktemp("tokens")
    async with token_server(root) as server, planners(root, start=()) as found:
        server.keys.append(CallersKey("first"))
        # They last for 4 s, so each is used for two.
        server.life_s = 4
        options = found["a"].node.options
        for name in ("--token-key", "--token-subject", "--auth-public-key"):
            at = options.index(name)
            del options[at : at + 2]
        secret = root / "secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        options += ["--oauth-token-url", f"{server.url}/token", "--oauth-client-id", CLIENT]
        options += ["--oauth-client-secret-file", str(secret), "--uss-ca", str(server.ca)]
        options += ["--jwks-url", f"{server.url}/keys", "--uss-requests-per-s", str(RATE)]
        await found["a"].start()
        yield There(found, server)


async def ask(there: There, key: CallersKey, *, audience: str = HOST, sub: str = "b") -> int:
    """Ask for what nobody has; the status."""
    path = "/uss/v1/operational_intents/00000000-0000-4000-8000-000000000001"
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = {"authorization": f"Bearer {key.token(sub, audience)}"}
        return (await http.get(there.a.base_url + path, headers=shown)).status_code


async def test_tokens_are_asked_for_once_and_again_when_they_end(there: There) -> None:
    a, server = there.a, there.server
    began_s = time.monotonic()
    done = await a.file([circle(47.0, 8.0)])
    assert done["result"] == "done", done
    (reference,) = await there.planners.references(circle(47.0, 8.0))
    assert reference["manager"] == "a"
    asked = list(server.asked)
    assert {(each["grant_type"], each["audience"], each["client"]) for each in asked} == {
        ("client_credentials", HOST, CLIENT)
    }
    scopes = [each["scope"] for each in asked]
    if time.monotonic() - began_s < server.life_s / 2:
        assert sorted(scopes) == sorted(set(scopes)), "one for each set of scopes"
    assert any("utm.strategic_coordination" in each for each in scopes)

    async def renewed() -> bool:
        assert (await a.file([circle(46.0, 8.0)], name="next"))["result"] in ("done", "refused")
        return scopes[0] in [each["scope"] for each in server.asked[len(asked) :]]

    await until(renewed)


async def test_a_server_that_refuses_or_is_slow_files_nothing_wrong(there: There) -> None:
    a, server = there.a, there.server
    place = circle(45.0, 8.0)
    server.refuses = 401

    async def refused() -> dict[str, object] | None:
        """Until the tokens that it has are over."""
        outcome: dict[str, object] = await a.file([circle(44.0, 8.0)])
        return outcome if outcome["result"] == "failed" else None

    failed = await until(refused)
    assert "401" in str(failed["faults"]), failed
    assert SECRET not in str(failed) + a.node.log
    assert (await a.file([place]))["result"] == "failed"
    assert await there.planners.references(place) == []
    # Slow, it is waited for, by all who need it at the same time.
    server.refuses = None
    server.answering.clear()
    server.reached.clear()
    filing = asyncio.create_task(a.file([place]))
    await asyncio.wait_for(server.reached.wait(), 20)
    assert await there.planners.references(place) == []
    server.answering.set()
    done = await filing
    assert done["result"] == "done", done


async def test_callers_are_believed_by_the_keys_of_the_document_as_it_is_now(there: There) -> None:
    server = there.server
    first, second = server.keys[0], CallersKey("second")
    assert await ask(there, first) == 404
    assert await ask(there, first, audience="uss.other.example") == 401
    # The old one is valid beside the new one while the issuer says so, and then no more. A key that
    # is not known has the document fetched, once in five seconds at most.
    server.keys.append(second)

    async def second_is_believed() -> bool:
        return await ask(there, second) == 404

    await until(second_is_believed, every_s=0.2)
    assert await ask(there, first) == 404
    server.keys.remove(first)
    third = CallersKey("third")

    async def first_is_not() -> bool:
        assert await ask(there, third) == 401
        return await ask(there, first) == 401

    await until(first_is_not, every_s=0.2)
    assert await ask(there, second) == 404


async def test_a_flood_of_one_caller_is_turned_away_and_another_is_answered(there: There) -> None:
    key = there.server.keys[0]
    url = f"{there.a.base_url}/uss/v1/operational_intents/00000000-0000-4000-8000-000000000001"
    flood = {"authorization": f"Bearer {key.token('zed')}"}
    calm = {"authorization": f"Bearer {key.token('b')}"}
    told: list[httpx.Response] = []
    turned_away = asyncio.Event()

    async def pour(http: httpx.AsyncClient) -> None:
        while True:
            told.append(await http.get(url, headers=flood))
            if told[-1].status_code == 429:
                turned_away.set()

    async with httpx.AsyncClient(trust_env=False) as http, httpx.AsyncClient(trust_env=False) as b:
        pouring = [asyncio.create_task(pour(http)) for _ in range(8)]
        try:
            await asyncio.wait_for(turned_away.wait(), 30)
            took_s = []
            for _ in range(20):
                began_s = time.monotonic()
                assert (await b.get(url, headers=calm)).status_code == 404
                took_s.append(time.monotonic() - began_s)
            assert not any(each.done() for each in pouring)
        finally:
            for each in pouring:
                each.cancel()
            await asyncio.gather(*pouring, return_exceptions=True)
    waits = {each.headers["retry-after"] for each in told if each.status_code == 429}
    assert waits == {"1"}
    assert sorted(took_s)[len(took_s) // 2] < 1.0, took_s
