"""Finding where a stored log contradicts itself."""

from __future__ import annotations

from .checkpoint import NoteMalformed, read_checkpoint
from .log import Head, Log, LogDamaged
from .merkle import Frontier, leaf_hash

_PAGE = 1000
_ADVICE = (
    "Stop every instance, keep the files or tables as they are, and compare them with a backup, a "
    "replica or another instance's export."
)


async def locate_damage(log: Log, start: Frontier, head: Head) -> LogDamaged:
    """The most precise account of why the entries after `start` do not lead to `head`.

    Looks at the stored leaf hashes first: a body that no longer has its own is the culprit itself.
    Then at the checkpoints, which narrow it down to one batch.

    Raises:
        LogUnavailable: the log could not be read.
    """
    tree = start.copy()
    agreed = tree.size
    blamed: LogDamaged | None = None
    notes = {
        stored.size: stored.note
        for stored in await log.checkpoints(start.size + 1, max(1, head.size - start.size))
    }
    while tree.size < head.size:
        page = await log.entries(tree.size, min(_PAGE, head.size - tree.size))
        if not page:
            return blamed or _missing(tree.size, head)
        for entry in page:
            if entry.position != tree.size:
                return blamed or _missing(tree.size, head)
            if leaf_hash(entry.body) != entry.leaf_hash:
                return LogDamaged(
                    "The stored bytes of the entry do not have the hash that was stored with it.",
                    where=f"entry {entry.position}",
                    advice=_ADVICE,
                )
            tree.append(entry.leaf_hash)
            note = notes.get(tree.size)
            if note is None or blamed is not None:
                continue
            blamed = _contradiction(note, tree, agreed)
            agreed = tree.size
    if blamed is not None:
        return blamed
    return LogDamaged(
        f"The root stored with the head is not that of its {head.size} entries, although every "
        "entry has its stored hash and every checkpoint agrees with them.",
        where="head",
        advice=_ADVICE,
    )


def _contradiction(note: str, tree: Frontier, agreed: int) -> LogDamaged | None:
    try:
        checkpoint = read_checkpoint(note)
    except NoteMalformed as error:
        return LogDamaged(
            f"The stored checkpoint is unreadable: {error}", where=f"checkpoint {tree.size}"
        )
    if checkpoint.size == tree.size and checkpoint.root == tree.root():
        return None
    last = tree.size - 1
    return LogDamaged(
        f"The checkpoint of {tree.size} entries has another root: an entry and its stored "
        "hash were both changed, or the checkpoint was.",
        where=f"entry {last}" if last == agreed else f"entries {agreed} to {last}",
        advice=_ADVICE,
    )


def _missing(position: int, head: Head) -> LogDamaged:
    return LogDamaged(
        f"The entry is missing, although the head counts {head.size} entries.",
        where=f"entry {position}",
        advice=_ADVICE,
    )


def shortened(seen: int, stored: int) -> LogDamaged:
    """The error for a log that lost entries which this program has already seen."""
    return LogDamaged(
        f"The log has {stored} entries, but {seen} have been seen: it was cut, restored from an "
        "old backup, or is served by a replica that lags behind.",
        where=f"entry {stored}",
        advice=_ADVICE,
    )


def rewritten(size: int) -> LogDamaged:
    """The error for a head whose root is not that of the entries that this program has seen."""
    return LogDamaged(
        f"The head's root is not that of the {size} entries that have been seen: the log was "
        "rewritten, or its head was changed.",
        where="head",
        advice=_ADVICE,
    )
