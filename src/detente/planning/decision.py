"""Who must give way: the decision table of strategic conflict detection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detente.geo import Prepared
from detente.planning.intents import Conflict, Neighbour, Order, PlanningRules


def decide(
    order: Order,
    neighbours: Sequence[Neighbour],
    rules: PlanningRules,
    prepared: Callable[[Neighbour], Prepared] | None = None,
) -> tuple[Conflict, ...]:
    """Every neighbour that the order meets, and whether it may."""
    raise NotImplementedError


def refused_if_met(
    order: Order, neighbour: Neighbour, rules: PlanningRules, *, existed: bool
) -> bool:
    """Whether the order would be refused if it met the neighbour; without looking at volumes."""
    raise NotImplementedError
