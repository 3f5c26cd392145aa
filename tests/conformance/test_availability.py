"""USS availability: kept per `sub`, set by an arbitrator, and what being Down means."""

from __future__ import annotations

import pytest
from tests.conformance.shapes import ID_A, ID_B, SUB_A, area, box4d, disc
from tests.model.client import Uss, good, refused
from tests.model.driver import DssOptions, Json
from tests.model.wire import AVAILABILITY, CR, OIR, constraint, implicit, intent, subscription

PATH = f"{AVAILABILITY}/uss_a"


def test_a_uss_nobody_spoke_of_is_unknown(arbitrator: Uss) -> None:
    answer = good(arbitrator.call("GET", f"{AVAILABILITY}/never-heard-of"))
    assert answer == {
        "version": "",
        "status": {"uss": "never-heard-of", "availability": "Unknown"},
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Normal", "Normal"),
        ("normal", "Normal"),
        ("NORMAL", "Normal"),
        ("Down", "Down"),
        ("down", "Down"),
        ("Unknown", "Unknown"),
        ("uNKNOWN", "Unknown"),
    ],
)
def test_letters_case_does_not_matter(arbitrator: Uss, written: str, meant: str) -> None:
    made = good(arbitrator.call("PUT", PATH, {"availability": written}))
    assert made["status"] == {"uss": "uss_a", "availability": meant}
    assert made["version"]
    assert good(arbitrator.call("GET", PATH)) == made


@pytest.mark.parametrize("value", ["pUrPlE", "", None, 1, True, ["Normal"], " Normal"])
def test_other_values_are_400(arbitrator: Uss, value: Json) -> None:
    refused(arbitrator.call("PUT", PATH, {"old_version": "", "availability": value}), 400)
    assert good(arbitrator.call("GET", PATH))["version"] == ""


def test_each_change_needs_the_version_before(arbitrator: Uss) -> None:
    refused(arbitrator.call("PUT", PATH, {"old_version": "x", "availability": "Down"}), 409)
    versions = [""]
    for availability in ("Down", "Normal", "Normal", "Unknown"):
        body = {"old_version": versions[-1], "availability": availability}
        versions.append(good(arbitrator.call("PUT", PATH, body))["version"])
        for stale in versions[1:-1]:
            body = {"old_version": stale, "availability": "Down"}
            refused(arbitrator.call("PUT", PATH, body), 409)
        for body in ({"availability": "Down"}, {"old_version": "", "availability": "Down"}):
            refused(arbitrator.call("PUT", PATH, body), 400, 404, 409)
    assert len(set(versions)) == len(versions)
    assert good(arbitrator.call("GET", PATH))["status"]["availability"] == "Unknown"


def test_uss_names_may_be_anything_that_fits_in_a_path(arbitrator: Uss) -> None:
    for name in ("a.b-c_d", "uss%20one", "%C3%A9t%C3%A9"):
        made = good(arbitrator.call("PUT", f"{AVAILABILITY}/{name}", {"availability": "Down"}))
        assert made["status"]["availability"] == "Down"
        assert good(arbitrator.call("GET", f"{AVAILABILITY}/{name}")) == made
    assert good(arbitrator.call("GET", f"{AVAILABILITY}/uss%20one"))["status"]["uss"] == "uss one"


def test_every_reference_shows_it_at_once(uss_a: Uss, uss_b: Uss, arbitrator: Uss) -> None:
    uss_a.plan(ID_A, intent(box4d()))
    uss_a.restrict(ID_B, constraint(box4d()))
    for availability in ("Normal", "Down", "Unknown"):
        arbitrator.set_availability("uss_a", availability)
        assert uss_b.intent(ID_A)["uss_availability"] == availability
        assert uss_b.constraint(ID_B)["uss_availability"] == availability
        for collection in (OIR, CR):
            ((found,),) = good(uss_b.query(collection, area())).values()
            assert found["uss_availability"] == availability


def test_who_is_down_may_not_plan_activate_or_end(uss_a: Uss, arbitrator: Uss) -> None:
    body = intent(box4d(), new_subscription=implicit())
    ovn = uss_a.plan(ID_A, body)["ovn"]
    arbitrator.set_availability("uss_a", "Down")
    refused(uss_a.put_intent(ID_B, intent(box4d(disc(9, 9_000)))), 412)
    refused(uss_a.put_intent(ID_A, body, ovn), 412)
    refused(uss_a.put_intent(ID_A, body | {"state": "Activated"}, ovn), 412)
    refused(uss_a.delete(OIR, ID_A, ovn), 412)
    assert uss_a.intent(ID_A)["ovn"] == ovn
    arbitrator.set_availability("uss_a", "Normal")
    good(uss_a.delete(OIR, ID_A, ovn))


@pytest.mark.parametrize("state", ["Nonconforming", "Contingent"])
def test_who_is_down_may_declare_an_emergency(uss_a: Uss, arbitrator: Uss, state: str) -> None:
    body = intent(box4d(), new_subscription=implicit())
    ovn = uss_a.plan(ID_A, body)["ovn"]
    arbitrator.set_availability("uss_a", "Down")
    uss_a.plan(ID_A, body | {"state": state}, ovn)


def test_who_is_down_may_read_restrict_and_subscribe(uss_a: Uss, arbitrator: Uss) -> None:
    arbitrator.set_availability("uss_a", "Down")
    reference = uss_a.restrict(ID_B, constraint(box4d()))
    uss_a.subscribe(SUB_A, subscription(box4d()))
    assert uss_a.found(CR, area()) == [ID_B]
    good(uss_a.delete(CR, ID_B, reference["ovn"]))


def test_refusing_those_who_are_down_is_a_switch(open_dss: object) -> None:
    assert callable(open_dss)
    dss = open_dss(DssOptions(refuse_down=False))
    uss, arbitrator = Uss(dss, "uss_a"), Uss(dss, "arbitrator")
    arbitrator.set_availability("uss_a", "Down")
    ovn = uss.plan(ID_A, intent(box4d()))["ovn"]
    good(uss.delete(OIR, ID_A, ovn))
