"""What two persons change on nodes that run: keys, the agreement, peers, what is erased, published.

The line goes on through all of it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.node.test_two_nodes import message, reached, send, text
from tests.support.agreements import World
from tests.support.nodes import Net, NodeUnderTest, two_nodes, until

from detente.agreement import amend_agreement
from detente.node.roles import Role

pytestmark = pytest.mark.anyio

QUICK = ("--witness-every", "0.3")


CHIEF = (Role.OFFICER, Role.DUTY_CHIEF)
STAFF: dict[str, dict[str, tuple[Role, ...]]] = {
    "a": {"durand": CHIEF, "martin": CHIEF, "root": (Role.ADMIN, Role.CUSTODIAN)},
    "b": {"nowak": CHIEF, "lind": CHIEF, "root": (Role.ADMIN,)},
}


class Desk:
    """Those who propose, and the one who decides, at one node that may start again."""

    def __init__(self, node: NodeUnderTest, tokens: dict[str, str]) -> None:
        self.node = node
        self.tokens = tokens

    def of(self, account: str) -> httpx.AsyncClient:
        """A client of an account's session."""
        return self.node.client({"authorization": self.tokens[account]})

    async def ask(self, account: str, method: str, path: str, **more: Any) -> httpx.Response:
        async with self.of(account) as http:
            return await http.request(method, f"/api/v1/{path}", **more)

    async def by_two(
        self, kind: str, by: str, action: dict[str, Any], method: str, path: str, *left_out: str
    ) -> httpx.Response:
        """Do something as two persons; alone it must be refused."""
        body = {name: value for name, value in action.items() if name not in ("do", *left_out)}
        alone = await self.ask(by, method, path, json=body)
        assert (alone.status_code, alone.json()["code"]) == (403, "approval.missing"), alone.text
        asked = await self.ask(by, "POST", "approvals", json={"kind": kind, "action": action})
        assert asked.status_code == 201, asked.text
        identity = asked.json()["id"]
        said = await self.ask(
            "martin" if self.node.party == "a" else "lind",
            "POST",
            f"approvals/{identity}/approve",
            json={"action_sha256": asked.json()["action_sha256"]},
        )
        assert said.status_code == 200, said.text
        return await self.ask(by, method, path, json=body | {"approval": identity})


async def logged_in(node: NodeUnderTest) -> Desk:
    """Everybody of a party, logged in."""
    clients = await asyncio.gather(*(node.login(account) for account in STAFF[node.party]))
    tokens = [http.headers["authorization"] for http in clients]
    return Desk(node, dict(zip(STAFF[node.party], tokens, strict=True)))


@asynccontextmanager
async def desks(root: Path) -> AsyncIterator[tuple[Net, Desk, Desk]]:
    """Both nodes, their people logged in."""
    async with two_nodes(root, settings=QUICK, accounts=STAFF) as net:
        await net.up()
        a, b = await asyncio.gather(logged_in(net["a"]), logged_in(net["b"]))
        yield net, a, b


async def passes(a: Desk, b: Desk, words: str) -> None:
    """A message goes each way, and both logs are cosigned beyond it."""
    async with a.of("durand") as here, b.of("nowak") as there:
        identity = await send(here, text(words))
        back = await send(there, text(words, to="a"))
        await reached(a.node, here, identity, "delivered")
        await reached(b.node, there, back, "delivered")

        async def cosigned() -> bool:
            pages = [
                await http.get(f"/api/v1/record/entries/{each}")
                for http, each in ((here, identity), (there, back))
            ]
            return [page.json()["grade"] for page in pages] == ["bilateral", "bilateral"]

        await until(cosigned)


async def key_of(desk: Desk, purpose: str, party: str = "a") -> Any:
    answer = await desk.ask("durand" if desk.node.party == "a" else "nowak", "GET", "keys")
    assert answer.status_code == 200, answer.text
    found = answer.json()["keys"]
    return next(key for key in found if (key["party"], key["purpose"]) == (party, purpose))


async def test_keys_are_replaced_and_revoked_while_the_line_goes_on(tmp_path: Path) -> None:
    async with desks(tmp_path) as (net, a, b):
        await erased_and_published(net, a)
        before = await key_of(a, "signing")
        # B is away when the node's key changes: it must know A all the same when it is back.
        await net["b"].stop()
        for purpose in ("signing", "log"):
            old = (await key_of(a, purpose))["key"]
            made = await a.ask("root", "POST", "keys", json={"replaces": old})
            assert made.status_code == 201, made.text
            action = {"do": "rotate", "old": old, "new": made.json()["key"]}
            done = await a.by_two("keys", "root", action, "POST", "keys/rotations")
            assert done.status_code == 201, done.text
        await net["b"].start()
        await net.up()
        await passes(a, b, "after the rotation")
        assert net["a"].log.count("keys or addresses have changed") >= 2  # and once B has it
        now = await key_of(a, "signing")
        assert now["key"] != before["key"]
        assert now["here"] is True
        [theirs] = [
            key
            for key in (await b.ask("nowak", "GET", "keys")).json()["keys"]
            if (key["party"], key["purpose"]) == ("a", "signing")
        ]
        assert (theirs["key"], theirs["here"]) == (now["key"], None)
        action = {"do": "revoke", "key": before["key"], "good_until": 10, "reason": "stolen"}
        assert (await a.by_two("keys", "root", action, "POST", "keys/revocations")).is_success
        await passes(a, b, "after the revocation")
        await net["a"].stop()
        await net["a"].start()
        await net.up()
        seen = (await net["a"].status())["record"]["size"] - 1
        await passes(a, b, "after a start with the new key")
        await nothing_is_missed(a, seen)
        unknown = await a.ask("root", "POST", "keys", json={"replaces": before["key"]})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "keys.unknown")
        assert (await a.ask("durand", "POST", "keys", json={"replaces": "x"})).status_code == 403
        assert [(await node.status())["faults"] for node in net.nodes.values()] == [0, 0]


async def test_an_officers_key_is_not_replaced_over_what_is_on_its_way(tmp_path: Path) -> None:
    async with desks(tmp_path) as (net, a, _b), a.of("durand") as durand:

        async def pair() -> dict[str, Any]:
            """The officer's key, and one that is made for it."""
            keys = (await a.ask("durand", "GET", "keys")).json()["keys"]
            old = next(k["key"] for k in keys if (k["party"], k["holder"]) == ("a", "durand"))
            made = await a.ask("root", "POST", "keys", json={"replaces": old})
            return {"old": old, "new": made.json()["key"]}

        async def refused(keys: dict[str, Any]) -> str:
            answer = await a.ask("root", "POST", "keys/rotations", json=keys)
            assert (answer.status_code, answer.json()["code"]) == (409, "keys.unheard")
            return answer.text

        async def rotated(action: dict[str, Any]) -> None:
            done = await a.by_two(
                "keys", "root", {"do": "rotate", **action}, "POST", "keys/rotations"
            )
            assert done.status_code == 201, done.text

        await net["b"].stop()
        waiting = await send(durand, text("first", urgency="urgent"))
        keys = await pair()
        assert "1 to b" in await refused(keys)
        await net["b"].start()
        await reached(a.node, durand, waiting, "delivered")
        await rotated(keys)
        told = await send(durand, text("second", urgency="urgent"))
        await reached(a.node, durand, told, "delivered")
        # A party that is lost locks nobody in.
        await net["b"].stop()
        await send(durand, text("third", urgency="urgent"))
        keys = await pair()
        await refused(keys)
        await rotated(keys | {"force": True})


async def nothing_is_missed(desk: Desk, seen: int) -> None:
    """Whoever was cut off names the last event, and is told every entry since."""
    size = (await desk.node.status())["record"]["size"]
    told: list[int] = []
    headers = {"last-event-id": str(seen)}
    async with (
        desk.of("durand") as http,
        http.stream("GET", "/api/v1/events", headers=headers) as answer,
    ):
        async for line in answer.aiter_lines():
            data = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if "index" in data:
                told.append(data["index"])
                if told[-1] >= size - 1:
                    break
    assert told == list(range(seen + 1, size))


async def erased_and_published(net: Net, a: Desk) -> None:
    """An entry is erased, a bulletin published and corrected."""
    async with a.of("durand") as http:
        identity = await send(http, text("a name that must not stay"))
        found = (await http.get(f"/api/v1/record/entries/{identity}")).json()
        action = {"do": "erase", "index": found["index"], "ground": "GDPR 17"}
        path = f"record/erasures/{found['index']}"
        done = await a.by_two("erase", "root", action, "POST", path, "index")
        assert done.status_code == 201, done.text
        assert await message(http, identity) is None
        words = {"en": "Firing from 10:00.", "fr": "Tirs à partir de 10:00."}
        action = {"do": "publish", "title": words, "text": words, "corrects": None}
        first = await a.by_two("publish", "durand", action, "POST", "publications")
        assert first.status_code == 201, first.text
        action |= {"corrects": first.json()["id"], "text": {"en": "None.", "fr": "Aucun."}}
        second = await a.by_two("publish", "durand", action, "POST", "publications")
        assert second.status_code == 201, second.text
    async with net["a"].client({}) as anybody:
        told = (await anybody.get("/api/v1/publications")).json()["publications"]
        assert [each["text"]["fr"] for each in told] == ["Aucun.", words["fr"]]
        assert told[0]["corrects"] == told[1]["id"]
        earlier = await anybody.get("/api/v1/publications", params={"before": told[0]["index"]})
        assert [each["id"] for each in earlier.json()["publications"]] == [told[1]["id"]]
        refused = await anybody.post("/api/v1/publications", json=action)
        assert refused.status_code in (401, 403)


class Next(World):
    """The version that follows."""

    @property
    def agreement(self) -> Path:
        return self.root / "agreement-2"


def handed_in(world: World) -> dict[str, str]:
    """An agreement's directory as the interface takes it."""
    return {
        str(path.relative_to(world.agreement)): base64.b64encode(path.read_bytes()).decode()
        for path in world.agreement.rglob("*")
        if path.is_file()
    }


async def test_the_agreement_is_amended_and_peers_are_reached_otherwise(tmp_path: Path) -> None:
    async with desks(tmp_path) as (net, a, b):
        new = Next(net.world.root)
        assert amend_agreement(net.world.agreement, new.agreement) == 2
        new.change("urgent_s = 300", "urgent_s = 240")
        unsigned = await a.ask("root", "POST", "agreement/proposed", json={"files": handed_in(new)})
        assert unsigned.status_code == 422, unsigned.text
        sha256 = new.sign_all()
        files = handed_in(new)
        for desk in (a, b):
            shown = await desk.ask("root", "POST", "agreement/proposed", json={"files": files})
            assert shown.status_code == 200, shown.text
            assert (shown.json()["version"], shown.json()["sha256"]) == (2, sha256)
            assert shown.json()["changes"], "nothing has changed"
            action = {"do": "amend", "version": 2, "sha256": sha256}
            boot = (await desk.node.status())["boot"]
            done = await desk.by_two(
                *("agreement", "root", action, "POST", "agreement/amendments", "version")
            )
            assert done.status_code == 201, done.text
            await started_again(desk, boot)
            found = (await desk.ask("root", "GET", "agreement")).json()
            assert (found["version"], found["sha256"]) == (2, sha256)
        await net.up()
        await passes(a, b, "under the second version")
        again = await a.ask("root", "POST", "agreement/proposed", json={"files": files})
        assert (again.status_code, again.json()["code"]) == (422, "agreement.amendment")

        # From now on nobody can call A; A fetches what B has.
        found = (await a.ask("root", "GET", "peers")).json()
        assert [peer["party"] for peer in found["peers"]] == ["b"]
        wrong = await a.ask("root", "PUT", "peers/reach", json=found["reach"] | {"pull": ["c"]})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "node.reach")
        net["a"].proxy.cut()
        boot = (await a.node.status())["boot"]
        action = {"do": "reach", **found["reach"], "pull": ["b"]}
        done = await a.by_two("peers", "root", action, "PUT", "peers/reach")
        assert done.status_code == 200, done.text

        await started_again(a, boot)
        told = (await a.ask("root", "GET", "peers")).json()
        assert told["peers"][0]["pulled"] is True
        # What B says is fetched, and so is what both witnesses need of each other.
        await passes(a, b, "fetched")


async def started_again(desk: Desk, boot: str) -> None:
    """Wait until a node has begun anew within its process."""

    async def there() -> bool:
        try:
            found = await desk.node.status()
        except (httpx.TransportError, AssertionError, ValueError):
            return False
        return bool(found["boot"] != boot)

    await until(there)
