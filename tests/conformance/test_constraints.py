"""Constraints: like intents, without key, state and subscription."""

from __future__ import annotations

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
)
from tests.model.client import Uss, good, refused, told
from tests.model.driver import Driver
from tests.model.wire import CR, HOUR_US, NOW_US, OIR, constraint, intent, subscription, time


def test_a_created_constraint_has_all_its_members(uss_a: Uss, uss_b: Uss) -> None:
    whole = box4d()
    answer = good(uss_a.put_constraint(ID_A, constraint(whole)), 201)
    reference = answer["constraint_reference"]
    assert answer["subscribers"] == []
    assert {**reference, "ovn": ""} == {
        "id": ID_A,
        "manager": "uss_a",
        "uss_availability": "Unknown",
        "version": 1,
        "ovn": "",
        "time_start": whole["time_start"],
        "time_end": whole["time_end"],
        "uss_base_url": "https://uss-a.example/utm",
    }
    assert uss_a.constraint(ID_A) == reference
    assert good(uss_a.query(CR, area())) == {"constraint_references": [reference]}
    assert uss_b.found(CR, area()) == [ID_A]


def test_existence_ownership_and_ovn(uss_a: Uss, uss_b: Uss) -> None:
    before = uss_a.restrict(ID_A, constraint(box4d()))
    refused(uss_a.put_constraint(ID_A, constraint(box4d())), 409)
    refused(uss_b.put_constraint(ID_A, constraint(box4d())), 403)
    refused(uss_a.put_constraint(ID_A, constraint(box4d()), WRONG_OVN), 409)
    refused(uss_b.put_constraint(ID_A, constraint(box4d()), before["ovn"]), 403)
    refused(uss_a.put_constraint(UNKNOWN_ID, constraint(box4d()), WRONG_OVN), 409, 400)
    refused(uss_a.get(CR, UNKNOWN_ID), 404)
    refused(uss_a.delete(CR, UNKNOWN_ID, WRONG_OVN), 404)
    refused(uss_a.delete(CR, ID_A, WRONG_OVN), 409)
    refused(uss_b.delete(CR, ID_A, before["ovn"]), 403)
    assert uss_a.constraint(ID_A) == before


def test_constraints_and_intents_are_named_apart(uss_a: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    uss_a.restrict(ID_A, constraint(box4d()))
    assert uss_a.found(OIR, area()) == [ID_A]
    assert uss_a.found(CR, area()) == [ID_A]


def test_constraints_may_lie_over_each_other_and_over_intents(uss_a: Uss, uss_b: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    uss_a.restrict(ID_A, constraint(box4d()))
    uss_b.restrict(ID_B, constraint(box4d(), box4d(disc(200, 900), (None, None))))


def test_a_change_tells_who_watches_constraints_at_the_old_or_new_place(
    uss_a: Uss, uss_b: Uss
) -> None:
    west, east = disc(300, -2_000), disc(300, 2_000)
    uss_b.subscribe(SUB_A, subscription(box4d(west), intents=False, constraints=True))
    uss_b.subscribe(SUB_B, subscription(box4d(east), constraints=True))
    uss_b.subscribe(UNKNOWN_ID, subscription(box4d(west)))  # to intents only
    answer = good(uss_a.put_constraint(ID_A, constraint(box4d(west))), 201)
    assert told(answer) == {SUB_A: 1}
    ovn = answer["constraint_reference"]["ovn"]
    answer = good(uss_a.put_constraint(ID_A, constraint(box4d(east)), ovn))
    assert told(answer) == {SUB_A: 2, SUB_B: 1}
    reference = answer["constraint_reference"]
    answer = good(uss_a.delete(CR, ID_A, reference["ovn"]))
    assert told(answer) == {SUB_B: 2}
    assert answer["constraint_reference"] == reference
    refused(uss_a.get(CR, ID_A), 404)


def test_times_of_a_reference_span_all_volumes(uss_a: Uss) -> None:
    long_ago = box4d(times_us=(1 - HOUR_US, -1))
    reference = uss_a.restrict(ID_A, constraint(long_ago, box4d(times_us=hours(3, 4))))
    assert reference["time_start"] == time(1 - HOUR_US)
    assert reference["time_end"] == time(hours(3, 4)[1])


def test_a_constraint_that_is_over_is_still_found(uss_a: Uss, dss: Driver) -> None:
    uss_a.restrict(ID_A, constraint(box4d()))
    dss.set_now(NOW_US + 9 * HOUR_US)
    assert uss_a.found(CR, area()) == [ID_A]
    assert uss_a.constraint(ID_A)["id"] == ID_A


def test_references_show_the_managers_present_availability(uss_a: Uss, arbitrator: Uss) -> None:
    uss_a.restrict(ID_A, constraint(box4d()))
    arbitrator.set_availability("uss_a", "Normal")
    assert uss_a.constraint(ID_A)["uss_availability"] == "Normal"
