"""Where many things are, roughly: bounds of their volumes in columns that grow, to be searched.

A few array operations sort out, of ten thousand volumes, those that share time and altitude with
some others and may meet them on the ground. Adding and dropping costs the same however many there
are.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from detente.geo import Prepared

_CELLS_MAX: Final = 1 << 18
"""Comparisons made at once."""
_TOUCH_M: Final = 0.01
_FIRST_ROWS: Final = 64

K = TypeVar("K", bound=Hashable)


class Extents(Generic[K]):
    """The bounds of volumes, by the key of whose they are."""

    def __init__(self) -> None:
        self._used = 0
        self._live = 0
        self._rows: dict[K, tuple[int, int, int]] = {}
        self._keys: dict[int, K] = {}
        self._next = 0
        self._make(_FIRST_ROWS)

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: K, where: Prepared) -> None:
        """Say where something is; what was said of it before is forgotten. It keeps its turn."""
        known = self._rows.get(key)
        self._blank(known)
        if known is None:
            number, self._next = self._next, self._next + 1
        else:
            number = known[0]
        count = len(where)
        if self._used + count > len(self._owner):
            self._move(max(_FIRST_ROWS, 2 * (self._live + count)))
        first, end = self._used, self._used + count
        self._owner[first:end] = number
        self._start[first:end] = where.time_start_us
        self._end[first:end] = where.time_end_us
        self._lower[first:end] = where.altitude_lower_m
        self._upper[first:end] = where.altitude_upper_m
        self._ball[first:end] = where.ball_m
        self._radius[first:end] = where.ball_radius_m
        self._used, self._live = end, self._live + count
        self._rows[key] = (number, first, count)
        self._keys[number] = key

    def drop(self, key: K) -> None:
        """It is nowhere any more."""
        known = self._rows.pop(key, None)
        if known is not None:
            self._blank(known)
            del self._keys[known[0]]

    def near(self, mine: Prepared) -> list[K]:
        """Whose volumes share time and altitude with some of mine, their balls meeting mine.

        In the order in which they came first.
        """
        if not self._live or not len(mine):
            return []
        used = self._used
        owner, start, end = self._owner[:used], self._start[:used], self._end[:used]
        lower, upper = self._lower[:used], self._upper[:used]
        ball, radius = self._ball[:used], self._radius[:used]
        found = np.zeros(used, np.bool_)
        # First against all of mine at once: most are out of the way of the whole.
        rows = np.flatnonzero(
            (owner >= 0)
            & (start <= mine.time_end_us.max())
            & (end >= mine.time_start_us.min())
            & (lower <= mine.altitude_upper_m.max())
            & (upper >= mine.altitude_lower_m.min())
        )
        middle = mine.ball_m.mean(axis=0)
        reach = float(
            (np.linalg.norm(mine.ball_m - middle, axis=1) + mine.ball_radius_m).max() + _TOUCH_M
        )
        apart = np.linalg.norm(ball[rows] - middle, axis=1)
        rows = rows[apart <= radius[rows] + reach]
        at_once = max(1, _CELLS_MAX // max(1, len(rows)))
        for begin in range(0, len(mine), at_once):
            some = slice(begin, begin + at_once)
            mask = mine.time_start_us[some, None] <= end[rows]
            mask &= mine.time_end_us[some, None] >= start[rows]
            mask &= mine.altitude_lower_m[some, None] <= upper[rows]
            mask &= mine.altitude_upper_m[some, None] >= lower[rows]
            ours, theirs = np.nonzero(mask)
            gap = np.linalg.norm(mine.ball_m[some][ours] - ball[rows[theirs]], axis=1)
            gap -= mine.ball_radius_m[some][ours] + radius[rows[theirs]]
            found[rows[theirs[gap <= _TOUCH_M]]] = True
        return [self._keys[number] for number in np.unique(owner[found]).tolist()]

    def _blank(self, known: tuple[int, int, int] | None) -> None:
        if known is not None:
            _, first, count = known
            self._owner[first : first + count] = -1
            self._live -= count

    def _make(self, rows: int) -> None:
        self._owner: npt.NDArray[np.int64] = np.full(rows, -1, np.int64)
        self._start: npt.NDArray[np.int64] = np.zeros(rows, np.int64)
        self._end: npt.NDArray[np.int64] = np.zeros(rows, np.int64)
        self._lower: npt.NDArray[np.float64] = np.zeros(rows)
        self._upper: npt.NDArray[np.float64] = np.zeros(rows)
        self._ball: npt.NDArray[np.float64] = np.zeros((rows, 3))
        self._radius: npt.NDArray[np.float64] = np.zeros(rows)

    def _move(self, rows: int) -> None:
        """Into columns of another length, without the gaps."""
        columns = ("_owner", "_start", "_end", "_lower", "_upper", "_ball", "_radius")
        kept = np.flatnonzero(self._owner[: self._used] >= 0)
        before = {name: getattr(self, name)[kept] for name in columns}
        places = np.full(self._used + 1, 0, np.int64)
        places[kept] = np.arange(len(kept))
        self._make(rows)
        for name, values in before.items():
            getattr(self, name)[: len(kept)] = values
        self._used = len(kept)
        self._rows = {
            key: (number, int(places[first]), count)
            for key, (number, first, count) in self._rows.items()
        }
