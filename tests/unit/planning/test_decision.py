"""The decision table, row by row as the standard has it, and the geometry under it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.attempts import NOW_US, at, change, new_id, plan

from detente.f3548 import time_of
from detente.f3548 import types as wire
from detente.geo import Circle, Volume4D
from detente.planning import (
    Action,
    Details,
    Filed,
    Intent,
    Neighbour,
    Order,
    PlanningRules,
    State,
    decide,
    refused_if_met,
)
from detente.planning.decision import TABLE, Move, Rank, move_of, table_in_markdown

HERE = at(0, width=2)
RULES = PlanningRules(same_priority_allowed=frozenset({50}))


def reference(
    number: int, state: State = State.ACCEPTED, availability: wire.UssAvailabilityState = "Normal"
) -> wire.OperationalIntentReference:
    return wire.OperationalIntentReference(
        id=new_id(number),
        manager="b",
        uss_availability=availability,
        version=1,
        state=state.value,
        ovn="an-ovn-of-somebody-else",
        time_start=time_of(NOW_US),
        time_end=time_of(NOW_US + 300_000_000),
        uss_base_url="https://b.example/west",
        subscription_id=wire.NO_SUBSCRIPTION_ID,
    )


def neighbour(
    number: int,
    *volumes: Volume4D,
    priority: int = 0,
    state: State = State.ACCEPTED,
    exchange: str = "west",
) -> Neighbour:
    details = Details(tuple(volumes), (), priority)
    if not state.nominal:
        details = Details((), tuple(volumes), priority)
    return Neighbour(exchange, reference(number, state), details, source="entry", signed_by="key")


def mine(state: State, *volumes: Volume4D, priority: int = 0) -> Intent:
    filed = Filed("west", reference(1, state))
    details = Details(volumes, () if state.nominal else volumes, priority)
    return Intent(new_id(1), "", "", state, details, (filed,))


def orders(priority: int) -> dict[Move, Order]:
    there = at(3)
    accepted = mine(State.ACCEPTED, there, priority=priority)
    flying = mine(State.ACTIVATED, there, priority=priority)
    return {
        Move.PLAN: plan(1, HERE, priority=priority),
        Move.MODIFY_PLANNED: change(accepted, Action.MODIFY, volumes=(HERE,)),
        Move.ACTIVATE: change(accepted, Action.ACTIVATE, state=State.ACTIVATED, volumes=(HERE,)),
        Move.MODIFY_ACTIVATED: change(flying, Action.MODIFY, volumes=(HERE,)),
        Move.OFF_NOMINAL: change(
            flying, Action.DECLARE_NONCONFORMING, state=State.NONCONFORMING, off_nominal=(HERE,)
        ),
    }


ROWS = {
    Move.PLAN: ("SCD0015", "SCD0035"),
    Move.MODIFY_PLANNED: ("SCD0020", "SCD0040"),
    Move.ACTIVATE: ("SCD0025", "SCD0045"),
    Move.MODIFY_ACTIVATED: ("SCD0030", "SCD0050"),
}


@pytest.mark.parametrize("move", list(ROWS))
@pytest.mark.parametrize("state", list(State))
def test_who_must_give_way(move: Move, state: State) -> None:
    higher, equal = ROWS[move]
    order = orders(10)[move]
    assert move_of(order) is move
    for q, rule in ((11, higher), (10, equal)):
        other = neighbour(2, at(1), priority=q, state=state)
        (conflict,) = decide(order, [other], RULES)
        assert (conflict.allowed, conflict.rule, conflict.priority) == (False, rule, q)
        assert refused_if_met(order, other, RULES, existed=False)
    (conflict,) = decide(order, [neighbour(2, at(1), priority=9, state=state)], RULES)
    assert (conflict.allowed, conflict.rule) == (True, "")
    permitted = orders(50)[move]
    (conflict,) = decide(permitted, [neighbour(2, at(1), priority=50, state=state)], RULES)
    assert conflict.allowed


def test_flying_at_once_is_activating() -> None:
    order = plan(1, HERE, state=State.ACTIVATED)
    (conflict,) = decide(order, [neighbour(2, at(1))], RULES)
    assert conflict.rule == "SCD0045"


@pytest.mark.parametrize("q", [0, 5])
@pytest.mark.parametrize("state", list(State))
def test_who_met_in_the_air_before_may_go_on(q: int, state: State) -> None:
    flying = mine(State.ACTIVATED, at(1), priority=0)
    order = change(flying, Action.MODIFY, volumes=(HERE,))
    (conflict,) = decide(order, [neighbour(2, at(1), priority=q, state=state)], RULES)
    assert conflict.existed
    # Only who was in the air with us may be met on.
    assert conflict.allowed is (state is not State.ACCEPTED)
    assert conflict.rule == ("SCD0030" if q else "SCD0050")


def test_back_from_nonconforming_is_a_change_in_the_air() -> None:
    astray = mine(State.NONCONFORMING, at(3))
    order = change(astray, Action.CONFORM, state=State.ACTIVATED, volumes=(HERE,))
    (conflict,) = decide(order, [neighbour(2, at(1))], RULES)
    assert (conflict.allowed, conflict.rule) == (False, "SCD0050")


def test_who_is_off_nominal_asks_nobody() -> None:
    order = orders(0)[Move.OFF_NOMINAL]
    (conflict,) = decide(order, [neighbour(2, at(1), priority=99)], RULES)
    assert (conflict.allowed, conflict.rule) == (True, "SCD0100")


@pytest.mark.parametrize("state", list(State))
def test_of_who_is_down_and_unknown(state: State) -> None:
    gone = Neighbour("west", reference(2, state, "Down"), None)
    (conflict,) = decide(plan(1, HERE, priority=1_000), [gone], RULES)
    if state is State.ACCEPTED:
        assert (conflict.allowed, conflict.rule) == (True, "SCD0005")
    else:
        assert (conflict.allowed, conflict.rule) == (False, "SCD0010")
    (conflict,) = decide(orders(0)[Move.OFF_NOMINAL], [gone], RULES)
    assert conflict.allowed


def test_of_who_is_down_and_known_its_priority_counts() -> None:
    other = replace(neighbour(2, at(1), priority=5), reference=reference(2, availability="Down"))
    (conflict,) = decide(plan(1, HERE, priority=6), [other], RULES)
    assert (conflict.allowed, conflict.priority) == (True, 5)
    (conflict,) = decide(plan(1, HERE, priority=5), [other], RULES)
    assert (conflict.allowed, conflict.rule) == (False, "SCD0035")


def test_what_is_not_known_is_never_called_clear() -> None:
    silent = Neighbour("west", reference(2), None)
    (conflict,) = decide(plan(1, HERE), [silent], RULES)
    assert not conflict.allowed


def test_only_who_is_met_is_told_of_and_once() -> None:
    others = [
        neighbour(2, at(-2)),
        neighbour(3, at(1), exchange="west"),
        neighbour(3, at(1), exchange="east"),
        neighbour(1, HERE),
        neighbour(4, at(0), priority=-1),
    ]
    found = decide(plan(1, HERE), others, RULES)
    assert [each.with_id for each in found] == [new_id(3), new_id(4)]
    assert [each.allowed for each in found] == [False, True]
    assert (found[0].source, found[0].signed_by) == ("entry", "key")
    assert found[0].pairs == ((0, 0),)
    assert found[0].time_start_us == HERE.time_start_us
    assert (found[0].altitude_lower_m, found[0].altitude_upper_m) == (100.0, 200.0)


def test_off_nominal_volumes_of_others_count() -> None:
    other = neighbour(2, at(1), state=State.CONTINGENT)
    assert [each.allowed for each in decide(plan(1, HERE), [other], RULES)] == [False]


@pytest.mark.parametrize(("gap_m", "met"), [(-0.02, True), (0.02, False), (3.0, False)])
def test_a_centimetre_decides(gap_m: float, met: bool) -> None:
    one = replace(HERE, outline=Circle(0.0, 8.0, 100.0))
    # Along the equator a degree is exactly 111,319.49 m.
    other = replace(HERE, outline=Circle(0.0, 8.0 + (200.0 + gap_m) / 111_319.490_793, 100.0))
    assert bool(decide(plan(1, one), [neighbour(2, other)], RULES)) is met


def test_sentences_name_who_why_and_which_rule() -> None:
    for move, order in orders(10).items():
        for q in (9, 10, 11):
            (conflict,) = decide(order, [neighbour(2, at(1), priority=q)], RULES)
            for text in conflict.reason:
                assert new_id(2) in text, move
                assert "{" not in text
                assert conflict.rule in text
            assert conflict.reason.en != conflict.reason.fr


def test_the_table_is_whole_and_can_be_printed() -> None:
    assert set(TABLE) == {(m, r, e) for m in Move for r in Rank for e in (False, True)}
    table = table_in_markdown()
    for rules in ROWS.values():
        assert all(rule in table for rule in rules)
    assert "SCD0005" in table
    assert "SCD0010" in table
