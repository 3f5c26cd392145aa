"""Clocks of receivers: from the counters beside radio frames to times in UTC."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from .reports import NEVER, Ints

_S: Final = 1_000_000
_DAY_US: Final = 86_400 * _S
UNTOLD: Final = 0
"""A counter that says nothing."""


class Clock(Protocol):
    """Tells when frames came.

    `doubts` counts frames whose counter could not be believed; they get the time of receipt.
    """

    doubts: int

    def times(self, counters: Ints, received_us: int) -> Ints:
        """When each frame came, µs since 1970 UTC, or `NEVER`.

        Args:
            counters: beside each frame; `UNTOLD` where there is none.
            received_us: when the bytes were taken in, or `NEVER`.
        """


class CounterClock:
    """A counter of 12 MHz that began whenever the receiver did.

    Live: what we hear is never early and often late, so the smallest delay seen so far ties counter
    and time together. As a receiver's quartz drifts, that tie may slip by `_DRIFT`. A counter that
    is far off began anew: it is tied anew.

    Of a capture: the first frame came at `began_us`, and the counter tells the others. Where it
    leaps, the receiver began anew, and the frame is taken to have followed at once.
    """

    _PER_US: Final = 12
    _DRIFT: Final = 1e-4
    _LATEST_US: Final = 30 * _S
    _LONGEST_US: Final = 3600 * _S

    def __init__(self, began_us: int | None = None) -> None:
        """Begin; `began_us` is for captures only."""
        self.doubts = 0
        self._offset_us: int | None = None
        self._tied_us = 0
        self._counted_us: int | None = None
        self._last_us = NEVER if began_us is None else began_us

    def times(self, counters: Ints, received_us: int) -> Ints:
        """See `Clock`."""
        told = counters != UNTOLD
        counted_us = counters // self._PER_US
        if received_us == NEVER:
            return self._captured(told, counted_us)
        if not told.any():
            return np.full(len(counters), received_us, dtype=np.int64)
        self._tie(int(counted_us[told][-1]), received_us)
        times = counted_us + (self._offset_us or 0)
        believed = told & (times > received_us - self._LATEST_US) & (times <= received_us + _S)
        self.doubts += int((told & ~believed).sum())
        return np.where(believed, np.minimum(times, received_us), received_us)

    def _tie(self, counted_us: int, received_us: int) -> None:
        offset = received_us - counted_us
        if self._offset_us is None or not 0 <= offset - self._offset_us <= self._LATEST_US:
            # Earlier than ever, or of another beginning.
            self._offset_us = offset
        else:
            slip = int((received_us - self._tied_us) * self._DRIFT)
            self._offset_us = min(offset, self._offset_us + max(slip, 0))
        self._tied_us = received_us

    def _captured(self, told: npt.NDArray[np.bool_], counted_us: Ints) -> Ints:
        if self._last_us == NEVER:
            return np.full(len(told), NEVER, dtype=np.int64)
        times = np.full(len(told), NEVER, dtype=np.int64)
        counted = counted_us[told]
        if len(counted):
            if self._counted_us is None:
                self._counted_us = int(counted[0])
            steps = np.diff(counted, prepend=self._counted_us)
            leaps = (steps < -self._LATEST_US) | (steps > self._LONGEST_US)
            self.doubts += int(leaps.sum())
            times[told] = self._last_us + np.cumsum(np.where(leaps, 0, steps))
            self._counted_us = int(counted[-1])
        filled = _filled(times, told, self._last_us)
        if len(counted):
            self._last_us = int(times[told][-1])
        return filled


class DayClock:
    """Time of day by satellite: seconds in the upper 18 bits, nanoseconds in the lower 30.

    The day is the nearest to the receipt; of a capture, to the frames before.
    """

    def __init__(self, began_us: int | None = None) -> None:
        """Begin; of a capture, `began_us` is about when its first frame came."""
        self.doubts = 0
        self._last_us = NEVER if began_us is None else began_us

    def times(self, counters: Ints, received_us: int) -> Ints:
        """See `Clock`."""
        told = counters != UNTOLD
        of_day = (counters >> 30) * _S + (counters & ((1 << 30) - 1)) // 1000
        told &= of_day < _DAY_US + _S
        self.doubts += int(((counters != UNTOLD) & ~told).sum())
        near_us = self._last_us if received_us == NEVER else received_us
        if near_us == NEVER:
            return np.full(len(counters), NEVER, dtype=np.int64)
        times = (near_us - of_day + _DAY_US // 2) // _DAY_US * _DAY_US + of_day
        if told.any():
            self._last_us = int(times[told][-1])
        if received_us == NEVER:
            return _filled(times, told, near_us)
        return np.where(told, times, received_us)


def _filled(times: Ints, told: npt.NDArray[np.bool_], before_us: int) -> Ints:
    """Times, with those of the frame before where none is told."""
    last = np.maximum.accumulate(np.where(told, np.arange(len(told)), -1))
    filled: Ints = (
        np.where(last >= 0, times[np.maximum(last, 0)], before_us) if len(told) else times
    )
    return filled
