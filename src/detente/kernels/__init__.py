"""Geometry over columns of positions, compiled. Arrays in, arrays out; no input or output."""

from __future__ import annotations

from detente.kernels.approach import (
    Approaches,
    Motions,
    Sky,
    Traffic,
    approaches,
    closest_s,
    cylinder_spans,
)
from detente.kernels.well_clear import WELL_CLEAR, WellClear, losses, well_clear_spans

__all__ = [
    "WELL_CLEAR",
    "Approaches",
    "Motions",
    "Sky",
    "Traffic",
    "WellClear",
    "approaches",
    "closest_s",
    "cylinder_spans",
    "losses",
    "well_clear_spans",
]
