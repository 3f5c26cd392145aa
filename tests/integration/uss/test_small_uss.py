"""Two of the small USS plan against each other over a real exchange: the tool is sound itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.instance import Instance, key_pair, running
from tests.support.small_uss.bad import LIES
from tests.support.small_uss.running import SmallUss, small
from tests.support.small_uss.wire import NoAnswer
from tests.support.trial.bad import Phases
from tests.support.trial.parties import SmallParty
from tests.support.trial.play import Trial
from tests.support.trial.volumes import box, circle, volume

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


@asynccontextmanager
async def several(root: Path, *names: str) -> AsyncIterator[tuple[Instance, list[SmallUss]]]:
    """An exchange, and a small USS for each name."""
    keys = key_pair()[0].decode(), key_pair()[1].decode()
    async with AsyncExitStack() as stack:
        dss = await stack.enter_async_context(
            running(root, ["--data", str(root / "dss")], "--allow-http-uss-urls")
        )
        there = f"http://127.0.0.1:{dss.port}"
        made = [SmallUss(n, root / n, there, keys, details_timeout_s=0.5) for n in names]
        for one in made:
            await stack.enter_async_context(small(one))
        yield dss, made


def flight(east_m: float = 0.0, *, minutes: float = -1.0) -> list[Json]:
    """A box of 200 m by 100 m for an hour."""
    start = datetime.now(UTC) + timedelta(minutes=minutes)
    return [volume(box(east_m, 0, 200, 100, 0), 500, 560, start, start + timedelta(hours=1))]


async def test_a_conflict_is_refused_and_the_way_next_to_it_is_free(tmp_path: Path) -> None:
    async with several(tmp_path, "x", "y") as (_, (x, y)):
        first = await x.change(flight())
        assert first["result"] == "accepted"
        refused = await y.change(flight(199.9))
        assert refused["result"] == "rejected"
        assert refused["conflicts"] == [first["intent"]["reference"]["id"]]
        beside = await y.change(flight(200.1))
        assert beside["result"] == "accepted"
        await y.settle()
        heard = [event for event in x.events("heard") if event["status"] == 204]
        assert [event["id"] for event in heard] == [beside["intent"]["reference"]["id"]]


async def test_a_higher_priority_may_and_the_lower_operator_hears_of_it(tmp_path: Path) -> None:
    async with several(tmp_path, "x", "y") as (_, (x, y)):
        low = await x.change(flight())
        high = await y.change(flight(), priority=50)
        assert high["result"] == "accepted"
        await y.settle()
        told = x.events("operator")
        assert [(event["event"], event["id"]) for event in told] == [
            ("SCD0095", low["intent"]["reference"]["id"])
        ]
        again = await x.change(
            flight(), intent_id=low["intent"]["reference"]["id"], state="Activated"
        )
        assert again["result"] == "rejected"


async def test_a_life_from_planned_to_ended(tmp_path: Path) -> None:
    async with several(tmp_path, "x", "y") as (_, (x, y)):
        other = (await y.change(flight(5000)))["intent"]["reference"]["id"]
        planned = await x.change(flight())
        the_id = planned["intent"]["reference"]["id"]
        for state in ("Activated", "Nonconforming", "Activated", "Contingent"):
            changed = await x.change(
                [] if state == "Contingent" else flight(),
                intent_id=the_id,
                state=state,
                off_nominal=[] if state == "Activated" else flight(150),
            )
            assert changed["result"] == "accepted", changed
        blocked = await y.change(flight(150), intent_id=other)
        assert blocked["conflicts"] == [the_id]
        assert (await x.end(the_id))["result"] == "accepted"
        free = await y.change(flight(150), intent_id=other)
        assert free["result"] == "accepted", free


async def test_of_two_at_the_same_moment_exactly_one_is_accepted(tmp_path: Path) -> None:
    async with several(tmp_path, "x", "y") as (_, (x, y)):
        for number in range(20):
            at = flight(1000.0 * number)
            both = await asyncio.gather(x.change(at), y.change(at))
            assert sorted(one["result"] for one in both) == ["accepted", "rejected"], both


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie != "volumes"])
async def test_who_is_lied_to_does_not_plan(tmp_path: Path, lie: str) -> None:
    async with several(tmp_path, "x", "liar") as (_, (x, liar)):
        await liar.change(flight())
        await liar.behave(details=lie)
        far = await x.change(flight(201))
        assert far["result"] == "failed", far
        await liar.behave()
        assert (await x.change(flight(201)))["result"] == "accepted"
        assert {event["lie"] for event in liar.events("lied")} == {lie}


async def test_who_gets_no_answer_does_not_plan(tmp_path: Path) -> None:
    async with several(tmp_path, "x", "slow") as (_, (x, slow)):
        await slow.change(flight())
        await slow.behave(stall_s=30.0)
        assert (await x.change(flight(201)))["result"] == "failed"
        await slow.behave()
        assert (await x.change(flight(201)))["result"] == "accepted"


@pytest.mark.parametrize("where", ["before_put", "after_put", "before_notices"])
async def test_what_a_crash_leaves_is_settled(tmp_path: Path, where: str) -> None:
    async with several(tmp_path, "dying") as (dss, (dying,)):
        kept = (await dying.change(flight(3000)))["intent"]["reference"]["id"]
        await dying.behave(crash=where)
        with pytest.raises(NoAnswer):
            await dying.change(flight())
        await dying.gone()
        await dying.start()
        state = await dying.state()
        async with dss.connection() as connection:
            area = {"volume": circle(0, 0, 10_000)}
            found = await connection.call(
                "POST",
                "/dss/v1/operational_intent_references/query",
                {"area_of_interest": area},
                sub="dying",
            )
        there = {r["id"]: r["ovn"] for r in found.body["operational_intent_references"]}
        own = {the_id: i["reference"]["ovn"] for the_id, i in state["intents"].items()}
        assert own == there
        assert kept in own
        assert len(own) == (2 if where == "before_notices" else 1)


async def test_nobody_may_speak_for_another_or_of_the_past(tmp_path: Path) -> None:
    async with several(tmp_path, "x", "y") as (_, (x, y)):
        near = await x.change(flight())
        await y.behave(notices="id")
        assert (await y.change(flight(201)))["result"] == "accepted"
        await y.settle()
        await y.behave(notices="ovn")
        mine = (await y.change(flight(-201)))["intent"]["reference"]["id"]
        await y.settle()
        assert [event["status"] for event in x.events("heard")] == [400, 204]
        # The wrong OVN was believed, and is found out when it is needed.
        near_id = near["intent"]["reference"]["id"]
        assert (await x.change(flight(-0.5), intent_id=near_id))["result"] == "accepted"
        asked = [event["url"] for event in x.events("asked")]
        assert any(url.endswith(mine) for url in asked)


async def test_the_trial_sees_who_does_not_care_what_it_meets(tmp_path: Path) -> None:
    chance = random.Random(5)
    async with several(tmp_path, "x", "reckless") as (dss, both):
        await both[1].behave(reckless=True)
        trial = Trial(chance, [SmallParty(uss) for uss in both], dss)
        for _ in range(10):
            await trial.round(2)
        await trial.settle()
        assert trial.wrong
        assert all(" and " in each and each.endswith("meet") for each in trial.wrong)


async def test_by_chance_nothing_ever_meets(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with several(tmp_path, "x", "y", "bad") as (dss, all_of_them):
        phases = Phases(all_of_them[-1], dss, chance)
        trial = Trial(chance, [SmallParty(uss) for uss in all_of_them], dss, phases)
        for number in range(28):
            if number % 2 == 0:
                await trial.next_phase()
            await trial.round(2)
        await trial.behave_well()
        await trial.settle()
        print(trial.results, trial.compared, trial.notices, trial.latest_s)
        assert not trial.wrong, "\n".join(trial.wrong)
        assert trial.compared
        assert trial.notices
