"""A kernel that gives times of day their date."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

_DAY_US: Final = 86_400_000_000
_NEVER: Final = -(2**63)


@kernel
def dated(
    tod_s: npt.NDArray[np.float64],
    received_us: npt.NDArray[np.int64],
    last_us: int,
    times_us: npt.NDArray[np.int64],
) -> int:
    """Put each time of day on the day on which it is nearest to when it was heard.

    Args:
        tod_s: seconds since midnight UTC; not a number where not told.
        received_us: when each was heard, µs since 1970; the smallest integer where not known: then
            the time before it stands in, so that a file runs on over midnight.
        last_us: the time before the first, or the smallest integer.
        times_us: to be filled; the smallest integer where nothing tells the day.

    Returns:
        The last time.
    """
    for i in range(len(tod_s)):
        near = received_us[i] if received_us[i] != _NEVER else last_us
        if near == _NEVER or not 0 <= tod_s[i] < 86_400.0:
            times_us[i] = _NEVER
            continue
        since_midnight = round(tod_s[i] * 1e6)
        days = (near - since_midnight + _DAY_US // 2) // _DAY_US
        times_us[i] = days * _DAY_US + since_midnight
        last_us = times_us[i]
    return last_us
