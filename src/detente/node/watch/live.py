"""Watching while it happens: feeds, tracks and monitors in a thread of their own.

The thread has an event loop on which the feeds run; between them, everything that has come is given
to the engine at once, so that whoever is slow gets more at a time and catches up. Kernels leave the
interpreter to others while they compute: officers wait for nothing here. (With a second thread for
the engine each of its kernels would wait for whoever decodes: many times as slow, as measured.)
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from detente.feeds import Reports
from detente.feeds.transports import Feed, FeedHealth, WaitingReports
from detente.watch import Engine, Event

TURN_S: Final = 0.01
"""Between two looks at what has come: many small pieces are looked at together."""
BEHIND_MAX: Final = 1000
"""Batches of events that the node may not have taken yet; the thread waits then."""
WAITING_MAX: Final = 500_000
"""Reports that may wait: five seconds of 100,000 a second."""
_log = logging.getLogger("detente.node.watch")

Events = Callable[[Sequence[Event]], Awaitable[None]]
TakesReports = Callable[[Reports], None]
MakesFeeds = Callable[[WaitingReports], Sequence[Feed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveHealth:
    """How watching is.

    Attributes:
        running: whether the thread is at work.
        feeds: how they are.
        taken: reports that were looked at.
        waiting: reports that wait.
        shed: reports given up because too many waited, by source.
        taken_out: reports that no monitor saw, by reason.
        behind_ms: how long the newest report waited, from its receipt to the end of its look.
        failed: why the thread ended, if it did.
    """

    running: bool
    feeds: Sequence[FeedHealth] = ()
    taken: int = 0
    waiting: int = 0
    shed: Counter[str] = field(default_factory=Counter)
    taken_out: Counter[str] = field(default_factory=Counter)
    behind_ms: float = 0.0
    failed: str = ""


class LiveWatch:
    """The thread.

    Args:
        engine: tracks and monitors.
        feeds: makes the feeds, on the thread's own loop.
        on_events: is given events on the caller's loop, one batch after another.
        on_reports: are given all reports on the thread, before the engine.
        clock: µs since 1970 UTC.
        waiting_max: reports that may wait to be looked at; see `WaitingReports`.
    """

    def __init__(
        self,
        engine: Engine,
        feeds: MakesFeeds,
        on_events: Events,
        on_reports: Sequence[TakesReports],
        clock: Callable[[], int],
        *,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._engine = engine
        self._make_feeds = feeds
        self._on_events = on_events
        self._on_reports = on_reports
        self._clock = clock
        self._waiting_max = waiting_max
        self._home: asyncio.AbstractEventLoop | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._feeds: Sequence[Feed] = ()
        self._waiting: WaitingReports | None = None
        self._behind_ms = 0.0
        self._failed = ""
        self._given: list[Future[None]] = []

    def start(self) -> None:
        """Begin, from the loop on which events are wanted."""
        self._home = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="detente-watch", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End, and wait until what was found has been taken."""
        loop, task, thread = self._loop, self._task, self._thread
        if thread is None:
            return
        if loop is not None and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
        await asyncio.to_thread(thread.join)
        self._thread = None

    def health(self) -> LiveHealth:
        """How it is; may be asked from any thread."""
        waiting = self._waiting
        return LiveHealth(
            running=self._thread is not None and self._thread.is_alive() and not self._failed,
            feeds=[each.health() for each in self._feeds],
            taken=self._engine.taken,
            waiting=0 if waiting is None else len(waiting),
            shed=Counter() if waiting is None else Counter(waiting.shed),
            taken_out=Counter(self._engine.taken_out),
            behind_ms=self._behind_ms,
            failed=self._failed,
        )

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - it must be seen, and must not end the node
            self._failed = f"{type(error).__name__}: {error}"
            _log.exception("watching has ended")

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._waiting = WaitingReports(self._waiting_max)
        self._feeds = self._make_feeds(self._waiting)
        running = [asyncio.create_task(each.run()) for each in self._feeds]
        try:
            while True:
                self._look(await self._waiting.get())
                await self._given_back()
                await asyncio.sleep(TURN_S)
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            self._look(self._waiting.take())

    def _look(self, reports: Reports) -> None:
        if not len(reports):
            return
        for each in self._on_reports:
            each(reports)
        events = self._engine.take(reports)
        if events and self._home is not None:
            given = asyncio.run_coroutine_threadsafe(self._taken(events), self._home)
            self._given.append(given)
        self._behind_ms = (self._clock() - int(reports.received_us[-1])) / 1000

    async def _taken(self, events: Sequence[Event]) -> None:
        try:
            await self._on_events(events)
        except Exception:  # noqa: BLE001 - what cannot be told must not end the watch
            _log.exception("events could not be told")

    async def _given_back(self) -> None:
        """Forget what was taken; wait if the node is far behind."""
        self._given = [each for each in self._given if not each.done()]
        if len(self._given) > BEHIND_MAX:
            await asyncio.wait([asyncio.wrap_future(each) for each in self._given])
