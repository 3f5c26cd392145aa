"""What a node answers about plans, as the commands need it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import msgspec

from detente.cli.node_client import Json, NodeClient, NodeUnreachable, path_of
from detente.f3548 import types as wire

T = TypeVar("T")

PAGE: Final = 200


class Said(msgspec.Struct, frozen=True):
    """A text in both languages."""

    en: str = ""
    fr: str = ""


class Filed(msgspec.Struct, frozen=True):
    """How a plan stands at one exchange."""

    exchange: str
    version: int = 0
    ovn: str = ""


class Plan(msgspec.Struct, frozen=True):
    """A plan of ours as the exchanges have accepted it."""

    id: str
    state: str
    manager: str = ""
    name: str = ""
    operator: str = ""
    aircraft: str = ""
    priority: int = 0
    volumes: list[wire.Volume4D] = []
    off_nominal_volumes: list[wire.Volume4D] = []
    track: list[tuple[datetime, float, float, float]] = []
    time_start: datetime | None = None
    time_end: datetime | None = None
    ended: bool = False
    version: int = 0
    filed: list[Filed] = []

    @property
    def shown_state(self) -> str:
        """Its state; `ended` when it is over."""
        return "ended" if self.ended else self.state

    def body(self) -> Json:
        """What it would be filed by."""
        return {
            "name": self.name,
            "operator": self.operator,
            "aircraft": self.aircraft,
            "priority": self.priority,
            "volumes": msgspec.to_builtins(self.volumes),
            "track": msgspec.to_builtins(self.track),
        }


class Conflict(msgspec.Struct, frozen=True, rename={"with_id": "with"}):
    """Somebody else's plan, or another of ours, that a plan meets."""

    with_id: str
    manager: str
    state: str
    priority: int = 0
    allowed: bool = False
    existed: bool = False
    rule: str = ""
    words: Said = Said()
    time_start: datetime | None = None
    time_end: datetime | None = None
    altitude_lower_m: float | None = None
    altitude_upper_m: float | None = None
    lat: float = 0.0
    lng: float = 0.0
    pairs: list[tuple[int, int]] = []
    source: str = ""
    signed_by: str = ""


class Fault(msgspec.Struct, frozen=True):
    """What else is wrong with a request."""

    code: str
    rule: str = ""
    where: str = ""
    words: Said = Said()


class WayOut(msgspec.Struct, frozen=True):
    """A change that clears every conflict; `plan` can be filed as it is."""

    kind: str
    words: Said = Said()
    cost: float = 0.0
    delay_s: float = 0.0
    climb_m: float = 0.0
    shift_m: float = 0.0
    extra_distance_m: float = 0.0
    plan: dict[str, Any] = {}


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    result: Literal["done", "refused", "failed"]
    id: str
    action: str = ""
    attempt: str = ""
    plan: Plan | None = None
    conflicts: list[Conflict] = []
    faults: list[Fault] = []
    neighbours: int = 0
    constraints: list[str] = []
    notices: int = 0
    rounds: int = 0
    began: str = ""
    ended: str = ""
    ways_out: list[WayOut] = []

    @property
    def refusing(self) -> list[Conflict]:
        """The conflicts that the rules do not let stand."""
        return [each for each in self.conflicts if not each.allowed]


class Plans(msgspec.Struct, frozen=True):
    """A page of plans."""

    plans: list[Plan]
    before: str | None = None


def read(found: Json, form: type[T], where: str) -> T:
    """An answer as what it should be.

    Raises:
        NodeUnreachable: it is something else.
    """
    try:
        return msgspec.convert(found, form)
    except msgspec.ValidationError as error:
        raise NodeUnreachable(
            f"What it answers cannot be read: {error}",
            where=where,
            advice="Do the node and this program have the same version?",
        ) from None


class PlanCalls:
    """A node's plans. Its methods raise as those of `NodeClient` do."""

    def __init__(self, client: NodeClient) -> None:
        self.client = client

    def attempt(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[Outcome, Json]:
        """An attempt at a plan: how it ended, and the answer as it came."""
        found = self.client.put(path, body) if method == "PUT" else self.client.post(path, body)
        return read(found, Outcome, self.client.node), found

    def file(self, body: Mapping[str, Any]) -> tuple[Outcome, Json]:
        """File a plan."""
        return self.attempt("POST", "plans", body)

    def modify(self, plan: str, body: Mapping[str, Any]) -> tuple[Outcome, Json]:
        """Change a plan."""
        return self.attempt("PUT", path_of("plans", plan), body)

    def act(
        self, plan: str, what: str, body: Mapping[str, Any] | None = None
    ) -> tuple[Outcome, Json]:
        """Activate a plan, declare it, end it."""
        return self.attempt("POST", path_of("plans", plan, what), body or {})

    def plan(self, plan: str) -> tuple[Plan, Json]:
        """One plan."""
        found = self.client.get(path_of("plans", plan))
        return read(found, Plan, self.client.node), found

    def plans(self, *, state: str | None = None, limit: int = PAGE) -> list[Plan]:
        """Plans, the newest first; those that have ended only if asked for."""
        query: dict[str, str | int | None] = {"limit": min(limit, PAGE)}
        query |= {"ended": "true"} if state == "ended" else {"state": state}
        found: list[Plan] = []
        while len(found) < limit:
            page = read(self.client.get("plans", query), Plans, self.client.node)
            found += [each for each in page.plans if state != "ended" or each.ended]
            if page.before is None:
                break
            query["before"] = page.before
        return found[:limit]
