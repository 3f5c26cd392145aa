"""Which files a peer was asked for, and which of them it has brought."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

KEPT_MAX: Final = 50_000
"""Hashes; the oldest are forgotten, and asked for again if need be."""
ASKED_MAX: Final = 1_000
"""Hashes that are asked for at a time."""


class WantedFiles:
    """What one peer was asked for since the start.

    A peer must bring the bytes of what it names even if others have brought them before: whether a
    file is here is told to nobody but those who have shown that they have it.
    """

    def __init__(self) -> None:
        self._brought: OrderedDict[str, bool] = OrderedDict()

    def ask(self, sha256: Iterable[str]) -> None:
        """These are asked for, again if they were brought."""
        for each in sha256:
            self._put(each, brought=False)

    def is_asked(self, sha256: str) -> bool:
        """Whether it may be brought; what was brought may be brought again."""
        return sha256 in self._brought

    def bring(self, sha256: str) -> None:
        """The peer has brought it."""
        self._put(sha256, brought=True)

    def has_brought(self, sha256: str) -> bool:
        """Whether the peer has shown that it has the file."""
        return self._brought.get(sha256, False)

    def _put(self, sha256: str, *, brought: bool) -> None:
        self._brought[sha256] = brought
        self._brought.move_to_end(sha256)
        while len(self._brought) > KEPT_MAX:
            self._brought.popitem(last=False)
