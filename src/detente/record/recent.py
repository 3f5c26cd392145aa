"""The newest entries, as they were written: whoever follows the log need not read them back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from .entries import Entry

ENTRIES_MAX: Final = 1000
BYTES_MAX: Final = 4 << 20


class RecentEntries:
    """Entries that this process has written last, one after another without a gap."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Take in what has become durable."""
        if entries and self._entries and self._entries[-1].index + 1 != entries[0].index:
            self.clear()
        for entry in entries:
            self._entries.append(entry)
            self._bytes += _size(entry)
        while len(self._entries) > ENTRIES_MAX or self._bytes > BYTES_MAX:
            self._bytes -= _size(self._entries.popleft())

    def clear(self) -> None:
        """Forget all: something was erased, or somebody else has written."""
        self._entries.clear()
        self._bytes = 0

    def get(self, index: int) -> Entry | None:
        """The entry at an index, if it is here."""
        at = index - self._entries[0].index if self._entries else -1
        return self._entries[at] if 0 <= at < len(self._entries) else None

    def since(self, index: int, limit: int) -> list[Entry]:
        """Entries from an index on, at most `limit`; none if that one is not here."""
        if self.get(index) is None:
            return []
        at = index - self._entries[0].index
        return list(islice(self._entries, at, at + max(0, limit)))


def _size(entry: Entry) -> int:
    return 0 if entry.envelope is None else len(entry.envelope.payload)
