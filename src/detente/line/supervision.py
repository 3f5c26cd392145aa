"""Whether anybody hears: beats each second to every peer, and what follows from their answers.

One `Supervisor` watches all peers, because several that fall silent at once say something about us.
It knows no socket and no clock; who runs it tells it what happened, and when::

    supervisor = Supervisor(("b", "c"), at)
    for act in supervisor.tick(at): ...       # at `supervisor.wake_at`, at least each 250 ms
        # SendBeat: POST /line/v1/beat on a connection of its own, time limit BEAT_TIMEOUT_S;
        #   then beat_answered(...) or beat_failed(...).
        # Changed: write a `watch` entry, tell officers; if it became UP: Link.peer_heard.
        # OutageEnded: append `outages.outage_draft(act.outage, ...)`.

The time of each call matters: a `tick` that comes late means that our own process stood still, and
what was not heard meanwhile is not held against anybody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .outages import Outage
from .standing import Instant, PeerFields, Reason, Standing

BEAT_EVERY_S: Final = 1.0
BEAT_TIMEOUT_S: Final = 2.0
"""For a beat, connecting included."""
TICK_EVERY_S: Final = 0.25
"""`tick` is called at least so often."""
LATE_AFTER_S: Final = 1.9
"""Without a sign of life."""
SILENT_AFTER_S: Final = 3.0
"""Without a sign of life: with a tick, an outage is told within 3.5 s."""
STALL_S: Final = 1.0
"""A tick later than that after the one before: our process stood still."""


@dataclass(frozen=True, slots=True)
class SendBeat:
    """Send a beat to a peer, now. `heard` of the beat is `Standing.last_heard`."""

    peer: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A peer stands otherwise than before."""

    before: Standing
    now: Standing


@dataclass(frozen=True, slots=True)
class OutageBegan:
    """A peer is no longer heard. `since` of the outage is when it was last heard."""

    outage: Outage


@dataclass(frozen=True, slots=True)
class OutageEnded:
    """It is heard again, steadily: the outage is over, and to be stated to the peer."""

    outage: Outage


@dataclass(frozen=True, slots=True)
class Stalled:
    """Our own process stood still for so many seconds: nobody was watched meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rebooted:
    """The peer's node was started anew: its `boot` is another one than before."""

    peer: str


Act = SendBeat | Changed | OutageBegan | OutageEnded | Stalled | Rebooted


class Supervisor:
    """Watches the peers. See the module's text.

    Args:
        peers: their ids.
        at: now.
    """

    def __init__(self, peers: Sequence[str], at: Instant) -> None:
        raise NotImplementedError

    @property
    def wake_at(self) -> float:
        """When `tick` is due next, on the steady clock."""
        raise NotImplementedError

    def standing(self, peer: str) -> Standing:
        """How a peer stands. KeyError if it is not watched."""
        raise NotImplementedError

    def set_peers(self, peers: Sequence[str], at: Instant) -> list[Act]:
        """Watch these from now on; those that stay keep how they stand."""
        raise NotImplementedError

    def tick(self, at: Instant) -> list[Act]:
        """Time has passed."""
        raise NotImplementedError

    def beat_answered(
        self, peer: str, sequence: int, rtt_s: float, fields: PeerFields, at: Instant
    ) -> list[Act]:
        """A beat of ours was answered, by the peer itself (authenticated)."""
        raise NotImplementedError

    def beat_failed(self, peer: str, sequence: int, reason: Reason, at: Instant) -> list[Act]:
        """A beat of ours was not answered."""
        raise NotImplementedError

    def beat_heard(self, peer: str, fields: PeerFields, at: Instant) -> list[Act]:
        """The peer called us with a beat (authenticated)."""
        raise NotImplementedError

    def peer_heard(self, peer: str, at: Instant) -> list[Act]:
        """The peer called us with anything else (authenticated), or answered something else."""
        raise NotImplementedError
