"""OVNs: their form, when they change, who sees them, and suffixes that clients ask for."""

from __future__ import annotations

import re

import pytest
from tests.conformance.opening import open_exchange
from tests.conformance.shapes import ID_A, ID_B, SUB_A, SUB_B, area, box4d
from tests.model.client import Uss, good, refused
from tests.model.driver import Driver, DssOptions, Json
from tests.model.wire import (
    CR,
    MINUTE_US,
    NOW_US,
    OIR,
    REDACTED,
    SECOND_US,
    SUB,
    constraint,
    implicit,
    intent,
    subscription,
    uuid7,
)

URL_SAFE = re.compile(r"[A-Za-z0-9._-]{16,128}")


def test_an_ovn_changes_with_every_change_and_never_returns(uss_a: Uss) -> None:
    seen = set()
    intent_ovn = constraint_ovn = None
    for version in range(1, 6):
        reference = uss_a.plan(ID_A, intent(box4d()), intent_ovn)
        restriction = uss_a.restrict(ID_A, constraint(box4d()), constraint_ovn)
        assert (reference["version"], restriction["version"]) == (version, version)
        intent_ovn, constraint_ovn = reference["ovn"], restriction["ovn"]
        for ovn in (intent_ovn, constraint_ovn):
            assert URL_SAFE.fullmatch(ovn)
            assert ovn not in seen
            seen.add(ovn)
        assert uss_a.intent(ID_A) == reference
        assert uss_a.constraint(ID_A) == restriction
        refused(uss_a.put_intent(ID_A, intent(box4d()), "x" * 32), 409)
        assert uss_a.intent(ID_A)["ovn"] == intent_ovn
    good(uss_a.delete(OIR, ID_A, intent_ovn or ""))
    again = uss_a.plan(ID_A, intent(box4d()))
    assert again["version"] == 1
    assert again["ovn"] not in seen


def test_nothing_a_stranger_knows_determines_an_ovn() -> None:
    """Two pools, the same id, version, time and body, other random bits: different OVNs."""
    with open_exchange(DssOptions(), 1) as one, open_exchange(DssOptions(), 2) as two:
        for driver in (one, two):
            driver.set_now(NOW_US)
        first, second = (Uss(pool).plan(ID_A, intent(box4d()))["ovn"] for pool in (one, two))
    assert first != second


def hidden(reference: Json) -> bool:
    return bool(reference.get("ovn", REDACTED) == REDACTED)


def test_only_the_manager_sees_an_ovn_anywhere(uss_a: Uss, uss_b: Uss) -> None:
    mine = uss_a.plan(ID_A, intent(box4d()))
    rule = uss_a.restrict(ID_A, constraint(box4d()))
    both = subscription(box4d(), constraints=True)

    def sights(uss: Uss, entity: str) -> list[Json]:
        subscribed = good(uss.put_subscription(entity, both))
        return [
            uss.intent(ID_A),
            uss.constraint(ID_A),
            *good(uss.query(OIR, area()))["operational_intent_references"],
            *good(uss.query(CR, area()))["constraint_references"],
            *subscribed["operational_intent_references"],
            *subscribed["constraint_references"],
        ]

    seen = sights(uss_a, SUB_A)
    assert [reference["ovn"] for reference in seen] == [mine["ovn"], rule["ovn"]] * 3
    foreign = sights(uss_b, SUB_B)
    assert len(foreign) == 6
    assert all(hidden(reference) for reference in foreign)
    for own, shown in zip(seen, foreign, strict=True):
        assert {**own, "ovn": 0} == {**shown, "ovn": 0}


def test_a_conflict_list_shows_own_ovns_and_hides_others(uss_a: Uss, uss_b: Uss) -> None:
    own = uss_b.plan(ID_B, intent(box4d()))
    foreign = uss_a.plan(ID_A, intent(box4d(), key=[own["ovn"]]))
    uss_a.restrict(ID_A, constraint(box4d()))
    body = intent(box4d(), new_subscription=implicit(constraints=True))
    answer = uss_b.put_intent(SUB_A, body)
    refused(answer, 409)
    shown = {one["id"]: one for one in answer.body["missing_operational_intents"]}
    assert shown[ID_B] == own
    assert hidden(shown[ID_A])
    assert {**shown[ID_A], "ovn": 0} == {**foreign, "ovn": 0}
    (rule,) = answer.body["missing_constraints"]
    assert rule["id"] == ID_A
    assert hidden(rule)


def test_a_requested_suffix_becomes_part_of_the_ovn(uss_a: Uss, dss: Driver) -> None:
    first = uuid7(NOW_US)
    reference = uss_a.plan(ID_A, intent(box4d(), requested_ovn_suffix=first))
    assert reference["ovn"] == f"{ID_A}_{first}"
    dss.set_now(NOW_US + SECOND_US)
    second = uuid7(NOW_US + SECOND_US)
    reference = uss_a.plan(ID_A, intent(box4d(), requested_ovn_suffix=second), reference["ovn"])
    assert reference["ovn"] == f"{ID_A}_{second}"
    own_choice = uss_a.plan(ID_A, intent(box4d()), reference["ovn"])["ovn"]
    assert own_choice not in (f"{ID_A}_{first}", f"{ID_A}_{second}")
    for past in (first, second):
        body = intent(box4d(), requested_ovn_suffix=past)
        refused(uss_a.put_intent(ID_A, body, own_choice), 400, 409)
    assert uss_a.intent(ID_A)["ovn"] == own_choice


SUFFIXES = [
    ("empty", ""),
    ("no UUID", "soon"),
    ("version 4", "6f1c2d3e-0000-4000-8000-00000000000a"),
    ("version 1", "6f1c2d3e-0000-1000-8000-00000000000a"),
    ("path trick", "../" + uuid7(NOW_US)),
    ("too old", uuid7(NOW_US - 6 * MINUTE_US)),
    ("ancient", uuid7(0)),
    ("too early", uuid7(NOW_US + 6 * MINUTE_US)),
    ("number", 7),
]


@pytest.mark.parametrize(("name", "suffix"), SUFFIXES)
def test_other_suffixes_are_400(uss_a: Uss, name: str, suffix: Json) -> None:
    ovn = uss_a.plan(ID_B, intent(box4d()))["ovn"]
    body = intent(box4d(), key=[ovn], requested_ovn_suffix=suffix)
    refused(uss_a.put_intent(ID_A, body), 400)
    refused(uss_a.put_intent(ID_B, body, ovn), 400)


@pytest.mark.parametrize("age_us", [-4 * MINUTE_US, 0, 4 * MINUTE_US])
def test_a_suffix_of_a_client_whose_clock_differs_is_taken(uss_a: Uss, age_us: int) -> None:
    suffix = uuid7(NOW_US - age_us)
    reference = uss_a.plan(ID_A, intent(box4d(), requested_ovn_suffix=suffix))
    assert reference["ovn"].endswith(suffix)


def test_a_subscription_version_changes_only_with_the_subscription(uss_a: Uss, uss_b: Uss) -> None:
    first = uss_a.subscribe(SUB_A, subscription(box4d()))
    uss_b.plan(ID_A, intent(box4d()))
    touched = uss_a.subscription(SUB_A)
    assert touched["notification_index"] == first["notification_index"] + 1
    assert touched["version"] == first["version"]
    second = uss_a.subscribe(SUB_A, subscription(box4d()), first["version"])
    assert second["version"] not in ("", first["version"])
    refused(uss_a.delete(SUB, SUB_A, first["version"]), 409)
    good(uss_a.delete(SUB, SUB_A, second["version"]))
