"""Work that takes longer than a request: it is begun, looked at, and its result fetched."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from detente.errors import DetenteError
from detente.http import NotFound, Overloaded
from detente.record import Clock, JsonValue
from detente.record.ijson import format_time

State = Literal["running", "done", "failed"]
Progress = Callable[[int, int], None]
Result = dict[str, JsonValue]

KEPT_MAX: Final = 50
RUNNING_MAX: Final = 2

_log = logging.getLogger("detente.node.jobs")


class NoSuchJob(NotFound):
    """There is no such job, or not for the caller."""

    def __init__(self, identity: str) -> None:
        super().__init__("There is no such job.", where=identity[:40])


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """Work that was begun.

    Attributes:
        id: of the job.
        kind: `verify` or `export`.
        by: account of whoever began it.
        state: `running`, `done` or `failed`.
        started: when.
        done, total: how much of how much, while that is known.
        result: what came of it.
        error: what went wrong.
    """

    id: str
    kind: str
    by: str
    state: State
    started: str
    done: int
    total: int
    result: dict[str, Any] | None
    error: str | None


@dataclass(slots=True)
class Job:
    """One piece of work."""

    id: str
    kind: str
    by: str
    started: datetime
    state: State = "running"
    done: int = 0
    total: int = 0
    result: Result | None = None
    error: str | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def view(self) -> JobView:
        """What is told of it."""
        return JobView(
            id=self.id,
            kind=self.kind,
            by=self.by,
            state=self.state,
            started=format_time(self.started),
            done=self.done,
            total=self.total,
            result=self.result,
            error=self.error,
        )


class Jobs:
    """The jobs of a node since its start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(self, kind: str, by: str, work: Callable[[Job, Progress], Awaitable[Result]]) -> Job:
        """Begin some work.

        Raises:
            Overloaded: as much as may be is under way.
        """
        running = [job for job in self._jobs.values() if job.state == "running"]
        if len(running) >= RUNNING_MAX:
            raise Overloaded("Other work of this kind is under way.", retry_after_s=10)
        job = Job(secrets.token_hex(8), kind, by, self._clock())
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, work))
        while len(self._jobs) > KEPT_MAX:
            self._jobs.popitem(last=False)
        return job

    def get(self, identity: str) -> Job:
        """A job by its id.

        Raises:
            NoSuchJob: there is none, or it was long ago.
        """
        found = self._jobs.get(identity)
        if found is None:
            raise NoSuchJob(identity)
        return found

    async def close(self) -> None:
        """End what is under way."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, work: Callable[[Job, Progress], Awaitable[Result]]) -> None:
        def progress(done: int, total: int) -> None:
            job.done, job.total = done, total

        try:
            job.result = await work(job, progress)
        except DetenteError as error:
            job.state, job.error = "failed", str(error)
        except asyncio.CancelledError:
            job.state, job.error = "failed", "The node was stopped."
            raise
        except Exception:  # noqa: BLE001 - whoever waits for it must be told
            job.state, job.error = "failed", "This node made a mistake; see its log."
            _log.exception("job %s (%s) failed", job.id, job.kind)
        else:
            job.state = "done"
