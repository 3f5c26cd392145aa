"""The aircraft that are followed: a bounded table, with messages worked through it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.reports import Ints

from ._aircraft import AIRCRAFT, HALF, fill_table
from ._follow import REPORT, follow

_FIRST: Final = 1024


class Fleet:
    """State of each aircraft, from message to message.

    Memory: some 300 octets for each aircraft that is followed, at most `limit` of them.

    Attributes:
        forgotten: how many were dropped to make room.
    """

    def __init__(self, limit: int, receiver: tuple[float, float] | None, range_m: float) -> None:
        self.forgotten = 0
        self._limit = limit
        lat, lng = receiver or (np.nan, np.nan)
        self._receiver = np.array([lat, lng, range_m])
        self._count = np.zeros(1, dtype=np.int64)
        self._room(min(_FIRST, limit))

    def __len__(self) -> int:
        return int(self._count[0])

    def take(
        self,
        messages: npt.NDArray[np.void],
        time_us: Ints,
        multilaterated: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.void]:
        """Work through messages; their fates are noted in them.

        Args:
            messages: `MESSAGE` rows; changed.
            time_us: when each was heard.
            multilaterated: see `Frames`.

        Returns:
            `REPORT` rows.
        """
        reports = np.empty(len(messages), dtype=REPORT)
        at = made = 0
        while True:
            at, more = follow(
                messages,
                time_us,
                multilaterated,
                at,
                self._table,
                self._aircraft,
                self._halves,
                self._count,
                self._receiver,
                reports[made:],
            )
            made += more
            if at == len(messages):
                return reports[:made]
            self._make_room()

    def _make_room(self) -> None:
        """More rows; when there are no more, forget those that were not heard for longest."""
        count = len(self)
        if count < self._limit:
            aircraft, halves = self._aircraft, self._halves
            self._room(min(2 * count, self._limit))
        else:
            # The order of rows stays, so that the same input gives the same answers.
            heard = np.argsort(self._aircraft["heard_us"], kind="stable")
            kept = np.sort(heard[max(count // 4, 1) :])
            self.forgotten += count - len(kept)
            aircraft, halves = self._aircraft[kept], self._halves[kept]
            count = len(kept)
            self._count[0] = count
            self._room(self._limit)
        self._aircraft[:count] = aircraft[:count]
        self._halves[:count] = halves[:count]
        fill_table(self._aircraft, count, self._table)

    def _room(self, rows: int) -> None:
        self._aircraft = np.zeros(rows, dtype=AIRCRAFT)
        self._halves = np.zeros((rows, 2), dtype=HALF)
        self._table = np.zeros(1 << (2 * rows - 1).bit_length(), dtype=np.int32)
