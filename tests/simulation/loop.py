"""An event loop without threads, sockets or waiting: time jumps to the next timer.

A step is one callback that the loop runs. Callbacks that belong to a stalled process are parked
until it goes on, in their order, as if the operating system did not schedule it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")


class Process:
    """What may stall or die by itself: every task created by `spawn` and by these tasks.

    Args:
        name: for the story that is told of a failure.
        failed: told of whatever makes a task end before its time.
    """

    def __init__(self, name: str, failed: Callable[[str], None]) -> None:
        self.name = name
        self._failed = failed
        self.dead = False
        self.stalled = False
        self.parked: deque[asyncio.Handle] = deque()
        self._tasks: dict[asyncio.Task[Any], None] = {}  # a set would not keep the order
        self._context: Context = copy_context()
        self._context.run(OWNER.set, self)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in this process."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work, context=self._context.copy())
        self.adopt(task)
        return task

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Have a task end with the process."""
        self._tasks[task] = None
        task.add_done_callback(self._forget)

    def kill(self) -> None:
        """End it: from now on nothing that it does has an effect.

        Its tasks are unwound at once, so that nothing is left to the garbage collector, whose
        timing is not determined by the seed.
        """
        self.dead = True
        resume(self)
        for task in list(self._tasks):
            task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None and not self.dead:
            self._failed(f"{self.name}: {error!r}")


OWNER: ContextVar[Process | None] = ContextVar("OWNER", default=None)


def resume(process: Process) -> None:
    """Let a stalled process go on."""
    process.stalled = False
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.put_back(process.parked)


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module's text.

    Args:
        after_step: called after every callback; what it raises ends the run.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, after_step: Callable[[], None]) -> None:
        super().__init__()
        self.steps = 0
        self._now_s = 0.0
        self._after_step = after_step

    def time(self) -> float:
        return self._now_s

    def put_back(self, handles: deque[asyncio.Handle]) -> None:
        """Have parked callbacks run after all."""
        self._ready.extend(handles)
        handles.clear()

    def _run_once(self) -> None:
        ready = self._ready
        if not ready:
            self._advance()
        handle = ready.popleft()
        if handle.cancelled():
            return
        owner = handle._context.get(OWNER)  # type: ignore[attr-defined]
        if owner is not None and owner.stalled:
            owner.parked.append(handle)
            return
        handle._run()
        self.steps += 1
        self._after_step()

    def _advance(self) -> None:
        scheduled = self._scheduled
        while scheduled and scheduled[0].cancelled():
            heapq.heappop(scheduled)
        if not scheduled:
            raise RuntimeError("everything waits and nothing will ever happen")
        self._now_s = max(self._now_s, scheduled[0].when())
        while scheduled and scheduled[0].when() <= self._now_s:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]
            if not timer.cancelled():
                self._ready.append(timer)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass  # cancelled timers are dropped when their time comes

    def _process_events(self, event_list: object) -> None:
        pass

    def _write_to_self(self) -> None:
        pass
