"""Two nodes, and an aircraft that flies towards a border: who is told, when, and how often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.agreements import World
from tests.support.flying import Receiver, receiver
from tests.support.nodes import Net, NodeUnderTest, two_nodes

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("watching")]

RULES = """
[rules.watch]
claims = [{ party = "b", boundaries = ["country-coder/FR*"] }]
"""
OURS = """
[crossing]
clear_s = 1.0
[[aircraft]]
aircraft = "4b1234"
party = "a"
class = "rotary-wing-unarmed"
"""
EAST_OF_THE_BORDER = (47.0, 6.95)
"""24 km: a minute and a half."""


def agreed(world: World) -> None:
    world.change("\n[line]\n", f"{RULES}\n[line]\n")


def watch_file(folder: Path, *receivers: Receiver) -> Path:
    """What is watched: these receivers, with the aircraft declared."""
    (folder / "aircraft.toml").write_text(OURS)
    feeds = "".join(
        f'[[feed]]\nname = "r{number}"\nformat = "sbs"\naddress = "tcp://127.0.0.1:{each.port}"\n'
        for number, each in enumerate(receivers)
    )
    path = folder / "watch.toml"
    alerts = '[alerts]\nboundaries = ["country-coder/FR"]\n'
    path.write_text(f'boundaries = ["country-coder"]\nrules = ["aircraft.toml"]\n{alerts}{feeds}')
    return path


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[tuple[Net, Receiver]]:
    async with (
        receiver(*EAST_OF_THE_BORDER) as flying,
        two_nodes(tmp_path, start=("b",), change=agreed) as net,
    ):
        await net["a"].start("--watch", str(watch_file(tmp_path, flying)))
        await net.up()
        yield net, flying


async def alerts(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await http.get("/api/v1/watch/alerts")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


async def messages(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await http.get("/api/v1/line/messages")
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["messages"] if each["sender"] == "a"]


async def arrived(node: NodeUnderTest, http: httpx.AsyncClient, number: int) -> list[Any]:
    """Wait until that many messages of A are there."""

    async def there() -> list[Any] | None:
        found = await messages(http)
        return found if len(found) >= number else None

    found: list[Any] = await node.until(http, there)
    return found


async def test_the_other_side_is_told_before_the_border_is_crossed_and_once(
    net: tuple[Net, Receiver],
) -> None:
    nodes, flying = net
    async with await nodes["a"].login("durand") as a, await nodes["b"].login("nowak") as b:
        (told,) = await arrived(nodes["b"], b, 1)
        assert told["form"] == "border-notice"
        assert told["fields"]["crosses"] is True
        assert told["fields"]["aircraft"]["kind"] == "helicopter"
        (alert,) = await alerts(a)
        assert (alert["about"], alert["now"]["stage"]) == ("crossing", "ahead")
        assert (alert["aircraft"], alert["party"], alert["claimant"]) == ("4b1234", "a", "FR")
        ahead = alert["now"]["figures"]["time_to_s"]
        assert ahead["low"] <= ahead["value"]
        assert ahead["value"] > 5

        history = (await a.get(f"/api/v1/watch/alerts/{alert['id']}")).json()
        assert [each["stage"] for each in history["stages"]] == ["ahead"]
        assert history["announcements"][0]["message"] == told["id"]
        assert history["stages"][0]["grounds"]

        # An officer of each side answers for having seen it.
        noted = await a.post(f"/api/v1/watch/alerts/{alert['id']}/seen", json={"note": "called"})
        assert noted.status_code == 200, noted.text
        assert [each["officer"] for each in noted.json()["seen"]] == ["durand"]

        # A node that is killed and comes back says nothing twice.
        await nodes["a"].kill()
        connections = flying.connections
        await nodes["a"].start("--watch", str(nodes["a"].logs / "watch.toml"))
        assert flying.connections >= connections

    async with await nodes["a"].login("martin") as a, await nodes["b"].login("lind") as b:

        async def heard_again() -> Any:
            # So many positions are of two whole seconds: where they lead was looked at, too.
            watching = (await nodes["a"].status())["watching"]
            return watching["taken"] > 12 and watching["feeds"][0]["state"] == "fresh"

        async def turned_away() -> Any:
            (alert,) = await alerts(a)
            return alert if alert["now"]["stage"] == "over" else None

        while not await heard_again():
            await nodes["a"].link("up")
        assert len(await messages(b)) == 1
        flying.course_deg = 90.0
        over = await nodes["a"].until(a, turned_away)
        assert over["now"]["closing"] == "turned-away"
        found = await arrived(nodes["b"], b, 2)
        assert {each["form"] for each in found} == {"border-notice", "cancellation"}


async def test_garbage_and_cut_lines_harm_nothing(net: tuple[Net, Receiver]) -> None:
    nodes, flying = net
    async with await nodes["b"].login("nowak") as b:
        flying.noise = b"\xff\x00\x1a" * 2000 + b"\nMSG,3,1,1,zz\r\n" + b"MSG," * 500 + b"\r\n"
        await flying.connected(1)
        flying.cut(b"MSG,3,1,1,4B12")
        await flying.connected(2)
        (told,) = await arrived(nodes["b"], b, 1)
        assert told["form"] == "border-notice"
    status = await nodes["a"].status()
    assert status["faults"] == 0
    (feed,) = status["watching"]["feeds"]
    assert feed["connections"] >= 2
    assert sum(feed["dropped"].values()) > 0
    assert await nodes["a"].stop() == 0
