"""How much of an area two versions have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import pyproj
import shapely

from detente.agreement.outline import AreaOutline
from detente.geo import Polygon, projection

_PIECES: Final = 16


@dataclass(frozen=True, slots=True)
class AreaChange:
    """Square kilometres that only the new area has, only the old one had, and that both have."""

    gained_km2: float
    lost_km2: float
    kept_km2: float


def area_change(old: Sequence[AreaOutline], new: Sequence[AreaOutline]) -> AreaChange:
    """Compare two areas, in an equal-area projection around their middle.

    Edges are cut into pieces along their geodesics, so that what is lost by drawing them straight
    is far below what is shown.
    """
    centre = _centre([*old, *new])
    project = pyproj.Proj(proj="laea", lat_0=centre[0], lon_0=centre[1], ellps="WGS84")
    before, after = _shape(old, project), _shape(new, project)
    return AreaChange(
        _km2(shapely.difference(after, before)),
        _km2(shapely.difference(before, after)),
        _km2(shapely.intersection(before, after)),
    )


def _centre(outlines: Sequence[AreaOutline]) -> tuple[float, float]:
    vertices = np.radians([vertex for each in outlines for vertex in each.outer.vertices])
    lat, lng = vertices[:, 0], vertices[:, 1]
    x, y, z = (
        float(part.mean())
        for part in (np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat))
    )
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _shape(outlines: Sequence[AreaOutline], project: pyproj.Proj) -> Any:
    parts = []
    for each in outlines:
        rings = [_ring(ring, project) for ring in (each.outer, *each.holes)]
        parts.append(shapely.make_valid(shapely.Polygon(rings[0], rings[1:])))
    return shapely.union_all(parts)


def _ring(ring: Polygon, project: pyproj.Proj) -> list[tuple[float, float]]:
    lat, lng = (np.array(part, dtype=np.float64) for part in zip(*ring.vertices, strict=True))
    lat, lng = projection.densify(lat, lng, np.full(len(lat), _PIECES, dtype=np.int64))
    x, y = project(lng, lat)
    return list(zip(map(float, x), map(float, y), strict=True))


def _km2(shape: Any) -> float:
    return cast(float, shapely.area(shape)) / 1e6
