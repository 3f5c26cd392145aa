"""Where the segments of a batch go over borders: all at once."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detente.boundaries import BoundarySet
from detente.watch.crossing_rules import CrossingRules
from detente.watch.intervals import ONE_WAY
from detente.watch.motion import carried_on, off_the_lines_m, on_the_way

from ._depth import Node
from ._following import Followed
from ._passage import Border
from ._scan import Floats

_BESIDE_M: Final = 10.0
"""How far before and after a crossing it is looked how fast the border comes nearer."""
_SLANT: Final = 2.0
"""Two positions between which a border lies are those whose errors lead over it: so many times what
they may be off is the slant of the line between them in doubt."""


class Cut(NamedTuple):
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
    index = boundaries.index
    which = followed.may_cross
    row = followed.noted[which]
    reports = followed.tracked.reports
    met, area, share, into, _ = index.crossings(
        followed.from_lat[which], followed.from_lng[which],
        reports.lat_deg[row], reports.lng_deg[row],
    )  # fmt: skip
    if not len(met):
        return {}
    noted = which[met]
    lat, lng = _point(followed, noted, share)
    way = followed.way[noted]
    beside = np.clip(_BESIDE_M / np.maximum(way, 1e-9), 0.0, 0.5)
    before, after = np.maximum(share - beside, 0.0), np.minimum(share + beside, 1.0)
    length = np.maximum((after - before) * way, 1e-9)
    points = [_point(followed, noted, each) for each in (before, after)]
    # the line between two positions has the errors of both: a course that is told is better
    at = row[met]
    moves = reports.speed_m_s[at] >= rules.speed_least_m_s
    told = np.flatnonzero(moves & np.isfinite(reports.track_deg[at]))
    one = np.ones(len(told))
    for point, way_m in zip(points, (-_BESIDE_M, _BESIDE_M), strict=True):
        point[0][told], point[1][told] = carried_on(
            lat[told], lng[told], way_m * one, reports.track_deg[at][told], one
        )
    length[told] = 2 * _BESIDE_M
    behind, ahead = (index.signed_depth(*each, area, 100 * _BESIDE_M) for each in points)
    steep = np.minimum(np.abs(ahead.depth_m - behind.depth_m) / length, 1.0)
    noise = ONE_WAY * np.hypot(followed.before[noted, 0], followed.radius[at])
    off = np.minimum(_SLANT * noise / np.maximum(way, 1e-9), 1.0)
    off[told] = 0.0
    line = boundaries.uncertainty_m(area, ahead.edge)
    borders = _borders(followed, noted, share, lat, lng, (steep, off), line, rules)
    found: dict[int, list[Cut]] = {}
    for at, whose, inwards, border in zip(
        row[met].tolist(), area.tolist(), into.tolist(), borders, strict=True
    ):
        found.setdefault(at, []).append(Cut(whose, bool(inwards), border))
    return found


def border_at(followed: Followed, row: int, line_m: float, rules: CrossingRules) -> Border:
    """A crossing at a noted position itself."""
    reports = followed.tracked.reports
    noted, one = np.searchsorted(followed.noted, [row]), np.ones(1)
    lat, lng = reports.lat_deg[[row]], reports.lng_deg[[row]]
    (border,) = _borders(followed, noted, one, lat, lng, (one, 0 * one), np.array([line_m]), rules)
    return border


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


def _borders(
    followed: Followed,
    noted: npt.NDArray[np.intp],
    share: Floats,
    lat: Floats,
    lng: Floats,
    steepness: tuple[Floats, Floats],
    line_m: Floats,
    rules: CrossingRules,
) -> list[Border]:
    """Crossings on the way to some noted positions."""
    reports = followed.tracked.reports
    row = followed.noted[noted]
    way, from_us = followed.way[noted], followed.came[noted]
    elapsed_us = reports.time_us[row] - from_us
    elapsed_s = elapsed_us / 1e6
    radius, altitude = followed.before[noted].T
    speed = reports.speed_m_s[row]
    known = (speed > 0) & (speed <= rules.speed_max_m_s)
    speed = np.where(known, speed, way / np.maximum(elapsed_s, 1e-6))
    columns = (
        from_us + np.rint(share * elapsed_us).astype(np.int64),
        lat,
        lng,
        altitude + share * (reports.altitude_m[row] - altitude),
        followed.odometer[row] - (1 - share) * way,
        radius + share * (followed.radius[row] - radius),
        off_the_lines_m(elapsed_s, share, way, rules.acceleration_m_s2, rules.speed_max_m_s),
        speed,
        *steepness,
        np.minimum(way, speed * elapsed_s),
        line_m,
        reports.source[row],
    )
    return [
        Border(
            at_us,
            y,
            x,
            None if math.isnan(high) else high,
            flown,
            round_m,
            aside,
            fast,
            steep,
            off,
            apart,
            line,
            reports.sources[by].name,
        )
        for at_us, y, x, high, flown, round_m, aside, fast, steep, off, apart, line, by in zip(
            *(each.tolist() for each in columns), strict=True
        )
    ]


def _point(followed: Followed, noted: npt.NDArray[np.intp], share: Floats) -> tuple[Floats, Floats]:
    reports = followed.tracked.reports
    row = followed.noted[noted]
    return on_the_way(
        followed.from_lat[noted],
        followed.from_lng[noted],
        reports.lat_deg[row],
        reports.lng_deg[row],
        share,
    )
