"""Where a picture of boundaries lies, and what of them is in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from detente.boundaries import Boundary, Box, Ring, shape_of

MARGIN: Final = 0.05
_LEAST_DEG: Final = 1e-4
_BEYOND: Final = 3.0
"""Pixels."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A map that is true to scale in its middle.

    Attributes:
        west, south, east, north: sides in degrees; `east` may pass 180.
        width, height: in pixels, or dots.
    """

    west: float
    south: float
    east: float
    north: float
    width: float
    height: float

    @property
    def shrink(self) -> float:
        """How much shorter a degree of longitude is than one of latitude."""
        return max(0.05, math.cos(math.radians((self.south + self.north) / 2)))

    @property
    def scale(self) -> float:
        """Pixels to a degree of latitude."""
        wide = (self.east - self.west) * self.shrink
        return min(self.width / wide, self.height / (self.north - self.south))

    def pixels(self, ring: Ring) -> npt.NDArray[np.float64]:
        """Places of a ring in the picture, from its upper left corner."""
        middle = np.array([(self.west + self.east) / 2, (self.south + self.north) / 2])
        steps = (ring - middle) * [self.shrink * self.scale, -self.scale]
        return np.asarray(steps + np.array([self.width, self.height]) / 2, dtype=np.float64)

    def rings(self, boundary: Boundary) -> list[npt.NDArray[np.float64]]:
        """What of a boundary lies in the picture, in pixels, without more detail than it shows."""
        # A little more than is seen, so that no edge of the picture is drawn as a line.
        half_x = (self.width / 2 + _BEYOND) / self.scale / self.shrink
        half_y = (self.height / 2 + _BEYOND) / self.scale
        x, y = (self.west + self.east) / 2, (self.south + self.north) / 2
        shape = shape_of(boundary)
        parts = []
        # The same Earth a turn further, for pictures over the date line.
        for turn in (0.0, 360.0):
            if x + half_x >= -180 + turn and x - half_x <= 180 + turn:
                part = shapely.clip_by_rect(
                    shape, x - half_x - turn, y - half_y, x + half_x - turn, y + half_y
                )
                parts.append(shapely.transform(part, partial(np.add, np.array([turn, 0.0]))))
        # Joined, so that the cut at the date line is not drawn either.
        joined = shapely.simplify(
            shapely.union_all(parts), 0.5 / self.scale, preserve_topology=False
        )
        return [
            self.pixels(shapely.get_coordinates(ring))
            for polygon in shapely.get_parts(joined)
            if isinstance(polygon, shapely.Polygon)
            for ring in shapely.get_rings(polygon)
        ]


def frame_of(boundaries: Sequence[Boundary], box: Box | None, width: float, height: float) -> Frame:
    """A frame around the box, or around boundaries with a margin."""
    if box is not None:
        east = box.east + 360 if box.east <= box.west else box.east
        return Frame(box.west, box.south, east, box.north, width, height)
    places = [polygon[0] for each in boundaries for polygon in each.polygons]
    low = np.min([ring.min(axis=0) for ring in places], axis=0)
    high = np.max([ring.max(axis=0) for ring in places], axis=0)
    west, east = _narrowest(places) if high[0] - low[0] > 180 else (low[0], high[0])
    wide, tall = max(east - west, _LEAST_DEG), max(high[1] - low[1], _LEAST_DEG)
    return Frame(
        float(west - MARGIN * wide),
        float(max(-90.0, low[1] - MARGIN * tall)),
        float(east + MARGIN * wide),
        float(min(90.0, high[1] + MARGIN * tall)),
        width,
        height,
    )


def _narrowest(rings: Sequence[Ring]) -> tuple[float, float]:
    """Longitudes that hold all rings with the widest gap left out; the second may pass 180."""
    spans = sorted((float(ring[:, 0].min()), float(ring[:, 0].max())) for ring in rings)
    reach, widest, begin = (
        spans[0][1],
        spans[0][0] + 360 - max(end for _, end in spans),
        spans[0][0],
    )
    for west, east in spans[1:]:
        if west - reach > widest:
            widest, begin = west - reach, west
        reach = max(reach, east)
    return begin, begin + 360 - max(widest, 0.0)
