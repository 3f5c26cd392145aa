"""Two real nodes: what an officer says on one side is acknowledged on the other, whatever fails."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.nodes import Net, NodeUnderTest, two_nodes, until
from tests.support.program import detente

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("two-nodes")]

QUICK = ("--witness-every", "0.5")
EXPORT: dict[str, Any] = {
    **{"purpose": "", "items": "", "since": None, "until": None},
    **{"channels": [], "kinds": [], "withhold": []},
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    """Two nodes for all tests here: each leaves them running, and the line mended."""
    async with two_nodes(tmp_path_factory.mktemp("two"), settings=QUICK) as net:
        await net.up()
        yield net
        for node in net.nodes.values():
            assert (await node.status())["faults"] == 0
            assert await node.stop() == 0


def text(words: str, **more: Any) -> dict[str, Any]:
    """A message in free text to B."""
    return {"form": "text", "fields": {"text": {"text": words, "language": "en"}}, "to": "b"} | more


async def send(http: httpx.AsyncClient, body: dict[str, Any]) -> str:
    """Send a message; its id."""
    answer = await http.post("/api/v1/line/messages", json=body)
    assert answer.status_code == 201, answer.text
    identity: str = answer.json()["id"]
    return identity


async def message(http: httpx.AsyncClient, identity: str) -> dict[str, Any] | None:
    """A message as one side shows it; None if it is not there."""
    answer = await http.get(f"/api/v1/line/messages/{identity}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def state(http: httpx.AsyncClient, identity: str) -> str | None:
    """How far a message has come at its one recipient, as one side sees it."""
    found = await message(http, identity)
    if found is None:
        return None
    reached: str = found["recipients"][0]["state"]
    return reached


async def reached(node: NodeUnderTest, http: httpx.AsyncClient, identity: str, wanted: str) -> None:
    """Wait until one side sees that state."""

    async def there() -> bool:
        return await state(http, identity) == wanted

    await node.until(http, there)


@asynccontextmanager
async def officers(net: Net) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """An officer of each side, logged in."""
    async with await net["a"].login("durand") as a, await net["b"].login("nowak") as b:
        yield a, b


@asynccontextmanager
async def events(http: httpx.AsyncClient, after: int | None = None) -> AsyncIterator[Any]:
    """What a stream of events tells, one after another."""
    headers = {} if after is None else {"last-event-id": str(after)}
    async with http.stream("GET", "/api/v1/events", headers=headers, timeout=20.0) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"

        async def told() -> AsyncIterator[tuple[str, str | None, dict[str, Any]]]:
            event: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event:
                    yield event.get("event", ""), event.get("id"), json.loads(event["data"])
                    event = {}

        yield told()


async def test_a_message_passes_through_all_five_states_on_both_sides(net: Net) -> None:
    async with officers(net) as (a, b):
        for node in net.nodes.values():
            node.proxy.cut()
        await net["a"].link("peer-silent", "down-there", "down-here")
        identity = await send(a, text("engines will be tested at noon"))
        assert await state(a, identity) == "queued"
        assert (await net["a"].status())["links"][0]["waiting"] == 1
        for node in net.nodes.values():
            node.proxy.mend()
        await reached(net["a"], a, identity, "delivered")
        async with events(b) as told:
            seen = await message(b, identity)
            assert seen is not None
            assert seen["sender"] == "a"
            assert seen["officer"] == "durand"
            assert (await b.post(f"/api/v1/line/messages/{identity}/shown")).status_code == 200
            await reached(net["a"], a, identity, "shown")
            answer = await b.post(f"/api/v1/line/messages/{identity}/acknowledgement", json={})
            assert answer.status_code == 200, answer.text
            await reached(net["a"], a, identity, "acknowledged")
            await send(b, text("understood", form="text", to="a", answers=identity))
            await reached(net["a"], a, identity, "answered")
            assert await state(b, identity) == "answered"
            kinds = set()
            async for name, number, event in told:
                if name == "entry":
                    assert number == str(event["index"])
                    kinds.add(event["kind"])
                if {"shown", "acknowledgement", "message"} <= kinds:
                    break


async def test_a_peer_that_is_killed_comes_back_and_nothing_is_lost(net: Net) -> None:
    await net.up()
    async with officers(net) as (a, _):
        sent = [await send(a, text(f"before {number}")) for number in range(5)]
        await net["b"].kill()
        sent += [await send(a, text(f"meanwhile {number}")) for number in range(25)]
        await net["a"].link("down-there", "peer-silent")
        assert (await net["a"].status())["mode"] == "writing"
        await net["b"].start()
        for identity in sent:
            await reached(net["a"], a, identity, "delivered")
    await net.up()
    async with await net["b"].login("lind") as b:
        listed = (await b.get("/api/v1/line/messages", params={"limit": 200})).json()
        texts = [each["fields"]["text"]["text"] for each in listed["messages"]]
        wanted = [f"before {n}" for n in range(5)] + [f"meanwhile {n}" for n in range(25)]
        assert texts[: len(wanted)] == wanted[::-1]

        async def stated() -> Any:
            found = await b.get("/api/v1/record/entries", params={"kind": "outage"})
            facts = [entry["sender"] for entry in found.json()["entries"]]
            return set(facts) == {"a", "b"}

        # Each side says what it saw: A that B was not heard, B that it was its own node.
        await net["b"].until(b, stated)


async def test_what_is_urgent_passes_a_line_that_is_cut_and_mended(net: Net) -> None:
    await net.up()
    async with officers(net) as (a, b):
        net["a"].proxy.cut()
        net["b"].proxy.cut()
        routine = await send(a, text("routine"))
        urgent = await send(a, text("urgent", urgency="urgent"))
        assert await state(a, urgent) == "queued"
        net["a"].proxy.mend()
        net["b"].proxy.mend()
        await reached(net["a"], a, urgent, "delivered")
        await reached(net["a"], a, routine, "delivered")
        assert await message(b, urgent) is not None
        channels = [
            (await b.get(f"/api/v1/record/entries/{each}")).json()["channel"]
            for each in (routine, urgent)
        ]
        assert channels == ["line/b", "line/b/emergency"]


async def test_both_logs_are_cosigned_and_proofs_hold(net: Net) -> None:
    await net.up()
    async with officers(net) as (a, b):
        identity = await send(a, text("to be proven"))
        await reached(net["a"], a, identity, "delivered")

        async def bilateral() -> bool:
            grades = []
            for http in (a, b):
                entry = await http.get(f"/api/v1/record/entries/{identity}")
                grades.append(entry.json()["grade"])
            return grades == ["bilateral", "bilateral"]

        await until(bilateral, every_s=0.1)
        proof = await a.get(f"/api/v1/record/entries/{identity}/proof")
        assert proof.text.startswith("c2sp.org/tlog-proof@v1")
        begun = (await a.post("/api/v1/record/verify")).json()

        async def checked() -> Any:
            job = (await a.get(f"/api/v1/jobs/{begun['id']}")).json()
            return job if job["state"] != "running" else None

        job = await until(checked, every_s=0.1)
        assert (job["state"], job["result"]) == ("done", {"faults": 0, "first": []})


async def test_everybody_is_told_what_he_may_see(net: Net) -> None:
    """The same moments on the streams of an officer, a custodian and an observer."""
    node = net["a"]
    since = (await node.status())["record"]["size"] - 1
    async with (
        officers(net) as (a, _),
        await node.login("keeper") as keeper,
        await node.login("screen") as screen,
    ):
        identity = await send(a, text("who is told?"))
        action = EXPORT | {"purpose": "to be told of"}
        asked = await keeper.post("/api/v1/approvals", json={"kind": "export", "action": action})
        assert asked.status_code == 201, asked.text
        last = await send(a, text("the last one"))
        told = [await kinds_until(http, since, last) for http in (a, keeper, screen)]
    for seen in told:
        assert identity in seen["message"]
    officer, custodian, observer = told
    assert asked.json()["id"] in officer["approval-request"]
    assert asked.json()["id"] in custodian["approval-request"]
    assert "approval-request" not in observer
    # Log-ins are for those who look after accounts, as a duty chief does.
    assert ["security" in seen for seen in told] == [True, False, False]


async def kinds_until(http: httpx.AsyncClient, after: int, last: str) -> dict[str, set[str]]:
    """Ids of the entries that a stream tells of, by kind, up to a certain one."""
    found: dict[str, set[str]] = {}
    async with events(http, after) as told:
        async for name, _, event in told:
            if name == "entry" and "kind" in event:
                found.setdefault(event["kind"], set()).add(event["id"])
                if event["id"] == last:
                    return found
    raise AssertionError("the stream has ended")


async def test_evidence_is_handed_out_by_two_persons(net: Net, tmp_path: Path) -> None:
    node = net["a"]
    async with officers(net) as (a, _), await node.login("keeper") as keeper:
        await send(a, text("for the bundle"))
        body = EXPORT | {"purpose": "asked for by a court"}
        path = "/api/v1/record/exports"
        alone = await keeper.post(path, json=body)
        assert (alone.status_code, alone.json()["code"]) == (403, "approval.missing")
        asked = await keeper.post("/api/v1/approvals", json={"kind": "export", "action": body})
        request = asked.json()
        said = await a.post(
            f"/api/v1/approvals/{request['id']}/approve",
            json={"action_sha256": request["action_sha256"]},
        )
        assert said.status_code == 200, said.text
        other = await keeper.post(path, json=body | {"items": "0", "approval": request["id"]})
        assert other.status_code == 403, "another action than the one approved"
        begun = await keeper.post(path, json=body | {"approval": request["id"]})
        assert begun.status_code == 202, begun.text
        job = begun.json()["id"]

        async def written() -> Any:
            found = (await keeper.get(f"/api/v1/jobs/{job}")).json()
            return found if found["state"] != "running" else None

        done = await until(written, every_s=0.1)
        assert done["state"] == "done", done
        assert (await a.get(f"{path}/{job}")).status_code == 403  # an officer may not fetch it
        bundle = await keeper.get(f"{path}/{job}")
        assert bundle.headers["content-type"] == "application/zip"
        assert hashlib.sha256(bundle.content).hexdigest() == done["result"]["sha256"]
        used = await keeper.post(path, json=body | {"approval": request["id"]})
        assert (used.status_code, used.json()["code"]) == (409, "approval.closed")
        custody = await a.get(f"/api/v1/record/entries/{done['result']['custody_index']}")
        assert custody.json()["body"]["by"] == ["keeper", "durand"]
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle.content)
    checked = await detente("verify", file, "--lang", "en")
    assert checked.code == 0, checked.out
