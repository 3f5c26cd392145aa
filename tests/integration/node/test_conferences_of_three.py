"""A conference of three real nodes; one is killed between the minutes and their signatures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.agreements import THREE
from tests.support.nodes import Net, two_nodes, until

pytestmark = pytest.mark.anyio

CONFERENCES = "/api/v1/conferences"
AGENDA = [
    {"item": "1", "title": {"en": "Incidents", "fr": "Incidents"}},
    {"item": "2", "title": {"en": "A second line", "fr": "Une seconde ligne"}, "by": "b"},
]
PROPOSAL = {
    "title": {"en": "A second line"},
    "text": {"en": "A second telephone line."},
    "item": "2",
}
LOCAL = frozenset({"index", "receipts", "receipt_index"})
"""Where something stands in one's own record, and what only its sender is given."""


@dataclass
class Delegation:
    """A party's two duty chiefs."""

    net: Net
    party: str
    stack: AsyncExitStack
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def arrive(self) -> None:
        """Log both in."""
        node = self.net[self.party]
        self.clients = [
            await self.stack.enter_async_context(await node.login(account))
            for account in THREE[self.party]
        ]

    async def ask(self, method: str, path: str, body: Any = None, *, by: int = 0) -> Any:
        answer = await self.clients[by].request(method, path, json=body)
        assert answer.status_code in (200, 201), (self.party, method, path, answer.text)
        return answer.json()

    async def do(self, conference: str, path: str, body: Any) -> Any:
        return await self.ask("POST", f"{CONFERENCES}/{conference}/{path}", body)

    async def see(self, conference: str, true: Callable[[Any], bool]) -> Any:
        """Wait until the conference looks so here; what it looks like."""

        async def looks() -> Any:
            answer = await self.clients[0].get(f"{CONFERENCES}/{conference}")
            assert answer.status_code in (200, 404), answer.text
            return answer.json() if answer.status_code == 200 and true(answer.json()) else None

        return await until(looks, every_s=0.05)

    async def sign(self, conference: str, sha256: str) -> None:
        """Sign minutes, as two persons; alone it is refused."""
        path = f"{CONFERENCES}/{conference}/minutes/{sha256}/signature"
        alone = await self.clients[0].post(path, json={})
        assert (alone.status_code, alone.json()["code"]) == (403, "approval.missing")
        action = {"do": "sign", "conference": conference, "document": sha256}
        asked = await self.ask("POST", "/api/v1/approvals", {"kind": "minutes", "action": action})
        said = {"action_sha256": asked["action_sha256"]}
        await self.ask("POST", f"/api/v1/approvals/{asked['id']}/approve", said, by=1)
        await self.ask("POST", path, {"approval": asked["id"]})


async def test_minutes_are_agreed_when_all_three_have_signed_the_same(tmp_path: Path) -> None:
    async with (
        two_nodes(tmp_path, start=tuple(THREE), officers=THREE) as net,
        AsyncExitStack() as stack,
    ):
        all_three = [Delegation(net, party, stack) for party in THREE]
        a, b, c = all_three
        for each in all_three:
            await each.arrive()
        begins = (await net["a"].status())["now"]
        convened = await a.ask(
            "POST",
            CONFERENCES,
            {"title": {"en": "North"}, "begins": begins, "agenda": AGENDA, "parties": ["b", "c"]},
        )
        conference = convened["id"]
        for each in all_three:
            seen = await each.see(conference, lambda view: True)
            assert (seen["host"], seen["agenda"][1]["by"]) == ("a", "b")
            people = [{"name": f"Col. {each.party.upper()}", "function": "Delegate"}]
            await each.do(conference, "attendance", {"people": people})
        # Whatever is stated is stated to those who are known to be there.
        for each in all_three:
            await each.see(conference, lambda view: attending(view) == {"a", "b", "c"})

        await b.do(conference, "proposals", PROPOSAL)
        for each in (a, c):
            seen = await each.see(conference, lambda view: bool(view["proposals"]))
            assert seen["proposals"][0]["fate"] == "open"
            await each.do(conference, "proposals/b-1/fate", {"fate": "accepted"})
        await a.see(conference, accepted)
        await a.do(conference, "close", {})
        said = {"texts": {"1": {"en": "None.", "fr": "Aucun."}}}
        written = await a.do(conference, "minutes", said)
        sha256 = written["minutes"][0]["sha256"]
        for each in all_three:
            seen = await each.see(conference, lambda view: bool(view["minutes"]))
            (minutes,) = seen["minutes"]
            assert (minutes["sha256"], minutes["state"]) == (sha256, "unsigned")
            assert minutes["differences"] == []
            assert signed(minutes) == {"a": None, "b": None, "c": None}

        # The minutes are with all; C's node is killed, and the two others sign.
        await net["c"].kill()
        await a.sign(conference, sha256)
        await b.sign(conference, sha256)
        for each in (a, b):
            seen = await each.see(conference, lambda view: signatures(view) == 2)
            assert (seen["minutes"][0]["state"], seen["agreed"]) == ("signed in part", None)
        other = "0" * 64
        action = {"do": "sign", "conference": conference, "document": other}
        await a.ask("POST", "/api/v1/approvals", {"kind": "minutes", "action": action})
        path = f"{CONFERENCES}/{conference}/minutes/{other}/signature"
        assert (await a.clients[0].post(path, json={})).status_code in (404, 409)

        await net["c"].start()
        await c.arrive()
        seen = await c.see(conference, lambda view: signatures(view) == 2)
        assert seen["agreed"] is None
        note = {"text": {"en": "Item 2 was spoken of for a minute only."}, "minutes": sha256}
        await c.do(conference, "dissents", note)
        await c.sign(conference, sha256)

        views = []
        for each in all_three:
            await each.see(conference, lambda view: view["agreed"] == sha256)
            views.append(await each.see(conference, lambda view: bool(view["dissents"])))
        for each, view in zip(all_three, views, strict=True):
            (minutes,) = view["minutes"]
            assert minutes["state"] == "agreed"
            assert signed(minutes) == {"a": "durand", "b": "nowak", "c": "okafor"}
            assert accepted(view)
            (dissent,) = view["dissents"]
            assert (dissent["party"], dissent["document"]) == ("c", sha256)
            # A note of its own, signed by that officer's key: no part of what all have signed.
            entry = await each.ask("GET", f"/api/v1/record/entries/{dissent['index']}")
            assert (entry["sender"], entry["kind"]) == ("c", "dissent")
            assert entry["body"]["text"] == note["text"]
            assert entry["author"] == "node.c.example/officer/okafor/ab-2026"
            page = await each.clients[0].get(
                f"{CONFERENCES}/{conference}/minutes/{sha256}", params={"as": "markdown-en"}
            )
            assert page.status_code == 200
            assert "Aucun" not in page.text
            assert "None\\." in page.text or "None." in page.text
        assert common(views[0]) == common(views[1]) == common(views[2])
        for node in net.nodes.values():
            assert (await node.status())["faults"] == 0


def attending(view: Any) -> set[str]:
    return {each["party"] for each in view["attendance"] if each["state"] == "attending"}


def accepted(view: Any) -> bool:
    return bool(view["proposals"]) and view["proposals"][0]["fate"] == "accepted"


def signed(minutes: Any) -> dict[str, str | None]:
    """Who has signed for each party."""
    return {each["party"]: each["officer"] for each in minutes["signatures"]}


def signatures(view: Any) -> int:
    return sum(each is not None for each in signed(view["minutes"][0]).values())


def common(found: Any) -> Any:
    """A view without what is each node's own."""
    if isinstance(found, dict):
        return {name: common(value) for name, value in found.items() if name not in LOCAL}
    return [common(each) for each in found] if isinstance(found, list) else found
