"""Starting from the newest snapshot that is good, and saying what was wrong with the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .checkpoint import NoteMalformed, NoteUnverified, open_checkpoint, read_checkpoint
from .keys import Verifier
from .log import Log, LogDamaged, SnapshotDamaged, SnapshotInfo
from .merkle import Frontier

T = TypeVar("T")

Restore = Callable[[AsyncIterator[bytes]], Awaitable[T]]
"""Builds a state from the chunks of a snapshot's body. May raise `SnapshotDamaged` when it cannot
use them, for example because a newer version wrote them."""


@dataclass(frozen=True, slots=True)
class Restored(Generic[T]):
    """A state made from a snapshot, and the point of the log that it stands for."""

    state: T
    info: SnapshotInfo
    frontier: Frontier


async def restore_newest(
    log: Log,
    restore: Restore[T],
    on_damaged: Callable[[SnapshotDamaged], None],
    verifiers: Sequence[Verifier] = (),
) -> Restored[T] | None:
    """Build a state from the newest snapshot that belongs to the log and is undamaged.

    Every snapshot that has to be skipped is given to `on_damaged`. None if no good one is left: the
    state must then be built from the first entry on.

    Raises:
        LogUnavailable: the log could not be read.
        LogDamaged: the log's own checkpoint for a snapshot's size cannot be believed.
    """
    head = await log.head()
    for info in await log.snapshots():
        try:
            frontier = await _check_place(log, info, head.size, verifiers)
            chunks = log.load_snapshot(info)
            try:
                state = await restore(chunks)
            except Exception:
                # Whatever a reader makes of damaged bytes is the damage's fault; of good bytes,
                # its own.
                async for _ in chunks:
                    pass
                raise
            async for _ in chunks:
                pass
        except SnapshotDamaged as damage:
            on_damaged(damage)
            continue
        return Restored(state, info, frontier)
    return None


async def _check_place(
    log: Log, info: SnapshotInfo, head_size: int, verifiers: Sequence[Verifier]
) -> Frontier:
    """The frontier of a snapshot, once it is known to be that of the log at that size."""
    where = f"snapshot {info.key}"
    if info.fault:
        raise SnapshotDamaged(info.fault, where=where)
    try:
        frontier = Frontier.from_bytes(info.frontier)
    except ValueError as error:
        raise SnapshotDamaged(f"Its frontier is unreadable: {error}.", where=where) from None
    if frontier.size != info.size or frontier.root() != info.root:
        raise SnapshotDamaged("Its frontier does not give its size and root.", where=where)
    if info.size > head_size:
        raise LogDamaged(
            f"The log has {head_size} entries, but a snapshot of it stands for {info.size}: it was "
            "set back, and entries that were acknowledged are missing.",
            where=f"entry {head_size}",
            advice=f"Restore the log. If {where} is of another log, or the loss is accepted, "
            "remove that snapshot.",
        )
    if info.size == 0:
        return frontier
    stored = await log.checkpoint_at_or_before(info.size)
    if stored is None or stored.size != info.size:
        raise SnapshotDamaged(
            f"The log has no checkpoint of {info.size} entries to compare it with.", where=where
        )
    try:
        checkpoint = (
            open_checkpoint(stored.note, verifiers) if verifiers else read_checkpoint(stored.note)
        )
    except (NoteMalformed, NoteUnverified) as error:
        raise LogDamaged(
            f"The checkpoint cannot be believed: {error}", where=f"checkpoint {stored.size}"
        ) from error
    if checkpoint.size != info.size or checkpoint.root != info.root:
        raise SnapshotDamaged(
            f"Its root is not that of the log's checkpoint of {info.size} entries.", where=where
        )
    return frontier
