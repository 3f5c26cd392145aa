"""The same exchange without its two ideas: every search is a linear scan, every request a commit.

HTTP, tokens, rules and log are the real ones, so what differs in the figures is the index and the
group commit alone. Two scans: `plain` asks `detente.geo.relevant` of one stored extent after the
other; `vectorised` compares bounding boxes of all of them by numpy first, and asks only of what is
left. The commit of each request comes from the instance's own setting `max_batch = 1`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from detente.exchange import shelves
from detente.geo import Extent, relevant

_OPEN = 1 << 62
# A degree of latitude has more than 110 km: this is more than the guard of one metre.
_MARGIN = 100_000


class PlainScan:
    """Keeps extents in a dict and looks at each."""

    def __init__(self, guard_m: float = 1.0) -> None:
        self._guard_m = guard_m
        self._extents: dict[int, Extent] = {}

    def insert(self, key: int, extent: Extent) -> None:
        self._extents[key] = extent

    def delete(self, key: int) -> None:
        del self._extents[key]

    def query(self, extent: Extent) -> list[int]:
        guard_m = self._guard_m
        return [key for key, other in self._extents.items() if relevant(other, extent, guard_m)]

    def bulk_load(self, items: Iterable[tuple[int, Extent]]) -> None:
        self._extents = dict(items)

    def ended_before(self, instant_us: int, most: int) -> list[int]:
        ends = ((key, extent.time_end_us) for key, extent in self._extents.items())
        return [key for key, end_us in ends if end_us is not None and end_us < instant_us][:most]


class VectorisedScan(PlainScan):
    """Keeps a table of bounding boxes beside them; rows are keys."""

    def __init__(self, guard_m: float = 1.0) -> None:
        super().__init__(guard_m)
        self._low = np.full((4, 1024), _OPEN, np.int64)
        self._high = np.full((4, 1024), -_OPEN, np.int64)

    def insert(self, key: int, extent: Extent) -> None:
        super().insert(key, extent)
        while key >= self._low.shape[1]:
            self._low = np.hstack((self._low, np.full_like(self._low, _OPEN)))
            self._high = np.hstack((self._high, np.full_like(self._high, -_OPEN)))
        self._low[:, key], self._high[:, key] = _box(extent)

    def delete(self, key: int) -> None:
        super().delete(key)
        self._low[:, key], self._high[:, key] = _OPEN, -_OPEN

    def query(self, extent: Extent) -> list[int]:
        low, high = _box(extent)
        meets = np.ones(self._low.shape[1], bool)
        for axis in range(4):
            meets &= self._low[axis] <= high[axis]
            meets &= self._high[axis] >= low[axis]
        keys: list[int] = np.nonzero(meets)[0].tolist()
        return [key for key in keys if relevant(self._extents[key], extent, self._guard_m)]

    def bulk_load(self, items: Iterable[tuple[int, Extent]]) -> None:
        for key, extent in items:
            self.insert(key, extent)


def install(scan: Literal["plain", "vectorised"]) -> None:
    """Let the exchange of this process search that way."""
    if not hasattr(shelves, "ExtentIndex"):
        raise RuntimeError("the exchange keeps its index elsewhere now")
    kinds: dict[str, Any] = {"plain": PlainScan, "vectorised": VectorisedScan}
    setattr(shelves, "ExtentIndex", kinds[scan])  # noqa: B010 - a name that it only imports


def _box(extent: Extent) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Latitude, longitude, altitude, time; the measured world stays off poles and date line."""
    lats, lngs = extent.hull[::2], extent.hull[1::2]
    start, end = extent.time_start_us, extent.time_end_us
    lower, upper = extent.altitude_lower_mm, extent.altitude_upper_mm
    return (
        (
            min(lats) - _MARGIN,
            min(lngs) - _MARGIN,
            -_OPEN if lower is None else lower,
            -_OPEN if start is None else start,
        ),
        (
            max(lats) + _MARGIN,
            max(lngs) + _MARGIN,
            _OPEN if upper is None else upper,
            _OPEN if end is None else end,
        ),
    )
