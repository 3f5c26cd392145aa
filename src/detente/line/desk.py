"""What the two lanes of a link share: tokens, channels that stand still, and how one waits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .actions import Action, Cancel, Report, Trouble
from .lanes import PATIENCE, Lane, again_after, lane_of
from .outcomes import BlobsMissing, EnvelopeRefused, OutOfOrder

CONTRADICTION: Final = "line.contradiction"
"""Code of a channel in which the two records contradict one another."""
CHAIN: Final = "record.chain"
RECEIPTS: Final = "receipts"
"""Stands for the channel in which one side keeps its receipts for the other."""
HELD_FIRST_S: Final = 5.0
HELD_MOST_S: Final = 900.0
"""Seconds until a channel that is held is tried again: doubled each time, between these."""
BLOB_ANSWER_MOST_S: Final = 240.0
"""For a blob to pass, after shorter times were not enough; they may be large."""
BUSY_MOST_S: Final = 300.0
"""The longest that a peer can make us wait by saying that it is busy."""
SILENCE_S: Final = 3.0
"""After so long without a sign of life, the next one ends every pause."""


@dataclass(frozen=True, slots=True)
class HeldChannel:
    """A channel that stands still.

    Attributes:
        channel: its name.
        seq: number of the envelope that was refused, or that the peer expects.
        code: of the refusal; `line.contradiction` for a contradiction.
        detail: a sentence.
        again_at: when it is tried again; None: only after `Link.release`.
        pulled: whether it is the peer's channel, and our record that refuses.
        refusals: how often in a row.
    """

    channel: str
    seq: int
    code: str
    detail: str
    again_at: float | None
    pulled: bool
    refusals: int = 1


class Held:
    """The channels that stand still in one direction; each is skipped until it is tried again."""

    def __init__(self, peer: str, *, pulled: bool) -> None:
        self.channels: dict[str, HeldChannel] = {}
        self._peer = peer
        self._pulled = pulled
        self._trying: set[str] = set()

    def skip(self, channel: str) -> bool:
        """Whether to leave it out."""
        return channel in self.channels and channel not in self._trying

    def skipped(self, lane_has: Callable[[str], bool]) -> frozenset[str]:
        """Those to leave out in a lane."""
        return frozenset(name for name in self.channels if self.skip(name) and lane_has(name))

    def refused(self, channel: str, seq: int, code: str, detail: str, now: float) -> list[Action]:
        """It is refused; reported, unless that is known already."""
        before = self.channels.get(channel)
        refusals = 1 if before is None else before.refusals + 1
        wait = min(HELD_MOST_S, HELD_FIRST_S * 2 ** min(refusals - 1, 30))
        trouble = Trouble.PULLED_REFUSED if self._pulled else Trouble.REFUSED
        return self._hold(
            HeldChannel(channel, seq, code, detail, now + wait, self._pulled, refusals), trouble
        )

    def contradicted(self, channel: str, seq: int, detail: str) -> list[Action]:
        """Our record and the peer's contradict one another there; reported."""
        held = HeldChannel(channel, seq, CONTRADICTION, detail, None, self._pulled)
        return self._hold(held, Trouble.CONTRADICTION)

    def _hold(self, held: HeldChannel, trouble: Trouble) -> list[Action]:
        before = self.channels.get(held.channel)
        self.channels[held.channel] = held
        self._trying.discard(held.channel)
        if before is not None and (before.seq, before.code) == (held.seq, held.code):
            return []
        return [Report(trouble, self._peer, held.channel, held.seq, held.code, held.detail)]

    def taken(self, channels: set[str]) -> list[Action]:
        """Envelopes of these channels were taken: those of them that were held are so no more."""
        done: list[Action] = []
        for name in sorted(channels & self._trying):
            self._trying.discard(name)
            held = self.channels.pop(name)
            done.append(Report(Trouble.RELEASED, self._peer, name, held.seq, held.code))
        return done

    def nothing_left(self, lane_has: Callable[[str], bool]) -> list[Action]:
        """All of a lane has been gone through: what was tried again had nothing left, or is taken
        by another way."""
        return self.taken({name for name in self._trying if lane_has(name)})

    def settle(self, channel: str) -> None:
        """Whatever stood against it is over."""
        self.channels.pop(channel, None)
        self._trying.discard(channel)

    def try_again(self, channel: str) -> bool:
        """Try one again, whatever it is held for. False if it is not held."""
        if not self.skip(channel):
            return False
        self._trying.add(channel)
        return True

    def due(self, now: float) -> set[str]:
        """Try those again whose time has come; which."""
        due = {
            name
            for name, held in self.channels.items()
            if held.again_at is not None and held.again_at <= now and name not in self._trying
        }
        self._trying |= due
        return due

    def next_due(self) -> float | None:
        """When `due` has something."""
        return min(
            (
                held.again_at
                for name, held in self.channels.items()
                if held.again_at is not None and name not in self._trying
            ),
            default=None,
        )


class Desk:
    """What the lanes of a link have in common."""

    def __init__(self, peer: str, jitter: Callable[[], float]) -> None:
        self.peer = peer
        self.jitter = jitter
        self.sent = Held(peer, pulled=False)
        self.pulled = Held(peer, pulled=True)
        self.store_failed = False
        self._token = 0

    def token(self) -> int:
        """A new one."""
        self._token += 1
        return self._token

    def receipts_unfit(self, outcome: OutOfOrder | BlobsMissing | EnvelopeRefused) -> list[Action]:
        """Our record does not take the peer's receipts."""
        seq, detail = 0, "A receipt has files."
        if isinstance(outcome, OutOfOrder):
            seq = outcome.expected
            detail = f"Receipt number {seq} is next, and another one came."
        elif isinstance(outcome, EnvelopeRefused):
            detail = f"{outcome.code}: {outcome.message}"
        return self.pulled.contradicted(RECEIPTS, seq, detail)

    def store_works(self) -> list[Action]:
        """Our record has answered."""
        if not self.store_failed:
            return []
        self.store_failed = False
        return [Report(Trouble.STORE_MENDED, self.peer)]

    def store_fails(self, reason: str) -> list[Action]:
        """Our record could not."""
        if self.store_failed:
            return []
        self.store_failed = True
        return [Report(Trouble.STORE, self.peer, detail=reason)]


class Worker(ABC):
    """Does one thing at a time for a lane, and knows how to wait.

    Attributes:
        phase: what it waits for: `idle`, `pause`, or the kind of action.
        failures: in a row.
        last_failure: since the last success.
        last_success: when.
    """

    def __init__(self, desk: Desk, lane: Lane) -> None:
        self.phase = "idle"
        self.failures = 0
        self.last_failure: str | None = None
        self.last_success: float | None = None
        self.desk = desk
        self.lane = lane
        self.patience = PATIENCE[lane]
        self._token: int | None = None
        self._until: float | None = None
        self._told_to_wait = False
        self._asked_at = 0.0
        self._blobs_slow = 0

    def waits_for(self, token: int) -> bool:
        """Whether that token is the one that it waits for."""
        return self._token == token

    @property
    def wake_at(self) -> float | None:
        """When `tick` has something to do."""
        return self._until

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        if self._until is None or now < self._until:
            return []
        if self.phase == "pause":
            return self._go_on(now)
        if self.phase == "blob":
            self._blobs_slow += 1
        return self._give_up(now, f"no answer to the {self.phase} in time")

    def hurry(self, now: float) -> list[Action]:
        """The peer is there again after a silence: do not wait any longer, unless it asked for
        that; nor for what was asked before, for the connection may have died unnoticed."""
        done: list[Action] = []
        if self.phase == "pause":
            if self._told_to_wait:
                return []
        elif self._until is None or now - self._asked_at < SILENCE_S:
            return []
        else:
            done = self._give_up(now, f"no answer to the {self.phase} before a silence")
        return [*done, *self._go_on(now)]

    def _give_up(self, now: float, why: str) -> list[Action]:
        token = self._token
        done: list[Action] = [] if token is None else [Cancel(token)]
        return [*done, *self._failed(now, why)]

    def _blob_until(self, now: float) -> float:
        """How long to wait for a blob: longer each time that it was not enough."""
        return now + min(BLOB_ANSWER_MOST_S, self.patience.answer_s * 2.0**self._blobs_slow)

    def has(self, channel: str) -> bool:
        """Whether a channel belongs to its lane."""
        return lane_of(channel) is self.lane

    @abstractmethod
    def work(self, now: float) -> list[Action]:
        """Begin something, if there is anything to do and nothing under way."""

    def _go_on(self, now: float) -> list[Action]:
        self._rest()
        return self.work(now)

    def _rest(self) -> None:
        self.phase, self._token, self._until, self._told_to_wait = "idle", None, None, False

    def _wait(self, phase: str, now: float, until: float | None = None) -> int:
        """Begin to wait for an action of a new token; `until` for the peer, None for our disk."""
        token = self.desk.token()
        self._asked_at = now
        self.phase, self._token, self._until = phase, token, until
        return token

    def _failed(self, now: float, reason: str, busy_s: float | None = None) -> list[Action]:
        """Pause, and begin from the start afterwards.

        Args:
            busy_s: the peer asked for that; at least so long.
        """
        self.failures += 1
        self.last_failure = reason
        wait = again_after(self.failures, self.patience, self.desk.jitter())
        self.phase, self._token = "pause", None
        self._told_to_wait = busy_s is not None
        self._until = now + max(wait, min(busy_s or 0.0, BUSY_MOST_S))
        return []

    def _store_failed(self, now: float, reason: str) -> list[Action]:
        return [*self.desk.store_fails(reason), *self._failed(now, f"our record: {reason}")]

    def _succeeded(self, now: float) -> None:
        self.failures, self.last_failure, self.last_success = 0, None, now
