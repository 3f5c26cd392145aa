"""A log in memory, for tests, simulators and users who try things out.

Several `MemoryLog`s over one `MemoryStore` behave like several instances over one database: one of
them holds the head at a time, and faults can be put in at each place where a real one meets them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from .backend import check_append, check_body, check_expected, each_chunk, unstoppable
from .log import (
    EMPTY_HEAD,
    SNAPSHOTS_KEPT,
    Chunks,
    Head,
    LogUnavailable,
    SnapshotDamaged,
    SnapshotInfo,
    StatementFailed,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
    missing_entry,
)
from .statements import Statement

Moment = Literal["read", "take head", "head taken", "before commit", "after commit", "snapshot"]
Hook = Callable[[Moment], Awaitable[None]]
"""Awaited at each moment; may wait, or raise what a real log would: `LogUnavailable` at any moment
but the last two of an append, `AppendUnknown` at "before commit" and "after commit"."""


@dataclass(slots=True)
class _StoredSnapshot:
    info: SnapshotInfo
    body: bytes


class MemoryStore:
    """What the instances share. Its members may be damaged on purpose."""

    def __init__(self) -> None:
        self.head = EMPTY_HEAD
        self.stored: dict[int, StoredEntry] = {}
        self.checkpoints: dict[int, str] = {}
        self.snapshots: list[_StoredSnapshot] = []
        self._saved = 0
        self._holder: object | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, holder: object) -> None:
        """Wait until nobody holds the head, then hold it; first come, first served."""
        while self._holder is not None:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                elif turn.done() and not turn.cancelled():
                    self._wake()
                raise
        self._holder = holder

    def give_back(self, holder: object) -> None:
        """Let the next one have the head, if `holder` still has it."""
        if self._holder is holder:
            self._holder = None
            self._wake()

    def evict_holder(self) -> None:
        """Take the head from whoever holds it, as a database does with a stalled session."""
        self._holder = None
        self._wake()

    def held_by(self, holder: object) -> bool:
        """Whether `holder` still has the head."""
        return self._holder is holder

    def next_snapshot_key(self) -> str:
        """A name that was not used before."""
        self._saved += 1
        return f"memory-{self._saved}"

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


class MemoryLog:
    """One instance's view of a `MemoryStore`."""

    def __init__(self, store: MemoryStore | None = None, hook: Hook | None = None) -> None:
        self.store = store if store is not None else MemoryStore()
        self._hook = hook
        self._closed = False

    async def head(self) -> Head:
        """See `Log.head`."""
        await self._moment("read")
        return self.store.head

    async def read(self, since: int, limit: int) -> list[bytes]:
        """See `Log.read`."""
        await self._moment("read")
        return self._bodies(since, limit)

    async def tail(self, since: int, limit: int) -> Tail:
        """See `Log.tail`."""
        await self._moment("read")
        return Tail(self.store.head, self._bodies(since, limit))

    async def entries(self, since: int, limit: int) -> list[StoredEntry]:
        """See `Log.entries`."""
        await self._moment("read")
        stored = self.store.stored
        positions = (at for at in sorted(stored) if at >= since) if since else sorted(stored)
        return [stored[at] for at, _ in zip(positions, range(limit), strict=False)]

    @asynccontextmanager
    async def writing(self, since: int | None = None) -> AsyncIterator[Writing]:
        """See `Log.writing`."""
        held = _MemoryWriting(self)
        await self._moment("take head")
        await self.store.take(held)
        try:
            await self._moment("head taken")
            held.head = self.store.head
            yield held
        finally:
            self.store.give_back(held)

    async def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        """See `Log.checkpoints`."""
        await self._moment("read")
        sizes = [size for size in sorted(self.store.checkpoints) if size >= since][:limit]
        return [StoredCheckpoint(size, self.store.checkpoints[size]) for size in sizes]

    async def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        """See `Log.checkpoint_at_or_before`."""
        await self._moment("read")
        found = max((stored for stored in self.store.checkpoints if stored <= size), default=None)
        return None if found is None else StoredCheckpoint(found, self.store.checkpoints[found])

    async def save_snapshot(
        self, size: int, root: bytes, frontier: bytes, chunks: Chunks
    ) -> SnapshotInfo:
        """See `Log.save_snapshot`."""
        body = b"".join([chunk async for chunk in each_chunk(chunks)])
        await self._moment("snapshot")
        key = self.store.next_snapshot_key()
        info = SnapshotInfo(key, size, root, frontier, len(body), hashlib.sha256(body).digest())
        self.store.snapshots.append(_StoredSnapshot(info, body))
        self.store.snapshots.sort(key=lambda kept: -kept.info.size)
        del self.store.snapshots[SNAPSHOTS_KEPT:]
        return info

    async def snapshots(self) -> list[SnapshotInfo]:
        """See `Log.snapshots`."""
        await self._moment("read")
        return [kept.info for kept in self.store.snapshots]

    async def load_snapshot(self, info: SnapshotInfo) -> AsyncIterator[bytes]:
        """See `Log.load_snapshot`."""
        await self._moment("read")
        body = next((kept.body for kept in self.store.snapshots if kept.info.key == info.key), None)
        if body is None:
            raise SnapshotDamaged("It is gone.", where=f"snapshot {info.key}")
        yield body
        check_body(info, len(body), hashlib.sha256(body).digest())

    async def drop_snapshot(self, info: SnapshotInfo) -> None:
        """See `Log.drop_snapshot`."""
        await self._moment("snapshot")
        self.store.snapshots = [kept for kept in self.store.snapshots if kept.info.key != info.key]

    async def close(self) -> None:
        """See `Log.close`."""
        self._closed = True

    async def _moment(self, moment: Moment) -> None:
        if self._closed:
            raise LogUnavailable("The log has been closed.")
        if self._hook is not None:
            await self._hook(moment)

    def _bodies(self, since: int, limit: int) -> list[bytes]:
        size = self.store.head.size
        bodies = []
        for position in range(since, min(size, since + limit)):
            entry = self.store.stored.get(position)
            if entry is None:
                raise missing_entry(position, size)
            bodies.append(entry.body)
        return bodies


class _MemoryWriting:
    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._used = False
        self.head = EMPTY_HEAD

    async def read(self, since: int, limit: int) -> list[bytes]:
        return await self._log.read(since, limit)

    async def append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
        also: Sequence[Statement] = (),
    ) -> None:
        if also:
            raise StatementFailed("A log in memory has no tables beside it.")
        check_append(self._used, expected_size, bodies, leaf_hashes, head)
        self._used = True
        # Like a commit on a server: the caller may go away, the commit goes on.
        await unstoppable(self._commit(expected_size, bodies, leaf_hashes, head))

    async def _commit(
        self, expected_size: int, bodies: Sequence[bytes], leaf_hashes: Sequence[bytes], head: Head
    ) -> None:
        store = self._log.store
        await self._log._moment("before commit")
        if not store.held_by(self):
            raise LogUnavailable("The head was taken away: it had been held for too long.")
        check_expected(expected_size, store.head.size)
        for position, (digest, body) in enumerate(
            zip(leaf_hashes, bodies, strict=True), start=expected_size
        ):
            store.stored[position] = StoredEntry(position, digest, bytes(body))
        store.checkpoints[head.size] = head.checkpoint
        store.head = head
        await self._log._moment("after commit")
