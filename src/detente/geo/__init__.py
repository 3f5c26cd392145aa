"""Geometry on the WGS-84 ellipsoid, in four dimensions.

Pure functions: no input or output, no clock, no randomness.
"""

from __future__ import annotations

from detente.geo import projection
from detente.geo._jit import kernel
from detente.geo.conflict import (
    Encounter,
    Separation,
    candidate_pairs,
    conflicting_pairs,
    conflicts,
    intersection_outline,
    separation,
)
from detente.geo.geodesy import area_m2
from detente.geo.index import ExtentIndex, warm_up
from detente.geo.moving import Sheet, mean_course_deg
from detente.geo.outlines import circle_polygon, outlines_meet
from detente.geo.prepared import OutlineTooLarge, Prepared, prepare
from detente.geo.relevance import Extent, covers, extent_of, relevant, union, within_span
from detente.geo.sight import Way, shortest_way
from detente.geo.units import (
    AmbiguousUnit,
    Length,
    LengthError,
    PressureLevel,
    Unit,
    UnknownUnit,
    parse_length,
)
from detente.geo.validate import (
    AltitudeOutOfRange,
    AltitudesReversed,
    AreaTooLarge,
    CoordinateOutOfRange,
    CrossingEdges,
    DuplicateVertex,
    OutlineTooWide,
    RadiusNotPositive,
    TimesReversed,
    TooFewVertices,
    TooManyVertices,
    VolumeError,
    VolumeLimits,
    ZeroArea,
    validate_volume,
)
from detente.geo.volume import Circle, Outline, Polygon, Volume4D

__all__ = [
    "AltitudeOutOfRange",
    "AltitudesReversed",
    "AmbiguousUnit",
    "AreaTooLarge",
    "Circle",
    "CoordinateOutOfRange",
    "CrossingEdges",
    "DuplicateVertex",
    "Encounter",
    "Extent",
    "ExtentIndex",
    "Length",
    "LengthError",
    "Outline",
    "OutlineTooLarge",
    "OutlineTooWide",
    "Polygon",
    "Prepared",
    "PressureLevel",
    "RadiusNotPositive",
    "Separation",
    "Sheet",
    "TimesReversed",
    "TooFewVertices",
    "TooManyVertices",
    "Unit",
    "UnknownUnit",
    "Volume4D",
    "VolumeError",
    "VolumeLimits",
    "Way",
    "ZeroArea",
    "area_m2",
    "candidate_pairs",
    "circle_polygon",
    "conflicting_pairs",
    "conflicts",
    "covers",
    "extent_of",
    "intersection_outline",
    "kernel",
    "mean_course_deg",
    "outlines_meet",
    "parse_length",
    "prepare",
    "projection",
    "relevant",
    "separation",
    "shortest_way",
    "union",
    "validate_volume",
    "warm_up",
    "within_span",
]
