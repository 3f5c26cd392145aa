"""How a party of the demonstration plans, at a node that answers as the test has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from tests.unit.operations.flights_made import flight, straight

from detente.demo.agreeing import Signatory
from detente.demo.officers import Session
from detente.demo.planning import (
    APART_HEIGHT_M,
    APART_M,
    CROWDED,
    Placed,
    Planner,
    PlanningFailed,
    body_of,
    thinned,
)
from detente.demo.turns import Turns
from detente.geo import projection
from detente.operations import Flight, Track
from detente.operations.approach import position_at

pytestmark = pytest.mark.anyio

WANTED = flight("a", "Party A", straight())
LATER = body_of(flight("a", "Party A", straight(start_s=60)))
WAY = {
    "kind": "later",
    "words": {"en": "A minute later.", "fr": "Une minute plus tard."},
    "delay_s": 60.0,
    "climb_m": 0.0,
    "shift_m": 0.0,
    "extra_distance_m": 0.0,
    "plan": LATER,
}


def refused(*others: str, ways: list[Any] | None = None) -> Any:
    met = {"manager": "b", "source": "an entry", "allowed": False}
    return {
        "result": "refused",
        "faults": [],
        "conflicts": [{"with": other, **met} for other in others],
        "ways_out": [WAY] if ways is None else ways,
    }


class Node:
    """Answers one after another; keeps what was filed."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.filed: list[tuple[Any, Any]] = []

    async def post(self, path: str, body: Any, query: Any = None) -> Any:
        assert path == "/plans"
        self.filed.append((body, query))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        done = {"plan": body, "faults": []}
        return {**done, **answer} if answer["result"] == "done" else answer


async def planned(node: Node, wanted: Flight = WANTED) -> Placed:
    planner = Planner(Signatory("a", "Party A", Path()), cast(Session, node))
    seen: list[None] = []
    await planner.plan_all([wanted], Turns([[wanted]]), 1, lambda: seen.append(None))
    assert len(seen) == 1
    return planner.placed[wanted.flight_id]


async def test_what_is_accepted_flies_as_it_was_wanted() -> None:
    node = Node({"result": "done"})
    placed = await planned(node)
    assert placed.now is WANTED
    assert (placed.change, placed.filed, placed.met) == (None, 1, {})
    [(body, _)] = node.filed
    assert (body["id"], len(body["volumes"])) == ("a", len(WANTED.volumes))


async def test_what_is_refused_takes_the_cheapest_way_out() -> None:
    node = Node(refused("x", "y"), {"result": "done"})
    placed = await planned(node)
    assert [body["id"] for body, _ in node.filed] == ["a", "a"]
    assert node.filed[1][0]["volumes"] == LATER["volumes"]
    assert placed.taken is not None
    assert (placed.taken.kind, placed.taken.delay_s) == ("later", 60.0)
    assert {each.other for each in placed.met.values()} == {"x", "y"}
    assert placed.now is not None
    assert placed.now.track is not None
    assert WANTED.track is not None
    assert placed.now.track.time_us[0] - WANTED.track.time_us[0] == 60_000_000
    assert placed.now.volumes[0].time_start_us == _start(WANTED) + 60_000_000
    change = placed.change
    assert change is not None
    assert (change.after, change.words.fr) == (placed.now, "Une minute plus tard.")


def _start(wanted: Flight) -> int:
    start = wanted.volumes[0].time_start_us
    assert start is not None
    return start


async def test_whoever_was_quicker_is_avoided_from_the_beginning() -> None:
    node = Node(refused("x"), refused("y"), refused("x", "y"), {"result": "done"})
    placed = await planned(node)
    bodies = [body["volumes"] == body_of(WANTED)["volumes"] for body, _ in node.filed]
    assert bodies == [True, False, True, False]
    # Nobody looks at ways out of a way out.
    assert [query for _, query in node.filed] == [None, {"ways_out": "0"}] * 2
    assert (placed.filed, set(placed.met)) == (4, {"x", "y"})


async def test_where_much_is_filed_it_is_filed_again() -> None:
    crowded = {"code": CROWDED, "words": {"en": "Try again."}}
    failed = {"result": "failed", "faults": [crowded], "conflicts": []}
    placed = await planned(Node(failed, failed, {"result": "done"}))
    assert (placed.now, placed.filed) == (WANTED, 3)


async def test_without_a_way_out_it_stays_on_the_ground() -> None:
    placed = await planned(Node(refused("x", ways=[])))
    assert placed.now is None
    change = placed.change
    assert change is not None
    assert change.after is None
    assert "ground" in change.words.en
    endless = await planned(Node(refused("x")))
    assert endless.now is None
    assert endless.filed <= 20


async def test_a_node_that_cannot_plan_is_no_refusal() -> None:
    fault = {"code": "plan.exchange_failed", "words": {"en": "The exchange is away."}}
    with pytest.raises(ExceptionGroup) as group:
        await planned(Node({"result": "failed", "faults": [fault], "conflicts": []}))
    [error] = group.value.exceptions
    assert isinstance(error, PlanningFailed)
    assert "The exchange is away." in error.message
    with pytest.raises(ExceptionGroup) as group:
        await planned(Node({**refused(), "faults": [{"code": "x", "words": {"en": "Too late."}}]}))
    assert "without a conflict: Too late." in str(group.value.exceptions[0])


def test_a_track_is_thinned_to_what_a_flight_plan_would_name() -> None:
    level = straight(points=101)
    assert len(thinned(level)) < 12
    # A turn, a climb and a stop in the air are kept.
    number = np.arange(120)
    lat = 46.0 + np.where(number < 40, number, 40) * 0.002
    lng = 7.0 + np.where(number < 40, 0, np.where(number < 80, number - 40, 40)) * 0.002
    height = np.where(number < 60, 3000.0, 3000.0 + (number - 60) * 10.0)
    busy = Track(number * 10_000_000 + 1_777_626_000_000_000, lat, lng, height)
    few = thinned(busy)
    assert len(few) < 20
    assert (few.time_us[0], few.time_us[-1]) == (busy.time_us[0], busy.time_us[-1])
    at = position_at(few, busy.time_us)
    _, away_m = projection.inverse(at[0], at[1], busy.lat_deg, busy.lng_deg)
    assert away_m.max() < 2 * APART_M
    assert np.abs(at[2] - busy.altitude_m).max() <= APART_HEIGHT_M + 0.1
    assert len(thinned(straight(points=2))) == 2
