"""A polygon of an agreement's area. Who computes with it loads geometry, which takes long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from detente.geo import Polygon

GEOJSON_BYTES_MAX: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class AreaOutline:
    """A polygon of the area and the holes in it. Edges are geodesics."""

    outer: Polygon
    holes: tuple[Polygon, ...] = ()

    @property
    def area_m2(self) -> float:
        """On the ellipsoid, without the holes."""
        from detente.geo import area_m2

        return area_m2(self.outer) - sum(area_m2(hole) for hole in self.holes)
