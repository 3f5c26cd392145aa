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
from datetime import datetime, timedelta
from typing import Final

from .outages import Outage
from .standing import CALLS_AFTER_S, Instant, PeerFields, Reason, Standing, State

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
"""Nothing told for so long: our process stood still."""
FAILED_AFTER_S: Final = 2.0
"""Without a sign of life, if two beats in a row have failed in a way that leaves no doubt."""
STEADY_AFTER_S: Final = 1.5
"""An outage is over when signs of life come for so long, none of them late."""
TIMELY_AFTER_S: Final = 3.0
"""A line that was late is up when it has been in time for so long."""
RTT_LATE_S: Final = 1.0
"""A beat that takes longer than this, twice in a row, is late."""
KIND_AFTER_S: Final = 2.0
"""What an outage is taken for changes when it has looked otherwise for so long."""
TOGETHER_S: Final = 3.0
"""Peers that fall silent within so long of each other do so for one cause."""


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
        self._peers: dict[str, _Watched] = {}
        self._at = at
        self.set_peers(peers, at)

    @property
    def wake_at(self) -> float:
        """When `tick` is due next, on the steady clock."""
        soonest = min((each.beat_at for each in self._peers.values()), default=float("inf"))
        return min(soonest, self._at.steady + TICK_EVERY_S)

    def standing(self, peer: str) -> Standing:
        """How a peer stands. KeyError if it is not watched."""
        return self._peers[peer].standing(self._at)

    def set_peers(self, peers: Sequence[str], at: Instant) -> list[Act]:
        """Watch these from now on; those that stay keep how they stand."""
        acts = self._watch(at)
        before = self._peers
        self._peers = {
            # Spread over the second, so that beats do not leave in bursts.
            peer: before.get(peer)
            or _Watched(peer, at, at.steady + BEAT_EVERY_S * number / len(peers))
            for number, peer in enumerate(peers)
        }
        return acts

    def tick(self, at: Instant) -> list[Act]:
        """Time has passed."""
        acts = self._watch(at)
        for peer in self._peers.values():
            if at.steady >= peer.beat_at:
                # After a pause one beat, not all those that were missed.
                peer.beat_at = max(peer.beat_at + BEAT_EVERY_S, at.steady + BEAT_EVERY_S / 2)
                peer.sequence += 1
                acts.append(SendBeat(peer.id, peer.sequence))
        return acts + self._judge(at)

    def beat_answered(
        self, peer: str, sequence: int, rtt_s: float, fields: PeerFields, at: Instant
    ) -> list[Act]:
        """A beat of ours was answered, by the peer itself (authenticated)."""
        acts = self._watch(at)
        watched = self._peers.get(peer)
        if watched is None or sequence <= watched.answered_sequence:
            return acts
        watched.answered_sequence = sequence
        watched.slow = watched.slow + 1 if rtt_s > RTT_LATE_S else 0
        watched.rtt_s = rtt_s
        watched.answered = at.steady
        transit = timedelta(seconds=rtt_s / 2)
        watched.clock_ahead_s = (fields.sent - (at.wall - transit)).total_seconds()
        return acts + self._said(watched, fields) + self._sign(watched, at)

    def beat_failed(self, peer: str, sequence: int, reason: Reason, at: Instant) -> list[Act]:
        """A beat of ours was not answered."""
        acts = self._watch(at)
        watched = self._peers.get(peer)
        if watched is not None and sequence > watched.answered_sequence:
            watched.failures += 1
            watched.reason = reason
        return acts + self._judge(at)

    def beat_heard(self, peer: str, fields: PeerFields, at: Instant) -> list[Act]:
        """The peer called us with a beat (authenticated)."""
        acts = self._watch(at)
        watched = self._peers.get(peer)
        if watched is None:
            return acts
        watched.called = at.steady
        return acts + self._said(watched, fields) + self._sign(watched, at)

    def peer_heard(self, peer: str, at: Instant) -> list[Act]:
        """The peer called us with anything else (authenticated), or answered something else."""
        acts = self._watch(at)
        watched = self._peers.get(peer)
        return acts if watched is None else acts + self._sign(watched, at)

    # --- inside ------------------------------------------------------------------------------

    def _watch(self, at: Instant) -> list[Act]:
        """Time has passed: was it us who slept?"""
        passed = at.steady - self._at.steady
        slept = passed > STALL_S
        for peer in self._peers.values():
            peer.pass_time(passed, slept=slept)
        before, self._at = self._at, at
        if not slept:
            return []
        for peer in self._peers.values():
            # Signs of life on either side of a sleep are not steady ones.
            peer.steady = None
        acts: list[Act] = [Stalled(passed)]
        if passed >= SILENT_AFTER_S:
            for peer in self._peers.values():
                if not peer.state.outage:
                    acts += peer.lose(State.DOWN_HERE, before.steady, at, slept=passed)
        return acts

    def _said(self, watched: _Watched, fields: PeerFields) -> list[Act]:
        before, watched.fields = watched.fields, fields
        if before is not None and before.boot != fields.boot:
            return [Rebooted(watched.id)]
        return []

    def _sign(self, watched: _Watched, at: Instant) -> list[Act]:
        late = watched.heard is None or watched.silence(at) > LATE_AFTER_S
        if late or watched.slow >= 2:
            watched.timely = at.steady
        if late or watched.steady is None:
            watched.steady = at.steady
        watched.heard, watched.blind_s = at.steady, 0.0
        watched.failures, watched.reason = 0, None
        return self._judge(at)

    def _judge(self, at: Instant) -> list[Act]:
        return [act for peer in self._peers.values() for act in self._judge_one(peer, at)]

    def _judge_one(self, peer: _Watched, at: Instant) -> list[Act]:
        silence = peer.silence(at)
        failed = peer.failures >= 2 and silence >= FAILED_AFTER_S
        lost = silence >= SILENT_AFTER_S or failed
        if lost:
            peer.steady = None
        if peer.state.outage:
            if lost:
                return peer.take_for(self._kind(peer, at), at)
            if (
                peer.steady is not None
                and peer.heard is not None
                and (peer.heard - peer.steady >= STEADY_AFTER_S)
            ):
                return peer.recover(at)
            return []
        if lost:
            since = peer.started if peer.heard is None else peer.heard
            return peer.lose(self._kind(peer, at), since, at)
        if peer.heard is None:
            return []
        if silence > LATE_AFTER_S or peer.slow >= 2:
            return peer.become(State.LATE, at)
        if peer.state is State.LATE and at.steady - peer.timely < TIMELY_AFTER_S:
            return []
        return peer.become(State.UP, at)

    def _kind(self, peer: _Watched, at: Instant) -> State:
        """What the silence of a peer looks like."""
        others = [each for each in self._peers.values() if each is not peer]
        alone = not any(
            each.heard is not None and each.silence(at) <= LATE_AFTER_S for each in others
        )
        if peer.reason is Reason.LOCAL:
            return State.DOWN_HERE
        if peer.reason in (Reason.NAME, Reason.NO_ROUTE):
            return State.DOWN_HERE if alone else State.DOWN_THERE
        if peer.reason in _NETWORK_WORKS:
            return State.DOWN_THERE
        if alone and self._together(peer, others):
            return State.DOWN_HERE
        if peer.reason is Reason.CONNECT_TIMEOUT:
            return State.DOWN_THERE
        return State.PEER_SILENT

    def _together(self, peer: _Watched, others: Sequence[_Watched]) -> bool:
        """Whether another one fell silent at the same time, and none shows that our network works.

        Nobody is heard any more; those that have been silent for longer say nothing.
        """
        if any(each.reason in _NETWORK_WORKS for each in others):
            return False
        return peer.heard is not None and any(
            each.heard is not None and abs(each.heard - peer.heard) <= TOGETHER_S for each in others
        )


_NETWORK_WORKS: Final = (Reason.REFUSED, Reason.TLS, Reason.BAD_ANSWER)
"""Somebody out there has answered, though not as he should."""


class _Watched:
    """What is known of a peer. Times are on the steady clock."""

    def __init__(self, peer: str, at: Instant, beat_at: float) -> None:
        self.id = peer
        self.started = at.steady
        self.beat_at = beat_at
        self.sequence = 0
        self.answered_sequence = 0
        self.heard: float | None = None
        self.blind_s = 0.0  # of the silence, as long as we slept
        self.steady: float | None = None
        self.timely = at.steady
        self.answered: float | None = None
        self.called: float | None = None
        self.rtt_s: float | None = None
        self.slow = 0
        self.failures = 0
        self.reason: Reason | None = None
        self.clock_ahead_s: float | None = None
        self.fields: PeerFields | None = None
        self.state = State.STARTING
        self._since = at.wall
        self._lost: float | None = None
        self._seen: dict[State, float] = {}
        self._slept_s = 0.0
        self._other: tuple[State, float] | None = None

    def silence(self, at: Instant) -> float:
        """Seconds without a sign of life during which we were listening."""
        return at.steady - (self.started if self.heard is None else self.heard) - self.blind_s

    def pass_time(self, passed: float, *, slept: bool) -> None:
        """Count it."""
        if slept:
            self.blind_s += passed
        if self.state.outage:
            kind = State.DOWN_HERE if slept else self.state
            self._seen[kind] = self._seen.get(kind, 0.0) + passed
            self._slept_s += passed if slept else 0.0

    def become(self, state: State, at: Instant) -> list[Act]:
        """Change the state."""
        if state is self.state:
            return []
        before = self.standing(at)
        self.state, self._since, self._other = state, at.wall, None
        return [Changed(before, self.standing(at))]

    def lose(self, kind: State, since: float, at: Instant, slept: float = 0.0) -> list[Act]:
        """An outage has begun."""
        self._lost, self._seen, self._slept_s = since, {kind: at.steady - since}, slept
        self.steady = None
        changed = self.become(kind, at)
        return [*changed, OutageBegan(self._outage(at, None))]

    def take_for(self, kind: State, at: Instant) -> list[Act]:
        """The outage looks like this now; believed if it stays so."""
        if kind is self.state:
            self._other = None
        elif self._other is None or self._other[0] is not kind:
            self._other = kind, at.steady
        elif at.steady - self._other[1] >= KIND_AFTER_S:
            return self.become(kind, at)
        return []

    def recover(self, at: Instant) -> list[Act]:
        """The outage is over: since the first of the signs that have come steadily."""
        over = self._outage(at, self.steady)
        self._lost, self._seen, self._slept_s = None, {}, 0.0
        self.timely = at.steady if self.steady is None else self.steady
        return [*self.become(State.UP, at), OutageEnded(over)]

    def standing(self, at: Instant) -> Standing:
        """As it is now."""
        return Standing(
            peer=self.id,
            state=self.state,
            since=self._since,
            last_heard=None if self.heard is None else _wall(at, self.heard),
            rtt_s=self.rtt_s,
            reason=self.reason,
            answers_us=_lately(self.answered, at),
            calls_us=_lately(self.called, at),
            clock_ahead_s=self.clock_ahead_s,
            fields=self.fields,
        )

    def _outage(self, at: Instant, until: float | None) -> Outage:
        lost = at.steady if self._lost is None else self._lost
        length = (at.steady if until is None else until) - lost
        return Outage(
            peer=self.id,
            since=_wall(at, lost),
            until=None if until is None else _wall(at, until),
            seen_as=max(self._seen, key=lambda kind: self._seen[kind]),
            own=self._slept_s > 0 and self._slept_s >= length / 2,
        )


def _wall(at: Instant, steady: float) -> datetime:
    """A moment of the steady clock by the wall clock as it goes now."""
    return at.wall - timedelta(seconds=at.steady - steady)


def _lately(when: float | None, at: Instant) -> bool:
    return when is not None and at.steady - when <= CALLS_AFTER_S
