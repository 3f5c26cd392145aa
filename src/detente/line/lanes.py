"""Two lanes between two nodes: what is urgent never waits for what is not.

A channel belongs to one lane for good, by its name, so that lanes never split the order within a
channel. Each lane has a connection, a batch in flight and a patience of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

BATCH_ENVELOPES_MAX: Final = 200
"""Envelopes in one request."""
BATCH_BYTES_MAX: Final = 1_000_000
"""Bytes of envelopes in one request; a single envelope may be larger, and then goes alone."""
EMERGENCY_SUFFIX: Final = "/emergency"


class Lane(Enum):
    """A way for requests between two nodes; its value is what stands in the protocol."""

    EMERGENCY = "emergency"
    ORDINARY = "ordinary"


LANES: Final = (Lane.EMERGENCY, Lane.ORDINARY)
"""In the order in which they are served."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a lane waits, in seconds.

    Attributes:
        answer_s: for the answer to a request, before it is given up and repeated.
        again_first_s: before the first repetition.
        again_most_s: between repetitions, after many.
        poll_s: between questions for what the peer has for us, when it cannot call us.
    """

    answer_s: float
    again_first_s: float
    again_most_s: float
    poll_s: float


PATIENCE: Final = {
    Lane.EMERGENCY: Patience(answer_s=5.0, again_first_s=0.25, again_most_s=5.0, poll_s=1.0),
    Lane.ORDINARY: Patience(answer_s=20.0, again_first_s=0.5, again_most_s=30.0, poll_s=1.0),
}


def lane_of(channel: str) -> Lane:
    """The lane that a channel belongs to."""
    return Lane.EMERGENCY if channel.endswith(EMERGENCY_SUFFIX) else Lane.ORDINARY


def again_after(failures: int, patience: Patience, jitter: float) -> float:
    """Seconds until the next try: doubled with each failure, at most `again_most_s`.

    Args:
        failures: in a row, at least 1.
        jitter: in [0, 1); spreads the time over its upper half, so that many do not try at once.
    """
    whole = min(patience.again_most_s, patience.again_first_s * 2.0 ** min(failures - 1, 30))
    return whole * (0.5 + 0.5 * jitter)
