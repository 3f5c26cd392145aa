"""The judge judged: values are adopted once and held to, and every kind of wrong answer is noticed.

That the model itself keeps the rules is shown by the conformance tests, which run against it too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from tests.conformance.shapes import ID_A, ID_B, ID_C, SUB_A, area, box4d, disc
from tests.model.client import Uss, good, told
from tests.model.driver import Answer, Json
from tests.model.dss_model import DssModel
from tests.model.geometry import Circle, TooCloseToCall, hull_covers, hulls_meet, offset
from tests.model.model_driver import ModelDriver
from tests.model.templates import ModelAnswer, Slot, compare
from tests.model.wire import (
    AVAILABILITY,
    CR,
    EVERY_SCOPE,
    NOW_US,
    OIR,
    SUB,
    constraint,
    implicit,
    intent,
    subscription,
)


class Pair:
    """A model that expects, and another one that plays the DSS; answers may be tampered with."""

    def __init__(self) -> None:
        self.expecting = DssModel()
        self.playing = ModelDriver(seed=7)
        self.playing.set_now(NOW_US)

    def ask(
        self, method: str, path: str, sub: str = "uss_a", body: Json = None
    ) -> tuple[ModelAnswer, Answer]:
        expected = self.expecting.handle(method, path, EVERY_SCOPE, sub, body, NOW_US)
        return expected, self.playing.call(method, path, sub=sub, scopes=EVERY_SCOPE, body=body)

    def agree(self, method: str, path: str, sub: str = "uss_a", body: Json = None) -> Json:
        expected, real = self.ask(method, path, sub, body)
        assert compare(expected, real) == []
        return real.body


def test_chosen_values_are_adopted_and_expected_from_then_on() -> None:
    pair = Pair()
    body = intent(box4d(), new_subscription=implicit())
    made = pair.agree("PUT", f"{OIR}/{ID_A}", body=body)["operational_intent_reference"]
    known = pair.expecting.state.intent(ID_A)
    assert known is not None
    assert known.ovn.value == made["ovn"]
    assert known.subscription is not None
    assert known.subscription.id.value == made["subscription_id"]
    shown = pair.agree("GET", f"{SUB}/{made['subscription_id']}")["subscription"]
    assert known.subscription.version.value == shown["version"]
    pair.agree("POST", f"{OIR}/query", "uss_b", {"area_of_interest": area()})
    pair.agree("DELETE", f"{OIR}/{ID_A}/{made['ovn']}")
    pair.agree("GET", f"{SUB}/{made['subscription_id']}")


@pytest.mark.parametrize("value", ["short", "has/slash/has/slash", "x" * 129, "", None, 5])
def test_values_of_a_wrong_form_are_not_adopted(value: Json) -> None:
    slot = Slot("ovn", set())
    assert slot.problem_with(value)
    assert slot.value is None


def test_a_value_may_not_come_twice() -> None:
    taken: set[str] = set()
    first, second = Slot("ovn", taken), Slot("ovn", taken)
    assert first.problem_with("a" * 20) is None
    assert second.problem_with("a" * 20)
    assert second.problem_with("b" * 20) is None
    assert first.problem_with("b" * 20)


def _set(path: str, value: Json) -> Callable[[Json], None]:
    """Tamper with one member; `...` removes it."""

    def tamper(body: Json) -> None:
        *way, last = path.split("/")
        for step in way:
            body = body[int(step) if step.isdigit() else step]
        if value is ...:
            del body[last]
        else:
            body[last] = value

    return tamper


REFERENCE = "operational_intent_reference"
TAMPERED: list[tuple[str, Callable[[Json], None]]] = [
    ("other id", _set(f"{REFERENCE}/id", ID_C)),
    ("other manager", _set(f"{REFERENCE}/manager", "uss_b")),
    ("version not counted", _set(f"{REFERENCE}/version", 1)),
    ("version as text", _set(f"{REFERENCE}/version", "2")),
    ("OVN hidden from its owner", _set(f"{REFERENCE}/ovn", "Available from USS")),
    ("OVN of no form", _set(f"{REFERENCE}/ovn", "1")),
    ("no OVN", _set(f"{REFERENCE}/ovn", ...)),
    ("no state", _set(f"{REFERENCE}/state", ...)),
    ("no link", _set(f"{REFERENCE}/subscription_id", ...)),
    ("null", _set(f"{REFERENCE}/uss_base_url", None)),
    ("extra member", _set(f"{REFERENCE}/colour", "red")),
    ("milliseconds", _set(f"{REFERENCE}/time_start/value", "2030-01-01T11:00:00.123Z")),
    ("no zone", _set(f"{REFERENCE}/time_start/value", "2030-01-01T11:00:00.123456")),
    ("local zone", _set(f"{REFERENCE}/time_start/value", "2030-01-01T12:00:00.123456+01:00")),
    ("no format", _set(f"{REFERENCE}/time_start/format", ...)),
    ("nobody told", _set("subscribers", [])),
    ("no list", _set("subscribers", ...)),
    ("index counted twice", _set("subscribers/0/subscriptions/0/notification_index", 9)),
    ("other URL", _set("subscribers/0/uss_base_url", "https://no.example")),
    ("told twice", lambda body: body["subscribers"].append(body["subscribers"][0])),
    ("empty entry", _set("subscribers/0/subscriptions", [])),
]


@pytest.mark.parametrize(("name", "tamper"), TAMPERED)
def test_a_tampered_answer_to_a_change_is_noticed(
    name: str, tamper: Callable[[Json], None]
) -> None:
    pair = Pair()
    pair.agree("PUT", f"{SUB}/{SUB_A}", "uss_b", subscription(box4d()))
    made = pair.agree("PUT", f"{OIR}/{ID_A}", body=intent(box4d()))[REFERENCE]
    body = intent(box4d(), new_subscription=implicit())
    expected, real = pair.ask("PUT", f"{OIR}/{ID_A}/{made['ovn']}", body=body)
    wrong = copy.deepcopy(real.body)
    tamper(wrong)
    assert compare(expected, Answer(200, wrong)) != [], name
    assert compare(expected, Answer(201, real.body)) != []


def test_a_conflict_that_lists_too_little_or_tells_too_much_is_noticed() -> None:
    pair = Pair()
    first = pair.agree("PUT", f"{OIR}/{ID_A}", body=intent(box4d(disc(90, -100))))[REFERENCE]
    pair.agree("PUT", f"{OIR}/{ID_B}", body=intent(box4d(disc(90, 100))))
    expected, real = pair.ask("PUT", f"{OIR}/{ID_C}", "uss_b", intent(box4d()))
    assert real.status == 409
    assert compare(expected, real) == []
    listed = real.body["missing_operational_intents"]
    for body in (
        real.body | {"missing_operational_intents": listed[:1]},
        real.body | {"missing_operational_intents": [*listed, listed[0]]},
        real.body | {"missing_operational_intents": [first, listed[1]]},
        real.body | {"missing_constraints": [listed[0]]},
        {name: value for name, value in real.body.items() if name != "message"},
        {"message": "conflict"},
    ):
        assert compare(expected, Answer(409, body)) != []


def test_a_subscription_that_lists_what_was_not_asked_for_is_noticed() -> None:
    pair = Pair()
    pair.agree("PUT", f"{CR}/{ID_A}", body=constraint(box4d()))
    expected, real = pair.ask("PUT", f"{SUB}/{SUB_A}", body=subscription(box4d()))
    assert compare(expected, Answer(200, real.body | {"constraint_references": []})) != []
    expected, real = pair.ask("PUT", f"{SUB}/{ID_B}", body=subscription(box4d(), constraints=True))
    assert compare(expected, Answer(200, real.body | {"constraint_references": []})) != []


def test_errors_need_a_message_and_the_right_status() -> None:
    pair = Pair()
    expected, real = pair.ask("GET", f"{OIR}/{ID_A}")
    assert compare(expected, real) == []
    for answer in (Answer(404, None), Answer(404, {}), Answer(404, {"message": ""})):
        assert compare(expected, answer) != []
    assert compare(expected, Answer(400, real.body)) != []


def test_either_code_is_taken_where_both_are_tolerated() -> None:
    pair = Pair()
    made = pair.agree("PUT", f"{AVAILABILITY}/uss_a", body={"availability": "Down"})
    expected, _ = pair.ask("PUT", f"{AVAILABILITY}/uss_a", body={"availability": "Normal"})
    for status in (400, 404, 409):
        assert compare(expected, Answer(status, {"message": "stale"})) == []
    assert compare(expected, Answer(412, {"message": "stale"})) != []
    assert pair.agree("GET", f"{AVAILABILITY}/uss_a") == made


def test_a_vanishing_subscription_may_be_told_or_not() -> None:
    driver = ModelDriver()
    driver.set_now(NOW_US)
    uss = Uss(driver)
    reference = uss.plan(ID_A, intent(box4d(), new_subscription=implicit()))
    assert told(good(uss.delete(OIR, ID_A, reference["ovn"]))) == {}
    pair = Pair()
    body = intent(box4d(), new_subscription=implicit("https://uss-a.example"))
    made = pair.agree("PUT", f"{OIR}/{ID_A}", body=body)[REFERENCE]
    expected, real = pair.ask("DELETE", f"{OIR}/{ID_A}/{made['ovn']}")
    state = {"subscription_id": made["subscription_id"], "notification_index": 2}
    entry = {"uss_base_url": "https://uss-a.example", "subscriptions": [state]}
    assert compare(expected, real) == []
    assert compare(expected, Answer(200, real.body | {"subscribers": [entry]})) == []


def test_the_models_geometry_declines_close_cases() -> None:
    here = (47.0, 8.0)
    disc_here = (Circle(*here, 200),)
    assert hulls_meet(disc_here, (Circle(*offset(*here, 390, 0), 200),))
    assert not hulls_meet(disc_here, (Circle(*offset(*here, 420, 0), 200),))
    with pytest.raises(TooCloseToCall):
        hulls_meet(disc_here, (Circle(*offset(*here, 401, 0), 200),))
    assert hull_covers(disc_here, disc_here)
    assert hull_covers(disc_here, (Circle(*here, 199),))
    assert not hull_covers(disc_here, (Circle(*here, 220),))
    with pytest.raises(TooCloseToCall):
        hull_covers(disc_here, (Circle(*here, 202),))
