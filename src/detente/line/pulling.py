"""One lane of what we fetch from a peer that cannot call us: ask, keep, and bring our receipts.

The peer's outbox is read a page at a time, from the beginning once its end is reached: what is
still in it then is new, or its receipt never arrived.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from .actions import Action, FetchBlob, LoadReceipts, Post, Pull, PullRun, Store
from .desk import CHAIN, RECEIPTS, Desk, Worker
from .lanes import BATCH_ENVELOPES_MAX, Lane
from .outcomes import (
    Accepted,
    BlobGone,
    BlobOutcome,
    BlobsMissing,
    Busy,
    EnvelopeRefused,
    Failed,
    Item,
    LoadOutcome,
    OutOfOrder,
    PostOutcome,
    PulledPage,
    PullOutcome,
    Pushed,
    Stored,
    StoreFailed,
    StoreOutcome,
)

GAP_TRIES_MAX: Final = 3
"""So often the peer is asked for a number that our record misses, before that is a refusal."""
BLOB_GONE: Final = "record.blob"


class Puller(Worker):
    """Fetches what belongs to one lane."""

    def __init__(self, desk: Desk, lane: Lane, *, on: bool) -> None:
        super().__init__(desk, lane)
        self.on = on
        self._first = 0
        self._poll_at: float | None = None
        self._runs: deque[tuple[str, int]] = deque()
        self._run: tuple[str, int] | None = None
        self._page: PulledPage | None = None
        self._blobs: deque[str] = deque()
        self._fetched: set[str] = set()
        self._asked: dict[str, tuple[int, int]] = {}
        self._receipts_newest = 0
        self._receipts: tuple[Item, ...] = ()
        self._receipts_asked: tuple[int, int] = (0, 0)

    @property
    def wake_at(self) -> float | None:
        """See `Worker`."""
        if self.phase == "idle":
            return self._poll_at if self.on else None
        return self._until

    def tick(self, now: float) -> list[Action]:
        """See `Worker`."""
        return self.work(now) if self.phase == "idle" else super().tick(now)

    def poll_now(self) -> None:
        """Do not wait until it is time to ask."""
        self._poll_at = None

    def pull_run(self, channel: str, first: int) -> None:
        """Fetch a channel from a number on."""
        self._runs.append((channel, first))
        self._poll_at = None

    def work(self, now: float) -> list[Action]:
        """See `Worker`."""
        if self.phase != "idle" or not self.on:
            return []
        if self._runs:
            return self._pull_run(self._runs.popleft(), now)
        if self._poll_at is not None and now < self._poll_at:
            return []
        self._run = None
        token = self._wait("pull", now, now + self.patience.answer_s)
        return [Pull(token, self.lane, self._first, BATCH_ENVELOPES_MAX)]

    # --- what came of actions ----------------------------------------------------------------

    def pulled(self, page: PullOutcome, now: float) -> list[Action]:
        """Answer to `Pull` or `PullRun`."""
        match page:
            case Busy():
                return self._failed(now, "the peer is busy", page.again_s or 0.0)
            case Failed():
                return self._failed(now, page.reason)
            case PulledPage():
                pass
        self._fetched.clear()
        kept = tuple(i for i in page.items if not self.desk.pulled.skip(i.channel))
        run = self._run
        if run is not None and not self._fits(run, page):
            detail = f"We miss number {run[1]} of it, and the peer does not send that."
            done = self.desk.pulled.refused(run[0], run[1], CHAIN, detail, now)
            return [*done, *self._next_page(replace(page, next=None), now)]
        self._page = replace(page, items=kept)
        if kept:
            return self._store(now, self._page)
        return self._bring_receipts(self._page, now)

    def stored(self, outcome: StoreOutcome, now: float) -> list[Action]:
        """Answer to `Store`."""
        page = self._page
        if page is None:
            return []
        match outcome:
            case Stored():
                self._receipts_newest = outcome.receipts_newest
                channels = {item.channel for item in page.items}
                for channel in channels:
                    self._asked.pop(channel, None)
                done = [*self.desk.store_works(), *self.desk.pulled.taken(channels)]
                return [*done, *self._bring_receipts(page, now)]
            case StoreFailed():
                return self._store_failed(now, outcome.reason)
            case OutOfOrder():
                return self._out_of_order(page, outcome, now)
            case BlobsMissing():
                return self._blobs_missing(page, outcome, now)
            case EnvelopeRefused():
                if not 0 <= outcome.number < len(page.items):
                    return self._failed(now, "our record refuses what it was not given")
                item = page.items[outcome.number]
                return self._hold(page, item, outcome.code, outcome.message, now)

    def blob_fetched(self, outcome: BlobOutcome, now: float) -> list[Action]:
        """Answer to `FetchBlob`."""
        page = self._page
        if page is None or not self._blobs:
            return []
        match outcome:
            case Pushed():
                self._blobs_slow = 0
                self._fetched.add(self._blobs.popleft())
                return self._fetch_next(now) if self._blobs else self._store(now, page)
            case BlobGone():
                sha256 = self._blobs.popleft()
                item = next(i for i in page.items if sha256 in i.blobs)
                detail = f"The peer does not send the file {sha256}."
                return self._hold(page, item, BLOB_GONE, detail, now)
            case StoreFailed():
                return self._store_failed(now, outcome.reason)
            case Busy():
                return self._failed(now, "the peer is busy", outcome.again_s or 0.0)
            case Failed():
                return self._failed(now, outcome.reason)

    def receipts_loaded(self, page: LoadOutcome, now: float) -> list[Action]:
        """Answer to `LoadReceipts`."""
        if isinstance(page, StoreFailed):
            return self._store_failed(now, page.reason)
        done = self.desk.store_works()
        if not page.items:
            return [*done, *self._receipts_brought(now)]
        self._receipts = page.items
        token = self._wait("post", now, now + self.patience.answer_s)
        envelopes = tuple(item.envelope for item in page.items)
        return [*done, Post(token, self.lane, envelopes, (), (), page.receipts_held)]

    def answered(self, answer: PostOutcome, now: float) -> list[Action]:
        """Answer to `Post` of our receipts. Those of the peer in it are left to `Sender`."""
        match answer:
            case Accepted():
                last = self._receipts[-1].seq
                self._receipts_asked = (0, 0)
                if last < self._receipts_newest:
                    return self._load_receipts(now, last)
                return self._receipts_brought(now)
            case OutOfOrder():
                last, tries = self._receipts_asked
                tries = tries + 1 if last == answer.expected else 1
                self._receipts_asked = answer.expected, tries
                if answer.expected > self._receipts_newest + 1 or tries > GAP_TRIES_MAX:
                    detail = (
                        f"The peer wants our receipt number {answer.expected}; "
                        f"ours end with number {self._receipts_newest}."
                    )
                    done = self.desk.sent.contradicted(RECEIPTS, answer.expected, detail)
                    return [*done, *self._failed(now, detail)]
                return self._load_receipts(now, answer.expected - 1)
            case EnvelopeRefused():
                done = self.desk.sent.refused(RECEIPTS, 0, answer.code, answer.message, now)
                return [*done, *self._failed(now, f"our receipts: {answer.message}")]
            case BlobsMissing():
                return self._failed(now, "it wants files of receipts")
            case Busy():
                return self._failed(now, "the peer is busy", answer.again_s or 0.0)
            case Failed():
                return self._failed(now, answer.reason)

    def _failed(self, now: float, reason: str, busy_s: float | None = None) -> list[Action]:
        if self._run is not None:
            self._runs.appendleft(self._run)
            self._run = None
        self._page = None
        self._poll_at = None
        self._first = 0
        return super()._failed(now, reason, busy_s)

    # --- steps -------------------------------------------------------------------------------

    def _pull_run(self, run: tuple[str, int], now: float) -> list[Action]:
        self._run = run
        token = self._wait("pull", now, now + self.patience.answer_s)
        return [PullRun(token, self.lane, run[0], run[1], BATCH_ENVELOPES_MAX)]

    def _fits(self, run: tuple[str, int], page: PulledPage) -> bool:
        """Whether a run has something for us that begins where we asked."""
        channel, first = run
        if not page.items:
            return channel not in self._asked
        return (page.items[0].seq == first or bool(page.erasures)) and all(
            item.channel == channel for item in page.items
        )

    def _store(self, now: float, page: PulledPage) -> list[Action]:
        envelopes = tuple(item.envelope for item in page.items)
        token = self._wait("store", now)
        return [Store(token, self.lane, envelopes, page.erasures, page.withheld)]

    def _fetch_next(self, now: float) -> list[Action]:
        return [
            FetchBlob(self._wait("blob", now, self._blob_until(now)), self.lane, self._blobs[0])
        ]

    def _out_of_order(self, page: PulledPage, outcome: OutOfOrder, now: float) -> list[Action]:
        channel, expected = outcome.channel, outcome.expected
        item = next((i for i in page.items if i.channel == channel), None)
        if item is None:
            return self._failed(now, "our record misses what was not pulled")
        if item.seq <= expected:
            detail = (
                f"The peer sends another number {item.seq} than ours; "
                f"we hold it up to number {expected - 1}."
            )
            done = self.desk.pulled.contradicted(channel, item.seq, detail)
            return [*done, *self._rest_of(page, channel, now)]
        last, tries = self._asked.get(channel, (0, 0))
        tries = tries + 1 if last == expected else 1
        self._asked[channel] = expected, tries
        if tries > GAP_TRIES_MAX:
            self._asked.pop(channel)
            detail = f"We miss number {expected} of it, and cannot get it."
            done = self.desk.pulled.refused(channel, expected, CHAIN, detail, now)
            return [*done, *self._rest_of(page, channel, now)]
        self._page = None
        return self._pull_run((channel, expected), now)

    def _blobs_missing(self, page: PulledPage, outcome: BlobsMissing, now: float) -> list[Action]:
        named = {sha256 for item in page.items for sha256 in item.blobs}
        wanted = set(outcome.sha256)
        if not wanted or wanted - named or wanted & self._fetched:
            return self._failed(now, "our record misses files that it has, or that nothing names")
        self._blobs = deque(outcome.sha256)
        return self._fetch_next(now)

    def _hold(
        self, page: PulledPage, item: Item, code: str, detail: str, now: float
    ) -> list[Action]:
        held = self.desk.pulled.refused(item.channel, item.seq, code, detail, now)
        return [*held, *self._rest_of(page, item.channel, now)]

    def _rest_of(self, page: PulledPage, channel: str, now: float) -> list[Action]:
        rest = replace(page, items=tuple(i for i in page.items if i.channel != channel))
        self._page = rest
        return self._store(now, rest) if rest.items else self._bring_receipts(rest, now)

    def _bring_receipts(self, page: PulledPage, now: float) -> list[Action]:
        if self._receipts_newest > page.receipts_held:
            return self._load_receipts(now, page.receipts_held)
        if page.items and self._run is None and self._receipts_newest:
            # It offers what we have given receipts for, so it has not all of them, whatever it
            # says: they are in another channel since one side runs on an old copy.
            return self._load_receipts(now, 0)
        return self._next_page(page, now)

    def _load_receipts(self, now: float, after: int) -> list[Action]:
        return [LoadReceipts(self._wait("load", now), self.lane, after, BATCH_ENVELOPES_MAX)]

    def _receipts_brought(self, now: float) -> list[Action]:
        self.desk.sent.settle(RECEIPTS)
        page = self._page
        return [] if page is None else self._next_page(page, now)

    def _next_page(self, page: PulledPage, now: float) -> list[Action]:
        self._succeeded(now)
        done: list[Action] = []
        self._page = None
        run, self._run = self._run, None
        if run is not None:
            # Whatever the run was needed for comes again from the beginning.
            self._poll_at, self._first = None, 0
            if page.next is not None:
                self._runs.appendleft((run[0], page.next))
        elif page.next is None:
            self._poll_at, self._first = now + self.patience.poll_s, 0
            done += self.desk.pulled.nothing_left(self.has)
        else:
            self._poll_at, self._first = None, page.next
        return [*done, *self._go_on(now)]
