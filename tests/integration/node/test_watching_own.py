"""A flight that leaves the volumes of its plan, as a receiver hears it: told, and declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.flying import Receiver, receiver
from tests.support.nodes import until
from tests.support.planners import Planners, PlanningNode, circle, planners

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("watching")]

HERE = (47.0, 8.0)


def watch_file(folder: Path, flying: Receiver, *, declare: bool) -> Path:
    (folder / "rules.toml").write_text("[tracks]\ngap_s = 3.0\n")
    path = folder / "watch.toml"
    path.write_text(
        'crossings = false\nrules = ["rules.toml"]\n'
        f"[conformance]\ndeclare = {str(declare).lower()}\n"
        "[tracks]\nkeep = false\n"
        f'[[feed]]\nname = "r"\nformat = "sbs"\naddress = "tcp://127.0.0.1:{flying.port}"\n'
    )
    return path


async def alerts(node: PlanningNode) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await node.ask("GET", "/watch/alerts"))["alerts"]
    return found


async def stages(node: PlanningNode, alert: str) -> list[tuple[str, str | None]]:
    told = (await node.ask("GET", f"/watch/alerts/{alert}"))["stages"]
    return [(each["stage"], each["proposed"]) for each in told]


async def state(there: Planners, plan: str, wanted: str) -> Any:
    async def now() -> Any:
        found = await there.reference(plan)
        return found if found["state"] == wanted else None

    return await until(now)


async def watched(node: PlanningNode, number: int) -> None:
    async def now() -> bool:
        watching = (await node.node.status())["watching"]
        return bool(watching["own_flights"] == number and watching["taken"] > 3)

    await until(now)


async def test_a_flight_that_leaves_its_volumes_is_told_and_declared(tmp_path: Path) -> None:
    async with planners(tmp_path, start=()) as there, receiver(*HERE) as flying:
        flying.speed_m_s = 0.0
        a, options = there["a"], ("--watch", str(watch_file(tmp_path, flying, declare=True)))
        await a.start(*options)
        volume = circle(*HERE, radius_m=400.0, low_m=0.0, high_m=9_000.0, start_s=-5.0)
        plan = (await a.file([volume], name="Survey"))["id"]
        await watched(a, 0)
        done = await a.act(plan, "activate", {"aircraft": "4B1234"})
        assert done["plan"]["aircraft"] == "4B1234"
        await watched(a, 1)
        assert await alerts(a) == []

        flying.course_deg, flying.speed_m_s = 0.0, 150.0
        await state(there, plan, "Nonconforming")
        flying.speed_m_s = 1.0
        (alert,) = await alerts(a)
        assert (alert["about"], alert["rule"], alert["party"]) == ("outside-volumes", plan, "a")
        assert alert["now"]["proposed"] == "Nonconforming"
        assert "Nonconforming" in alert["now"]["words"]["fr"]
        assert alert["headline"]["en"] == "4b1234: outside the declared volumes (Survey)"
        noted = await a.ask("POST", f"/watch/alerts/{alert['id']}/seen", {"note": "called"})
        assert [each["officer"] for each in noted["seen"]] == [a.officer]

        # The node is killed while it is out: it is neither told nor declared a second time.
        version = (await there.reference(plan))["version"]
        await a.kill()
        await a.start(*options)
        await watched(a, 1)
        flying.course_deg, flying.speed_m_s = 180.0, 150.0
        after = await state(there, plan, "Activated")
        assert after["version"] == version + 1

        async def conforms() -> Any:
            found = await stages(a, alert["id"])
            return found if found[-1] == ("over", "Activated") else None

        assert list(dict.fromkeys(await until(conforms))) == [
            ("ahead", None), ("now", "Nonconforming"), ("over", "Nonconforming"),
            ("over", "Activated"),
        ]  # fmt: skip
        # It flies straight on: out of the other side, as is known by now.
        (ahead,) = [each for each in await alerts(a) if each["id"] != alert["id"]]
        assert ahead["headline"]["en"] == "4b1234: leaving the declared volumes (Survey)"
        assert ahead["now"]["stage"] == "ahead"
        assert ahead["now"]["figures"]["time_to_s"]["value"] < 10

        # It vanishes while it is out: after the silence by which tracks end, that is over, too.
        flying.course_deg = 90.0

        async def out_again() -> Any:
            found = await alerts(a)
            return next((each for each in found if each["now"]["stage"] == "now"), None)

        again = await until(out_again)
        assert again["id"] == ahead["id"]
        flying.heard = False

        async def lost() -> Any:
            (found,) = [each for each in await alerts(a) if each["id"] == again["id"]]
            return found if not found["open"] else None

        assert (await until(lost))["now"]["closing"] == "lost"
        await a.act(plan, "end")
        await watched(a, 0)
