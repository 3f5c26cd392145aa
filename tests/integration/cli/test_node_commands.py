"""`detente node`: sessions, two persons and the agreement, at two running nodes."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
from tests.integration.cli.at_node import People, Typed, called, people_at
from tests.support.agreements import World
from tests.support.nodes import until

from detente.agreement import amend_agreement

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("node-commands")]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with people_at(tmp_path_factory.mktemp("node-commands")) as found:
        yield found


class Next(World):
    """The version that follows, with the keys of before."""

    @property
    def agreement(self) -> Path:
        return self.root / "agreement-2"


async def asked(people: People, *arguments: object) -> str:
    """The administrator asks for something that takes two; gives the request."""
    request: str = (await people.json("root", "node", *arguments))["id"]
    return request


ADD = ("officer", "add", "roux", "--name", "Roux", "--role", "auditor", "--language", "fr")


async def test_an_officer_whose_node_speaks_french(people: People) -> None:
    request = await asked(people, *ADD)
    assert '"language": "fr"' in await people.good("martin", "node", "approvals")
    nobody = await people("martin", "node", "approve", request, typed="n\n")
    assert nobody.code == 130
    assert '"id": "roux"' in nobody.out
    said = await people.good("martin", "node", "approve", request, typed="y\n")
    assert said.endswith(f"approved: {request}\n")
    await people.good("root", "node", "officer", "add", "roux", "--approval", request)
    officers = (await people.json("root", "node", "officer", "list"))["officers"]
    (roux,) = (each for each in officers if each["id"] == "roux")
    assert roux["language"] == "fr"
    assert "roux                 active   Roux: auditor; invited" in await people.good(
        "root", "node", "officer", "list"
    )
    request = await asked(people, "officer", "invite", "roux")
    await people.good("martin", "node", "approve", request, "--yes")
    invited = await people.good("root", "node", "officer", "invite", "roux", "--approval", request)
    await accepted(people.net["a"].url, invited.splitlines()[-1])
    assert "Roux: auditor; password + app" in await people.good("root", "node", "officer", "list")
    blocked = await people.json("root", "node", "officer", "block", "roux")
    assert blocked["active"] is False


async def accepted(url: str, token: str) -> None:
    """Whoever was invited sets a password, a better one after it was refused, and an app."""

    def code(screen: str) -> str:
        (secret,) = re.findall(r"type its secret there: (\S+)", screen)
        return pyotp.TOTP(secret).now()

    weak, good = ["password1234"] * 2, ["correct horse of nobody 17"] * 2
    typed: Typed = [token, *weak, code, *good, code]
    done = await called("node", "accept", url, typed=typed, terminal=True)
    assert done.code == 0, done
    assert "Recovery codes, told this once" in done.out
    assert done.out.count("New password") == 2


async def test_a_request_is_taken_back_by_whoever_asked(people: People) -> None:
    request = await asked(people, *ADD[:2], "petit", *ADD[3:])
    other = await people.refused("martin", "node", "withdraw", request)
    assert "Only who asked" in other
    await people.good("martin", "node", "approve", request, "--yes")
    gone = await people.good("root", "node", "withdraw", request)
    assert gone == f"withdrawn: {request}\n"
    late = await people.refused("root", "node", "officer", "add", "petit", "--approval", request)
    assert "approval." in late
    again = await people.json("root", "node", "approvals", "--state", "withdrawn")
    assert [each["id"] for each in again["approvals"]] == [request]
    refused = await people.refused("root", "node", "withdraw", request)
    assert "approval." in refused


async def test_a_request_is_refused(people: People) -> None:
    request = await asked(people, *ADD[:2], "blanc", *ADD[3:])
    said = await people.json("martin", "node", "reject", request, "--text", "Not now.")
    assert said["state"] == "rejected"
    assert "There is none." in await people.good("root", "node", "approvals", "--state", "expired")


async def test_logging_in_proving_and_out(people: People, tmp_path: Path) -> None:
    node = people.net["a"]
    durand, file = node.accounts["durand"], ("--session-file", tmp_path / "sessions")
    wrong = await called("node", "login", node.url, "durand", *file, typed="no\n000000\n")
    assert (wrong.code, "auth." in wrong.err or "session" in wrong.err) == (2, True)
    typed = f"{durand.password}\n{durand.recovery.pop()}\n"
    done = await called("node", "login", node.url, "durand", "--recovery", *file, typed=typed)
    assert f"logged in to {node.url} as " in done.out, done
    proved = await called("node", "prove", *file, typed=f"{durand.password}\n")
    assert "proved; fresh for" in proved.out, proved
    machine = await called("node", "prove", "--json", *file, typed=f"{durand.password}\n")
    assert "step-up" in json.loads(machine.out.partition(": ")[2] or machine.out)["scopes"]
    assert "logged out of" in (await called("node", "logout", *file)).out
    none = await called("node", "logout", *file)
    assert (none.code, "There is no session" in none.err) == (2, True)


async def test_an_invitation_that_is_none(people: People) -> None:
    done = await called("node", "accept", people.net["a"].url, typed="nothing\n")
    assert done.code == 2
    assert "code:" in done.err


async def test_a_new_version_of_the_agreement_comes_in_force(people: People) -> None:
    new = Next(people.net.world.root)
    assert amend_agreement(people.net.world.agreement, new.agreement) == 2
    new.change("[title]\n", "[title]\n# reworded\n")
    sha256 = new.sign_all()
    assert "Name the directory" in await people.refused("root", "node", "agreement", "amend")
    told = await people.good("root", "node", "agreement", "amend", new.agreement)
    assert told.startswith(f"version 2, {sha256}\n")
    request = told.split("node approve ")[1].split()[0]
    await people.good("martin", "node", "approve", request, "--yes")
    done = await people.good("root", "node", "agreement", "amend", "--approval", request)
    assert done.startswith("entry ")

    async def in_force() -> str:
        """The node starts again once the answer is out."""
        told = await people("durand", "node", "agreement", "show", "--lang", "fr")
        return told.out if "version 2, " in told.out else ""

    shown = await until(in_force, every_s=0.1)
    assert "\u202f: " in shown
    assert "." not in shown.splitlines()[0]  # no fractions of a second
