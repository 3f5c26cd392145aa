"""Geometry on the WGS-84 ellipsoid, in four dimensions.

Pure functions: no input or output, no clock, no randomness.
"""

from __future__ import annotations

from detente.geo import projection
from detente.geo.conflict import (
    Encounter,
    Separation,
    conflicting_pairs,
    conflicts,
    intersection_outline,
    separation,
)
from detente.geo.index import ExtentIndex, warm_up
from detente.geo.outlines import circle_polygon
from detente.geo.prepared import OutlineTooLarge, Prepared, prepare
from detente.geo.relevance import Extent, covers, extent_of, relevant, union
from detente.geo.volume import Circle, Outline, Polygon, Volume4D

__all__ = [
    "Circle",
    "Encounter",
    "Extent",
    "ExtentIndex",
    "Outline",
    "OutlineTooLarge",
    "Polygon",
    "Prepared",
    "Separation",
    "Volume4D",
    "circle_polygon",
    "conflicting_pairs",
    "conflicts",
    "covers",
    "extent_of",
    "intersection_outline",
    "prepare",
    "projection",
    "relevant",
    "separation",
    "union",
    "warm_up",
]
