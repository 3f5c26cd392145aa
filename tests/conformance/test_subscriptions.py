"""Subscriptions: times, areas, flags, dependents, and the exact notification indices."""

from __future__ import annotations

import pytest
from tests.conformance.shapes import (
    ID_A,
    ID_B,
    ID_C,
    SUB_A,
    SUB_B,
    SUB_C,
    UNKNOWN_ID,
    WRONG_OVN,
    area,
    box4d,
    disc,
    hours,
    square,
)
from tests.model.client import Uss, good, refused, told
from tests.model.driver import Driver, Json
from tests.model.wire import (
    CR,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOW_US,
    OIR,
    SECOND_US,
    SUB,
    box,
    constraint,
    implicit,
    intent,
    subscription,
    time,
    volume,
)


def test_a_created_subscription_has_all_its_members_and_status_200(uss_a: Uss) -> None:
    whole = box4d()
    answer = good(uss_a.put_subscription(SUB_A, subscription(whole)), 200)
    made = answer["subscription"]
    defaults = {
        "notify_for_constraints": False,
        "implicit_subscription": False,
        "dependent_operational_intents": [],
    }
    assert made["version"]
    assert {**defaults, **made, "version": ""} == {
        "id": SUB_A,
        "version": "",
        "notification_index": 0,
        "time_start": whole["time_start"],
        "time_end": whole["time_end"],
        "uss_base_url": "https://uss-a.example/utm",
        "notify_for_operational_intents": True,
        **defaults,
    }
    assert uss_a.subscription(SUB_A) == made
    assert good(uss_a.query(SUB, area())) == {"subscriptions": [made]}


@pytest.mark.parametrize(
    ("intents", "constraints"),
    [(True, None), (True, False), (None, True), (False, True), (True, True)],
)
def test_the_response_lists_only_what_was_asked_for(
    uss_a: Uss, uss_b: Uss, intents: bool | None, constraints: bool | None
) -> None:
    uss_b.plan(ID_A, intent(box4d()))
    uss_b.plan(ID_B, intent(box4d(disc(100, 5_000))))
    uss_b.restrict(ID_C, constraint(box4d()))
    body = subscription(box4d(), intents=intents, constraints=constraints)
    version = None
    for _ in ("created", "updated"):
        answer = good(uss_a.put_subscription(SUB_A, body, version))
        version = answer["subscription"]["version"]
        assert ("operational_intent_references" in answer) == bool(intents)
        assert ("constraint_references" in answer) == bool(constraints)
        found = [one["id"] for one in answer.get("operational_intent_references", [])]
        assert found == ([ID_A] if intents else [])
        found = [one["id"] for one in answer.get("constraint_references", [])]
        assert found == ([ID_C] if constraints else [])


def test_lists_are_present_even_if_empty(uss_a: Uss) -> None:
    answer = good(uss_a.put_subscription(SUB_A, subscription(box4d(), constraints=True)))
    assert answer["operational_intent_references"] == []
    assert answer["constraint_references"] == []


@pytest.mark.parametrize(
    ("intents", "constraints"), [(False, False), (None, None), (False, None), (None, False)]
)
def test_a_subscription_to_nothing_is_400(
    uss_a: Uss, intents: bool | None, constraints: bool | None
) -> None:
    body = subscription(box4d(), intents=intents, constraints=constraints)
    refused(uss_a.put_subscription(SUB_A, body), 400)
    version = uss_a.subscribe(SUB_B, subscription(box4d()))["version"]
    refused(uss_a.put_subscription(SUB_B, body, version), 400)


def test_existence_and_versions(uss_a: Uss) -> None:
    version = uss_a.subscribe(SUB_A, subscription(box4d()))["version"]
    refused(uss_a.put_subscription(SUB_A, subscription(box4d())), 409)
    refused(uss_a.put_subscription(SUB_A, subscription(box4d()), WRONG_OVN), 409, 400)
    refused(uss_a.put_subscription(UNKNOWN_ID, subscription(box4d()), version), 400)
    refused(uss_a.get(SUB, UNKNOWN_ID), 404)
    refused(uss_a.delete(SUB, UNKNOWN_ID, version), 404)
    refused(uss_a.delete(SUB, SUB_A, WRONG_OVN), 409)
    assert uss_a.subscription(SUB_A)["version"] == version


def test_a_subscription_is_its_managers_own_business(uss_a: Uss, uss_b: Uss) -> None:
    version = uss_a.subscribe(SUB_A, subscription(box4d()))["version"]
    refused(uss_b.get(SUB, SUB_A), 403)
    assert uss_b.found(SUB, area()) == []
    refused(uss_b.put_subscription(SUB_A, subscription(box4d())), 403, 409)
    refused(uss_b.put_subscription(SUB_A, subscription(box4d()), version), 403)
    refused(uss_b.put_subscription(SUB_A, subscription(box4d()), WRONG_OVN), 403, 409)
    refused(uss_b.delete(SUB, SUB_A, version), 403)
    refused(uss_b.delete(SUB, SUB_A, WRONG_OVN), 403, 409)
    assert uss_a.subscription(SUB_A)["version"] == version


def test_a_deleted_subscription_is_answered_as_it_was(uss_a: Uss) -> None:
    made = uss_a.subscribe(SUB_A, subscription(box4d()))
    assert good(uss_a.delete(SUB, SUB_A, made["version"])) == {"subscription": made}
    refused(uss_a.get(SUB, SUB_A), 404)
    assert uss_a.found(SUB, area()) == []


TIMES: list[tuple[str, int | None, int | None, tuple[int, int] | None]] = [
    # what, start, end (us from now), the span that results or None for 400
    ("none", None, None, (0, DAY_US)),
    ("only an end", None, HOUR_US, (0, HOUR_US)),
    ("only a start", HOUR_US, None, (HOUR_US, HOUR_US + DAY_US)),
    ("a day", 0, DAY_US, (0, DAY_US)),
    ("a day since a minute ago", -MINUTE_US, DAY_US - MINUTE_US, (-MINUTE_US, DAY_US - MINUTE_US)),
    ("since ten seconds ago", -10 * SECOND_US, HOUR_US, (-10 * SECOND_US, HOUR_US)),
    ("since five minutes ago", -5 * MINUTE_US, HOUR_US, (-5 * MINUTE_US, HOUR_US)),
    ("since over five minutes ago", -5 * MINUTE_US - SECOND_US, HOUR_US, None),
    ("since 1970", -NOW_US, HOUR_US, None),
    ("tomorrow", DAY_US, 2 * DAY_US, (DAY_US, 2 * DAY_US)),
    ("a second over a day", 0, DAY_US + SECOND_US, None),
    ("a day and a minute", -MINUTE_US, DAY_US, None),
    ("a week", 0, 7 * DAY_US, None),
    ("an end over a day ahead", None, DAY_US + SECOND_US, None),
    ("end before start", HOUR_US, HOUR_US - 1, None),
    ("end in the past", -2 * MINUTE_US, -MINUTE_US, None),
    ("only an end in the past", None, -MINUTE_US, None),
]


@pytest.mark.parametrize(("name", "start", "end", "span"), TIMES)
def test_times_of_a_new_subscription(
    uss_a: Uss, name: str, start: int | None, end: int | None, span: tuple[int, int] | None
) -> None:
    given = (None if start is None else NOW_US + start, None if end is None else NOW_US + end)
    answer = uss_a.put_subscription(SUB_A, subscription(box4d(times_us=given)))
    if span is None:
        refused(answer, 400)
        refused(uss_a.get(SUB, SUB_A), 404)
    else:
        made = good(answer)["subscription"]
        assert made["time_start"] == time(NOW_US + span[0])
        assert made["time_end"] == time(NOW_US + span[1])


def test_an_update_without_times_keeps_them(uss_a: Uss, dss: Driver) -> None:
    made = uss_a.subscribe(SUB_A, subscription(box4d(times_us=hours(0, 3))))
    dss.set_now(NOW_US + HOUR_US)  # the old start is long past: kept all the same
    untimed = subscription(box4d(times_us=(None, None)))
    kept = uss_a.subscribe(SUB_A, untimed, made["version"])
    assert (kept["time_start"], kept["time_end"]) == (made["time_start"], made["time_end"])
    longer = subscription(box4d(times_us=(None, hours(0, 9)[1])))
    kept = uss_a.subscribe(SUB_A, longer, kept["version"])
    assert (kept["time_start"], kept["time_end"]) == (made["time_start"], time(hours(0, 9)[1]))
    too_long = subscription(box4d(times_us=(None, hours(0, 24.1)[1])))
    refused(uss_a.put_subscription(SUB_A, too_long, kept["version"]), 400)
    given = subscription(box4d(times_us=hours(0, 3)))
    refused(uss_a.put_subscription(SUB_A, given, kept["version"]), 400)


def test_an_update_replaces_area_url_and_flags_and_keeps_the_index(uss_a: Uss, uss_b: Uss) -> None:
    made = uss_a.subscribe(SUB_A, subscription(box4d()))
    uss_b.plan(ID_A, intent(box4d()))
    moved = box4d(disc(200, 5_000), (300, 400), hours(0, 2))
    body = subscription(moved, intents=False, constraints=True, url="https://new.example")
    changed = uss_a.subscribe(SUB_A, body, made["version"])
    assert changed["version"] != made["version"]
    assert changed["notification_index"] == 1
    assert changed.get("notify_for_operational_intents", False) is False
    assert changed["notify_for_constraints"] is True
    assert changed["uss_base_url"] == "https://new.example"
    assert changed["time_end"] == moved["time_end"]
    assert uss_a.found(SUB, area()) == []
    assert uss_a.found(SUB, area(disc(9, 5_000))) == [SUB_A]
    assert told(good(uss_b.put_intent(ID_B, intent(moved)), 201)) == {}
    answer = good(uss_b.put_constraint(ID_C, constraint(moved)), 201)
    assert told(answer) == {SUB_A: 2}


UPDATES = [
    ("same", box4d(times_us=hours(0, 1)), True),
    ("seconds late", box4d(times_us=(NOW_US + 10 * SECOND_US, NOW_US + HOUR_US)), True),
    ("five minutes late", box4d(times_us=(NOW_US + 5 * MINUTE_US, NOW_US + HOUR_US)), True),
    ("later still", box4d(times_us=(NOW_US + 5 * MINUTE_US + SECOND_US, NOW_US + HOUR_US)), False),
    ("ends early", box4d(times_us=(NOW_US, NOW_US + HOUR_US - SECOND_US)), False),
    ("wider", box4d(square(800), (0, 900), hours(0, 9)), True),
    ("no altitudes", box4d(altitudes_m=(None, None)), True),
    ("floor too high", box4d(altitudes_m=(101, 300)), False),
    ("ceiling too low", box4d(altitudes_m=(0, 199)), False),
    ("too small", box4d(disc(250)), False),
    ("moved", box4d(disc(300, 150)), False),
]


@pytest.mark.parametrize("made_by", ["hand", "intent"])
@pytest.mark.parametrize(("name", "whole", "covers"), UPDATES)
def test_an_update_must_go_on_covering_dependent_intents(
    uss_a: Uss, name: str, whole: Json, covers: bool, made_by: str
) -> None:
    link: Json = {"new_subscription": implicit()}
    if made_by == "hand":
        uss_a.subscribe(SUB_A, subscription(box4d()))
        link = {"subscription_id": SUB_A}
    reference = uss_a.plan(ID_A, intent(box4d(), **link))
    before = uss_a.subscription(reference["subscription_id"])
    answer = uss_a.put_subscription(before["id"], subscription(whole), before["version"])
    if covers:
        assert good(answer)["subscription"]["dependent_operational_intents"] == [ID_A]
    else:
        refused(answer, 400)
        assert uss_a.subscription(before["id"]) == before


def test_a_subscription_with_dependents_cannot_be_deleted(uss_a: Uss) -> None:
    version = uss_a.subscribe(SUB_A, subscription(box4d()))["version"]
    ovn = uss_a.plan(ID_A, intent(box4d(), subscription_id=SUB_A))["ovn"]
    refused(uss_a.delete(SUB, SUB_A, version), 400, 409)
    good(uss_a.delete(OIR, ID_A, ovn))
    good(uss_a.delete(SUB, SUB_A, version))


def test_an_expired_subscription_is_not_found_and_not_told(
    uss_a: Uss, uss_b: Uss, dss: Driver
) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d(times_us=hours(0, 1))))
    uss_a.subscribe(SUB_B, subscription(box4d(times_us=hours(0, 4))))
    dss.set_now(NOW_US + 2 * HOUR_US)
    assert uss_a.found(SUB, area()) == [SUB_B]
    assert uss_a.found(SUB, box4d(times_us=hours(0, 0.5))) == [SUB_B]
    answer = good(uss_b.put_intent(ID_A, intent(box4d(times_us=hours(0, 5)))), 201)
    assert told(answer) == {SUB_B: 1}


def test_queries_filter_by_place_altitude_and_time(uss_a: Uss) -> None:
    bands = [(0, 300), (350, 650), (700, 1000)]
    for number, (entity, band) in enumerate(zip((SUB_A, SUB_B, SUB_C), bands, strict=True)):
        whole = box4d(disc(300, 1_000 * number), band, hours(number, number + 0.5))
        uss_a.subscribe(entity, subscription(whole))
    every = [SUB_A, SUB_B, SUB_C]
    assert uss_a.found(SUB, volume(square(5_000), (0, 3000))) == every
    assert uss_a.found(SUB, area(disc(100, 1_000))) == [SUB_B]
    assert uss_a.found(SUB, box4d(square(5_000), (None, None), hours(1.9, 3))) == [SUB_C]
    assert uss_a.found(SUB, box4d(square(5_000), (None, None), hours(-9, -8))) == []
    assert uss_a.found(SUB, volume(square(5_000), (310, 340))) == []
    assert uss_a.found(SUB, volume(square(5_000), (400, None))) == [SUB_B, SUB_C]


def test_a_query_over_a_degree_is_refused(uss_a: Uss) -> None:
    refused(uss_a.query(SUB, area(box(46, 7, 47, 8))), 400, 413)


def test_there_may_be_many_subscriptions_at_one_place(uss_a: Uss, uss_b: Uss) -> None:
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 31)]
    for entity in ids:
        uss_a.subscribe(entity, subscription(box4d()))
    answer = good(uss_b.put_intent(ID_A, intent(box4d())), 201)
    assert told(answer) == dict.fromkeys(ids, 1)
    assert len(answer["subscribers"]) == 1


def test_indices_of_a_constraint_subscription_run_one_two_three(uss_a: Uss, uss_b: Uss) -> None:
    body = subscription(box4d(), intents=False, constraints=True)
    uss_a.subscribe(SUB_A, body)
    uss_b.plan(ID_A, intent(box4d()))  # intents are not counted
    answer = good(uss_b.put_constraint(ID_C, constraint(box4d())), 201)
    assert told(answer) == {SUB_A: 1}
    ovn = answer["constraint_reference"]["ovn"]
    answer = good(uss_b.put_constraint(ID_C, constraint(box4d()), ovn))
    assert told(answer) == {SUB_A: 2}
    assert told(good(uss_b.delete(CR, ID_C, answer["constraint_reference"]["ovn"]))) == {SUB_A: 3}
    assert uss_a.subscription(SUB_A)["notification_index"] == 3


def test_indices_of_an_explicit_subscription_next_to_two_intents(uss_a: Uss) -> None:
    first = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    mine = uss_a.subscribe(SUB_A, subscription(box4d()))
    assert mine["notification_index"] == 0
    body = intent(box4d(), key=[first["ovn"]], subscription_id=SUB_A)
    answer = good(uss_a.put_intent(ID_B, body), 201)
    second = answer["operational_intent_reference"]
    assert told(answer)[SUB_A] == 1
    body = intent(box4d(), key=[second["ovn"]], subscription_id=first["subscription_id"])
    answer = good(uss_a.put_intent(ID_A, body, first["ovn"]))
    assert told(answer)[SUB_A] == 2
    mine = uss_a.subscribe(SUB_A, subscription(box4d()), mine["version"])
    assert mine["notification_index"] == 2
    answer = good(uss_a.delete(OIR, ID_A, answer["operational_intent_reference"]["ovn"]))
    assert told(answer)[SUB_A] == 3
    answer = good(uss_a.delete(OIR, ID_B, second["ovn"]))
    assert told(answer) == {SUB_A: 4}
