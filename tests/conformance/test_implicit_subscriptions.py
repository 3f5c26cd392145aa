"""Implicit subscriptions: made for an intent, grown with others, gone with the last of them."""

from __future__ import annotations

import pytest
from tests.conformance.shapes import (
    ALTITUDES_M,
    ID_A,
    ID_B,
    ID_C,
    SUB_A,
    TIMES_US,
    area,
    box4d,
    disc,
    hours,
    square,
)
from tests.model.client import Uss, good, refused, told
from tests.model.driver import Json
from tests.model.wire import (
    DAY_US,
    NO_SUBSCRIPTION,
    NOW_US,
    OIR,
    SUB,
    constraint,
    implicit,
    intent,
    subscription,
    time,
    volume,
)


def follower_of(uss: Uss, reference: Json) -> Json:
    return uss.subscription(reference["subscription_id"])


def test_it_is_made_exactly_as_large_as_its_intent(uss_a: Uss) -> None:
    url = "https://elsewhere.example/utm"
    whole = (box4d(times_us=hours(0, 1)), box4d(disc(200, 900), (150, 400), hours(1, 3)))
    answer = good(uss_a.put_intent(ID_A, intent(*whole, new_subscription=implicit(url))), 201)
    reference = answer["operational_intent_reference"]
    follower = follower_of(uss_a, reference)
    assert follower["implicit_subscription"] is True
    assert follower["notify_for_operational_intents"] is True
    assert follower.get("notify_for_constraints", False) is False
    assert follower["dependent_operational_intents"] == [ID_A]
    assert follower["uss_base_url"] == url
    assert follower["time_start"] == reference["time_start"]
    assert follower["time_end"] == reference["time_end"]
    assert told(answer) == {follower["id"]: 1}
    assert follower["notification_index"] == 1
    assert uss_a.found(SUB, volume(disc(), (401, None))) == []
    assert uss_a.found(SUB, volume(disc(5, 900), (300, None))) == [follower["id"]]


def test_it_may_outlast_a_day(uss_a: Uss) -> None:
    whole = box4d(times_us=(NOW_US, NOW_US + 9 * DAY_US))
    follower = follower_of(uss_a, uss_a.plan(ID_A, intent(whole, new_subscription=implicit())))
    assert follower["time_end"] == time(NOW_US + 9 * DAY_US)


@pytest.mark.parametrize("wanted", [None, False, True])
def test_it_asks_for_constraints_if_told_to(uss_a: Uss, uss_b: Uss, wanted: bool | None) -> None:
    body = intent(box4d(), new_subscription=implicit(constraints=wanted))
    follower = follower_of(uss_a, uss_a.plan(ID_A, body))
    assert follower.get("notify_for_constraints", False) is bool(wanted)
    answer = good(uss_b.put_constraint(ID_C, constraint(box4d())), 201)
    assert told(answer) == ({follower["id"]: 2} if wanted else {})


def test_it_goes_with_its_intent(uss_a: Uss) -> None:
    reference = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    answer = good(uss_a.delete(OIR, ID_A, reference["ovn"]))
    follower = reference["subscription_id"]
    assert answer["operational_intent_reference"]["subscription_id"] == follower
    refused(uss_a.get(SUB, follower), 404)
    assert uss_a.found(SUB, area()) == []


def test_it_is_replaced_by_a_fresh_one_and_gone(uss_a: Uss) -> None:
    body = intent(box4d(), new_subscription=implicit())
    first = uss_a.plan(ID_A, body)
    answer = good(uss_a.put_intent(ID_A, body, first["ovn"]))
    second = answer["operational_intent_reference"]
    assert second["subscription_id"] != first["subscription_id"]
    assert told(answer) == {second["subscription_id"]: 1}
    refused(uss_a.get(SUB, first["subscription_id"]), 404)


def test_it_goes_when_its_intent_moves_to_another_or_to_none(uss_a: Uss) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d()))
    for link, expected in ({"subscription_id": SUB_A}, SUB_A), ({}, NO_SUBSCRIPTION):
        first = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
        second = uss_a.plan(ID_A, intent(box4d(), **link), first["ovn"])
        assert second["subscription_id"] == expected
        refused(uss_a.get(SUB, first["subscription_id"]), 404)
        good(uss_a.delete(OIR, ID_A, second["ovn"]))


def test_an_explicit_one_stays_when_its_intent_goes(uss_a: Uss) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d()))
    reference = uss_a.plan(ID_A, intent(box4d(), subscription_id=SUB_A))
    good(uss_a.delete(OIR, ID_A, reference["ovn"]))
    assert uss_a.subscription(SUB_A)["notification_index"] == 2


def test_it_may_serve_a_second_intent_and_lives_as_long_as_either(uss_a: Uss) -> None:
    first = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    follower = first["subscription_id"]
    body = intent(box4d(disc(100)), subscription_id=follower, key=[first["ovn"]])
    second = uss_a.plan(ID_B, body)
    assert second["subscription_id"] == follower
    dependents = uss_a.subscription(follower)["dependent_operational_intents"]
    assert sorted(dependents) == [ID_A, ID_B]
    good(uss_a.delete(OIR, ID_A, first["ovn"]))
    assert uss_a.subscription(follower)["dependent_operational_intents"] == [ID_B]
    good(uss_a.delete(OIR, ID_B, second["ovn"]))
    refused(uss_a.get(SUB, follower), 404)


def test_it_grows_with_a_larger_intent_and_never_shrinks(uss_a: Uss, uss_b: Uss) -> None:
    first = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    follower = first["subscription_id"]
    larger = box4d(disc(100, 3_000), (50, 150), (TIMES_US[0], TIMES_US[1] + DAY_US))
    second = uss_a.plan(ID_B, intent(larger, subscription_id=follower))
    grown = uss_a.subscription(follower)
    assert grown["implicit_subscription"] is True
    assert grown["time_start"] == first["time_start"]
    assert grown["time_end"] == second["time_end"]
    assert uss_a.found(SUB, volume(disc(9, 3_000), (None, 60))) == [follower]
    good(uss_a.delete(OIR, ID_B, second["ovn"]))
    kept = uss_a.subscription(follower)
    assert (kept["time_start"], kept["time_end"]) == (grown["time_start"], grown["time_end"])
    answer = good(uss_b.put_intent(ID_C, intent(box4d(disc(9, 3_000), (60, 70)))), 201)
    assert told(answer) == {follower: kept["notification_index"] + 1}


def test_it_cannot_be_deleted_while_an_intent_depends_on_it(uss_a: Uss) -> None:
    reference = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    follower = follower_of(uss_a, reference)
    refused(uss_a.delete(SUB, follower["id"], follower["version"]), 400, 409)
    assert follower_of(uss_a, reference) == follower


def test_changed_by_hand_it_becomes_explicit_and_outlives_its_intent(uss_a: Uss) -> None:
    reference = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    follower = follower_of(uss_a, reference)
    body = subscription(box4d(square(900), (0, 900), hours(-0.01, 2)))
    changed = uss_a.subscribe(follower["id"], body, follower["version"])
    assert changed.get("implicit_subscription", False) is False
    assert changed["notification_index"] == follower["notification_index"]
    assert changed["dependent_operational_intents"] == [ID_A]
    good(uss_a.delete(OIR, ID_A, reference["ovn"]))
    alone = uss_a.subscription(follower["id"])
    good(uss_a.delete(SUB, alone["id"], alone["version"]))
    refused(uss_a.get(SUB, alone["id"]), 404)


def test_nobody_else_sees_or_uses_it(uss_a: Uss, uss_b: Uss) -> None:
    reference = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    follower = reference["subscription_id"]
    refused(uss_b.get(SUB, follower), 403)
    assert uss_b.found(SUB, area()) == []
    body = intent(box4d(), key=[reference["ovn"]], subscription_id=follower)
    refused(uss_b.put_intent(ID_B, body), 403)


def test_altitudes_of_its_intent_bound_it(uss_a: Uss, uss_b: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    above = box4d(altitudes_m=(ALTITUDES_M[1] + 1, 900))
    assert told(good(uss_b.put_intent(ID_B, intent(above)), 201)) == {}
