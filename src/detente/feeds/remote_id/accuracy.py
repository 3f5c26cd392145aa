"""Accuracies as F3411-22a and F3548-21 write them, in metres that hold 95 %."""

from __future__ import annotations

import math
from typing import Final

from detente.feeds.quality import NM_M, WORST_M

_NAN = math.nan

HORIZONTAL_M: Final = (
    WORST_M, 10 * NM_M, 4 * NM_M, 2 * NM_M, NM_M, 0.5 * NM_M, 0.3 * NM_M, 0.1 * NM_M, 0.05 * NM_M,
    30.0, 10.0, 3.0, 1.0, _NAN, _NAN, _NAN,
)  # fmt: skip
"""By the number that is broadcast; 0 is "10 NM or worse, or unknown"."""
VERTICAL_M: Final = (_NAN, 150.0, 45.0, 25.0, 10.0, 3.0, 1.0) + (_NAN,) * 9
"""Likewise; 0 is not known."""

_HORIZONTAL_NAMES: Final = {
    "HA10NMPlus": WORST_M,
    "HA10NM": 10 * NM_M,
    "HA4NM": 4 * NM_M,
    "HA2NM": 2 * NM_M,
    "HA1NM": NM_M,
    "HA05NM": 0.5 * NM_M,
    "HA03NM": 0.3 * NM_M,
    "HA01NM": 0.1 * NM_M,
    "HA005NM": 0.05 * NM_M,
    "HA30m": 30.0,
    "HA10m": 10.0,
    "HA3m": 3.0,
    "HA1m": 1.0,
}
_VERTICAL_NAMES: Final = {
    "VA150mPlus": 150.0,
    "VA150m": 150.0,
    "VA45m": 45.0,
    "VA25m": 25.0,
    "VA10m": 10.0,
    "VA3m": 3.0,
    "VA1m": 1.0,
}


def horizontal_m(name: str | None) -> float:
    """By name, such as `HA10m`; NaN if it tells nothing (`HAUnknown`, none)."""
    return _HORIZONTAL_NAMES.get(name or "", math.nan)


def vertical_m(name: str | None) -> float:
    """By name, such as `VA10m`; NaN if it tells nothing."""
    return _VERTICAL_NAMES.get(name or "", math.nan)
