"""A good body for every endpoint that takes one, and every way to put a wrong type into it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.conformance.shapes import ID_A, SUB_A, box4d, square
from tests.model.driver import Json
from tests.model.wire import (
    AVAILABILITY,
    CR,
    NOW_US,
    OIR,
    REPORTS,
    SUB,
    constraint,
    implicit,
    intent,
    subscription,
    time,
    uuid7,
)


@dataclass(frozen=True, slots=True)
class Form:
    """A good body and the members that may be null in it (dotted, indices left out)."""

    method: str
    path: str
    body: Json
    optional: frozenset[str] = field(default_factory=frozenset)


BOUNDS = ("volume.altitude_lower", "volume.altitude_upper", "time_start", "time_end")
FORMS = {
    "intent": Form(
        "PUT",
        f"{OIR}/{ID_A}",
        intent(
            box4d(),
            box4d(square(200)),
            key=["k" * 20],
            new_subscription=implicit(constraints=False),
            requested_ovn_suffix=uuid7(NOW_US),
        ),
        frozenset(
            {
                "key",
                "new_subscription",
                "new_subscription.notify_for_constraints",
                "requested_ovn_suffix",
            }
        ),
    ),
    "constraint": Form(
        "PUT",
        f"{CR}/{ID_A}",
        constraint(box4d(), box4d(square(200))),
        frozenset(f"extents.{name}" for name in BOUNDS[:2]),
    ),
    "subscription": Form(
        "PUT",
        f"{SUB}/{SUB_A}",
        subscription(box4d(), intents=True, constraints=True),
        frozenset(
            {
                *(f"extents.{name}" for name in BOUNDS),
                "notify_for_operational_intents",
                "notify_for_constraints",
            }
        ),
    ),
    "query": Form(
        "POST",
        f"{OIR}/query",
        {"area_of_interest": box4d()},
        frozenset(f"area_of_interest.{name}" for name in BOUNDS),
    ),
    "availability": Form(
        "PUT",
        f"{AVAILABILITY}/uss_a",
        {"old_version": "", "availability": "Normal"},
        frozenset({"old_version"}),
    ),
    "report": Form(
        "POST",
        REPORTS,
        {
            "exchange": {
                "url": "https://uss-b.example/uss/v1/reports",
                "method": "GET",
                "headers": ["accept: */*"],
                "recorder_role": "Client",
                "request_time": time(NOW_US),
                "request_body": "e30=",
                "response_time": time(NOW_US),
                "response_body": "e30=",
                "response_code": 500,
                "problem": "no answer",
            }
        },
        frozenset(
            f"exchange.{name}"
            for name in (
                *("headers", "request_body", "response_time", "response_body"),
                *("response_code", "problem"),
            )
        ),
    ),
}

WRONG_FOR: dict[type, list[Json]] = {
    str: [7, 0.5, True, [], {}, ["x"]],
    bool: ["true", 1, 0.0, [], {}],
    int: ["7", True, [], {}],
    float: ["0.5", True, [], {}],
    list: ["x", 7, {}, True],
    dict: ["x", 7, [], True, [{}]],
}

Place = tuple[str | int, ...]


def places(value: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Every member and element of a JSON value, with the way to it."""
    steps: list[tuple[str | int, Json]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    for step, inner in steps:
        yield (*place, step), inner
        yield from places(inner, (*place, step))


def _with(body: Json, place: Place, value: Json) -> Json:
    changed = copy.deepcopy(body)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return changed


def wrong_types(form: Form) -> Iterator[tuple[str, str, Json]]:
    """(where, the member's own name, body) for every member and every value that does not fit."""
    for place, value in places(form.body):
        names = [step for step in place if isinstance(step, str)]
        values = list(WRONG_FOR[type(value)])
        if ".".join(names) not in form.optional or isinstance(place[-1], int):
            values.append(None)
        for wrong in values:
            where = f"{'.'.join(map(str, place))} = {json.dumps(wrong)}"
            name = names[-1]
            if name in ("outline_circle", "outline_polygon") and wrong is None:
                name = "outline"  # the other one would do as well
            yield where, name, _with(form.body, place, wrong)
