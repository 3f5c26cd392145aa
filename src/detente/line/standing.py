"""How a peer stands, and what beats tell of it: the words of supervision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from detente.words import Words

CALLS_AFTER_S: Final = 3.5
"""Calls that were heard, or answered, within so long count as working."""


class State(Enum):
    """What is known of the line to a peer. Each but UP and LATE (and STARTING) is an outage."""

    STARTING = "starting"
    """Watched for less than three seconds, and nothing heard yet."""
    UP = "up"
    """Heard in time."""
    LATE = "late"
    """Heard, but slowly or with gaps."""
    DOWN_HERE = "down-here"
    """Not heard, and what fails is ours: no network, no names, our own process stood still."""
    DOWN_THERE = "down-there"
    """Not heard; its node does not take connections, or cannot be reached while others can."""
    PEER_SILENT = "peer-silent"
    """Not heard; what it is reached by works, and its node does not answer."""

    @property
    def words(self) -> Words:
        """For officers."""
        return _WORDS[self]

    @property
    def outage(self) -> bool:
        """Whether nothing gets through."""
        return self in (State.DOWN_HERE, State.DOWN_THERE, State.PEER_SILENT)


_WORDS = {
    State.STARTING: Words("starting", "démarrage"),
    State.UP: Words("up", "établie"),
    State.LATE: Words("late", "lente"),
    State.DOWN_HERE: Words("down here", "coupée chez nous"),
    State.DOWN_THERE: Words("down there", "coupée chez eux"),
    State.PEER_SILENT: Words("peer silent", "correspondant muet"),
}


class Reason(Enum):
    """Why a beat was not answered, in the classes that the client for requests tells apart."""

    NAME = "name"
    """The host's name was not resolved."""
    NO_ROUTE = "no-route"
    """No route, network down, address refused by our own policy."""
    LOCAL = "local"
    """Anything else of our own: no descriptors, no port, key or certificate not usable."""
    REFUSED = "refused"
    """The connection was refused or reset."""
    CONNECT_TIMEOUT = "connect-timeout"
    """No connection in time."""
    TLS = "tls"
    """No TLS connection: certificate not the peer's, protocol not agreed."""
    ANSWER_TIMEOUT = "answer-timeout"
    """Connected, sent, and no answer in time."""
    BAD_ANSWER = "bad-answer"
    """An answer, but no beat: a status that is no success, or nonsense."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment on two clocks.

    Attributes:
        steady: seconds of a clock that never goes back and that goes on while the machine sleeps
            (`time.clock_gettime(time.CLOCK_BOOTTIME)`); every duration is measured by it.
        wall: time of day, aware, UTC; only written down.
    """

    steady: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class PeerFields:
    """What a beat says of its sender.

    Attributes:
        sequence: number of the beat since its start.
        sent: when, by its clock.
        boot: random id of this start of its node.
        head: size of its log.
        heard: when it last heard us, by its clock; None if not since its start.
    """

    sequence: int
    sent: datetime
    boot: str
    head: int
    heard: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a peer stands now.

    Attributes:
        peer: its id.
        state: see `State`.
        since: since when, by our wall clock.
        last_heard: when it last gave a sign of life; None if never since our start.
        rtt_s: of the newest answered beat.
        reason: of the newest beat that failed since the last sign of life, if any.
        answers_us: whether our calls have been answered within the last 3.5 s.
        calls_us: whether its own calls have arrived within the last 3.5 s. One without the other
            while the line is up: one side cannot be called, so it must pull.
        clock_ahead_s: how far its wall clock seems ahead of ours (half the round trip uncertain).
        fields: of its newest beat.
    """

    peer: str
    state: State
    since: datetime
    last_heard: datetime | None
    rtt_s: float | None
    reason: Reason | None
    answers_us: bool
    calls_us: bool
    clock_ahead_s: float | None
    fields: PeerFields | None
