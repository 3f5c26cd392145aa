"""The positions around events: a second reading of an archive, for those who want to see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds import Reports

Floats: TypeAlias = npt.NDArray[np.float64]

POINTS_MAX: Final = 1_500
"""Positions of one window: more are thinned out, evenly."""
_HELD_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one aircraft's track.

    Attributes:
        aircraft: its identity.
        from_us, until_us: both included, µs since 1970.
    """

    aircraft: str
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True, eq=False)
class TrackPoints:
    """Positions of one window in the order of time, as they were received; NaN: not told.

    Attributes:
        time_us: int64.
        lat_deg, lng_deg, altitude_m: the altitude is the pressure altitude where there is no other.
        horizontal_m, vertical_m: hold the position with 95 %.
    """

    time_us: npt.NDArray[np.int64]
    lat_deg: Floats
    lng_deg: Floats
    altitude_m: Floats
    horizontal_m: Floats
    vertical_m: Floats

    def __len__(self) -> int:
        return len(self.time_us)


@dataclass(slots=True)
class _Gathered:
    window: Window
    parts: list[TrackPoints] = field(default_factory=list)
    held: int = 0


def track_points(
    batches: Iterable[Reports], windows: Iterable[Window]
) -> Mapping[Window, TrackPoints]:
    """The positions in windows, `POINTS_MAX` of each at most.

    Args:
        batches: reports in the order of time; reading ends when the last window has.
        windows: what is wanted.
    """
    gathered = {each: _Gathered(each) for each in windows}
    by_name: dict[str, list[_Gathered]] = {}
    for each in gathered.values():
        by_name.setdefault(each.window.aircraft, []).append(each)
    last_us = max((each.until_us for each in gathered), default=-1)
    for batch in batches:
        if not len(batch) or int(batch.time_us[0]) > last_us:
            break
        wanted = np.array([each in by_name for each in batch.identities], dtype=np.bool_)
        rows = np.flatnonzero(wanted[batch.aircraft]) if len(wanted) else np.empty(0, np.intp)
        if len(rows):
            _gather(batch.take(rows), by_name)
    return {window: _thinned(_together(each.parts)) for window, each in gathered.items()}


def _gather(found: Reports, by_name: Mapping[str, list[_Gathered]]) -> None:
    order = np.argsort(found.aircraft, kind="stable")
    codes, starts = np.unique(found.aircraft[order], return_index=True)
    for code, rows in zip(codes.tolist(), np.split(order, starts[1:]), strict=True):
        times = found.time_us[rows]
        for each in by_name[found.identities[code]]:
            inside = rows[(times >= each.window.from_us) & (times <= each.window.until_us)]
            if not len(inside):
                continue
            each.parts.append(_points(found, inside))
            each.held += len(inside)
            if each.held > _HELD_MAX:
                each.parts = [_thinned(_together(each.parts), _HELD_MAX // 2)]
                each.held = len(each.parts[0])


def _points(found: Reports, rows: npt.NDArray[np.intp]) -> TrackPoints:
    altitude = found.altitude_m[rows]
    return TrackPoints(
        found.time_us[rows],
        found.lat_deg[rows],
        found.lng_deg[rows],
        np.where(np.isnan(altitude), found.pressure_m[rows], altitude),
        found.horizontal_m[rows],
        found.vertical_m[rows],
    )


def _together(parts: list[TrackPoints]) -> TrackPoints:
    empty = np.empty(0)
    if not parts:
        return TrackPoints(np.empty(0, dtype=np.int64), empty, empty, empty, empty, empty)
    return TrackPoints(
        np.concatenate([each.time_us for each in parts]),
        np.concatenate([each.lat_deg for each in parts]),
        np.concatenate([each.lng_deg for each in parts]),
        np.concatenate([each.altitude_m for each in parts]),
        np.concatenate([each.horizontal_m for each in parts]),
        np.concatenate([each.vertical_m for each in parts]),
    )


def _thinned(points: TrackPoints, most: int = POINTS_MAX) -> TrackPoints:
    """Every so manieth, the first and the last among them."""
    if len(points) <= most:
        return points
    rows = np.unique(np.linspace(0, len(points) - 1, most).round().astype(np.intp))
    return TrackPoints(
        points.time_us[rows],
        points.lat_deg[rows],
        points.lng_deg[rows],
        points.altitude_m[rows],
        points.horizontal_m[rows],
        points.vertical_m[rows],
    )
