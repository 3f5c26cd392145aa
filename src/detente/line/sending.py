"""One lane of what we send to a peer: load a batch, post it, keep the receipts, and again.

One batch is in flight. While the receipts of one are being stored the next is loaded and posted
already; what the peer says to that one is looked at only once they are stored. What is loaded
depends on the record alone, so whatever is lost on the way, here or there, is loaded again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from .actions import Action, Cancel, LoadOutbox, LoadRun, Post, PushBlob, Report, Store, Trouble
from .batches import Batch, Kept, Run
from .desk import CHAIN, RECEIPTS, Desk, Worker
from .lanes import BATCH_BYTES_MAX, BATCH_ENVELOPES_MAX, Lane
from .outcomes import (
    Accepted,
    BlobGone,
    BlobOutcome,
    BlobsMissing,
    Busy,
    EnvelopeRefused,
    Failed,
    LoadOutcome,
    OutOfOrder,
    PostOutcome,
    Pushed,
    RunOutcome,
    Stored,
    StoreFailed,
    StoreOutcome,
)

RUN_TRIES_MAX: Final = 3
"""So often a peer may ask for the same number, and get it, before that is a refusal."""
RUNS_ASKED_MAX: Final = 12
"""So often it may ask for any number of a channel, of which it takes nothing in between."""


class Sender(Worker):
    """Sends what belongs to one lane."""

    def __init__(self, desk: Desk, lane: Lane, *, on: bool) -> None:
        super().__init__(desk, lane)
        self.on = on
        self._more = True
        self._floor = -1
        self._runs: deque[Run] = deque()
        self._run: Run | None = None
        self._batch: Batch | None = None
        self._kept: Kept | None = None
        self._answer: PostOutcome | None = None
        self._ahead_of: Kept | None = None
        self._blobs: deque[str] = deque()
        self._asked: dict[str, tuple[int, int, int]] = {}
        self._lost: set[str] = set()
        self._sent_before: tuple[int, int] | None = None

    # --- what happens ------------------------------------------------------------------------

    def recorded(self, now: float) -> list[Action]:
        """There may be something new."""
        self._more = True
        return self.work(now)

    def rescan(self) -> None:
        """Look at the whole outbox again: what was passed over may go now."""
        self._floor = -1
        self._more = True
        if self._kept is not None:
            self._kept = replace(self._kept, goes_on=False)

    def send_run(self, channel: str, first: int) -> None:
        """Send a channel from a number on."""
        queued = next((run for run in self._runs if run.channel == channel), None)
        if queued is not None:
            self._runs.remove(queued)
            first = min(first, queued.first)
        self._runs.append(Run(channel, first))

    def waits_for(self, token: int) -> bool:
        """See `Worker`."""
        return super().waits_for(token) or (self._kept is not None and self._kept.token == token)

    def work(self, now: float) -> list[Action]:
        """See `Worker`."""
        if self.phase != "idle" or not self.on:
            return []
        if self._kept is not None:
            return self._work_ahead(self._kept, now)
        if self._runs:
            return self._load_run(now, self._runs.popleft())
        if not self._more:
            return []
        self._more = False
        self._ahead_of = None
        return [self._load(now, self._floor)]

    # --- what came of actions ----------------------------------------------------------------

    def loaded(self, page: LoadOutcome, now: float) -> list[Action]:
        """Answer to `LoadOutbox`."""
        if isinstance(page, StoreFailed):
            self._more = True
            return self._store_failed(now, page.reason)
        done = self.desk.store_works()
        before = self._ahead_of
        if before is not None:
            self._more = True  # the outbox from its floor on: what has no receipt is there
            if page.items:
                held = max(page.receipts_held, before.receipts_to)
                return [*done, *self._post(Batch.of(page, held), now)]
            if self._kept is not None:
                self._kept = replace(self._kept, goes_on=False)
            return [*done, *self._go_on(now)]
        if not page.items:
            self._floor = max(self._floor, page.through)
            done += self.desk.sent.nothing_left(self.has)
            return [*done, *self._go_on(now)]
        self._more = True
        self._floor = page.items[0].index - 1
        mark = page.items[0].index, page.receipts_held
        if mark == self._sent_before:
            # Taken, it said, and yet no receipt of it is here.
            self._sent_before = None
            return [*done, *self._failed(now, "no receipt for what was taken")]
        return [*done, *self._post(Batch.of(page, page.receipts_held), now)]

    def run_loaded(self, page: RunOutcome, now: float) -> list[Action]:
        """Answer to `LoadRun`."""
        run = self._run
        if run is None:
            return []
        if isinstance(page, StoreFailed):
            self._runs.appendleft(run)
            return self._store_failed(now, page.reason)
        done = self.desk.store_works()
        contradiction = run.contradiction(page)
        if contradiction:
            done += self.desk.sent.contradicted(run.channel, run.first, contradiction)
            return [*done, *self._go_on(now)]
        if not page.items:
            return [*done, *self._go_on(now)]
        if run.first <= page.answered and run.channel not in self._lost:
            self._lost.add(run.channel)
            detail = (
                f"It has given receipts up to number {page.answered}, "
                f"and asks for number {run.first}."
            )
            done.append(
                Report(Trouble.PEER_LOST, self.desk.peer, run.channel, run.first, None, detail)
            )
        batch = Batch(page.items, page.erasures, page.receipts_held, run_to=page.newest)
        return [*done, *self._post(batch, now)]

    def answered(self, answer: PostOutcome, now: float) -> list[Action]:
        """Answer to `Post`."""
        batch = self._batch
        if batch is None:
            return []
        if self._kept is not None and not isinstance(answer, Busy | Failed):
            self._answer = answer
            return self._wait_for_store()
        match answer:
            case Accepted():
                return self._accepted(batch, answer, now)
            case OutOfOrder():
                return self._out_of_order(batch, answer, now)
            case BlobsMissing():
                return self._blobs_missing(batch, answer, now)
            case EnvelopeRefused():
                return self._refused(batch, answer, now)
            case Busy():
                return self._failed(now, "the peer is busy", answer.again_s or 0.0)
            case Failed():
                return self._failed(now, answer.reason)

    def blob_pushed(self, outcome: BlobOutcome, now: float) -> list[Action]:
        """Answer to `PushBlob`."""
        batch = self._batch
        if batch is None or not self._blobs:
            return []
        match outcome:
            case Pushed() | BlobGone():
                self._blobs_slow = 0
                sha256 = self._blobs.popleft()
                done: list[Action] = []
                if isinstance(outcome, BlobGone):
                    batch = replace(batch, withheld=(*batch.withheld, sha256))
                    item = next((i for i in batch.items if sha256 in i.blobs), None)
                    done.append(
                        Report(
                            Trouble.BLOB_GONE,
                            self.desk.peer,
                            item.channel if item else None,
                            item.seq if item else None,
                            None,
                            f"The file {sha256} is not here.",
                        )
                    )
                self._batch = batch
                return [*done, *(self._push_next(now) if self._blobs else self._post(batch, now))]
            case StoreFailed():
                return self._store_failed(now, outcome.reason)
            case Busy():
                return self._failed(now, "the peer is busy", outcome.again_s or 0.0)
            case Failed():
                return self._failed(now, outcome.reason)

    def stored(self, outcome: StoreOutcome, now: float) -> list[Action]:
        """Answer to `Store`: the receipts of what was taken."""
        if self._kept is None:
            return []
        batch, self._kept = self._kept.batch, None
        answer, self._answer = self._answer, None
        if isinstance(outcome, Stored):
            self.desk.pulled.settle(RECEIPTS)
            done = [*self.desk.store_works(), *self._done(batch, now)]
            if answer is not None:
                return [*done, *self.answered(answer, now)]
            return [*done, *(self._go_on(now) if self.phase == "store" else [])]
        # What was sent ahead reckons with these receipts: it is begun anew.
        paused = self.phase == "pause"
        done = [Cancel(self._token)] if self.phase == "post" and self._token is not None else []
        self._batch = batch
        if isinstance(outcome, StoreFailed):
            done += self.desk.store_fails(outcome.reason)
            why = f"our record: {outcome.reason}"
        elif isinstance(outcome, OutOfOrder) and not batch.again:
            # It keeps them in another channel now, as after an old copy was restored.
            if not paused:
                after = outcome.expected - 1
                again = replace(batch, again=True, receipts_after=after)
                return [*done, *self._post(again, now)]
            why = "receipts are to be asked for again"
        else:
            done += self.desk.receipts_unfit(outcome)
            why = "receipts do not fit"
        if paused:
            self._batch = None
            return done
        return [*done, *self._failed(now, why)]

    def _failed(self, now: float, reason: str, busy_s: float | None = None) -> list[Action]:
        batch = self._batch
        if batch is not None and batch.run_to is not None:
            # Of a run nothing may be unanswered: the outbox would not bring it up again.
            self._runs.appendleft(Run(batch.items[0].channel, batch.items[0].seq))
        self._batch = None
        self._more = True
        return super()._failed(now, reason, busy_s)

    # --- steps -------------------------------------------------------------------------------

    def _load(self, now: float, after: int) -> LoadOutbox:
        return LoadOutbox(
            self._wait("load", now),
            self.lane,
            after,
            BATCH_ENVELOPES_MAX,
            BATCH_BYTES_MAX,
            self.desk.sent.skipped(self.has),
        )

    def _work_ahead(self, kept: Kept, now: float) -> list[Action]:
        """Send what follows while receipts are being stored."""
        if self._runs or not kept.goes_on:
            return self._wait_for_store()
        self._ahead_of = kept
        return [self._load(now, kept.batch.items[-1].index)]

    def _wait_for_store(self) -> list[Action]:
        self._rest()
        self.phase = "store"
        return []

    def _load_run(self, now: float, run: Run) -> list[Action]:
        self._run = run
        return [
            LoadRun(
                self._wait("load", now),
                self.lane,
                run.channel,
                run.first,
                BATCH_ENVELOPES_MAX,
                BATCH_BYTES_MAX,
            )
        ]

    def _post(self, batch: Batch, now: float) -> list[Action]:
        self._batch = batch
        return [
            Post(
                self._wait("post", now, now + self.patience.answer_s),
                self.lane,
                tuple(item.envelope for item in batch.items),
                batch.erasures,
                batch.withheld,
                batch.receipts_after,
            )
        ]

    def _push_next(self, now: float) -> list[Action]:
        token = self._wait("blob", now, self._blob_until(now))
        return [PushBlob(token, self.lane, self._blobs[0])]

    def _accepted(self, batch: Batch, answer: Accepted, now: float) -> list[Action]:
        if answer.receipts:
            token = self.desk.token()
            reached = batch.receipts_after + len(answer.receipts)
            self._kept = Kept(token, batch, reached, batch.goes_on)
            self._batch = None
            store = Store(token, self.lane, answer.receipts, (), ())
            return [store, *self._go_on(now)]
        if answer.newest < batch.receipts_after and not batch.again:
            return self._post(replace(batch, again=True, receipts_after=0), now)
        if answer.newest < batch.receipts_after:
            done = self.desk.pulled.refused(
                RECEIPTS,
                answer.newest + 1,
                CHAIN,
                f"We hold its receipts up to number {batch.receipts_after}, "
                f"and it says that it has made {answer.newest}.",
                now,
            )
            return [*done, *self._failed(now, "the peer has lost its receipts")]
        self._batch = None
        return [*self._done(batch, now), *self._go_on(now)]

    def _done(self, batch: Batch, now: float) -> list[Action]:
        """The batch is on the peer's disk, and what it gave us for it on ours."""
        if self.phase != "pause":
            self._succeeded(now)
        channels = batch.channels
        self._lost -= channels
        for channel in channels:
            self._asked.pop(channel, None)
        if batch.run_to is None:
            self._sent_before = batch.items[0].index, batch.receipts_after
        elif batch.items[-1].seq < batch.run_to:
            self._runs.appendleft(Run(batch.items[-1].channel, batch.items[-1].seq + 1))
        return self.desk.sent.taken(channels)

    def _out_of_order(self, batch: Batch, answer: OutOfOrder, now: float) -> list[Action]:
        channel, expected = answer.channel, answer.expected
        if channel not in batch.channels:
            return self._nonsense(now, f"It has a gap in {channel!r}, of which nothing was sent.")
        last, tries, asked = self._asked.get(channel, (0, 0, 0))
        tries, asked = tries + 1 if last == expected else 1, asked + 1
        self._asked[channel] = expected, tries, asked
        if tries > RUN_TRIES_MAX or asked > RUNS_ASKED_MAX:
            self._asked.pop(channel)
            detail = f"It asks for number {expected} again and again, and gets it."
            if tries <= RUN_TRIES_MAX:
                detail = f"It asks for one number after another, now {expected}, and takes none."
            done = self.desk.sent.refused(channel, expected, CHAIN, detail, now)
            return [*done, *self._rest_of(batch.without(channel), now)]
        self._batch = None
        return self._load_run(now, Run(channel, expected, answer.previous, checked=True))

    def _blobs_missing(self, batch: Batch, answer: BlobsMissing, now: float) -> list[Action]:
        known = batch.pushed | set(batch.withheld)
        named = {sha256 for item in batch.items for sha256 in item.blobs}
        if not answer.sha256 or known & set(answer.sha256) or set(answer.sha256) - named:
            return self._nonsense(now, "It misses files that it has, or that nothing names.")
        self._blobs = deque(answer.sha256)
        self._batch = replace(batch, pushed=batch.pushed | set(answer.sha256))
        return self._push_next(now)

    def _refused(self, batch: Batch, answer: EnvelopeRefused, now: float) -> list[Action]:
        if not 0 <= answer.number < len(batch.items):
            return self._nonsense(now, f"It refuses envelope {answer.number}, which was not sent.")
        item = batch.items[answer.number]
        held = self.desk.sent.refused(item.channel, item.seq, answer.code, answer.message, now)
        return [*held, *self._rest_of(batch.without(item.channel), now)]

    def _rest_of(self, batch: Batch, now: float) -> list[Action]:
        if batch.items:
            return self._post(batch, now)
        self._batch = None
        self._more = True
        return self._go_on(now)

    def _nonsense(self, now: float, detail: str) -> list[Action]:
        report = Report(Trouble.UNREADABLE, self.desk.peer, detail=detail)
        told = [] if self.last_failure == detail else [report]
        return [*told, *self._failed(now, detail)]
