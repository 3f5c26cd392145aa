"""The one writer of a party's record: takes what is waiting, and makes it durable in one commit.

A job looks up what it needs, then adds its entries to the batch; what a rule forbids fails that job
alone. Jobs go on if those who wait for them are cancelled, once they have begun.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from detente.errors import DetenteError

from .keyring import KeyRing
from .ledger import Ledger, LedgerWriting
from .log import AppendUnknown, HeadMoved, LogUnavailable, StatementFailed
from .merkle import leaf_hash
from .nodes import NodeFile, NodesUnusable
from .party_batch import Batch, ChainEnd, Channel, Known

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

_log = logging.getLogger("detente.record")

_ENTRIES_MAX: Final = 1000
_ENDS_MAX: Final = 10_000
_INLINE_MAX: Final = 8
_SYNC_EVERY: Final = 20_000
_SETTLE_PAUSES_S: Final = (0.05, 0.2, 1.0)


class Job(Protocol[T_co]):
    """Something that is to be recorded."""

    @property
    def weight(self) -> int:
        """About how many entries it makes."""

    async def look_up(self, known: Known) -> None:
        """Put what `build` needs of the database into `known`, unless it is there."""

    def build(self, batch: Batch) -> None:
        """Add entries. May run in another thread, and again for another batch if the first one
        was not written.

        Raises:
            DetenteError: it cannot be recorded.
        """

    def result(self) -> T_co:
        """For whoever waits; called once the entries are durable."""


class _Queued(Protocol):
    """A job of any kind, and whoever waits for it."""

    @property
    def weight(self) -> int: ...

    @property
    def done(self) -> bool:
        """Whether nobody waits any more."""

    async def look_up(self, known: Known) -> None: ...

    def build(self, batch: Batch) -> None: ...

    def finish(self) -> None: ...

    def fail(self, error: BaseException) -> None: ...

    def fail_soon(self, error: BaseException) -> None:
        """The same from another thread."""


class _Waiting(Generic[T]):
    def __init__(self, job: Job[T]) -> None:
        self.job = job
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    @property
    def weight(self) -> int:
        return self.job.weight

    @property
    def done(self) -> bool:
        return self.future.done()

    async def look_up(self, known: Known) -> None:
        await self.job.look_up(known)

    def build(self, batch: Batch) -> None:
        self.job.build(batch)

    def finish(self) -> None:
        if not self.future.done():
            self.future.set_result(self.job.result())

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # whoever waited may be gone

    def fail_soon(self, error: BaseException) -> None:
        # A future must not be touched from a thread; nobody else looks at it before the end.
        self.future.get_loop().call_soon_threadsafe(self.fail, error)


class PartyWriter:
    """Writes batches, one at a time.

    Args:
        ledger: the log, already caught up with.
        nodes: the hashes of its tree, just as long.
        begin: makes the batch that follows a log of so many entries.
        sign_with: has the ledger sign the checkpoint of that size with the key in force then.
        committed: told of a batch that is durable, before anybody else learns of it.
        overtaken: called when the log has entries that this writer has not put there.

    Attributes:
        paused: while somebody holds it, nothing is written, and everything waits.
    """

    def __init__(
        self,
        ledger: Ledger,
        nodes: NodeFile,
        begin: Callable[[int, Known], Batch],
        sign_with: Callable[[KeyRing, int], None],
        committed: Callable[[Batch], None],
        overtaken: Callable[[], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._nodes = nodes
        self._begin = begin
        self._sign_with = sign_with
        self._committed = committed
        self._overtaken = overtaken
        self._queue: deque[_Queued] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._unsynced = 0
        self._behind: list[bytes] = []
        self._ends: dict[Channel, ChainEnd] = {}
        self.paused = asyncio.Lock()
        self._task = asyncio.create_task(self._run())

    async def submit(self, job: Job[T]) -> T:
        """Have it recorded.

        Raises:
            DetenteError: as the job, or the log.
        """
        if self._closing:
            raise LogUnavailable("The record has been closed.")
        waiting = _Waiting(job)
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.future

    async def close(self) -> None:
        """Record what is waiting, then stop."""
        self._closing = True
        self._wake.set()
        await asyncio.wait({self._task})
        self._task.result()

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            jobs = self._take()
            if not jobs:
                continue
            try:
                async with self.paused:
                    await self._write_each(jobs)
            except DetenteError as error:
                for each in jobs:
                    each.fail(error)
            except BaseException as error:
                # A bug: whoever waits must not wait for ever, and the next batch starts afresh. It
                # is logged because they may be gone.
                _log.error("a batch of %d jobs failed", len(jobs), exc_info=error)
                for each in jobs:
                    each.fail(error)
                if not isinstance(error, Exception):
                    raise

    def _take(self) -> list[_Queued]:
        jobs: list[_Queued] = []
        weight = 0
        while self._queue and (not jobs or weight + self._queue[0].weight <= _ENTRIES_MAX):
            waiting = self._queue.popleft()
            if waiting.done:  # cancelled before it began
                continue
            jobs.append(waiting)
            weight += waiting.weight
        return jobs

    async def _write_each(self, jobs: Sequence[_Queued]) -> None:
        """All together; one by one if the database refuses what one of them has made of it."""
        try:
            await self._write(jobs)
        except StatementFailed:
            if len(jobs) == 1:
                raise
            for each in jobs:
                try:
                    await self._write([each])
                except StatementFailed as error:
                    each.fail(error)

    async def _write(self, jobs: Sequence[_Queued]) -> None:
        if self._ledger.uncertain:
            await self._absorb(await self._ledger.catch_up())
        batch: Batch | None = None
        writing: LedgerWriting | None = None
        built: list[_Queued] = []
        try:
            async with self._ledger.writing() as writing:
                if writing.entries:
                    await self._absorb(writing.entries)
                batch, built = await self._build(jobs)
                if batch.planned:
                    self._sign_with(batch.keyring, batch.next_index)
                    await writing.append(batch.leaves, batch.statements)
        except AppendUnknown as error:
            if batch is None or writing is None:
                raise
            fresh = await self._settle(error)
            await self._absorb(fresh)
            if not writing.landed:
                raise LogUnavailable(
                    "The connection was lost, and nothing had been written."
                ) from error
        except HeadMoved as error:
            raise LogUnavailable("Another process has written to this record.") from error
        else:
            self._extend([leaf_hash(leaf) for leaf in batch.leaves])
            self._committed(batch)
            if len(self._ends) > _ENDS_MAX:
                self._ends.clear()
            self._ends.update(batch.chains)
        for each in built:
            each.finish()
        if self._unsynced >= _SYNC_EVERY:
            self._unsynced = 0
            await asyncio.to_thread(self._nodes.sync)

    async def _build(self, jobs: Sequence[_Queued]) -> tuple[Batch, list[_Queued]]:
        known = Known(self._ends)
        able: list[_Queued] = []
        for each in jobs:
            try:
                await each.look_up(known)
            except DetenteError as error:
                each.fail(error)
            else:
                able.append(each)
        batch = self._begin(self._ledger.size, known)
        if sum(each.weight for each in able) <= _INLINE_MAX:
            return batch, _build_all(batch, able)
        return batch, await asyncio.to_thread(_build_all, batch, able)

    async def _settle(self, error: AppendUnknown) -> list[bytes]:
        """Learn what became of the append; the entries that nobody has taken in yet."""
        for pause_s in _SETTLE_PAUSES_S:
            try:
                return await self._ledger.catch_up()
            except LogUnavailable:
                await asyncio.sleep(pause_s)
        raise error

    async def _absorb(self, leaves: Sequence[bytes]) -> None:
        if leaves:
            self._ends.clear()
            self._extend([leaf_hash(leaf) for leaf in leaves])
            await self._overtaken()

    def _extend(self, leaf_hashes: Sequence[bytes]) -> None:
        # The file only repeats what the log says: if the disk refuses, the entries stand all the
        # same, and it is made up for with the next ones.
        self._behind += leaf_hashes
        self._unsynced += len(leaf_hashes)
        begin = self._nodes.size
        try:
            self._nodes.extend(self._behind)
        except NodesUnusable as error:
            _log.warning("hashes of the tree cannot be stored now: %s", error)
        del self._behind[: self._nodes.size - begin]


def _build_all(batch: Batch, jobs: Sequence[_Queued]) -> list[_Queued]:
    built = []
    for each in jobs:
        try:
            with batch.step():
                each.build(batch)
        except DetenteError as error:
            each.fail_soon(error)
        else:
            built.append(each)
    return built
