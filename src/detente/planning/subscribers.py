"""Whom an exchange wants told of a change: as many as a node calls, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from detente.f3548 import types as wire

SUBSCRIBERS_MAX: Final = 1_000
"""USSs that one answer of an exchange has us call: with more it would make a flood of us."""
SUBSCRIPTIONS_MAX: Final = 1_000
"""Subscriptions of one of them that it is told of: they are in what we send."""


def whom_to_tell(
    subscribers: Sequence[wire.SubscriberToNotify],
) -> tuple[list[wire.SubscriberToNotify], bool]:
    """Those that are told, the first ones, and whether the exchange has named more."""
    told = [
        structs.replace(each, subscriptions=each.subscriptions[:SUBSCRIPTIONS_MAX])
        for each in subscribers[:SUBSCRIBERS_MAX]
    ]
    more = len(subscribers) > len(told) or any(
        len(each.subscriptions) > SUBSCRIPTIONS_MAX for each in subscribers[: len(told)]
    )
    return told, more
