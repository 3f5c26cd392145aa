"""The parts of boundaries and lines that a page shows: cut to a box, no finer than can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from detente.boundaries import Boundary
from detente.kernels import BORDER, BorderIndex

Line: TypeAlias = npt.NDArray[np.float64]
"""float64[n, 2]: longitude and latitude, degrees."""

_PER_DEGREE_M: Final = 111_195.0
_TIMES: Final = 12


@dataclass(frozen=True, slots=True)
class GeoBox:
    """Degrees; `east` is beyond 180 if the box lies over the date line, never more than 540."""

    south: float
    west: float
    north: float
    east: float

    def grown(self, metres: float) -> GeoBox:
        """With so much more on every side."""
        up = metres / _PER_DEGREE_M
        middle = np.radians(min(89.0, max(abs(self.south), abs(self.north))))
        aside = up / max(0.02, float(np.cos(middle)))
        return GeoBox(
            max(-90.0, self.south - up), self.west - aside, min(90.0, self.north + up),
            self.east + aside,
        )  # fmt: skip

    @property
    def size_m(self) -> float:
        """The longer side, about."""
        across = (self.east - self.west) * float(np.cos(np.radians((self.south + self.north) / 2)))
        return max(self.north - self.south, across) * _PER_DEGREE_M


def box_of(lat_deg: Iterable[float], lng_deg: Iterable[float]) -> GeoBox | None:
    """The least box around points; None if there is none."""
    lat = np.fromiter(lat_deg, dtype=np.float64)
    lng = np.fromiter(lng_deg, dtype=np.float64)
    known = np.isfinite(lat) & np.isfinite(lng)
    lat, lng = lat[known], lng[known]
    if not len(lat):
        return None
    turned = lng
    if lng.max() - lng.min() > 180:
        turned = np.where(lng < 0, lng + 360, lng)
    return GeoBox(float(lat.min()), float(turned.min()), float(lat.max()), float(turned.max()))


def rings_of(boundary: Boundary) -> list[Line]:
    """All its rings."""
    return [ring for polygon in boundary.polygons for ring in polygon]


def lines_of(index: BorderIndex, area: int) -> list[Line]:
    """The lines of an area as an index has them; one that runs there and back is told once."""
    edges = index.edges
    first, end = int(edges.first[area]), int(edges.first[area + 1])
    xy, drawn = edges.xy[first:end], edges.kind[first:end] == BORDER
    breaks = np.flatnonzero(~drawn) + 1
    lines = [each for each in np.split(xy, breaks) if len(each) > 1]
    return [
        each[: len(each) // 2 + 1] if np.array_equal(each, each[::-1]) else each for each in lines
    ]


def border_lines(lines: Sequence[Line], box: GeoBox, vertices_max: int) -> tuple[list[Line], float]:
    """Lines within a box, with at most about so many vertices; and how coarse, metres.

    Lines are made coarser by no more than it takes: each time by twice what was left out before,
    from a thousandth of the box.
    """
    cut = list(_cut(lines, box))
    tolerance = box.size_m / 1000 / _PER_DEGREE_M
    shown, off = cut, 0.0
    for _ in range(_TIMES):
        if sum(map(len, shown)) <= vertices_max:
            break
        coarser = shapely.simplify([shapely.LineString(each) for each in cut], tolerance)
        shown = [shapely.get_coordinates(each) for each in coarser]
        off, tolerance = tolerance, tolerance * 2
    return [each for each in shown if len(each) > 1], off * _PER_DEGREE_M


def _cut(lines: Sequence[Line], box: GeoBox) -> Iterator[Line]:
    for each in lines:
        low, high = each.min(axis=0), each.max(axis=0)
        if high[1] < box.south or low[1] > box.north:
            continue
        for turn in (-360.0, 0.0, 360.0):
            if high[0] + turn < box.west or low[0] + turn > box.east:
                continue
            line = shapely.LineString(each + np.array([turn, 0.0]))
            inside = shapely.clip_by_rect(line, box.west, box.south, box.east, box.north)
            for part in shapely.get_parts(inside):
                if part.geom_type == "LineString" and not part.is_empty:
                    yield shapely.get_coordinates(part)
