"""What a decision is made of."""

from __future__ import annotations

from dataclasses import dataclass

from detente.exchange.entries import Entry
from detente.f3548 import types as wire

Reply = (
    wire.ChangeOperationalIntentReferenceResponse
    | wire.ChangeConstraintReferenceResponse
    | wire.PutSubscriptionResponse
    | wire.DeleteSubscriptionResponse
    | wire.UssAvailabilityStatusResponse
    | wire.ErrorReport
    | None
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes true (None: nothing changes) and what the caller is told once it is durable."""

    entry: Entry | None
    reply: Reply
