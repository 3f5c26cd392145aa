"""The key: whose OVNs a planner must show, and what a refusal lists."""

from __future__ import annotations

import pytest
from tests.conformance.shapes import (
    HERE,
    ID_A,
    ID_B,
    ID_C,
    ID_D,
    SUB_A,
    WRONG_OVN,
    area,
    box4d,
    disc,
    hours,
    square,
)
from tests.model.client import Uss, good, missing, refused
from tests.model.driver import Driver
from tests.model.wire import (
    HOUR_US,
    NOW_US,
    OIR,
    constraint,
    entity_id,
    implicit,
    intent,
    subscription,
)


def test_every_missing_intent_is_listed_own_ones_too(uss_a: Uss, uss_b: Uss) -> None:
    west = uss_a.plan(ID_A, intent(box4d(disc(100, -200))))
    east = uss_b.plan(ID_B, intent(box4d(disc(100, 200))))
    uss_a.plan(ID_C, intent(box4d(disc(100, 5_000))))
    body = intent(box4d(square(500)))
    assert missing(uss_b.put_intent(ID_D, body)) == [ID_A, ID_B]
    assert missing(uss_b.put_intent(ID_D, body | {"key": [west["ovn"]]})) == [ID_B]
    assert missing(uss_b.put_intent(ID_D, body | {"key": [east["ovn"]]})) == [ID_A]
    refused(uss_b.get(OIR, ID_D), 404)
    uss_b.plan(ID_D, body | {"key": [west["ovn"], east["ovn"]]})


def test_the_key_is_a_set_and_may_hold_more(uss_a: Uss) -> None:
    ovn = uss_a.plan(ID_A, intent(box4d()))["ovn"]
    key = [WRONG_OVN, ovn, ovn, "y" * 128, "never-heard-of-it"]
    uss_a.plan(ID_B, intent(box4d(), key=key))


def test_an_old_ovn_is_no_longer_enough(uss_a: Uss, uss_b: Uss) -> None:
    old = uss_a.plan(ID_A, intent(box4d()))["ovn"]
    new = uss_a.plan(ID_A, intent(box4d()), old)["ovn"]
    assert missing(uss_b.put_intent(ID_B, intent(box4d(), key=[old]))) == [ID_A]
    uss_b.plan(ID_B, intent(box4d(), key=[new]))


def test_an_intents_own_ovn_is_never_needed(uss_a: Uss) -> None:
    ovn = uss_a.plan(ID_A, intent(box4d()))["ovn"]
    uss_a.plan(ID_A, intent(box4d(square(400))), ovn)


def test_a_missing_key_is_an_empty_key(uss_a: Uss, uss_b: Uss) -> None:
    body = intent(box4d())
    del body["key"]
    uss_a.plan(ID_A, body)
    assert missing(uss_b.put_intent(ID_B, body)) == [ID_A]
    assert missing(uss_b.put_intent(ID_B, body | {"key": None})) == [ID_A]


def test_a_conflict_changes_nothing(uss_a: Uss, uss_b: Uss) -> None:
    mine = uss_a.plan(ID_A, intent(box4d()))
    apart = uss_b.plan(ID_B, intent(box4d(disc(100, 5_000)), new_subscription=implicit()))
    follower = uss_b.subscription(apart["subscription_id"])
    grown = intent(box4d(square(6_000)), subscription_id=apart["subscription_id"])
    assert missing(uss_b.put_intent(ID_B, grown, apart["ovn"])) == [ID_A]
    ordered = intent(box4d(), new_subscription=implicit())
    assert missing(uss_b.put_intent(ID_B, ordered, apart["ovn"])) == [ID_A]
    assert uss_b.intent(ID_B) == apart
    assert uss_b.subscription(apart["subscription_id"]) == follower
    assert uss_a.intent(ID_A) == mine


def test_the_new_place_counts_and_the_old_one_does_not(uss_a: Uss, uss_b: Uss) -> None:
    first = uss_a.plan(ID_A, intent(box4d(disc(100))))
    second = uss_b.plan(ID_B, intent(box4d(disc(100)), key=[first["ovn"]]))
    away = uss_b.plan(ID_B, intent(box4d(disc(100, 5_000))), second["ovn"])
    assert missing(uss_b.put_intent(ID_B, intent(box4d(disc(100))), away["ovn"])) == [ID_A]


def test_activation_needs_the_key_too(uss_a: Uss, uss_b: Uss) -> None:
    body = intent(box4d(), new_subscription=implicit())
    mine = uss_a.plan(ID_A, body)
    theirs = uss_b.plan(ID_B, body | {"key": [mine["ovn"]]})
    active = body | {"state": "Activated"}
    assert missing(uss_a.put_intent(ID_A, active, mine["ovn"])) == [ID_B]
    uss_a.plan(ID_A, active | {"key": [theirs["ovn"]]}, mine["ovn"])


@pytest.mark.parametrize("state", ["Nonconforming", "Contingent"])
def test_off_nominal_states_need_no_key(uss_a: Uss, uss_b: Uss, state: str) -> None:
    body = intent(box4d(), new_subscription=implicit(constraints=True))
    mine = uss_a.plan(ID_A, body)
    uss_b.plan(ID_B, body | {"key": [mine["ovn"]]})
    uss_b.restrict(ID_C, constraint(box4d()))
    reference = uss_a.plan(ID_A, body | {"state": state}, mine["ovn"])
    assert missing(uss_b.put_intent(ID_D, body)) == sorted([ID_A, ID_B, ID_C])
    assert reference["state"] == state


def test_constraints_count_if_the_subscription_asks_for_them(uss_a: Uss, uss_b: Uss) -> None:
    rule = uss_b.restrict(ID_C, constraint(box4d()))
    uss_a.plan(ID_A, intent(box4d(disc(9, -90))))
    uss_a.plan(ID_B, intent(box4d(disc(9, 90)), new_subscription=implicit()))
    asking = intent(box4d(disc(9)), new_subscription=implicit(constraints=True))
    answer = uss_a.put_intent(ID_D, asking)
    assert missing(answer) == [ID_C]
    assert answer.body.get("missing_operational_intents", []) == []
    uss_a.plan(ID_D, asking | {"key": [rule["ovn"]]})


def test_constraints_count_through_an_explicit_subscription(uss_a: Uss, uss_b: Uss) -> None:
    rule = uss_b.restrict(ID_C, constraint(box4d()))
    uss_a.subscribe(SUB_A, subscription(box4d(), constraints=True))
    body = intent(box4d(), subscription_id=SUB_A)
    assert missing(uss_a.put_intent(ID_A, body)) == [ID_C]
    reference = uss_a.plan(ID_A, body | {"key": [rule["ovn"]]})
    uss_a.plan(ID_A, intent(box4d()), reference["ovn"])  # without it: not asked any more


def test_own_constraints_count_as_well(uss_a: Uss) -> None:
    uss_a.restrict(ID_C, constraint(box4d(altitudes_m=(None, None))))
    asking = intent(box4d(), new_subscription=implicit(constraints=True))
    assert missing(uss_a.put_intent(ID_A, asking)) == [ID_C]


def test_accepted_intents_of_a_manager_who_is_down_are_not_needed(
    uss_a: Uss, uss_b: Uss, arbitrator: Uss
) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    arbitrator.set_availability("uss_a", "Down")
    ovn = uss_b.plan(ID_B, intent(box4d()))["ovn"]
    arbitrator.set_availability("uss_a", "Normal")
    assert missing(uss_b.put_intent(ID_B, intent(box4d()), ovn)) == [ID_A]


@pytest.mark.parametrize("state", ["Activated", "Nonconforming", "Contingent"])
def test_flying_intents_of_a_manager_who_is_down_stay_needed(
    uss_a: Uss, uss_b: Uss, arbitrator: Uss, state: str
) -> None:
    ovn = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))["ovn"]
    uss_a.plan(ID_A, intent(box4d(), state=state, new_subscription=implicit()), ovn)
    arbitrator.set_availability("uss_a", "Down")
    assert missing(uss_b.put_intent(ID_B, intent(box4d()))) == [ID_A]


def test_what_is_over_is_not_in_the_way(uss_a: Uss, uss_b: Uss, dss: Driver) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    dss.set_now(NOW_US + 2 * HOUR_US)
    later = box4d(times_us=hours(1.5, 3))
    uss_b.plan(ID_B, intent(later))
    assert uss_b.found(OIR, area()) == [ID_A, ID_B]
    since_then = box4d(times_us=hours(0.5, 3))
    assert missing(uss_b.put_intent(ID_C, intent(since_then))) == [ID_A, ID_B]


def test_a_key_from_a_query_is_enough(uss_a: Uss) -> None:
    for number in range(12):
        outline = disc(150, 200 * number)
        key = [uss_a.intent(other)["ovn"] for other in uss_a.found(OIR, box4d(outline))]
        assert len(key) == min(number, 1)
        uss_a.plan(entity_id(number + 1), intent(box4d(outline), key=key))
    wide = box4d(square(9_000))
    key = [one["ovn"] for one in good(uss_a.query(OIR, wide))["operational_intent_references"]]
    assert len(key) == 12
    assert len(missing(uss_a.put_intent(entity_id(99), intent(wide, key=key[1:])))) == 1
    uss_a.plan(entity_id(99), intent(wide, key=key))


def test_of_two_who_do_not_know_of_each_other_one_wins(uss_a: Uss, uss_b: Uss) -> None:
    here = intent(box4d(square(100, at=HERE)))
    good(uss_a.put_intent(ID_A, here), 201)
    assert missing(uss_b.put_intent(ID_B, here)) == [ID_A]
