"""Expected answers with blanks, and how a real answer is held against them.

The DSS chooses OVNs, subscription versions and the ids of implicit subscriptions. In the model
such a value is a `Slot`: empty until an answer shows it, then its form is checked and it is adopted
- from there on the same value must come back wherever the slot stands.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.model.driver import Answer, Json
from tests.model.wire import instant, rfc3339

SlotKind = Literal["ovn", "version", "subscription_id", "report_id"]
FORMS: dict[SlotKind, re.Pattern[str]] = {
    "ovn": re.compile(r"[A-Za-z0-9._-]{16,128}"),
    "version": re.compile(r".+"),
    "subscription_id": re.compile(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    ),
    "report_id": re.compile(r".{1,128}"),
}


class Slot:
    """One value that the DSS chooses. `taken` holds the values it may not choose (again)."""

    def __init__(self, kind: SlotKind, taken: set[str], value: str | None = None) -> None:
        self.kind: SlotKind = kind
        self.taken = taken
        self.value = value
        if value is not None:
            taken.add(value)

    def problem_with(self, got: Json) -> str | None:
        """What is wrong with `got` standing here; adopts it if nothing is."""
        if self.value is not None:
            return None if got == self.value else f"{got!r} instead of {self.value!r}"
        if not isinstance(got, str) or not FORMS[self.kind].fullmatch(got):
            return f"{got!r} does not have the form of a new {self.kind}"
        if got in self.taken:
            return f"{got!r} is a {self.kind} used before"
        self.value = got
        self.taken.add(got)
        return None

    def choose(self, random: Random) -> str:
        """Play the DSS: choose a value if there is none yet."""
        if self.value is None:
            self.value = str(uuid.UUID(int=random.getrandbits(128), version=4))
            self.taken.add(self.value)
        return self.value


@dataclass(frozen=True, slots=True)
class Instant:
    """A Time object with exactly this value, in UTC."""

    us: int


@dataclass(frozen=True, slots=True)
class AbsentOr:
    """The member may be missing; if it is there it has this value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Many:
    """An array of objects in any order, told apart by one member."""

    items: Sequence[dict[str, Json]]
    key: str = "id"


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """An array of plain values in any order."""

    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Told:
    """One subscription in a list of subscribers, with its exact index after this change."""

    url: str
    subscription: Slot
    index: int


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Grouped by URL: one entry each. `perhaps` may be told too, its subscription is vanishing."""

    told: Sequence[Told]
    perhaps: Sequence[Told] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A non-empty text for people."""


@dataclass(slots=True)
class ModelAnswer:
    """What the rules say: the status, the body with blanks, and which rule decided."""

    status: int
    body: Json = None
    rule: str = ""
    tolerated: frozenset[int] = field(default_factory=frozenset)


def compare(expected: ModelAnswer, real: Answer) -> list[str]:
    """Every difference between the rules and a real answer; fills the slots that were empty."""
    if real.status != expected.status and real.status not in expected.tolerated:
        also = f" (or {sorted(expected.tolerated)})" if expected.tolerated else ""
        return [f"status {real.status} instead of {expected.status}{also}: {expected.rule}"]
    if expected.status >= 400:
        return _error_problems(expected, real)
    if expected.body is None:
        return []
    return problems(expected.body, real.body, "body")


def _error_problems(expected: ModelAnswer, real: Answer) -> list[str]:
    """An error has a message; lists of missing entities only where the key was incomplete."""
    if not isinstance(real.body, dict):
        return [f"the {real.status} has no JSON object as its body"]
    found = problems(Message(), real.body.get("message"), "body.message")
    if real.status != expected.status:
        return found
    lists = expected.body if isinstance(expected.body, dict) else {}
    for name in ("missing_operational_intents", "missing_constraints"):
        wanted = lists.get(name, Many([]))
        if wanted.items or name in real.body:
            found += problems(wanted, real.body.get(name), f"body.{name}")
    return found


def problems(expected: Json, got: Json, where: str) -> list[str]:
    """Differences between a template and a decoded JSON value."""
    match expected:
        case Slot():
            wrong = expected.problem_with(got)
            return [f"{where}: {wrong}"] if wrong else []
        case Instant():
            return _instant_problems(expected, got, where)
        case Message():
            good = isinstance(got, str) and got.strip() != ""
            return [] if good else [f"{where}: no text"]
        case Many():
            return _many_problems(expected, got, where)
        case AnyOrder():
            good = isinstance(got, list) and sorted(map(str, got)) == sorted(expected.values)
            return [] if good else [f"{where}: {got!r} instead of {list(expected.values)!r}"]
        case Subscribers():
            return _subscribers_problems(expected, got, where)
        case dict():
            return _object_problems(expected, got, where)
        case list():
            if not isinstance(got, list) or len(got) != len(expected):
                return [f"{where}: {got!r} instead of {len(expected)} items"]
            pairs = enumerate(zip(expected, got, strict=True))
            return [text for i, (one, two) in pairs for text in problems(one, two, f"{where}[{i}]")]
    same = type(expected) is type(got) and expected == got
    return [] if same else [f"{where}: {got!r} instead of {expected!r}"]


def _instant_problems(expected: Instant, got: Json, where: str) -> list[str]:
    if not isinstance(got, dict) or set(got) != {"value", "format"} or got["format"] != "RFC3339":
        return [f"{where}: {got!r} is no Time"]
    try:
        exact = got["value"].endswith("Z") and instant(got["value"]) == expected.us
    except (ValueError, AttributeError):
        exact = False
    return [] if exact else [f"{where}: {got['value']!r} instead of {rfc3339(expected.us)!r}"]


def _object_problems(expected: dict[str, Json], got: Json, where: str) -> list[str]:
    if not isinstance(got, dict):
        return [f"{where}: {got!r} is no object"]
    found = [f"{where}: unexpected member {name!r}" for name in got if name not in expected]
    for name, value in expected.items():
        inside = f"{where}.{name}"
        if isinstance(value, AbsentOr):
            if name in got:
                found += problems(value.value, got[name], inside)
        elif name not in got:
            found.append(f"{inside}: missing")
        else:
            found += problems(value, got[name], inside)
    return found


def _plain(value: Json) -> Json:
    return value.value if isinstance(value, Slot) else value


def _many_problems(expected: Many, got: Json, where: str) -> list[str]:
    if not isinstance(got, list) or not all(isinstance(item, dict) for item in got):
        return [f"{where}: {got!r} is no array of objects"]
    wanted = {_plain(item[expected.key]): item for item in expected.items}
    names = [item.get(expected.key) for item in got]
    if sorted(map(str, names)) != sorted(map(str, wanted)):
        return [f"{where}: {names!r} instead of {list(wanted)!r}"]
    return [
        text
        for name, item in zip(names, got, strict=True)
        for text in problems(wanted[name], item, f"{where}[{name}]")
    ]


def _subscribers_problems(expected: Subscribers, got: Json, where: str) -> list[str]:
    try:
        urls = [entry["uss_base_url"] for entry in got]
        states = [
            (entry["uss_base_url"], state["subscription_id"], state["notification_index"])
            for entry in got
            for state in entry["subscriptions"]
        ]
        shapes = {frozenset(entry) for entry in got} | {
            frozenset(state) for entry in got for state in entry["subscriptions"]
        }
    except (TypeError, KeyError):
        return [f"{where}: {got!r} is no list of SubscriberToNotify"]
    allowed = (
        frozenset({"uss_base_url", "subscriptions"}),
        frozenset({"subscription_id", "notification_index"}),
    )
    if len(set(urls)) != len(urls) or not all(shape in allowed for shape in shapes):
        return [f"{where}: {got!r} is not one plain entry a URL"]
    if not all(entry["subscriptions"] for entry in got):
        return [f"{where}: an entry without subscriptions"]
    found = []
    left = list(states)
    for told in [*expected.told, *expected.perhaps]:
        line = (told.url, told.subscription.value, told.index)
        if line in left:
            left.remove(line)
        elif told in expected.told:
            found.append(f"{where}: {line!r} is not among {states!r}")
    return found + [f"{where}: {line!r} should not be told" for line in left]


def render(template: Json, random: Random) -> Json:
    """Play the DSS: fill all blanks of a template."""
    match template:
        case Slot():
            return template.choose(random)
        case Instant():
            return {"value": rfc3339(template.us), "format": "RFC3339"}
        case AbsentOr():
            return render(template.value, random)
        case Message():
            return "refused"
        case Many():
            return [render(item, random) for item in template.items]
        case AnyOrder():
            return list(template.values)
        case Subscribers():
            groups: dict[str, list[Json]] = {}
            for told in template.told:
                state = {
                    "subscription_id": told.subscription.choose(random),
                    "notification_index": told.index,
                }
                groups.setdefault(told.url, []).append(state)
            return [
                {"uss_base_url": url, "subscriptions": states} for url, states in groups.items()
            ]
        case dict():
            return {name: render(value, random) for name, value in template.items()}
        case list():
            return [render(value, random) for value in template]
    return template
