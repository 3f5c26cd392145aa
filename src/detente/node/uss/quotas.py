"""Quotas of callers at the listener for other USSs: nobody's share is eaten by another.

Each caller, by the `sub` of its token, has so many requests a second and places for requests at
work, apart for what it asks and for what it tells. Beyond them it is answered 429, with the seconds
after which to come again; what is turned away is not recorded whole (`witnessed`).
"""

from __future__ import annotations

from typing import Final

from detente.http import LaneQuota, Lanes

DETAILS_LANE: Final = "uss-details"
"""What is asked of us: details and telemetry (U1, U2, U4)."""
NOTICES_LANE: Final = "uss-notices"
"""What is told: changes and reports (U3, U5, U6)."""
LOG_SETS_LANE: Final = "uss-log-sets"
"""Log sets (U7): few, and large."""

BURST_S: Final = 3.0
"""How many seconds' requests may come at once."""
AT_WORK_MAX: Final = 64
"""Requests of one caller at work in one lane; notices may wait for an exchange."""
SHARED: Final = 256
NOTICES_BYTES_PER_S: Final = 8e6


def uss_lanes(requests_per_s: float) -> Lanes:
    """The quotas.

    Args:
        requests_per_s: of one caller: of details, and as many notices.
    """
    burst = max(1, round(requests_per_s * BURST_S))
    return Lanes(
        [
            LaneQuota(
                name=DETAILS_LANE,
                requests_per_s=requests_per_s,
                request_burst=burst,
                reserved=8,
                most=AT_WORK_MAX,
            ),
            LaneQuota(
                name=NOTICES_LANE,
                requests_per_s=requests_per_s,
                request_burst=burst,
                bytes_per_s=NOTICES_BYTES_PER_S,
                byte_burst=32 << 20,
                reserved=4,
                most=AT_WORK_MAX,
            ),
            LaneQuota(name=LOG_SETS_LANE, requests_per_s=0.2, request_burst=5, reserved=1, most=2),
        ],
        shared=SHARED,
    )
