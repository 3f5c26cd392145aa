"""Delivery between our node and one peer: what to do next, and never how.

A `Link` knows no socket, disk or clock. Whoever runs it tells it what happened, with the time, and
carries out the actions that it returns; so two links can be run against each other in memory.

It keeps nothing that must survive. The record is the outbox: what is addressed to the peer and has
no receipt of it is to be delivered, and a receipt counts once it stands in our record. After a
crash a new `Link` begins from there. Everything is done at least once and counted once, because the
peer's record knows what it has.

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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .actions import Action
from .desk import SILENCE_S, Desk, HeldChannel, Worker
from .lanes import LANES, Lane, lane_of
from .outcomes import BlobOutcome, LoadOutcome, PostOutcome, PullOutcome, RunOutcome, StoreOutcome
from .pulling import Puller
from .sending import Sender


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """How a lane does in one direction.

    Attributes:
        busy: what it waits for at the moment: `idle`, `load`, `post`, `blob`, `store`, `pull`,
            `pause` (between repetitions).
        failures: in a row.
        last_failure: what the last one was, if there is any since the last success.
        last_success: when the peer last took something, or answered when asked.
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
        self.peer = peer
        self._desk = Desk(peer, jitter)
        self._senders = {lane: Sender(self._desk, lane, on=push) for lane in LANES}
        self._pullers = {lane: Puller(self._desk, lane, on=pull) for lane in LANES}
        self._heard: float | None = None

    @property
    def wake_at(self) -> float | None:
        """When `tick` has something to do at the latest, if nothing happens before."""
        times = [worker.wake_at for worker in self._workers()]
        times += [self._desk.sent.next_due(), self._desk.pulled.next_due()]
        return min((time for time in times if time is not None), default=None)

    @property
    def held(self) -> tuple[HeldChannel, ...]:
        """The channels that stand still; `receipts` stands for those of either side."""
        return (*self._desk.sent.channels.values(), *self._desk.pulled.channels.values())

    def status(self, lane: Lane, *, pulling: bool = False) -> LaneStatus:
        """How a lane does: what is sent, or what is pulled."""
        worker = (self._pullers if pulling else self._senders)[lane]
        return LaneStatus(worker.phase, worker.failures, worker.last_failure, worker.last_success)

    # --- what happens ------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:
        """Begin: once, before anything else."""
        return self._work(now)

    def tick(self, now: float) -> list[Action]:
        """Time has passed: repetitions that are due, requests that take too long."""
        done: list[Action] = []
        for channel in sorted(self._desk.sent.due(now)):
            self._senders[lane_of(channel)].rescan()
        if self._desk.pulled.due(now):
            self._poll_now()
        for worker in self._workers():
            done += worker.tick(now)
        return [*done, *self._work(now)]

    def recorded(self, now: float) -> list[Action]:
        """Our record has grown; there may be something new for the peer."""
        return [action for lane in LANES for action in self._senders[lane].recorded(now)]

    def peer_heard(self, now: float) -> list[Action]:
        """The peer gave a sign of life: it answered a beat, or called us (authenticated).

        After a silence, what waits to be repeated is repeated at once, and requests from before it
        are given up: so tell first what the peer has answered, if that is the sign of life.
        """
        before, self._heard = self._heard, now
        if before is not None and now - before < SILENCE_S:
            return []
        return [action for worker in self._workers() for action in worker.hurry(now)]

    def set_modes(self, *, push: bool, pull: bool, now: float) -> list[Action]:
        """Change who calls whom; see the class. What is under way is finished."""
        for lane in LANES:
            self._senders[lane].on = push
            self._pullers[lane].on = pull
        return self._work(now)

    def release(self, channel: str, now: float) -> list[Action]:
        """Try a channel that is held again at once: something was done about it."""
        if self._desk.sent.try_again(channel):
            self._senders[lane_of(channel)].rescan()
        if self._desk.pulled.try_again(channel):
            self._poll_now()
        return self._work(now)

    def release_refused(self, now: float) -> list[Action]:
        """Try everything again that was refused: the peer's node was started anew, or ours was.

        Contradictions stay.
        """
        refused = [each.channel for each in self.held if each.again_at is not None]
        return [action for channel in refused for action in self.release(channel, now)]

    def peer_holds(self, ends: Mapping[str, int], now: float) -> list[Action]:
        """The peer says how far it has our channels (it was restored): send what is beyond.

        Args:
            ends: number of our newest envelope that it holds, for each channel of ours with
                anything for it; 0 for none at all.
        """
        for channel, newest in sorted(ends.items()):
            sender = self._senders[lane_of(channel)]
            if sender.on:  # one that cannot be called fetches it, as `pull_again`
                sender.send_run(channel, newest + 1)
        return self._work(now)

    def pull_again(self, ends: Mapping[str, int], now: float) -> list[Action]:
        """We were restored, and the peer cannot call us: fetch what is beyond what we hold.

        Args:
            ends: number of the peer's newest envelope that we hold, for each of its channels.
        """
        for channel, newest in sorted(ends.items()):
            self._pullers[lane_of(channel)].pull_run(channel, newest + 1)
        return self._work(now)

    # --- what came of actions ----------------------------------------------------------------

    def loaded(self, token: int, page: LoadOutcome, now: float) -> list[Action]:
        """Answer to `LoadOutbox`."""
        sender = self._sender(token)
        return [] if sender is None else sender.loaded(page, now)

    def run_loaded(self, token: int, page: RunOutcome, now: float) -> list[Action]:
        """Answer to `LoadRun`."""
        sender = self._sender(token)
        return [] if sender is None else sender.run_loaded(page, now)

    def receipts_loaded(self, token: int, page: LoadOutcome, now: float) -> list[Action]:
        """Answer to `LoadReceipts`."""
        puller = self._puller(token)
        return [] if puller is None else puller.receipts_loaded(page, now)

    def answered(self, token: int, answer: PostOutcome, now: float) -> list[Action]:
        """Answer to `Post`."""
        worker = self._sender(token) or self._puller(token)
        return [] if worker is None else worker.answered(answer, now)

    def blob_pushed(self, token: int, outcome: BlobOutcome, now: float) -> list[Action]:
        """Answer to `PushBlob`."""
        sender = self._sender(token)
        return [] if sender is None else sender.blob_pushed(outcome, now)

    def stored(self, token: int, outcome: StoreOutcome, now: float) -> list[Action]:
        """Answer to `Store`."""
        worker = self._sender(token) or self._puller(token)
        return [] if worker is None else worker.stored(outcome, now)

    def pulled(self, token: int, page: PullOutcome, now: float) -> list[Action]:
        """Answer to `Pull` or `PullRun`."""
        puller = self._puller(token)
        return [] if puller is None else puller.pulled(page, now)

    def blob_fetched(self, token: int, outcome: BlobOutcome, now: float) -> list[Action]:
        """Answer to `FetchBlob`."""
        puller = self._puller(token)
        return [] if puller is None else puller.blob_fetched(outcome, now)

    # --- inside ------------------------------------------------------------------------------

    def _workers(self) -> Iterator[Worker]:
        for lane in LANES:
            yield self._senders[lane]
            yield self._pullers[lane]

    def _work(self, now: float) -> list[Action]:
        return [action for worker in self._workers() for action in worker.work(now)]

    def _poll_now(self) -> None:
        for puller in self._pullers.values():
            puller.poll_now()

    def _sender(self, token: int) -> Sender | None:
        return next((each for each in self._senders.values() if each.waits_for(token)), None)

    def _puller(self, token: int) -> Puller | None:
        return next((each for each in self._pullers.values() if each.waits_for(token)), None)
