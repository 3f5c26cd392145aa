"""Geometry on the WGS-84 ellipsoid, in four dimensions.

Pure functions: no input or output, no clock, no randomness.
"""

from __future__ import annotations

from detente.geo.index import ExtentIndex, warm_up
from detente.geo.relevance import Extent, covers, extent_of, relevant, union
from detente.geo.volume import Circle, Outline, Polygon, Volume4D

# Exact conflict (`conflict.py`) is exported here: conflicts, separation, Encounter, …

__all__ = [
    "Circle",
    "Extent",
    "ExtentIndex",
    "Outline",
    "Polygon",
    "Volume4D",
    "covers",
    "extent_of",
    "relevant",
    "union",
    "warm_up",
]
