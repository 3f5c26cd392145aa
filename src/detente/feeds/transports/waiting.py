"""Reports that wait to be looked at: so many, and then the least useful ones make room."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.reports import Reports, empty, joined

from ._newer import count_newer

_FREE_SHARE: Final = 0.25


class WaitingReports:
    """A queue with a limit, between feeds and whoever watches; for one event loop.

    When there are too many, the oldest positions of each aircraft go first, so that the newest
    position of every aircraft is the last to be given up. What went is counted by source.

    Args:
        most: rows that may wait. Each takes 110 bytes.

    Attributes:
        shed: how many were given up, by the source's name.
    """

    def __init__(self, most: int = 500_000) -> None:
        self._most = most
        self._waiting: list[Reports] = []
        self._rows = 0
        self._came = asyncio.Event()
        self.shed: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._rows

    def put(self, reports: Reports) -> None:
        """Have reports wait; never blocks."""
        if not len(reports):
            return
        self._waiting.append(reports)
        self._rows += len(reports)
        if self._rows > self._most:
            self._make_room()
        self._came.set()

    async def get(self) -> Reports:
        """All that waits, in the order in which it came; waits for something if there is nothing.

        Who is slow gets more at once, and so catches up.
        """
        await self._came.wait()
        return self.take()

    def take(self) -> Reports:
        """All that waits now, if anything."""
        self._came.clear()
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if not waiting:
            return empty()
        return waiting[0] if len(waiting) == 1 else joined(waiting)

    def _make_room(self) -> None:
        everything = joined(self._waiting)
        kept = newest_first(everything.aircraft, int(self._most * (1.0 - _FREE_SHARE)))
        gone = np.ones(len(everything), dtype=np.bool_)
        gone[kept] = False
        counts = np.bincount(everything.source[gone], minlength=len(everything.sources))
        for source, count in zip(everything.sources, counts.tolist(), strict=True):
            if count:
                self.shed[source.name] += count
        self._waiting = [everything.take(kept)]
        self._rows = len(kept)


def newest_first(aircraft: npt.NDArray[np.int32], most: int) -> npt.NDArray[np.intp]:
    """Which rows to keep of too many: the last of each aircraft, then those before them, and so on.

    Args:
        aircraft: whose row it is, in the order of arrival.
        most: how many are kept.

    Returns:
        Rows in the order of arrival.
    """
    newer = np.empty(len(aircraft), dtype=np.int64)
    count_newer(aircraft, np.zeros(int(aircraft.max(initial=-1)) + 1, dtype=np.int64), newer)
    # All rows with fewer newer ones of the same aircraft; of the next, the latest arrivals.
    within = np.cumsum(np.bincount(newer))
    level = int(np.searchsorted(within, most, side="right"))
    kept = newer < level
    left = most - (int(within[level - 1]) if level else 0)
    next_ones = np.flatnonzero(newer == level)
    kept[next_ones[len(next_ones) - min(left, len(next_ones)) :]] = True
    return np.flatnonzero(kept)
