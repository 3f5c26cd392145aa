"""Where the segments of a batch go over borders: all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.boundaries import BoundarySet
from detente.watch.crossing_rules import CrossingRules
from detente.watch.motion import off_the_line_m, on_the_way

from ._depth import Node
from ._following import Followed
from ._passage import Border
from ._scan import Floats

_BESIDE_M: Final = 10.0
"""How far before and after a crossing it is looked how fast the border comes nearer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One crossing of one border.

    Attributes:
        area: whose border.
        into: whether it leads inside.
        border: where.
    """

    area: int
    into: bool
    border: Border


def cut(boundaries: BoundarySet, followed: Followed, rules: CrossingRules) -> dict[int, list[Cut]]:
    """All crossings of a batch by row: that of the later position; in the order of flight."""
    reports = followed.tracked.reports
    index = boundaries.index
    row, area, share, into, _ = index.crossings(
        followed.from_lat, followed.from_lng, reports.lat_deg, reports.lng_deg
    )
    if not len(row):
        return {}
    lat, lng = _point(followed, row, share)
    way = followed.way[row]
    beside = np.clip(_BESIDE_M / np.maximum(way, 1e-9), 0.0, 0.5)
    before, after = np.maximum(share - beside, 0.0), np.minimum(share + beside, 1.0)
    behind, ahead = (
        index.signed_depth(*_point(followed, row, each), area, 100 * _BESIDE_M)
        for each in (before, after)
    )
    nearer = np.abs(ahead.depth_m - behind.depth_m)
    steep = np.minimum(nearer / np.maximum((after - before) * way, 1e-9), 1.0)
    line = boundaries.uncertainty_m(area, ahead.edge)
    found: dict[int, list[Cut]] = {}
    for i, at in enumerate(row.tolist()):
        border = _border(
            followed, at, float(share[i]), float(lat[i]), float(lng[i]),
            float(steep[i]), float(line[i]), rules,
        )  # fmt: skip
        found.setdefault(at, []).append(Cut(int(area[i]), bool(into[i]), border))
    return found


def border_at(followed: Followed, row: int, line_m: float, rules: CrossingRules) -> Border:
    """A crossing at a position itself."""
    reports = followed.tracked.reports
    return _border(
        followed, row, 1.0, float(reports.lat_deg[row]), float(reports.lng_deg[row]), 1.0,
        line_m, rules,
    )  # fmt: skip


def node_at(followed: Followed, row: int) -> Node:
    """A position as a point of its track."""
    reports = followed.tracked.reports
    return Node(
        float(reports.lat_deg[row]),
        float(reports.lng_deg[row]),
        int(reports.time_us[row]),
        float(followed.odometer[row]),
        float(followed.radius[row]),
    )


def source_of(followed: Followed, row: int) -> str:
    """Who reported a position."""
    reports = followed.tracked.reports
    return reports.sources[int(reports.source[row])].name


def _border(
    followed: Followed,
    row: int,
    share: float,
    lat: float,
    lng: float,
    steepness: float,
    line_m: float,
    rules: CrossingRules,
) -> Border:
    reports = followed.tracked.reports
    way = float(followed.way[row])
    from_us = int(followed.came[row, 0])
    elapsed_us = int(reports.time_us[row]) - from_us
    seconds = elapsed_us / 1e6
    radius, altitude = followed.before[row].tolist()
    radius += share * (float(followed.radius[row]) - radius)
    altitude += share * (float(reports.altitude_m[row]) - altitude)
    return Border(
        from_us + round(share * elapsed_us),
        lat,
        lng,
        altitude if np.isfinite(altitude) else None,
        float(followed.odometer[row]) - (1 - share) * way,
        radius,
        off_the_line_m(seconds, share, way, rules.acceleration_m_s2, rules.speed_max_m_s),
        way / seconds if seconds > 0 else 0.0,
        steepness,
        line_m,
        source_of(followed, row),
    )


def _point(followed: Followed, row: npt.NDArray[np.intp], share: Floats) -> tuple[Floats, Floats]:
    reports = followed.tracked.reports
    return on_the_way(
        followed.from_lat[row],
        followed.from_lng[row],
        reports.lat_deg[row],
        reports.lng_deg[row],
        share,
    )
