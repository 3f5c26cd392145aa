"""What an order must fulfil before anybody else is asked."""

from __future__ import annotations

from detente.planning.intents import Fault, Order, PlanningRules


def faults_of(order: Order, rules: PlanningRules, now_us: int) -> tuple[Fault, ...]:
    """Everything wrong with an order by itself; empty if it can be tried."""
    raise NotImplementedError
