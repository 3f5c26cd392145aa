"""Planning as a USS of F3548-21: what a party means to fly, fitted between what others do.

Pure: no input or output, no clock, no randomness. The node carries out what is decided here.
"""

from __future__ import annotations

from detente.planning.intents import (
    HIGHEST,
    LOWEST,
    Action,
    Conflict,
    Details,
    ExchangeArea,
    Fault,
    Filed,
    Intent,
    Neighbour,
    Notice,
    Order,
    Outcome,
    PlanningRules,
    Result,
    State,
)

__all__ = [
    "HIGHEST",
    "LOWEST",
    "Action",
    "Conflict",
    "Details",
    "ExchangeArea",
    "Fault",
    "Filed",
    "Intent",
    "Neighbour",
    "Notice",
    "Order",
    "Outcome",
    "PlanningRules",
    "Result",
    "State",
]
