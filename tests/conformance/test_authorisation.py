"""Who may call what: tokens (401), scopes (403), and that both are settled before the body."""

from __future__ import annotations

from typing import get_args

import pytest
from tests.conformance.shapes import ID_A, SUB_A, UNKNOWN_ID, WRONG_OVN, box4d
from tests.model.client import Uss, good, refused
from tests.model.driver import ACCEPTED_TOKENS, REFUSED_TOKENS, Json, TokenKind
from tests.model.wire import (
    AA,
    AVAILABILITY,
    CM,
    CMSA,
    CP,
    CR,
    EVERY_SCOPE,
    OIR,
    REPORTS,
    SC,
    SUB,
    constraint,
    implicit,
    intent,
    subscription,
)

# method, path, scopes of which one is enough
ENDPOINTS = [
    ("POST", f"{OIR}/query", {SC, CMSA}),
    ("GET", f"{OIR}/{ID_A}", {SC, CMSA}),
    ("PUT", f"{OIR}/{ID_A}", {SC, CMSA}),
    ("PUT", f"{OIR}/{ID_A}/{WRONG_OVN}", {SC, CMSA}),
    ("DELETE", f"{OIR}/{ID_A}/{WRONG_OVN}", {SC, CMSA}),
    ("POST", f"{CR}/query", {CM, CP}),
    ("GET", f"{CR}/{ID_A}", {CM, CP}),
    ("PUT", f"{CR}/{ID_A}", {CM}),
    ("PUT", f"{CR}/{ID_A}/{WRONG_OVN}", {CM}),
    ("DELETE", f"{CR}/{ID_A}/{WRONG_OVN}", {CM}),
    ("POST", f"{SUB}/query", {CP, SC}),
    ("GET", f"{SUB}/{SUB_A}", {CP, SC}),
    ("PUT", f"{SUB}/{SUB_A}", {CP, SC}),
    ("PUT", f"{SUB}/{SUB_A}/{WRONG_OVN}", {CP, SC}),
    ("DELETE", f"{SUB}/{SUB_A}/{WRONG_OVN}", {CP, SC}),
    ("POST", REPORTS, {CM, CP, SC, CMSA, AA}),
    ("GET", f"{AVAILABILITY}/uss_a", {AA, SC, CMSA}),
    ("PUT", f"{AVAILABILITY}/uss_a", {AA}),
]
NAMES = [f"{method} {path.removeprefix('/dss/v1/')}" for method, path, _ in ENDPOINTS]


def test_the_table_of_tokens_is_complete() -> None:
    assert {*REFUSED_TOKENS, *ACCEPTED_TOKENS} == set(get_args(TokenKind))


@pytest.mark.parametrize(("method", "path", "enough"), ENDPOINTS, ids=NAMES)
def test_every_endpoint_refuses_missing_and_forged_tokens(
    uss_a: Uss, method: str, path: str, enough: set[str]
) -> None:
    refused(uss_a.call(method, path, token="none"), 401)
    refused(uss_a.call(method, path, token="bad"), 401)


@pytest.mark.parametrize("kind", REFUSED_TOKENS)
def test_tokens_that_are_401_whatever_the_body(uss_a: Uss, kind: TokenKind) -> None:
    path = f"{OIR}/{ID_A}"
    refused(uss_a.call("PUT", path, intent(box4d()), token=kind), 401)
    refused(uss_a.call("PUT", path, b"{", token=kind), 401)
    refused(uss_a.call("GET", path, token=kind), 401)
    refused(uss_a.get(OIR, ID_A), 404)


@pytest.mark.parametrize("kind", ACCEPTED_TOKENS)
def test_tokens_that_are_accepted(uss_a: Uss, kind: TokenKind) -> None:
    good(uss_a.call("PUT", f"{OIR}/{ID_A}", intent(box4d()), token=kind), 201)


@pytest.mark.parametrize(("method", "path", "enough"), ENDPOINTS, ids=NAMES)
def test_a_token_without_a_fitting_scope_is_403_whatever_the_body(
    uss_a: Uss, method: str, path: str, enough: set[str]
) -> None:
    for scopes in ((), EVERY_SCOPE - enough, ("utm.unheard_of",)):
        for body in (None, b"{ not JSON", {"extents": "nonsense"}):
            refused(uss_a.only(*scopes).call(method, path, body), 403)


@pytest.mark.parametrize(("method", "path", "enough"), ENDPOINTS, ids=NAMES)
def test_each_fitting_scope_alone_is_enough(
    uss_a: Uss, method: str, path: str, enough: set[str]
) -> None:
    for scope in sorted(enough):
        status = uss_a.only(scope).call(method, path, {"extents": "nonsense"}).status
        assert status not in (401, 403, 500)


def test_a_wrong_scope_hides_whether_an_id_is_well_formed(uss_a: Uss) -> None:
    refused(uss_a.only(AA).get(OIR, "not-a-uuid"), 403)


@pytest.mark.parametrize("state", ["Nonconforming", "Contingent"])
def test_off_nominal_states_need_the_conformance_monitoring_scope(uss_a: Uss, state: str) -> None:
    ovn = uss_a.plan(ID_A, intent(box4d(), new_subscription=implicit()))["ovn"]
    body = intent(box4d(), state=state, new_subscription=implicit())
    refused(uss_a.only(SC).put_intent(ID_A, body, ovn), 403, 400)
    refused(uss_a.only(SC).put_intent(UNKNOWN_ID, body), 403, 400)
    assert uss_a.intent(ID_A)["state"] == "Accepted"
    good(uss_a.only(SC, CMSA).put_intent(ID_A, body, ovn))


def test_subscribing_to_constraints_works_with_strategic_coordination_alone(uss_a: Uss) -> None:
    planner = uss_a.only(SC)
    version = planner.subscribe(SUB_A, subscription(box4d(), constraints=True))["version"]
    planner.subscribe(SUB_A, subscription(box4d(), intents=False, constraints=True), version)
    planner.plan(ID_A, intent(box4d(), new_subscription=implicit(constraints=True)))


FOREIGN: list[tuple[str, Json]] = [
    (OIR, intent(box4d())),
    (CR, constraint(box4d())),
    (SUB, subscription(box4d())),
]


@pytest.mark.parametrize(("collection", "body"), FOREIGN)
def test_only_the_manager_may_change_or_delete(
    uss_a: Uss, uss_b: Uss, collection: str, body: Json
) -> None:
    entity = SUB_A if collection == SUB else ID_A
    name = "version" if collection == SUB else "ovn"
    good(uss_a.put(collection, entity, body), 200 if collection == SUB else 201)
    before = good(uss_a.get(collection, entity))
    (reference,) = before.values()
    refused(uss_b.put(collection, entity, body, reference[name]), 403)
    refused(uss_b.delete(collection, entity, reference[name]), 403)
    assert good(uss_a.get(collection, entity)) == before
