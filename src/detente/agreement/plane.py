"""Outlines in a plane where geodesics are straight, to ask how they lie to one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from detente.geo import Polygon, projection

Outlines = Sequence[tuple[Polygon, Sequence[Polygon]]]
"""Outer ring and holes of each."""


def bad_holes(outer: Polygon, holes: Sequence[Polygon]) -> bool:
    """Whether a hole leaves the outer ring, or two holes meet in more than a point.

    Outlines too wide for one plane are not judged.
    """
    shape = _shapes([(outer, holes)])
    return shape is not None and not bool(shapely.is_valid(shape[0]))


def overlapping(outlines: Outlines) -> tuple[int, int] | None:
    """Two polygons that have an area in common, by their numbers; None if there are none."""
    shapes = _shapes(outlines)
    if shapes is None:
        return None
    tree = shapely.STRtree(shapes)
    for one, other in tree.query(shapes, predicate="intersects").T.tolist():
        common = shapely.area(shapely.intersection(shapes[one], shapes[other]))
        # Neighbours share an edge, and computed edges of neighbours cross by some micrometres.
        smaller = min(shapely.area(shapes[one]), shapely.area(shapes[other]))
        if one < other and common > 1e-9 * smaller:
            return one, other
    return None


def _shapes(outlines: Outlines) -> list[Any] | None:
    centre = outlines[0][0].vertices[0]
    shapes = []
    for outer, holes in outlines:
        rings = []
        for ring in (outer, *holes):
            lat, lng = (
                np.array(part, dtype=np.float64) for part in zip(*ring.vertices, strict=True)
            )
            x, y, _ = projection.project(centre[0], centre[1], lat, lng)
            if not np.isfinite(x).all() or not np.isfinite(y).all():
                return None
            rings.append(np.column_stack((x, y)))
        shapes.append(shapely.Polygon(rings[0], rings[1:]))
    return shapes
