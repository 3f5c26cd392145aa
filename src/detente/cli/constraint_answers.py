"""What a node answers about constraints, as the commands need it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from detente.cli.node_client import Json, NodeClient, path_of
from detente.cli.plan_answers import Fault, read
from detente.f3548 import uss_types as uss


class Constraint(msgspec.Struct, frozen=True):
    """A constraint: ours as the exchanges have accepted it, or another's that the node knows."""

    id: str
    details: uss.ConstraintDetails
    manager: str = ""
    ours: bool = False
    provider: str = ""
    version: int = 0
    ended: bool = False
    exchanges: list[str] = []

    @property
    def name(self) -> str:
        """What people call it: as a zone, or by its type."""
        return name_of(self.details.geozone) or self.details.type or ""

    @property
    def times(self) -> tuple[datetime | None, datetime | None]:
        """When it begins and ends."""
        volumes = self.details.volumes
        starts = [each.time_start.value for each in volumes if each.time_start is not None]
        ends = [each.time_end.value for each in volumes if each.time_end is not None]
        return min(starts, default=None), max(ends, default=None)

    def body(self) -> Json:
        """What it would be published by."""
        found: Json = msgspec.to_builtins(self.details)
        return {**found, "provider": self.provider}


def name_of(zone: uss.GeoZone | None) -> str:
    """A zone's name; its identifier if it has none."""
    return "" if zone is None else zone.name or zone.identifier


class Outcome(msgspec.Struct, frozen=True):
    """What became of an order."""

    result: Literal["done", "refused", "failed"]
    id: str
    constraint: Constraint | None = None
    faults: list[Fault] = []
    notices: int = 0
    unsettled: list[str] = []


class Constraints(msgspec.Struct, frozen=True):
    """Ours, then others' that are known."""

    constraints: list[Constraint]
    unsettled: int = 0


class ConstraintCalls:
    """A node's constraints. Its methods raise as those of `NodeClient` do."""

    def __init__(self, client: NodeClient) -> None:
        self.client = client

    def publish(self, body: Mapping[str, Any]) -> tuple[Outcome, Json]:
        """Publish a constraint: what became of it, and the answer as it came."""
        return self._outcome(self.client.post("constraints", body))

    def change(self, constraint: str, body: Mapping[str, Any]) -> tuple[Outcome, Json]:
        """Change one of ours."""
        return self._outcome(self.client.put(path_of("constraints", constraint), body))

    def end(self, constraint: str) -> tuple[Outcome, Json]:
        """End one of ours."""
        return self._outcome(self.client.delete(path_of("constraints", constraint)))

    def constraint(self, constraint: str) -> tuple[Constraint, Json]:
        """One of them, whoever manages it."""
        found = self.client.get(path_of("constraints", constraint))
        return read(found, Constraint, self.client.node), found

    def constraints(self, *, ended: bool = False) -> tuple[Constraints, Json]:
        """All of them; ours that ended lately only if asked for."""
        found = self.client.get("constraints", {"ended": "1" if ended else None})
        return read(found, Constraints, self.client.node), found

    def _outcome(self, found: Json) -> tuple[Outcome, Json]:
        return read(found, Outcome, self.client.node), found
