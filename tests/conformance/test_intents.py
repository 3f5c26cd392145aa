"""Operational intents: create, update, delete, states, the link to a subscription."""

from __future__ import annotations

import pytest
from tests.conformance.shapes import (
    ID_A,
    ID_B,
    SUB_A,
    SUB_B,
    UNKNOWN_ID,
    WRONG_OVN,
    area,
    box4d,
    disc,
    hours,
    square,
)
from tests.model.client import Uss, good, missing, refused, told
from tests.model.driver import DssOptions, Json
from tests.model.wire import (
    CMSA,
    NO_SUBSCRIPTION,
    OIR,
    SC,
    SUB,
    implicit,
    intent,
    subscription,
    time,
)

STATES = ["Accepted", "Activated", "Nonconforming", "Contingent"]


def test_a_created_intent_has_all_its_members(uss_a: Uss, uss_b: Uss) -> None:
    whole = box4d()
    answer = good(uss_a.put_intent(ID_A, intent(whole)), 201)
    reference = answer["operational_intent_reference"]
    assert answer["subscribers"] == []
    assert {**reference, "ovn": ""} == {
        "id": ID_A,
        "manager": "uss_a",
        "uss_availability": "Unknown",
        "version": 1,
        "state": "Accepted",
        "ovn": "",
        "time_start": whole["time_start"],
        "time_end": whole["time_end"],
        "uss_base_url": "https://uss-a.example/utm",
        "subscription_id": NO_SUBSCRIPTION,
    }
    assert uss_a.intent(ID_A) == reference
    assert good(uss_a.query(OIR, area())) == {"operational_intent_references": [reference]}
    assert uss_b.intent(ID_A)["manager"] == "uss_a"


def test_the_placeholder_subscription_does_not_exist(uss_a: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    refused(uss_a.get(SUB, NO_SUBSCRIPTION), 400, 404)


def test_times_of_a_reference_span_all_volumes(uss_a: Uss) -> None:
    spans = [hours(0, 1), hours(3, 4), hours(2, 2.5)]
    reference = uss_a.plan(ID_A, intent(*(box4d(times_us=span) for span in spans)))
    assert reference["time_start"] == time(spans[0][0])
    assert reference["time_end"] == time(spans[1][1])


def test_what_does_not_exist_is_404_to_read_and_delete_and_400_to_update(uss_a: Uss) -> None:
    refused(uss_a.get(OIR, UNKNOWN_ID), 404)
    refused(uss_a.delete(OIR, UNKNOWN_ID, WRONG_OVN), 404)
    refused(uss_a.put_intent(UNKNOWN_ID, intent(box4d()), WRONG_OVN), 400)


def test_creating_an_existing_id_is_409_for_its_manager_and_403_for_others(
    uss_a: Uss, uss_b: Uss
) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    answer = uss_a.put_intent(ID_A, intent(box4d()))
    assert missing(answer) == []
    assert refused(answer, 409)
    refused(uss_b.put_intent(ID_A, intent(box4d())), 403)


def test_a_wrong_ovn_is_409_and_changes_nothing(uss_a: Uss) -> None:
    before = uss_a.plan(ID_A, intent(box4d()))
    refused(uss_a.put_intent(ID_A, intent(box4d(square(900))), WRONG_OVN), 409)
    refused(uss_a.delete(OIR, ID_A, WRONG_OVN), 409)
    assert uss_a.intent(ID_A) == before


def test_others_may_neither_change_nor_delete_with_any_ovn(uss_a: Uss, uss_b: Uss) -> None:
    before = uss_a.plan(ID_A, intent(box4d()))
    for ovn in (before["ovn"], WRONG_OVN):
        refused(uss_b.put_intent(ID_A, intent(box4d()), ovn), 403)
        refused(uss_b.delete(OIR, ID_A, ovn), 403)
    assert uss_a.intent(ID_A) == before


@pytest.mark.parametrize("state", ["Ended", "accepted", "", None, 1, "Planned"])
def test_unknown_states_are_400(uss_a: Uss, state: Json) -> None:
    body = intent(box4d()) | {"state": state}
    refused(uss_a.put_intent(ID_A, body), 400)


@pytest.mark.parametrize("state", STATES[1:])
def test_a_new_intent_must_be_accepted(uss_a: Uss, state: str) -> None:
    body = intent(box4d(), state=state, new_subscription=implicit())
    refused(uss_a.put_intent(ID_A, body), 400)
    refused(uss_a.get(OIR, ID_A), 404)


@pytest.mark.parametrize("state", STATES[1:])
def test_states_beyond_accepted_need_a_subscription(uss_a: Uss, state: str) -> None:
    ovn = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))["ovn"]
    refused(uss_a.put_intent(ID_A, intent(box4d(), state=state), ovn), 400)
    body = intent(box4d(), state=state, subscription_id="")
    refused(uss_a.put_intent(ID_A, body, ovn), 400)


ALLOWED = {
    "Accepted": STATES,
    "Activated": STATES[1:],
    "Nonconforming": STATES[1:],
    "Contingent": ["Contingent"],
}


def in_state(uss: Uss, state: str) -> str:
    """OVN of a fresh intent ID_A brought into a state."""
    ovn: str = uss.plan(ID_A, intent(box4d(), new_subscription=implicit()))["ovn"]
    if state != "Accepted":
        body = intent(box4d(), state=state, new_subscription=implicit())
        ovn = uss.plan(ID_A, body, ovn)["ovn"]
    return ovn


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", STATES)
def test_which_state_may_follow_which(uss_a: Uss, before: str, after: str) -> None:
    ovn = in_state(uss_a, before)
    answer = uss_a.put_intent(ID_A, intent(box4d(), state=after, new_subscription=implicit()), ovn)
    if after in ALLOWED[before]:
        assert good(answer)["operational_intent_reference"]["state"] == after
    else:
        refused(answer, 400)
        assert uss_a.intent(ID_A)["state"] == before


@pytest.mark.parametrize("before", STATES)
def test_any_state_may_end(uss_a: Uss, before: str) -> None:
    ovn = in_state(uss_a, before)
    assert good(uss_a.delete(OIR, ID_A, ovn))["operational_intent_reference"]["state"] == before
    refused(uss_a.get(OIR, ID_A), 404)


def test_the_order_of_states_is_a_switch(open_dss: object) -> None:
    assert callable(open_dss)
    uss = Uss(open_dss(DssOptions(state_transitions=False)))
    ovn = in_state(uss, "Contingent")
    for state in STATES:
        body = intent(box4d(), state=state, new_subscription=implicit())
        ovn = uss.plan(ID_A, body, ovn)["ovn"]


def test_a_subscription_may_be_named_or_ordered_but_not_both(uss_a: Uss) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d(square(900), (0, 900), hours(0, 9))))
    body = intent(box4d(), subscription_id=SUB_A, new_subscription=implicit())
    refused(uss_a.put_intent(ID_A, body), 400)
    reference = uss_a.plan(ID_A, intent(box4d(), subscription_id=SUB_A))
    assert reference["subscription_id"] == SUB_A
    refused(uss_a.put_intent(ID_A, body, reference["ovn"]), 400)


BAD_LINKS = [
    {"subscription_id": UNKNOWN_ID},
    {"subscription_id": "no-uuid"},
    {"subscription_id": 5},
    {"new_subscription": {}},
    {"new_subscription": {"uss_base_url": ""}},
    {"new_subscription": {"notify_for_constraints": True}},
    {"new_subscription": {"uss_base_url": "https://a.example", "notify_for_constraints": "yes"}},
    {"new_subscription": "https://a.example"},
]


@pytest.mark.parametrize("link", BAD_LINKS)
def test_links_to_no_subscription_are_400(uss_a: Uss, link: Json) -> None:
    refused(uss_a.put_intent(ID_A, intent(box4d()) | link), 400)
    refused(uss_a.get(OIR, ID_A), 404)


def test_an_empty_subscription_id_means_none(uss_a: Uss) -> None:
    reference = uss_a.plan(ID_A, intent(box4d(), subscription_id=""))
    assert reference["subscription_id"] == NO_SUBSCRIPTION
    both = intent(box4d(), subscription_id="", new_subscription=implicit())
    reference = uss_a.plan(ID_A, both, reference["ovn"])
    assert reference["subscription_id"] != NO_SUBSCRIPTION


def test_a_subscription_of_somebody_else_is_403(uss_a: Uss, uss_b: Uss) -> None:
    uss_b.subscribe(SUB_B, subscription(box4d()))
    refused(uss_a.put_intent(ID_A, intent(box4d(), subscription_id=SUB_B)), 403)


def test_a_subscription_to_constraints_only_cannot_serve_an_intent(uss_a: Uss) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d(), intents=False, constraints=True))
    refused(uss_a.put_intent(ID_A, intent(box4d(), subscription_id=SUB_A)), 400)


COVERAGE = [
    ("equal", box4d(), True),
    ("wider", box4d(square(900), (0, 900), hours(-0.05, 5)), True),
    ("no altitudes", box4d(altitudes_m=(None, None)), True),
    ("begins late", box4d(times_us=hours(0.01, 2)), False),
    ("ends early", box4d(times_us=hours(0, 0.99)), False),
    ("too high", box4d(altitudes_m=(101, 500)), False),
    ("too low", box4d(altitudes_m=(0, 199)), False),
    ("too small", box4d(disc(280)), False),
    ("beside", box4d(disc(300, 100)), False),
]


@pytest.mark.parametrize(("name", "whole", "covers"), COVERAGE)
def test_an_explicit_subscription_must_cover_its_intent(
    uss_a: Uss, name: str, whole: Json, covers: bool
) -> None:
    uss_a.subscribe(SUB_A, subscription(whole))
    ovn = uss_a.plan(ID_B, intent(box4d()))["ovn"]
    for entity, before in ((ID_A, None), (ID_B, ovn)):
        body = intent(box4d(), subscription_id=SUB_A, key=[uss_a.intent(ID_B)["ovn"]])
        if entity == ID_B and covers:
            body["key"] = [uss_a.intent(ID_A)["ovn"]]
        answer = uss_a.put_intent(entity, body, before)
        assert answer.status == ((201 if before is None else 200) if covers else 400), name
    dependents = uss_a.subscription(SUB_A).get("dependent_operational_intents", [])
    assert sorted(dependents) == ([ID_A, ID_B] if covers else [])


def test_an_update_without_subscription_loses_the_link(uss_a: Uss) -> None:
    uss_a.subscribe(SUB_A, subscription(box4d()))
    reference = uss_a.plan(ID_A, intent(box4d(), subscription_id=SUB_A))
    assert uss_a.plan(ID_A, intent(box4d()), reference["ovn"])["subscription_id"] == (
        NO_SUBSCRIPTION
    )
    assert uss_a.subscription(SUB_A).get("dependent_operational_intents", []) == []


def test_a_change_tells_who_watches_the_old_or_the_new_place(uss_a: Uss, uss_b: Uss) -> None:
    west, east = disc(300, -2_000), disc(300, 2_000)
    middle = disc(300)
    uss_b.subscribe(SUB_A, subscription(box4d(west)))
    uss_b.subscribe(SUB_B, subscription(box4d(east), url="https://east.example"))
    uss_b.subscribe(UNKNOWN_ID, subscription(box4d(middle)))
    answer = good(uss_a.put_intent(ID_A, intent(box4d(west))), 201)
    assert told(answer) == {SUB_A: 1}
    ovn = answer["operational_intent_reference"]["ovn"]
    answer = good(uss_a.put_intent(ID_A, intent(box4d(east)), ovn))
    assert told(answer) == {SUB_A: 2, SUB_B: 1}
    ovn = answer["operational_intent_reference"]["ovn"]
    assert told(good(uss_a.delete(OIR, ID_A, ovn))) == {SUB_B: 2}


def test_subscribers_are_grouped_by_url(uss_a: Uss, uss_b: Uss) -> None:
    for entity, url in ((SUB_A, "https://one.example"), (SUB_B, "https://one.example")):
        uss_a.subscribe(entity, subscription(box4d(), url=url))
    uss_b.subscribe(UNKNOWN_ID, subscription(box4d(), url="https://one.example"))
    uss_b.subscribe(ID_B, subscription(box4d(), url="https://two.example"))
    answer = good(uss_b.put_intent(ID_A, intent(box4d())), 201)
    groups = {
        entry["uss_base_url"]: {state["subscription_id"] for state in entry["subscriptions"]}
        for entry in answer["subscribers"]
    }
    assert len(answer["subscribers"]) == 2
    assert groups == {
        "https://one.example": {SUB_A, SUB_B, UNKNOWN_ID},
        "https://two.example": {ID_B},
    }


def test_a_refused_change_tells_nobody(uss_a: Uss, uss_b: Uss) -> None:
    uss_b.subscribe(SUB_A, subscription(box4d()))
    ovn = uss_a.plan(ID_A, intent(box4d()))["ovn"]
    refused(uss_b.put_intent(ID_B, intent(box4d())), 409)
    refused(uss_a.put_intent(ID_A, intent(box4d()), WRONG_OVN), 409)
    refused(uss_a.only(SC).put_intent(ID_A, intent(box4d(), state="Contingent"), ovn), 403, 400)
    assert uss_b.subscription(SUB_A)["notification_index"] == 1


def test_a_deleted_intent_is_answered_as_it_was(uss_a: Uss) -> None:
    reference = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    answer = good(uss_a.delete(OIR, ID_A, reference["ovn"]))
    assert answer["operational_intent_reference"] == reference
    refused(uss_a.get(OIR, ID_A), 404)
    assert uss_a.found(OIR, area()) == []
    refused(uss_a.delete(OIR, ID_A, reference["ovn"]), 404)


def test_monitoring_alone_may_declare_an_emergency(uss_a: Uss) -> None:
    monitor = uss_a.only(CMSA)
    ovn = monitor.plan(ID_A, intent(box4d(), new_subscription=implicit()))["ovn"]
    body = intent(box4d(), state="Contingent", new_subscription=implicit())
    monitor.plan(ID_A, body, ovn)
