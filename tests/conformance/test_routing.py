"""Paths and methods: what reaches which handler, and what happens to everything else."""

from __future__ import annotations

import pytest
from tests.conformance.shapes import ID_A, SUB_A, area, box4d
from tests.model.client import Uss, good, refused
from tests.model.driver import Json
from tests.model.wire import AVAILABILITY, CR, OIR, REPORTS, SUB, constraint, intent, subscription


@pytest.fixture
def filled(uss_a: Uss) -> Uss:
    """One of each kind exists."""
    uss_a.plan(ID_A, intent(box4d()))
    uss_a.restrict(ID_A, constraint(box4d()))
    uss_a.subscribe(SUB_A, subscription(box4d()))
    return uss_a


@pytest.mark.parametrize("collection", [OIR, CR])
def test_delete_with_an_empty_ovn_is_refused_not_redirected(filled: Uss, collection: str) -> None:
    refused(filled.delete(collection, ID_A, ""), 400, 404, 409)
    good(filled.get(collection, ID_A))


@pytest.mark.parametrize(
    ("collection", "body"), [(OIR, intent(box4d())), (CR, constraint(box4d()))]
)
def test_put_with_an_empty_ovn_does_not_touch_an_existing_entity(
    filled: Uss, collection: str, body: Json
) -> None:
    before = good(filled.get(collection, ID_A))
    refused(filled.put(collection, ID_A, body, ""), 400, 404, 409)
    assert good(filled.get(collection, ID_A)) == before


def test_put_subscription_with_an_empty_version_is_refused(filled: Uss) -> None:
    refused(filled.put_subscription(SUB_A, subscription(box4d()), ""), 400, 409)


def test_delete_subscription_with_an_empty_version_is_exactly_400(filled: Uss) -> None:
    refused(filled.delete(SUB, SUB_A, ""), 400)
    assert filled.subscription(SUB_A)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/dss/v1/operation_references/{ID_A}"),
        ("PUT", f"/dss/v1/operation_references/{ID_A}"),
        ("DELETE", f"/dss/v1/operation_references/{ID_A}"),
        ("POST", "/dss/v1/operation_references/query"),
        ("GET", "/dss/v1"),
        ("GET", "/dss/v2/subscriptions"),
        ("GET", f"{OIR}/{ID_A}/x/y"),
    ],
)
def test_unknown_paths_are_404_for_a_valid_token(uss_a: Uss, method: str, path: str) -> None:
    refused(uss_a.call(method, path, {} if method != "GET" else None), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", f"{OIR}/{ID_A}"),
        ("DELETE", f"{OIR}/{ID_A}"),
        ("GET", f"{OIR}/query/x"),
        ("GET", REPORTS),
        ("DELETE", f"{AVAILABILITY}/uss_a"),
    ],
)
def test_wrong_methods_are_refused_in_json(uss_a: Uss, method: str, path: str) -> None:
    refused(uss_a.call(method, path), 404, 405)


@pytest.mark.parametrize(("collection", "name"), [(OIR, "ovn"), (CR, "ovn"), (SUB, "version")])
def test_a_delete_may_carry_a_body(filled: Uss, collection: str, name: str) -> None:
    (reference,) = good(filled.get(collection, ID_A if collection != SUB else SUB_A)).values()
    answer = filled.delete(collection, reference["id"], reference[name], {"any": ["thing"]})
    good(answer)
    refused(filled.get(collection, reference["id"]), 404)


@pytest.mark.parametrize("collection", [OIR, CR, SUB])
@pytest.mark.parametrize(
    "body", [None, b"", {}, {"area_of_interest": None}, {"area_of_interest": {}}]
)
def test_a_query_without_an_area_is_400(uss_a: Uss, collection: str, body: Json) -> None:
    refused(uss_a.call("POST", f"{collection}/query", body), 400)


@pytest.mark.parametrize("collection", [OIR, CR, SUB])
def test_a_put_without_a_body_is_400(uss_a: Uss, collection: str) -> None:
    refused(uss_a.put(collection, ID_A, None), 400)


@pytest.mark.parametrize("body", [intent(box4d()), constraint(box4d())])
@pytest.mark.parametrize("collection", [OIR, CR])
def test_extents_must_be_an_array_for_entities(uss_a: Uss, collection: str, body: Json) -> None:
    refused(uss_a.put(collection, ID_A, body | {"extents": box4d()}), 400)


def test_extents_must_be_one_volume_for_subscriptions(uss_a: Uss) -> None:
    body = subscription(box4d()) | {"extents": [box4d()]}
    refused(uss_a.put_subscription(SUB_A, body), 400)


@pytest.mark.parametrize("collection", [OIR, CR, SUB])
@pytest.mark.parametrize(
    "entity",
    [
        "not-a-uuid",
        "00000000-0000-1000-8000-00000000000a",  # version 1
        "00000000-0000-4000-c000-00000000000a",  # variant of another standard
        ID_A[:-1],
        ID_A + "0",
        "{" + ID_A + "}",
    ],
)
def test_ids_other_than_version_4_uuids_are_400(uss_a: Uss, collection: str, entity: str) -> None:
    bodies = {OIR: intent(box4d()), CR: constraint(box4d()), SUB: subscription(box4d())}
    refused(uss_a.get(collection, entity), 400)
    refused(uss_a.put(collection, entity, bodies[collection]), 400)
    refused(uss_a.delete(collection, entity, "x" * 20), 400)


@pytest.mark.parametrize("written", [ID_A.upper(), ID_A.replace("-", "")])
def test_ids_are_stored_in_lower_case_with_hyphens(uss_a: Uss, written: str) -> None:
    assert uss_a.plan(written, intent(box4d()))["id"] == ID_A
    assert uss_a.intent(written)["id"] == ID_A
    assert uss_a.found(OIR, area()) == [ID_A]


def test_the_ovn_in_a_path_is_percent_decoded(uss_a: Uss) -> None:
    ovn = uss_a.plan(ID_A, intent(box4d()))["ovn"]
    escaped = "".join(f"%{ord(letter):02X}" for letter in ovn)
    good(uss_a.delete(OIR, ID_A, escaped))


def test_unknown_members_are_ignored_and_null_means_absent(uss_a: Uss) -> None:
    body = intent(
        box4d(),
        subscription_id=None,
        new_subscription=None,
        requested_ovn_suffix=None,
        old_version=3,
        notify_for_operations=True,
    )
    body["extents"][0]["volume"]["outline_polygon"] = None
    body["extents"][0]["colour"] = {"deep": [1, 2]}
    uss_a.plan(ID_A, body)
    uss_a.restrict(ID_A, constraint(box4d()) | {"key": [], "old_version": 0})
    extra = {"old_version": 0, "notify_for_operations": True, "notify_for_constraints": None}
    uss_a.subscribe(SUB_A, subscription(box4d(), constraints=None) | extra)
