"""Three real nodes: a room, whom its messages reach, in what order, and what each party says."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.agreements import THREE
from tests.support.nodes import NodeUnderTest, two_nodes, until

pytestmark = pytest.mark.anyio

ROOMS = "/api/v1/rooms"
MESSAGES = "/api/v1/line/messages"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def ask(http: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await http.request(method, path, json=body)
    assert answer.status_code in (200, 201), (method, path, answer.text)
    return answer.json()


async def say(http: httpx.AsyncClient, room: str, words: str, **more: Any) -> dict[str, Any]:
    fields = {"text": {"language": "en", "text": words}}
    said = await ask(http, "POST", f"{ROOMS}/{room}/messages", {"fields": fields, **more})
    assert isinstance(said, dict)
    return said


async def held(http: httpx.AsyncClient, identity: str) -> dict[str, Any] | None:
    answer = await http.get(f"{MESSAGES}/{identity}")
    assert answer.status_code in (200, 404), answer.text
    return answer.json() if answer.status_code == 200 else None


async def present(node: NodeUnderTest, http: httpx.AsyncClient, room: str, *parties: str) -> None:
    """Wait until a node knows that these are in the room."""

    async def there() -> bool:
        answer = await http.get(f"{ROOMS}/{room}")
        return answer.status_code == 200 and set(answer.json()["present"]) == set(parties)

    await node.until(http, there)


async def states(http: httpx.AsyncClient, identity: str) -> dict[str, str]:
    found = await held(http, identity)
    assert found is not None
    return {each["party"]: each["state"] for each in found["recipients"]}


async def test_a_room_of_three_nodes_one_is_killed_one_leaves(tmp_path: Path) -> None:
    async with (
        two_nodes(tmp_path, start=tuple(THREE), officers=THREE) as net,
        AsyncExitStack() as at,
    ):
        await net.up()
        http = {
            party: await at.enter_async_context(await net[party].login(officers[0]))
            for party, officers in THREE.items()
        }
        a, b, c = http["a"], http["b"], http["c"]
        opened = {"parties": ["b", "c"], "officers": ["durand"], "title": {"en": "North"}}
        room = (await ask(a, "POST", ROOMS, opened))["id"]
        for party in ("b", "c"):
            officer = THREE[party][0]

            async def invited(client: httpx.AsyncClient = http[party]) -> bool:
                answer = await client.get(f"{ROOMS}/{room}")
                return answer.status_code == 200

            await net[party].until(http[party], invited)
            path = f"{ROOMS}/{room}/members"
            await ask(http[party], "PUT", path, {"officers": [officer]})
        for party, client in http.items():
            await present(net[party], client, room, "a", "b", "c")

        # Both others acknowledge, each for itself; the third one sees it of neither.
        first = (await say(a, room, "first"))["id"]
        for party in ("b", "c"):

            async def came(client: httpx.AsyncClient = http[party]) -> Any:
                return await held(client, first)

            await net[party].until(http[party], came)

        async def shows(**wanted: str) -> bool:
            return await states(a, first) == wanted

        await net["a"].until(a, lambda: shows(b="delivered", c="delivered"))
        await ask(b, "POST", f"{MESSAGES}/{first}/acknowledgement", {})
        await net["a"].until(a, lambda: shows(b="acknowledged", c="delivered"))
        await ask(c, "POST", f"{MESSAGES}/{first}/acknowledgement", {})
        await net["a"].until(a, lambda: shows(b="acknowledged", c="acknowledged"))
        found = await held(a, first)
        assert found is not None
        by = {each["party"]: each["acknowledged_by"] for each in found["recipients"]}
        assert by == {"b": "nowak", "c": "okafor"}

        # C's node is killed. What is said meanwhile reaches B at once, and C in its order after.
        await net["c"].kill()
        waited = [(await say(a, room, f"while C is away {number}"))["id"] for number in range(5)]

        async def b_has_them() -> bool:
            return (await held(b, waited[-1])) is not None

        await net["b"].until(b, b_has_them)
        assert (await states(a, waited[0]))["c"] == "queued"

        async def goes_on() -> bool:
            listed = (await ask(a, "GET", "/api/v1/outages?peer=c"))["outages"]
            # Long enough for C's node to call it an absence, by its own clock and last sign.
            return (
                bool(listed)
                and listed[0]["until"] is None
                and listed[0]["unstated"] == ["c"]
                and listed[0]["lasted_s"] > 4.5
            )

        await until(goes_on, every_s=0.1)
        await net["c"].start()
        c = await at.enter_async_context(await net["c"].login("okafor"))

        async def c_has_them() -> bool:
            return (await held(c, waited[-1])) is not None

        await net["c"].until(c, c_has_them)
        for client in (b, c):
            entries = (await ask(client, "GET", f"{ROOMS}/{room}/entries"))["entries"]
            said = [each["id"] for each in entries if each["kind"] == "message"]
            assert said == [first, *waited]
            assert all(each["fault"] is None for each in entries)

        # C leaves: what A says next is B's alone, and C does not even learn of it.
        await ask(c, "POST", f"{ROOMS}/{room}/leave")
        await present(net["a"], a, room, "a", "b")
        after = await say(a, room, "without C", answers=None)
        assert after["to"] == ["b"]
        # What is bilateral and said later has arrived, so the other would have.
        private = {
            "form": "text",
            "fields": {"text": {"language": "en", "text": "to C"}},
            "to": "c",
        }
        mark = (await ask(a, "POST", MESSAGES, private))["id"]

        async def c_has_mark() -> bool:
            return (await held(c, mark)) is not None

        async def b_has_after() -> bool:
            return (await held(b, after["id"])) is not None

        await net["c"].until(c, c_has_mark)
        await net["b"].until(b, b_has_after)
        assert await held(c, after["id"]) is None
        assert set(await states(a, after["id"])) == {"b"}

        # Both other nodes state the outage of C's, and C's that it was away.
        async def stated() -> bool:
            listed = (await ask(a, "GET", "/api/v1/outages?peer=c"))["outages"]
            return any(
                not each["unstated"]
                and each["away"] == ["c"]
                and all(said["entry"] is not None for said in each["stated"])
                for each in listed
            )

        await until(stated, every_s=0.1)
        (outage, *_) = (await ask(a, "GET", "/api/v1/outages?peer=c"))["outages"]
        by_party = {(each["party"], each["own"]) for each in outage["stated"]}
        assert {("a", False), ("c", True)} <= by_party
        assert outage["until"] is not None
        assert (await ask(a, "GET", "/api/v1/outages?peer=b"))["outages"] == []
        lately = (await ask(b, "GET", "/api/v1/outages"))["outages"]
        assert {each["peer"] for each in lately} == {"c"}
        for node in net.nodes.values():
            assert (await node.status())["faults"] == 0
