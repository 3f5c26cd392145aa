"""What two persons change on nodes that run: keys, the agreement, peers, what is erased, published.

The line goes on through all of it.
"""

from __future__ import annotations

import base64
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


def staff(first: str, second: str) -> dict[str, tuple[Role, ...]]:
    return {
        first: (Role.OFFICER, Role.DUTY_CHIEF),
        second: (Role.OFFICER, Role.DUTY_CHIEF),
        "keeper": (Role.CUSTODIAN,),
        "root": (Role.ADMIN,),
    }


STAFF = {"a": staff("durand", "martin"), "b": staff("nowak", "lind")}


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
        self, kind: str, by: str, action: dict[str, Any], method: str, path: str, **more: Any
    ) -> httpx.Response:
        """Do something as two persons; alone it must be refused."""
        body = {name: value for name, value in action.items() if name != "do"} | more
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


@asynccontextmanager
async def desks(root: Path) -> AsyncIterator[tuple[Net, Desk, Desk]]:
    """Both nodes, their people logged in."""
    async with two_nodes(root, settings=QUICK, accounts=STAFF) as net:
        await net.up()
        found = []
        for party, people in STAFF.items():
            tokens = {}
            for account in people:
                async with await net[party].login(account) as http:
                    tokens[account] = http.headers["authorization"]
            found.append(Desk(net[party], tokens))
        yield net, found[0], found[1]


async def passes(a: Desk, b: Desk, words: str) -> None:
    """A message goes each way, and A's log is cosigned beyond it."""
    async with a.of("durand") as here, b.of("nowak") as there:
        identity = await send(here, text(words))
        back = await send(there, text(words, to="a"))
        await reached(a.node, here, identity, "delivered")
        await reached(b.node, there, back, "delivered")

        async def cosigned() -> bool:
            entry = await here.get(f"/api/v1/record/entries/{identity}")
            grade: str = entry.json()["grade"]
            return grade == "bilateral"

        await until(cosigned)


async def key_of(desk: Desk, purpose: str, party: str = "a") -> Any:
    answer = await desk.ask("durand" if desk.node.party == "a" else "nowak", "GET", "keys")
    assert answer.status_code == 200, answer.text
    found = answer.json()["keys"]
    return next(key for key in found if (key["party"], key["purpose"]) == (party, purpose))


async def test_keys_are_replaced_and_revoked_while_the_line_goes_on(tmp_path: Path) -> None:
    async with desks(tmp_path) as (net, a, b):
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
        [seen] = [
            key
            for key in (await b.ask("nowak", "GET", "keys")).json()["keys"]
            if (key["party"], key["purpose"]) == ("a", "signing")
        ]
        assert (seen["key"], seen["here"]) == (now["key"], None)
        action = {"do": "revoke", "key": before["key"], "good_until": 10, "reason": "stolen"}
        assert (await a.by_two("keys", "root", action, "POST", "keys/revocations")).is_success
        await passes(a, b, "after the revocation")
        await net["a"].stop()
        await net["a"].start()
        await net.up()
        await passes(a, b, "after a start with the new key")
        unknown = await a.ask("root", "POST", "keys", json={"replaces": before["key"]})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "keys.unknown")
        assert (await a.ask("durand", "POST", "keys", json={"replaces": "x"})).status_code == 403
        assert [(await node.status())["faults"] for node in net.nodes.values()] == [0, 0]


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
            body = {"do": "amend", "sha256": sha256}
            alone = await desk.ask("root", "POST", "agreement/amendments", json=dict(sha256=sha256))
            assert alone.json()["code"] == "approval.missing", alone.text
            boot = (await desk.node.status())["boot"]
            done = await _amend(desk, action, body)
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
        async with b.of("nowak") as there:
            identity = await send(there, text("fetched", to="a"))
            await reached(b.node, there, identity, "delivered")


async def started_again(desk: Desk, boot: str) -> None:
    """Wait until a node has begun anew within its process."""

    async def there() -> bool:
        try:
            found = await desk.node.status()
        except (httpx.TransportError, AssertionError, ValueError):
            return False
        return bool(found["boot"] != boot)

    await until(there)


async def _amend(desk: Desk, action: dict[str, Any], body: dict[str, Any]) -> httpx.Response:
    asked = await desk.ask(
        "root", "POST", "approvals", json={"kind": "agreement", "action": action}
    )
    second = "martin" if desk.node.party == "a" else "lind"
    seen = {"action_sha256": asked.json()["action_sha256"]}
    path = f"approvals/{asked.json()['id']}/approve"
    assert (await desk.ask(second, "POST", path, json=seen)).is_success
    body = {"sha256": body["sha256"], "approval": asked.json()["id"]}
    return await desk.ask("root", "POST", "agreement/amendments", json=body)


async def test_what_is_erased_and_what_is_published(tmp_path: Path) -> None:
    async with two_nodes(tmp_path, settings=QUICK, accounts=STAFF, start=("a",)) as net:
        tokens = {}
        for account in STAFF["a"]:
            async with await net["a"].login(account) as http:
                tokens[account] = http.headers["authorization"]
        a = Desk(net["a"], tokens)
        async with a.of("durand") as http:
            identity = await send(http, text("a name that must not stay"))
            found = (await http.get(f"/api/v1/record/entries/{identity}")).json()
            action = {"do": "erase", "index": found["index"], "ground": "GDPR 17"}
            assert (
                await a.ask("durand", "POST", f"record/erasures/{found['index']}", json={})
            ).status_code in (400, 403)
            path = f"record/erasures/{found['index']}"
            asked = await a.ask(
                "keeper", "POST", "approvals", json={"kind": "erase", "action": action}
            )
            seen = {"action_sha256": asked.json()["action_sha256"]}
            agreed = f"approvals/{asked.json()['id']}/approve"
            assert (await a.ask("martin", "POST", agreed, json=seen)).is_success
            body = {"ground": "GDPR 17"}
            alone = await a.ask("keeper", "POST", path, json=body)
            assert alone.json()["code"] == "approval.missing"
            other = {"ground": "another", "approval": asked.json()["id"]}
            assert (await a.ask("keeper", "POST", path, json=other)).status_code == 403
            done = await a.ask("keeper", "POST", path, json=body | {"approval": asked.json()["id"]})
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
