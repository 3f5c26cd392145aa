"""Entries that have an id and are not durable yet: written in their order, and not without end.

While the record takes nothing, messages go on. So that they fill no memory the oldest are given up,
counted; callers are made to wait long before that (`crowded`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from detente.planning import Made

BATCH_MAX: Final = 200
"""Entries of one append."""
BATCH_BYTES_MAX: Final = 16 << 20
"""Bytes of messages in one append, or a single entry: what is urgent waits for it."""
WAITING_MAX: Final = 20_000
"""Entries that wait while the record takes nothing; beyond, the oldest go, counted."""
WAITING_BYTES_MAX: Final = 256 << 20
"""Bytes of messages among them; beyond, the oldest go, too, but never the newest."""
CROWDED: Final = 2_000
"""Entries that wait while callers are still answered at once."""
CROWDED_BYTES: Final = 32 << 20
"""Bytes of messages likewise: a few large ones are as much work as many small ones."""


class Waiting:
    """The line of entries. No I/O."""

    def __init__(self) -> None:
        self._made: deque[Made] = deque()
        self._bytes = 0
        self._taken = 0

    def __len__(self) -> int:
        return len(self._made)

    @property
    def crowded(self) -> bool:
        """Whether so much waits that callers shall come no faster than the disk."""
        return len(self._made) >= CROWDED or self._bytes >= CROWDED_BYTES

    def put(self, made: Made) -> int:
        """Let one more wait; tells how many were given up for it, the oldest first."""
        self._made.append(made)
        self._bytes += made.size
        given_up = 0
        while len(self._made) > 1 and (
            len(self._made) > WAITING_MAX or self._bytes > WAITING_BYTES_MAX
        ):
            self._bytes -= self._made.popleft().size
            given_up += 1
        return given_up

    def take(self) -> list[Made]:
        """The oldest, as many as are written at once; they go on waiting until `over`."""
        batch: list[Made] = []
        size = 0
        for each in self._made:
            size += each.size
            if batch and (len(batch) >= BATCH_MAX or size > BATCH_BYTES_MAX):
                break
            batch.append(each)
        self._taken = len(batch)
        return batch

    def over(self, batch: Sequence[Made]) -> int:
        """Some of those that were taken wait no more.

        Returns:
            How many of them had been given up while they were written.
        """
        gone = {id(each) for each in batch}
        left: list[Made] = []
        for _ in range(min(self._taken, len(self._made))):
            each = self._made.popleft()
            if id(each) in gone:
                gone.remove(id(each))
                self._bytes -= each.size
            else:
                left.append(each)
        self._made.extendleft(reversed(left))
        return len(gone)
