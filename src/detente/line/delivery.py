"""Delivery between our node and one peer: what to do next, and never how.

A `Link` knows no socket, disk or clock. Whoever runs it tells it what happened, with the time, and
carries out the actions that it returns; so two links can be run against each other in memory.

It keeps nothing that must survive. The record is the outbox: what is addressed to the peer and has
no receipt of it is to be delivered, and a receipt counts once it stands in our record. After a crash
a new `Link` begins from there. Everything is done at least once and counted once, because the peer's
record knows what it has.

What it sees to:

* Two lanes (`lanes`), each with one batch in flight. The emergency lane never waits for the other.
* Within a channel, order; a peer that has less than we thought (409) is given the rest from there.
* Receipts that got lost come again with the next answer (`receipts_after`).
* A channel whose envelope the peer refuses is held, and the others go on.
* A peer that holds more of us than we do is a contradiction; it is said, and not argued with.
* A side that cannot be called is served by letting it ask (`pull`), besides or instead of `push`.

How to run it::

    link = Link("b", jitter=random.random)
    actions = link.start(now)             # then carry them out, each in a task of its own
    actions = link.loaded(token, page, now)      # whatever an action led to goes back in
    actions = link.recorded(now)          # whenever our record has grown
    actions = link.peer_heard(now)        # whenever the peer gives a sign of life
    actions = link.tick(now)              # at `link.wake_at`, or each 100 ms, as is easier

Actions of different tokens may be carried out in any order and at once. Times are seconds of one
clock that never goes back (`time.monotonic()`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .actions import (
    Action,
    BlobOutcome,
    LoadOutcome,
    PostOutcome,
    PullOutcome,
    RunOutcome,
    StoreOutcome,
)
from .lanes import Lane


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
    """

    channel: str
    seq: int
    code: str
    detail: str
    again_at: float | None
    pulled: bool


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """How a lane does.

    Attributes:
        busy: what it waits for at the moment: `idle`, `load`, `post`, `blob`, `store`, `pull`,
            `pause` (between repetitions).
        failures: in a row.
        last_failure: what the last one was, if there is any since the last success.
        last_success: when the peer last took something or answered that there is nothing.
    """

    busy: str
    failures: int
    last_failure: str | None
    last_success: float | None


class Link:
    """Delivery to and from one peer. See the module's text.

    Args:
        peer: its id.
        jitter: gives numbers in [0, 1), for the times between repetitions.
        push: whether we send to the peer's inbox; False where it cannot be called.
        pull: whether we ask the peer for what it has for us; needed where it cannot call us.
    """

    def __init__(
        self, peer: str, *, jitter: Callable[[], float], push: bool = True, pull: bool = False
    ) -> None:
        raise NotImplementedError

    @property
    def wake_at(self) -> float | None:
        """When `tick` has something to do at the latest, if nothing happens before."""
        raise NotImplementedError

    @property
    def held(self) -> tuple[HeldChannel, ...]:
        """The channels that stand still."""
        raise NotImplementedError

    def status(self, lane: Lane) -> LaneStatus:
        """How a lane does."""
        raise NotImplementedError

    # --- what happens ------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:
        """Begin: once, before anything else."""
        raise NotImplementedError

    def tick(self, now: float) -> list[Action]:
        """Time has passed: repetitions that are due, requests that take too long."""
        raise NotImplementedError

    def recorded(self, now: float) -> list[Action]:
        """Our record has grown; there may be something new for the peer."""
        raise NotImplementedError

    def peer_heard(self, now: float) -> list[Action]:
        """The peer gave a sign of life: it answered a beat, or called us (authenticated).

        After a silence, what waits to be repeated is repeated at once.
        """
        raise NotImplementedError

    def set_modes(self, *, push: bool, pull: bool, now: float) -> list[Action]:
        """Change who calls whom; see the class. What is under way is finished."""
        raise NotImplementedError

    def release(self, channel: str, now: float) -> list[Action]:
        """Try a channel that is held again at once: something was done about it."""
        raise NotImplementedError

    def peer_holds(self, ends: Mapping[str, int], now: float) -> list[Action]:
        """The peer says how far it has our channels (it was restored): send what is beyond.

        Args:
            ends: number of our newest envelope that it holds, for each channel of ours with
                anything for it; 0 for none at all.
        """
        raise NotImplementedError

    # --- what came of actions ----------------------------------------------------------------

    def loaded(self, token: int, page: LoadOutcome, now: float) -> list[Action]:
        """Answer to `LoadOutbox`."""
        raise NotImplementedError

    def run_loaded(self, token: int, page: RunOutcome, now: float) -> list[Action]:
        """Answer to `LoadRun`."""
        raise NotImplementedError

    def receipts_loaded(self, token: int, page: LoadOutcome, now: float) -> list[Action]:
        """Answer to `LoadReceipts`."""
        raise NotImplementedError

    def answered(self, token: int, answer: PostOutcome, now: float) -> list[Action]:
        """Answer to `Post`."""
        raise NotImplementedError

    def blob_pushed(self, token: int, outcome: BlobOutcome, now: float) -> list[Action]:
        """Answer to `PushBlob`."""
        raise NotImplementedError

    def stored(self, token: int, outcome: StoreOutcome, now: float) -> list[Action]:
        """Answer to `Store`."""
        raise NotImplementedError

    def pulled(self, token: int, page: PullOutcome, now: float) -> list[Action]:
        """Answer to `Pull` or `PullRun`."""
        raise NotImplementedError

    def blob_fetched(self, token: int, outcome: BlobOutcome, now: float) -> list[Action]:
        """Answer to `FetchBlob`."""
        raise NotImplementedError
