"""Keys, the agreement and statements at the command line of a running node, by two persons."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.nodes import Net, two_nodes
from tests.support.program import Finished, detente

from detente.cli.session_file import SavedSession, SessionFile
from detente.node.roles import Role

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("node-by-two")]

CHIEF = (Role.OFFICER, Role.DUTY_CHIEF)
STAFF = {"durand": CHIEF, "martin": CHIEF, "keeper": (Role.CUSTODIAN,), "root": (Role.ADMIN,)}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class People:
    """Those of A, at the command line."""

    def __init__(self, net: Net, root: Path) -> None:
        self.net = net
        self._root = root

    async def log_in(self) -> None:
        for account in STAFF:
            async with await self.net["a"].login(account) as http:
                token = http.headers["authorization"].removeprefix("Bearer ")
            file = SessionFile(self._root / account)
            file.save(SavedSession(self.net["a"].url, account, token))

    async def __call__(self, who: str, *arguments: str) -> Finished:
        session = ("--session-file", str(self._root / who), "--node", self.net["a"].url)
        return await detente("node", *arguments, *session)

    async def by_two(self, second: str, *arguments: str) -> Finished:
        """The administrator asks, somebody approves, the administrator does it."""
        asked = await self("root", *arguments, "--json")
        assert asked.code == 0, asked.err
        request = json.loads(asked.out)["id"]
        waiting = await self(second, "approvals")
        assert request in waiting.out
        command = arguments[:2]
        early = await self("root", *command, "--approval", request)
        assert early.code != 0, "nobody has approved it yet"
        said = await self(second, "approve", request, "--yes")
        assert said.code == 0, said.err
        return await self("root", *command, "--approval", request)


@pytest.fixture(scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    root = tmp_path_factory.mktemp("by-two")
    async with two_nodes(root, accounts={"a": STAFF}) as net:
        await net.up()
        found = People(net, root)
        await found.log_in()
        yield found


async def test_a_key_is_replaced_and_then_revoked(people: People) -> None:
    before = await people("root", "keys", "show", "--json")
    keys = json.loads(before.out)["keys"]
    old = next(k["key"] for k in keys if (k["party"], k["purpose"]) == ("a", "signing"))
    name = old.partition("+")[0]
    done = await people.by_two("martin", "keys", "rotate", name)
    assert done.code == 0, done.err
    assert old not in (await people("root", "keys", "show")).out
    gone = await people.by_two(
        "martin", "keys", "revoke", old, "--good-until", "3", "--reason", "lost"
    )
    assert gone.code == 0, gone.err
    again = await people("root", "keys", "revoke", "nobody", "--good-until", "3", "--reason", "x")
    assert (again.code, "is not one key of ours" in again.err) == (2, True)
    await people.net.up()


async def test_what_a_party_states_stands_apart_from_the_line(people: People) -> None:
    node = people.net["b"]
    done = await people.by_two(
        "martin", "agreement", "state", "suspend", "--reason", "Our cell moves tonight."
    )
    assert done.code == 0, done.err
    told = await people("durand", "agreement", "statements")
    assert told.out.splitlines()[0] == "ab-2026, version 1: suspended"
    assert "a (martin): suspension from" in told.out
    assert told.out.splitlines()[-1] == "line to b: up"

    async with await node.login("nowak") as http:

        async def known() -> Any:
            found = (await http.get("/api/v1/agreement/standing")).json()
            return found if found["statements"] else None

        there = await node.until(http, known)
        assert (there["state"], there["suspended"], there["left"]) == ("suspended", ["a"], [])
        assert there["statements"][0]["officer"] == "martin"
        assert there["lines"] == [{"peer": "a", "state": "up"}]

    twice = await people.by_two("martin", "agreement", "state", "suspend", "--reason", "Again.")
    assert twice.code != 0
    assert "has suspended it already" in twice.err
    # An officer of the agreement must sign it: a custodian is none.
    nobody = await people.by_two("keeper", "agreement", "state", "resume", "--reason", "Moved.")
    assert nobody.code != 0
    assert "officer of the agreement" in nobody.err
    over = await people.by_two("martin", "agreement", "state", "resume", "--reason", "Moved.")
    assert over.code == 0, over.err
    stands = json.loads((await people("durand", "agreement", "statements", "--json")).out)
    assert stands["state"] == "in force"
    assert [each["kind"] for each in stands["statements"]] == ["suspension", "resumption"]


async def test_what_is_no_next_version_is_refused(people: People) -> None:
    shown = await people("durand", "agreement", "show", "--lang", "fr")
    assert shown.code == 0, shown.err
    assert "version 1" in shown.out
    same = await people("root", "agreement", "amend", str(people.net.world.agreement))
    assert same.code != 0
    assert "It is version 1" in same.err


async def test_evidence_leaves_a_running_node_by_two(people: People, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    why = await people("keeper", "export", str(out))
    assert (why.code, "--purpose" in why.err) == (2, True)
    asked = await people("keeper", "export", str(out), "--purpose", "A trial", "--items", "0-3")
    assert asked.code == 0, asked.err
    request = asked.out.split("node approve ")[1].split()[0]
    assert "node export" in asked.out.splitlines()[-1]
    assert not out.exists()
    early = await people("keeper", "export", str(out), "--approval", request)
    assert early.code == 2
    assert "approval." in early.err
    assert '"items": "0-3"' in (await people("martin", "approvals")).out
    assert (await people("martin", "approve", request, "--yes")).code == 0
    both = await people("keeper", "export", str(out), "--approval", request, "--items", "1")
    assert "give no choice" in both.err
    other = await people("root", "officer", "add", "auditor", "--approval", request)
    assert "for something else" in other.err
    done = await people("keeper", "export", str(out), "--approval", request)
    assert done.code == 0, done.err
    assert f"detente verify {out}" in done.out
    assert [each.name for each in os.scandir(tmp_path)] == ["evidence.zip"]
    proven = await detente("verify", str(out))
    assert proven.code == 0, proven.out
    there = await people("keeper", "export", str(out), "--purpose", "Again")
    assert "--overwrite" in there.err
    used = await people("keeper", "export", str(out), "--approval", request, "--overwrite")
    assert used.code == 2
    assert (await people("martin", "approvals")).out == "Nothing waits for a second person.\n"


async def test_an_account_is_made_and_invited_by_two(people: People) -> None:
    async def agreed(said: Finished) -> str:
        assert said.code == 0, said.err
        assert "asked for a second person" in said.out
        request = said.out.split("node approve ")[1].split()[0]
        assert (await people("martin", "approve", request, "--yes")).code == 0
        return request

    nameless = await people("root", "officer", "add", "checker")
    assert "--name" in nameless.err
    made = await people(
        "root", "officer", "add", "checker", "--name", "Checker", "--role", "auditor"
    )
    first = await agreed(made)
    wrong = await people("root", "officer", "add", "other", "--approval", first)
    assert "for the account checker" in wrong.err
    added = await people("root", "officer", "add", "checker", "--approval", first)
    second = await agreed(added)
    invited = await people("root", "officer", "invite", "checker", "--approval", second)
    assert invited.code == 0, invited.err
    assert invited.out.startswith("checker is invited until ")
    blocked = await people("root", "officer", "block", "checker")
    assert "BLOCKED" in blocked.out
