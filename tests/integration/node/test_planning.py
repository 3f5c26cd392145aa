"""Two nodes plan against each other through a real exchange, from filing to the end."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import httpx
import pytest
from tests.support.instance import HOST, SCOPES, key_pair, token
from tests.support.planners import circle, details, planners
from tests.support.tls import certificate

from detente.http import TokenSigner

pytestmark = pytest.mark.anyio


async def test_a_plan_is_accepted_and_told_to_who_asks(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        volume = circle(47.0, 8.0)
        done = await a.file([volume], name="first")
        assert done["result"] == "done", done
        assert done["plan"]["state"] == "Accepted"
        (reference,) = await there.references(volume)
        assert reference["id"] == done["id"]
        assert reference["manager"] == "a"
        told = await details(a, done["id"])
        assert told.status_code == 200, told.text
        intent = told.json()["operational_intent"]
        assert intent["reference"]["version"] == reference["version"]
        assert intent["reference"]["ovn"] == done["plan"]["filed"][0]["ovn"]
        assert [each["id"] for each in await a.plans()] == [done["id"]]

        # Answers are signed by the key that the node has, not by what lies on its disk just then.
        hidden = a.node.keys.rename(a.node.keys.with_name("hidden"))
        try:
            again = await details(a, done["id"])
        finally:
            hidden.rename(a.node.keys)
        assert again.status_code == 200, again.text
        assert again.json() == told.json()
        for answer in (told, again):
            assert 'alg="ed25519"' in answer.headers["signature-input"]


async def test_a_new_plan_does_not_take_the_place_of_one_that_flies(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        here, elsewhere = circle(47.0, 8.0, start_s=-5), circle(47.5, 8.0)
        mine = str(uuid.uuid4())
        await a.file([here], id=mine, state="Activated", name="in the air")
        before = await there.reference(mine)
        again = {"volumes": [elsewhere], "id": mine.upper()}
        refused = await a.call("POST", "/plans", again)
        assert (refused.status_code, refused.json()["code"]) == (409, "plan.exists")
        (plan,) = await a.plans()
        assert (plan["state"], plan["name"]) == ("Activated", "in the air")
        assert await there.reference(mine) == before
        assert await there.references(elsewhere) == []

        # Nor does it begin again at version 1 after its end: others know later ones.
        await a.act(mine, "end")
        refused = await a.call("POST", "/plans", again)
        assert (refused.status_code, refused.json()["code"]) == (409, "plan.exists")


async def test_two_nodes_give_way_to_each_other(tmp_path: Path) -> None:
    async with planners(tmp_path) as there:
        a, b = there["a"], there["b"]
        here, beside = circle(47.0, 8.0), circle(47.0, 8.01)
        first = await a.file([here], name="first")
        assert first["result"] == "done", first

        # b meets it, and is told by whom, where, by which rule, and on whose word.
        refused = await b.file([circle(47.001, 8.0)], name="second")
        assert refused["result"] == "refused", refused
        assert refused["plan"] is None
        (conflict,) = refused["conflicts"]
        assert conflict["with"] == first["id"]
        assert conflict["manager"] == "a"
        assert conflict["rule"] == "SCD0035"
        assert not conflict["allowed"]
        assert conflict["signed_by"], "a signs what it tells, and b has checked it"
        assert conflict["source"]
        assert [each["id"] for each in await there.references(here)] == [first["id"]]
        assert await b.plans() == []

        # Beside it there is room; its life, step by step.
        second = await b.file([beside], name="second")
        assert second["result"] == "done", second
        moved = await b.change(second["id"], [circle(47.0, 8.02)])
        assert moved["result"] == "done", moved
        assert moved["plan"]["version"] == 2
        kept = await b.change(second["id"], [circle(47.001, 8.0)])
        assert kept["result"] == "refused", kept
        assert kept["conflicts"][0]["rule"] == "SCD0040"
        assert kept["plan"]["version"] == 2
        early = await b.act(second["id"], "activate")
        assert early["result"] == "refused", early
        assert early["faults"][0]["code"]
        now = circle(47.0, 8.02, start_s=-5)
        begun = await b.act(second["id"], "activate", {"volumes": [now]})
        assert begun["result"] == "done", begun
        assert begun["plan"]["state"] == "Activated"
        off = await b.act(
            second["id"], "nonconforming", {"off_nominal_volumes": [circle(47.0, 8.0)]}
        )
        assert off["result"] == "done", off
        assert off["plan"]["state"] == "Nonconforming"
        (met,) = off["conflicts"]
        assert met["allowed"]
        back = await b.act(second["id"], "conform")
        assert back["result"] == "done", back
        assert back["plan"]["state"] == "Activated"
        assert back["plan"]["off_nominal_volumes"] == []
        lost = await b.act(
            second["id"], "contingent", {"off_nominal_volumes": [circle(47.0, 8.02, start_s=-5)]}
        )
        assert lost["result"] == "done", lost
        assert lost["plan"]["state"] == "Contingent"
        ended = await b.act(second["id"], "end")
        assert ended["result"] == "done", ended
        assert ended["plan"]["ended"]
        assert await there.reference(second["id"]) is None
        assert (await details(b, second["id"])).status_code == 404
        assert (await b.call("POST", f"/plans/{second['id']}/end", {})).status_code == 409
        assert (await b.call("POST", f"/plans/{first['id']}/end", {})).status_code == 404


async def test_in_earnest_other_uss_are_called_by_tls_at_hosts_of_the_agreement_only(
    tmp_path: Path,
) -> None:
    async with planners(tmp_path, start=()) as there:
        folders = {party: tmp_path / f"tls-{party}" for party in "ab"}
        for party, folder in folders.items():
            folder.mkdir()
            certificate(folder, f"node.{party}.example")
        together = tmp_path / "ca.pem"
        together.write_text("".join((each / "tls.crt").read_text() for each in folders.values()))
        for party, node in there.nodes.items():
            options = node.node.options
            options.remove("--peer-allow-any")
            options += ["--base-url", f"https://node.{party}.example:8444"]
            options += ["--uss-tls-cert", str(folders[party] / "tls.crt")]
            options += ["--uss-tls-key", str(folders[party] / "tls.key")]
            options += ["--uss-ca", str(together)]
            for other in there.nodes:
                if other != party:
                    port = there[other].base_url.rpartition(":")[2]
                    options += ["--connect-to", f"node.{other}.example:8444=127.0.0.1:{port}"]
        a, b = there["a"], there["b"]
        await a.start()
        await b.start()
        first = await a.file([circle(47.0, 8.0)])
        assert first["result"] == "done", first
        refused = await b.file([circle(47.001, 8.0)])
        assert refused["result"] == "refused", refused
        assert refused["conflicts"][0]["signed_by"]
        # The switch of the tests is said wherever one looks; the other one is off.
        assert (await b.planning())["test_mode"] == ["allow-http-uss-urls"]
        ready = (await b.call("GET", "/../../ready")).json()
        assert ready["test_mode"] == ["allow-http-uss-urls"]

        # Somebody from outside the agreement has announced something: it cannot be asked for.
        stranger = circle(46.0, 8.0)
        async with there.exchanges["main"].connection() as dss:
            body = {
                "extents": [stranger],
                "state": "Accepted",
                "uss_base_url": "https://uss.stranger.example",
                "key": [],
            }
            path = f"/dss/v1/operational_intent_references/{uuid.uuid4()}"
            assert (await dss.call("PUT", path, body, sub="stranger")).status == 201
        failed = await b.file([circle(46.001, 8.0)])
        assert failed["result"] == "failed", failed
        assert "no host of a party" in str(failed["faults"])


async def test_tokens_come_from_a_command_and_callers_must_bring_the_right_ones(
    tmp_path: Path,
) -> None:
    async with planners(tmp_path, start=()) as there:
        a = there["a"]
        options = a.node.options
        for name in ("--token-key", "--token-subject"):
            at = options.index(name)
            del options[at : at + 2]
        kept = tmp_path / "a.token"
        kept.write_text(token("a"))
        options += ["--token-command", f"cat {kept}"]
        options += ["--audience", "uss.a.example", "--audience", "a.example"]
        options += ["--issuer", "auth.example"]
        await a.start()
        volume = circle(47.0, 8.0)
        done = await a.file([volume])
        assert done["result"] == "done", done
        assert [each["manager"] for each in await there.references(volume)] == ["a"]

        signer = TokenSigner(key_pair()[0])
        url = f"{a.base_url}/uss/v1/operational_intents/{done['id']}"
        async with httpx.AsyncClient(trust_env=False) as http:
            for audience, issuer, status in (
                ("uss.a.example", "auth.example", 200),
                ("a.example", "auth.example", 200),
                (HOST, "auth.example", 401),
                ("a.example", "other.example", 401),
            ):
                shown = signer.issue(
                    sub="b", audience=audience, scopes=SCOPES, now_s=time.time(), issuer=issuer
                )
                answer = await http.get(url, headers={"authorization": f"Bearer {shown}"})
                assert answer.status_code == status, (audience, issuer, answer.text)
