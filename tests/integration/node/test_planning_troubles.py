"""What goes wrong between planning nodes: at the same moment, killed, silent, lying, away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.instance import HOST, key_pair
from tests.support.nodes import Changes, until
from tests.support.planners import Planners, PlanningNode, circle, details, planners
from tests.support.small_uss.running import SmallUss, small

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("planning-troubles")]


_SOON = ["--settle-after", "1"]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Planners]:
    """Two nodes at one exchange, for tests that leave both running."""
    lost = ["--positions-lost-after", "1", "--declare-lost"]
    async with planners(tmp_path_factory.mktemp("planning"), settings=lost) as found:
        yield found


async def test_of_two_that_plan_at_the_same_moment_one_is_accepted(there: Planners) -> None:
    a, b = there["a"], there["b"]
    places = [circle(46.0, 7.0 + 0.1 * number) for number in range(6)]
    both = [asyncio.gather(a.file([place]), b.file([place])) for place in places]
    for place, outcomes in zip(places, await asyncio.gather(*both), strict=True):
        results = sorted(each["result"] for each in outcomes)
        assert results == ["done", "refused"], outcomes
        refused = next(each for each in outcomes if each["result"] == "refused")
        done = next(each for each in outcomes if each["result"] == "done")
        assert [each["with"] for each in refused["conflicts"]] == [done["id"]]
        assert [each["id"] for each in await there.references(place)] == [done["id"]]


async def test_operators_of_both_sides_are_told_of_a_conflict_that_is_allowed(
    there: Planners,
) -> None:
    a, b = there["a"], there["b"]
    place = circle(45.0, 7.0)
    low = await b.file([place], name="low")
    high = await a.file([place], name="high", priority=10)
    assert high["result"] == "done", high
    assert high["notices"] >= 1

    async def told(node: Any, event: str, plan: str) -> bool:
        path = "/record/entries?kind=operator-notice&limit=100&newest=true"
        entries = (await node.ask("GET", path))["entries"]
        return any(event in json.dumps(each) and plan in json.dumps(each) for each in entries)

    await until(lambda: told(a, "SCD0090", high["id"]), within_s=5.0)
    await until(lambda: told(b, "SCD0095", low["id"]), within_s=5.0)


async def test_a_peer_that_is_silent_hinders_unless_it_is_declared_down(there: Planners) -> None:
    a, b = there["a"], there["b"]
    planned, flying = circle(44.0, 7.0), circle(44.0, 7.1, start_s=-5)
    assert (await b.file([planned]))["result"] == "done"
    assert (await b.file([flying], state="Activated"))["result"] == "done"
    b.uss.cut()
    try:
        # Known by notification or not: what is not known anew after a change must be asked for.
        failed = await a.file([circle(44.0005, 7.0)])
        assert failed["result"] == "failed", failed
        assert await there.reference(failed["id"]) is None
        await there.availability("b", "Down")
        over = await a.file([circle(44.0005, 7.0)])
        assert over["result"] == "done", over
        under = await a.file([circle(44.0005, 7.1)])
        assert under["result"] == "refused", under
        assert under["conflicts"][0]["rule"] == "SCD0010"
    finally:
        b.uss.mend()
        await there.availability("b", "Normal")
    # Back again, it is asked as before.
    again = await a.file([circle(44.0, 7.2)])
    assert again["result"] == "done", again


async def test_a_peer_that_lies_or_stalls_hinders_and_is_on_record(
    there: Planners, tmp_path: Path
) -> None:
    a = there["a"]
    private, public = key_pair()
    exchange = f"http://{HOST}:{there.exchanges['main'].port}"
    keys = private.decode(), public.decode()
    async with small(SmallUss("liar", tmp_path / "small", exchange, keys)) as liar:
        filed = await liar.change([circle(43.0, 7.0)])
        assert filed["result"] == "accepted", filed
        for lie in ("id", "version", "json"):
            await liar.behave(details=lie)
            failed = await a.file([circle(43.001, 7.0)])
            assert failed["result"] == "failed", (lie, failed)
            assert failed["faults"], lie
            assert await there.reference(failed["id"]) is None
        await liar.behave(stall_s=30.0)
        failed = await a.file([circle(43.001, 7.0)])
        assert failed["result"] == "failed", failed
        await liar.behave()
        refused = await a.file([circle(43.001, 7.0)])
        assert refused["result"] == "refused", refused
        assert refused["conflicts"][0]["manager"] == "liar"
        why = await a.ask("GET", f"/plans/{refused['id']}/why")
        assert why["rule"] == "SCD0035"


async def test_a_flight_that_tells_no_position_any_more_is_declared(there: Planners) -> None:
    a = there["a"]
    place = circle(42.0, 7.0, start_s=-5)
    told, untold = [
        await a.file([circle(42.0, lng, start_s=-5)], state="Activated") for lng in (7.0, 7.1)
    ]
    now = place["time_start"] | {"value": circle(42.0, 7.0, start_s=0)["time_start"]["value"]}
    altitude = place["volume"]["altitude_lower"] | {"value": 550.0}
    position = {"latitude": 42.0, "longitude": 7.0, "altitude": altitude}
    body = {"positions": [{"time_measured": now, "position": position}]}
    heard = await a.ask("POST", f"/plans/{told['id']}/positions", body)
    assert [each["inside"] for each in heard["positions"]] == [True]

    async def declared() -> bool:
        return bool((await there.reference(told["id"]))["state"] == "Nonconforming")

    async def noticed() -> list[str] | None:
        path = "/record/entries?kind=operator-notice&limit=100&newest=true"
        notices = [json.dumps(each["body"]) for each in (await a.ask("GET", path))["entries"]]
        about = [each for each in notices if told["id"] in each]
        both = all(any(event in each for each in about) for event in ("GEN0400", "CMSA0115"))
        return notices if both else None

    await until(declared)
    notices = await until(noticed)
    assert not any("GEN0400" in each and untold["id"] in each for each in notices)
    assert (await there.reference(untold["id"]))["state"] == "Activated"


async def _quiet(there: Planners, *nodes: str) -> None:
    """Wait until nodes have settled what was left open, and look whether everything agrees."""

    for name in nodes:
        node = there[name]

        async def settled(node: PlanningNode = node) -> bool:
            return bool((await node.planning())["unsettled"] == 0)

        await until(settled, within_s=40.0, every_s=0.2)
        plans = {each["id"]: each for each in await node.plans()}
        wide = circle(47.0, 8.0, radius_m=20_000, low_m=0, high_m=5000, start_s=-3600, end_s=9000)
        found: dict[str, dict[str, Any]] = {}
        for exchange in there.exchanges:
            for each in await there.references(wide, exchange=exchange):
                if each["manager"] == node.manager:
                    found.setdefault(each["id"], {})[exchange] = each
        assert found.keys() == plans.keys()
        for identity, plan in plans.items():
            told = {each["exchange"]: each["version"] for each in plan["filed"]}
            assert told == {name: each["version"] for name, each in found[identity].items()}
            assert {each["state"] for each in found[identity].values()} == {plan["state"]}


async def _visible(there: Planners, volume: Any, exchange: str, versions: int = 1) -> None:
    async def there_is() -> bool:
        found = await there.references(volume, exchange=exchange)
        return any(each["version"] >= versions for each in found)

    await until(there_is, every_s=0.02)


async def test_killed_between_an_exchange_and_its_answer_nothing_is_orphaned(
    tmp_path: Path,
) -> None:
    async with planners(tmp_path, start=("a",), settings=_SOON) as there:
        a, way = there["a"], there.ways["main"]
        place = circle(47.0, 8.0)

        # A new plan.
        way.answer_delay_s = 0.7
        filing = asyncio.create_task(a.file([place], name="lost"))
        await _visible(there, place, "main")
        await a.kill()
        await asyncio.gather(filing, return_exceptions=True)
        way.answer_delay_s = 0.0
        await a.start()
        await _quiet(there, "a")

        # A change.
        other = await a.file([circle(47.05, 8.0)], name="changed")
        assert other["result"] == "done", other
        way.answer_delay_s = 0.7
        changing = asyncio.create_task(a.change(other["id"], [circle(47.06, 8.0)]))
        await _visible(there, circle(47.06, 8.0), "main", 2)
        await a.kill()
        await asyncio.gather(changing, return_exceptions=True)
        way.answer_delay_s = 0.0
        await a.start()
        await _quiet(there, "a")
        told = (await details(a, other["id"])).json()["operational_intent"]
        reference = await there.reference(other["id"])
        assert told["reference"]["version"] == reference["version"]
        ended = await a.act(other["id"], "end")
        assert ended["result"] == "done", ended


async def test_killed_while_plans_end_conform_and_change_everything_agrees(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",), settings=_SOON) as there:
        a, way = there["a"], there.ways["main"]
        losses: tuple[Changes, ...] = ("unanswered", "stop")
        for turn, what in enumerate(losses):
            lat = 47.0 + 0.03 * turn
            ending = await a.file([circle(lat, 8.0)], name="ending")
            here = circle(lat, 8.02, start_s=-5)
            off = await a.file([here], name="off", state="Activated")
            body = {"off_nominal_volumes": [here]}
            assert (await a.act(off["id"], "nonconforming", body))["result"] == "done"
            flying = await a.file([circle(lat, 8.04, start_s=-5)], name="fly", state="Activated")
            moved = circle(lat, 8.05, start_s=-5)

            # All three at once; the exchange does it and cannot say so, or never hears of it.
            way.changes, way.held = what, 0
            doing = [
                asyncio.create_task(a.act(ending["id"], "end")),
                asyncio.create_task(a.act(off["id"], "conform")),
                asyncio.create_task(a.change(flying["id"], [moved])),
            ]
            made = [ending["id"], off["id"], flying["id"]]
            version = flying["plan"]["filed"][0]["version"]

            async def in_the_middle(
                made: list[str] = made, what: Changes = what, version: int = version
            ) -> bool:
                if way.held < 3:
                    return False
                found = [await there.reference(each) for each in made]
                if what == "stop":
                    return all(found)
                gone, conforming, changed = found
                return bool(
                    gone is None
                    and conforming["state"] == "Activated"
                    and changed["version"] > version
                )

            await until(in_the_middle)
            assert not any(each.done() for each in doing)
            await a.kill()
            await asyncio.gather(*doing, return_exceptions=True)
            way.changes = "pass"
            await a.start()
            await _quiet(there, "a")

            # The end is finished, whether the exchange had heard of it or not; what else was done
            # is done, or is undone, everywhere: exchange, details, record.
            assert await there.reference(ending["id"]) is None
            assert (await details(a, ending["id"])).status_code == 404
            for plan in made[1:]:
                reference = await there.reference(plan, sub="a")
                told = (await details(a, plan)).json()["operational_intent"]
                assert told["reference"] == reference
                nominal = reference["state"] in ("Accepted", "Activated")
                assert bool(told["details"]["off_nominal_volumes"]) is not nominal
                stated = await _stated(a, plan)
                assert not stated["ended"]
                assert stated["state"] == reference["state"]
                assert stated["filed"][0]["reference"] == reference
            assert (await _stated(a, ending["id"]))["ended"]
            if what == "unanswered":
                assert (await _stated(a, off["id"]))["state"] == "Activated"
                volumes = (await details(a, flying["id"])).json()["operational_intent"]["details"]
                centre = volumes["volumes"][0]["volume"]["outline_circle"]["center"]
                assert centre == moved["volume"]["outline_circle"]["center"]
            # Nothing holds it: both can end.
            for plan in made[1:]:
                assert (await a.act(plan, "end"))["result"] == "done"


async def _stated(node: PlanningNode, plan: str) -> Any:
    """What the record says last of an intent."""
    path = "/record/entries?kind=operational-intent&limit=100&newest=true"
    bodies = [each["body"] for each in (await node.ask("GET", path))["entries"]]
    return max((each for each in bodies if each["id"] == plan), key=lambda each: each["version"])


@pytest.mark.parametrize("kill", [False, True])
async def test_a_plan_that_spans_two_exchanges_is_in_both_or_in_none(
    tmp_path: Path, *, kill: bool
) -> None:
    areas = {"west": _area(tmp_path, 7.0, 8.0), "east": _area(tmp_path, 8.0, 9.0)}
    async with planners(tmp_path, areas=areas, settings=_SOON) as there:
        a, b = there["a"], there["b"]
        both, east = circle(47.0, 8.0), circle(47.0, 8.003)
        done = await a.file([both], name="both")
        assert done["result"] == "done", done
        assert {each["exchange"] for each in done["plan"]["filed"]} == {"west", "east"}
        await _quiet(there, "a")
        assert (await a.act(done["id"], "end"))["result"] == "done"
        await _quiet(there, "a")

        theirs = await b.file([east], name="east")
        assert [each["exchange"] for each in theirs["plan"]["filed"]] == ["east"]
        refused = await a.file([both])
        assert refused["result"] == "refused", refused
        await _quiet(there, "a", "b")
        assert (await b.act(theirs["id"], "end"))["result"] == "done"

        # One of them takes it, and the other cannot be reached.
        for name in ("west", "east"):
            there.ways[name].answer_delay_s = 0.3
        filing = asyncio.create_task(a.file([both]))
        first = await _first_to_have_it(there, both)
        second = "east" if first == "west" else "west"
        there.ways[second].cut()
        if kill:
            await a.kill()
            await asyncio.gather(filing, return_exceptions=True)
        else:
            assert (await filing)["result"] in ("failed", "done")
        for name in ("west", "east"):
            there.ways[name].mend()
            there.ways[name].answer_delay_s = 0.0
        if kill:
            await a.start()
        await _quiet(there, "a", "b")
        for plan in await a.plans():  # it stands in both, or is not there
            assert {each["exchange"] for each in plan["filed"]} == {"west", "east"}


async def _first_to_have_it(there: Planners, volume: Any) -> str:
    async def found() -> str | None:
        for name in there.exchanges:
            if await there.references(volume, exchange=name):
                return name
        return None

    first: str = await until(found, every_s=0.01)
    return first


def _area(directory: Path, west: float, east: float) -> Path:
    ring = [[west, 46.0], [east, 46.0], [east, 48.0], [west, 48.0], [west, 46.0]]
    path = directory / f"area-{west}.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return path
