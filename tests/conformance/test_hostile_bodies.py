"""Malformed, huge and hostile requests get an answer that explains itself, and leave no trace."""

from __future__ import annotations

import pytest
from tests.conformance.corpus import HOSTILE_SEGMENTS, RAW, Hostile
from tests.conformance.forms import FORMS, wrong_types
from tests.conformance.shapes import ID_A, area, box4d
from tests.model.client import Uss, good, refused
from tests.model.driver import Driver
from tests.model.wire import AVAILABILITY, CR, OIR, REPORTS, SUB, constraint, intent, subscription

LISTS = {
    OIR: "operational_intent_references",
    CR: "constraint_references",
    SUB: "subscriptions",
}


def nothing_there(uss: Uss) -> bool:
    return all(good(uss.query(path, area())) == {name: []} for path, name in LISTS.items())


@pytest.mark.parametrize("name", FORMS)
def test_every_member_of_a_wrong_type_is_400(uss_a: Uss, name: str) -> None:
    form = FORMS[name]
    for where, _, body in wrong_types(form):
        answer = uss_a.call(form.method, form.path, body)
        assert answer.status == 400, f"{where}: {answer}"
        assert refused(answer, 400)
    assert nothing_there(uss_a)
    assert uss_a.call(form.method, form.path, form.body).status in (200, 201)


@pytest.mark.parametrize("name", FORMS)
def test_the_message_names_the_member_of_a_wrong_type(exchange: Driver, name: str) -> None:
    form = FORMS[name]
    uss = Uss(exchange)
    silent = []
    for where, member, body in wrong_types(form):
        message = refused(uss.call(form.method, form.path, body), 400)
        if member not in message:
            silent.append(f"{where}: {message}")
    assert silent == []


@pytest.mark.parametrize("hostile", RAW, ids=lambda hostile: hostile.name)
def test_hostile_bodies_get_an_answer(exchange: Driver, hostile: Hostile) -> None:
    uss = Uss(exchange)
    answer = uss.call(hostile.method, hostile.path, hostile.body)
    assert answer.status in hostile.statuses, answer
    if answer.status >= 400:
        message = refused(answer, answer.status)
        assert hostile.member in message.lower(), message
        assert len(message) < 2_000  # an answer must not echo megabytes
        assert nothing_there(uss)
    assert uss.plan(ID_A.replace("a", "b"), intent(box4d((None), (500, 600))))


@pytest.mark.parametrize("segment", HOSTILE_SEGMENTS)
@pytest.mark.parametrize("collection", [OIR, CR, SUB])
def test_hostile_ids_are_refused(exchange: Driver, collection: str, segment: str) -> None:
    uss = Uss(exchange)
    bodies = {OIR: intent(box4d()), CR: constraint(box4d()), SUB: subscription(box4d())}
    refused(uss.get(collection, segment), 400, 404, 405, 414)
    refused(uss.put(collection, segment, bodies[collection]), 400, 404, 405, 414)
    refused(uss.delete(collection, segment, "x" * 20), 400, 404, 405, 414)
    assert nothing_there(uss)


@pytest.mark.parametrize("segment", HOSTILE_SEGMENTS)
def test_hostile_versions_are_refused(exchange: Driver, segment: str) -> None:
    uss = Uss(exchange)
    uss.plan(ID_A, intent(box4d()))
    uss.restrict(ID_A, constraint(box4d()))
    uss.subscribe(ID_A, subscription(box4d()))
    bodies = {OIR: intent(box4d()), CR: constraint(box4d()), SUB: subscription(box4d())}
    for collection, body in bodies.items():
        before = good(uss.get(collection, ID_A))
        refused(uss.delete(collection, ID_A, segment), 400, 404, 405, 409, 414)
        refused(uss.put(collection, ID_A, body, segment), 400, 404, 405, 409, 414)
        assert good(uss.get(collection, ID_A)) == before


@pytest.mark.parametrize("segment", HOSTILE_SEGMENTS)
def test_hostile_uss_names_do_no_harm(exchange: Driver, segment: str) -> None:
    uss = Uss(exchange)
    path = f"{AVAILABILITY}/{segment}"
    assert uss.call("GET", path).status in (200, 400, 404, 405, 414)
    assert uss.call("PUT", path, {"availability": "Down"}).status in (200, 400, 404, 405, 414)
    assert uss.call("GET", path).status in (200, 400, 404, 405, 414)


def test_a_hostile_report_does_no_harm(exchange: Driver) -> None:
    uss = Uss(exchange)
    body = FORMS["report"].body
    huge = {"exchange": body["exchange"] | {"problem": "x" * 3_000_000}}
    assert uss.call("POST", REPORTS, huge).status in (201, 400, 413)
    good(uss.call("POST", REPORTS, body), 201)
