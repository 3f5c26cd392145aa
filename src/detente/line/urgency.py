"""How long a message may wait for an officer, by its urgency and the agreement."""

from __future__ import annotations

from datetime import datetime, timedelta

from detente.agreement import Document

from .forms import Urgency


def acknowledge_within(urgency: str, document: Document) -> timedelta:
    """How soon an officer acknowledges; of an urgency that is not known, the soonest."""
    within = document.line.acknowledge_within
    seconds = {
        "distress": within.distress_s,
        "urgent": within.urgent_s,
        "routine": within.routine_s,
    }
    return timedelta(seconds=seconds.get(urgency, min(seconds.values())))


def clock_start(created: datetime, received: datetime | None) -> datetime:
    """When the clock of a message began, as one side sees it.

    Args:
        created: when its sender says that it was made.
        received: when our own node received it; None at the sender's. A sender whose clock is
            ahead gets no time for nothing: then what counts is when it came.
    """
    return created if received is None else min(created, received)


def in_force(urgency: str) -> Urgency:
    """The urgency by which a message is treated: one that is not known is taken for distress."""
    known: dict[str, Urgency] = {"urgent": "urgent", "routine": "routine"}
    return known.get(urgency, "distress")
