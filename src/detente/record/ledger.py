"""A log that is believed only as far as it has been checked.

A `Ledger` follows a `Log`: it hashes every entry that it has not seen, compares the root with that
of the head, checks who signed the head's checkpoint, and hands the entries on. When it appends, it
makes the new root and checkpoint itself. What it says about `size` and `root` is always durable.

One `Ledger` may be used by several tasks. Each entry is handed out exactly once, by whichever call
came upon it first, and in order, as long as callers apply what they are given before they await
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .believed import Believed, RootDiffers
from .checkpoint import Checkpoint, check_origin, sign_checkpoint
from .damage import locate_damage, rewritten, shortened
from .keys import Signer, Verifier
from .log import (
    AppendUnknown,
    Chunks,
    Head,
    HeadMoved,
    Log,
    LogDamaged,
    LogReadOnly,
    LogUnavailable,
    SnapshotDamaged,
    SnapshotInfo,
    StatementFailed,
    Writing,
    missing_entry,
)
from .merkle import Frontier, leaf_hash
from .snapshots import Restore, Restored, T, restore_newest
from .statements import Statement

_PAGE = 2000


@dataclass(slots=True)
class _Pending:
    """An append whose outcome is open."""

    writing: LedgerWriting
    leaf_hashes: list[bytes]


class Ledger:
    """Integrity over a log.

    Args:
        log: where the entries are.
        signer: signs the checkpoints of what is appended here; None to only read.
        origin: names the log in its checkpoints; the same for all instances that share it.
        frontier: how far the caller knows the log already, from a snapshot; nothing by default.
        verifiers: the keys of all instances that may write, this one's included. When there are
            none, roots are checked and signatures are not.

    Raises:
        NoteMalformed: the origin cannot stand in a checkpoint.
    """

    def __init__(
        self,
        log: Log,
        signer: Signer | None,
        origin: str,
        frontier: Frontier | None = None,
        verifiers: Sequence[Verifier] = (),
    ) -> None:
        check_origin(origin)
        self._log = log
        self._signer = signer
        start = Frontier() if frontier is None else frontier.copy()
        self._believed = Believed(origin, verifiers, start)
        self._appending: asyncio.Event | None = None
        self._pending: _Pending | None = None
        self._holder: asyncio.Task[object] | None = None

    @property
    def log(self) -> Log:
        """The log underneath."""
        return self._log

    @property
    def size(self) -> int:
        """Number of entries that are durable and have been handed out."""
        return self._believed.size

    @property
    def root(self) -> bytes:
        """Tree hash over those entries."""
        return self._believed.head.root

    @property
    def head(self) -> Head:
        """The same with its checkpoint, which is empty right after starting from a snapshot."""
        return self._believed.head

    @property
    def frontier(self) -> Frontier:
        """A copy of the tree's frontier, to be stored with a snapshot of the state."""
        return self._believed.frontier.copy()

    @property
    def uncertain(self) -> bool:
        """Whether the outcome of an append is open, so that writing is refused."""
        return self._pending is not None

    async def catch_up(self) -> list[bytes]:
        """The entries that have not been handed out yet, up to the head, after checking them.

        After `AppendUnknown` this takes the head for a moment, because only then nothing can be on
        its way any more, and sets `LedgerWriting.landed`. If the append had landed, its entries
        are among those returned (to whoever called first).

        Raises:
            LogUnavailable: the log cannot be read now.
            LogDamaged: the log is not what it was, or contradicts itself; says where.
        """
        if self._pending is not None:
            return await self._settle()
        since = self.size
        tail = await self._log.tail(since, _PAGE)
        bodies = await self._up_to(tail.bodies, since, tail.head, self._log.read)
        while self._appending is not None:
            await self._appending.wait()
        return await self._take_in(since, bodies, tail.head)

    async def replay(self, page: int = _PAGE) -> AsyncIterator[list[bytes]]:
        """The same as `catch_up` in pages, for start-up: memory stays bounded.

        The head is only compared at the end, so nothing that was built from the pages may be used
        before the iterator has ended without an error. `size` moves at the end, too. Nothing else
        may use the ledger meanwhile.

        Raises:
            LogUnavailable: the log cannot be read now.
            LogDamaged: the log is not what it was, or contradicts itself; says where.
        """
        start = self._believed.frontier
        tree = start.copy()
        head = await self._log.head()
        if head.size < start.size:
            raise shortened(start.size, head.size)
        while tree.size < head.size:
            bodies = await self._log.read(tree.size, min(page, head.size - tree.size))
            tree.extend([leaf_hash(body) for body in bodies])
            yield bodies
        if tree.root() != head.root:
            if tree.size == start.size:
                raise rewritten(head.size)
            raise await locate_damage(self._log, start, head)
        self._believed.check_signature(head)
        self._believed.frontier, self._believed.head = tree, head

    def rekey(self, signer: Signer | None, verifiers: Sequence[Verifier]) -> None:
        """Sign with another key, and believe other keys, from now on; also while writing."""
        self._signer = signer
        self._believed.verifiers = tuple(verifiers)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[LedgerWriting]:
        """Hold the log's head: nobody else can append until the context is left.

        Raises:
            LogReadOnly: there is no signer.
            AppendUnknown: an earlier append is open; call `catch_up` until it succeeds.
            LogUnavailable: the log cannot be reached, or somebody holds the head too long.
            LogDamaged: as `catch_up`.
        """
        self._signing()
        if self._pending is not None:
            raise AppendUnknown(
                "It is not known yet whether the last append was written.",
                advice="Catch up with the log first.",
            )
        since = self.size
        async with self._log.writing(since) as held:
            fresh = await self._take_in_held(since, held)
            if self.size != held.head.size:
                raise LogUnavailable("The head was taken away while it was being taken.")
            self._holder = asyncio.current_task()
            try:
                yield LedgerWriting(self, held, fresh)
            finally:
                self._holder = None

    async def save_snapshot(self, size: int, frontier: Frontier, chunks: Chunks) -> SnapshotInfo:
        """Keep a snapshot of the state as it was after `size` entries.

        `frontier` is `Ledger.frontier` as it was at that size; where writing goes on while the
        chunks are made, take it before.

        Raises:
            LogUnavailable: it could not be stored.
        """
        if frontier.size != size:
            raise ValueError(f"a frontier of {frontier.size} entries cannot stand for {size}")
        return await self._log.save_snapshot(size, frontier.root(), frontier.to_bytes(), chunks)

    async def restore(
        self, restore: Restore[T], on_damaged: Callable[[SnapshotDamaged], None]
    ) -> Restored[T] | None:
        """Start from the newest good snapshot, if there is one, and stand where it stands.

        See `restore_newest`. Only before anything else was done with the ledger.

        Raises:
            LogUnavailable: the log cannot be read now.
            LogDamaged: a checkpoint of the log cannot be believed.
        """
        if self.size:
            raise RuntimeError("a ledger that has begun cannot start from a snapshot")
        restored = await restore_newest(self._log, restore, on_damaged, self._believed.verifiers)
        if restored is not None:
            self._believed.frontier = restored.frontier.copy()
            self._believed.head = Head(restored.info.size, restored.info.root, "")
        return restored

    def _signing(self) -> Signer:
        if self._signer is None:
            raise LogReadOnly("This ledger has no key to sign with: it only reads.")
        return self._signer

    async def _settle(self) -> list[bytes]:
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("leave the writing() context before catching up after AppendUnknown")
        since = self.size
        async with self._log.writing(since) as held:
            return await self._take_in_held(since, held)

    async def _take_in_held(self, since: int, held: Writing) -> list[bytes]:
        bodies = await self._up_to([], since, held.head, held.read)
        fresh = await self._take_in(since, bodies, held.head)
        pending = self._pending
        if pending is not None:
            # The head is ours and the entries are not there: they never will be.
            pending.writing.landed = False
            self._pending = None
        return fresh

    async def _up_to(
        self,
        bodies: list[bytes],
        since: int,
        head: Head,
        read: Callable[[int, int], Awaitable[list[bytes]]],
    ) -> list[bytes]:
        while since + len(bodies) < head.size:
            position = since + len(bodies)
            page = await read(position, min(_PAGE, head.size - position))
            if not page:
                raise missing_entry(position, head.size)
            bodies = bodies + page
        return bodies

    async def _take_in(self, since: int, bodies: list[bytes], head: Head) -> list[bytes]:
        try:
            # No await in here: see the module's text.
            fresh, leaf_hashes = self._believed.absorb(since, bodies, head)
        except RootDiffers as differs:
            start, stored = differs.start, differs.head
        else:
            pending = self._pending
            if pending is not None and fresh:
                end = len(pending.leaf_hashes)
                pending.writing.landed = leaf_hashes[:end] == pending.leaf_hashes
                self._pending = None
            return fresh
        raise await locate_damage(self._log, start, stored)

    async def _append(
        self,
        writing: LedgerWriting,
        held: Writing,
        bodies: Sequence[bytes],
        also: Sequence[Statement],
    ) -> Head:
        signer = self._signing()
        leaf_hashes = [leaf_hash(body) for body in bodies]
        grown = self._believed.grown(leaf_hashes)
        checkpoint = Checkpoint(self._believed.origin, grown.size, grown.root())
        head = Head(grown.size, checkpoint.root, sign_checkpoint(checkpoint, signer))
        ended = self._appending = asyncio.Event()
        try:
            await held.append(self.size, bodies, leaf_hashes, head, also)
        except (LogUnavailable, HeadMoved, LogDamaged, StatementFailed):
            writing.landed = False
            raise
        except BaseException:
            # Cancelled, or the answer was lost: the entries may be there.
            self._pending = _Pending(writing, leaf_hashes)
            raise
        else:
            self._believed.frontier, self._believed.head = grown, head
            writing.landed = True
        finally:
            self._appending = None
            ended.set()
        return head


class LedgerWriting:
    """The head, held by a ledger.

    Attributes:
        entries: the entries found when the head was taken that had not been handed out, checked.
        landed: whether what was appended is in the log; None before, and while that is open.
    """

    def __init__(self, ledger: Ledger, held: Writing, entries: list[bytes]) -> None:
        self._ledger = ledger
        self._held = held
        self._size = ledger.size
        self._used = False
        self.entries = entries
        self.landed: bool | None = None

    @property
    def head(self) -> Head:
        """The head that is held."""
        return self._held.head

    async def append(self, bodies: Sequence[bytes], also: Sequence[Statement] = ()) -> Head:
        """Add the entries and a signed checkpoint, durably. Once for each `writing()`.

        `also` is executed in the same transaction, for logs that keep tables beside them.
        After any error the ledger stands where it stood.

        Raises:
            HeadMoved: the head was lost meanwhile and somebody else has appended.
            LogUnavailable, StatementFailed: nothing was written.
            AppendUnknown: it may have been written. Call `Ledger.catch_up` until it succeeds (and
                apply what it returns, as ever); then `landed` tells.
            asyncio.CancelledError: the same as `AppendUnknown`.
            ValueError: there is nothing to append.
            RuntimeError: this was called before.
        """
        if self._used:
            raise RuntimeError("one append for each time the head is taken")
        if not bodies:
            raise ValueError("there is nothing to append")
        self._used = True
        if self._ledger.size != self._size:
            self.landed = False
            raise HeadMoved(
                f"The log has {self._ledger.size} entries already.", where=f"entry {self._size}"
            )
        return await self._ledger._append(self, self._held, bodies, also)
