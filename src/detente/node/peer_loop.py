"""Runs a `Link`: carries out what it asks for with our record and over the network.

Each action is a task of its own; what came of it goes back into the link at once, and what the link
asks for then begins at once. Nothing is polled: the link is told when our record has grown, when
the peer was heard, and when the time has come that it named.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, assert_never

from detente.line.actions import (
    Action,
    Cancel,
    FetchBlob,
    LoadOutbox,
    LoadReceipts,
    LoadRun,
    Post,
    Pull,
    PullRun,
    PushBlob,
    Report,
    Store,
)
from detente.line.delivery import Link
from detente.line.outcomes import BlobOutcome, PostOutcome, PullOutcome

from .line_store import LineStore


class LineCalls(Protocol):
    """The peer, as this node calls it."""

    async def post(self, action: Post) -> PostOutcome:
        """Give envelopes to the peer's inbox."""

    async def push_blob(self, action: PushBlob) -> BlobOutcome:
        """Give the peer a blob."""

    async def pull(self, action: Pull | PullRun) -> PullOutcome:
        """Ask what the peer has for us."""

    async def fetch_blob(self, action: FetchBlob) -> BlobOutcome:
        """Get a blob from the peer."""


class LinkRunner:
    """Runs one link while `run` runs."""

    def __init__(
        self,
        link: Link,
        store: LineStore,
        calls: LineCalls,
        *,
        report: Callable[[Report], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        link: not started yet.
        store: our record, for this peer.
        calls: the peer.
        report: told what officers must hear of.
        now: seconds of a clock that never goes back.
        """
        self.link = link
        self._store = store
        self._calls = calls
        self._report = report
        self._now = now
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._failed: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Run the link until this is cancelled.

        Raises:
            Exception: an action or the link itself failed in a way that nobody foresaw.
        """
        self._failed = asyncio.get_running_loop().create_future()
        try:
            self._do(self.link.start(self._now()))
            await self._failed
        finally:
            self._failed = None
            if self._timer is not None:
                self._timer.cancel()
            running = list(self._tasks.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def recorded(self) -> None:
        """Our record has grown."""
        if self._failed is not None:
            self._do(self.link.recorded(self._now()))

    def peer_heard(self) -> None:
        """The peer has given a sign of life."""
        if self._failed is not None:
            self._do(self.link.peer_heard(self._now()))

    def release(self, channel: str) -> None:
        """Try a channel that is held again."""
        if self._failed is not None:
            self._do(self.link.release(channel, self._now()))

    def peer_holds(self, ends: dict[str, int]) -> None:
        """The peer was restored, and says how far it has our channels."""
        if self._failed is not None:
            self._do(self.link.peer_holds(ends, self._now()))

    # --- inside ------------------------------------------------------------------------------

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Report):
                self._report(action)
            elif isinstance(action, Cancel):
                task = self._tasks.pop(action.token, None)
                if task is not None:
                    task.cancel()
            else:
                self._begin(action.token, self._carry_out(action))
        self._set_timer()

    def _begin(self, token: int, work: Coroutine[Any, Any, list[Action]]) -> None:
        async def whole() -> None:
            try:
                actions = await work
                if self._tasks.get(token) is task:
                    del self._tasks[token]
                if self._failed is not None:
                    self._do(actions)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a fault here must stop the node's line loudly
                self._fail(error)

        task = asyncio.create_task(whole())
        self._tasks[token] = task

    def _fail(self, error: Exception) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self.link.wake_at
        if at is not None and self._failed is not None:
            delay_s = max(0.0, at - self._now())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            self._do(self.link.tick(self._now()))
        except Exception as error:  # noqa: BLE001 - a callback has nobody to raise to
            self._fail(error)

    async def _carry_out(
        self,
        action: LoadOutbox
        | LoadRun
        | LoadReceipts
        | Post
        | PushBlob
        | Store
        | Pull
        | PullRun
        | FetchBlob,
    ) -> list[Action]:
        link, store, token = self.link, self._store, action.token
        match action:
            case LoadOutbox():
                page = await store.outbox(
                    action.lane,
                    action.after,
                    action.limit,
                    action.bytes_max,
                    action.skip,
                    always_held=False,
                )
                return link.loaded(token, page, self._now())
            case LoadRun():
                run = await store.run(action.channel, action.first, action.limit, action.bytes_max)
                return link.run_loaded(token, run, self._now())
            case LoadReceipts():
                receipts = await store.receipts(action.after, action.limit)
                return link.receipts_loaded(token, receipts, self._now())
            case Store():
                outcome = await store.take(action.envelopes, action.erasures, action.withheld)
                return link.stored(token, outcome, self._now())
            case Post():
                return link.answered(token, await self._calls.post(action), self._now())
            case PushBlob():
                pushed = await self._calls.push_blob(action)
                return link.blob_pushed(token, pushed, self._now())
            case Pull() | PullRun():
                pulled = await self._calls.pull(action)
                return link.pulled(token, pulled, self._now())
            case FetchBlob():
                fetched = await self._calls.fetch_blob(action)
                return link.blob_fetched(token, fetched, self._now())
            case _:
                assert_never(action)
