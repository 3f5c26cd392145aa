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


def deadline_of(
    urgency: str, created: datetime, received: datetime | None, document: Document
) -> datetime:
    """When a message is overdue, as one side sees it.

    At the receiver's it counts from when the message came: what was written before, be it in an
    outage or by a sender who backdates, is nothing that our officers have let pass. Whom to call
    follows from `clock_start` instead: what is old already should not wait longer.

    Args:
        created: when its sender says that it was made.
        received: when our own node received it; None at the sender's.
    """
    return (created if received is None else received) + acknowledge_within(urgency, document)


def in_force(urgency: str) -> Urgency:
    """The urgency by which a message is treated: one that is not known is taken for distress."""
    known: dict[str, Urgency] = {"urgent": "urgent", "routine": "routine"}
    return known.get(urgency, "distress")
