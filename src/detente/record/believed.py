"""What somebody who follows a log believes of it, and how he comes to believe more.

No I/O: a head and entries are given, and either lead on from what is known, or contradict it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .checkpoint import Checkpoint, NoteMalformed, NoteUnverified, open_checkpoint
from .damage import rewritten, shortened
from .keys import Verifier
from .log import EMPTY_HEAD, Head, LogDamaged
from .merkle import Frontier, leaf_hash


class RootDiffers(Exception):
    """The entries after `start` do not lead to the head's root; where is yet to be found."""

    def __init__(self, start: Frontier, head: Head) -> None:
        super().__init__()
        self.start = start
        self.head = head


class Believed:
    """The part of a log that has been checked.

    Args:
        origin: names the log in its checkpoints.
        verifiers: keys that may sign them; with none, signatures are not checked.
        frontier: what is believed at the start.

    Attributes:
        head: size, root and checkpoint; the last is empty as long as none has been seen.
        frontier: of the tree of that size. Replaced, never changed.
    """

    def __init__(self, origin: str, verifiers: Sequence[Verifier], frontier: Frontier) -> None:
        self.origin = origin
        self.verifiers = tuple(verifiers)
        self.frontier = frontier
        self.head = Head(frontier.size, frontier.root(), "") if frontier.size else EMPTY_HEAD

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.frontier.size

    def grown(self, leaf_hashes: Sequence[bytes]) -> Frontier:
        """The frontier after these leaves; nothing changes."""
        frontier = self.frontier.copy()
        frontier.extend(leaf_hashes)
        return frontier

    def absorb(
        self, since: int, bodies: Sequence[bytes], head: Head
    ) -> tuple[list[bytes], list[bytes]]:
        """Believe the entries from `since` up to `head`, if they lead there.

        Returns those that are new, and their leaf hashes.

        Raises:
            LogDamaged: the head is not one that can follow, or nobody who may has signed it.
            RootDiffers: the entries are not those that the head counts.
        """
        if head.size < since:
            raise shortened(since, head.size)
        if head.size <= self.size:
            # An answer that others have overtaken says nothing new, but may not say otherwise.
            if head.size == self.size:
                self._accept_same(head)
            return [], []
        fresh = list(bodies[self.size - since :])
        leaf_hashes = [leaf_hash(body) for body in fresh]
        grown = self.grown(leaf_hashes)
        if grown.size != head.size or grown.root() != head.root:
            raise RootDiffers(self.frontier, head)
        self.check_signature(head)
        self.frontier, self.head = grown, head
        return fresh, leaf_hashes

    def check_signature(self, head: Head) -> None:
        """Refuse a head whose checkpoint is not about it, or not signed by one who may.

        Raises:
            LogDamaged: says why.
        """
        if not self.verifiers or head.size == 0:
            return
        where = f"checkpoint {head.size}"
        try:
            checkpoint = open_checkpoint(head.checkpoint, self.verifiers)
        except (NoteMalformed, NoteUnverified) as error:
            raise LogDamaged(
                f"The head's checkpoint cannot be believed: {error}", where=where
            ) from error
        if checkpoint != Checkpoint(self.origin, head.size, head.root):
            raise LogDamaged(
                f"The head's checkpoint is about {checkpoint.origin!r} with {checkpoint.size} "
                f"entries, not about {self.origin!r} with {head.size} and the head's root.",
                where=where,
            )

    def _accept_same(self, head: Head) -> None:
        if head.root != self.head.root:
            raise rewritten(head.size)
        if head.checkpoint != self.head.checkpoint:
            self.check_signature(head)
            self.head = head
