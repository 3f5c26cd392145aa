"""What has to be looked at in every row of a table, once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from .reports import NEVER

USED: Final = 0
NO_TIME: Final = 1
NO_AIRCRAFT: Final = 2
NO_POSITION: Final = 3
FATES: Final = 4


@kernel
def sort_out(
    time_us: npt.NDArray[np.int64],
    aircraft: npt.NDArray[np.int32],
    lat_deg: npt.NDArray[np.float64],
    lng_deg: npt.NDArray[np.float64],
    used: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
) -> None:
    """Tell which rows can be used, count the others by reason, and wrap longitudes to [-180, 180).

    Args:
        time_us, aircraft, lat_deg: of the rows; `NEVER`, negative and NaN where not told.
        lng_deg: -180 to 360; changed.
        used: filled.
        counts: by fate, added to.
    """
    for i in range(len(time_us)):
        lng = lng_deg[i]
        if 180.0 <= lng <= 360.0:
            lng_deg[i] = lng - 360.0
        fate = USED
        if time_us[i] == NEVER:
            fate = NO_TIME
        elif aircraft[i] < 0:
            fate = NO_AIRCRAFT
        elif not (abs(lat_deg[i]) <= 90.0 and -180.0 <= lng <= 360.0):
            fate = NO_POSITION
        used[i] = fate == USED
        counts[fate] += 1


@kernel
def note_last(
    whose: npt.NDArray[np.int32], said: npt.NDArray[np.int32], last: npt.NDArray[np.int32]
) -> None:
    """Set `last[each]` to what its last row says; negative numbers are nobody and nothing."""
    for i in range(len(whose)):
        if whose[i] >= 0 and said[i] >= 0:
            last[whose[i]] = said[i]
